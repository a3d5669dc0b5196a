/**
 * One attempt of one run, from its first event to its last: moves what the workflow yields into rows and log, and ends the row on
 * every way out, whether it succeeds, fails, is stopped or is given back, to be tried again later if that may help. Claims nothing and
 * knows no other run.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { PatternWorkflow } from '../orchestration/patterns.ts';
import type { ReplyWorkflow } from '../orchestration/reply.ts';
import type { Turn } from '../orchestration/turn.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import { isDatabaseUnavailable, type Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { worksForDesk } from '../desk/desk-run.ts';
import type { ApprovalDesk } from '../desk/approval.ts';
import type { EscalationDesk } from '../desk/escalation.ts';
import type { Budgets } from './budget.ts';
import { Muted } from './answer-recorder.ts';
import { LeaseLost } from './lease.ts';
import { loadTurn, PatternRunInput } from './load-turn.ts';
import { readPast } from './past-steps.ts';
import { readDecisions, Suspended } from './suspension.ts';
import { retryDelayMs } from './retry-delay.ts';
import { LogUnavailable } from './run-log.ts';
import { createRecorder, type Recorder, type RunError } from './recorder.ts';

export interface AttemptDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly reply: ReplyWorkflow;
  readonly patterns: PatternWorkflow;
  /** Removes what a workflow kept between its steps; `whole` when its run has ended, with what waited for people. */
  readonly forget: (runId: string, whole: boolean) => Promise<void>;
  readonly knowledge: Pick<Knowledge, 'recordUse'>;
  readonly budgets: Budgets;
  /** Who is asked when a workflow may not go on by itself. */
  readonly approvals: Pick<ApprovalDesk, 'request'>;
  /** Where a workflow's wish for a person goes. */
  readonly escalations: Pick<EscalationDesk, 'raise'>;
  readonly logger: Logger;
  readonly runMs: number;
  /** 0 up to but not including 1: spreads retries. */
  readonly random?: () => number;
  /** Bugs go here; refusals do not. */
  readonly report: (error: unknown, context: Readonly<Record<string, string>>) => void;
}

/** How long a terminal write is tried again while the database is away; after that the lease runs out and another attempt is made. */
const WRITE_RETRY_MS = [50, 100, 250, 500, 1_000, 1_000, 1_000, 2_000] as const;

/** How long a halted workflow is listened to for what it has spent; one that does not hear the abort is left behind. */
const HALT_MS = 3_000;

type HaltKind = 'stop' | 'park' | 'lease_lost' | 'timeout' | 'given_up';

/** Why a run's signal was aborted. */
export class RunHalted extends Error {
  readonly kind: HaltKind;
  readonly by: string;
  constructor(kind: HaltKind, by = 'system') {
    super(`run halted: ${kind}`);
    this.name = 'RunHalted';
    this.kind = kind;
    this.by = by;
  }
}

/**
 * One attempt from its first event to its last. Never rejects: whatever happens ends in the row or in the lease running out.
 * @returns When the run is to be tried again; null when this is not waited for.
 */
export async function attempt(deps: AttemptDeps, run: Run, signal: AbortSignal): Promise<Date | null> {
  const again = await attemptOnce(deps, run, signal);
  await forgetEnded(deps, run, again !== null);
  return again;
}

async function attemptOnce(deps: AttemptDeps, run: Run, signal: AbortSignal): Promise<Date | null> {
  const recorder = createRecorder(deps, run);
  const logger = deps.logger.child({ runId: run.id, conversationId: run.conversationId, attempt: run.attempt });
  const started = performance.now();
  try {
    signal.throwIfAborted();
    const turn = await prepare(deps, run, recorder);
    signal.throwIfAborted();
    const cited = await follow(deps, run, turn, recorder, signal);
    signal.throwIfAborted();
    await persist(deps, () => recorder.succeed());
    await recordCited(deps, run, cited);
    logger.info({ ms: Math.round(performance.now() - started) }, 'run finished');
    return null;
  } catch (error) {
    return conclude(deps, run, recorder, signal.aborted ? signal.reason : error, logger).catch((failure: unknown) => {
      logger.error({ err: failure }, 'run could not be ended: its lease will run out and it is attempted again');
      return null;
    });
  }
}

