/**
 * What things cost and what comes back: plan quotes, proration of changes, refund quotes. Pure functions of the policy and of what
 * is passed in, all in whole cents, rounded half to even. Reads no rows and moves no money.
 */
import { badInput } from '../foundation/errors.ts';
import type { BillingCycle, CustomerStatus, PaymentStatus, Plan } from './generated/prisma/client.ts';
import { formatMoney, percentOf, portion } from './money.ts';
import { addDays, addMonths, wholeDays } from './period.ts';
import type { Policy, Programme } from './policy-schema.ts';

interface PlanChoice {
  readonly plan: Plan;
  readonly seats: number;
  readonly cycle: BillingCycle;
  /** With proof on file. Applies when it is better than the other discounts together. */
  readonly programme?: Programme | null;
  /** A discount given to this customer for a time, in percent; adds to volume and annual discounts, within their cap. */
  readonly extraPercent?: number;
}

export interface QuoteLine {
  readonly description: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
  readonly amountCents: number;
}

export interface PlanQuote {
  readonly plan: Plan;
  readonly seats: number;
  readonly cycle: BillingCycle;
  /** The price is agreed in a contract: this is an estimate. */
  readonly byContract: boolean;
  /** False when the plan does not hold this many members (`membersMax` says how many; null: any number). */
  readonly fits: boolean;
  readonly membersMax: number | null;
  readonly listPerSeatCents: number;
  readonly volumePercent: number;
  readonly annualPercent: number;
  readonly extraPercent: number;
  /** Null unless a programme replaces the other discounts. */
  readonly programmePercent: number | null;
  /** What is really taken off, after the cap. */
  readonly totalPercent: number;
  /** True when volume and annual discounts add up to more than the policy lets through. */
  readonly capped: boolean;
  /** Equivalents for comparison, each rounded by itself; what is charged is `perPeriodCents`. */
  readonly perSeatPerMonthCents: number;
  readonly perMonthCents: number;
  /** The list price of one billing period, what is off it, and what is charged. */
  readonly listPerPeriodCents: number;
  readonly savingsCents: number;
  readonly perPeriodCents: number;
  /** Seats first, then one negative line per discount; they add up to `perPeriodCents`. */
  readonly lines: readonly QuoteLine[];
}

const SEATS_MAX = 100_000;

/** @throws AppError BAD_INPUT when seats is not a whole number from 1 to 100,000. */
export function quotePlan(policy: Policy, { plan, seats, cycle, programme, extraPercent: given = 0 }: PlanChoice): PlanQuote {
  if (!Number.isInteger(seats) || seats < 1 || seats > SEATS_MAX) throw badInput('seats', 'must be a whole number from 1 to 100,000.');
  const terms = policy.plans[plan];
  const free = terms.seatPriceCents === 0;
  const volumePercent = free ? 0 : volumePercentOf(policy, seats);
  const annualPercent = free || cycle === 'monthly' ? 0 : policy.annualPercent;
  const extraPercent = free ? 0 : given;
  const sumPercent = volumePercent + annualPercent + extraPercent;
  const together = Math.min(sumPercent, policy.discountPercentMax);
  const programmePercent = !free && programme && policy.programmes[programme] > together ? policy.programmes[programme] : null;
  const totalPercent = programmePercent ?? together;
  const months = cycle === 'annual' ? 12 : 1;
  const listPerMonthCents = seats * terms.seatPriceCents;
  const listPerPeriodCents = listPerMonthCents * months;
  const savingsCents = percentOf(listPerPeriodCents, totalPercent);
  const quote = {
    plan,
    seats,
    cycle,
    byContract: terms.byContract,
    fits: terms.membersMax === null || seats <= terms.membersMax,
    membersMax: terms.membersMax,
    listPerSeatCents: terms.seatPriceCents,
    volumePercent,
    annualPercent,
    extraPercent,
    programmePercent,
    totalPercent,
    capped: programmePercent === null && sumPercent > policy.discountPercentMax,
    perSeatPerMonthCents: terms.seatPriceCents - percentOf(terms.seatPriceCents, totalPercent),
    perMonthCents: listPerMonthCents - percentOf(listPerMonthCents, totalPercent),
    listPerPeriodCents,
    savingsCents,
    perPeriodCents: listPerPeriodCents - savingsCents,
  };
  return { ...quote, lines: quoteLines(quote, months) };
}

