/**
 * Turns a message into features for reading whether people are needed: words with the words near them, letter groups, and how it is said.
 * Unlike the features of routing it keeps the small words and the marks: "nobody can" and "can nobody?" differ in nothing else. Knows no
 * classes and no weights.
 */
import type { Words } from './words.ts';

/** What is asked stands at the beginning or at the end; what lies between in a very long message is quoted material. */
const HEAD_WORDS = 120;
const TAIL_WORDS = 40;
/** How far apart two words may stand and still be read together. */
const APART_MAX = 4;
const LETTERS_MIN = 3;
const LETTERS_MAX = 5;
const MARKS_MAX = 3;

/** How often each feature of a family stands in a message. */
export interface SignalCounts {
  readonly words: ReadonlyMap<string, number>;
  readonly letters: ReadonlyMap<string, number>;
  /** Not counted: as strong as said. One of them is in every message, for what is likely before a word is read. */
  readonly manner: ReadonlyMap<string, number>;
}

export interface SignalToken {
  /** Digits as 0. */
  readonly word: string;
  /** Where in the text it stands. */
  readonly from: number;
  readonly to: number;
}

/** The message as the features see it: words in lower case, questions and exclamations as their marks. */
export function signalTokens({ text }: Words): readonly SignalToken[] {
  const found = [...text.matchAll(/[\p{L}\p{N}_']+|[?!]/gu)].map(({ 0: word, index }) => ({
    word: word.replace(/\d+/g, '0'),
    from: index,
    to: index + word.length,
  }));
  return found.length > HEAD_WORDS + TAIL_WORDS ? [...found.slice(0, HEAD_WORDS), ...found.slice(-TAIL_WORDS)] : found;
}

export function countSignals(tokens: readonly SignalToken[], { text, shouted }: Words): SignalCounts {
  const words = new Map<string, number>();
  const letters = new Map<string, number>();
  for (const [at, { word }] of tokens.entries()) {
    for (const name of [word, ...pairsFrom(tokens, at)]) words.set(name, (words.get(name) ?? 0) + 1);
    for (const group of letterGroups(word)) letters.set(group, (letters.get(group) ?? 0) + 1);
  }
  const manner = new Map([['<message>', 1]]);
  const exclaimed = Math.min(MARKS_MAX, (text.match(/!/g) ?? []).length) / MARKS_MAX;
  if (exclaimed > 0) manner.set('<exclaimed>', exclaimed);
  if (shouted.size > 0) manner.set('<shouted>', 1);
  return { words, letters, manner };
}

/** A word with each of those that follow it closely. */
function pairsFrom(tokens: readonly SignalToken[], at: number): readonly string[] {
  return tokens.slice(at + 1, at + 1 + APART_MAX).map((_, index) => pairOf(tokens, at, at + 1 + index));
}

export function pairOf(tokens: readonly SignalToken[], at: number, other: number): string {
  return `${tokens[at]?.word ?? ''} ${other > at + 1 ? '.. ' : ''}${tokens[other]?.word ?? ''}`;
}

function letterGroups(word: string): readonly string[] {
  const framed = `^${word}$`;
  const groups: string[] = [];
  for (let size = LETTERS_MIN; size <= LETTERS_MAX; size += 1) {
    for (let start = 0; start + size <= framed.length; start += 1) groups.push(`~${framed.slice(start, start + size)}`);
  }
  return groups;
}
