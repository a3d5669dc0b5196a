/**
 * The sums of money a draft may state: those on the customer's rows, in the question and in the articles, list prices, what the plans
 * and seats in question cost, and what known sums add up to. Says nothing about which sum stands where.
 */
import type { Reviewed } from '../orchestration/tool.ts';
import { BillingCycle, Plan } from '../store/generated/prisma/enums.ts';
import type { Policy } from '../store/policy-schema.ts';
import { quotePlan } from '../store/pricing.ts';
import type { Source } from './draft-sources.ts';
import type { OwnFacts } from './own-facts.ts';
import { moneyIn, quantitiesIn } from './quantities.ts';

const SEATS_MAX = 100_000;
/** Sums that others may be added up from; more would let anything pass. */
const ADDENDS_MAX = 12;
const PROGRAMMES = ['nonprofit', 'student', 'startup'] as const;

interface Known {
  readonly policy: Policy;
  readonly own: OwnFacts;
  readonly sources: readonly Source[];
}

/** In cents. */
export function knownSums({ question, answer }: Reviewed, { policy, own, sources }: Known): ReadonlySet<number> {
  const counts = [...quantitiesIn(question), ...quantitiesIn(answer)];
  const seats = new Set([1, own.seats ?? 1, ...counts.filter(({ noun }) => noun === 'seat' || noun === 'member').map(({ value }) => value)]);
  const priced = [...seats]
    .filter((count) => Number.isInteger(count) && count >= 1 && count <= SEATS_MAX)
    .slice(0, ADDENDS_MAX)
    .flatMap((count) => pricesOf(policy, count, own));
  const { agentMaxCents, leadMaxCents, managerMaxCents } = policy.refund;
  const known = new Set([
    ...own.cents,
    ...[question, ...sources.map(({ body }) => body)].flatMap((text) => moneyIn(text).map(({ value }) => value)),
    ...priced,
    agentMaxCents,
    leadMaxCents,
    managerMaxCents,
  ]);
  const stated = [...new Set(moneyIn(answer).map(({ value }) => value))].filter((cents) => known.has(cents)).slice(0, ADDENDS_MAX);
  for (const one of stated) for (const other of stated) if (one !== other) known.add(one + other).add(Math.abs(one - other));
  return known;
}

/** What so many seats of each plan cost, in each way of paying. */
function pricesOf(policy: Policy, seats: number, own: OwnFacts): number[] {
  const extras = [0, ...own.percents].filter((percent) => percent >= 0 && percent <= 100).slice(0, 4);
  return Object.values(Plan).flatMap((plan) =>
    Object.values(BillingCycle).flatMap((cycle) =>
      [null, ...PROGRAMMES].flatMap((programme) =>
        extras.flatMap((extraPercent) => {
          const quote = quotePlan(policy, { plan, seats, cycle, programme, extraPercent });
          return [
            quote.listPerSeatCents,
            quote.listPerSeatCents * seats,
            quote.listPerPeriodCents,
            quote.savingsCents,
            quote.perPeriodCents,
            quote.perMonthCents,
            quote.perSeatPerMonthCents,
            quote.perMonthCents * 12,
          ];
        }),
      ),
    ),
  );
}
