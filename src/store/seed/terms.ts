/** The subscriptions an account has had: plans, cycles and the seats of each billed period, counted backwards from the running one. */
import type { BillingCycle, CustomerStatus, Plan } from '../generated/prisma/client.ts';
import { addDays, addMonths } from '../period.ts';
import type { Billing, Period, Term } from './draft.ts';
import type { Random } from './random.ts';

interface TermsWish {
  readonly plan: Plan;
  readonly status: CustomerStatus;
  readonly trial: boolean;
}

/** Seats an account of this plan has today, from and to. */
const SEATS = { free: [5, 5], basic: [2, 25], premium: [6, 120], enterprise: [60, 400] } as const;
const PLAN_BEFORE = { free: 'free', basic: 'free', premium: 'basic', enterprise: 'premium' } as const;

export function termsOf(random: Random, wish: TermsWish, today: Date): Billing['terms'] {
  const { plan, status, trial } = wish;
  const [from, to] = SEATS[plan];
  // The smaller of two draws: most teams are small.
  const seats = Math.min(random.int(from, to), random.int(from, to));
  const annual = status === 'active' && !trial && random.chance({ free: 0, basic: 0.3, premium: 0.4, enterprise: 0.8 }[plan]);
  const cycle: BillingCycle = annual ? 'annual' : 'monthly';
  const count = trial ? 1 : annual ? random.int(1, 4) : random.int(4, 40);
  const current = termEnding(random, { plan, cycle, seats, count, lastStart: lastStartOf(random, wish, annual, today) });
  const finished = finish(random, current, wish);
  const before = PLAN_BEFORE[plan];
  if (plan === 'basic' || plan === 'free' || trial || !random.chance(0.4)) return [finished];
  const seatsBefore = Math.max(2, Math.min(current.periods[0].seats, before === 'basic' ? 25 : 200));
  const earlier = termEnding(random, {
    plan: before,
    cycle: 'monthly',
    seats: seatsBefore,
    count: random.int(3, 14),
    lastStart: addMonths(current.periods[0].start, -1),
  });
  return [{ ...earlier, status: 'canceled', canceledAt: current.periods[0].start }, finished];
}

interface TermShape {
  readonly plan: Plan;
  readonly cycle: BillingCycle;
  /** Of the last period. */
  readonly seats: number;
  readonly count: number;
  readonly lastStart: Date;
}

/** An active term whose last period starts at `lastStart`; each period's start is counted from there, so that months join up. */
export function termEnding(random: Random, { plan, cycle, seats, count, lastStart }: TermShape): Term {
  const months = cycle === 'annual' ? 12 : 1;
  const periodAt = (back: number, periodSeats: number): Period => ({
    start: addMonths(lastStart, -back * months),
    end: addMonths(lastStart, -(back - 1) * months),
    seats: periodSeats,
  });
  const last = periodAt(0, seats);
  const earlier: Period[] = [];
  for (let back = 1, held = seats; back < count; back += 1) {
    held = fewerSeats(random, plan, cycle, held);
    earlier.unshift(periodAt(back, held));
  }
  const [first, ...rest] = [...earlier, last];
  return {
    id: random.id('sub', (first ?? last).start),
    plan,
    cycle,
    status: 'active',
    periods: [first ?? last, ...rest],
    seats,
    seatsUsed: random.int(Math.max(1, Math.ceil(seats * 0.6)), seats),
    trialEndsAt: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
  };
}

function fewerSeats(random: Random, plan: Plan, cycle: BillingCycle, seats: number): number {
  if (plan === 'free') return seats;
  if (cycle === 'annual') return Math.max(2, Math.round(seats * (0.7 + random.next() * 0.3)));
  return random.chance(0.15) ? Math.max(2, seats - random.int(1, plan === 'enterprise' ? 12 : 3)) : seats;
}

function lastStartOf(random: Random, { status, trial }: TermsWish, annual: boolean, today: Date): Date {
  if (trial) return addDays(today, -random.int(3, 10));
  // An overdue invoice is due after 14 days, so its period began before that.
  if (status === 'past_due' || status === 'suspended') return addDays(today, -random.int(16, 27));
  if (status === 'closed') return addDays(addMonths(today, -random.int(2, 5)), -random.int(1, 20));
  const within = addDays(today, -random.int(1, 27));
  return annual ? addMonths(within, -random.int(0, 10)) : within;
}

function finish(random: Random, term: Term, { status, trial }: TermsWish): Term {
  const { start, end } = term.periods.at(-1) ?? term.periods[0];
  if (trial) return { ...term, status: 'trialing', trialEndsAt: addDays(start, 14) };
  switch (status) {
    case 'closed':
      return { ...term, status: 'canceled', cancelAtPeriodEnd: true, canceledAt: end };
    case 'past_due':
    case 'suspended':
      return { ...term, status: 'past_due' };
    case 'active':
      return { ...term, cancelAtPeriodEnd: term.plan !== 'free' && random.chance(0.04) };
  }
}
