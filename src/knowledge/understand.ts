/**
 * What the words of a question may stand for: each word as written and as it was probably meant, and what articles call the things
 * that wordings.ts knows. Weighs by certainty only; how rare a word is, and which articles hold it, the database knows.
 */
import { QUERY_CHARS_MAX } from './question.ts';
import { EVERYDAY } from './everyday.ts';
import { SHORTHAND, WORDINGS } from './wordings.ts';

/** A word or phrase to look for. Those with the same `thing` are ways to say one thing: an article needs only one of them. */
export interface AskedTerm {
  readonly thing: number;
  /** 0 to 1: how sure it is that this was meant. */
  readonly certainty: number;
  readonly text: string;
}

/** A wording of more than one word explains its words: alone they mean less ("log" in "log in"). */
const EXPLAINED = 0.5;
const MENDED = 0.85;
/** Words that say little although articles seldom hold them, and numbers, which articles are full of. */
const SAYS_LITTLE = 0.5;
const NUMBER = 0.3;
/** A wording of one word has more than one sense. */
const ONE_WORD = 0.8;
/** The second and later words that articles may use for a thing. */
const OTHER_TERM = 0.9;
/** What `*` in a wording stands for. */
const GAP_WORDS_MAX = 3;

interface Pattern {
  /** Stems, and `*` for a gap. */
  readonly stems: readonly string[];
  readonly words: number;
  /** Index in WORDINGS. */
  readonly line: number;
}

interface Found {
  /** Places of its words in the question. */
  readonly places: readonly number[];
  readonly words: number;
}

const PATTERNS = readPatterns();
const WORDING_WORDS: ReadonlySet<string> = new Set(WORDINGS.flatMap(({ terms, phrases }) => [...terms, ...phrases].flatMap(wordsOf)));

/** @param mend A probable misspelling to the word meant; any other word to itself. */
export function understand(question: string, mend: (word: string) => string): readonly AskedTerm[] {
  const words = wordsOf(
    question
      .slice(0, QUERY_CHARS_MAX)
      .toWellFormed()
      .replace(/\bcan['’]?t\b/giu, 'cannot')
      .replace(/(\p{L}+)n['’]t\b/giu, '$1 not')
      .replace(/['’](?:s|re|ve|ll|d|m)\b/giu, ' ')
      .replaceAll('*', ' '),
  ).map((written) => {
    const meant = SHORTHAND.get(written) ?? written;
    return { written, meant, mended: WORDING_WORDS.has(meant) ? meant : mend(meant) };
  });
  const found = findWordings(words.map(({ mended }) => stemOf(mended)));
  const explained = new Set([...found.values()].filter((one) => one.words > 1).flatMap(({ places }) => places));
  const terms: AskedTerm[] = [];
  const thingAt = new Map<number, number>();
  const seen = new Set<string>();
  for (const [place, { written, meant, mended }] of words.entries()) {
    if (seen.has(mended)) continue;
    seen.add(mended);
    thingAt.set(place, place);
    const certainty = (explained.has(place) ? EXPLAINED : 1) * telling(mended);
    for (const text of new Set([written, meant])) terms.push({ thing: place, certainty, text });
    if (mended !== meant) terms.push({ thing: place, certainty: certainty * MENDED, text: mended });
  }
  for (const [line, one] of found) {
    // A single word and what it stands for are one thing; a phrase is a thing of its own.
    const thing = (one.words === 1 ? thingAt.get(one.places[0] ?? -1) : undefined) ?? words.length + line;
    for (const [index, text] of (WORDINGS[line]?.terms ?? []).entries())
      terms.push({ thing, certainty: (one.words === 1 ? ONE_WORD : 1) * (index === 0 ? 1 : OTHER_TERM), text });
  }
  return terms;
}

/** The codes of HTTP are the numbers that are a topic. */
function telling(word: string): number {
  if (/^\d+$/.test(word)) return /^[45]\d\d$/.test(word) ? 1 : NUMBER;
  return EVERYDAY.has(word) ? SAYS_LITTLE : 1;
}

/** By line of the wordings, the longest that fits. */
function findWordings(stems: readonly string[]): ReadonlyMap<number, Found> {
  const found = new Map<number, Found>();
  for (const [start, stem] of stems.entries()) {
    for (const { stems: wanted, words, line } of PATTERNS.get(stem) ?? []) {
      if ((found.get(line)?.words ?? 0) >= words) continue;
      const places = matchAt(stems, start, wanted);
      if (places) found.set(line, { places, words });
    }
  }
  return found;
}

function matchAt(stems: readonly string[], start: number, wanted: readonly string[]): readonly number[] | null {
  const places = [start];
  let gap = 0;
  for (const stem of wanted.slice(1)) {
    if (stem === '*') {
      gap = GAP_WORDS_MAX;
      continue;
    }
    const from = (places.at(-1) ?? start) + 1;
    const step = stems.slice(from, from + gap + 1).indexOf(stem);
    if (step < 0) return null;
    places.push(from + step);
    gap = 0;
  }
  return places;
}

function readPatterns(): ReadonlyMap<string, readonly Pattern[]> {
  const patterns = new Map<string, Pattern[]>();
  for (const [line, { phrases }] of WORDINGS.entries()) {
    for (const phrase of phrases) {
      const stems = wordsOf(phrase).map((word) => (word === '*' ? word : stemOf(SHORTHAND.get(word) ?? word)));
      const first = stems[0] ?? '';
      patterns.set(first, [...(patterns.get(first) ?? []), { stems, words: stems.filter((stem) => stem !== '*').length, line }]);
    }
  }
  return patterns;
}

/** Lower case without accents, which half of the customers leave out. `@` is a word to people who mention each other. */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/\b(e|wi)-(mails?|fi)\b/g, '$1$2');
  return plain.match(/[@*]|[\p{L}\p{N}]+/gu) ?? [];
}

/** Takes the commonest English endings off, so that a wording stands for its forms; both sides are cut alike, so it need not be a word. */
function stemOf(word: string): string {
  let stem = word;
  if (stem.length > 4 && stem.endsWith('ies')) stem = `${stem.slice(0, -3)}y`;
  else if (stem.length > 3 && stem.endsWith('s') && !/[sui]s$/.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith('ing')) stem = stem.slice(0, -3);
  else if (stem.length > 4 && stem.endsWith('ed')) stem = stem.slice(0, -2);
  if (stem.length > 3 && stem.at(-1) === stem.at(-2) && !/[ls]$/.test(stem)) stem = stem.slice(0, -1);
  return stem.length > 5 && stem.endsWith('e') ? stem.slice(0, -1) : stem;
}