/**
 * What was parked or lost goes on from there. One that failed and is tried again begins anew, but for who had succeeded and for what
 * people have decided. An answer keeps nothing unless it waited for people, and then this is not its first attempt.
 */
async function forgetEnded({ database, forget, logger }: AttemptDeps, run: Run, retried: boolean): Promise<void> {
  if ((run.workflow === 'reply' || run.workflow === 'agent') && run.attempt === 1) return;
  try {
    const row = await database.run.findUnique({ where: { id: run.id }, select: { finishedAt: true } });
    const ended = row?.finishedAt != null;
    if (retried || ended) await forget(run.id, ended);
  } catch (error) {
    logger.debug({ err: error, runId: run.id }, 'the state of an ended workflow was not removed: retention will');
  }
}

/** Side by side: readers hear that it began while its budget is held and the turn is read. All is over before anything else is done. */
async function prepare({ budgets, database, clock }: AttemptDeps, run: Run, recorder: Recorder): Promise<Turn> {
  const [begun, held, turn] = await Promise.allSettled([recorder.begin(), budgets.reserve(run), loadTurn(database, run, clock.now())]);
  for (const done of [begun, held]) if (done.status === 'rejected') throw done.reason;
  if (turn.status === 'rejected') throw turn.reason;
  return turn.value;
}

/** Moves the workflow's events into rows and log, and answers which articles it quoted. */
async function follow(deps: AttemptDeps, run: Run, turn: Turn, recorder: Recorder, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const cited = new Set<string>();
  const events = (await workflowOf(deps, run, turn, signal))[Symbol.asyncIterator]();
  let limit: NodeJS.Timeout | undefined;
  const leave = (): void => {
    limit = setTimeout(() => void events.return?.(), HALT_MS);
  };
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  try {
    for (let read = await events.next(); !read.done; read = await events.next()) {
      const event = read.value;
      // Halted: nothing more is written or told, but what the model says it has spent is counted.
      if (signal.aborted) recorder.count(event);
      else {
        const taken = recorder.take(event);
        if (taken) await taken;
      }
      if (event.type === 'cited') cited.add(event.passage.articleId);
    }
    return cited;
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', leave);
    await events.return?.();
  }
}

/** Answers a message or runs one agent, or is one of the patterns, whatever name it was started by. */
async function workflowOf({ reply, patterns, database }: AttemptDeps, run: Run, turn: Turn, signal: AbortSignal): Promise<AsyncIterable<WorkflowEvent>> {
  const [past, decisions] = await Promise.all([readPast(database, run), readDecisions(database, run)]);
  if (run.workflow === 'reply' || run.workflow === 'agent') return reply(turn, { past, decisions }, signal);
  const { workflow } = PatternRunInput.parse(run.input);
  return patterns(turn, workflow, { past, decisions }, signal);
}

async function conclude(deps: AttemptDeps, run: Run, recorder: Recorder, reason: unknown, logger: Logger): Promise<Date | null> {
  if (!(reason instanceof RunHalted)) return concludeError(deps, run, recorder, reason, logger);
  logger.info({ reason: reason.kind }, 'run halted');
  switch (reason.kind) {
    case 'stop':
      return end(deps, () => recorder.stop(reason.by));
    case 'park':
      return end(deps, () => recorder.park());
    case 'lease_lost':
      await recorder.abandon();
      return null;
    case 'timeout': {
      const message = `The run took longer than ${Math.round(deps.runMs / 1_000)} seconds.`;
      return failOrRetry(deps, run, recorder, { code: 'MODEL_OVERLOADED', message, retryable: true });
    }
    case 'given_up':
      return end(deps, () => recorder.fail({ code: 'INTERNAL', message: 'This could not be answered in several attempts.', retryable: true }));
  }
}

