/** `quote_refund`: whether a payment comes back, how much, and by which rule, offered so that the customer can say yes to it. Moves no money. */
import { z } from 'zod';
import type { RefundDesk } from '../desk/refund.ts';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { readPolicy } from '../store/policy.ts';
import type { RefundQuote } from '../store/pricing.ts';
import { changeCreditsOf, duplicatesAmong, isForInvoice, paidAt, paymentsOf, refundOf, type PaymentRow } from '../store/payment.ts';
import { defineTool } from './define-tool.ts';
import { writePayment } from './money-words.ts';
import { INVOICE_NUMBER, readInvoiceNumber } from './reading.ts';
import { isAboutDuplicate, isAboutRefund } from './topics.ts';
import { sentences } from './words.ts';

const Input = z.strictObject({
  paymentId: z.string().min(1).max(64).optional().describe('The payment meant. Left out: a duplicate charge if there is one, else the latest payment.'),
  invoiceNumber: INVOICE_NUMBER.optional().describe('The invoice whose payment is meant.'),
  about: z.enum(['duplicate', 'latest']).optional().describe('What the customer speaks of: something charged twice, or their latest payment.'),
});
type Input = z.infer<typeof Input>;

/** What the agent may issue itself with issue_refund, so that the answer promises no more. */
const Grant = z.strictObject({ usd_max: z.number().min(0).default(0) });

export function quoteRefund(database: Database, refunds: RefundDesk): AnyTool {
  return defineTool<Input, z.infer<typeof Grant>>({
    name: 'quote_refund',
    description:
      'Checks by the refund rules whether a payment of the customer can be refunded and computes the amount, or says which rule is against it. Use it before saying anything about a refund, a duplicate charge or the money-back guarantee. It offers the refund and does not issue it.',
    input: Input,
    grant: Grant,
    effect: 'read',
    infer: ({ text }) => (isAboutRefund(text) ? inferInput(text) : null),
    async run(input, grant, context) {
      const { customerId, now } = context;
      const [customer, payments, credits, policy] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { status: true } }),
        paymentsOf(database, customerId),
        changeCreditsOf(database, customerId),
        readPolicy(database),
      ]);
      if (!customer) throw notFound('customer');
      if (input.paymentId !== undefined && !payments.some((payment) => payment.id === input.paymentId)) throw notFound('payment');
      const payment = choose(payments, input);
      if (!payment) return { summary: nothingMeant(input), facts: { eligible: false, payment: null } };
      const result = refundOf(policy, payment, { payments, credits, status: customer.status }, now);
      if (result.eligible) await refunds.offer(context, payment, result);
      const may = result.approver === 'agent' && result.amountCents <= Math.round(grant.usd_max * 100);
      const preface =
        input.about === 'duplicate' && result.rule !== 'duplicate'
          ? 'I found no second charge for the same invoice among your payments, so I looked at your latest one.'
          : '';
      const others = duplicatesAmong(payments).filter((other) => other.id !== payment.id).length;
      const more =
        result.rule === 'duplicate' && others > 0
          ? `There ${others === 1 ? 'is 1 more duplicate charge' : `are ${others} more duplicate charges`} besides.`
          : '';
      return { summary: sentences(preface, write(payment, result, may), more), facts: factsOf(payment, result, may) };
    },
  });
}

function inferInput(text: string): Input {
  const invoiceNumber = readInvoiceNumber(text);
  if (invoiceNumber) return { invoiceNumber };
  if (isAboutDuplicate(text)) return { about: 'duplicate' };
  return /\b(?:last|latest|most recent|newest|this month's|today's|yesterday's) (?:payment|charge|invoice|renewal|bill)\b/i.test(text)
    ? { about: 'latest' }
    : {};
}

/** The payment meant: a named one, else a duplicate, else the latest that went through, else the latest that was given back. */
function choose(payments: readonly PaymentRow[], { paymentId, invoiceNumber, about }: Input): PaymentRow | undefined {
  if (paymentId !== undefined) return payments.find((payment) => payment.id === paymentId);
  const meant = invoiceNumber === undefined ? payments : payments.filter((payment) => isForInvoice(payment, invoiceNumber));
  const duplicate = about === 'latest' ? undefined : duplicatesAmong(payments).find((payment) => meant.includes(payment));
  return (
    duplicate ??
    meant.find((payment) => payment.status === 'succeeded') ??
    meant.find((payment) => payment.status === 'refunded') ??
    (invoiceNumber === undefined ? undefined : meant[0])
  );
}

function nothingMeant({ invoiceNumber }: Input): string {
  return invoiceNumber === undefined
    ? 'There is no payment on your account that could be refunded.'
    : `There is no payment for invoice ${invoiceNumber} on your account.`;
}

const invitations: Readonly<Record<NonNullable<RefundQuote['approver']>, string>> = {
  agent: 'If you would like that, tell me so and the billing team will issue it.',
  lead: 'A refund of this size is decided by a support lead; answer with a plain yes and I pass it on.',
  manager: 'A refund of this size is decided by a customer success manager; answer with a plain yes and I pass it on.',
  executive: 'A refund of this size is decided by an executive; answer with a plain yes and I pass it on.',
};

function write(payment: PaymentRow, result: RefundQuote, may: boolean): string {
  const subject = `our payment of ${writePayment(payment)}`;
  if (!result.eligible) return `Y${subject} cannot be refunded. ${result.reason}`;
  const amount = formatMoney({ amountCents: result.amountCents, currency: result.currency });
  const whole = result.amountCents === payment.amountCents ? `Yes: y${subject} can be refunded in full.` : `Yes: from y${subject} you can get ${amount} back.`;
  return sentences(
    whole,
    result.reason,
    may ? `If you would like the ${amount} back, answer with a plain yes and I issue it.` : invitations[result.approver ?? 'agent'],
  );
}

function factsOf(payment: PaymentRow, result: RefundQuote, may: boolean): unknown {
  return {
    agentMayIssueIt: may,
    eligible: result.eligible,
    amount: decimalText(result.amountCents),
    currency: result.currency,
    rule: result.rule,
    approver: result.approver,
    payment: {
      paymentId: payment.id,
      status: payment.status,
      amount: decimalText(payment.amountCents),
      refunded: decimalText(payment.refundedCents),
      at: paidAt(payment).toISOString(),
      invoice: payment.invoice?.number ?? null,
    },
  };
}
