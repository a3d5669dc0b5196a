/**
 * What a wished change of plan, seats, cycle or renewal comes to: what it costs or gives back now, what holds afterwards, or which
 * rule is against it. Pure: the same standing, wish and moment give the same terms, so that what was quoted can be checked again.
 */
import { appliedDiscount, type DiscountTerms } from './discount.ts';
import type { BillingCycle, CustomerStatus, Plan, PlanSubscription } from './generated/prisma/client.ts';
import { periodPriceCents } from './subscription.ts';
import { prorate, quotePlan, type PlanQuote } from './pricing.ts';
import type { Policy } from './policy-schema.ts';

export const PLAN_ACTS = ['upgrade', 'downgrade', 'seats_up', 'seats_down', 'cycle', 'cancel', 'resume'] as const;
export type PlanAct = (typeof PLAN_ACTS)[number];

export interface PlanWish {
  readonly plan?: Plan | undefined;
  /** How many in all. */
  readonly seats?: number | undefined;
  readonly changeSeatsBy?: number | undefined;
  readonly cycle?: BillingCycle | undefined;
  readonly renewal?: 'cancel' | 'resume' | undefined;
}

export interface PlanStanding {
  readonly status: CustomerStatus;
  readonly plan: Plan;
  /** The running or last one; null when there never was one. */
  readonly subscription: PlanSubscription | null;
  /** People who hold a seat, invited ones included. */
  readonly seatsHeld: number;
  readonly discounts: readonly DiscountTerms[];
}

export interface PlanTermsAfter {
  readonly plan: Plan;
  readonly seats: number;
  readonly cycle: BillingCycle;
}

export interface PlanChange {
  readonly possible: true;
  readonly acts: readonly PlanAct[];
  /** Null when nothing ran before. */
  readonly from: PlanTermsAfter | null;
  readonly to: PlanTermsAfter;
  /** To pay at once, or kept as a credit; one of the two is 0. */
  readonly chargeCents: number;
  readonly creditCents: number;
  readonly newCents: number;
  readonly unusedCents: number;
  readonly daysLeft: number;
  readonly daysInPeriod: number;
  readonly startsNewPeriod: boolean;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  /** In a trial nothing is paid yet; the new terms hold when it ends. */
  readonly trial: boolean;
  /** The regular price afterwards. */
  readonly price: PlanQuote;
}

/** Why not. `person` says who can decide all the same; null when nobody can before something else has happened. */
export interface PlanRefusal {
  readonly possible: false;
  readonly rule: 'nothing_changes' | 'not_running' | 'overdue' | 'closed' | 'paused' | 'period_over' | 'contract' | 'seats_held' | 'members_max' | 'seats_min';
  readonly reason: string;
  readonly person: 'sales' | 'billing' | null;
}

const ORDER: readonly Plan[] = ['free', 'basic', 'premium', 'enterprise'];

export function planChange(policy: Policy, standing: PlanStanding, wish: PlanWish, now: Date): PlanChange | PlanRefusal {
  const running = standing.subscription !== null && standing.subscription.status !== 'canceled' ? standing.subscription : null;
  const from = running && { plan: running.plan, seats: running.seats, cycle: running.cycle };
  const refusal = standingAgainst(policy, standing, running, wish, now);
  if (refusal) return refusal;
  if (wish.renewal !== undefined) return renewal(policy, standing, running, wish.renewal, now);
  const plan = wish.plan ?? from?.plan;
  if (plan === undefined || (from === null && plan === 'free'))
    return no('not_running', 'There is no paid subscription on the account: name the plan that is wanted.');
  const cycle = plan === 'free' ? 'monthly' : (wish.cycle ?? (from && from.plan !== 'free' ? from.cycle : 'monthly'));
  const { membersMax, byContract } = policy.plans[plan];
  if (byContract) return no('contract', 'The enterprise plan is agreed in a contract, so the sales team makes the offer.', 'sales');
  const wanted = wish.seats ?? (from?.seats ?? Math.max(1, standing.seatsHeld)) + (wish.changeSeatsBy ?? 0);
  if (wanted < 1) return no('seats_min', `A plan keeps at least one seat; there are ${from?.seats ?? 0} now.`);
  if (membersMax !== null && standing.seatsHeld > membersMax) {
    const over = standing.seatsHeld - membersMax;
    return no('members_max', `The ${plan} plan holds at most ${membersMax} members and ${standing.seatsHeld} hold a seat now; ${over} must be removed first.`);
  }
  // Seats nobody named are cut to what the plan holds; named ones are not.
  const named = wish.seats !== undefined || wish.changeSeatsBy !== undefined;
  if (membersMax !== null && named && wanted > membersMax)
    return no('members_max', `The ${plan} plan holds at most ${membersMax} members, so ${wanted} seats do not fit.`);
  const seats = membersMax === null ? wanted : plan === 'free' ? membersMax : Math.min(wanted, membersMax);
  if (seats < standing.seatsHeld)
    return no('seats_held', `${standing.seatsHeld} seats are taken, so ${seats} do not suffice; ${standing.seatsHeld - seats} people must be removed first.`);
  const to = { plan, seats, cycle };
  const acts = actsBetween(from, to);
  if (acts.length === 0) return no('nothing_changes', 'That is what the account has already.');
  return priced(policy, standing, running, to, acts, now);
}

