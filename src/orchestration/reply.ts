/**
 * The workflow that answers one message: understand -> route (-> team) -> agent (-> agent ...) (-> check) -> finish, as a LangGraph graph.
 * Knows no rows and no log: it yields, the driver writes. A run that is taken up again starts a new attempt from here, but for one that waited
 * for people (reply-waiting.ts); colleagues who had finished are not asked again. An agent that is run by its id takes the same way:
 * only its route is known before.
 */
import { END, START, StateGraph } from '@langchain/langgraph';
import { AppError } from '../foundation/errors.ts';
import type { Agent } from '../catalog/agent.ts';
import type { Route } from '../catalog/router.ts';
import type { LlmUsage } from '../llm/llm.ts';
import { runAgentStep } from './agent-step.ts';
import { addTo, holdBack, isChecked, NO_DRAFT } from './checked-answer.ts';
import { createChooseAgent } from './choose-agent.ts';
import { takeOverNote, type Barred } from './hand-over.ts';
import { endHandOvers, judgeTurn } from './judge.ts';
import type { Before } from './patterns.ts';
import { checkDraft } from './reply-check.ts';
import { idsOf, State, step, type Chain, type ReplyDeps, type ReplyState, type StepDone } from './reply-state.ts';
import { takeUpReply, tellSaid, waitInReply } from './reply-waiting.ts';
import { snapshotOf } from './snapshot.ts';
import { askTeam, teamNote } from './team.ts';
import { saidBefore, type Turn } from './turn.ts';
import { describeReading } from './understand/reading.ts';
import { understand, type Understanding } from './understand.ts';
import { createWaiting, type Waiting } from './waiting.ts';
import type { Emit, WorkflowEvent } from './workflow-event.ts';
import { streamWorkflow } from './workflow-stream.ts';

/**
 * Workflow events in order; ends after `finished`. Rejects with AppError, or with the signal's reason when it aborts: in both cases
 * only when nothing of it is at work any more, so that what was spent is said before. A reader that leaves aborts it.
 */
export interface ReplyWorkflow {
  (turn: Turn, before: Before, signal: AbortSignal): AsyncIterable<WorkflowEvent>;
}

/** Nodes one turn may visit: hand-overs are bounded by policy, and this stands behind it. */
const NODES_MAX = 50;

