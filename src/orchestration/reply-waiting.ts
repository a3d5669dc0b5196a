/**
 * An answer that waits for people: all that is data of its state is kept, whatever it is, and another attempt goes on with it, so that
 * nothing is understood, chosen or said anew. What is not data, and what is known of the customer, is the new attempt's own.
 */
import type { Catalog } from '../catalog/agent.ts';
import { readContinuation, writeContinuation, type Continuation } from './continuation.ts';
import { keep, recallKept } from './keep.ts';
import { passedOnSentence } from './passed-on.ts';
import type { Chain, ReplyState } from './reply-state.ts';
import type { Scene, Waiting } from './waiting.ts';
import type { Emit } from './workflow-event.ts';

/** Beside the run's id: a run has one answer. */
const NAME = 'reply';
/** Of an attempt, or read anew. */
const NOT_KEPT: ReadonlySet<string> = new Set<keyof ReplyState>(['emit', 'signal', 'before', 'resumed']);

/** The state to begin with: the given one, or that of the answer which waited. Does not resolve while people have not decided. */
export async function takeUpReply(waiting: Waiting, catalog: Pick<Catalog, 'get'>, fresh: ReplyState): Promise<ReplyState> {
  const taken = await waiting.takeUp(NAME, sceneOf(fresh));
  if (!taken) return fresh;
  const { step, state } = recallKept(taken.kept, catalog);
  const before = typeof step === 'string' ? readContinuation(step) : null;
  if (!before) return fresh;
  const kept = state as Partial<ReplyState>;
  const { attempt, customer, now } = fresh.turn;
  return { ...fresh, ...kept, turn: { ...fresh.turn, ...kept.turn, attempt, customer, now }, resumed: { before, decision: taken.decision } };
}

/** What the customer had read of the agents before: readers were told that it is void. What was held back is not told. */
export async function tellSaid(emit: Emit, { said, citations, draft }: Chain, step: string, agentId: string): Promise<void> {
  if (!draft) for (const passage of citations) await emit({ type: 'cited', step, passage });
  if (said !== '') await emit({ type: 'text', step, agentId, text: said });
}

/**
 * Tells the customer, keeps the answer as it is and asks; ends with the attempt. The step ends with it: the next attempt begins one of
 * its own.
 */
export async function waitInReply(waiting: Waiting, catalog: Pick<Catalog, 'get'>, state: ReplyState, before: Continuation): Promise<never> {
  const asked = before.wanted[0]?.asked;
  if (!asked) throw new Error('an answer waits for nothing');
  const told = await tellWait(state, before);
  const data = Object.fromEntries(Object.entries({ ...state, chain: told.chain }).filter(([name]) => !NOT_KEPT.has(name)));
  const kept = keep({ state: data, step: writeContinuation(told.before) }, catalog);
  return waiting.wait(NAME, kept, asked, {
    ...sceneOf(state),
    beforeAsking: ({ tool, summary }) => state.emit({ type: 'step_finished', step: before.step, outcome: 'stopped', output: { waitsFor: { tool, summary } } }),
  });
}

function sceneOf({ turn: { runId }, emit, signal, before: { decisions } }: ReplyState): Scene {
  return { runId, emit, signal, decisions };
}

/**
 * In one sentence, as its own paragraph, that people decide now; not twice. It is read at once also where the agent's own words are held
 * back until they are checked: it is ours, and stands before them then.
 */
async function tellWait({ chain, understanding, emit }: ReplyState, before: Continuation): Promise<{ chain: Chain | null; before: Continuation }> {
  const asked = before.wanted[0]?.asked;
  if (!chain || !asked) return { chain, before };
  const { said, draft } = chain;
  const sentence = passedOnSentence(asked.needed, understanding?.language.language ?? 'en');
  if ((said + before.text).includes(sentence)) return { chain, before };
  const read = draft ? said : said + before.text;
  const text = `${read === '' ? '' : '\n\n'}${sentence}${draft && read === '' ? '\n\n' : ''}`;
  await emit({ type: 'text', step: before.step, agentId: asked.agentId, text });
  const known = { ...before, said: `${before.said}\n\n${sentence}`.trim() };
  return draft ? { chain: { ...chain, said: said + text }, before: known } : { chain, before: { ...known, text: before.text + text } };
}
