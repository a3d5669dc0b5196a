/**
 * Drives runs: takes a job, claims the run, moves its workflow's events into rows and log, and sees to it that the row ends on
 * every way out: succeeded, failed, stopped, or given back. The only loop that does so. What a workflow does is orchestration's.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, notFound } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import { runsVisibleTo } from '../desk/access.ts';
import type { EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import { NO_USAGE } from '../llm/llm.ts';
import type { ReplyWorkflow } from '../orchestration/reply.ts';
import { isDatabaseUnavailable, type Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { claimRun, findRunnable, RENEW_MS, renewLeases } from './lease.ts';
import { loadTurn } from './load-turn.ts';
import { createRecorder, type Recorder, type RunError } from './recorder.ts';
import type { StopResult } from './runs.ts';

export interface DriverDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly clock: Clock;
  readonly reply: ReplyWorkflow;
  readonly knowledge: Pick<Knowledge, 'recordUse'>;
  readonly logger: Logger;
  /** This process, as it stands on the rows of its runs. */
  readonly instanceId: string;
  readonly runMs: number;
  readonly runsAtOnce: number;
  /** Bugs go here; refusals do not. */
  readonly report: (error: unknown, context: Readonly<Record<string, string>>) => void;
}

export interface RunDriver {
  /** Begins to take jobs and to look for runs nobody works on. */
  start(): void;
  stop(viewer: Viewer, runId: string): Promise<StopResult>;
  /** Takes no more runs, waits up to `drainMs` for the active ones, and gives the rest back to the queue. */
  close(drainMs: number): Promise<void>;
}

const SCAN_MS = 2_000;
const SCAN_MAX = 200;
/** How long `stop` waits for the driver that has the run. */
const STOP_MS = 10_000;
const STOP_POLL_MS = 100;
/** How long a terminal write is tried again while the database is away; after that the lease runs out and another attempt is made. */
const WRITE_RETRY_MS = [50, 100, 250, 500, 1_000, 1_000, 1_000, 2_000] as const;

type HaltKind = 'stop' | 'park' | 'lease_lost' | 'timeout';

/** Why a run's signal was aborted. */
class RunHalted extends Error {
  readonly kind: HaltKind;
  readonly by: string;
  constructor(kind: HaltKind, by = 'system') {
    super(`run halted: ${kind}`);
    this.name = 'RunHalted';
    this.kind = kind;
    this.by = by;
  }
}

interface ActiveRun {
  readonly halt: (reason: RunHalted) => void;
  readonly done: Promise<void>;
}