export function createReply(deps: ReplyDeps): ReplyWorkflow {
  const waiting = createWaiting(deps.checkpointer);
  const graph = new StateGraph(State)
    .addNode('understand', (state) => step(state, 'understand', null, null, async () => understandTurn(deps, state)))
    .addNode('choose', (state) => step(state, 'route', null, 'router', (signal) => route(deps, state, signal)))
    .addNode('gather', (state) => gatherTeam(deps, state))
    .addNode('agent', (state) => answer(deps, waiting, state))
    .addNode('check', (state) => step(state, 'check', null, 'verification', (signal) => checkDraft(deps, state, signal)))
    .addNode('finish', (state) => finish(state))
    .addConditionalEdges(START, (state) => (state.resumed ? 'agent' : 'understand'), ['agent', 'understand'])
    .addEdge('understand', 'choose')
    .addConditionalEdges('choose', (state) => (state.routed?.forTeam ? 'gather' : 'agent'), ['gather', 'agent'])
    .addEdge('gather', 'agent')
    .addConditionalEdges('agent', (state) => (!state.answered ? 'agent' : state.chain?.draft ? 'check' : 'finish'), ['agent', 'check', 'finish'])
    .addEdge('check', 'finish')
    .addEdge('finish', END)
    .compile();

  const nothing = { resumed: null, understanding: null, routed: null, route: null, team: null, chain: null, answered: null };
  return (turn, before, signal) =>
    // The signal goes to the nodes and not to the graph, which would leave a node that is still at work behind.
    streamWorkflow(async (emit, both) => {
      const begun = await takeUpReply(waiting, deps.catalog, { ...nothing, turn, before, emit, signal: both });
      return graph.invoke(begun, { recursionLimit: NODES_MAX });
    }, signal);
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
  const { teams } = await deps.policy();
  // Whom a person takes over from, and who was asked for by its name, answers alone.
  const forTeam = understanding.complexity.score >= teams.complexityFrom && !personWanted && by !== 'person';
  return {
    update: {
      route: chosen,
      routed: { confidence, intent, people, personWanted, forTeam },
      chain: { agents: [agent], reason: null, said: '', citations: [], draft: null },
    },
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

/** Asks colleagues; whatever becomes of that, the agent answers. Its participants are steps of the run themselves. */
async function gatherTeam(deps: ReplyDeps, { turn, route: chosen, emit, signal, before }: ReplyState): Promise<Partial<ReplyState>> {
  if (!chosen) throw new Error('colleagues were to be asked before a route was chosen');
  const [disabled, { teams }] = await Promise.all([deps.disabledAgents(), deps.policy()]);
  const asked = await askTeam({ ...deps, checkpointer: null }, { turn, emit, signal, ...before }, { route: chosen, disabled, policy: teams });
  return { team: 'alone' in asked ? null : asked };
}

async function answer(deps: ReplyDeps, waiting: Waiting, state: ReplyState): Promise<Partial<ReplyState>> {
  const { turn, chain, understanding, routed, team, emit } = state;
  const agent = chain?.agents.at(-1);
  if (!agent || !chain || !understanding || !routed) throw new Error('the agent node ran before a route was chosen');
  const hop = chain.agents.length;
  const path = hop === 1 ? 'agent' : `agent/${hop}`;
  return step<Partial<ReplyState>>(state, path, agent.id, agent.role, async (signal) => {
    const before = chain.agents.at(-2);
    const { people } = routed;
    const written = chain.said + (chain.draft?.text ?? '');
    const notes = [
      describeReading(understanding),
      ...(before && chain.reason !== null ? [takeOverNote(before, chain.reason, written)] : []),
      ...(people ? [people.note] : []),
      ...(team ? [teamNote(team)] : []),
    ];
    const { language } = understanding.language;
    const { mayHandOverTo, barred } = await targetsOf(deps, state, chain);
    const mustSay = hop === 1 && people?.mustSay ? { mustSay: people.mustSay } : {};
    const findings =
      hop === 1 && team ? { colleagues: team.findings.map(({ agentId, text }) => ({ title: deps.catalog.get(agentId)?.title ?? agentId, text })) } : {};
    const input = { step: path, agent, turn, mayHandOverTo, ...(barred ? { barred } : {}), notes, ...mustSay, ...findings, saidBefore: written, language };
    const { answerCheck } = await deps.policy();
    // What goes on from a draft is part of it.
    const draft = chain.draft ?? (isChecked(agent, answerCheck) ? NO_DRAFT : null);
    const held = draft ? holdBack(emit, path, agent.id) : null;
    const resumed = state.resumed?.before.step === path ? state.resumed : undefined;
    if (resumed) await tellSaid(emit, chain, path, agent.id);
    const result = await runAgentStep(held ? { ...deps, hurried: true } : deps, input, held?.emit ?? emit, signal, resumed);
    if (result.waits)
      return waitInReply(waiting, deps.catalog, { ...state, chain: draft && held ? { ...chain, draft: addTo(draft, '', held) } : chain }, result.waits);
    if (result.finishReason === 'refusal') throw new AppError('MODEL_REFUSED', 'The model refused to answer this message.', { retryable: false });
    const onward: Chain = {
      ...chain,
      said: draft ? chain.said : chain.said + result.text,
      citations: [...chain.citations, ...result.citations],
      draft: draft && held ? addTo(draft, result.text, held) : null,
    };
    const output = {
      finishReason: result.finishReason,
      citations: result.citations.map((passage) => passage.slug),
      ...(result.guarded ? { guarded: true } : {}),
      ...(draft ? { draft: true } : {}),
    };
    if (result.handOver) {
      const { to, reason } = result.handOver;
      const snapshot = snapshotOf({ turn, understanding, ...routed, agents: idsOf(chain), said: written + result.text });
      await emit({ type: 'handed_over', from: agent.id, to: to.id, reason, hop, snapshot });
      return { update: { chain: { ...onward, agents: [...chain.agents, to], reason } }, output: { ...output, handedOverTo: to.id, reason, hop } };
    }
    if ((written + result.text).trim() === '') throw new AppError('MODEL_OVERLOADED', 'The model gave an empty answer.');
    return { update: { answered: result, chain: onward }, output };
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

async function finish({ turn, chain, answered: given, emit }: ReplyState): Promise<Partial<ReplyState>> {
  const agent = chain?.agents.at(-1);
  if (!agent || !chain || !given) throw new Error('the finish node ran before an agent had answered');
  const cut = given.finishReason === 'max_tokens' || given.finishReason === 'context_window';
  const citations = chain.citations.map(({ articleId, slug, title, section }) => ({ articleId, slug, title, section }));
  const outcome = given.guarded ? 'guarded' : given.withheld ? 'withheld' : cut ? 'truncated' : 'answered';
  await emit({
    type: 'finished',
    outcome,
    finishReason: given.finishReason,
    result: { agentId: agent.id, citations, ...(turn.conversationId === null ? { text: chain.said } : {}) },
  });
  return {};
}
