/**
 * Which part of a run of digits is somebody's card, id or phone number. Judges one short run at a time, complete and cut out of its text:
 * what stood before it comes as a hint. Reads no words and keeps nothing.
 */
import { isAadhaar, isCpf, isIssued, isNir, isSsn, isSteuerId, passesLuhn } from './checks.ts';
import { cardPlaceholder, PLACEHOLDERS, type Kind } from './kinds.ts';

/** What the words just before a number say that it is. `reference`: of an order, an invoice, a parcel; nobody's own. */
export type Hint = 'none' | 'reference' | 'phone' | 'national' | 'card';

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly kind: Kind;
  readonly placeholder: string;
}

/** Fewer digits are never judged here. */
export const DIGITS_MIN = 7;
const CARD_DIGITS_MAX = 19;

interface Group {
  readonly from: number;
  readonly to: number;
}

export interface Around {
  readonly hint: Hint;
  /** No more digits of a longer list stand before it, or behind it. */
  readonly first: boolean;
  readonly last: boolean;
  readonly phones: boolean;
}

/**
 * The first part of the run to be replaced, or null. What stands left of it has been judged as a run of its own, so judging the result
 * again finds nothing more there.
 * @param run Digits and what may separate them, at most a few dozen characters.
 */
export function firstNumber(run: string, around: Around): Span | null {
  const checked = firstChecked(run, around);
  if (checked) return firstNumber(run.slice(0, checked.from), { ...around, last: true }) ?? checked;
  return around.phones && around.first && around.last ? phoneSpan(run, around.hint) : null;
}

function groupsOf(run: string): readonly Group[] {
  return [...run.matchAll(/\d+/g)].map((match) => ({ from: match.index, to: match.index + match[0].length }));
}

/** The leftmost of the numbers that can be told by their digits, and of those the longest. */
function firstChecked(run: string, { hint, first: leads, last: closes }: Around): Span | null {
  const groups = groupsOf(run);
  for (const [index, first] of groups.entries()) {
    if (isJoined(run[first.from - 1])) continue;
    let [digits, shape, end] = ['', '', first.from];
    const separators = new Set<string>();
    let best: Span | null = null;
    for (const group of groups.slice(index)) {
      digits += run.slice(group.from, group.to);
      if (digits.length > CARD_DIGITS_MAX) break;
      if (group !== first) separators.add(run.slice(end, group.from));
      end = group.to;
      shape += `${shape === '' ? '' : '-'}${group.to - group.from}`;
      if (digits.length < DIGITS_MIN || isJoined(run[group.to], run[group.to + 1] ?? '')) continue;
      const whole = leads && closes && index === 0 && group === groups.at(-1);
      best = identify({ from: first.from, to: group.to, digits, shape, whole, even: separators.size < 2 }, hint) ?? best;
    }
    if (best) return best;
  }
  return null;
}

/** A number does not begin or end inside what dashes and dots hold together. */
function isJoined(char: string | undefined, next = '0'): boolean {
  return char !== undefined && '-.+‐‑‒–—―−'.includes(char) && /\d/.test(next);
}

interface Candidate extends Group {
  readonly digits: string;
  /** Lengths of the groups: 4-4-4-4. */
  readonly shape: string;
  /** Nothing else is in the run. */
  readonly whole: boolean;
  /** The same stands between all groups. */
  readonly even: boolean;
}

function identify(candidate: Candidate, hint: Hint): Span | null {
  const { from, to, digits } = candidate;
  if (isCard(candidate, hint)) return { from, to, kind: 'card', placeholder: cardPlaceholder(digits) };
  return isNationalId(candidate, hint) ? { from, to, kind: 'national_id', placeholder: PLACEHOLDERS.national_id } : null;
}

/** How cards are printed and typed. A run in any other shape is a table or a list that passes by chance. */
const CARD_SHAPES = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-5', '8-8', '6-13', '4-4-4-1', '4-5-6', '4-12', '12-4', '6-10', '4-8-4']);

function isCard({ digits, shape, even }: Candidate, hint: Hint): boolean {
  if (digits.length < 13 || (shape.includes('-') && !(even && CARD_SHAPES.has(shape))) || !isIssued(digits)) return false;
  // Somebody who says "card" and mistypes one digit has still told the others.
  return passesLuhn(digits) || hint === 'card';
}

function isNationalId({ digits, shape, whole }: Candidate, hint: Hint): boolean {
  if (hint === 'national' && digits.length >= 8 && digits.length <= 15) return true;
  if (shape === '3-3-3-2') return isCpf(digits);
  if (hint === 'reference') return false;
  switch (digits.length) {
    case 9:
      return whole && shape === '3-2-4' && isSsn(digits);
    case 11:
      if (shape === '11' || shape === '9-2') return isCpf(digits) || (shape === '11' && isSteuerId(digits));
      return whole && shape === '2-3-3-3' && isSteuerId(digits);
    case 12:
      // Bare, it would take one order number in twelve.
      return whole && shape === '4-4-4' && isAadhaar(digits);
    case 15:
      return (shape === '15' || shape === '13-2' || shape === '1-2-2-2-3-3-2') && isNir(digits);
    default:
      return false;
  }
}

const DATE = /(?<!\d)(?:(?:19|20)\d\d([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2(?:19|20)?\d\d)(?!\d)/;
const INTERNET_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const NORTH_AMERICAN = /^(?:1[-. ])?\(?[2-9]\d\d\)?[-. ]{1,2}\d{3}[-. ]\d{4}$/;

function phoneSpan(run: string, hint: Hint): Span | null {
  const from = run.search(/[\d+(]/);
  const to = run.search(/\d\D*$/) + 1;
  if (from < 0 || !isPhone(run.slice(from, to), hint)) return null;
  return { from, to, kind: 'phone', placeholder: PLACEHOLDERS.phone };
}

function isPhone(piece: string, hint: Hint): boolean {
  const digits = piece.replaceAll(/\D/g, '');
  const count = digits.length;
  if (count < DIGITS_MIN || count > 17) return false;
  if (/^\(?\+/.test(piece)) return count >= 8 && count <= 16 && !digits.startsWith('0');
  if (hint === 'reference' || DATE.test(piece) || INTERNET_ADDRESS.test(piece)) return false;
  if (/^00[1-9]/.test(piece)) return count >= 11;
  if (/^\(?0[1-9]/.test(piece)) return count >= 9 && count <= 13;
  return NORTH_AMERICAN.test(piece) || (hint === 'phone' && count <= 15);
}
