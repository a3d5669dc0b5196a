/**
 * Private keys in PEM armour (RFC 7468), of any length, whole or broken off, on lines or pasted into one. The body is left out as it comes
 * and never held; where it is broken off, the first two short words in a row are text again. Public keys and certificates stay.
 */
import { classOf, SPACE } from './characters.ts';
import { PLACEHOLDERS } from './kinds.ts';
import { drop, replace, type Scan } from './scan.ts';
import type { Outcome } from './value.ts';

const BEGIN = /-----BEGIN [A-Z\d ]{0,24}PRIVATE KEY(?: BLOCK)?-----/y;
const START = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
const BEGIN_CHARS_MAX = 64;
/** Lines of a body have 64 or 76 characters, the last one any number. */
const LONG_CHARS = 24;
const PART_CHARS_MAX = 96;
const SPACES_MAX = 32;

export function takePrivateKey(scan: Scan): Outcome {
  const { text, at, ended } = scan;
  const known = Math.min(START.length, text.length - at);
  if (!START.startsWith(text.slice(at, at + known))) return 'none';
  BEGIN.lastIndex = at;
  const match = BEGIN.exec(text);
  if (match) {
    replace(scan, at, at + match[0].length, 'private_key', PLACEHOLDERS.private_key);
    scan.swallow = 'key';
    scan.headers = false;
    return 'taken';
  }
  return text.length - at < BEGIN_CHARS_MAX && !ended ? 'more' : 'none';
}

/** Leaves out the next part of the body, or finds that it has ended. False: more text is needed. */
export function swallowKey(scan: Scan): boolean {
  const { text, ended } = scan;
  const from = skipSpaces(scan, scan.at);
  if (from === text.length && !ended) return false;
  if (scan.swallow === 'key-end') return swallowEnd(scan, from);
  if (isOpen(scan, from, END)) return false;
  if (text.startsWith(END, from)) {
    drop(scan, from + END.length);
    scan.swallow = 'key-end';
    return true;
  }
  const to = partEnd(scan, from);
  if (to === null) return false;
  const fits = isBodyPart(scan, from, to);
  if (fits === null) return false;
  if (fits) drop(scan, to);
  else scan.swallow = 'none';
  return true;
}

/** "RSA PRIVATE KEY-----" */
function swallowEnd(scan: Scan, from: number): boolean {
  const { text, ended } = scan;
  let to = from;
  while (to < text.length && to < from + BEGIN_CHARS_MAX && /[A-Z\d ]/.test(text.charAt(to))) to += 1;
  if ((to === text.length && to < from + BEGIN_CHARS_MAX) || isOpen(scan, to, DASHES)) {
    if (!ended) return false;
  }
  drop(scan, text.startsWith(DASHES, to) ? to + DASHES.length : from);
  scan.swallow = 'none';
  return true;
}

/** `null`: more text is needed. A short part belongs to the body when a long one or the end follows, or when it is a header's. */
function isBodyPart(scan: Scan, from: number, to: number): boolean | null {
  const { text, ended } = scan;
  const part = text.slice(from, to);
  if (from === to || !/^[\w+/=\\:,.-]+$/.test(part)) return false;
  if (part.length >= LONG_CHARS) return true;
  if (/^[A-Z][A-Za-z]+(?:-[A-Z][A-Za-z]+)*:$/.test(part)) {
    scan.headers = true;
    return true;
  }
  if (scan.headers) {
    scan.headers = false;
    return true;
  }
  const next = skipSpaces(scan, to);
  if (next === text.length) return ended ? true : null;
  if (text.startsWith(END, next)) return true;
  if (isOpen(scan, next, END)) return null;
  const nextEnd = partEnd(scan, next);
  return nextEnd === null ? null : nextEnd - next >= LONG_CHARS && /^[\w+/=\\]+$/.test(text.slice(next, nextEnd));
}

function skipSpaces({ text }: Scan, from: number): number {
  let to = from;
  while (to < text.length && to < from + SPACES_MAX && classOf(text.charCodeAt(to)) === SPACE) to += 1;
  return to;
}

/** Whether the text breaks off inside `literal`. */
function isOpen({ text, ended }: Scan, at: number, literal: string): boolean {
  const rest = text.length - at;
  return !ended && rest < literal.length && literal.startsWith(text.slice(at));
}

/** Up to a space, or to the dashes of the end. */
function partEnd(scan: Scan, from: number): number | null {
  const { text, ended } = scan;
  const limit = Math.min(text.length, from + PART_CHARS_MAX);
  let to = from;
  while (to < limit && classOf(text.charCodeAt(to)) !== SPACE && !text.startsWith(END, to)) {
    if (isOpen(scan, to, END)) return null;
    to += 1;
  }
  return to === text.length && to < from + PART_CHARS_MAX && !ended ? null : to;
}
