/**
 * Learns from the agents' own examples which words point to which agent, and says for a message how likely each agent is and which
 * words said so. Decides nothing: who answers is local-router.ts.
 */
import type { Agent } from './agent.ts';
import { conceptsOf, CONCEPT_STEMS, featuresOf, featuresOfWord, isFleeting, tokenize, type Features, type Token } from './features.ts';
import { trainLinearModel } from './linear-model.ts';
import { createSpelling } from './spelling.ts';

export interface Reading {
  readonly tokens: readonly Token[];
  readonly features: Features;
  /** Calibrated, one per agent in the order given; they sum to 1. */
  readonly chances: Float64Array;
  /** True when no word of the message was ever seen. */
  readonly foreign: boolean;
}

export interface RoutingModel {
  read(text: string): Reading;
  /** The words of the message that speak most for one agent, in the order written. */
  words(reading: Reading, agent: number): readonly string[];
}

/** Words shown as the reason: the strongest, and those at least a third as strong. */
const REASON_WORDS_MAX = 3;
const REASON_SHARE_MIN = 1 / 3;

export function createRoutingModel(agents: readonly Agent[]): RoutingModel {
  const spoken = agents.flatMap((agent, label) => [...agent.examples, ...agent.utterances, agent.title].map((text) => ({ label, tokens: tokenize(text) })));
  const words = new Map<string, number>();
  for (const { tokens } of spoken) for (const { stem } of tokens) words.set(stem, (words.get(stem) ?? 0) + 1);
  for (const stem of CONCEPT_STEMS) words.set(stem, (words.get(stem) ?? 0) + 1);
  // A word that stands once in all examples may itself be a typing error; it is no word to mend others to.
  const mend = createSpelling(new Map([...words].filter(([stem, count]) => count > 1 || CONCEPT_STEMS.has(stem))));
  const prepare = (tokens: readonly Token[]) => withoutGreeting(tokens.map(({ written, stem }) => ({ written, stem: mend(stem) })));
  const samples = spoken.map(({ label, tokens }) => ({ label, tokens: prepare(tokens) }));
  const rarity = rarityOf(samples.map(({ tokens }) => tokens));
  const model = trainLinearModel(
    samples.map(({ label, tokens }) => ({ label, features: featuresOf(tokens, rarity) })),
    agents.length,
  );
  return {
    read: (text) => {
      const tokens = prepare(tokenize(text));
      const features = featuresOf(tokens, rarity);
      return { tokens, features, chances: model.predict(features), foreign: !tokens.some(({ stem }) => words.has(stem)) };
    },
    words: ({ tokens, features }, agent) => {
      const strength = (names: readonly string[]) => names.reduce((sum, name) => sum + (features.get(name) ?? 0) * model.pull(name, agent), 0);
      const concepts = conceptsOf(tokens);
      const strengths = tokens.map(({ stem }, index) => {
        // A kind (`<mail>`) or a word never seen may be personal: neither is ever shown.
        if (stem.startsWith('<') || !words.has(stem)) return 0;
        const concept = concepts.find(({ at, words: count }) => index >= at && index < at + count);
        return strength(featuresOfWord(stem)) + (concept ? strength([`=${concept.name}`]) / concept.words : 0);
      });
      return strongest(tokens, strengths);
    },
  };
}

/** A greeting is the message only when nothing follows it. */
function withoutGreeting(tokens: readonly Token[]): readonly Token[] {
  const first = conceptsOf(tokens)[0];
  return first?.name === 'greeting' && first.at === 0 && tokens.length > first.words ? tokens.slice(first.words) : tokens;
}

/** Inverse document frequency over the examples. */
function rarityOf(texts: readonly (readonly Token[])[]): (feature: string) => number {
  const counts = new Map<string, number>();
  for (const tokens of texts) for (const name of featuresOf(tokens, () => 1).keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (feature) => {
    const count = counts.get(feature) ?? 0;
    return count < 2 && isFleeting(feature) ? 0 : Math.log(1 + texts.length / Math.max(count, 1));
  };
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
