/**
 * Passwords that are tried first: 49,000 from @zxcvbn-ts/language-common (MIT, kept up with leaked lists), read once when first asked for.
 * Compared without case, also with a few other characters around them, twice in a row, or two of them together, as people lengthen
 * them. Judges nothing else.
 */
import { dictionary } from '@zxcvbn-ts/language-common';

/** So many characters beside a common password make no good one of it; more may. */
const ADDED_CHARS_MAX = 8;
/** Shorter entries are in many good passwords. */
const WORD_CHARS_MIN = 4;

let words: ReadonlySet<string> | null = null;

export function isCommonPassword(password: string): boolean {
  words ??= new Set(dictionary['passwords-common'].map((word) => word.toLowerCase()));
  const plain = password.toLowerCase();
  const letters = plain.replaceAll(/[^\p{L}]/gu, '');
  const unit = unitOf(plain);
  // `aaaaaaaaaaaaaaaa` and `abcabcabcabcabc` are short ones in disguise.
  if (isKnown(plain, words) || isKnown(unit, words) || unit.length < WORD_CHARS_MIN) return true;
  return plain.length - letters.length <= ADDED_CHARS_MAX && isKnown(unitOf(letters), words);
}

function isKnown(text: string, known: ReadonlySet<string>): boolean {
  if (known.has(text)) return true;
  for (let at = WORD_CHARS_MIN; at <= text.length - WORD_CHARS_MIN; at += 1) {
    if (known.has(text.slice(0, at)) && known.has(text.slice(at))) return true;
  }
  return false;
}

/** The shortest text that the whole repeats; the whole when it repeats none. */
function unitOf(text: string): string {
  return text.slice(0, `${text}${text}`.indexOf(text, 1));
}
