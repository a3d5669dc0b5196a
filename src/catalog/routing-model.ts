/**
 * Learns from the agents' own examples which words point to which agent, and says for a message how likely each agent is and which
 * words said so. Decides nothing: who answers is local-router.ts. Keeps nothing on disk: that is kept-model.ts.
 */
import type { Agent } from './agent.ts';
import {
  CONCEPT_STEMS,
  conceptsOf,
  countFeatures,
  featuresOf,
  featuresOfWord,
  isFleeting,
  namesOf,
  tokenize,
  type Counts,
  type Features,
  type Token,
} from './features.ts';
import { createDice, scoresOf, softmax, trainLinearModel, type Row, type Sample } from './linear-model.ts';
import type { Learned } from './learned.ts';
import { createSpelling } from './spelling.ts';

export interface Reading {
  readonly tokens: readonly Token[];
  readonly features: Features;
  /** Calibrated, one per agent in the order given; they sum to 1. */
  readonly chances: Float64Array;
  /** True when no word of the message was ever seen. */
  readonly foreign: boolean;
}

/** What an agent is known by. */
export type Examples = Pick<Agent, 'id' | 'title' | 'examples' | 'utterances' | 'notFor'>;

export interface RoutingModel {
  read(text: string): Reading;
  /** The words of the message that speak most for one agent, in the order written. */
  words(reading: Reading, agent: number): readonly string[];
}

/**
 * How much the scores are tempered until a confidence of 0.8 is right eight times in ten; chosen on the development part of the
 * labelled set, since the examples beside the agents are on purpose odder than what customers mostly write.
 */
const TEMPERATURE = 1.5;
/** Each example is learned a second time with about every seventh word left out, so that no single word decides. */
const DROPPED_SHARE = 0.15;
const DROP_WORDS_MIN = 4;
/** How much rare words of examples that were easy count. */
const COUNTED_SHARE = 0.5;
/** Words shown as the reason: the strongest, and those at least a third as strong. */
const REASON_WORDS_MAX = 3;
const REASON_SHARE_MIN = 1 / 3;

export function createRoutingModel(agents: readonly Examples[]): RoutingModel {
  return routingModelOf(learnRouting(agents));
}

/** Trains on the agents' examples: a second or two for some ten thousand. */
export function learnRouting(agents: readonly Examples[]): Learned {
  const spoken = agents.flatMap((agent, label) => [
    ...[...agent.examples, ...agent.utterances, agent.title].map((text) => ({ label, not: false, tokens: tokenize(text) })),
    ...agent.notFor.map((text) => ({ label, not: true, tokens: tokenize(text) })),
  ]);
  const words = new Map<string, number>();
  for (const { tokens } of spoken) for (const { stem } of tokens) words.set(stem, (words.get(stem) ?? 0) + 1);
  for (const stem of CONCEPT_STEMS) words.set(stem, (words.get(stem) ?? 0) + 1);
  const prepare = preparation(words);
  const examples = spoken.map(({ label, not, tokens }) => {
    const prepared = prepare(tokens);
    return { label, not, tokens: prepared, counts: countFeatures(prepared) };
  });
  const { vocabulary, rarity, unseenRarity } = weigh(examples.map(({ counts }) => counts));
  const toRow = (counts: Counts) => rowOf(featuresOf(counts, rarityIn(vocabulary, rarity, unseenRarity)), vocabulary);
  const samples: Sample[] = examples.map(({ label, not, counts }) => ({ label, not, row: toRow(counts) }));
  const dice = createDice(1);
  for (const { label, not, tokens } of examples) {
    if (tokens.length < DROP_WORDS_MIN) continue;
    const kept = tokens.filter(() => dice() >= DROPPED_SHARE);
    if (kept.length > 0) samples.push({ label, not, row: toRow(countFeatures(kept)) });
  }
  const weights = trainLinearModel(samples, { classes: agents.length, features: vocabulary.size, countedShare: COUNTED_SHARE, balanced: true });
  return { classes: agents.length, words, vocabulary, rarity, unseenRarity, weights };
}

