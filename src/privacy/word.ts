/**
 * One word of the text, or one run of numbers: lexed up to its end, looked up, judged, and passed on or replaced. A word is what addresses,
 * keys and numbers are made of, without spaces; text is held back no longer than until one has ended.
 */
import { AT, classOf, DASH, DIGIT, isNewline, isWideDash, LETTER, MARK, SPACE, WORDY } from './characters.ts';
import { beginsNino, ibanLength, isDniOrNie, isIban, isNino } from './checks.ts';
import { emailIn } from './email.ts';
import { PLACEHOLDERS } from './kinds.ts';
import { DIGITS_MIN, firstNumber } from './numbers.ts';
import { replace, WORD_CHARS_MAX, type Scan } from './scan.ts';
import { isKey, mayBecomeKey } from './secrets.ts';
import type { Outcome } from './value.ts';
import { CONNECTORS, MEANINGS, nextHash } from './words.ts';

/** No number of somebody is longer, separators included; what is, is a list. */
const RUN_CHARS_MAX = 64;
const SEPARATORS_MAX = 3;
/** Of a list so many digits pass at a time: too many for a phone number, so what is left of the list cannot turn into one. */
const LIST_DIGITS = 18;
const [DOT, PLUS, MINUS, SLASH, OPEN, CLOSE, QUESTION, AMPERSAND, QUOTE] = [46, 43, 45, 47, 40, 41, 63, 38, 39];
const HINT_WORDS = 5;
const EXPECT_WORDS = 8;

interface Word {
  end: number;
  /** Classes of its characters, joined. */
  classes: number;
  /** Of its letters and digits, and of those behind its last dash or dot. */
  hash: number;
  lastHash: number;
}

/** One for all: words are read one at a time, to their end, within one call. */
const word: Word = { end: 0, classes: 0, hash: 0, lastHash: 0 };

/** Reads the word at `from` into `word`. False: it may go on in text that has not come yet. */
function lex({ text, ended }: Scan, from: number): boolean {
  const limit = Math.min(text.length, from + WORD_CHARS_MAX);
  let [end, classes, hash, lastHash, parted] = [from, 0, 0, 0, false];
  for (; end < limit; end += 1) {
    const code = text.charCodeAt(end);
    const kind = classOf(code);
    if ((kind & WORDY) === 0) break;
    classes |= kind;
    if ((kind & (LETTER | DIGIT)) === 0) parted = true;
    else {
      hash = nextHash(hash, code);
      lastHash = nextHash(parted ? 0 : lastHash, code);
      parted = false;
    }
  }
  if (end === text.length && end < from + WORD_CHARS_MAX && !ended) return false;
  word.end = end;
  word.classes = classes;
  word.hash = hash;
  word.lastHash = lastHash;
  return true;
}

/** Takes the word or the run of numbers at `scan.at`. False: more text is needed. */
export function takeWord(scan: Scan): boolean {
  if (!lex(scan, scan.at)) return false;
  const { end, classes, hash, lastHash } = word;
  if (classes === LETTER && end - scan.at !== 2) {
    pass(scan, end, hash, lastHash);
    return true;
  }
  if (isNumeric(classes)) return takeNumber(scan, scan.at);
  const taken = takeNamed(scan, end, classes);
  if (taken === 'more') return false;
  if (taken === 'none') pass(scan, end, hash, lastHash);
  return true;
}

/**
 * Whether the held word, of which only the beginning has come, is a plain one: whatever follows, these characters stay as they are. Ids of
 * people begin with one or two letters, addresses with any.
 */
export function beginsPlain({ text, at, policy, swallow, expectation, authority, passwordFrom }: Scan): boolean {
  if (policy.email || swallow !== 'none' || expectation !== 'none' || authority || passwordFrom >= 0) return false;
  const length = text.length - at;
  if (length < 2 || length >= WORD_CHARS_MAX) return false;
  for (let i = at; i < text.length; i += 1) if (classOf(text.charCodeAt(i)) !== LETTER) return false;
  const letters = text.slice(at);
  if (length === 2 && (ibanLength(letters.toUpperCase()) > 0 || beginsNino(letters.toUpperCase()))) return false;
  return !mayBecomeKey(letters);
}

function isNumeric(classes: number): boolean {
  return (classes & DIGIT) !== 0 && (classes & (LETTER | MARK | AT)) === 0;
}

/** "Visa4242…", "no.4242…" and "4242…exp". */
const GLUED_CARD = /^([A-Za-z]{0,12}\.?)(\d{13,19})(?!\d)/;