async function concludeError(deps: AttemptDeps, run: Run, recorder: Recorder, reason: unknown, logger: Logger): Promise<Date | null> {
  if (reason instanceof Suspended) {
    logger.info({ decided: reason.decided }, 'run waits for people to decide');
    // Decided since: another attempt goes on with it. Else the row waits, and nothing more is written.
    return reason.decided ? end(deps, () => recorder.park()) : null;
  }
  if (reason instanceof Muted) {
    logger.info('run ended: people have taken the conversation');
    // Whoever took it stands on the row, and had the run stopped: this attempt only noticed before it was told.
    const { stoppedBy } = await deps.database.run.findUniqueOrThrow({ where: { id: run.id }, select: { stoppedBy: true } });
    return end(deps, () => recorder.stop(stoppedBy ?? 'system'));
  }
  if (reason instanceof LeaseLost) {
    logger.warn('run was lost to another instance: nothing more written');
    await recorder.abandon();
    return null;
  }
  if (isAway(reason)) {
    // Nothing is wrong with the run: it goes back to the queue when that can be written, else its lease runs out.
    logger.warn({ err: reason }, 'run given back: what it is written to is away');
    return end(deps, () => recorder.park());
  }
  const told = asRunError(reason);
  if (told.code === 'INTERNAL') deps.report(reason, { runId: String(logger.bindings()['runId']) });
  logger.warn({ err: reason, code: told.code, retriesLeft: run.retriesLeft }, 'run failed');
  return failOrRetry(deps, run, recorder, told);
}

/** What may pass and has tries left goes back to the queue for later; anything else is the end of the run. */
async function failOrRetry(deps: AttemptDeps, run: Run, recorder: Recorder, error: RunError): Promise<Date | null> {
  if (!error.retryable || run.retriesLeft === 0) return end(deps, () => recorder.fail(error));
  const notBefore = new Date(deps.clock.now().getTime() + retryDelayMs(run.attempt, deps.random ?? Math.random));
  await persist(deps, () => recorder.retry(notBefore));
  return notBefore;
}

async function end(deps: AttemptDeps, write: () => Promise<boolean>): Promise<null> {
  await persist(deps, write);
  return null;
}

/** The rows or the log cannot be written at the moment. */
function isAway(error: unknown): boolean {
  return error instanceof LogUnavailable || isDatabaseUnavailable(error);
}

/** Two writes wanted each other's rows, and this one was sent away: it may simply be made again. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'P2034' || error.code === '40P01' || error.code === '40001');
}

function asRunError(error: unknown): RunError {
  if (error instanceof AppError) return { code: error.code, message: error.message, retryable: error.retryable };
  return { code: 'INTERNAL', message: 'Something unexpected happened while this was being answered.', retryable: true };
}

/** Tries a terminal write again while the database is away. */
async function persist({ clock, logger }: AttemptDeps, write: () => Promise<boolean>): Promise<void> {
  for (const waitMs of WRITE_RETRY_MS) {
    try {
      if (!(await write())) logger.warn('run was lost to another instance: nothing written');
      return;
    } catch (error) {
      if (error instanceof LeaseLost) return logger.warn('run was lost to another instance: nothing written');
      if (!isAway(error) && !isConflict(error)) throw error;
      await clock.sleep(waitMs);
    }
  }
  await write();
}

/** Which articles were quoted; what is missing here disturbs no answer. */
async function recordCited({ knowledge, logger }: AttemptDeps, run: Run, cited: ReadonlySet<string>): Promise<void> {
  if (cited.size === 0) return;
  try {
    await knowledge.recordUse([...cited], 'cited', { conversationId: worksForDesk(run) ? null : run.conversationId, runId: run.id });
  } catch (error) {
    logger.warn({ err: error, runId: run.id }, 'quoted articles were not recorded');
  }
}
