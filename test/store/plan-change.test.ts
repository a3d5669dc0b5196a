/** What plan changes cost, over chains of them: no day is paid for twice, the sums are what the days are worth, and each rule says its number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalText, portion } from '../../src/store/money.ts';
import { addDays, DAY_MS } from '../../src/store/period.ts';
import { planChange, type PlanChange, type PlanStanding, type PlanWish } from '../../src/store/plan-change.ts';
import type { PlanSubscription, Prisma } from '../../src/store/generated/prisma/client.ts';
import { Prisma as PrismaValues } from '../../src/store/generated/prisma/client.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { quotePlan } from '../../src/store/pricing.ts';

const policy = policyFrom(new Map());
const START = new Date('2026-03-01T00:00:00Z');

function decimal(text: string): Prisma.Decimal {
  return new PrismaValues.Decimal(text);
}

function subscription(fields: Partial<PlanSubscription> = {}): PlanSubscription {
  const plan = fields.plan ?? 'premium';
  const seats = fields.seats ?? 30;
  const cycle = fields.cycle ?? 'monthly';
  const quote = quotePlan(policy, { plan, seats, cycle });
  return {
    id: 'sub_1',
    customerId: 'cus_1',
    plan,
    cycle,
    status: 'active',
    seats,
    seatsUsed: 4,
    seatPrice: decimal(decimalText(quote.listPerSeatCents)),
    discountPercent: decimal(quote.totalPercent.toFixed(2)),
    mrr: decimal(decimalText(quote.perMonthCents)),
    currency: 'USD',
    startedAt: START,
    currentPeriodStart: START,
    currentPeriodEnd: new Date('2026-04-01T00:00:00Z'),
    trialEndsAt: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    ...fields,
  };
}

function standing(running: PlanSubscription | null, fields: Partial<PlanStanding> = {}): PlanStanding {
  return { status: 'active', plan: running?.plan ?? 'free', subscription: running, seatsHeld: running?.seatsUsed ?? 1, discounts: [], ...fields };
}

/** The row as the desk writes it. */
function after(running: PlanSubscription, { to, price, periodStart, periodEnd }: PlanChange): PlanSubscription {
  return {
    ...running,
    ...to,
    seatPrice: decimal(decimalText(price.listPerSeatCents)),
    discountPercent: decimal(price.totalPercent.toFixed(2)),
    currentPeriodStart: periodStart,
    currentPeriodEnd: periodEnd,
  };
}

const wish = fc.record<PlanWish>({
  plan: fc.constantFrom('basic' as const, 'premium' as const),
  seats: fc.integer({ min: 4, max: 120 }),
  cycle: fc.constantFrom('monthly' as const, 'annual' as const),
});

