/**
 * Where the reading of one text stands: what is held, what of it is decided, and what the words so far make us expect. Every decision is
 * taken on characters alone that later text cannot change, which is why it does not matter how the text was cut. Decides nothing itself.
 */
import type { Kind, RedactionPolicy } from './kinds.ts';
import type { Hint } from './numbers.ts';
import type { Expectation } from './words.ts';

/** Where we stand since the word that made us expect: right behind it, some words on, behind "is" or a colon; `far-told`: both of the latter two. */
export type Stage = 'direct' | 'far' | 'is' | 'colon' | 'far-told';

/** What is left out until it ends: a word, anything up to a space, or the body of a key. */
export type Swallow = 'none' | 'word' | 'run' | 'key' | 'key-end';

/** Words and numbers are judged by this much of them. No key or address that we know is told by more. */
export const WORD_CHARS_MAX = 192;

export interface Scan {
  readonly policy: RedactionPolicy;
  readonly counts: Map<Kind, number>;
  /** Held text and what has come since. */
  text: string;
  /** The first character of `text` that is not decided. */
  at: number;
  /** From here to `at` goes out as it is. */
  kept: number;
  out: string;
  /** Nothing more will come. */
  ended: boolean;

  expectation: Expectation;
  stage: Stage;
  /** How many words more the expectation holds. */
  patience: number;
  hint: Hint;
  hintPatience: number;
  /** The next word names no credential. */
  harmless: boolean;
  /** "mot" has been read; "passe" may follow within so many words. */
  mot: number;
  /** The last delimiter when nothing stood behind it yet, else 0. */
  before: number;
  /** The keyword stood in the query of an address: its value ends at "&". */
  query: boolean;

  swallow: Swallow;
  /** A header line of a private key has been read. */
  headers: boolean;
  /** Behind "//": the next run may be user:password@host. */
  authority: boolean;
  /** Where in `text` the password of such a run stands; -1 when none does. */
  passwordFrom: number;
  passwordTo: number;
  /** Inside more digits in a row than any number of somebody has. */
  listing: boolean;
}

export function newScan(policy: RedactionPolicy): Scan {
  return {
    policy,
    counts: new Map(),
    text: '',
    at: 0,
    kept: 0,
    out: '',
    ended: false,
    expectation: 'none',
    stage: 'direct',
    patience: 0,
    hint: 'none',
    hintPatience: 0,
    harmless: false,
    mot: 0,
    before: 0,
    query: false,
    swallow: 'none',
    headers: false,
    authority: false,
    passwordFrom: -1,
    passwordTo: -1,
    listing: false,
  };
}

/** Puts the placeholder in place of `from` to `to`, and forgets the words before: a placeholder that is read later does the same. */
export function replace(scan: Scan, from: number, to: number, kind: Kind, placeholder: string): void {
  scan.out += scan.text.slice(scan.kept, from) + placeholder;
  scan.at = to;
  scan.kept = to;
  scan.counts.set(kind, (scan.counts.get(kind) ?? 0) + 1);
  forget(scan);
}

export function forget(scan: Scan): void {
  scan.expectation = 'none';
  scan.hint = 'none';
  scan.harmless = false;
  scan.mot = 0;
  scan.before = 0;
  scan.authority = false;
  scan.listing = false;
}

/** Leaves out what is up to `to`. */
export function drop(scan: Scan, to: number): void {
  scan.out += scan.text.slice(scan.kept, scan.at);
  scan.at = to;
  scan.kept = to;
}