/** Ids with letters, keys, addresses. */
function takeNamed(scan: Scan, end: number, classes: number): Outcome {
  const { text, at } = scan;
  if ((classes & LETTER) !== 0) {
    const spaced = takeSpaced(scan, end);
    if (spaced !== 'none') return spaced;
  }
  const cut = end === at + WORD_CHARS_MAX;
  let core = end;
  while (core > at && !cut && (classOf(text.charCodeAt(core - 1)) & DASH) !== 0) core -= 1;
  const length = core - at;
  if (length >= 8 && length <= 13 && (classes & DIGIT) !== 0 && isNationalWord(scan, text.slice(at, core))) {
    replace(scan, at, core, 'national_id', PLACEHOLDERS.national_id);
    return 'taken';
  }
  const glued = (classes & DIGIT) === 0 ? null : GLUED_CARD.exec(text.slice(at, core));
  if (glued) {
    const [, before = '', digits = ''] = glued;
    const span = firstNumber(digits, { hint: scan.hint, first: false, last: false, phones: false });
    if (span?.kind === 'card') {
      replace(scan, at + before.length, at + before.length + digits.length, 'card', span.placeholder);
      return 'taken';
    }
  }
  if (isKey(text.slice(at, core))) {
    replace(scan, at, core, 'secret', PLACEHOLDERS.secret);
    if (cut) scan.swallow = 'word';
    return 'taken';
  }
  if ((classes & AT) === 0 || !scan.policy.email) return 'none';
  const span = emailIn(text.slice(at, end), scan.policy.keptDomains);
  if (!span) return 'none';
  replace(scan, at + span.from, at + span.to, 'email', PLACEHOLDERS.email);
  return 'taken';
}

function isNationalWord({ hint }: Scan, text: string): boolean {
  if (hint === 'reference') return false;
  const upper = text.toUpperCase();
  return isNino(upper) || (/^[XYZ\d][\d.]{7,9}-?[A-Z]$|^[XYZ]-?\d{7}-?[A-Z]$/.test(upper) && isDniOrNie(upper.replaceAll(/[.-]/g, '')));
}

/** IBANs and national insurance numbers, which are written in groups. */
function takeSpaced(scan: Scan, end: number): Outcome {
  const { text, at } = scan;
  const start = text.slice(at, at + 4).toUpperCase();
  if (end - at >= 4 && /^[A-Z]{2}\d\d/.test(start)) {
    const length = ibanLength(start.slice(0, 2));
    const iban = length === 0 ? 'none' : gather(scan, length);
    if (iban === 'more') return 'more';
    if (iban !== 'none' && isIban(iban.text)) {
      replace(scan, at, iban.end, 'iban', PLACEHOLDERS.iban);
      return 'taken';
    }
  }
  if (end - at > 4 || scan.hint === 'reference' || !/^[A-Z]{2}/.test(text.slice(at, at + 2))) return 'none';
  const nino = gather(scan, 9, /^[A-Z]{0,2}$|^[A-Z]{2}\d{0,6}$|^[A-Z]{2}\d{6}[A-D]$/);
  if (nino === 'more' || nino === 'none' || !isNino(nino.text)) return nino === 'more' ? 'more' : 'none';
  replace(scan, at, nino.end, 'national_id', PLACEHOLDERS.national_id);
  return 'taken';
}

/** So many letters and digits from `scan.at` on, through single spaces and dashes, with nothing of the kind right behind. */
function gather({ text, at, ended }: Scan, length: number, prefix = /^/): { readonly text: string; readonly end: number } | 'none' | 'more' {
  let gathered = '';
  let end = at;
  for (; gathered.length < length; end += 1) {
    if (end >= text.length) return ended ? 'none' : 'more';
    const kind = classOf(text.charCodeAt(end));
    if ((kind & (LETTER | DIGIT)) !== 0) {
      gathered += text.charAt(end).toUpperCase();
      if (!prefix.test(gathered)) return 'none';
    } else if ((kind !== SPACE || isNewline(text.charCodeAt(end))) && text.charCodeAt(end) !== MINUS) return 'none';
    else if (end > at && (classOf(text.charCodeAt(end - 1)) & (LETTER | DIGIT)) === 0) return 'none';
  }
  if (end >= text.length) return ended ? { text: gathered, end } : 'more';
  // Before a bracket there may once have been more of the word, which has been replaced.
  return (classOf(text.charCodeAt(end)) & (LETTER | DIGIT | MARK | AT)) === 0 && text[end] !== '[' ? { text: gathered, end } : 'none';
}

/**
 * Takes the run of numbers that starts with the word at `first`.
 * @param first `scan.at`, or one more when a bracket stands there.
 */
