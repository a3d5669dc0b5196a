/** How many entries of a list a customer speaks of: rows, tasks, issues, cards. Reads one message; knows no product. */
import { digits } from './numbers.ts';
import { plain } from './reading.ts';

/** More is a slip of the finger. */
const ENTRIES_MAX = 10_000_000;
const ENTRIES = /\b(\d{1,8}) (?:\w+ )?(?:rows?|tasks?|issues?|cards?|tickets?|items?|lines?|entries|records?|to-?dos)\b/;
const BOARDS = /\b(\d{1,5}) (?:\w+ )?(?:boards?|projects?|bases?|sheets?)\b/;

/** "85,000 tickets" -> 85000; undefined when no number of entries is named. */
export function readEntries(text: string): number | undefined {
  return numberOf(ENTRIES, text);
}

/** "40 boards" -> 40. */
export function readBoards(text: string): number | undefined {
  return numberOf(BOARDS, text);
}

function numberOf(pattern: RegExp, text: string): number | undefined {
  const value = Number(pattern.exec(digits(plain(text)))?.[1]);
  return Number.isInteger(value) && value >= 1 && value <= ENTRIES_MAX ? value : undefined;
}
