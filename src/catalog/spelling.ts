/**
 * Mends single typing errors towards words the examples use: one letter left out, added, changed or swapped. Words it knows and
 * short words are left as they are. Knows no language.
 */
const LETTERS_MIN = 4;
const LETTERS_MAX = 30;
/** Shorter words are mended only by adding or swapping letters: "logn" to "login", but never "short" to "sort". */
const CERTAIN_LETTERS_MIN = 6;

/** @param known Words with how often they occur; of several candidates the commonest wins, then the first in the alphabet. */
export function createSpelling(known: ReadonlyMap<string, number>): (word: string) => string {
  const byDeletion = new Map<string, string[]>();
  for (const word of known.keys()) {
    if (word.length < LETTERS_MIN || word.length > LETTERS_MAX || !/^\p{L}+$/u.test(word)) continue;
    for (const key of [word, ...deletionsOf(word)]) byDeletion.set(key, [...(byDeletion.get(key) ?? []), word]);
  }
  return (word) => {
    if (known.has(word) || word.length < LETTERS_MIN || word.length > LETTERS_MAX || !/^\p{L}+$/u.test(word)) return word;
    const candidates = [word, ...deletionsOf(word)].flatMap((key) => byDeletion.get(key) ?? []);
    // The first letter is rarely mistyped, and keeping it avoids most false friends.
    const near = candidates.filter((candidate) => candidate[0] === word[0] && isOneSlipAway(word, candidate));
    near.sort((a, b) => (known.get(b) ?? 0) - (known.get(a) ?? 0) || (a < b ? -1 : 1));
    return near[0] ?? word;
  };
}

function deletionsOf(word: string): string[] {
  return Array.from({ length: word.length }, (_, at) => word.slice(0, at) + word.slice(at + 1));
}

function isOneSlipAway(word: string, candidate: string): boolean {
  let start = 0;
  while (start < word.length && word[start] === candidate[start]) start++;
  let tail = 0;
  while (tail < Math.min(word.length, candidate.length) - start && word.at(-1 - tail) === candidate.at(-1 - tail)) tail++;
  const left = word.slice(start, word.length - tail);
  const right = candidate.slice(start, candidate.length - tail);
  const added = left === '' && right.length === 1;
  const swapped = left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
  return added || swapped || (word.length >= CERTAIN_LETTERS_MIN && left.length <= 1 && right.length <= 1);
}
