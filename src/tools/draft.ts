/**
 * A draft as the checks read it: what is prose, what is code and what is quoted, its sentences with their places, and the words that
 * carry its meaning. Everything hidden is replaced by as many spaces, so that places stay true. Judges nothing.
 */

/** A piece of a text and where it begins there. */
export interface Piece {
  readonly text: string;
  readonly start: number;
}

/** Sentences looked at; a longer draft is not an answer in a chat. */
const SENTENCES_MAX = 200;

/** The text with blocks of code and code in lines as spaces. */
export function withoutCode(text: string): string {
  return text.replace(/```[\s\S]*?(?:```|$)/g, blank).replace(/`[^`\n]{1,300}`/g, blank);
}

/** The text with what stands in quotation marks, or behind ">", as spaces: somebody else's words, or words that are spoken about. */
export function withoutQuotes(text: string): string {
  return text
    .replace(/^[ \t]*>.*$/gm, blank)
    .replace(/"[^"\n]{1,400}"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»/g, blank)
    .replace(/(?<![\p{L}\p{N}])['‘][^'’\n]{1,120}['’](?![\p{L}\p{N}])/gu, blank);
}

/** What the draft says by itself. */
export function proseOf(text: string): string {
  return withoutQuotes(withoutCode(text));
}

function blank(hidden: string): string {
  return hidden.replace(/[^\n]/g, ' ');
}

const ABBREVIATION = /(?:^|[^\p{L}])(?:e\.g|i\.e|approx|no|vs|incl|etc|mr|ms|mrs|dr|st|max|min|\d+)$/iu;

/** Sentences and lines, with their places. A citation behind the full stop belongs to the sentence before it. */
export function sentencesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const line of text.matchAll(/[^\n]+/g)) {
    let from = 0;
    for (const end of line[0].matchAll(/[.!?]+["”')*_]*(?: ?\[\d[\d, ]{0,10}\][.]?)*(?=\s|$)/g)) {
      const before = line[0].slice(from, end.index);
      if (ABBREVIATION.test(before.slice(-12)) && end[0].startsWith('.') && end.index + end[0].length < line[0].length) continue;
      push(pieces, line[0].slice(from, end.index + end[0].length), line.index + from);
      from = end.index + end[0].length;
    }
    push(pieces, line[0].slice(from), line.index + from);
    if (pieces.length >= SENTENCES_MAX) break;
  }
  return pieces.slice(0, SENTENCES_MAX);
}

function push(pieces: Piece[], text: string, start: number): void {
  const trimmed = text.trimStart();
  if (/[\p{L}\p{N}]/u.test(trimmed)) pieces.push({ text: trimmed.trimEnd(), start: start + text.length - trimmed.length });
}

const STOP = new Set(
  `a an the is are was were be been being do does did done have has had having i me my mine we us our ours you your yours he she it its they them their this that these those there here
  and or but nor so if then than as at by for from in into of on onto off out over to up with without within about after before between during until while can could may might must shall should
  will would not no yes also just only very more most any some each every all both either one per via how what when where which who why please thanks thank hi hello dear get gets got like want
  need know let us're we're you're it's i'm don't doesn't can't won't isn't aren't i'd i've we've you've that's what's again still too much many make makes made go goes going see`.split(
    /\s+/,
  ),
);
const ENDINGS = /(?:ations?|ings?|edly|ed|ies|es|s|e|y|ly)$/;
/** Letters by which two forms of a word are taken for the same. */
const START_LETTERS = 7;

/** The words that carry meaning, cut down to what their forms share. Numbers are not among them. */
export function contentOf(text: string): ReadonlySet<string> {
  const words =
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/\p{L}[\p{L}\p{N}'-]*/gu) ?? [];
  return new Set(words.filter((word) => word.length > 1 && !STOP.has(word)).map(stemOf));
}

function stemOf(word: string): string {
  const plain = word.replace(/'s?$/, '');
  return (plain.length > 4 ? plain.replace(ENDINGS, '') : plain).slice(0, START_LETTERS);
}

/** The share of the first one's words that the second one has; 0 for no words. */
export function coverage(wanted: ReadonlySet<string>, given: ReadonlySet<string>): number {
  if (wanted.size === 0) return 0;
  return [...wanted].filter((word) => given.has(word)).length / wanted.size;
}

/** How alike two bags of words are, 0 to 1. */
export function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((word) => other.has(word)).length;
  const all = one.size + other.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Whether the words before a place in a sentence take back what follows: "we cannot guarantee". */
export function isNegated(sentence: string, at: number): boolean {
  return /\b(?:not|no|never|nothing|nobody|cannot|can't|don't|doesn't|won't|isn't|aren't|wasn't|didn't|couldn't|unable to|without|nor|neither)\b[^.,;:!?]{0,24}$/i.test(
    sentence.slice(0, at).replaceAll('’', "'"),
  );
}
