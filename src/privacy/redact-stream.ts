/**
 * Takes personal data out of text while it streams: what comes out is the same however the text was cut, because every decision is taken on
 * characters that later text cannot change. Stores, logs and sends nothing, and gives no way back to what stood there.
 */
import { classOf, codesOf, DIGIT, isNewline, SPACE, WORDY } from './characters.ts';
import { PLACEHOLDERS, placeholderAt, type Found, type RedactionPolicy } from './kinds.ts';
import { swallowKey, takePrivateKey } from './private-key.ts';
import { drop, forget, newScan, replace, type Scan } from './scan.ts';
import { isFiller, takeValue } from './value.ts';
import { beginsPlain, takeNumber, takeWord } from './word.ts';

/** No more than so many characters are ever held back. */
export const HELD_CHARS_MAX = 320;

export interface Redactor {
  /**
   * What of the text so far is decided and has not been returned yet; often the whole chunk, sometimes ''. Prose is held back by a short or
   * unusual word at most (by every last word where addresses are taken out), a number or a word in capitals until it is clear what it is,
   * anything by `HELD_CHARS_MAX`.
   */
  push(chunk: string): string;
  /** What was held back. The redactor begins anew with the next text; `found` goes on counting. */
  end(): string;
  /** What has been replaced so far, in the order of its first time. */
  found(): readonly Found[];
}

export function createRedactor(policy: RedactionPolicy): Redactor {
  const scan = newScan(policy);
  return Object.freeze<Redactor>({
    push(chunk) {
      if (chunk === '') return '';
      scan.text = scan.text === '' ? chunk : scan.text + chunk;
      return decided(scan);
    },
    end() {
      scan.ended = true;
      const rest = decided(scan);
      Object.assign(scan, newScan(policy), { counts: scan.counts });
      return rest;
    },
    found: () => [...scan.counts].map(([kind, count]) => ({ kind, count })),
  });
}

function decided(scan: Scan): string {
  while (scan.at < scan.text.length && step(scan));
  const { text, at, kept } = scan;
  // The beginning of a plain word goes out before its end is known; what the word says about the next ones is read at its end.
  const to = at < text.length && beginsPlain(scan) ? text.length : Math.max(at, kept);
  const out = scan.out === '' ? text.slice(kept, to) : scan.out + text.slice(kept, to);
  scan.out = '';
  scan.text = at === text.length ? '' : text.slice(at);
  scan.at = 0;
  scan.kept = to - at;
  if (scan.passwordFrom >= 0) {
    scan.passwordFrom -= at;
    scan.passwordTo -= at;
  }
  return out;
}

/** Decides about the next piece of text. False: more is needed. */
function step(scan: Scan): boolean {
  if (scan.swallow !== 'none') return swallow(scan);
  const { text, at } = scan;
  const code = text.charCodeAt(at);
  const kind = classOf(code);
  if (scan.authority && !readAuthority(scan)) return false;
  if (scan.passwordFrom >= 0 && at >= scan.passwordFrom) {
    const here = at === scan.passwordFrom;
    scan.passwordFrom = -1;
    if (here) {
      replace(scan, at, scan.passwordTo, 'password', PLACEHOLDERS.password);
      return true;
    }
  }
  if (code === MINUS) {
    const key = takePrivateKey(scan);
    if (key !== 'none') return key === 'taken';
  }
  if (scan.expectation !== 'none' && kind !== SPACE && !isFiller(code)) {
    const value = takeValue(scan);
    if (value !== 'none') return value === 'taken';
  }
  return (kind & WORDY) !== 0 ? takeWord(scan) : takeDelimiter(scan, code, kind);
}

const [NEWLINE, MINUS, SLASH, OPEN, BRACKET, PLUS, EQUALS, GREATER, PIPE, BLANK] = [10, 45, 47, 40, 91, 43, 61, 62, 124, 32];
const CONNECTING = codesOf(':=>|');
const ENDING = codesOf(',;!?…');
const AMOUNT = codesOf('$€£¥#');

function takeDelimiter(scan: Scan, code: number, kind: number): boolean {
  const { text, at, ended } = scan;
  const next = at + 1 < text.length ? text.charCodeAt(at + 1) : -1;
  // Half a character must not go out alone, and what a bracket opens is told by what follows it.
  if (next < 0 && !ended && (code === OPEN || (code >= 0xd800 && code < 0xdc00))) return false;
  if (code === BRACKET) {
    const length = placeholderAt(text, at, ended);
    if (length < 0) return false;
    if (length > 0) {
      scan.at += length;
      forget(scan);
      return true;
    }
  }
  if (code === OPEN && (next === PLUS || (next >= 0 && (classOf(next) & DIGIT) !== 0))) return takeNumber(scan, at + 1);
  if (scan.expectation !== 'none') carryOn(scan, code);
  // What a paragraph said about a number says nothing about the next one's.
  if (isNewline(code) && scan.before === NEWLINE) scan.hint = 'none';
  if (AMOUNT.has(code)) [scan.hint, scan.hintPatience] = ['reference', 2];
  scan.authority = code === SLASH && scan.before === SLASH;
  if (kind !== SPACE || isNewline(code)) scan.before = code;
  else if (scan.before !== NEWLINE) scan.before = code;
  scan.at = at + 1;
  return true;
}

/** What a delimiter says about the value that is expected. */
function carryOn(scan: Scan, code: number): void {
  // "<password>" and "password -> " hand over; "Password > Rules" is a way through menus.
  if (code === GREATER && scan.before !== 0 && scan.before !== EQUALS) return;
  // A cell of a table, not one of the words of a choice.
  if (code === PIPE && scan.before !== BLANK) scan.expectation = 'none';
  if (code === PIPE && scan.stage !== 'direct') return;
  if (CONNECTING.has(code)) scan.stage = scan.stage === 'far' || scan.stage === 'far-told' ? 'far-told' : 'colon';
  else if (ENDING.has(code)) scan.expectation = 'none';
  // The value may stand on the line below its name, no further.
  else if (isNewline(code) && (scan.stage !== 'colon' || scan.before === NEWLINE)) scan.expectation = 'none';
}

const AUTHORITY_CHARS_MAX = 128;

/** Finds the password of `//user:password@host`. False: more text is needed. */
function readAuthority(scan: Scan): boolean {
  const { text, at, ended } = scan;
  const limit = Math.min(text.length, at + AUTHORITY_CHARS_MAX);
  let end = at;
  while (end < limit && !/[@/?#\s]/.test(text.charAt(end))) end += 1;
  if (end === text.length && end < at + AUTHORITY_CHARS_MAX && !ended) return false;
  scan.authority = false;
  const colon = at + text.slice(at, end).indexOf(':');
  // What starts with one of these is a placeholder already, ours or that of an example.
  if (text[end] !== '@' || colon < at || colon + 1 === end || /[[${<]/.test(text.charAt(colon + 1))) return true;
  scan.passwordFrom = colon + 1;
  scan.passwordTo = end;
  return true;
}

/** Leaves out the rest of what has been replaced already. */
function swallow(scan: Scan): boolean {
  if (scan.swallow === 'key' || scan.swallow === 'key-end') return swallowKey(scan);
  const { text } = scan;
  let to = scan.at;
  const goesOn = (code: number): boolean => (scan.swallow === 'word' ? (classOf(code) & WORDY) !== 0 : classOf(code) !== SPACE);
  while (to < text.length && goesOn(text.charCodeAt(to))) to += 1;
  drop(scan, to);
  if (to < text.length) scan.swallow = 'none';
  return true;
}