export function takeNumber(scan: Scan, first: number): boolean {
  const { text, at } = scan;
  if (first !== at && !lex(scan, first)) return false;
  if (first !== at && !isNumeric(word.classes)) return pass(scan, first, 0, 0);
  let end = word.end;
  let cut = false;
  for (;;) {
    const next = nextGroup(scan, end);
    if (next === null || (next !== end && !lex(scan, next))) return false;
    if (next === end || !isNumeric(word.classes)) break;
    cut = word.end - at > RUN_CHARS_MAX;
    if (cut) break;
    end = word.end;
  }
  const run = text.slice(at, end);
  const span = end - first < DIGITS_MIN ? null : firstNumber(run, { hint: scan.hint, first: !scan.listing, last: !cut, phones: scan.policy.phone });
  if (span) {
    replace(scan, at + span.from, at + span.to, span.kind, span.placeholder);
    return true;
  }
  scan.listing = cut;
  return pass(scan, cut ? at + listPart(run) : end, 0, 0);
}

/** Where the next group of the run starts; `from` when none does, `null` when the text read so far does not tell. */
function nextGroup({ text, ended }: Scan, from: number): number | null {
  for (let at = from; at <= from + SEPARATORS_MAX; at += 1) {
    if (at >= text.length) return ended ? from : null;
    const code = text.charCodeAt(at);
    if ((classOf(code) & DIGIT) !== 0) return at > from ? at : from;
    const separates = (classOf(code) === SPACE && !isNewline(code)) || code === SLASH || code === OPEN || code === CLOSE || code === MINUS || isWideDash(code);
    if (!separates || code === PLUS) return from;
  }
  return from;
}

/** The groups of a list that pass at once. */
function listPart(run: string): number {
  let digits = 0;
  for (const match of run.matchAll(/\d+/g)) {
    digits += match[0].length;
    if (digits >= LIST_DIGITS) return match.index + match[0].length;
  }
  return run.length;
}

/** Lets the word go as it is, and remembers what it says about the next ones. */
function pass(scan: Scan, end: number, hash: number, lastHash: number): true {
  const { text } = scan;
  if (scan.hintPatience > 0 && --scan.hintPatience === 0) scan.hint = 'none';
  if (scan.mot > 0) scan.mot -= 1;
  const known = hash === 0 ? undefined : (MEANINGS.get(hash) ?? (lastHash === hash ? undefined : MEANINGS.get(lastHash)));
  const harmless = scan.harmless;
  scan.harmless = false;
  if (scan.expectation !== 'none') goOn(scan, hash);
  if (known) {
    switch (known.type) {
      case 'expect':
        if (!harmless) expect(scan, known.expectation);
        break;
      case 'hint':
        // "national id": the second word must not undo the first.
        if (known.hint !== 'reference' || scan.hint !== 'national') [scan.hint, scan.hintPatience] = [known.hint, HINT_WORDS];
        break;
      case 'harmless':
        scan.harmless = true;
        break;
      case 'mot':
        scan.mot = 3;
        break;
      case 'passe':
        if (scan.mot > 0) expect(scan, 'password');
        break;
    }
  }
  if (scan.expectation !== 'none' && text.charCodeAt(end - 1) === DOT && scan.expectation !== 'code') scan.expectation = 'none';
  scan.before = 0;
  scan.at = end;
  return true;
}

function expect(scan: Scan, expectation: Scan['expectation']): void {
  scan.expectation = expectation;
  scan.stage = 'direct';
  scan.patience = EXPECT_WORDS;
  scan.query = scan.before === QUESTION || scan.before === AMPERSAND;
}

/** A word between the announcement and what it announces. */
function goOn(scan: Scan, hash: number): void {
  const connector = CONNECTORS.get(hash);
  scan.patience -= 1;
  if (scan.patience <= 0 || scan.expectation === 'bearer') scan.expectation = 'none';
  else if (connector === 'is') scan.stage = scan.stage === 'direct' || scan.stage === 'is' ? 'is' : scan.stage === 'colon' ? 'colon' : 'far-told';
  else if (connector === 'to') scan.stage = 'far-told';
  else if (connector === 'filler') return;
  else if (scan.expectation === 'secret') scan.stage = 'far';
  else if (scan.stage === 'direct' || scan.stage === 'far' || scan.stage === 'far-told') scan.stage = 'far';
  // Something else stood where the value would have: "password is not …".
  else scan.expectation = 'none';
  if (scan.before === QUOTE && connector !== 'is') scan.stage = 'far';
}
