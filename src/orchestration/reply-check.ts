/** The node of an answer that says what was held back: when its check has passed, or a sentence in its place. How it is checked is checked-answer.ts. */
import type { Agent } from '../catalog/agent.ts';
import { runAgentStep } from './agent-step.ts';
import { addTo, checkAnswer, holdBack, NO_DRAFT, type Held } from './checked-answer.ts';
import { askForPerson } from './judge.ts';
import { NOTHING_BEFORE, onlyReading, type Stage } from './participant.ts';
import { withheldSentence } from './people.ts';
import { idsOf, step, type ReplyDeps, type ReplyState, type StepDone } from './reply-state.ts';
import { describeReading } from './understand/reading.ts';

/** Says what was held back when it has passed, else asks for a person and says that. */
export async function checkDraft(deps: ReplyDeps, state: ReplyState, signal: AbortSignal): Promise<StepDone> {
  const { turn, chain, understanding, routed, answered, emit } = state;
  const agent = chain?.agents.at(-1);
  const first = chain?.draft;
  if (!agent || !first || !understanding || !routed || !answered) throw new Error('the check node ran before there was a draft');
  const [disabled, { answerCheck }] = await Promise.all([deps.disabledAgents(), deps.policy()]);
  // Another attempt has another draft: what was found on the one before says nothing about it.
  const stage: Stage = { turn, emit, signal, ...NOTHING_BEFORE };
  const checked = answered.guarded
    ? null
    : await checkAnswer({ ...deps, checkpointer: null }, stage, {
        agent,
        draft: first,
        disabled,
        policy: answerCheck,
        revise: async (inner, path, note) =>
          addTo({ ...NO_DRAFT, grounds: first.grounds }, ...(await revise(deps, state, agent, { stage: inner, path, note }))),
      });
  const path = chain.agents.length === 1 ? 'agent' : `agent/${chain.agents.length}`;
  // An agent stopped for reciting its instructions says only that: there is nothing to check in it.
  const { action, approved, findings, drafts, draft } = checked ?? { action: 'approve', approved: true, findings: [], drafts: 1, draft: first };
  const output = { action, findings, drafts, approved };
  if (approved) {
    for (const passage of draft.citations) await emit({ type: 'cited', step: path, passage });
    await emit({ type: 'text', step: path, agentId: agent.id, text: draft.text });
    return { update: { chain: { ...chain, said: chain.said + draft.text, citations: [...draft.citations], draft: null } }, output };
  }
  const standing = { turn, understanding, ...routed, agents: idsOf(chain), said: chain.said };
  const why = action === 'unchecked' ? 'The answer could not be checked in time.' : `The answer did not pass its check (${action}). ${findings.join(' ')}`;
  const wait = turn.conversationId === null ? null : await askForPerson(deps, standing, 'answer_not_approved', why, emit);
  const text = `${chain.said === '' ? '' : '\n\n'}${withheldSentence(wait)}`;
  await emit({ type: 'text', step: path, agentId: agent.id, text });
  return { update: { answered: { ...answered, withheld: true }, chain: { ...chain, said: chain.said + text, citations: [], draft: null } }, output };
}

interface Revision {
  readonly stage: Stage;
  readonly path: string;
  readonly note: string;
}

/** The agent writes its draft again: it may look things up, and does nothing a second time. */
async function revise(
  deps: ReplyDeps,
  { turn, understanding, routed }: ReplyState,
  agent: Agent,
  { stage, path, note }: Revision,
): Promise<[text: string, held: Held]> {
  const { emit, signal, cancel } = stage;
  const notes = [...(understanding ? [describeReading(understanding)] : []), ...(routed?.people ? [routed.people.note] : []), note];
  const mustSay = routed?.people?.mustSay ? { mustSay: routed.people.mustSay } : {};
  const language = understanding ? { language: understanding.language.language } : {};
  const both = cancel ? AbortSignal.any([signal, cancel]) : signal;
  return step<[string, Held]>({ emit, signal: both }, path, agent.id, 'producer', async () => {
    const held = holdBack(emit, path, agent.id);
    const reading = { ...deps, tools: onlyReading(deps.tools), hurried: true };
    const { text } = await runAgentStep(reading, { step: path, agent, turn, notes, ...mustSay, ...language }, held.emit, both);
    return { update: [text, held], output: { draft: true } };
  });
}