export function createRunDriver(deps: DriverDeps): RunDriver {
  const { database, jobs, clock, logger } = deps;
  const active = new Map<string, ActiveRun>();
  const closing = new AbortController();
  const background: Promise<void>[] = [];
  const stopWorkers: (() => Promise<void>)[] = [];

  async function drive(runId: string): Promise<void> {
    if (closing.signal.aborted || active.has(runId)) return;
    const run = await claimUnlessTaken(deps, runId);
    if (!run) return;
    const controller = new AbortController();
    const done = attempt(deps, run, controller.signal);
    active.set(runId, { halt: (reason) => controller.abort(reason), done });
    if (run.stopRequestedAt) controller.abort(new RunHalted('stop', run.stoppedBy ?? 'system'));
    const timer = setTimeout(() => controller.abort(new RunHalted('timeout')), deps.runMs);
    try {
      await done;
    } finally {
      clearTimeout(timer);
      active.delete(runId);
      await wakeNext(deps, run);
    }
  }

  async function renew(): Promise<void> {
    const ids = [...active.keys()];
    if (ids.length === 0) return;
    const renewed = new Map((await renewLeases(database, ids, deps.instanceId)).map((row) => [row.id, row]));
    for (const id of ids) {
      const row = renewed.get(id);
      if (!row) active.get(id)?.halt(new RunHalted('lease_lost'));
      else if (row.stopRequestedAt) await haltStopped(id);
    }
  }

  async function haltStopped(runId: string): Promise<void> {
    const found = active.get(runId);
    if (!found) return;
    const row = await database.run.findUnique({ where: { id: runId }, select: { stoppedBy: true, stopRequestedAt: true } });
    if (row?.stopRequestedAt) found.halt(new RunHalted('stop', row.stoppedBy ?? 'system'));
  }

  async function scan(): Promise<void> {
    for (const id of await findRunnable(database, SCAN_MAX)) if (!active.has(id)) await jobs.enqueue({ kind: 'run', id });
  }

  async function repeat(everyMs: number, what: string, work: () => Promise<void>): Promise<void> {
    while (!closing.signal.aborted) {
      await clock.sleep(everyMs, closing.signal).catch(() => undefined);
      if (closing.signal.aborted || !canWork(deps.log)) continue;
      await work().catch((error: unknown) => logger.warn({ err: error }, what));
    }
  }

  return {
    start() {
      stopWorkers.push(jobs.work('run', { atOnce: deps.runsAtOnce }, drive), jobs.work('stop', { atOnce: 50 }, haltStopped));
      background.push(repeat(RENEW_MS, 'leases were not renewed', renew), repeat(SCAN_MS, 'waiting runs were not looked for', scan));
    },
    stop: (viewer, runId) =>
      stopRun(deps, viewer, runId, (by) => {
        const found = active.get(runId);
        found?.halt(new RunHalted('stop', by));
        return found?.done;
      }),
    async close(drainMs) {
      const drained = Promise.all([...active.values()].map((run) => run.done));
      const stopped = stopWorkers.splice(0).map((stop) => stop());
      const waited = AbortSignal.timeout(Math.max(1, drainMs));
      if (active.size > 0) await Promise.race([drained, clock.sleep(drainMs, waited).catch(() => undefined)]);
      for (const run of active.values()) run.halt(new RunHalted('park'));
      closing.abort();
      await Promise.allSettled([...stopped, ...background, drained]);
    },
  };
}

function canWork(log: EventLog): boolean {
  try {
    log.assertAvailable();
    return true;
  } catch {
    // Another instance owns the conversations: nothing here is ours to run.
    return false;
  }
}

async function claimUnlessTaken({ database, log, instanceId, logger }: DriverDeps, runId: string): Promise<Run | null> {
  if (!canWork(log)) return null;
  try {
    return await claimRun(database, runId, instanceId);
  } catch (error) {
    // Two runs of one conversation claimed at once, or no database: the row brings the run back.
    logger.debug({ err: error, runId }, 'run was not claimed');
    return null;
  }
}

/** One attempt from its first event to its last. Never rejects: whatever happens ends in the row or in the lease running out. */
async function attempt(deps: DriverDeps, run: Run, signal: AbortSignal): Promise<void> {
  const recorder = createRecorder(deps, run);
  const logger = deps.logger.child({ runId: run.id, conversationId: run.conversationId, attempt: run.attempt });
  const started = performance.now();
  try {
    await recorder.begin();
    signal.throwIfAborted();
    const turn = await loadTurn(deps.database, run, deps.clock.now());
    const cited = new Set<string>();
    for await (const event of deps.reply(turn, signal)) {
      signal.throwIfAborted();
      await recorder.take(event);
      if (event.type === 'cited') cited.add(event.passage.articleId);
    }
    signal.throwIfAborted();
    await persist(deps, () => recorder.succeed());
    await recordCited(deps, run, cited);
    logger.info({ ms: Math.round(performance.now() - started) }, 'run finished');
  } catch (error) {
    await conclude(deps, recorder, signal.aborted ? signal.reason : error, logger).catch((failure: unknown) => {
      logger.error({ err: failure }, 'run could not be ended: its lease will run out and it is attempted again');
    });
  }
}

async function conclude(deps: DriverDeps, recorder: Recorder, reason: unknown, logger: Logger): Promise<void> {
  if (reason instanceof RunHalted) {
    logger.info({ reason: reason.kind }, 'run halted');
    if (reason.kind === 'stop') await persist(deps, () => recorder.stop(reason.by));
    if (reason.kind === 'park') await persist(deps, () => recorder.park());
    if (reason.kind === 'timeout')
      await persist(deps, () =>
        recorder.fail({ code: 'MODEL_OVERLOADED', message: `The run took longer than ${Math.round(deps.runMs / 1_000)} seconds.`, retryable: true }),
      );
    return;
  }
  // Without a database nothing can be written, not even the failure: the lease runs out and the run is attempted again.
  if (isDatabaseUnavailable(reason)) throw reason;
  const told = asRunError(reason);
  if (told.code === 'INTERNAL') deps.report(reason, { runId: String(logger.bindings()['runId']) });
  logger.warn({ err: reason, code: told.code }, 'run failed');
  await persist(deps, () => recorder.fail(told));
}

