/**
 * What the rows of the policy say about an escalation before anybody sees it: how much it presses and which people it is for. Pure
 * arithmetic over what the caller knows; whether to escalate at all is decided elsewhere.
 */
import type { Plan, Priority } from './generated/prisma/client.ts';
import type { Policy } from './policy-schema.ts';

/** Highest in rank first: of several, the first takes the case. */
export const TEAMS = ['executive', 'management', 'specialist', 'tier2_support'] as const;
export type Team = (typeof TEAMS)[number];

/** Least pressing first. */
export const PRIORITIES = ['low', 'medium', 'high', 'critical'] as const satisfies readonly Priority[];

export interface Pressing {
  readonly plan: Plan;
  readonly urgency: Priority;
  /** -1 to 1. */
  readonly sentiment: number;
  readonly monthlyValueCents: number;
}

export function priorityOf({ plan, urgency, sentiment, monthlyValueCents }: Pressing, { priority }: Pick<Policy, 'priority'>): Priority {
  const points =
    priority.planPoints[plan] +
    PRIORITIES.indexOf(urgency) +
    (sentiment < priority.sentimentBelow ? priority.sentimentPoints : 0) +
    (12 * monthlyValueCents > priority.yearlyValueOverCents ? priority.yearlyValuePoints : 0);
  return PRIORITIES.findLast((level) => points >= priority[level].points) ?? 'low';
}

/** @param rules Names of the rules that fired. */
export function teamOf(rules: readonly string[], urgency: Priority, monthlyValueCents: number, { escalation }: Pick<Policy, 'escalation'>): Team {
  if (rules.includes('legal')) return 'executive';
  if (rules.includes('high_value')) return monthlyValueCents > escalation.executiveMonthlyValueOverCents ? 'executive' : 'management';
  return urgency === 'critical' ? 'specialist' : 'tier2_support';
}
