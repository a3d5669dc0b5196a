/**
 * `quote_plan_change`: what a change of plan, seats, cycle or renewal costs or gives back today, offered so that the customer can say
 * yes to it. Changes nothing; what plans cost in general is price-plan.ts.
 */
import { z } from 'zod';
import type { PlanDesk } from '../desk/plan-change.ts';
import type { AnyTool, TurnText } from '../orchestration/tool.ts';
import { BillingCycle, Plan } from '../store/generated/prisma/enums.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { PLAN_ACTS, type PlanChange, type PlanRefusal } from '../store/plan-change.ts';
import { defineTool } from './define-tool.ts';
import { writeEvery } from './money-words.ts';
import { plain, readCycle, readPlan, readSeats, SEATS_MAX } from './reading.ts';
import { capitalise, sentences, writeCount, writeDate } from './words.ts';

const Input = z.strictObject({
  plan: z.enum(Plan).optional().describe('The plan wanted. Left out: it stays.'),
  seats: z.int().min(1).max(SEATS_MAX).optional().describe('How many seats in all.'),
  changeSeatsBy: z.int().min(-SEATS_MAX).max(SEATS_MAX).optional().describe('How many seats more, or below zero fewer.'),
  cycle: z.enum(BillingCycle).optional().describe('Left out: it stays.'),
  renewal: z
    .enum(['cancel', 'resume'])
    .optional()
    .describe('"cancel": the subscription ends with the period; "resume": it renews after all. Excludes the others.'),
});
type Input = z.infer<typeof Input>;

/** What the agent may make itself with change_plan, so that the answer promises no more. */
const Grant = z.strictObject({ changes: z.array(z.enum(PLAN_ACTS)).default([]), usd_max: z.number().min(0).default(0) });

export function quotePlanChange(plans: PlanDesk): AnyTool {
  return defineTool<Input, z.infer<typeof Grant>>({
    name: 'quote_plan_change',
    description:
      "Works out to the cent what a change of the customer's own subscription costs or gives back today: another plan, more or fewer seats, monthly or annual, ending the renewal or taking that back. Says which rule is against it if one is. Use it before change_plan; it changes nothing.",
    input: Input,
    grant: Grant,
    effect: 'read',
    infer,
    async run(input, grant, context) {
      const quote = await plans.quote(context, input);
      if (!quote.possible) return { summary: refusal(quote), facts: { possible: false, rule: quote.rule, person: quote.person } };
      const may = quote.acts.every((act) => grant.changes.includes(act)) && quote.chargeCents <= Math.round(grant.usd_max * 100);
      return { summary: write(quote, may), facts: factsOf(quote, may) };
    },
  });
}

