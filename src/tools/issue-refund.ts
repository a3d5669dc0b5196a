/** `issue_refund`: issues the refund that was quoted and that the customer has just said yes to. Decides neither payment nor sum: the offer holds them. */
import { z } from 'zod';
import type { RefundDesk } from '../desk/refund.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { writePayment, writeSum } from './money-words.ts';
import { sentences } from './words.ts';

const Input = z.strictObject({});
const Grant = z.strictObject({ usd_max: z.number().min(0), after: z.literal('customer_yes') });

export function issueRefund(database: Database, refunds: RefundDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'issue_refund',
    description:
      'Issues the refund that quote_refund offered in the answer before, once the customer has said a plain yes to the exact amount. Takes no arguments: the offer holds payment and amount. Above what an agent may issue it asks the people who decide, and answers once they have.',
    input: Input,
    grant: Grant,
    effect: 'money',
    // Only with a language model: a yes is read in its conversation.
    infer: () => null,
    async run(_input, grant, context) {
      const refund = await refunds.issue(context, Math.round(grant.usd_max * 100));
      const [payment, policy] = await Promise.all([
        database.payment.findUniqueOrThrow({ where: { id: refund.paymentId }, include: { invoice: { select: { number: true } } } }),
        readPolicy(database),
      ]);
      const { businessDaysMin, businessDaysMax } = policy.refundArrival;
      return {
        summary: sentences(
          `The refund of ${writeSum(refund.amount, refund.currency)} from your payment of ${writePayment(payment)} is issued and on its way back to where the payment came from.`,
          `Banks take ${businessDaysMin} to ${businessDaysMax} business days to show it.`,
          `Its reference is ${refund.id}.`,
        ),
        facts: { done: true, refundId: refund.id, paymentId: refund.paymentId, amount: refund.amount.toFixed(2), currency: refund.currency, rule: refund.rule },
      };
    },
  });
}