describe('a chain of plan changes', () => {
  it('costs what the days are worth, to the cent, and no day twice', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wish, fc.integer({ min: 0, max: 9 * DAY_MS })), { maxLength: 12 }), (steps) => {
        let running = subscription();
        let at = START;
        const priceOf = (row: PlanSubscription) => quotePlan(policy, row).perPeriodCents;
        const length = (row: PlanSubscription) => Math.round((row.currentPeriodEnd.getTime() - row.currentPeriodStart.getTime()) / DAY_MS);
        // The ledger: what was paid less what came back. The days: each belongs to one price.
        let paidCents = priceOf(running);
        let usedCents = 0;
        let paidFrom = running.currentPeriodStart;
        for (const [wanted, later] of steps) {
          at = new Date(at.getTime() + later);
          if (at >= running.currentPeriodEnd) return;
          const change = planChange(policy, standing(running), wanted, at);
          if (!change.possible) continue;
          const boundary = addDays(running.currentPeriodEnd, -change.daysLeft);
          // Whole days begun count as used; nothing after them is paid by the old price.
          expect(boundary.getTime() - at.getTime()).toBeLessThan(DAY_MS);
          expect(boundary >= paidFrom).toBe(true);
          const days = length(running);
          const daysBefore = Math.round((running.currentPeriodEnd.getTime() - paidFrom.getTime()) / DAY_MS);
          const segment = portion(priceOf(running), daysBefore, days) - portion(priceOf(running), change.daysLeft, days);
          const exact = (priceOf(running) * (daysBefore - change.daysLeft)) / days;
          expect(Math.abs(segment - exact)).toBeLessThanOrEqual(1);
          usedCents += segment;
          expect(change.chargeCents === 0 || change.creditCents === 0).toBe(true);
          paidCents += change.chargeCents - change.creditCents;
          const next = after(running, change);
          // The new terms begin exactly where the old ones end.
          if (change.startsNewPeriod) expect(next.currentPeriodStart.getTime()).toBe(boundary.getTime());
          else expect([next.currentPeriodStart, next.currentPeriodEnd]).toEqual([running.currentPeriodStart, running.currentPeriodEnd]);
          running = next;
          paidFrom = boundary;
          const daysLeft = Math.round((running.currentPeriodEnd.getTime() - boundary.getTime()) / DAY_MS);
          // All that was paid is either used or still ahead.
          expect(paidCents).toBe(usedCents + portion(priceOf(running), daysLeft, length(running)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('costs nothing together when everything is taken back on the same day', () => {
    fc.assert(
      fc.property(wish, fc.integer({ min: 0, max: 30 * DAY_MS }), (wanted, later) => {
        const running = subscription();
        const at = new Date(START.getTime() + later);
        const there = planChange(policy, standing(running), { ...wanted, cycle: 'monthly' }, at);
        if (!there.possible) return;
        const back = planChange(policy, standing(after(running, there)), { plan: 'premium', seats: 30, cycle: 'monthly' }, at);
        if (!back.possible) throw new Error('it must go back');
        expect(there.chargeCents - there.creditCents + back.chargeCents - back.creditCents).toBe(0);
      }),
    );
  });
});

describe('a plan change', () => {
  const at = new Date('2026-03-11T09:00:00Z');

  it('names what it is: upgrade, downgrade, seats, cycle, renewal', () => {
    const acts = (wanted: PlanWish, row = subscription({ plan: 'basic', seats: 10, seatsUsed: 4 })) => {
      const change = planChange(policy, standing(row), wanted, at);
      return change.possible ? change.acts : change.rule;
    };
    expect(acts({ plan: 'premium' })).toEqual(['upgrade']);
    expect(acts({ plan: 'premium', seats: 12, cycle: 'annual' })).toEqual(['upgrade', 'seats_up', 'cycle']);
    expect(acts({ changeSeatsBy: -3 })).toEqual(['seats_down']);
    expect(acts({ plan: 'free' })).toEqual(['downgrade']);
    expect(acts({ renewal: 'cancel' })).toEqual(['cancel']);
    expect(acts({ renewal: 'resume' })).toBe('nothing_changes');
    expect(acts({ renewal: 'resume' }, subscription({ cancelAtPeriodEnd: true }))).toEqual(['resume']);
    expect(acts({ plan: 'basic' })).toBe('nothing_changes');
    expect(acts({})).toBe('nothing_changes');
  });

  it.each<[string, PlanStanding, PlanWish, string, RegExp]>([
    [
      'fewer seats than are taken',
      standing(subscription({ seatsUsed: 28 })),
      { seats: 20 },
      'seats_held',
      /28 seats are taken, so 20 do not suffice; 8 people/,
    ],
    [
      'a plan that holds fewer members',
      standing(subscription({ seatsUsed: 28 })),
      { plan: 'basic' },
      'members_max',
      /at most 25 members and 28 hold a seat now; 3 must/,
    ],
    ['the free plan with too many members', standing(subscription({ seatsUsed: 9 })), { plan: 'free' }, 'members_max', /at most 5 members and 9/],
    ['more seats than a plan holds', standing(subscription({ plan: 'basic', seats: 5 })), { seats: 26 }, 'members_max', /at most 25 members, so 26 seats/],
    ['no seats at all', standing(subscription()), { changeSeatsBy: -30 }, 'seats_min', /at least one seat/],
    ['an overdue account', standing(subscription(), { status: 'past_due' }), { seats: 40 }, 'overdue', /overdue/],
    ['a suspended account', standing(subscription(), { status: 'suspended' }), { seats: 40 }, 'overdue', /suspended/],
    ['a closed account', standing(subscription(), { status: 'closed' }), { renewal: 'cancel' }, 'closed', /closed/],
    ['a contract wanted', standing(subscription()), { plan: 'enterprise' }, 'contract', /contract/],
    ['a contract running', standing(subscription({ plan: 'enterprise' })), { renewal: 'cancel' }, 'contract', /contract/],
    ['a period that is over', standing(subscription({ currentPeriodEnd: at })), { seats: 40 }, 'period_over', /renewal is being processed/],
    ['a pause', standing(subscription({ status: 'paused' })), { seats: 40 }, 'paused', /paused/],
    ['nothing to renew', standing(null), { renewal: 'cancel' }, 'not_running', /nothing renews/],
    ['no plan named without one', standing(null), { seats: 4 }, 'not_running', /name the plan/],
  ])('is refused for %s', (_name, state, wanted, rule, reason) => {
    const change = planChange(policy, state, wanted, at);
    expect(change).toMatchObject({ possible: false, rule });
    expect(change.possible ? '' : change.reason).toMatch(reason);
  });

  it('lets who is overdue end the renewal', () => {
    expect(planChange(policy, standing(subscription(), { status: 'past_due' }), { renewal: 'cancel' }, at)).toMatchObject({
      possible: true,
      acts: ['cancel'],
      chargeCents: 0,
    });
  });

  it('cuts seats nobody named to what the smaller plan holds', () => {
    expect(planChange(policy, standing(subscription()), { plan: 'basic' }, at)).toMatchObject({ possible: true, to: { plan: 'basic', seats: 25 } });
    expect(planChange(policy, standing(subscription()), { plan: 'free' }, at)).toMatchObject({
      possible: true,
      to: { plan: 'free', seats: 5, cycle: 'monthly' },
      chargeCents: 0,
      creditCents: 435_48,
    });
  });

  it('charges a whole first period to who paid nothing before, and nothing during a trial', () => {
    const first = planChange(policy, standing(null), { plan: 'premium', seats: 10 }, at);
    expect(first).toMatchObject({ possible: true, acts: ['upgrade'], chargeCents: 225_00, startsNewPeriod: true, periodStart: at });
    const free = planChange(policy, standing(subscription({ plan: 'free', seats: 5 })), { plan: 'basic' }, at);
    expect(free).toMatchObject({ possible: true, chargeCents: 50_00, to: { seats: 5 } });
    const trial = planChange(policy, standing(subscription({ status: 'trialing' })), { seats: 50, cycle: 'annual' }, at);
    expect(trial).toMatchObject({ possible: true, trial: true, chargeCents: 0, creditCents: 0, periodEnd: new Date('2026-04-01T00:00:00Z') });
  });

  it('prices with the discount a customer has, and with one given for later only where a new period begins', () => {
    const nonprofit = { kind: 'nonprofit', percent: 50, startsAt: START, endsAt: null, createdAt: START } as const;
    const later = {
      kind: 'retention',
      percent: 20,
      startsAt: new Date('2026-04-01T00:00:00Z'),
      endsAt: new Date('2026-10-01T00:00:00Z'),
      createdAt: START,
    } as const;
    const percent = (wanted: PlanWish, discounts: PlanStanding['discounts']) => {
      const change = planChange(policy, standing(subscription({ seats: 5 }), { discounts }), wanted, at);
      return change.possible ? change.price.totalPercent : null;
    };
    expect(percent({ seats: 60 }, [nonprofit])).toBe(50);
    expect(percent({ seats: 9 }, [later])).toBe(0);
    // Six of twelve months: half of it on a year's invoice, beside the annual discount.
    expect(percent({ cycle: 'annual' }, [later])).toBe(30);
    expect(percent({ cycle: 'annual', seats: 60 }, [later])).toBe(35);
  });
});
