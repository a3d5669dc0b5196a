/**
 * Chooses the agent for a message: an index learned from the agents' own examples at start, and three rules (a sentence an agent
 * claims, a follow-up that stays where it is, a message of unknown words). The same message and catalogue always give the same
 * answer. A language model may be asked where the index is unsure, and only there. Reads no database; who is switched off is told
 * by the caller.
 */
import { AppError } from '../foundation/errors.ts';
import type { Agent, Catalog } from './agent.ts';
import { sentenceKey } from './load-catalog.ts';
import type { Choose, Route, RouteCandidate, RouteRequest, RoutedBy, Router } from './router.ts';
import { createRoutingModel, type Reading, type RoutingModel } from './routing-model.ts';

/** Below this confidence a short message names no agent by itself, and stays with the one that answered before. */
const SURE_MIN = 0.35;
/** Below this confidence a model, where there is one, is asked. */
const ASK_BELOW = 0.6;
const CHOOSE_MS = 2_000;
/** A short message that leaves more doubt than this, or begins by pointing back, is read together with the one before it. */
const ALONE_MIN = 0.6;
/** How sure a claimed sentence and a bare "yes, please" make us. */
const CLAIMED_CONFIDENCE = 0.99;
const FOLLOW_UP_CONFIDENCE = 0.9;
/** How much likelier the agent of the turn before is than others, before a word is read. */
const STAY_FACTOR = 2;
const STAY_FACTOR_AFTER_OPENER = 4;
const SHORT_WORDS_MAX = 12;
const CANDIDATES_MAX = 12;

/** Words that name no subject: a short message of only these goes on with what was talked about. */
const SUBJECTLESS = new Set(
  `yes yeah yep yup sure ok okay no nope nah please pls do does did done it its that thats this these those thanks thank thx ty you u your go ahead right
  exactly correct fine great good sounds perfect got and the a an first second third last latest other another one ones both all none either what whats about
  why when how where then now more less tell me i im ive id we my mine again still hmm sorry see mean meant not really also which who is are was were be been
  to for of in on at with if so but or as just only can could would will should shall may want wanted like lets us them they he she him her there here too very
  much many same different instead of course absolutely definitely alright cool nice agreed confirm confirmed continue next previous before after maybe think
  guess know idea help`.split(/\s+/),
);
const OPENER = /^(and|but|also|so|then|ok|okay|yes|yeah|no|what about|how about|still|it still|that|this one|the one|the other)\b/i;

/** One choice while it is made: who, how sure, and the sentence that explains it. */
interface Choice {
  readonly agent: number;
  readonly chances: Float64Array;
  readonly by: RoutedBy;
  readonly reason: string;
}

export interface LocalRouterDeps {
  /** Learned for `reachableAgents(catalog)`, in that order; without it the router learns before it is returned, which takes seconds. */
  readonly model?: RoutingModel | undefined;
  /** How long `choose` may take. */
  readonly chooseMs?: number | undefined;
}

/** The agents that a customer's own first message can be about, in the catalogue's order; the others are run by id and never a candidate. */
export function reachableAgents(catalog: Catalog): readonly Agent[] {
  return catalog.agents.filter(({ reachable }) => reachable);
}

export function createLocalRouter(catalog: Catalog, deps: LocalRouterDeps = {}): Router {
  const agents = reachableAgents(catalog);
  const model = deps.model ?? createRoutingModel(agents);
  const claimed = new Map(agents.flatMap((agent, index) => [...agent.examples, ...agent.utterances].map((text) => [sentenceKey(text), index] as const)));
  const generalOf = generalAgents(catalog, agents);
  const frontDeskId = [...catalog.domains].find(([path, { general }]) => general !== undefined && !path.includes('/'))?.[1].general;
  const frontDesk = agents.findIndex(({ id }) => id === frontDeskId);
  return Object.freeze({
    route: async (request: RouteRequest, signal: AbortSignal) => {
      signal.throwIfAborted();
      const open = agents.map((agent) => request.enabled(agent.id));
      if (!open.includes(true)) throw new AppError('UNAVAILABLE', 'No agent is switched on at the moment.');
      const route = toRoute(agents, open, choose({ agents, model, claimed, generalOf, frontDesk, open, request }));
      if (!request.choose || route.by !== 'local_index' || route.confidence >= ASK_BELOW) return route;
      const chosen = await askModel(request.choose, route, request.text, deps.chooseMs ?? CHOOSE_MS, signal);
      return chosen ? byModel(agents, route, chosen) : route;
    },
  });
}

