/**
 * The workflow that answers one message: understand -> route -> agent -> finish, as a LangGraph graph. Knows no rows and no log:
 * it yields, the driver writes. A run that is taken up again starts a new attempt from here.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { createBoundedQueue } from '../foundation/bounded-queue.ts';
import { AppError } from '../foundation/errors.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';
import type { Router } from '../catalog/router.ts';
import { runAgentStep, type AgentStepDeps, type AgentStepResult } from './agent-step.ts';
import type { Turn } from './turn.ts';
import { understand, type Understanding } from './understand.ts';
import type { Emit, StepOutcome, WorkflowEvent } from './workflow-event.ts';

export interface ReplyDeps extends AgentStepDeps {
  readonly catalog: Catalog;
  readonly router: Router;
  /** Ids of the agents the staff switched off. */
  readonly disabledAgents: () => Promise<ReadonlySet<string>>;
}

/**
 * Workflow events in order; ends after `finished`. Rejects with AppError, or with the signal's reason when it aborts: in both cases
 * only when nothing of it is at work any more, so that what was spent is said before. A reader that leaves aborts it.
 */
export interface ReplyWorkflow {
  (turn: Turn, signal: AbortSignal): AsyncIterable<WorkflowEvent>;
}

/** Events a workflow may be ahead of the driver. */
const AHEAD_MAX = 256;

const State = Annotation.Root({
  turn: Annotation<Turn>,
  emit: Annotation<Emit>,
  signal: Annotation<AbortSignal>,
  understanding: Annotation<Understanding | null>,
  speaker: Annotation<Agent | null>,
  answered: Annotation<AgentStepResult | null>,
});

type ReplyState = typeof State.State;

export function createReply(deps: ReplyDeps): ReplyWorkflow {
  const graph = new StateGraph(State)
    .addNode('understand', (state) => step(state, 'understand', null, null, async () => understandTurn(state)))
    .addNode('route', (state) => step(state, 'route', null, 'router', (signal) => route(deps, state, signal)))
    .addNode('agent', (state) => answer(deps, state))
    .addNode('finish', (state) => finish(state))
    .addEdge(START, 'understand')
    .addEdge('understand', 'route')
    .addEdge('route', 'agent')
    .addEdge('agent', 'finish')
    .addEdge('finish', END)
    .compile();

  return (turn, signal) => {
    // Our own queue, not the graph's custom stream: that one drops what was not yet read when a node fails.
    const events = createBoundedQueue<WorkflowEvent>(AHEAD_MAX);
    const left = new AbortController();
    const both = AbortSignal.any([signal, left.signal]);
    // The signal goes to the nodes and not to the graph, which would leave a node that is still at work behind.
    graph.invoke({ turn, emit: events.push, signal: both, understanding: null, speaker: null, answered: null }, { recursionLimit: 10 }).then(
      () => events.end(),
      (error: unknown) => events.end({ error: signal.aborted ? signal.reason : error }),
    );
    return leavable(events, () => left.abort());
  };
}

/** The same events; `leave` is called as soon as the reader returns. */
function leavable(events: AsyncIterable<WorkflowEvent>, leave: () => void): AsyncIterable<WorkflowEvent> {
  return {
    [Symbol.asyncIterator]() {
      const source = events[Symbol.asyncIterator]();
      return {
        next: () => source.next(),
        async return() {
          leave();
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

interface StepDone {
  readonly update: Partial<ReplyState>;
  readonly output: Readonly<Record<string, unknown>>;
}

/** Runs one node as a step of the run: told when it starts, told how it ended whichever way that is. */
async function step(
  { emit, signal }: ReplyState,
  path: string,
  agentId: string | null,
  role: string | null,
  work: (signal: AbortSignal) => Promise<StepDone>,
): Promise<Partial<ReplyState>> {
  signal.throwIfAborted();
  await emit({ type: 'step_started', step: path, path, agentId, role });
  try {
    const { update, output } = await work(signal);
    await emit({ type: 'step_finished', step: path, outcome: 'succeeded', output });
    return update;
  } catch (error) {
    const outcome: StepOutcome = signal.aborted ? 'stopped' : 'failed';
    const told = error instanceof AppError ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: 'Something unexpected happened.' };
    await emit({ type: 'step_finished', step: path, outcome, output: null, ...(outcome === 'failed' ? { error: told } : {}) });
    throw error;
  }
}

async function understandTurn({ turn }: ReplyState): Promise<StepDone> {
  const understanding = understand(turn);
  return { update: { understanding }, output: { ...understanding } };
}

async function route(deps: ReplyDeps, { turn, understanding, emit }: ReplyState, signal: AbortSignal): Promise<StepDone> {
  const disabled = await deps.disabledAgents();
  const chosen = await deps.router.route(
    {
      text: understanding?.subject ?? turn.text,
      earlier: turn.history.filter((message) => message.role === 'customer').map((message) => message.text),
      lastAgentId: turn.lastAgentId,
      enabled: (agentId) => !disabled.has(agentId),
    },
    signal,
  );
  const agent = deps.catalog.get(chosen.agentId);
  if (!agent) throw new Error(`the router chose ${chosen.agentId}, which the catalogue does not have`);
  await emit({ type: 'agent_chosen', route: chosen });
  return { update: { speaker: agent }, output: { agentId: chosen.agentId, confidence: chosen.confidence, by: chosen.by } };
}

async function answer(deps: ReplyDeps, state: ReplyState): Promise<Partial<ReplyState>> {
  const { turn, speaker: agent, emit } = state;
  if (!agent) throw new Error('the agent node ran before a route was chosen');
  return step(state, 'agent', agent.id, agent.role, async (signal) => {
    const result = await runAgentStep(deps, { step: 'agent', agent, turn }, emit, signal);
    if (result.finishReason === 'refusal') throw new AppError('MODEL_REFUSED', 'The model refused to answer this message.', { retryable: false });
    if (result.text.trim() === '') throw new AppError('MODEL_OVERLOADED', 'The model gave an empty answer.');
    return { update: { answered: result }, output: { finishReason: result.finishReason, citations: result.citations.map((passage) => passage.slug) } };
  });
}

async function finish({ speaker: agent, answered: given, emit }: ReplyState): Promise<Partial<ReplyState>> {
  if (!agent || !given) throw new Error('the finish node ran before an agent had answered');
  const cut = given.finishReason === 'max_tokens' || given.finishReason === 'context_window';
  const citations = given.citations.map(({ articleId, slug, title, section }) => ({ articleId, slug, title, section }));
  await emit({ type: 'finished', outcome: cut ? 'truncated' : 'answered', finishReason: given.finishReason, result: { agentId: agent.id, citations } });
  return {};
}
