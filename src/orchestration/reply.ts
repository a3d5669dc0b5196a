/**
 * The workflow that answers one message: understand -> route -> agent (-> agent ...) -> finish, as a LangGraph graph. Knows no rows
 * and no log: it yields, the driver writes. A run that is taken up again starts a new attempt from here. An agent that is run by its
 * id takes the same way: only its route is known before.
 */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';
import type { Route, Router } from '../catalog/router.ts';
import type { LlmUsage } from '../llm/llm.ts';
import { runAgentStep, type AgentStepDeps, type AgentStepResult } from './agent-step.ts';
import { createChooseAgent } from './choose-agent.ts';
import { takeOverNote, type Barred } from './hand-over.ts';
import { endHandOvers, judgeTurn, type JudgeDeps } from './judge.ts';
import type { PeopleNote } from './people.ts';
import { snapshotOf, type Intent } from './snapshot.ts';
import { saidBefore, type Turn } from './turn.ts';
import type { SignalReader } from './understand/signal-model.ts';
import { describeReading } from './understand/reading.ts';
import { understand, type Understanding } from './understand.ts';
import type { Emit, StepOutcome, WorkflowEvent } from './workflow-event.ts';
import { streamWorkflow } from './workflow-stream.ts';

export interface ReplyDeps extends AgentStepDeps, JudgeDeps {
  readonly catalog: Catalog;
  readonly router: Router;
  readonly readSignals: SignalReader;
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

/** Nodes one turn may visit: hand-overs are bounded by policy, and this stands behind it. */
const NODES_MAX = 50;

/** The agents of one answer, first to last. */
interface Chain {
  readonly agents: readonly Agent[];
  /** Why the last of them was called; null for the first. */
  readonly reason: string | null;
  /** What the customer has read so far. */
  readonly said: string;
  readonly citations: AgentStepResult['citations'];
}

/** What was decided before anybody answers. */
interface Routed {
  readonly confidence: number;
  readonly intent: Intent;
  readonly people: PeopleNote | null;
  /** True when this turn has asked for a person. */
  readonly personWanted: boolean;
}

const State = Annotation.Root({
  turn: Annotation<Turn>,
  emit: Annotation<Emit>,
  signal: Annotation<AbortSignal>,
  understanding: Annotation<Understanding | null>,
  routed: Annotation<Routed | null>,
  chain: Annotation<Chain | null>,
  /** The last agent's; null while somebody is still to speak. */
  answered: Annotation<AgentStepResult | null>,
});

type ReplyState = typeof State.State;

export function createReply(deps: ReplyDeps): ReplyWorkflow {
  const graph = new StateGraph(State)
    .addNode('understand', (state) => step(state, 'understand', null, null, async () => understandTurn(deps, state)))
    .addNode('route', (state) => step(state, 'route', null, 'router', (signal) => route(deps, state, signal)))
    .addNode('agent', (state) => answer(deps, state))
    .addNode('finish', (state) => finish(state))
    .addEdge(START, 'understand')
    .addEdge('understand', 'route')
    .addEdge('route', 'agent')
    .addConditionalEdges('agent', (state) => (state.answered ? 'finish' : 'agent'), ['agent', 'finish'])
    .addEdge('finish', END)
    .compile();

  return (turn, signal) =>
    // The signal goes to the nodes and not to the graph, which would leave a node that is still at work behind.
    streamWorkflow(
      (emit, both) => graph.invoke({ turn, emit, signal: both, understanding: null, routed: null, chain: null, answered: null }, { recursionLimit: NODES_MAX }),
      signal,
    );
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

async function understandTurn({ readSignals }: ReplyDeps, { turn }: ReplyState): Promise<StepDone> {
  const understanding = understand({ ...turn, earlier: saidBefore(turn) }, readSignals);
  return { update: { understanding }, output: { ...understanding } };
}

async function route(deps: ReplyDeps, { turn, understanding, emit }: ReplyState, signal: AbortSignal): Promise<StepDone> {
  if (!understanding) throw new Error('the route node ran before the message was understood');
  const disabled = await deps.disabledAgents();
  const chosen = turn.agentId === null ? await askRouter(deps, turn, understanding, disabled, emit, signal) : routeByName(turn.agentId, disabled);
  const agent = deps.catalog.get(chosen.agentId);
  if (!agent) throw new Error(`the router chose ${chosen.agentId}, which the catalogue does not have`);
  await emit({ type: 'agent_chosen', route: chosen });
  const { agentId, confidence, by, reason } = chosen;
  const [domain = '', category = ''] = agent.domain.split('/');
  const intent = { domain, category, agentId };
  const { escalation, people } = await judgeTurn(deps, turn, understanding, chosen, intent, emit);
  const personWanted = escalation.decision === 'ESCALATE';
  return {
    update: { routed: { confidence, intent, people, personWanted }, chain: { agents: [agent], reason: null, said: '', citations: [] } },
    output: { agentId, confidence, by, reason, intent, escalation },
  };
}

async function askRouter(
  deps: ReplyDeps,
  turn: Turn,
  { subject }: Understanding,
  disabled: ReadonlySet<string>,
  emit: Emit,
  signal: AbortSignal,
): Promise<Route> {
  const { lastAgentId } = turn;
  const onUsed = (usage: LlmUsage, model: string) => emit({ type: 'used', step: 'route', request: 1, usage, model });
  // The offline model understands no language: the index knows more.
  const choose = deps.llm.name === 'offline' ? undefined : createChooseAgent({ llm: deps.llm, catalog: deps.catalog, onUsed });
  return deps.router.route({ text: subject, earlier: saidBefore(turn), lastAgentId, enabled: (agentId) => !disabled.has(agentId), choose }, signal);
}

function routeByName(agentId: string, disabled: ReadonlySet<string>): Route {
  if (disabled.has(agentId)) throw new AppError('UNAVAILABLE', `The agent ${agentId} is switched off at the moment.`, { retryable: false });
  return { agentId, confidence: 1, candidates: [{ agentId, confidence: 1 }], reason: 'It was asked for by its id.', by: 'person' };
}

async function answer(deps: ReplyDeps, state: ReplyState): Promise<Partial<ReplyState>> {
  const { turn, chain, understanding, routed, emit } = state;
  const agent = chain?.agents.at(-1);
  if (!agent || !chain || !understanding || !routed) throw new Error('the agent node ran before a route was chosen');
  const hop = chain.agents.length;
  const path = hop === 1 ? 'agent' : `agent/${hop}`;
  return step(state, path, agent.id, agent.role, async (signal) => {
    const before = chain.agents.at(-2);
    const { people } = routed;
    const notes = [
      describeReading(understanding),
      ...(before && chain.reason !== null ? [takeOverNote(before, chain.reason, chain.said)] : []),
      ...(people ? [people.note] : []),
    ];
    const { language } = understanding.language;
    const { mayHandOverTo, barred } = await targetsOf(deps, state, chain);
    const mustSay = hop === 1 && people?.mustSay ? { mustSay: people.mustSay } : {};
    const input = { step: path, agent, turn, mayHandOverTo, ...(barred ? { barred } : {}), notes, ...mustSay, saidBefore: chain.said, language };
    const result = await runAgentStep(deps, input, emit, signal);
    if (result.finishReason === 'refusal') throw new AppError('MODEL_REFUSED', 'The model refused to answer this message.', { retryable: false });
    const said = chain.said + result.text;
    const citations = [...chain.citations, ...result.citations];
    const output = {
      finishReason: result.finishReason,
      citations: result.citations.map((passage) => passage.slug),
      ...(result.guarded ? { guarded: true } : {}),
    };
    if (result.handOver) {
      const { to, reason } = result.handOver;
      const snapshot = snapshotOf({ turn, understanding, ...routed, agents: idsOf(chain), said });
      await emit({ type: 'handed_over', from: agent.id, to: to.id, reason, hop, snapshot });
      const onward = { agents: [...chain.agents, to], reason, said, citations };
      return { update: { chain: onward }, output: { ...output, handedOverTo: to.id, reason, hop } };
    }
    if (said.trim() === '') throw new AppError('MODEL_OVERLOADED', 'The model gave an empty answer.');
    return { update: { answered: result, chain: { ...chain, said, citations } }, output };
  });
}

interface Targets {
  readonly mayHandOverTo: readonly Agent[];
  readonly barred: Barred | null;
}

/**
 * Whom the last agent may hand over to: named in its file, switched on, and not heard in this answer yet; nobody after the last hop.
 * Whoever wants to go on all the same, in a circle or further, gets a person asked for.
 */
async function targetsOf(deps: ReplyDeps, { turn, understanding, routed, emit }: ReplyState, chain: Chain): Promise<Targets> {
  const named = chain.agents.at(-1)?.handsOverTo ?? [];
  if (named.length === 0 || !understanding || !routed) return { mayHandOverTo: [], barred: null };
  const [disabled, { hopsMax }] = await Promise.all([deps.disabledAgents(), deps.policy()]);
  const known = named.flatMap((id) => (disabled.has(id) ? [] : (deps.catalog.get(id) ?? [])));
  const heard = known.filter(({ id }) => idsOf(chain).includes(id));
  const fresh = known.filter((agent) => !heard.includes(agent));
  const usedUp = chain.agents.length > hopsMax;
  let { personWanted } = routed;
  const barred: Barred = {
    agents: usedUp ? known : heard,
    offered: usedUp ? fresh : [],
    ask(to) {
      const asked = personWanted;
      personWanted = true;
      const standing = { turn, understanding, ...routed, agents: idsOf(chain), said: chain.said };
      return endHandOvers(deps, standing, heard.includes(to) ? 'hand_over_loop' : 'hand_overs_used_up', asked, emit);
    },
  };
  return { mayHandOverTo: usedUp ? [] : fresh, barred };
}

function idsOf({ agents }: Chain): readonly string[] {
  return agents.map(({ id }) => id);
}

async function finish({ turn, chain, answered: given, emit }: ReplyState): Promise<Partial<ReplyState>> {
  const agent = chain?.agents.at(-1);
  if (!agent || !chain || !given) throw new Error('the finish node ran before an agent had answered');
  const cut = given.finishReason === 'max_tokens' || given.finishReason === 'context_window';
  const citations = chain.citations.map(({ articleId, slug, title, section }) => ({ articleId, slug, title, section }));
  const outcome = given.guarded ? 'guarded' : cut ? 'truncated' : 'answered';
  await emit({
    type: 'finished',
    outcome,
    finishReason: given.finishReason,
    result: { agentId: agent.id, citations, ...(turn.conversationId === null ? { text: chain.said } : {}) },
  });
  return {};
}
