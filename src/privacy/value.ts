/**
 * What somebody tells after a word that announced it: the password behind "my password is", the key behind "token:". A password may hold any
 * character, so it is taken up to the next space, or up to the quote that closes. Knows no keyword: it is called once one has been read.
 */
import { classOf, codesOf, isNewline, SPACE } from './characters.ts';
import { PLACEHOLDERS, placeholderAt, type Kind } from './kinds.ts';
import { replace, type Scan } from './scan.ts';
import { isBearer, isCredential, judgePassword, type PasswordVerdict } from './secrets.ts';

const VALUE_CHARS_MAX = 128;
const [AMPERSAND, LESS_THAN] = [38, 60];
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['„', '“'],
  ['‘', '’'],
  ['«', '»'],
]);

/** `more`: the text read so far does not tell. */
export type Outcome = 'taken' | 'none' | 'more';

/** What may stand between the announcement and the value; never the first character of a value. */
export function isFiller(code: number): boolean {
  return FILLERS.has(code);
}
const FILLERS = codesOf('"\'`“”„‘’«»*:=>([{<|');

/** Takes the value that starts at `scan.at`, if one does. */
export function takeValue(scan: Scan): Outcome {
  const closing = CLOSING.get(String.fromCharCode(scan.before));
  if (closing !== undefined) {
    const quoted = takeQuoted(scan, closing);
    if (quoted !== 'none') return quoted;
  }
  const { text, at } = scan;
  const limit = Math.min(text.length, at + VALUE_CHARS_MAX);
  let end = at;
  while (end < limit && !endsValue(scan, text.charCodeAt(end))) end += 1;
  const cut = end === at + VALUE_CHARS_MAX;
  if (end === text.length && !cut && !scan.ended) return 'more';
  const redacted = holdsPlaceholder(scan, at, end);
  if (redacted !== false) return redacted === null ? 'more' : 'none';
  const value = trimmed(text.slice(at, end), scan.expectation === 'password');
  let verdict = judge(scan, value);
  if (verdict === 'if-last') {
    const last = isLast(scan, at + value.length, end);
    if (last === null) return 'more';
    verdict = last ? 'yes' : 'no';
  }
  if (verdict === 'no') {
    // A variable: what is inside its braces is a name.
    if (value.startsWith('$')) scan.expectation = 'none';
    return 'none';
  }
  take(scan, at + value.length);
  if (cut) scan.swallow = 'run';
  return 'taken';
}

/**
 * Whether part of it has been redacted before. Then it was no value at that time, and must not become one now. `null` when the text read
 * so far does not tell.
 */
function holdsPlaceholder({ text, ended }: Scan, from: number, to: number): boolean | null {
  for (let at = from; at < to; at += 1) {
    const length = text[at] === '[' ? placeholderAt(text, at, ended) : 0;
    if (length !== 0) return length > 0 ? true : null;
  }
  return false;
}

function endsValue(scan: Scan, code: number): boolean {
  return classOf(code) === SPACE || code === LESS_THAN || (scan.query && code === AMPERSAND);
}

function take(scan: Scan, to: number): void {
  const kind = kindOf(scan);
  replace(scan, scan.at, to, kind, PLACEHOLDERS[kind]);
}

function kindOf({ expectation }: Scan): Exclude<Kind, 'card'> {
  if (expectation === 'code') return 'card_code';
  return expectation === 'secret' || expectation === 'bearer' ? 'secret' : 'password';
}

/** How sentences about passwords begin, and passphrases do not. */
const SENTENCE = /^(?:an?|the|with|your|must|should|at|not|no|is|in|please|enter)\b/i;

/** A passphrase in quotes may hold spaces. `none` as well when no quote closes on this line. */
function takeQuoted(scan: Scan, closing: string): Outcome {
  const { text, at } = scan;
  const limit = Math.min(text.length, at + VALUE_CHARS_MAX);
  let end = at;
  while (end < limit && text[end] !== closing && !isNewline(text.charCodeAt(end))) end += 1;
  if (end === text.length && end < at + VALUE_CHARS_MAX && !scan.ended) return 'more';
  if (text[end] !== closing || end === limit) return 'none';
  if (holdsPlaceholder(scan, at, end) === true) return 'none';
  const value = text.slice(at, end);
  const space = value.indexOf(' ');
  // Of a passphrase the first word tells, unless it was handed over with a colon: "password is 'not valid'" is what a page said.
  const given = space > 0 && scan.expectation === 'password' && scan.stage === 'colon' && !SENTENCE.test(value);
  const verdict = given ? 'yes' : judge(scan, space < 0 ? value : value.slice(0, space));
  if (verdict === 'no' || (verdict === 'if-last' && scan.stage === 'far-told')) return 'none';
  take(scan, end);
  return 'taken';
}

function judge({ expectation, stage }: Scan, value: string): PasswordVerdict {
  const told = stage === 'is' || stage === 'colon' || stage === 'far-told';
  switch (expectation) {
    case 'none':
      return 'no';
    case 'password': {
      // "Forward mails about your password to …" names a place.
      if (stage === 'far' || (stage === 'far-told' && /@[^@]+\.\p{L}{2,24}$/u.test(value))) return 'no';
      const verdict = judgePassword(value, told);
      return verdict === 'if-last' && stage === 'far-told' ? 'no' : verdict;
    }
    case 'pin':
      return /^\d{4,8}$/.test(value) && stage !== 'far' ? 'yes' : 'no';
    case 'code':
      return /^\d{3,4}$/.test(value) && stage !== 'far' ? 'yes' : 'no';
    case 'secret':
      return isCredential(value, told) ? 'yes' : 'no';
    case 'bearer':
      return isBearer(value) ? 'yes' : 'no';
  }
}

/** Without what closes a sentence, a bracket or a quote. A password keeps its exclamation mark unless it is a plain word. */
function trimmed(run: string, password: boolean): string {
  const core = run.replace(/[.,;:?)\]}>"'`”“’»*|!…]{1,16}$/, '');
  if (!password || /^\p{L}*$/u.test(core) || !/!/.test(run.slice(core.length))) return core;
  return run.replace(/[.,;:?)\]}>"'`”“’»*|…]{1,16}$/, '');
}

const AND = new Set(['and', 'und', 'y', 'e', 'et', 'but', 'aber', 'pero', 'mais', 'or', 'for', 'with', 'user']);
const LOOK_CHARS_MAX = 12;

/**
 * Whether the sentence, the line or the clause ends behind a plain word: "my password is sunshine." and "… sunshine and", not
 * "password: sunshine is what …". `null` when the text read so far does not tell.
 */
function isLast(scan: Scan, valueEnd: number, runEnd: number): boolean | null {
  const { text, ended } = scan;
  if (runEnd > valueEnd) return /[.,;!?)"'`”»*]/.test(text.slice(valueEnd, runEnd));
  let from = runEnd;
  while (from < text.length && from < runEnd + LOOK_CHARS_MAX && classOf(text.charCodeAt(from)) === SPACE) {
    if (isNewline(text.charCodeAt(from))) return true;
    from += 1;
  }
  let to = from;
  while (to < text.length && to < from + LOOK_CHARS_MAX && classOf(text.charCodeAt(to)) !== SPACE) to += 1;
  if (to === text.length && to < from + LOOK_CHARS_MAX && !ended) return null;
  return (
    from === text.length ||
    text[from] === '/' ||
    text[from] === '(' ||
    AND.has(
      text
        .slice(from, to)
        .toLowerCase()
        .replace(/[,.;:]$/, ''),
    )
  );
}
