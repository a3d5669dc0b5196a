/**
 * `price_plan`: what a plan costs for so many seats and a cycle, with the discounts that apply. A contract's price is never made
 * up, and a change of the running subscription is quoted by its regular price, not prorated.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import type { AnyTool, TurnText } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { BillingCycle, Plan } from '../store/generated/prisma/enums.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { quotePlan, type PlanQuote } from '../store/pricing.ts';
import { currentSubscription } from '../store/subscription.ts';
import { defineTool } from './define-tool.ts';
import { readCycle, readPlan, readPlans, readSeats, SEATS_MAX, type Seats } from './reading.ts';
import { continuesPriceQuestion, isAboutPrice } from './topics.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount } from './words.ts';

const Input = z.strictObject({
  plan: z.enum(Plan).optional().describe('Left out: basic and premium are compared.'),
  seats: z.int().min(1).max(SEATS_MAX).optional().describe("How many seats in all. Left out: the customer's own number of seats."),
  changeSeatsBy: z
    .int()
    .min(-SEATS_MAX)
    .max(SEATS_MAX)
    .optional()
    .describe('How many seats more, or below zero fewer, than the customer has now, on their plan unless another is named.'),
  cycle: z.enum(BillingCycle).optional().describe('Left out: both are shown.'),
});
type Input = z.infer<typeof Input>;

/** The currency of the price list. */
const CURRENCY = 'USD';

export function pricePlan(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'price_plan',
    description:
      'Computes what a plan costs: per seat, per month and per billing period, for a number of seats, monthly or annual, with volume and annual discounts, compared with the other cycle. Use it for every question about prices, quotes, discounts, or adding and removing seats.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer,
    async run(input, _grant, { customerId }) {
      const [policy, subscription] = await Promise.all([readPolicy(database), currentSubscription(database, customerId)]);
      const now = subscription && subscription.status !== 'canceled' ? subscription : null;
      if (input.changeSeatsBy !== undefined && input.seats === undefined) return changeSeats(policy, input.changeSeatsBy, input, now);
      const seats = input.seats ?? now?.seats ?? 1;
      const plans = input.plan ? [input.plan] : [Plan.basic, Plan.premium];
      const quotes = plans.map((plan) => bothCycles(policy, plan, seats, input.cycle));
      const assumed = input.seats === undefined && now ? `This is for the ${writeCount(seats, 'seat')} you have now.` : '';
      return {
        summary: paragraphs(...quotes.map((quote) => write(quote, quotes.length > 1)), sentences(assumed, !input.plan && 'Enterprise is priced by contract.')),
        facts: { currency: CURRENCY, seats, quotes: quotes.flatMap((quote) => [factsOf(quote.asked), ...(quote.other ? [factsOf(quote.other)] : [])]) },
      };
    },
  });
}

function infer({ text, earlier }: TurnText): Input | null {
  const before = earlier.at(-1) ?? '';
  const continues = !isAboutPrice(text) && continuesPriceQuestion(text, before);
  if (!isAboutPrice(text) && !continues) return null;
  const said = continues ? newerSeats(readSeats(text), readSeats(before)) : readSeats(text);
  const plan = readPlan(text) ?? (continues && readPlans(text).length === 0 ? readPlan(before) : undefined);
  const cycle = readCycle(text) ?? (continues ? readCycle(before) : undefined);
  // A question about prices in general is compare_plans' to answer: without a plan, seats or cycle nothing can be worked out.
  if (plan === undefined && cycle === undefined && Object.keys(said).length === 0) return /\b(?:monthly|annual|yearly)\b/i.test(text) ? {} : null;
  return { ...(plan ? { plan } : {}), ...said, ...(cycle ? { cycle } : {}) };
}

/** The newer reading of seats replaces the older one whole, whichever of the two forms it has. */
function newerSeats(newer: Seats, older: Seats): Seats {
  return Object.keys(newer).length > 0 ? newer : older;
}

interface Quotes {
  readonly asked: PlanQuote;
  /** The same for the other cycle; null where there is nothing to compare. */
  readonly other: PlanQuote | null;
}

function bothCycles(policy: Policy, plan: Plan, seats: number, cycle: BillingCycle = 'monthly'): Quotes {
  const asked = quotePlan(policy, { plan, seats, cycle });
  const comparable = !asked.byContract && asked.listPerSeatCents > 0;
  return { asked, other: comparable ? quotePlan(policy, { plan, seats, cycle: cycle === 'monthly' ? 'annual' : 'monthly' }) : null };
}

function write({ asked, other }: Quotes, short: boolean): string {
  const name = capitalise(asked.plan);
  const seats = writeCount(asked.seats, 'seat');
  if (asked.byContract)
    return `${name} for ${seats} is priced by contract, so there is no list price to quote; the sales team makes an offer for your size and term.`;
  if (!asked.fits) return `${name} holds at most ${writeCount(asked.membersMax ?? 0, 'member')}, so it does not fit ${seats}.`;
  if (asked.listPerSeatCents === 0)
    return `${name} costs nothing; it holds up to ${writeCount(asked.membersMax ?? 0, 'member')}, so ${seats} ${asked.seats === 1 ? 'fits' : 'fit'}.`;
  if (short) return writeBullets([`**${name}** for ${seats}: ${sum(asked)}${off(asked)}${other ? `; ${sum(other)}${off(other)}` : ''}.`]);
  return sentences(
    `${name} for ${seats}, ${asked.cycle === 'annual' ? 'billed once a year' : 'billed monthly'}, costs ${sum(asked)}${perSeat(asked)}.`,
    discounts(asked),
    other && compare(asked, other),
  );
}

