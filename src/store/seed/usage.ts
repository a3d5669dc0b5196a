/** What each account did month by month, within its plan's limits and seats, and the turns its health took. */
import type { HealthEventKind, Plan, Severity, UsageMetric } from '../generated/prisma/client.ts';
import { addDays, addMonths, startOfMonth } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import { FAILURES, type Account, type Billing, type UsageDraft } from './draft.ts';
import type { Random } from './random.ts';

/** Months of usage that are kept, the running one included. */
const MONTHS_MAX = 13;

export function usageOf(account: Account, { terms }: Billing, policy: Policy, today: Date): UsageDraft[] {
  const { random, createdAt } = account;
  const current = terms.at(-1) ?? terms[0];
  const end = current.canceledAt && current.canceledAt < today ? current.canceledAt : addDays(today, -1);
  const appetite = 0.7 + random.next() * 0.9;
  const firstMonth = startOfMonth(createdAt);
  const rows: UsageDraft[] = [];
  for (let back = MONTHS_MAX - 1; back >= 0; back -= 1) {
    const month = addMonths(startOfMonth(end), -back);
    if (month < firstMonth) continue;
    // The running month has only its days so far.
    const share = back === 0 ? end.getUTCDate() / 31 : 1;
    const growth = (1 - back * 0.03) * (0.9 + random.next() * 0.15);
    const seats = Math.min(
      current.seats,
      ...terms.flatMap((term) => term.periods.filter((period) => period.start < addMonths(month, 1) && period.end > month).map((period) => period.seats)),
    );
    const members = back === 0 ? current.seatsUsed : Math.max(1, Math.min(seats, Math.round(current.seatsUsed * growth)));
    const plan = (terms.findLast((term) => term.periods[0].start < addMonths(month, 1)) ?? current).plan;
    rows.push(...monthOf(random, plan, policy, { month, members, growth: growth * appetite, share }));
  }
  return rows;
}

interface MonthShape {
  readonly month: Date;
  readonly members: number;
  readonly growth: number;
  /** Of the month that has passed. */
  readonly share: number;
}

function monthOf(random: Random, plan: Plan, policy: Policy, { month, members, growth, share }: MonthShape): UsageDraft[] {
  const { projectsMax, storageMb, api } = policy.plans[plan];
  const activeMembers = upTo(members * (0.6 + random.next() * 0.4), members);
  const row = (metric: UsageMetric, quantity: number): UsageDraft => ({ metric, month, quantity });
  return [
    row('projects', upTo(1 + members * 1.3 * growth, projectsMax)),
    row('members', members),
    row('storage_mb', upTo(members * (plan === 'free' ? 22 : 310) * growth, storageMb)),
    row('tasks_created', upTo(activeMembers * 34 * growth * share, null)),
    row('active_members', Math.max(1, activeMembers)),
    row('exports', upTo(random.int(0, 6) * growth * share, null)),
    ...(plan === 'free' ? [] : [row('automations_run', upTo(activeMembers * 55 * growth * share, null))]),
    ...(api ? [row('api_calls', upTo(activeMembers * 900 * growth * share * (0.8 + random.next() * 0.4), null))] : []),
  ];
}

function upTo(quantity: number, max: number | null): number {
  return Math.max(0, Math.min(Math.round(quantity), max ?? Number.MAX_SAFE_INTEGER));
}

interface HealthDraft {
  readonly kind: HealthEventKind;
  readonly oldValue: number | null;
  readonly newValue: number | null;
  readonly reason: string;
  readonly severity: Severity;
  readonly createdAt: Date;
}

export function healthOf(account: Account, billing: Billing, today: Date): HealthDraft[] {
  const { random, healthScore, churnRisk, status } = account;
  const young = account.createdAt > addDays(today, -100);
  const before = Math.max(0, Math.min(100, healthScore + (status === 'active' ? random.int(-12, 12) : random.int(15, 30))));
  const at = (from: number, to: number) => addDays(today, -random.int(from, to));
  const failed = billing.payments.filter((payment) => payment.status === 'failed' && payment.createdAt > addDays(today, -180));
  const events: HealthDraft[] = failed.map((payment) => ({
    kind: 'payment_failed',
    oldValue: null,
    newValue: null,
    reason: FAILURES[payment.failureCode ?? 'processing_error'],
    severity: payment.attempt > 2 ? 'high' : 'medium',
    createdAt: payment.processedAt,
  }));
  if (!young && before !== healthScore) {
    const down = before > healthScore;
    const reason = down ? 'Fewer members were active than in the month before.' : 'More members were active and more projects were finished on time.';
    events.push({
      kind: 'health_score_change',
      oldValue: before,
      newValue: healthScore,
      reason,
      severity: down && healthScore < 40 ? 'high' : 'low',
      createdAt: at(5, 60),
    });
  }
  if (!young && churnRisk > 0.55) {
    const oldValue = Math.round((churnRisk - 0.2) * 100) / 100;
    events.push({
      kind: 'churn_risk_change',
      oldValue,
      newValue: churnRisk,
      reason: 'Activity and payments point to a possible cancellation.',
      severity: 'high',
      createdAt: at(4, 20),
    });
  }
  if (!young && random.chance(0.12)) {
    events.push({
      kind: 'usage_spike',
      oldValue: 1,
      newValue: 2.4,
      reason: 'Automations ran more than twice as often as in an average week.',
      severity: 'low',
      createdAt: at(10, 90),
    });
  }
  if (!young && healthScore < 50) {
    events.push({
      kind: 'engagement_drop',
      oldValue: 0.8,
      newValue: 0.45,
      reason: 'Weekly active members fell by almost half.',
      severity: 'medium',
      createdAt: at(6, 40),
    });
  }
  return events;
}
