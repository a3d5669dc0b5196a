/** `change_plan`: makes the change that was quoted and that the customer has just said yes to. Decides no terms: the offer holds them. */
import { z } from 'zod';
import type { PlanChanged, PlanDesk } from '../desk/plan-change.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { PLAN_ACTS } from '../store/plan-change.ts';
import { defineTool } from './define-tool.ts';
import { capitalise, sentences, writeCount, writeDate } from './words.ts';

const Input = z.strictObject({});
const Grant = z.strictObject({ changes: z.array(z.enum(PLAN_ACTS)).min(1), usd_max: z.number().min(0), after: z.literal('customer_yes') });

export function changePlan(plans: PlanDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'change_plan',
    description:
      'Makes the change of plan, seats, cycle or renewal that quote_plan_change offered in the answer before, once the customer has said a plain yes to it. Takes no arguments: the offer holds the terms. Above what an agent may charge it asks the people who decide, and answers once they have.',
    input: Input,
    grant: Grant,
    effect: 'money',
    // Only with a language model: a yes is read in its conversation.
    infer: () => null,
    async run(_input, grant, context) {
      const changed = await plans.change(context, { acts: grant.changes, chargeCentsMax: Math.round(grant.usd_max * 100) });
      return { summary: write(changed), facts: factsOf(changed) };
    },
  });
}

function write(changed: PlanChanged): string {
  const { acts, to, periodEnd, chargeCents, creditCents, invoiceNumber } = changed;
  if (acts.includes('cancel'))
    return `The renewal is cancelled: your ${capitalise(to.plan)} subscription ends on ${writeDate(periodEnd)}, and until then everything keeps working.`;
  if (acts.includes('resume')) return `The cancellation is taken back: your ${capitalise(to.plan)} subscription renews on ${writeDate(periodEnd)}.`;
  const usd = (amountCents: number) => formatMoney({ amountCents, currency: 'USD' });
  return sentences(
    `Done: you are on the ${capitalise(to.plan)} plan with ${writeCount(to.seats, 'seat')}${to.plan === 'free' ? '' : `, billed ${to.cycle === 'annual' ? 'once a year' : 'monthly'}`}.`,
    chargeCents > 0 &&
      `The charge of ${usd(chargeCents)}${invoiceNumber === null ? '' : ` for invoice ${invoiceNumber}`} is on its way to your payment method on file.`,
    creditCents > 0 && `${usd(creditCents)} stand on your account as a credit and are taken off your next invoices.`,
  );
}

function factsOf({ acts, to, periodEnd, chargeCents, creditCents, invoiceNumber }: PlanChanged): unknown {
  return {
    done: true,
    changes: acts,
    to,
    charged: decimalText(chargeCents),
    credited: decimalText(creditCents),
    currency: 'USD',
    invoice: invoiceNumber,
    periodEnd: periodEnd.toISOString(),
  };
}
