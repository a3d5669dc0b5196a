/**
 * Drives runs: a job wakes it, it claims the run that goes next, whichever the job was about, keeps its lease while attempt.ts works on
 * it, and stops it when asked. Looks for runs that nobody works on. The only one that does so; what a workflow does is orchestration's.
 */
import { AppError, notFound } from '../foundation/errors.ts';
import { requireScope, runsVisibleTo } from '../desk/access.ts';
import { tellDeskClosed } from '../desk/approval-events.ts';
import { endWaiting, stoppedEvent } from '../desk/conversation-lock.ts';
import { channelOf, tellable, worksForDesk } from '../desk/desk-run.ts';
import { isAvailable } from '../events/event-log.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { attempt, RunHalted, type AttemptDeps } from './attempt.ts';
import { claimNext, endOtherLeases, findRunnable, RENEW_MS, renewLeases } from './lease.ts';
import { PatternRunInput } from './load-turn.ts';
import type { StopResult } from './runs.ts';

export interface DriverDeps extends AttemptDeps {
  readonly jobs: JobQueue;
  readonly signals: SignalBus;
  /** This process, as it stands on the rows of its runs. */
  readonly instanceId: string;
  readonly runsAtOnce: number;
}

export interface RunDriver {
  /** Begins to take jobs and to look for runs nobody works on. */
  start(): void;
  /** Takes up at once what other instances left running. Only for who knows that none of them drives runs any more. */
  adopt(): void;
  stop(viewer: Viewer, runId: string): Promise<StopResult>;
  /** Takes no more runs, waits up to `drainMs` for the active ones, and gives the rest back to the queue. */
  close(drainMs: number): Promise<void>;
}

const SCAN_MS = 2_000;
const SCAN_MAX = 200;
/** How long `stop` waits for the driver that has the run. */
const STOP_MS = 10_000;
const STOP_POLL_MS = 100;
/** A run that was cut off this often may be what cuts off its processes. */
const ATTEMPTS_MAX = 10;
const DEADLINE_GRACE_MS = 10_000;

interface ActiveRun {
  readonly halt: (reason: RunHalted) => void;
  readonly done: Promise<unknown>;
}

export function createRunDriver(deps: DriverDeps): RunDriver {
  const { database, jobs, clock, logger } = deps;
  const active = new Map<string, ActiveRun>();
  const closing = new AbortController();
  const background: Promise<void>[] = [];
  const stopWorkers: (() => Promise<void>)[] = [];
  let stopHearing = (): void => {};
  /** Runs that are being claimed or driven here. */
  let taken = 0;
  /** What could be claimed at the last look, and what was taken without the queue then. */
  let waited: ReadonlySet<string> = new Set();
  const unqueued = new Set<Promise<void>>();

  /** The run that goes next, from its claim to its end. Rows decide which: any wake is as good as another. */
  async function driveNext(): Promise<void> {
    if (closing.signal.aborted || taken >= deps.runsAtOnce) return;
    taken += 1;
    try {
      const run = await claimUnlessTaken(deps, [...active.keys()]);
      if (run) await drive(run);
    } finally {
      taken -= 1;
    }
  }

  async function drive(run: Run): Promise<void> {
    const runId = run.id;
    const controller = new AbortController();
    if (run.stopRequestedAt) controller.abort(new RunHalted('stop', run.stoppedBy ?? 'system'));
    else if (run.attempt > ATTEMPTS_MAX) controller.abort(new RunHalted('given_up'));
    // Claimed while we were leaving: nobody waits for it any more.
    else if (closing.signal.aborted) controller.abort(new RunHalted('park'));
    const done = attempt(deps, run, controller.signal);
    const entry: ActiveRun = { halt: (reason) => controller.abort(reason), done };
    active.set(runId, entry);
    const timer = setTimeout(() => controller.abort(new RunHalted('timeout')), limitOf(run, deps.runMs));
    const again = await done;
    clearTimeout(timer);
    if (active.get(runId) === entry) active.delete(runId);
    if (again) await jobs.enqueue({ kind: 'run', id: runId, priority: run.priority, delayMs: delayMs(deps, again) });
    await wakeNext(deps, run);
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
    const found = (await findRunnable(database, SCAN_MAX, clock.now())).filter((id) => !active.has(id));
    for (const id of found) await jobs.enqueue({ kind: 'run', id });
    // Woken at the last look and not claimed since, although there is room here: its wake was lost, or waits behind the run that was
    // claimed in its stead.
    for (const id of found) {
      if (!waited.has(id) || taken >= deps.runsAtOnce) continue;
      const driven: Promise<void> = driveNext().finally(() => unqueued.delete(driven));
      unqueued.add(driven);
    }
    waited = new Set(found);
  }

  async function adopt(): Promise<void> {
    try {
      await endOtherLeases(database, deps.instanceId);
      await scan();
    } catch (error) {
      logger.warn({ err: error }, 'runs of other instances were not taken up: their leases will run out');
    }
  }

  async function repeat(everyMs: number, what: string, work: () => Promise<void>): Promise<void> {
    while (!closing.signal.aborted) {
      await clock.sleep(everyMs, closing.signal).catch(() => undefined);
      if (closing.signal.aborted || !isAvailable(deps.log)) continue;
      await work().catch((error: unknown) => logger.warn({ err: error }, what));
    }
  }

  return {
    start() {
      stopWorkers.push(jobs.work('run', { atOnce: deps.runsAtOnce }, driveNext));
      stopHearing = deps.signals.on('stop', haltStopped);
      background.push(repeat(RENEW_MS, 'leases were not renewed', renew), repeat(SCAN_MS, 'waiting runs were not looked for', scan));
    },
    adopt() {
      if (closing.signal.aborted) return;
      // Their earlier words stand in another life of the log: they begin again, so that nobody reads an answer from its middle.
      for (const run of active.values()) run.halt(new RunHalted('park'));
      background.push(adopt());
    },
    stop: (viewer, runId) =>
      stopRun(deps, viewer, runId, (by) => {
        const found = active.get(runId);
        if (!found) return deps.signals.send({ kind: 'stop', id: runId });
        found.halt(new RunHalted('stop', by));
        return found.done.then(() => undefined);
      }),
    async close(drainMs) {
      const drained = Promise.all([...active.values()].map((run) => run.done));
      const stopped = stopWorkers.splice(0).map((stop) => stop());
      const limit = new AbortController();
      if (active.size > 0) await Promise.race([drained, clock.sleep(drainMs, limit.signal).catch(() => undefined)]);
      limit.abort();
      for (const run of active.values()) run.halt(new RunHalted('park'));
      closing.abort();
      stopHearing();
      await Promise.allSettled([...stopped, ...background, ...unqueued, drained]);
    },
  };
}

