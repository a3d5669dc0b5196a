/**
 * Starts what is due by the clock: looks every few seconds, and makes a run of each schedule whose time has come. Any instance may look;
 * one conditional update says whose run it is. A time that was missed is made up for once, and a schedule whose last run is still under
 * way lets this time pass. Row first, event second, then the job that wakes it; drives nothing.
 */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import type { Logger } from '../foundation/logger.ts';
import { isAvailable, type EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { Database } from '../store/database.ts';
import type { Schedule } from '../store/generated/prisma/client.ts';
import { nextTime } from './cron.ts';
import { startRounds, type Rounds } from './rounds.ts';

export interface ScheduleRoundsDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
}

const EVERY_MS = 5_000;
/** Schedules started in one look; the next one goes on. */
const DUE_MAX = 100;
/** Nobody waits in front of it who would ask again. */
const RETRIES = 3;

/** Begins at once and never throws; `close` ends the look under way. */
export function startScheduleRounds(deps: ScheduleRoundsDeps): Rounds {
  const { clock, logger, everyMs = EVERY_MS } = deps;
  return startRounds({
    clock,
    log: logger,
    everyMs,
    failed: 'schedules were not looked at; the next look makes up for it',
    round: (signal) => startDue(deps, signal),
  });
}

/** One look at what is due. @returns The runs that were started. */
export async function startDue(deps: Omit<ScheduleRoundsDeps, 'everyMs'>, signal: AbortSignal): Promise<readonly string[]> {
  const { database, log, clock, logger } = deps;
  // Else whoever owns the conversations looks.
  if (!isAvailable(log)) return [];
  const due = await database.schedule.findMany({ where: { enabled: true, nextRunAt: { lte: clock.now() } }, orderBy: { nextRunAt: 'asc' }, take: DUE_MAX });
  const started: string[] = [];
  for (const schedule of due) {
    signal.throwIfAborted();
    try {
      const runId = await startOne(deps, schedule);
      if (runId) started.push(runId);
    } catch (error) {
      logger.warn({ err: error, scheduleId: schedule.id }, 'a schedule could not be started; the next look tries again');
    }
  }
  return started;
}

/** Null when another instance was quicker, or its last run is still under way. */
async function startOne({ database, log, jobs, clock, logger }: Omit<ScheduleRoundsDeps, 'everyMs'>, schedule: Schedule): Promise<string | null> {
  const { id: scheduleId, customerId, workflow, input } = schedule;
  const now = clock.now();
  const nextRunAt = nextTime(schedule.cron, schedule.timeZone, now);
  const id = newId('run');
  const made = await database.$transaction(async (tx) => {
    // The customer before what hangs on them, as an erasure does.
    if (customerId) await tx.$queryRaw`SELECT 1 FROM "Customer" WHERE "id" = ${customerId} FOR KEY SHARE`;
    const { count } = await tx.schedule.updateMany({ where: { id: scheduleId, enabled: true, nextRunAt: schedule.nextRunAt }, data: { nextRunAt } });
    if (count === 0) return false;
    const open = await tx.run.findFirst({ where: { scheduleId, status: { in: ['queued', 'running', 'waiting'] } }, select: { id: true } });
    if (open) {
      logger.info({ scheduleId, runId: open.id }, 'a schedule passed its time over: its last run is still under way');
      return false;
    }
    await tx.schedule.update({ where: { id: scheduleId }, data: { lastRunAt: now } });
    await tx.run.create({ data: { id, workflow, customerId, input: input ?? {}, scheduleId, retriesLeft: RETRIES, createdAt: now } });
    return true;
  });
  if (!made) return null;
  try {
    await log.append(`run:${id}`, [{ type: 'RunQueued', at: now.toISOString(), visibility: 'CUSTOMER', runId: id, place: 0 }]);
    await jobs.enqueue({ kind: 'run', id });
  } catch (error) {
    logger.warn({ err: error, scheduleId, runId: id }, 'a run was started and nobody told: its row will bring it back');
  }
  return id;
}