/** What the model answers within its time, if that is one of the candidates. The caller's own end is thrown on. */
async function askModel(ask: Choose, { candidates }: Route, text: string, ms: number, signal: AbortSignal): Promise<RouteCandidate | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  const { promise: over, resolve: end } = Promise.withResolvers<null>();
  const onEnd = () => end(null);
  limit.addEventListener('abort', onEnd, { once: true });
  try {
    const agentId = await Promise.race([ask(candidates, text, limit).catch(() => null), over]);
    signal.throwIfAborted();
    return candidates.find((candidate) => candidate.agentId === agentId) ?? null;
  } finally {
    limit.removeEventListener('abort', onEnd);
  }
}

function byModel(agents: readonly Agent[], route: Route, { agentId, confidence }: RouteCandidate): Route {
  const title = agents.find(({ id }) => id === agentId)?.title ?? '';
  return { ...route, agentId, confidence, by: 'model', reason: `The index was unsure, and of its candidates the model chose ${title}.` };
}

interface Question {
  readonly agents: readonly Agent[];
  readonly model: RoutingModel;
  readonly claimed: ReadonlyMap<string, number>;
  /** The general agent of each agent's domain; -1 where there is none. */
  readonly generalOf: readonly number[];
  /** Who answers what names nothing: the general agent of the first top folder that has one; -1 for none. */
  readonly frontDesk: number;
  readonly open: readonly boolean[];
  readonly request: RouteRequest;
}

function choose(question: Question): Choice {
  const { agents, model, claimed, open, request } = question;
  const reading = model.read(request.text);
  const owner = claimed.get(sentenceKey(request.text)) ?? -1;
  const last = agents.findIndex((agent, index) => agent.id === request.lastAgentId && open[index]);
  const lastTitle = agents[last]?.title ?? '';
  if (last >= 0 && isFollowUp(reading)) {
    return {
      agent: last,
      chances: atLeast(masked(reading.chances, open), last, FOLLOW_UP_CONFIDENCE),
      by: 'rule',
      reason: `The message names no subject of its own, so ${lastTitle} goes on with the conversation.`,
    };
  }
  if (owner >= 0 && open[owner]) {
    return {
      agent: owner,
      chances: atLeast(masked(reading.chances, open), owner, CLAIMED_CONFIDENCE),
      by: 'local_index',
      reason: `The message is one of the examples of ${agents[owner]?.title ?? ''}.`,
    };
  }
  const plain = masked(reading.chances, open);
  if (last >= 0) {
    const staying = favoured(plain, last, OPENER.test(request.text.trim()) ? STAY_FACTOR_AFTER_OPENER : STAY_FACTOR);
    const short = reading.tokens.length <= SHORT_WORDS_MAX;
    const vague = short && Math.max(...staying) < SURE_MIN;
    if (reading.foreign || vague || (best(staying) === last && best(plain) !== last)) {
      return {
        agent: last,
        chances: staying,
        by: 'rule',
        reason: `The message does not clearly point elsewhere, so ${lastTitle}, who answered before, goes on.`,
      };
    }
    return explained(question, reading, staying);
  }
  const before = request.earlier.at(-1);
  const leansBack = OPENER.test(request.text.trim()) || Math.max(...plain) < ALONE_MIN;
  if (before !== undefined && reading.tokens.length <= SHORT_WORDS_MAX && leansBack) {
    const together = model.read(`${before} ${request.text}`);
    return explained(question, together, masked(together.chances, open));
  }
  return explained(question, reading, plain);
}

/**
 * The likeliest agent, or the general one of its domain where it is switched off. Also the likeliest where it is a guess: on the
 * development part of the labelled set the general agent was right less often at every confidence, and a question back never is.
 */
