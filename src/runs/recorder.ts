/**
 * Writes one attempt of one run: each workflow event becomes rows first and log events second, and exactly one terminal event ends
 * it. What counts is fenced by the lease: who lost it is thrown out with LeaseLost, or ends nothing. Decides nothing about what happens next.
 */
import type { Clock } from '../foundation/clock.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ParleyEvent, Usage } from '../events/event.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { createAnswerRecorder } from './answer-recorder.ts';
import type { ApprovalDesk } from '../desk/approval.ts';
import type { Budgets } from './budget.ts';
import type { BudgetNote } from './budget-ledger.ts';
import { budgetWarning, createEventTaker } from './event-taker.ts';
import { asUnavailable, createRunLog } from './run-log.ts';
import { createPeopleRecorder, type PeopleRecorderDeps } from './people-recorder.ts';
import { createRunRow, writeSuspended, type RunEnd, type RunFacts } from './run-row.ts';
import { createSpokenRecorder } from './spoken-recorder.ts';
import { suspend } from './suspension.ts';
import { createStepRecorder } from './step-recorder.ts';
import { createUsageMeter } from './usage-meter.ts';

export interface RecorderDeps extends Pick<PeopleRecorderDeps, 'escalations'> {
  readonly approvals: Pick<ApprovalDesk, 'request'>;
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly budgets: Budgets;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export interface Recorder {
  /** Tells that the run started; a message of an earlier attempt is taken back. */
  begin(): Promise<void>;
  /** Undefined when there is nothing to wait for. @throws AppError BUDGET_EXCEEDED for what goes on after the run has used all it may. */
  take(event: WorkflowEvent): Promise<void> | undefined;
  /** For a workflow that is being halted: counts what it says it spent, and hears nothing else. */
  count(event: WorkflowEvent): void;
  /** The terminal writes: each resolves to false when the lease was lost and nothing was written. May be repeated after an error. */
  succeed(): Promise<boolean>;
  fail(error: RunError): Promise<boolean>;
  stop(by: string): Promise<boolean>;
  /** Gives the run back to the queue with what it has written and spent: whoever claims it next starts another attempt. */
  park(): Promise<boolean>;
  /** The same after a failure that may pass, with one try less: nobody takes it up before that moment, and readers hear that it waits. */
  retry(notBefore: Date): Promise<boolean>;
  /** For an attempt that was replaced: ends the steps it wrote and nothing else. */
  abandon(): Promise<void>;
}

interface Ending extends Pick<RunEnd, 'status'> {
  readonly facts: Pick<RunFacts, 'partialKept' | 'stoppedBy' | 'outcome' | 'finishReason' | 'result' | 'error'>;
  readonly event: (head: { readonly at: string; readonly visibility: 'CUSTOMER'; readonly runId: string; readonly usage: Usage }) => ParleyEvent;
}

export function createRecorder({ database, log, clock, budgets, escalations, approvals }: RecorderDeps, run: Run): Recorder {
  const { tell, speak } = createRunLog(log, run);
  const row = createRunRow(database, run);
  const used = createUsageMeter(run);
  const steps = createStepRecorder({ database, clock, tell, usageOf: used.ofStep }, run);
  const answer = createAnswerRecorder({ database, clock, tell: speak }, run);
  const people = createPeopleRecorder({ database, clock, escalations: { raise: (by, input) => escalations.raise(by, input).catch(asUnavailable) } }, run);
  const spoken = createSpokenRecorder({ database, clock, tell }, run);
  const taker = createEventTaker({ clock, tell, speak, row, used, budget: budgets.ofRun(run), steps, answer, people, spoken, suspend: wait }, run);
  let begun = false;
  let stepsClosed = false;
  let lastWords: readonly ParleyEvent[] | null = null;

  /** What was said stands before anybody is asked; what was spent is counted before the row waits: nobody has it until people have decided. */
  async function wait(event: Extract<WorkflowEvent, { type: 'approval_wanted' }>): Promise<never> {
    const usage = used.ofRun();
    const messageId = await answer.pause(clock.now());
    if (messageId) await tell({ type: 'MessageFinished', at: clock.now().toISOString(), visibility: 'CUSTOMER', messageId, runId: run.id });
    return suspend(approvals, run, event, async (tx) => {
      const facts = { agentId: taker.agentId(), decided: taker.decided(), firstTokenMs: answer.firstTokenMs(), partialKept: kept() };
      await writeSuspended(tx, run, { ...usage, model: used.model(), ...facts });
      await budgets.settle(tx, run, usage, false, clock.now());
    });
  }

  /** Whether what was written stands: of this attempt, or, when it never began, of the one before. */
  const kept = (): boolean => (begun ? answer.begun() : run.partialKept);

  async function end({ status, facts, event }: Ending): Promise<boolean> {
    // Nothing is said after the end. Words that could not be told stand in the row, which the end carries.
    await (status === 'succeeded' ? answer.flush() : answer.flush().catch(() => undefined));
    if (!begun && run.attempt > 1) await steps.closeEarlier();
    if (!stepsClosed) await steps.closeAll(status === 'succeeded' ? 'failed' : status);
    stepsClosed = true;
    lastWords ??= await write({ status, facts, event });
    if (lastWords) await tell(...lastWords);
    return lastWords !== null;
  }

  /** Ends the row; resolves to what is to be told then, or to null when the row is no longer ours. */
  async function write({ status, facts, event }: Ending): Promise<readonly ParleyEvent[] | null> {
    const now = clock.now();
    const usage = used.ofRun();
    const all = { ...facts, ...usage, agentId: taker.agentId(), decided: taker.decided(), model: used.model(), firstTokenMs: answer.firstTokenMs() };
    let notes: readonly BudgetNote[] = [];
    const ended = await row.end({ status, facts: all, now }, async (tx) => {
      notes = await budgets.settle(tx, run, usage, true, now);
      return answer.finish(tx, status === 'succeeded' ? 'complete' : 'partial', now);
    });
    if (!ended) return null;
    const { messageId } = ended;
    const at = now.toISOString();
    const told: ParleyEvent[] = messageId ? [{ type: 'MessageFinished', at, visibility: 'CUSTOMER', messageId, runId: run.id }] : [];
    const warnings = notes.map((one) => budgetWarning(one, at, run.id));
    return [...told, ...warnings, event({ at, visibility: 'CUSTOMER', runId: run.id, usage })];
  }

  /** What was written is kept until the run is taken up again: who stops it before that keeps it. */
  async function giveBack(notBefore: Date | null): Promise<boolean> {
    const facts = { ...used.ofRun(), model: used.model(), partialKept: kept() };
    return row.park(facts, notBefore, async (tx) => {
      await budgets.settle(tx, run, used.ofRun(), false, clock.now());
      return answer.finish(tx, 'partial', clock.now());
    });
  }

  return {
    count(event) {
      if (event.type === 'used') used.count(event);
    },
    async begin() {
      begun = true;
      // Before the rows of what was cut off are closed: they say what it was.
      const unsaid = await spoken.adopt();
      if (run.attempt > 1) await steps.closeEarlier();
      const taken = [...unsaid, ...(await answer.adopt())];
      await tell({ type: 'RunStarted', at: clock.now().toISOString(), visibility: 'CUSTOMER', runId: run.id, attempt: run.attempt }, ...taken);
    },
    take: taker.take,
    async succeed() {
      const finished = taker.finished();
      if (!finished) throw new Error(`the workflow of run ${run.id} ended without finishing`);
      const { outcome, finishReason, result } = finished;
      return end({
        status: 'succeeded',
        facts: { outcome, finishReason, result, partialKept: false },
        event: (first) => ({ type: 'RunFinished', ...first, outcome, finishReason, firstTokenMs: answer.firstTokenMs() }),
      });
    },
    async fail({ code, message, retryable }) {
      const partialKept = kept();
      return end({
        status: 'failed',
        facts: { error: { code, message, retryable }, partialKept },
        event: (first) => ({ type: 'RunFailed', ...first, code, message, retryable, partialKept }),
      });
    },
    async stop(by) {
      return end({ status: 'stopped', facts: { stoppedBy: by, partialKept: kept() }, event: (first) => ({ type: 'RunStopped', ...first, by }) });
    },
    async park() {
      await answer.flush().catch(() => undefined);
      await steps.closeAll('stopped', true);
      return giveBack(null);
    },
    async retry(notBefore) {
      await answer.flush().catch(() => undefined);
      await steps.closeAll('failed');
      if (!(await giveBack(notBefore))) return false;
      // The row says it all the same; and whoever was quick enough to take it up again has told more.
      await tell({ type: 'RunQueued', at: clock.now().toISOString(), visibility: 'CUSTOMER', runId: run.id, place: 0 }).catch(() => undefined);
      return true;
    },
    abandon: () => steps.closeAll('failed', true),
  };
}
