/**
 * Looks at open escalations every quarter of a minute: warns before a promise is broken and says when it is, once each, keeps up with
 * changed plans, and gives back to the queue what somebody holds in silence while the customer waits. Any instance may look; each step
 * is a conditional update, so that one of them tells.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { isAvailable, type EventLog } from '../events/event-log.ts';
import type { ParleyEvent, SlaClock } from '../events/event.ts';
import type { Database } from '../store/database.ts';
import type { Customer, Escalation, Prisma } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { systemEntry } from './audit.ts';
import { takeConversation } from './conversation-lock.ts';
import { queuedEvent, releasedEvent, tellBoth, tellDesk } from './escalation-events.ts';
import { OPEN } from './escalation-hold.ts';
import { waitingOf } from './escalation-queue.ts';
import { calendarOf, termsNow, warnAt } from './escalation-terms.ts';
import { startRounds, type Rounds } from './rounds.ts';

export interface EscalationWatchDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** IANA name of where the people of the desk work. */
  readonly timeZone: string;
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
}

const EVERY_MS = 15_000;
/** Rows read at once. */
const PAGE = 200;
const MINUTE_MS = 60_000;

type Watched = Escalation & { readonly customer: Pick<Customer, 'plan'> };

/** Begins at once and never throws; `close` ends the look under way. */
export function startEscalationWatch(deps: EscalationWatchDeps): Rounds {
  const { clock, logger, log, everyMs = EVERY_MS } = deps;
  return startRounds({
    clock,
    log: logger,
    everyMs,
    failed: 'escalations were not looked at; the next look makes up for it',
    async round(signal) {
      // Else whoever owns the conversations looks.
      if (isAvailable(log)) await watchEscalations(deps, signal);
    },
  });
}

/** One look at every open escalation. */
export async function watchEscalations(deps: Omit<EscalationWatchDeps, 'logger' | 'everyMs'>, signal: AbortSignal): Promise<void> {
  const policy = await readPolicy(deps.database);
  for (let after = ''; ;) {
    const rows: Watched[] = await deps.database.escalation.findMany({
      where: { ...OPEN, id: { gt: after } },
      include: { customer: { select: { plan: true } } },
      orderBy: { id: 'asc' },
      take: PAGE,
    });
    for (const row of rows) {
      signal.throwIfAborted();
      await look(deps, policy, row);
    }
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.id;
  }
}

type LookDeps = Pick<EscalationWatchDeps, 'database' | 'log' | 'clock' | 'timeZone'>;

async function look(deps: LookDeps, policy: Policy, row: Watched): Promise<void> {
  const now = deps.clock.now();
  const current = await keepTerms(deps, policy, row, now);
  await watchClock(deps, policy, current, now);
  if (row.status === 'claimed') await requeueSilent(deps, policy, row, now);
}

/** A plan that was changed to a better one promises more from now on. */
async function keepTerms({ database, timeZone }: LookDeps, policy: Policy, row: Watched, now: Date): Promise<Watched> {
  const terms = termsNow(row, now, { plan: row.customer.plan, priority: row.priority }, policy, timeZone);
  const moved = terms.firstReplyDueAt < row.firstReplyDueAt || terms.resolutionDueAt?.getTime() !== row.resolutionDueAt?.getTime();
  if (!moved) return row;
  await database.escalation.updateMany({ where: { id: row.id, ...OPEN }, data: terms });
  return { ...row, ...terms };
}

/** The clock that runs: until somebody has spoken that of the first reply, then that of the solution. */
async function watchClock({ database, log, timeZone }: LookDeps, policy: Policy, row: Watched, now: Date): Promise<void> {
  const clock: SlaClock = row.firstReplyAt ? 'resolution' : 'first_reply';
  const dueAt = row.firstReplyAt ? row.resolutionDueAt : row.firstReplyDueAt;
  if (!dueAt || row.breachedAt) return;
  const same: Prisma.EscalationWhereInput = { id: row.id, ...OPEN, breachedAt: null, firstReplyAt: row.firstReplyAt ? { not: null } : null };
  const said = { at: now.toISOString(), visibility: 'STAFF', escalationId: row.id, clock, dueAt: dueAt.toISOString() } as const;
  if (dueAt <= now) {
    // Whoever was not warned is not warned any more.
    const { count } = await database.escalation.updateMany({ where: same, data: { breachedAt: now, warnedAt: row.warnedAt ?? now } });
    if (count > 0) await tellDesk(log, [{ type: 'EscalationSlaBreached', ...said }], `breached-${clock}:${row.id}`);
    return;
  }
  const calendar = calendarOf({ plan: row.customer.plan, priority: row.priority }, policy, timeZone);
  if (row.warnedAt || warnAt(row.createdAt, dueAt, policy.priority.warnPercent, calendar) > now) return;
  const { count } = await database.escalation.updateMany({ where: { ...same, warnedAt: null }, data: { warnedAt: now } });
  if (count > 0) await tellDesk(log, [{ type: 'EscalationSlaWarning', ...said }], `warned-${clock}:${row.id}`);
}

/** Back to the queue when whoever holds it has let the customer wait for too long. People still own the conversation: no agent speaks. */
async function requeueSilent(deps: LookDeps, policy: Policy, row: Watched, now: Date): Promise<void> {
  const { database, log } = deps;
  const silent = new Date(now.getTime() - policy.escalationQueue.silenceMinutes * MINUTE_MS);
  const spoke = row.lastReplyAt;
  if (!spoke || spoke > silent || !(await waitsSince(database, row, spoke, silent))) return;
  const back = await database.$transaction(async (tx) => {
    await takeConversation(tx, row.conversationId);
    const [released] = await tx.escalation.updateManyAndReturn({
      where: { id: row.id, status: 'claimed', claimedById: row.claimedById, lastReplyAt: spoke },
      data: { status: 'waiting', claimedById: null, claimedAt: null, lastReplyAt: null, requeues: { increment: 1 } },
    });
    if (released) await tx.auditEntry.create({ data: systemEntry('escalation.requeue', 'escalation', row.id, {}, now) });
    return released;
  });
  if (!back) return;
  const waiting = await waitingOf(deps, back);
  const events: Extract<ParleyEvent, { type: `Escalation${string}` }>[] = [
    releasedEvent(row.id, 'system', now),
    ...(waiting ? [queuedEvent(row.id, waiting, now)] : []),
  ];
  await tellBoth(log, row, events, { once: `requeued-${back.requeues}` });
}

/** Whether the customer has waited since then: for the first word of whoever claimed it, or for an answer to what they wrote after the last one. */
async function waitsSince(database: Database, row: Escalation, spoke: Date, silent: Date): Promise<boolean> {
  const { conversationId, claimedById, claimedAt } = row;
  const said = (where: Prisma.MessageWhereInput) => database.message.findFirst({ where: { conversationId, ...where }, select: { id: true } });
  if (!claimedAt || !(await said({ role: 'person', userId: claimedById, createdAt: { gte: claimedAt } }))) return true;
  return (await said({ role: 'customer', createdAt: { gt: spoke, lte: silent } })) !== null;
}