/** What the account itself has against any change. */
function standingAgainst(policy: Policy, { status }: PlanStanding, running: PlanSubscription | null, wish: PlanWish, now: Date): PlanRefusal | null {
  if (status === 'closed') return no('closed', 'The account is closed.', 'billing');
  if (running && policy.plans[running.plan].byContract)
    return no('contract', 'The present plan is agreed in a contract, so the sales team changes it.', 'sales');
  if (running?.status === 'paused') return no('paused', 'The subscription is paused, and the billing team starts it again first.', 'billing');
  // Who wants to stop may always stop.
  if (wish.renewal === 'cancel') return null;
  if (status === 'suspended') return no('overdue', 'The account is suspended until the open invoice is paid.');
  if (status === 'past_due') return no('overdue', 'An invoice is overdue. Once it is paid, the plan can be changed.');
  if (running && running.status !== 'trialing' && running.plan !== 'free' && running.currentPeriodEnd <= now)
    return no('period_over', 'The last period has ended and its renewal is being processed; after that the plan can be changed.');
  return null;
}

function renewal(policy: Policy, standing: PlanStanding, running: PlanSubscription | null, wish: 'cancel' | 'resume', now: Date): PlanChange | PlanRefusal {
  if (!running || running.plan === 'free') return no('not_running', 'There is no paid subscription on the account, so nothing renews.');
  if (running.cancelAtPeriodEnd === (wish === 'cancel'))
    return no('nothing_changes', wish === 'cancel' ? 'The renewal is cancelled already.' : 'The subscription renews already.');
  const to = { plan: running.plan, seats: running.seats, cycle: running.cycle };
  return { ...priced(policy, standing, running, to, [wish], now), chargeCents: 0, creditCents: 0 };
}

function priced(policy: Policy, standing: PlanStanding, running: PlanSubscription | null, to: PlanTermsAfter, acts: readonly PlanAct[], now: Date): PlanChange {
  const trial = running?.status === 'trialing';
  const fromNothing = running === null || running.plan === 'free';
  const startsNewPeriod = fromNothing || to.cycle !== running.cycle;
  const choice = { ...to, ...appliedDiscount(policy, standing.discounts, to.cycle, { at: now, startsNewPeriod }) };
  const proration = prorate(policy, {
    paidCents: running === null || trial ? 0 : periodPriceCents(running),
    cycle: running?.cycle ?? to.cycle,
    periodStart: running?.currentPeriodStart ?? now,
    periodEnd: running?.currentPeriodEnd ?? now,
    to: choice,
    at: now,
    fromNothing: fromNothing && to.plan !== 'free',
  });
  // A trial runs on to its end; only what comes after it changes.
  const period = trial && running ? { startsNewPeriod: false, periodStart: running.currentPeriodStart, periodEnd: running.currentPeriodEnd } : {};
  return {
    possible: true,
    acts,
    from: running && { plan: running.plan, seats: running.seats, cycle: running.cycle },
    to,
    ...proration,
    ...period,
    ...(trial ? { chargeCents: 0, creditCents: 0 } : {}),
    trial,
    price: quotePlan(policy, choice),
  };
}

function actsBetween(from: PlanTermsAfter | null, to: PlanTermsAfter): PlanAct[] {
  if (from === null) return ['upgrade'];
  const step = ORDER.indexOf(to.plan) - ORDER.indexOf(from.plan);
  const paidBoth = from.plan !== 'free' && to.plan !== 'free';
  return [
    ...(step > 0 ? (['upgrade'] as const) : step < 0 ? (['downgrade'] as const) : []),
    // A free plan has neither seats to buy nor a cycle.
    ...(paidBoth && to.seats > from.seats ? (['seats_up'] as const) : paidBoth && to.seats < from.seats ? (['seats_down'] as const) : []),
    ...(paidBoth && to.cycle !== from.cycle ? (['cycle'] as const) : []),
  ];
}

function no(rule: PlanRefusal['rule'], reason: string, person: PlanRefusal['person'] = null): PlanRefusal {
  return { possible: false, rule, reason, person };
}
