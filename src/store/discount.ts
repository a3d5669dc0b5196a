/**
 * Discounts a customer has or can have: programmes with proof, the offer that keeps a customer, a little by choice. The best one
 * counts, they never add to each other. Pure functions of rows and policy; gives nothing to anybody.
 */
import type { BillingCycle, DiscountKind } from './generated/prisma/client.ts';
import { addDays, addMonths } from './period.ts';
import type { Policy, Programme } from './policy-schema.ts';

export const PROGRAMMES = ['nonprofit', 'student', 'startup'] as const satisfies readonly Programme[];

/** A discount that was given. */
export interface DiscountTerms {
  readonly kind: DiscountKind;
  readonly percent: number;
  readonly startsAt: Date;
  /** Null: until the plan changes or the proof is withdrawn. */
  readonly endsAt: Date | null;
  readonly createdAt: Date;
}

export interface ProofTerms {
  readonly kind: DiscountKind;
  readonly validUntil: Date | null;
}

export function isProgramme(kind: DiscountKind): kind is Programme {
  return PROGRAMMES.some((programme) => programme === kind);
}

/** What of the given discounts a price at this moment contains; one that was given but has not begun counts where a new period begins. */
export function appliedDiscount(
  policy: Policy,
  discounts: readonly DiscountTerms[],
  cycle: BillingCycle,
  { at, startsNewPeriod }: { readonly at: Date; readonly startsNewPeriod: boolean },
): { programme: Programme | null; extraPercent: number } {
  const running = discounts.filter((discount) => (startsNewPeriod || discount.startsAt <= at) && (discount.endsAt === null || discount.endsAt > at));
  const programmes = running.map(({ kind }) => kind).filter(isProgramme);
  const programme = programmes.toSorted((a, b) => policy.programmes[b] - policy.programmes[a])[0] ?? null;
  const extras = running.filter(({ kind }) => !isProgramme(kind)).map((discount) => perPeriod(discount, cycle, at));
  return { programme, extraPercent: Math.max(0, ...extras) };
}

/** A discount for some months makes that share of a year's invoice cheaper: 20% for six months are 10% of a year. */
function perPeriod({ percent, startsAt, endsAt }: DiscountTerms, cycle: BillingCycle, at: Date): number {
  if (cycle === 'monthly' || endsAt === null) return percent;
  const from = startsAt > at ? startsAt : at;
  let months = 0;
  while (months < 12 && addMonths(from, months) < endsAt) months += 1;
  return Math.round((percent * months * 100) / 12) / 100;
}

export interface DiscountStanding {
  readonly discounts: readonly DiscountTerms[];
  readonly proofs: readonly ProofTerms[];
  readonly foundedAt: Date | null;
  /** The day the next invoice is made; null when nothing is billed. */
  readonly nextInvoiceAt: Date | null;
}

/** Who may give this many percent by choice. */
export const DISCOUNT_LEVELS = ['agent', 'manager', 'director', 'vp'] as const;
export type DiscountLevel = (typeof DISCOUNT_LEVELS)[number];

export interface DiscountQuote {
  readonly possible: true;
  readonly kind: DiscountKind;
  readonly percent: number;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  /** Who may give it. */
  readonly level: DiscountLevel;
}

export interface DiscountRefusal {
  readonly possible: false;
  readonly rule: 'not_billed' | 'no_proof' | 'proof_over' | 'too_old' | 'has_better' | 'had_lately' | 'too_much';
  readonly reason: string;
}

/** @param percent For a discount by choice: how much is wished. */
export function quoteDiscount(
  policy: Policy,
  standing: DiscountStanding,
  kind: DiscountKind,
  percent: number | undefined,
  now: Date,
): DiscountQuote | DiscountRefusal {
  const { nextInvoiceAt: startsAt } = standing;
  if (startsAt === null) return no('not_billed', 'Nothing is billed on the account, so there is no price to reduce.');
  const against = isProgramme(kind) ? programmeAgainst(policy, standing, kind, now) : termAgainst(policy, standing, kind, now);
  if (against) return against;
  const offered = isProgramme(kind)
    ? policy.programmes[kind]
    : kind === 'retention'
      ? policy.retention.percent
      : (percent ?? policy.discretionaryPercentMax.agent);
  const level = kind === 'discretionary' ? levelFor(policy, offered) : 'agent';
  if (level === null) return no('too_much', `More than ${policy.discretionaryPercentMax.vp}% is not given by anybody.`);
  const running = standing.discounts.filter((discount) => discount.endsAt === null || discount.endsAt > now);
  const better = running.find((discount) => discount.percent >= offered);
  if (better) return no('has_better', `The account has a ${better.kind} discount of ${better.percent}% already; discounts of this kind do not add up.`);
  const months = kind === 'retention' ? policy.retention.months : kind === 'discretionary' ? policy.discretionaryTerm.months : null;
  return { possible: true, kind, percent: offered, startsAt, endsAt: months === null ? null : addMonths(startsAt, months), level };
}

function programmeAgainst(policy: Policy, { proofs, foundedAt }: DiscountStanding, kind: Programme, now: Date): DiscountRefusal | null {
  const proof = proofs.find((one) => one.kind === kind);
  if (!proof) return no('no_proof', `There is no checked proof for the ${kind} programme on file, and it needs one.`);
  if (proof.validUntil !== null && proof.validUntil <= now) return no('proof_over', `The proof for the ${kind} programme has run out and must be renewed.`);
  if (kind === 'startup' && (foundedAt === null || addDays(foundedAt, policy.programmes.startupDaysMax) < now))
    return no(
      'too_old',
      `The startup programme is for companies founded within the last ${policy.programmes.startupDaysMax} days, and the account shows no such day.`,
    );
  return null;
}

function termAgainst(policy: Policy, { discounts }: DiscountStanding, kind: DiscountKind, now: Date): DiscountRefusal | null {
  const { everyMonths } = kind === 'retention' ? policy.retention : policy.discretionaryTerm;
  const since = addMonths(now, -everyMonths);
  const had = discounts.find((discount) => !isProgramme(discount.kind) && discount.createdAt > since);
  return had ? no('had_lately', `A discount of this kind is given once in ${everyMonths} months, and the account has had one.`) : null;
}

function levelFor({ discretionaryPercentMax }: Policy, percent: number): DiscountLevel | null {
  return DISCOUNT_LEVELS.find((level) => percent <= discretionaryPercentMax[level]) ?? null;
}

function no(rule: DiscountRefusal['rule'], reason: string): DiscountRefusal {
  return { possible: false, rule, reason };
}
