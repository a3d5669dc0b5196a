/**
 * Writes the steps of one attempt: a row per step, told when it starts and when it ended, whichever way that was. Steps without an
 * agent take microseconds: what is to be written and told of them waits for the next step that has one, and goes with it. So does how
 * far the run has come: never a statement of its own.
 */
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
}

export interface StepRecorder {
  start(event: Extract<WorkflowEvent, { type: 'step_started' }>): Promise<void>;
  finish(event: Extract<WorkflowEvent, { type: 'step_finished' }>): Promise<void>;
  /** Told in its place among the steps. */
  hold(event: ParleyEvent): void;
  /** Writes and tells what is held, for something that must not come before it. */
  flush(): Promise<void>;
  /** Ends every step that is still open, and writes and tells what was held; `quietly` when nobody is to be told. */
  closeAll(outcome: 'failed' | 'stopped', quietly?: boolean): Promise<void>;
  /** Ends the rows that an earlier attempt left open when it was cut off. */
  closeEarlier(): Promise<void>;
}

export function createStepRecorder({ database, clock, tell, usageOf }: StepRecorderDeps, run: Run): StepRecorder {
  const open = new Map<string, OpenStep>();
  let heldRows: Prisma.RunStepCreateManyInput[] = [];
  let heldEvents: ParleyEvent[] = [];
  let known = 0;
  let finished = 0;

  /** In percent. Whoever has finished all that is known so far may still have something to come: only the end is 100. */
  const progress = (): number => (known === 0 ? 0 : Math.min(99, Math.floor((100 * finished) / known)));

  const eventHead = (at: Date) => ({ at: at.toISOString(), visibility: 'STAFF', runId: run.id, attempt: run.attempt }) as const;

  async function flush(rows: readonly Prisma.RunStepCreateManyInput[], events: readonly ParleyEvent[]): Promise<void> {
    const all = [...heldRows, ...rows];
    if (all.length > 0) {
      await database.sql.execute`
        WITH "moved" AS (UPDATE "Run" SET "progress" = ${progress()}
                          WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running' AND "progress" < ${progress()})
        INSERT INTO "RunStep" SELECT * FROM jsonb_populate_recordset(NULL::"RunStep", ${JSON.stringify(all.map(complete))}::jsonb)`;
    }
    // Only now: a write that failed is made again when the run ends.
    heldRows = [];
    const told = [...heldEvents, ...events];
    heldEvents = [];
    if (told.length > 0) await tell(...told);
  }

  async function finish(event: Extract<WorkflowEvent, { type: 'step_finished' }>, quietly = false): Promise<void> {
    const opened = open.get(event.step);
    if (!opened) return;
    const finishedAt = clock.now();
    const { id, path, agentId, role, startedAt } = opened;
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
    const ms = finishedAt.getTime() - startedAt.getTime();
    const told: ParleyEvent = {
      type: 'StepFinished',
      ...eventHead(finishedAt),
      step: event.step,
      path,
      agentId,
      role,
      outcome: event.outcome,
      ms,
      output: event.output,
    };
    // The last one that is open is followed by another one, whose start says how far it is, or by the end.
    if (agentId !== null) await endRow(database, id, ended, run, open.size > 1 ? progress() : 0);
    else heldRows.push({ id, runId: run.id, path, attempt: run.attempt, agentId, role: role ?? path, startedAt, ...ended });
    // Only now: a write that failed leaves the step open, so that the end of the run closes it.
    open.delete(event.step);
    if (quietly) return;
    if (agentId === null) heldEvents.push(told);
    else await tell(told);
  }

  return {
    finish(event) {
      if (open.has(event.step)) finished += 1;
      return finish(event);
    },
    hold: (event) => void heldEvents.push(event),
    flush: () => flush([], []),
    async start({ step, path, agentId, role }) {
      const opened: OpenStep = { id: newId('step'), path, agentId, role, startedAt: clock.now() };
      known += 1;
      const told: ParleyEvent = { type: 'StepStarted', ...eventHead(opened.startedAt), step, path, agentId, role };
      if (agentId === null) {
        open.set(step, opened);
        heldEvents.push(told);
        return;
      }
      const row = { id: opened.id, runId: run.id, path, attempt: run.attempt, agentId, role: role ?? path, startedAt: opened.startedAt };
      // Open from before its row is written: whichever way the telling goes, the row is ended.
      open.set(step, opened);
      await flush([row], [told]);
    },
    async closeEarlier() {
      await database.runStep.updateMany({
        where: { runId: run.id, attempt: { lt: run.attempt }, status: 'running' },
        data: { status: 'failed', errorCode: 'UNAVAILABLE', errorMessage: 'The attempt was cut off.', finishedAt: clock.now() },
      });
    },
    async closeAll(outcome, quietly) {
      for (const step of open.keys()) await finish({ type: 'step_finished', step, outcome, output: null }, quietly);
      if (quietly) heldEvents = [];
      await flush([], []);
    },
  };
}

type Ended = Pick<
  Prisma.RunStepUncheckedCreateInput,
  'status' | 'inputTokens' | 'outputTokens' | 'cost' | 'finishedAt' | 'errorCode' | 'errorMessage' | 'output'
>;

function endRow(database: Database, id: string, ended: Ended, run: Run, progress: number): Promise<number> {
  const output = ended.output === undefined ? null : JSON.stringify(ended.output);
  return database.sql.execute`
    WITH "moved" AS (UPDATE "Run" SET "progress" = ${progress}
                      WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running' AND "progress" < ${progress})
    UPDATE "RunStep" SET "status" = ${ended.status}::"StepStatus", "inputTokens" = ${ended.inputTokens}, "outputTokens" = ${ended.outputTokens},
           "cost" = ${ended.cost}, "finishedAt" = ${ended.finishedAt}, "errorCode" = ${ended.errorCode}, "errorMessage" = ${ended.errorMessage},
           "output" = ${output}::jsonb
     WHERE "id" = ${id}`;
}

/** A row as it is inserted: nothing is left to the columns' defaults. */
function complete(row: Prisma.RunStepCreateManyInput): Prisma.RunStepCreateManyInput {
  return { status: 'running', inputTokens: 0, outputTokens: 0, cost: '0', ...row };
}