/** A workflow keeps its own deadline; this stands behind it. */
function limitOf({ workflow, input }: Run, runMs: number): number {
  if (workflow === 'reply' || workflow === 'agent') return runMs;
  const read = PatternRunInput.safeParse(input);
  return read.success ? read.data.workflow.deadlineMs + DEADLINE_GRACE_MS : runMs;
}

async function claimUnlessTaken({ database, log, clock, instanceId, logger }: DriverDeps, inHand: readonly string[]): Promise<Run | null> {
  // Another instance owns the conversations: nothing here is ours to run.
  if (!isAvailable(log)) return null;
  try {
    return await claimNext(database, instanceId, clock.now(), inHand);
  } catch (error) {
    // Two runs of one conversation claimed at once, or no database: the row brings the run back.
    logger.debug({ err: error }, 'run was not claimed');
    return null;
  }
}

function delayMs({ clock }: Pick<DriverDeps, 'clock'>, notBefore: Date | null): number {
  return notBefore ? Math.max(0, notBefore.getTime() - clock.now().getTime()) : 0;
}

async function wakeNext(deps: DriverDeps, run: Run): Promise<void> {
  if (!run.conversationId || worksForDesk(run)) return;
  const { database, jobs, logger } = deps;
  try {
    const [next] = await database.sql.query<Pick<Run, 'id' | 'priority' | 'notBefore'>>`
      SELECT "id", "priority", "notBefore" FROM "Run" WHERE "conversationId" = ${run.conversationId} AND "workflow" IN ('reply', 'agent') AND "status" = 'queued' ORDER BY "createdAt", "id" LIMIT 1`;
    if (next && next.id !== run.id) await jobs.enqueue({ kind: 'run', id: next.id, priority: next.priority, delayMs: delayMs(deps, next.notBefore) });
  } catch (error) {
    logger.debug({ err: error }, 'the next run was not woken: the scan will find it');
  }
}

/** `halt` stops the run: where it is driven here it answers when that is done, else when whoever drives it was told. */
async function stopRun(deps: DriverDeps, viewer: Viewer, runId: string, halt: (by: string) => Promise<void>): Promise<StopResult> {
  const { database, log, clock } = deps;
  log.assertAvailable();
  const visible = runsVisibleTo(requireScope(viewer, 'write:conversations'));
  const found = await database.run.findFirst({ where: { AND: [{ id: runId }, visible] } });
  if (!found) throw notFound('run');
  if (found.finishedAt) return stopResult(database, runId, true);
  const by = viewerKey(viewer);
  const now = clock.now();
  const [stopped] = await database.run.updateManyAndReturn({
    where: { id: runId, status: 'queued' },
    data: { status: 'stopped', stoppedBy: by, finishedAt: now },
  });
  if (stopped) return tellStopped(deps, stopped, [], by, now);
  await database.run.updateMany({ where: { id: runId, finishedAt: null, stopRequestedAt: null }, data: { stopRequestedAt: now, stoppedBy: by } });
  const waited = await database.$transaction((tx) => endWaiting(tx, [runId], now));
  if (waited.stopped[0]) return tellStopped(deps, waited.stopped[0], waited.events, by, now);
  const deadline = performance.now() + STOP_MS;
  const limit = new AbortController();
  try {
    await Promise.race([halt(by), clock.sleep(STOP_MS, limit.signal).catch(() => undefined)]);
  } finally {
    limit.abort();
  }
  while (performance.now() < deadline) {
    const result = await stopResult(database, runId, false);
    if (result.run.finishedAt) return { ...result, alreadyFinished: result.run.status !== 'stopped' };
    await clock.sleep(STOP_POLL_MS);
  }
  throw new AppError('UNAVAILABLE', 'The run was asked to stop and has not ended yet. Ask again in a moment.', { retryAfterMs: 2_000 });
}

/** A run that nobody drove: whoever ended its row tells it, and wakes what waited behind it. */
async function tellStopped(deps: DriverDeps, run: Run, before: readonly ParleyEvent[], by: string, now: Date): Promise<StopResult> {
  const { database, log } = deps;
  const events = [...before, stoppedEvent(run, by, now)];
  await log.append(channelOf(run), tellable(run, events), { idempotencyKey: `end:${run.id}` });
  await tellDeskClosed(log, events);
  await wakeNext(deps, run);
  return stopResult(database, run.id, false);
}

async function stopResult(database: Database, runId: string, alreadyFinished: boolean): Promise<StopResult> {
  const run = await database.run.findUniqueOrThrow({ where: { id: runId } });
  const message = await database.message.findFirst({ where: { runId, role: 'agent' } });
  return { run, message, alreadyFinished };
}
