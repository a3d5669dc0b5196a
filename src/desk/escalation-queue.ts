/** The queue of those who wait for a person, per team: who is next, how long it will take by what it took lately, and when people are back. Reads only. */
import type { Clock } from '../foundation/clock.ts';
import type { Database } from '../store/database.ts';
import type { Escalation } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import { calendarOf } from './escalation-terms.ts';
import { addCounted, countedBetween, nextOpening } from './sla-clock.ts';

export interface QueueDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** IANA name of where the people of the desk work. */
  readonly timeZone: string;
}

export interface Waiting {
  /** 0 is next. */
  readonly place: number;
  /** Null when nothing is known to estimate from. */
  readonly expectedWaitS: number | null;
  /** Null while people are there. */
  readonly peopleBackAt: Date | null;
}

/** Whose wait is estimated: one that waits, or would. */
export type Expected = Pick<Escalation, 'customerId' | 'team' | 'priority'>;

/** How one that waits stands in its queue; null when it does not wait. */
export async function waitingOf(deps: QueueDeps, escalation: Escalation): Promise<Waiting | null> {
  if (escalation.status !== 'waiting') return null;
  const { team, firstReplyDueAt, id } = escalation;
  const [place, estimate] = await Promise.all([
    // What was promised for the earliest moment is taken first: the priority stands in that moment.
    deps.database.escalation.count({
      where: { team, status: 'waiting', OR: [{ firstReplyDueAt: { lt: firstReplyDueAt } }, { firstReplyDueAt, id: { lt: id } }] },
    }),
    estimateFor(deps, escalation),
  ]);
  return { place, ...estimate };
}

/** Those of a team that wait, the next ones first, each with its place. */
export async function firstWaiting({ database }: QueueDeps, team: string, count: number): Promise<readonly (Escalation & { readonly place: number })[]> {
  const rows = await database.escalation.findMany({ where: { team, status: 'waiting' }, orderBy: [{ firstReplyDueAt: 'asc' }, { id: 'asc' }], take: count });
  return rows.map((row, place) => ({ ...row, place }));
}

/** From the middle one of the latest waits, counted in hours in which somebody was there. */
export async function estimateFor({ database, clock, timeZone }: QueueDeps, escalation: Expected): Promise<Omit<Waiting, 'place'>> {
  const policy = await readPolicy(database);
  const now = clock.now();
  const { plan } = await database.customer.findUniqueOrThrow({ where: { id: escalation.customerId }, select: { plan: true } });
  const calendar = calendarOf({ plan, priority: escalation.priority }, policy, timeZone);
  const served = await database.escalation.findMany({
    where: { team: escalation.team, status: 'resolved', claimedAt: { not: null } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: policy.escalationQueue.estimateFrom,
    select: { createdAt: true, claimedAt: true },
  });
  const waits = served.flatMap(({ createdAt, claimedAt }) => (claimedAt ? [countedBetween(createdAt, claimedAt, calendar)] : [])).toSorted((a, b) => a - b);
  const middle = waits[Math.floor(waits.length / 2)];
  const expectedAt = middle === undefined ? null : addCounted(now, middle, calendar);
  const expectedWaitS = expectedAt && Math.ceil((expectedAt.getTime() - now.getTime()) / 1_000);
  return { expectedWaitS, peopleBackAt: nextOpening(now, calendar) };
}
