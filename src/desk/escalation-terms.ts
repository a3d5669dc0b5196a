/** What is promised to whoever waits for a person: by when somebody answers and by when it is settled, and when to warn. Pure. */
import type { Plan, Priority } from '../store/generated/prisma/client.ts';
import type { Policy } from '../store/policy-schema.ts';
import { addCounted, countedBetween, type Calendar } from './sla-clock.ts';

export interface Promised {
  readonly plan: Plan;
  readonly priority: Priority;
}

export interface Terms {
  readonly firstReplyDueAt: Date;
  /** Null: no promise. */
  readonly resolutionDueAt: Date | null;
}

const MINUTE_MS = 60_000;

/** Which hours count: critical cases and enterprise customers are served at any hour. */
export function calendarOf({ plan, priority }: Promised, { businessHours }: Pick<Policy, 'businessHours'>, timeZone: string): Calendar {
  return plan === 'enterprise' || priority === 'critical' ? 'always' : { ...businessHours, timeZone };
}

/** The promises as they begin at this moment: of the plan's clock and the priority's the earlier one holds. */
export function termsFrom(from: Date, promised: Promised, policy: Pick<Policy, 'businessHours' | 'plans' | 'priority'>, timeZone: string): Terms {
  const calendar = calendarOf(promised, policy, timeZone);
  const plan = policy.plans[promised.plan];
  const firstReplyMinutes = Math.min(plan.firstReplyMinutes, policy.priority[promised.priority].firstReplyMinutes);
  return {
    firstReplyDueAt: addCounted(from, firstReplyMinutes * MINUTE_MS, calendar),
    resolutionDueAt: plan.resolutionMinutes === null ? null : addCounted(from, plan.resolutionMinutes * MINUTE_MS, calendar),
  };
}

/**
 * The promises after the plan has changed, or not: what was promised stands, and what the plan of now promises from now on holds
 * where it is earlier. Asked again with the same plan, nothing moves.
 */
export function termsNow(made: Terms, now: Date, promised: Promised, policy: Pick<Policy, 'businessHours' | 'plans' | 'priority'>, timeZone: string): Terms {
  const anew = termsFrom(now, promised, policy, timeZone);
  const earlier = (one: Date, other: Date): Date => (other < one ? other : one);
  return {
    firstReplyDueAt: earlier(made.firstReplyDueAt, anew.firstReplyDueAt),
    resolutionDueAt:
      made.resolutionDueAt && anew.resolutionDueAt ? earlier(made.resolutionDueAt, anew.resolutionDueAt) : (made.resolutionDueAt ?? anew.resolutionDueAt),
  };
}

/** The moment at which this percent of the counted time up to `dueAt` has passed; never after `dueAt`. */
export function warnAt(createdAt: Date, dueAt: Date, percent: number, calendar: Calendar): Date {
  const warned = addCounted(createdAt, Math.floor((countedBetween(createdAt, dueAt, calendar) * percent) / 100), calendar);
  return warned < dueAt ? warned : dueAt;
}