/** "$675.00 a month" or "$6,300.00 a year ($525.00 a month)". */
function sum(quote: PlanQuote): string {
  if (quote.cycle === 'monthly') return `${cents(quote.perPeriodCents)} a month`;
  return `${cents(quote.perPeriodCents)} a year (${cents(quote.perMonthCents)} a month)`;
}

function perSeat(quote: PlanQuote): string {
  if (quote.seats === 1) return '';
  return `, which is ${cents(quote.perSeatPerMonthCents)} per seat and month`;
}

function off({ totalPercent }: PlanQuote): string {
  return totalPercent === 0 ? '' : `, ${totalPercent}% off`;
}

function discounts(quote: PlanQuote): string {
  const parts = [
    ...(quote.volumePercent > 0 ? [`${quote.volumePercent}% for volume`] : []),
    ...(quote.annualPercent > 0 ? [`${quote.annualPercent}% for paying annually`] : []),
  ];
  if (parts.length === 0) return `That is the list price of ${cents(quote.listPerSeatCents)} per seat and month; no discount applies.`;
  const capped = quote.capped ? `, limited to ${quote.totalPercent}% together` : '';
  return `The list price is ${cents(quote.listPerSeatCents)} per seat and month; ${parts.join(' and ')} ${parts.length === 1 ? 'is' : 'are'} taken off${capped}, which saves ${cents(quote.savingsCents)} ${quote.cycle === 'annual' ? 'a year' : 'a month'}.`;
}

function compare(asked: PlanQuote, other: PlanQuote): string {
  const [annual, monthly] = asked.cycle === 'annual' ? [asked, other] : [other, asked];
  const saved = monthly.perPeriodCents * 12 - annual.perPeriodCents;
  return asked.cycle === 'annual'
    ? `Billed monthly it would be ${sum(other)}, so a year at once saves ${cents(saved)}.`
    : `Billed once a year it would be ${sum(other)}, which saves ${cents(saved)} a year.`;
}

function changeSeats(
  policy: Policy,
  by: number,
  input: Input,
  now: { plan: Plan; seats: number; cycle: BillingCycle } | null,
): { summary: string; facts: unknown } {
  const plan = input.plan ?? now?.plan;
  const seats = (now?.seats ?? 0) + by;
  if (!plan || !now)
    throw new AppError('BAD_INPUT', 'There is no subscription whose seats could change: name a plan and the number of seats instead.', {
      field: 'input.changeSeatsBy',
    });
  if (seats < 1)
    return {
      summary: `You have ${writeCount(now.seats, 'seat')}, so ${writeCount(-by, 'seat')} cannot be removed; a plan keeps at least one.`,
      facts: { seats: now.seats },
    };
  if (seats > SEATS_MAX) throw new AppError('BAD_INPUT', `A plan holds at most ${SEATS_MAX} seats here.`, { field: 'input.changeSeatsBy' });
  const cycle = input.cycle ?? now.cycle;
  const after = quotePlan(policy, { plan, seats, cycle });
  const before = quotePlan(policy, { plan: now.plan, seats: now.seats, cycle: now.cycle });
  const opening = `You have ${writeCount(now.seats, 'seat')} on the ${capitalise(now.plan)} plan; ${by > 0 ? `${writeCount(by, 'more', 'more')} make` : `${writeCount(-by, 'fewer', 'fewer')} leave`} ${writeCount(seats, 'seat')}.`;
  const comparable = before.cycle === after.cycle && !after.byContract && !before.byContract && after.fits;
  const difference = after.perPeriodCents - before.perPeriodCents;
  const change =
    comparable && difference !== 0
      ? `At list terms that is ${cents(Math.abs(difference))} ${cycle === 'annual' ? 'a year' : 'a month'} ${difference > 0 ? 'more' : 'less'} than now.`
      : '';
  return {
    summary: sentences(
      opening,
      write({ asked: after, other: null }, false),
      change,
      comparable && 'For the running period only the days left are charged or credited.',
    ),
    facts: { currency: CURRENCY, seatsNow: now.seats, seats, quotes: [factsOf(after)], differencePerPeriod: comparable ? decimalText(difference) : null },
  };
}

function cents(amountCents: number): string {
  return formatMoney({ amountCents, currency: CURRENCY });
}

function factsOf(quote: PlanQuote): unknown {
  const shared = { plan: quote.plan, seats: quote.seats, cycle: quote.cycle, byContract: quote.byContract, fits: quote.fits };
  if (quote.byContract) return shared;
  return {
    ...shared,
    listPerSeatPerMonth: decimalText(quote.listPerSeatCents),
    perSeatPerMonth: decimalText(quote.perSeatPerMonthCents),
    perMonth: decimalText(quote.perMonthCents),
    perPeriod: decimalText(quote.perPeriodCents),
    volumePercent: quote.volumePercent,
    annualPercent: quote.annualPercent,
    totalPercent: quote.totalPercent,
    capped: quote.capped,
    savingsPerPeriod: decimalText(quote.savingsCents),
  };
}