interface ProrationInput {
  /** Nothing was billed before (a free plan, no subscription): the first period starts at `at`. */
  readonly fromNothing?: boolean;
  /** What was paid for the running period, after discounts. */
  readonly paidCents: number;
  readonly cycle: BillingCycle;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly to: PlanChoice;
  readonly at: Date;
}

export interface Proration {
  readonly daysLeft: number;
  readonly daysInPeriod: number;
  /** The unused part of what was paid. */
  readonly unusedCents: number;
  /** The new price for the days left; a whole period when the cycle changes, because a new one starts. */
  readonly newCents: number;
  readonly startsNewPeriod: boolean;
  /** The period after the change. A new one starts where the used days of the old one end, so that no day is paid for twice. */
  readonly periodStart: Date;
  readonly periodEnd: Date;
  /** One of the two is 0: to pay now, or to keep as a credit. */
  readonly chargeCents: number;
  readonly creditCents: number;
}

/** The cost of changing plan, seats or cycle at a moment of the running period. Days are whole days left, rounded down. */
export function prorate(policy: Policy, { paidCents, cycle, periodStart, periodEnd, to, at, fromNothing = false }: ProrationInput): Proration {
  const daysInPeriod = Math.max(1, wholeDays(periodStart, periodEnd));
  const daysLeft = fromNothing ? 0 : Math.min(daysInPeriod, wholeDays(at, periodEnd));
  const unusedCents = portion(paidCents, daysLeft, daysInPeriod);
  const startsNewPeriod = fromNothing || to.cycle !== cycle;
  const { perPeriodCents } = quotePlan(policy, to);
  const newCents = startsNewPeriod ? perPeriodCents : portion(perPeriodCents, daysLeft, daysInPeriod);
  const start = fromNothing ? at : addDays(periodEnd, -daysLeft);
  const difference = newCents - unusedCents;
  return {
    daysLeft,
    daysInPeriod,
    unusedCents,
    newCents,
    startsNewPeriod,
    periodStart: startsNewPeriod ? start : periodStart,
    periodEnd: startsNewPeriod ? addMonths(start, to.cycle === 'annual' ? 12 : 1) : periodEnd,
    chargeCents: Math.max(0, difference),
    creditCents: Math.max(0, -difference),
  };
}

/** Why a refund is due, or why none is. */
const REFUND_RULES = [
  'duplicate',
  'monthly',
  'annual_unused',
  'not_paid',
  'already_refunded',
  'too_late',
  'nothing_unused',
  'once_per_account',
  'past_due',
  'suspended',
] as const;
type RefundRule = (typeof REFUND_RULES)[number];

const REFUND_APPROVERS = ['agent', 'lead', 'manager', 'executive'] as const;
type RefundApprover = (typeof REFUND_APPROVERS)[number];

export interface RefundInput {
  readonly payment: {
    readonly status: PaymentStatus;
    readonly amountCents: number;
    readonly refundedCents: number;
    readonly currency: string;
    /** When the money came in: `processedAt`, else `createdAt`. */
    readonly paidAt: Date;
  };
  /** The period this payment was for (its invoice's) and its billing cycle; null for a payment outside any subscription. */
  readonly subscription: { readonly cycle: BillingCycle; readonly periodStart: Date; readonly periodEnd: Date } | null;
  readonly account: { readonly status: CustomerStatus };
  /** Every earlier refund of the account, see `earlierRefundsOf`. */
  readonly earlierRefunds: readonly { readonly refundedAt: Date; readonly duplicate: boolean }[];
  /** What a plan change since the payment gave as a credit out of it; 0 when left out. */
  readonly creditedCents?: number;
  /** The payment that this one repeats, see `duplicateOf`; null when it repeats none. */
  readonly duplicateOf: string | null;
  readonly now: Date;
}