export function routingModelOf({ classes: agents, words, vocabulary, rarity, unseenRarity, weights }: Learned): RoutingModel {
  const prepare = preparation(words);
  const rare = rarityIn(vocabulary, rarity, unseenRarity);
  const pull = (feature: string, agent: number) => {
    const start = (vocabulary.get(feature) ?? -1) * agents;
    if (start < 0) return 0;
    let sum = 0;
    for (let other = 0; other < agents; other++) sum += weights[start + other] ?? 0;
    return (weights[start + agent] ?? 0) - sum / agents;
  };
  return {
    read: (text) => {
      const tokens = prepare(tokenize(text));
      const features = featuresOf(countFeatures(tokens), rare);
      const chances = softmax(scoresOf(weights, agents, rowOf(features, vocabulary)), TEMPERATURE);
      return { tokens, features, chances, foreign: !tokens.some(({ stem }) => words.has(stem)) };
    },
    words: ({ tokens, features }, agent) => {
      const strength = (names: readonly string[]) => names.reduce((sum, name) => sum + (features.get(name) ?? 0) * pull(name, agent), 0);
      const concepts = conceptsOf(tokens);
      const strengths = tokens.map(({ stem }, index) => {
        // A kind (`<mail>`) or a word never seen may be personal: neither is ever shown.
        if (stem.startsWith('<') || !words.has(stem)) return 0;
        const meant = concepts.filter(({ at, words: count }) => index >= at && index < at + count);
        return strength(featuresOfWord(stem)) + meant.reduce((sum, { name, words: count }) => sum + strength([`=${name}`]) / count, 0);
      });
      return strongest(tokens, strengths);
    },
  };
}

/** Mends typing errors and leaves out a greeting, the same in training and in reading. */
function preparation(words: ReadonlyMap<string, number>): (tokens: readonly Token[]) => readonly Token[] {
  // A word that stands once in all examples may itself be a typing error; it is no word to mend others to.
  const mend = createSpelling(new Map([...words].filter(([stem, count]) => count > 1 || CONCEPT_STEMS.has(stem))));
  return (tokens) => withoutGreeting(tokens.map(({ written, stem }) => ({ written, stem: mend(stem) })));
}

/** A greeting is the message only when nothing follows it. */
function withoutGreeting(tokens: readonly Token[]): readonly Token[] {
  const first = conceptsOf(tokens)[0];
  return first?.name === 'greeting' && first.at === 0 && tokens.length > first.words ? tokens.slice(first.words) : tokens;
}

/** Inverse document frequency over the examples; features that tell nothing get no number. */
function weigh(texts: readonly Counts[]): Pick<Learned, 'vocabulary' | 'rarity' | 'unseenRarity'> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const name of namesOf(text)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const kept = [...counts].filter(([name, count]) => count > 1 || !isFleeting(name));
  return {
    vocabulary: new Map(kept.map(([name], index) => [name, index])),
    rarity: Float32Array.from(kept, ([, count]) => Math.log(1 + texts.length / count)),
    unseenRarity: Math.fround(Math.log(1 + texts.length)),
  };
}

function rarityIn(vocabulary: ReadonlyMap<string, number>, rarity: Float32Array, unseenRarity: number): (feature: string) => number {
  return (feature) => rarity[vocabulary.get(feature) ?? -1] ?? (isFleeting(feature) ? 0 : unseenRarity);
}

function rowOf(features: Features, vocabulary: ReadonlyMap<string, number>): Row {
  const known = [...features].flatMap(([name, strength]) => {
    const number = vocabulary.get(name);
    return number === undefined ? [] : [{ number, strength }];
  });
  return { features: Int32Array.from(known, ({ number }) => number), strengths: Float32Array.from(known, ({ strength }) => strength) };
}

function strongest(tokens: readonly Token[], strengths: readonly number[]): readonly string[] {
  const order = strengths.map((_, index) => index).toSorted((a, b) => (strengths[b] ?? 0) - (strengths[a] ?? 0) || a - b);
  const least = Math.max((strengths[order[0] ?? 0] ?? 0) * REASON_SHARE_MIN, Number.MIN_VALUE);
  const chosen = order
    .slice(0, REASON_WORDS_MAX)
    .filter((index) => (strengths[index] ?? 0) >= least)
    .toSorted((a, b) => a - b);
  const phrases: string[] = [];
  chosen.forEach((index, position) => {
    const word = tokens[index]?.written ?? '';
    // Neighbours are read together: "charged twice" says more than "charged", "twice".
    if (position > 0 && chosen[position - 1] === index - 1) phrases.push(`${phrases.pop() ?? ''} ${word}`);
    else phrases.push(word);
  });
  return [...new Set(phrases)];
}