function explained({ agents, model, generalOf, frontDesk, open }: Question, reading: Reading, chances: Float64Array): Choice {
  if (reading.foreign && open[frontDesk])
    return { agent: frontDesk, chances, by: 'rule', reason: `No word of the message is known, so ${agents[frontDesk]?.title ?? ''} answers.` };
  const top = best(chances);
  const wanted = best(reading.chances);
  const stand = generalOf[wanted] ?? -1;
  if (!open[wanted] && stand >= 0 && open[stand]) {
    return {
      agent: stand,
      chances,
      by: 'local_index',
      reason: `${agents[wanted]?.title ?? ''} fits best but is switched off, so ${agents[stand]?.title ?? ''} answers for its domain.`,
    };
  }
  const words = model.words(reading, top);
  const next = best(chances.map((chance, index) => (index === top ? -1 : chance)));
  const quoted = words.map((word) => `"${word}"`).join(', ');
  const because =
    words.length === 0
      ? 'The message as a whole points'
      : words.length > 1 || words[0]?.includes(' ')
        ? `The words ${quoted} point`
        : `The word ${quoted} points`;
  const other = agents.length > 1 && next !== top && open[next] ? `; next was ${naming(agents, chances, next)}` : '';
  return { agent: top, chances, by: 'local_index', reason: `${because} to ${naming(agents, chances, top)}${other}.` };
}

function toRoute(agents: readonly Agent[], open: readonly boolean[], { agent, chances, by, reason }: Choice): Route {
  const ranked = agents
    .map(({ id }, index) => ({ agentId: id, confidence: Math.round((chances[index] ?? 0) * 10_000) / 10_000, index }))
    .filter(({ index }) => open[index])
    .toSorted((a, b) => b.confidence - a.confidence || a.index - b.index);
  const shortlist = ranked.slice(0, CANDIDATES_MAX);
  const chosen = ranked.find(({ index }) => index === agent);
  if (chosen && !shortlist.includes(chosen)) shortlist[CANDIDATES_MAX - 1] = chosen;
  return {
    agentId: agents[agent]?.id ?? '',
    confidence: chosen?.confidence ?? 0,
    candidates: shortlist.map(({ agentId, confidence }) => ({ agentId, confidence })),
    reason,
    by,
  };
}

/** For each agent the general agent of the nearest folder that names one. */
function generalAgents(catalog: Catalog, agents: readonly Agent[]): readonly number[] {
  const indexOf = new Map(agents.map((agent, index) => [agent.id, index]));
  return agents.map((agent) => {
    const parts = agent.domain.split('/');
    const paths = parts.map((_, depth) => parts.slice(0, parts.length - depth).join('/'));
    const general = paths.map((path) => catalog.domains.get(path)?.general).find((id) => id !== undefined);
    return general === undefined ? -1 : (indexOf.get(general) ?? -1);
  });
}

function isFollowUp({ tokens }: Reading): boolean {
  return (
    tokens.length > 0 &&
    tokens.length <= SHORT_WORDS_MAX &&
    tokens.every(({ written, stem }) => SUBJECTLESS.has(written.toLowerCase()) || /^<(number|money|reference)>$/.test(stem))
  );
}

function naming(agents: readonly Agent[], chances: Float64Array, index: number): string {
  return `${agents[index]?.title ?? ''} (${(chances[index] ?? 0).toFixed(2)})`;
}

/** The chances among those that are switched on, summing to 1 again. */
function masked(chances: Float64Array, open: readonly boolean[]): Float64Array {
  return normalized(chances.map((chance, index) => (open[index] ? chance : 0)));
}

function favoured(chances: Float64Array, agent: number, factor: number): Float64Array {
  return normalized(chances.map((chance, index) => (index === agent ? chance * factor : chance)));
}

function atLeast(chances: Float64Array, agent: number, confidence: number): Float64Array {
  const own = chances[agent] ?? 0;
  if (own >= confidence) return chances;
  const rest = own < 1 ? (1 - confidence) / (1 - own) : 0;
  return chances.map((chance, index) => (index === agent ? confidence : chance * rest));
}

function normalized(chances: Float64Array): Float64Array {
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return sum > 0 ? chances.map((chance) => chance / sum) : chances;
}

/** The index of the greatest; the first of equals. */
function best(chances: Float64Array): number {
  return chances.reduce((top, chance, index) => (chance > (chances[top] ?? -1) ? index : top), 0);
}