function asRunError(error: unknown): RunError {
  if (error instanceof AppError) return { code: error.code, message: error.message, retryable: error.retryable };
  return { code: 'INTERNAL', message: 'Something unexpected happened while this was being answered.', retryable: true };
}

/** Tries a terminal write again while the database is away. */
async function persist({ clock, logger }: DriverDeps, write: () => Promise<boolean>): Promise<void> {
  for (const waitMs of WRITE_RETRY_MS) {
    try {
      if (!(await write())) logger.warn('run was lost to another instance: nothing written');
      return;
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      await clock.sleep(waitMs);
    }
  }
  await write();
}

/** Which articles were quoted; what is missing here disturbs no answer. */
async function recordCited({ knowledge, logger }: DriverDeps, run: Run, cited: ReadonlySet<string>): Promise<void> {
  if (cited.size === 0) return;
  try {
    await knowledge.recordUse([...cited], 'cited', { conversationId: run.conversationId, runId: run.id });
  } catch (error) {
    logger.warn({ err: error, runId: run.id }, 'quoted articles were not recorded');
  }
}

async function wakeNext({ database, jobs, logger }: DriverDeps, run: Run): Promise<void> {
  if (!run.conversationId) return;
  try {
    const next = await database.run.findFirst({
      where: { conversationId: run.conversationId, status: 'queued' },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
    if (next && next.id !== run.id) await jobs.enqueue({ kind: 'run', id: next.id });
  } catch (error) {
    logger.debug({ err: error }, 'the next run was not woken: the scan will find it');
  }
}

/** `halt` stops the run where it is driven here, and answers when that is done. */
async function stopRun(deps: DriverDeps, viewer: Viewer, runId: string, halt: (by: string) => Promise<void> | undefined): Promise<StopResult> {
  const { database, log, clock } = deps;
  log.assertAvailable();
  const found = await database.run.findFirst({ where: { AND: [{ id: runId }, runsVisibleTo(viewer)] } });
  if (!found) throw notFound('run');
  if (found.finishedAt) return stopResult(database, runId, true);
  const by = viewerKey(viewer);
  const now = clock.now();
  const { count } = await database.run.updateMany({ where: { id: runId, status: 'queued' }, data: { status: 'stopped', stoppedBy: by, finishedAt: now } });
  if (count > 0) {
    await log.append(`conversation:${found.conversationId ?? runId}`, [
      { type: 'RunStopped', at: now.toISOString(), visibility: 'CUSTOMER', runId, by, usage: NO_USAGE },
    ]);
    await wakeNext(deps, found);
    return stopResult(database, runId, false);
  }
  await database.run.updateMany({ where: { id: runId, finishedAt: null, stopRequestedAt: null }, data: { stopRequestedAt: now, stoppedBy: by } });
  const deadline = performance.now() + STOP_MS;
  const waited = new AbortController();
  try {
    await Promise.race([halt(by), clock.sleep(STOP_MS, waited.signal).catch(() => undefined)]);
  } finally {
    waited.abort();
  }
  while (performance.now() < deadline) {
    const result = await stopResult(database, runId, false);
    if (result.run.finishedAt) return { ...result, alreadyFinished: result.run.status !== 'stopped' };
    await clock.sleep(STOP_POLL_MS);
  }
  throw new AppError('UNAVAILABLE', 'The run was asked to stop and has not ended yet. Ask again in a moment.', { retryAfterMs: 2_000 });
}

async function stopResult(database: Database, runId: string, alreadyFinished: boolean): Promise<StopResult> {
  const run = await database.run.findUniqueOrThrow({ where: { id: runId } });
  const message = await database.message.findFirst({ where: { runId, role: 'agent' } });
  return { run, message, alreadyFinished };
}
