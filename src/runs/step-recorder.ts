/** Writes the steps of one attempt: a row per step, told when it starts and when it ended, whichever way that was. */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import type { ParleyEvent, Usage } from '../events/event.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';

export interface StepRecorderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly tell: (...events: ParleyEvent[]) => Promise<unknown>;
  /** What a step spent so far. */
  readonly usageOf: (step: string) => Usage;
}

interface OpenStep {
  readonly id: string;
  readonly path: string;
  readonly agentId: string | null;
  readonly role: string | null;
  readonly startedAt: Date;
  readonly written: boolean;
}

export interface StepRecorder {
  start(event: Extract<WorkflowEvent, { type: 'step_started' }>): Promise<void>;
  finish(event: Extract<WorkflowEvent, { type: 'step_finished' }>): Promise<void>;
  /** Ends every step that is still open; `quietly` when nobody is to be told. */
  closeAll(outcome: 'failed' | 'stopped', quietly?: boolean): Promise<void>;
  /** Ends the rows that an earlier attempt left open when it was cut off. */
  closeEarlier(): Promise<void>;
}

export function createStepRecorder({ database, clock, tell, usageOf }: StepRecorderDeps, run: Run): StepRecorder {
  const open = new Map<string, OpenStep>();

  async function finish(event: Extract<WorkflowEvent, { type: 'step_finished' }>, quietly = false): Promise<void> {
    const opened = open.get(event.step);
    if (!opened) return;
    const finishedAt = clock.now();
    const { id, path, agentId, role, startedAt, written } = opened;
    const { inputTokens, outputTokens, cost } = usageOf(event.step);
    const ended = {
      status: event.outcome,
      inputTokens,
      outputTokens,
      cost,
      finishedAt,
      errorCode: event.error?.code ?? null,
      errorMessage: event.error?.message ?? null,
      ...(event.output ? { output: event.output as Prisma.InputJsonObject } : {}),
    };
    if (written) await database.runStep.update({ where: { id }, data: ended });
    else await database.runStep.create({ data: { id, runId: run.id, path, attempt: run.attempt, agentId, role: role ?? path, startedAt, ...ended } });
    // Only now: a write that failed leaves the step open, so that the end of the run closes it.
    open.delete(event.step);
    if (quietly) return;
    await tell({
      type: 'StepFinished',
      at: finishedAt.toISOString(),
      visibility: 'STAFF',
      runId: run.id,
      step: event.step,
      path,
      attempt: run.attempt,
      agentId,
      role,
      outcome: event.outcome,
      ms: finishedAt.getTime() - startedAt.getTime(),
    });
  }

  return {
    finish: (event) => finish(event),
    async start({ step, path, agentId, role }) {
      // Steps without an agent take microseconds: their row is written once, when they end.
      const opened: OpenStep = { id: newId('step'), path, agentId, role, startedAt: clock.now(), written: agentId !== null };
      if (opened.written)
        await database.runStep.create({
          data: { id: opened.id, runId: run.id, path, attempt: run.attempt, agentId, role: role ?? path, startedAt: opened.startedAt },
        });
      open.set(step, opened);
      await tell({
        type: 'StepStarted',
        at: opened.startedAt.toISOString(),
        visibility: 'STAFF',
        runId: run.id,
        step,
        path,
        attempt: run.attempt,
        agentId,
        role,
      });
    },
    async closeEarlier() {
      await database.runStep.updateMany({
        where: { runId: run.id, attempt: { lt: run.attempt }, status: 'running' },
        data: { status: 'failed', errorCode: 'UNAVAILABLE', errorMessage: 'The attempt was cut off.', finishedAt: clock.now() },
      });
    },
    async closeAll(outcome, quietly) {
      for (const step of open.keys()) await finish({ type: 'step_finished', step, outcome, output: null }, quietly);
    },
  };
}
