/**
 * Looks at undecided approvals every quarter of a minute: reminds people when most of the time is over, ends what nobody decided in
 * time and lets its run go on without it, and closes what belongs to a run that has ended. Any instance may look; each step is a
 * conditional update, so that one of them tells. Rows are the truth: what came due while nobody ran is found by the first look.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { isAvailable, type EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { warningOf } from '../store/approval.ts';
import type { Database } from '../store/database.ts';
import type { Approval, Run } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { Sql } from '../store/sql.ts';
import { resumeRun } from './approval.ts';
import { closeApprovals, RUN_ENDED } from './approval-close.ts';
import { decidedEvent, expiringEvent, tellApproval } from './approval-events.ts';
import { insertEntry, systemEntry } from './audit.ts';
import { startRounds, type Rounds } from './rounds.ts';

export interface ApprovalWatchDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
}

const EVERY_MS = 15_000;
/** Rows read at once. */
const PAGE = 200;
const EXPIRED = 'Nobody decided in time.';

type Watched = Approval & { readonly run: Pick<Run, 'finishedAt'> };

/** Begins at once and never throws; `close` ends the look under way. */
export function startApprovalWatch(deps: ApprovalWatchDeps): Rounds {
  const { clock, logger, log, everyMs = EVERY_MS } = deps;
  return startRounds({
    clock,
    log: logger,
    everyMs,
    failed: 'approvals were not looked at; the next look makes up for it',
    async round(signal) {
      // Else whoever owns the conversations looks.
      if (isAvailable(log)) await watchApprovals(deps, signal);
    },
  });
}

type LookDeps = Pick<ApprovalWatchDeps, 'database' | 'log' | 'jobs' | 'clock'>;

/** One look at every approval that is not decided. */
export async function watchApprovals(deps: LookDeps, signal: AbortSignal): Promise<void> {
  const policy = await readPolicy(deps.database);
  for (let after = ''; ;) {
    const rows: Watched[] = await deps.database.approval.findMany({
      where: { status: 'pending', id: { gt: after } },
      include: { run: { select: { finishedAt: true } } },
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

async function look(deps: LookDeps, policy: Policy, row: Watched): Promise<void> {
  const now = deps.clock.now();
  if (row.run.finishedAt) return closeEnded(deps, row, now);
  if (row.expiresAt <= now) return expire(deps, row, now);
  if (!row.warnedAt && warningOf(row, policy) <= now) await warn(deps, row, now);
}

async function closeEnded({ database, log }: LookDeps, { runId }: Watched, now: Date): Promise<void> {
  const closed = await database.$transaction((tx) => closeApprovals(tx, [runId], RUN_ENDED, now));
  for (const approval of closed) await tellApproval(log, approval, decidedEvent(approval, 'system', now), 'closed');
}

async function expire({ database, log, jobs }: LookDeps, row: Watched, now: Date): Promise<void> {
  const expired = await database.sql.transaction((tx) => writeExpired(tx, row, now));
  if (!expired) return;
  try {
    await tellApproval(log, expired, decidedEvent(expired, 'system', now), 'expired');
  } finally {
    await jobs.enqueue({ kind: 'run', id: row.runId });
  }
}

async function writeExpired(tx: Sql, { id, runId }: Watched, now: Date): Promise<Approval | null> {
  await tx.query`SELECT 1 FROM "Run" WHERE "id" = ${runId} FOR NO KEY UPDATE`;
  // Whoever was not reminded is not reminded any more.
  const [expired] = await tx.query<Approval>`
    UPDATE "Approval" SET "status" = 'expired', "closedReason" = ${EXPIRED}, "decidedAt" = ${now}::timestamptz, "warnedAt" = coalesce("warnedAt", ${now}::timestamptz)
     WHERE "id" = ${id} AND "status" = 'pending' AND "expiresAt" <= ${now}::timestamptz
    RETURNING *`;
  if (!expired) return null;
  await insertEntry(tx, systemEntry('approval.expire', 'approval', id, {}, now));
  await resumeRun(tx, runId);
  return expired;
}

async function warn({ database, log }: LookDeps, row: Watched, now: Date): Promise<void> {
  const { count } = await database.approval.updateMany({ where: { id: row.id, status: 'pending', warnedAt: null }, data: { warnedAt: now } });
  if (count > 0) await tellApproval(log, row, expiringEvent(row, now), 'expiring');
}