export interface RefundQuote {
  readonly eligible: boolean;
  /** 0 when not eligible. */
  readonly amountCents: number;
  readonly currency: string;
  readonly rule: RefundRule;
  /** One or two plain sentences to the customer. */
  readonly reason: string;
  /** Who may pay this sum out; null when not eligible. An agent only after the customer agreed. */
  readonly approver: RefundApprover | null;
}

/** The refund rule, whole: the first condition that decides is the one named. */
export function quoteRefund(policy: Policy, input: RefundInput): RefundQuote {
  const { payment, account, now } = input;
  const leftCents = payment.amountCents - payment.refundedCents;
  if (payment.status === 'pending' || payment.status === 'failed')
    return refused(input, 'not_paid', 'This payment was never taken, so there is nothing to give back.');
  if (leftCents <= 0) return refused(input, 'already_refunded', 'This payment has already been refunded in full.');
  if (input.duplicateOf !== null) {
    return granted(
      policy,
      input,
      'duplicate',
      leftCents,
      'This is a duplicate of another payment for the same invoice, and a duplicate charge is always refunded in full.',
    );
  }
  const { days, accountMonths } = policy.refund;
  const age = wholeDays(payment.paidAt, now);
  if (age > days) return refused(input, 'too_late', `The payment was made ${age} days ago; refunds are possible within ${days} days of a payment.`);
  if (account.status === 'past_due') return refused(input, 'past_due', 'The account has an overdue invoice. Once that is paid, a refund can be requested.');
  if (account.status === 'suspended') return refused(input, 'suspended', 'The account is suspended, and refunds are not possible while it is.');
  const since = addMonths(now, -accountMonths);
  const earlier = input.earlierRefunds.find((refund) => !refund.duplicate && refund.refundedAt > since);
  if (earlier) {
    return refused(
      input,
      'once_per_account',
      `An account can have one refund in ${accountMonths} months, and this one had a refund on ${longDate.format(earlier.refundedAt)}.`,
    );
  }
  const within = `The payment was made ${ago(age)}, within the ${days} days in which a payment is refunded.`;
  if (input.subscription?.cycle === 'annual') return annualRefund(policy, input, leftCents, within);
  return lessCredit(policy, input, 'monthly', leftCents, within);
}

interface PaymentOfInvoice {
  readonly id: string;
  readonly invoiceId: string | null;
  readonly status: PaymentStatus;
  readonly createdAt: Date;
  readonly amountCents: number;
  readonly refundedCents: number;
}

/** The earlier payment of the same invoice that still stands, so that this one is charged twice; null when there is none. */
export function duplicateOf(payment: PaymentOfInvoice, payments: readonly PaymentOfInvoice[]): string | null {
  if (payment.invoiceId === null || payment.status !== 'succeeded') return null;
  const first = payments.find(
    (other) =>
      other.id !== payment.id &&
      other.invoiceId === payment.invoiceId &&
      other.status === 'succeeded' &&
      other.refundedCents === 0 &&
      other.amountCents === payment.amountCents &&
      (other.createdAt < payment.createdAt || (other.createdAt.getTime() === payment.createdAt.getTime() && other.id < payment.id)),
  );
  return first?.id ?? null;
}

/** The refunds among these payments; one whose invoice another payment still covers gave back a duplicate charge. */
export function earlierRefundsOf(payments: readonly (PaymentOfInvoice & { readonly refundedAt: Date | null })[]): { refundedAt: Date; duplicate: boolean }[] {
  return payments.flatMap((payment) => {
    if (payment.refundedAt === null || payment.refundedCents <= 0) return [];
    const duplicate =
      payment.invoiceId !== null && payments.some((other) => other.id !== payment.id && other.invoiceId === payment.invoiceId && other.status === 'succeeded');
    return [{ refundedAt: payment.refundedAt, duplicate }];
  });
}

function volumePercentOf(policy: Policy, seats: number): number {
  return Math.max(0, ...policy.volumeDiscounts.filter((step) => seats >= step.seats).map((step) => step.percent));
}

