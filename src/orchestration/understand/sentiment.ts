/**
 * How a customer feels: a score from -1 to 1, one of seven emotions, satisfaction and politeness. Adds up weighted words, turned round
 * by a negation, strengthened by what stands before them, by capitals and by exclamation marks. Understands no irony.
 */
import { NEGATIONS, PHRASES, STRENGTHS, weightOf, type Feeling } from './sentiment-words.ts';
import { PROBLEMS } from './entity-words.ts';
import type { Words } from './words.ts';

export const EMOTIONS = ['angry', 'frustrated', 'concerned', 'neutral', 'satisfied', 'happy', 'excited'] as const;
export type Emotion = (typeof EMOTIONS)[number];

export const BANDS = ['very negative', 'negative', 'neutral', 'positive', 'very positive'] as const;
export type Band = (typeof BANDS)[number];

export interface Sentiment {
  /** -1 (very negative) to 1 (very positive). */
  readonly score: number;
  readonly band: Band;
  readonly emotion: Emotion;
  /** 0 to 1. */
  readonly satisfaction: number;
  /** 0 to 1; 0.7 when nothing speaks for or against it. */
  readonly politeness: number;
  /** The words it was read from, strongest first. */
  readonly because: readonly string[];
}

/** Words between a negation and what it turns round. */
const NEGATION_REACH = 3;
/** How fast many words saturate: the sum x becomes x / sqrt(x² + this). */
const SATURATION = 15;
/** Trouble alone, however much of it, is a negative message and not a very negative one: describing a fault is no outburst. */
const TROUBLE_MAX = 2.6;
const WORRY_MAX = 2.4;
/** As low as a message without anger goes. */
const CALM_MIN = -0.59;
/** One strong word, said calmly, is a way of speaking: two of them, or one that is shouted, are an outburst. */
const ONE_WORD_MIN = -0.69;
const OUTBURST_MIN = 2;
/** A sign that something fails, without a word that says how bad that is. */
const PROBLEM_WEIGHT = 1.3;
const BECAUSE_MAX = 4;

type Sums = Record<Feeling, number>;

export function readSentiment(words: Words): Sentiment {
  const sums: Sums = { anger: 0, trouble: 0, worry: 0, joy: 0 };
  const because: (readonly [string, number])[] = [];
  let outbursts = 0;
  const add = (feeling: Feeling, weight: number, word: string): void => {
    if (feeling === 'anger' && weight >= OUTBURST_MIN) outbursts += 1;
    sums[feeling] += weight;
    because.push([word, weight]);
  };
  const rest = withoutPhrases(words, add);
  addWords(words, rest, add);
  const problem = PROBLEMS.exec(words.text);
  if (problem && sums.trouble < PROBLEM_WEIGHT) add('trouble', PROBLEM_WEIGHT - sums.trouble, problem[0]);
  const score = scoreOf(sums, outbursts, words);
  return {
    score,
    band: bandOf(score),
    emotion: emotionOf(sums, score, words),
    satisfaction: round((score + 1) / 2),
    politeness: politenessOf(words, sums),
    because: because
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, BECAUSE_MAX)
      .map(([word]) => word),
  };
}

export function bandOf(score: number): Band {
  if (score <= -0.6) return 'very negative';
  if (score <= -0.2) return 'negative';
  if (score < 0.2) return 'neutral';
  return score < 0.6 ? 'positive' : 'very positive';
}

