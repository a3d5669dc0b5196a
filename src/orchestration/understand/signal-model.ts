/**
 * Learns from labelled messages how those sound that need people, and reads it in others: which signals, how sure, and the words that say
 * so. Decides nothing: escalation.ts does. Keeps nothing: kept-signals.ts does.
 */
import type { Learned } from '../../catalog/learned.ts';
import { scoresOf, softmax, trainLinearModel, type Row, type Sample } from '../../catalog/linear-model.ts';
import { SIGNALS, type SignalExample, type SignalName } from '../../catalog/signal-examples.ts';
import { countSignals, pairOf, signalTokens, type SignalCounts, type SignalToken } from './signal-features.ts';
import { readWords, type Words } from './words.ts';

export interface Signal {
  readonly name: SignalName;
  /** One sentence for a support lead. */
  readonly says: string;
  /** The words of the message that speak most for it, as one piece of it. */
  readonly words: string;
}

export interface SignalReading {
  /** Likeliest first; empty where an agent should answer. */
  readonly signals: readonly Signal[];
  /** How likely it is that people are needed at all, 0 to 1. */
  readonly chance: number;
}

export interface SignalReader {
  (words: Words): SignalReading;
}

/** From this chance on a message needs people; chosen by cross-validation on the examples, as all figures here. */
const NEEDED_FROM = 0.4;
/** A second signal counts from so much of the likeliest one's chance, and where it is so much likelier than nothing at all. */
const BESIDE_SHARE = 0.2;
const BESIDE_NONE = 4;
/** A feature of fewer examples tells nothing. */
const SEEN_MIN = 3;
/** Words shown as the reason. */
const SHOWN_MAX = 6;
const SHOWN_CHARS_MAX = 80;

/** Nothing is the first class. */
const NONE = 0;
const CLASSES = 1 + SIGNALS.length;

const SAYS: Readonly<Record<SignalName, string>> = {
  human: 'The customer asks for a person',
  legal: 'The customer names legal steps or a regulator',
  furious: 'The customer is beside themselves with anger',
  outage: 'Nothing works for anybody at the customer',
  data_loss: 'Data of the customer is lost, or is about to be',
  break_in: 'A stranger is inside, or has been',
};

/** Some seconds for some ten thousand examples. */
export function learnSignals(examples: readonly SignalExample[]): Learned {
  const counted = examples.flatMap(({ labels, text }) => {
    if (labels === null) return [];
    const words = readWords(text);
    return [{ labels, counts: countSignals(signalTokens(words), words) }];
  });
  const seen = new Map<string, number>();
  for (const { counts } of counted) for (const family of Object.values(counts)) for (const name of family.keys()) seen.set(name, (seen.get(name) ?? 0) + 1);
  const kept = [...seen].filter(([, count]) => count >= SEEN_MIN);
  const vocabulary = new Map(kept.map(([name], index) => [name, index]));
  const rarity = Float32Array.from(kept, ([, count]) => 1 + Math.log((1 + counted.length) / (1 + count)));
  const samples = counted.flatMap(({ labels, counts }): Sample[] => {
    const row = rowOf(counts, vocabulary, rarity);
    return (labels.length === 0 ? [NONE] : labels.map(classOf)).map((label) => ({ label, not: false, row }));
  });
  const weights = trainLinearModel(samples, { classes: CLASSES, features: vocabulary.size, countedShare: 0, balanced: false });
  return { classes: CLASSES, words: new Map(), vocabulary, rarity, unseenRarity: 0, weights };
}

export function signalReaderOf({ vocabulary, rarity, weights }: Learned): SignalReader {
  return (words) => {
    const tokens = signalTokens(words);
    const row = rowOf(countSignals(tokens, words), vocabulary, rarity);
    const chances = softmax(scoresOf(weights, CLASSES, row), 1);
    const chance = 1 - (chances[NONE] ?? 0);
    if (chance < NEEDED_FROM) return { signals: [], chance };
    const likely = SIGNALS.map((name) => ({ name, own: chances[classOf(name)] ?? 0 })).toSorted((a, b) => b.own - a.own);
    const least = Math.max((likely[0]?.own ?? 0) * BESIDE_SHARE, BESIDE_NONE * (1 - chance));
    const pull = pullOf(row, vocabulary, weights);
    const signals = likely
      .filter(({ own }, index) => index === 0 || own >= least)
      .map(({ name }) => ({ name, says: SAYS[name], words: strongestWords(tokens, words, pull(classOf(name))) }));
    return { signals, chance };
  };
}

function classOf(name: SignalName): number {
  return 1 + SIGNALS.indexOf(name);
}

/** Words and letters each of length 1 together, so that a long message is no louder than a short one; the manner as it is. */
function rowOf({ words, letters, manner }: SignalCounts, vocabulary: ReadonlyMap<string, number>, rarity: Float32Array): Row {
  const features: number[] = [];
  const strengths: number[] = [];
  for (const family of [words, letters]) {
    const start = features.length;
    let squares = 0;
    for (const [name, count] of family) {
      const number = vocabulary.get(name);
      if (number === undefined) continue;
      const strength = (1 + Math.log(count)) * (rarity[number] ?? 0);
      features.push(number);
      strengths.push(strength);
      squares += strength * strength;
    }
    const length = Math.sqrt(squares) || 1;
    for (let at = start; at < strengths.length; at += 1) strengths[at] = (strengths[at] ?? 0) / length;
  }
  for (const [name, strength] of manner) {
    const number = vocabulary.get(name);
    if (number === undefined) continue;
    features.push(number);
    strengths.push(strength);
  }
  return { features: Int32Array.from(features), strengths: Float32Array.from(strengths) };
}

/** How much a feature of this message speaks for a class and against none. */
function pullOf({ features, strengths }: Row, vocabulary: ReadonlyMap<string, number>, weights: Float32Array): (label: number) => (feature: string) => number {
  const strengthOf = new Map([...features].map((number, at) => [number, strengths[at] ?? 0]));
  return (label) => (feature) => {
    const number = vocabulary.get(feature);
    if (number === undefined) return 0;
    const start = number * CLASSES;
    return (strengthOf.get(number) ?? 0) * ((weights[start + label] ?? 0) - (weights[start + NONE] ?? 0));
  };
}

/** The piece of the message whose words, and pairs of words, speak most. */
function strongestWords(tokens: readonly SignalToken[], { text }: Words, pull: (feature: string) => number): string {
  let best = { from: 0, to: 0, sum: -Infinity };
  for (let from = 0; from < tokens.length; from += 1) {
    let sum = 0;
    for (let to = from; to < Math.min(tokens.length, from + SHOWN_MAX); to += 1) {
      sum += pull(tokens[to]?.word ?? '');
      for (let other = from; other < to; other += 1) sum += pull(pairOf(tokens, other, to));
      if (sum > best.sum) best = { from, to, sum };
    }
  }
  return text.slice(tokens[best.from]?.from, tokens[best.to]?.to).slice(0, SHOWN_CHARS_MAX);
}
