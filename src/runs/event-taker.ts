/**
 * Takes what a workflow yields while it runs, event by event: rows first, log second, and nothing that goes on once the run has used
 * all it may. How an attempt begins and ends is recorder.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { AnswerRecorder } from './answer-recorder.ts';
import type { PeopleRecorder } from './people-recorder.ts';
import type { BudgetNote, RunBudget } from './budget-ledger.ts';
import type { Decided, RunRow } from './run-row.ts';
import type { SpokenRecorder } from './spoken-recorder.ts';
import type { StepRecorder } from './step-recorder.ts';
import type { UsageMeter } from './usage-meter.ts';

type Tell = (...events: readonly ParleyEvent[]) => Promise<unknown>;

export interface EventTakerDeps {
  readonly clock: Clock;
  readonly tell: Tell;
  /** For what readers take for an answer. */
  readonly speak: Tell;
  readonly row: Pick<RunRow, 'note'>;
  readonly used: UsageMeter;
  readonly budget: RunBudget;
  readonly steps: Pick<StepRecorder, 'start' | 'finish' | 'hold' | 'flush'>;
  readonly answer: Pick<AnswerRecorder, 'say' | 'flush' | 'cite'>;
  readonly people: PeopleRecorder;
  readonly spoken: Pick<SpokenRecorder, 'say' | 'again' | 'end'>;
  /** Never resolves: the attempt ends with it. */
  readonly suspend: (event: Extract<WorkflowEvent, { type: 'approval_wanted' }>) => Promise<never>;
}

type Finished = Extract<WorkflowEvent, { type: 'finished' }>;

export interface EventTaker {
  /** Undefined when there is nothing to wait for. @throws AppError BUDGET_EXCEEDED */
  take(event: WorkflowEvent): Promise<void> | undefined;
  /** The workflow's last event; null before it. */
  finished(): Finished | null;
  /** The agent that is the voice of the turn; null before one was chosen. */
  agentId(): string | null;
  /** What was judged of the message; null before it was. */
  decided(): Decided | null;
}

export function createEventTaker({ clock, tell, speak, row, used, budget, steps, answer, people, spoken, suspend }: EventTakerDeps, run: Run): EventTaker {
  let { agentId } = run;
  let finished: Finished | null = null;
  let decided: Decided | null = null;

  function choose({ route }: Extract<WorkflowEvent, { type: 'agent_chosen' }>): void {
    const { confidence, candidates, reason, by } = route;
    agentId = route.agentId;
    steps.hold({ type: 'AgentChosen', ...head(clock, 'CUSTOMER'), runId: run.id, agentId, confidence, candidates: [...candidates], reason, by });
  }

  /** Written with the end of the run, told among its steps: a turn that needs nobody costs nothing more. */
  function decide({ escalation, confidence }: Extract<WorkflowEvent, { type: 'escalation_decided' }>): void {
    const { decision, fired, priority, team, reason } = escalation;
    const word = DECISIONS[decision];
    const rules = fired.map(({ rule }) => rule);
    decided = { decision: word, rules };
    steps.hold({ type: 'EscalationDecided', ...head(clock, 'STAFF'), runId: run.id, decision: word, rules, confidence, priority, team, reason });
  }

  async function noteBudget(): Promise<void> {
    for (const warning of budget.count(used.ofRun())) await tell(budgetWarning(warning, clock.now().toISOString(), run.id));
  }

  function say(event: Extract<WorkflowEvent, { type: 'text' }>): Promise<void> | undefined {
    // A request that reached the limit is cut off; what it said before is kept.
    if (!event.heldBack) budget.assertLeft();
    return answer.say(event);
  }

  /** Whatever is not text comes after the text before it. */
  async function takeOther(event: Exclude<WorkflowEvent, { type: 'text' | 'spoken' }>): Promise<void> {
    await answer.flush();
    switch (event.type) {
      case 'step_started':
        budget.assertLeft();
        return steps.start(event);
      case 'step_finished':
        // Every word before the end of who said it.
        await spoken.end(event.step);
        return steps.finish(event);
      case 'agent_chosen':
        return choose(event);
      case 'escalation_decided':
        return decide(event);
      case 'person_wanted':
        budget.assertLeft();
        // The desk must not hear of the wish before the conversation has heard why.
        await steps.flush();
        return people.raise(event);
      case 'approval_wanted':
        await steps.flush();
        return suspend(event);
      case 'spoken_anew':
        return spoken.again(event);
      case 'cited':
        return answer.cite(event.passage);
      case 'used':
        // The row learns of a request once it has begun; what it adds is written with the next, or with the end.
        if (used.count(event)) await row.note({ ...used.ofRun(), model: event.model, agentId });
        await tell({ type: 'UsageUpdated', ...head(clock, 'STAFF'), runId: run.id, usage: used.ofRun() });
        return noteBudget();
      case 'tool_called':
        budget.assertLeft();
        await speak(toolEvent(event, { ...head(clock, 'STAFF'), runId: run.id }));
        return;
      case 'tool_returned':
        await tell(toolEvent(event, { ...head(clock, 'STAFF'), runId: run.id }));
        return;
      case 'handed_over': {
        agentId = event.to;
        await people.handedOver(event);
        const { from: fromAgentId, to: toAgentId, reason, hop } = event;
        await speak({ type: 'HandedOver', ...head(clock, 'CUSTOMER'), runId: run.id, fromAgentId, toAgentId, reason, hop });
        return;
      }
      case 'finished':
        finished = event;
        return;
    }
  }

  return {
    take(event) {
      if (event.type === 'text') return say(event);
      if (event.type !== 'spoken') return takeOther(event);
      budget.assertLeft();
      return spoken.say(event);
    },
    finished: () => finished,
    agentId: () => agentId,
    decided: () => decided,
  };
}

const DECISIONS = { ANSWER: 'answer', OFFER: 'offer', ESCALATE: 'escalate' } as const;

function head<V extends 'CUSTOMER' | 'STAFF'>(clock: Clock, visibility: V): { at: string; visibility: V } {
  return { at: clock.now().toISOString(), visibility };
}

export function budgetWarning({ scope, unit, spent, limit, tokens }: BudgetNote, at: string, runId: string): ParleyEvent {
  return { type: 'BudgetWarning', at, visibility: 'STAFF', runId, scope, unit, spent, limit, tokens };
}

function toolEvent(
  event: Extract<WorkflowEvent, { type: 'tool_called' | 'tool_returned' }>,
  first: { at: string; visibility: 'STAFF'; runId: string },
): ParleyEvent {
  const { step, callId, tool, agentId } = event;
  const common = { ...first, step, callId, tool, agentId };
  if (event.type === 'tool_called') return { type: 'ToolCalled', ...common, arguments: { ...event.arguments } };
  return { type: 'ToolReturned', ...common, summary: event.summary, failed: event.failed, code: event.code };
}
