/**
 * What a customer calls the thing they miss: "our roadmap board" says roadmap, "the file" says nothing. A guess for telling them that
 * nothing of that name is there, and for not taking the only thing there is for the one they named. Reads words, no rows.
 */
import { ownWords } from './grounding.ts';
import { foldWords } from './word-pattern.ts';

const KINDS = 'board|project|task|file|document|doc|list|view|folder|dashboard|template|automation|attachment|form|sheet';
const BEFORE_KIND = new RegExp(
  String.raw`(?<!\p{L})(?:the|our|my|a|an|this|that|deleted|restore|recover) ((?:[\p{L}\p{N}'_-]+ ){1,3})(?:${KINDS})s?(?![\p{L}\p{N}])`,
  'gu',
);
const AFTER_KIND = new RegExp(String.raw`(?<!\p{L})(?:${KINDS})s? (?:called|named|with the name) ["'“„«]?([\p{L}\p{N}][\p{L}\p{N} '_-]{0,80})`, 'gu');

/** Words that stand before a thing and name none. */
const NO_NAMES = new Set(
  `a an the my our your their his her its this that these those all some any every each one two three whole entire complete old new last latest first second only same other another lost deleted missing important
  big large small main team teams company customer client work private shared public archived wrong right recent current whose which what and or of for from in on with by me us back again please restore recover bring get
  loomwork workspace trash today yesterday morning week month day projects boards tasks files docs lists views ${KINDS.replaceAll('|', ' ')}`.split(/\s+/),
);

/** Words of its name, lower case; empty when the message gives it none. */
export function wordsOfItem(text: string): readonly string[] {
  const said = foldWords(ownWords(text));
  const found = [...said.matchAll(BEFORE_KIND), ...said.matchAll(AFTER_KIND)].map(([, name = '']) => name);
  return [...new Set(found.flatMap((name) => name.split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length > 1 && !NO_NAMES.has(word)))];
}

/** False when the message names a thing in words of which the name has none. */
export function mayBeItem(name: string, text: string): boolean {
  const wanted = wordsOfItem(text);
  const own = new Set(foldWords(name).split(/[^\p{L}\p{N}]+/u));
  return wanted.length === 0 || wanted.some((word) => own.has(word));
}