const CANCEL =
  /\b(?:cancel|stop|end|terminate|quit|turn(?:ing)? off|switch(?:ing)? off|discontinue)\b[^.!?]{0,30}\b(?:subscription|renewal|renew(?:ing)?|plan|contract|auto-?renew\w*|membership)\b|\b(?:do not|don't) (?:want to )?renew\b/;
const RESUME =
  /\b(?:resume|reactivate|restart|un-?cancel)\b[^.!?]{0,30}\b(?:subscription|renewal|plan)\b|\b(?:undo|take back|withdraw|revoke)\b[^.!?]{0,20}\bcancell?ation\b|\bkeep (?:my|our|the) (?:subscription|plan)\b/;
const CHANGE =
  /\b(?:upgrad\w*|downgrad\w*|switch(?:ing)?|mov(?:e|ing)|chang(?:e|ing)|go(?:ing)? (?:back |down |up )?(?:to|from)|add(?:ing)?|buy(?:ing)?|remov(?:e|ing)|drop(?:ping)?|reduc(?:e|ing)|cut(?:ting)?|get rid of|more|fewer|less|(?:want|like|prefer|start|begin) (?:to )?(?:pay|paying|be billed) (?:yearly|annually|monthly|by the (?:year|month)))\b/;

function infer({ text }: TurnText): Input | null {
  const said = plain(text);
  if (RESUME.test(said)) return { renewal: 'resume' };
  if (CANCEL.test(said)) return { renewal: 'cancel' };
  if (!CHANGE.test(said)) return null;
  const plan = readPlan(text);
  const seats = readSeats(text);
  const cycle = readCycle(text);
  if (plan === undefined && cycle === undefined && Object.keys(seats).length === 0) return null;
  return { ...(plan ? { plan } : {}), ...seats, ...(cycle ? { cycle } : {}) };
}

function refusal({ reason, person }: PlanRefusal): string {
  return sentences(
    reason,
    person === 'sales' && 'I can pass the wish on to the sales team.',
    person === 'billing' && 'I can pass the wish on to the billing team.',
  );
}

function write(change: PlanChange, may: boolean): string {
  const invite = may
    ? 'If you want this, answer with a plain yes and I make the change.'
    : 'The billing team makes this change; answer with a plain yes and I pass it on to them.';
  const end = writeDate(change.periodEnd);
  if (change.acts.includes('cancel'))
    return sentences(
      `Your ${capitalise(change.to.plan)} subscription would end on ${end} and not renew; until then everything keeps working, and there is nothing to pay or to get back now.`,
      invite,
    );
  if (change.acts.includes('resume'))
    return sentences(`Your ${capitalise(change.to.plan)} subscription would renew on ${end} after all; there is nothing to pay now.`, invite);
  return sentences(opening(change), now(change), later(change), invite);
}

function opening({ from, to }: PlanChange): string {
  const after = writeTerms(to);
  return from === null ? `This would start ${after}.` : `This would change ${writeTerms(from)} to ${after}.`;
}

function writeTerms({ plan, seats, cycle }: PlanChange['to']): string {
  const name = `${capitalise(plan)} with ${writeCount(seats, 'seat')}`;
  return plan === 'free' ? name : `${name}, billed ${cycle === 'annual' ? 'once a year' : 'monthly'}`;
}

function now({ trial, chargeCents, creditCents, newCents, unusedCents, daysLeft, daysInPeriod, startsNewPeriod }: PlanChange): string {
  if (trial) return 'There is nothing to pay while your trial runs.';
  const days = `${daysLeft} of ${daysInPeriod} days`;
  const basis =
    unusedCents === 0
      ? ''
      : startsNewPeriod
        ? ` (${usd(newCents)} for the new period less ${usd(unusedCents)} for the unused ${days} of the running one)`
        : ` (${usd(newCents)} for the ${days} left less ${usd(unusedCents)} already paid for them)`;
  if (chargeCents > 0) return `You would pay ${usd(chargeCents)} now${basis}.`;
  if (creditCents > 0) return `You would get a credit of ${usd(creditCents)}${basis}, which is taken off your next invoices.`;
  return 'There is nothing to pay now.';
}

function later({ price, to, periodEnd, trial }: PlanChange): string {
  if (to.plan === 'free') return 'After that it costs nothing.';
  const off = price.totalPercent > 0 ? `, ${price.totalPercent}% off the list price` : '';
  return `From ${writeDate(periodEnd)}${trial ? ', when the trial ends,' : ''} it costs ${usd(price.perPeriodCents)} ${writeEvery(to.cycle)}${off}.`;
}

function usd(amountCents: number): string {
  return formatMoney({ amountCents, currency: 'USD' });
}

function factsOf(change: PlanChange, may: boolean): unknown {
  return {
    possible: true,
    changes: change.acts,
    from: change.from,
    to: change.to,
    payNow: decimalText(change.chargeCents),
    credit: decimalText(change.creditCents),
    currency: 'USD',
    daysLeft: change.daysLeft,
    periodEnd: change.periodEnd.toISOString(),
    pricePerPeriod: decimalText(change.price.perPeriodCents),
    discountPercent: change.price.totalPercent,
    agentMayMakeIt: may,
  };
}