function quoteLines(quote: Omit<PlanQuote, 'lines'>, months: number): QuoteLine[] {
  const unit = quote.listPerSeatCents * months;
  const seatsLine = {
    description: `${quote.plan} plan, ${quote.seats} ${quote.seats === 1 ? 'seat' : 'seats'}, ${months === 12 ? '12 months' : '1 month'}`,
    quantity: quote.seats,
    unitPriceCents: unit,
    amountCents: quote.listPerPeriodCents,
  };
  if (quote.programmePercent !== null) return [seatsLine, off(`Programme discount ${quote.programmePercent}%`, quote.savingsCents)];
  const parts = [
    ...(quote.volumePercent > 0 ? [{ name: 'Volume', percent: quote.volumePercent }] : []),
    ...(quote.annualPercent > 0 ? [{ name: 'Annual', percent: quote.annualPercent }] : []),
    ...(quote.extraPercent > 0 ? [{ name: 'Agreed', percent: quote.extraPercent }] : []),
  ];
  // The last line takes what is left, so that the lines add up to the cent and the cap shows where it bites.
  let leftCents = quote.savingsCents;
  return [
    seatsLine,
    ...parts.map(({ name, percent }, index) => {
      const last = index === parts.length - 1;
      const cents = last ? leftCents : Math.min(percentOf(quote.listPerPeriodCents, percent), leftCents);
      leftCents -= cents;
      return off(`${name} discount ${percent}%${last && quote.capped ? `, limited to ${quote.totalPercent}% together` : ''}`, cents);
    }),
  ];
}

function off(description: string, cents: number): QuoteLine {
  return { description, quantity: 1, unitPriceCents: -cents, amountCents: -cents };
}

function annualRefund(policy: Policy, input: RefundInput, leftCents: number, within: string): RefundQuote {
  const { payment, subscription, now } = input;
  if (!subscription) return refused(input, 'nothing_unused', 'No period belongs to this payment.');
  const daysInPeriod = Math.max(1, wholeDays(subscription.periodStart, subscription.periodEnd));
  const from = now < subscription.periodStart ? subscription.periodStart : now;
  const unusedDays = Math.min(daysInPeriod, wholeDays(from, subscription.periodEnd));
  const unusedCents = Math.min(portion(payment.amountCents, unusedDays, daysInPeriod), leftCents);
  if (unusedCents <= 0) return refused(input, 'nothing_unused', 'The period this payment was for has been used completely.');
  return lessCredit(
    policy,
    input,
    'annual_unused',
    unusedCents,
    `${within} On an annual plan the unused whole days come back: ${unusedDays} of ${daysInPeriod}.`,
  );
}

/** What came back as a credit does not come back once more. */
function lessCredit(policy: Policy, input: RefundInput, rule: RefundRule, cents: number, reason: string): RefundQuote {
  const credited = Math.min(cents, input.creditedCents ?? 0);
  if (credited === 0) return granted(policy, input, rule, cents, reason);
  const sum = formatMoney({ amountCents: credited, currency: input.payment.currency });
  if (credited === cents) return refused(input, 'nothing_unused', `A change of the plan has already given ${sum} of it back as a credit.`);
  return granted(policy, input, rule, cents - credited, `${reason} ${sum} of it came back as a credit when the plan was changed, and that is taken off.`);
}

function granted(policy: Policy, { payment: { currency } }: RefundInput, rule: RefundRule, amountCents: number, reason: string): RefundQuote {
  return { eligible: true, amountCents, currency, rule, reason, approver: approverOf(policy, amountCents) };
}

function refused({ payment: { currency } }: RefundInput, rule: RefundRule, reason: string): RefundQuote {
  return { eligible: false, amountCents: 0, currency, rule, reason, approver: null };
}

function approverOf({ refund }: Policy, amountCents: number): RefundApprover {
  if (amountCents <= refund.agentMaxCents) return 'agent';
  if (amountCents <= refund.leadMaxCents) return 'lead';
  return amountCents <= refund.managerMaxCents ? 'manager' : 'executive';
}

const longDate = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

function ago(days: number): string {
  if (days === 0) return 'today';
  return days === 1 ? 'yesterday' : `${days} days ago`;
}