/** Adds turns of phrase and answers the words that are left: what a phrase has said, its words do not say again. */
function withoutPhrases({ text }: Words, add: (feeling: Feeling, weight: number, word: string) => void): ReadonlySet<string> {
  const said = new Set<string>();
  for (const [pattern, feeling, weight] of PHRASES) {
    const match = text.match(pattern)?.[0];
    if (match === undefined) continue;
    add(feeling, weight, match.trim());
    for (const word of match.split(/[^\p{L}\p{N}'-]+/u)) said.add(word);
  }
  return said;
}

function addWords({ list, shouted }: Words, said: ReadonlySet<string>, add: (feeling: Feeling, weight: number, word: string) => void): void {
  let negatedFor = 0;
  let strength = 1;
  let afterBut = 1;
  for (const [at, word] of list.entries()) {
    if (/^[.,!?]$/.test(word)) {
      negatedFor = 0;
      strength = 1;
      continue;
    }
    // What comes after a "but" is what is meant.
    if (word === 'but' || word === 'aber' || word === 'pero' || word === 'mais' || word === 'mas') afterBut = 1.3;
    const found = said.has(word) ? null : weightOf(word);
    if (found && !isLikeness(word, list[at - 1], list[at + 1])) {
      const weight = found.weight * strength * afterBut * (shouted.has(word) ? 1.3 : 1);
      if (negatedFor === 0) add(found.feeling, weight, word);
      // "Not happy" is trouble; "no problem" is no joy, only no trouble; "not angry" neither.
      else if (found.feeling === 'joy') add('trouble', Math.max(1, weight * 0.7), `not ${word}`);
    }
    strength = STRENGTHS.get(word) ?? 1;
    if (NEGATIONS.has(word)) negatedFor = NEGATION_REACH;
    else if (negatedFor > 0) negatedFor -= 1;
  }
}

/** "I would like to", "like a manager": a wish or a likeness, no liking. "Well" and "good" in greetings say nothing either. */
function isLikeness(word: string, before: string | undefined, after: string | undefined): boolean {
  if (word === 'like') return before !== 'i' && before !== 'we' && before !== 'really';
  if (word === 'good' || word === 'great')
    return before === 'for' || after === 'for' || after === 'morning' || after === 'afternoon' || after === 'evening' || after === 'day';
  if (word === 'well') return before === 'as' || before === undefined;
  return word === 'works' && before !== 'it' && before !== 'that' && before !== 'now' && before !== 'everything' && before !== undefined;
}

function scoreOf(sums: Sums, outbursts: number, { text, shouted }: Words): number {
  const marks = Math.min(3, (text.match(/!/g) ?? []).length);
  const heat = 1 + 0.08 * marks + (shouted.size > 0 ? 0.08 : 0);
  const happyFace = EMOJI_JOY.test(text) ? 1.6 : 0;
  const sadFace = EMOJI_ANGER.test(text) ? 2 : 0;
  const down = sums.anger + Math.min(sums.trouble, TROUBLE_MAX) + Math.min(sums.worry, WORRY_MAX) + sadFace;
  // Thanks in front of a complaint are manners: beside real trouble joy counts for less.
  const up = (sums.joy + happyFace) * (down > 1 ? 0.25 : 1);
  const sum = (up - down) * heat;
  const score = round(sum / Math.sqrt(sum * sum + SATURATION));
  if (sums.anger + sadFace < 1) return Math.max(score, CALM_MIN);
  const loud = marks >= 2 || shouted.size > 0 || sadFace > 0;
  return outbursts < 2 && !loud ? Math.max(score, ONE_WORD_MIN) : score;
}

const EMOJI_JOY = /[😀😃😄😁😊🙂😍🥳🎉👍❤💪🙏🤩]|[:;]-?\)/u;
const EMOJI_ANGER = /[😠😡🤬😤😞😢😭👎]|[:;]-?\(/u;
const EXCITED = /\bcan't wait\b|\bexcited\b|\bthrilled\b|\bwow\b|\bomg\b|\byes{2,}\b|\byay\b|\bamazing\b|\bincredible\b|😍|🎉|🤩|🥳/u;

function emotionOf(sums: Sums, score: number, { text }: Words): Emotion {
  if (score >= 0.2) {
    if (EXCITED.test(text) && score >= 0.4) return 'excited';
    return score >= 0.6 ? 'happy' : 'satisfied';
  }
  if (sums.anger >= 3 || score <= -0.6) return 'angry';
  if (sums.worry > 0 && sums.worry + 0.3 >= Math.min(sums.trouble, TROUBLE_MAX) * 0.75 && score < 0) return 'concerned';
  return score <= -0.2 ? 'frustrated' : 'neutral';
}

function politenessOf({ text, shouted, list }: Words, sums: Sums): number {
  let politeness = 0.7;
  if (/\b(?:please|pls|kindly|bitte|por favor|s'il vous plaît|s'il te plaît)\b/.test(text)) politeness += 0.12;
  if (/\b(?:thanks?|thank you|thx|danke|gracias|merci|obrigad[oa])\b/.test(text)) politeness += 0.1;
  if (/\b(?:could|would|may i|might|möchte|könnten|podría|pourriez|poderia)\b/.test(text)) politeness += 0.05;
  politeness -= Math.min(0.5, sums.anger * 0.08);
  if (shouted.size > 0) politeness -= 0.1;
  if (list.filter((word) => word === '!').length > 2) politeness -= 0.08;
  return round(Math.min(1, Math.max(0, politeness)));
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
