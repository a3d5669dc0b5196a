/**
 * Writes one attempt of one run: each workflow event becomes rows first and log events second, and exactly one terminal event ends
 * it. The terminal write is fenced by the lease: who lost it writes nothing any more. Decides nothing about what happens next.
 */
import type { Clock } from '../foundation/clock.ts';
import type { EventLog } from '../events/event-log.ts';
import type { ParleyEvent, Usage } from '../events/event.ts';
import { addUsage, NO_USAGE, type LlmUsage } from '../llm/llm.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import { createAnswerRecorder } from './answer-recorder.ts';
import { createStepRecorder } from './step-recorder.ts';

export interface RecorderDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export interface Recorder {
  /** Tells that the run started; a message of an earlier attempt is taken back. */
  begin(): Promise<void>;
  take(event: WorkflowEvent): Promise<void>;
  /** The terminal writes: each resolves to false when the lease was lost and nothing was written. May be repeated after an error. */
  succeed(): Promise<boolean>;
  fail(error: RunError): Promise<boolean>;
  stop(by: string): Promise<boolean>;
  /** Gives the run back to the queue: whoever claims it next starts another attempt. */
  park(): Promise<boolean>;
}

interface Ending {
  readonly status: 'succeeded' | 'failed' | 'stopped';
  readonly data: Prisma.RunUncheckedUpdateManyInput;
  readonly event: (head: { readonly at: string; readonly visibility: 'CUSTOMER'; readonly runId: string; readonly usage: Usage }) => ParleyEvent;
}

type Finished = Extract<WorkflowEvent, { type: 'finished' }>;

export function createRecorder({ database, log, clock }: RecorderDeps, run: Run): Recorder {
  const channel = run.conversationId ? (`conversation:${run.conversationId}` as const) : (`run:${run.id}` as const);
  const fence = { id: run.id, leaseOwner: run.leaseOwner, attempt: run.attempt, status: 'running' } as const;
  const used = new Map<string, { readonly step: string; readonly usage: LlmUsage }>();
  let agentId = run.agentId;
  let model: string | null = null;
  let finished: Finished | null = null;
  let stepsClosed = false;

  const tell = (...events: ParleyEvent[]) => log.append(channel, events);
  const usageOf = (step?: string): Usage =>
    [...used.values()].filter((one) => step === undefined || one.step === step).reduce<LlmUsage>((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
  const steps = createStepRecorder({ database, clock, tell, usageOf }, run);
  const answer = createAnswerRecorder({ database, clock, tell }, run);

  async function end({ status, data, event }: Ending): Promise<boolean> {
    const now = clock.now();
    if (!stepsClosed && status !== 'succeeded') await steps.closeAll(status);
    stepsClosed = true;
    const usage = usageOf();
    const won = await database.$transaction(async (tx) => {
      const { count } = await tx.run.updateMany({
        where: fence,
        data: { ...data, ...usage, status, agentId, model, firstTokenMs: answer.firstTokenMs(), finishedAt: now, leaseUntil: null },
      });
      if (count === 0) return false;
      await answer.finish(tx, status === 'succeeded' ? 'complete' : 'partial', now);
      if (run.conversationId)
        await tx.conversation.update({ where: { id: run.conversationId }, data: { lastMessageAt: now, ...(agentId ? { agentId } : {}) } });
      return true;
    });
    if (!won) return false;
    const at = now.toISOString();
    const messageId = answer.messageId();
    const told: ParleyEvent[] = messageId ? [{ type: 'MessageFinished', at, visibility: 'CUSTOMER', messageId, runId: run.id }] : [];
    await tell(...told, event({ at, visibility: 'CUSTOMER', runId: run.id, usage }));
    return true;
  }

  async function choose({ route }: Extract<WorkflowEvent, { type: 'agent_chosen' }>): Promise<void> {
    const { confidence, candidates, reason, by } = route;
    agentId = route.agentId;
    await database.run.updateMany({ where: fence, data: { agentId } });
    await tell({ type: 'AgentChosen', ...head(clock, 'CUSTOMER'), runId: run.id, agentId, confidence, candidates: [...candidates], reason, by });
  }

  return {
    async begin() {
      const taken = await answer.adopt();
      await tell({ type: 'RunStarted', ...head(clock, 'CUSTOMER'), runId: run.id, attempt: run.attempt }, ...taken);
    },
    async take(event) {
      switch (event.type) {
        case 'text':
          return answer.say(event);
        case 'step_started':
          return steps.start(event);
        case 'step_finished':
          return steps.finish(event);
        case 'agent_chosen':
          return choose(event);
        case 'cited':
          return answer.cite(event.passage);
        case 'used':
          model = event.model;
          used.set(`${event.step}#${event.request}`, { step: event.step, usage: event.usage });
          return void (await tell({ type: 'UsageUpdated', ...head(clock, 'STAFF'), runId: run.id, usage: usageOf() }));
        case 'tool_called':
        case 'tool_returned':
          return void (await tell(toolEvent(event, { ...head(clock, 'STAFF'), runId: run.id })));
        case 'finished':
          finished = event;
          return;
      }
    },
    async succeed() {
      if (!finished) throw new Error(`the workflow of run ${run.id} ended without finishing`);
      const { outcome, finishReason, result } = finished;
      return end({
        status: 'succeeded',
        data: { outcome, finishReason, result: result as Prisma.InputJsonObject },
        event: (first) => ({ type: 'RunFinished', ...first, outcome, finishReason, firstTokenMs: answer.firstTokenMs() }),
      });
    },
    async fail({ code, message, retryable }) {
      const partialKept = answer.begun();
      return end({
        status: 'failed',
        data: { errorCode: code, errorMessage: message, errorRetryable: retryable, partialKept },
        event: (first) => ({ type: 'RunFailed', ...first, code, message, retryable, partialKept }),
      });
    },
    async stop(by) {
      return end({ status: 'stopped', data: { stoppedBy: by, partialKept: answer.begun() }, event: (first) => ({ type: 'RunStopped', ...first, by }) });
    },
    async park() {
      const { count } = await database.run.updateMany({ where: fence, data: { status: 'queued', leaseOwner: null, leaseUntil: null } });
      return count > 0;
    },
  };
}

function head<V extends 'CUSTOMER' | 'STAFF'>(clock: Clock, visibility: V): { at: string; visibility: V } {
  return { at: clock.now().toISOString(), visibility };
}

function toolEvent(
  event: Extract<WorkflowEvent, { type: 'tool_called' | 'tool_returned' }>,
  first: { at: string; visibility: 'STAFF'; runId: string },
): ParleyEvent {
  const { step, callId, tool, agentId } = event;
  const common = { ...first, step, callId, tool, agentId };
  if (event.type === 'tool_called') return { type: 'ToolCalled', ...common, arguments: { ...event.arguments } };
  return { type: 'ToolReturned', ...common, summary: event.summary, failed: event.failed };
}
