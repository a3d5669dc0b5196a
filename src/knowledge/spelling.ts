/**
 * Mends a slip of the finger towards a word that articles use: one letter left out, added, changed or swapped with its neighbour.
 * Short words and words it knows stay as they are. The asker's own word is searched for as well, so a wrong guess costs little.
 */

/** Shorter words have too many neighbours. */
const LETTERS_MIN = 4;
/** From here on a changed letter is a slip more often than another word. */
const CHANGED_LETTERS_MIN = 6;
const LETTERS_MAX = 30;

/** @param known Words with how often they occur; of several candidates the commonest wins, then the first in the alphabet. */
export function createSpelling(known: ReadonlyMap<string, number>): (word: string) => string {
  // Two words that are one slip apart have a form in common once each has lost at most one letter.
  const byForm = new Map<string, string[]>();
  for (const word of known.keys()) if (mayMend(word)) for (const form of formsOf(word)) byForm.set(form, [...(byForm.get(form) ?? []), word]);
  return (word) => {
    if (known.has(word) || !mayMend(word)) return word;
    const near = formsOf(word)
      .flatMap((form) => byForm.get(form) ?? [])
      .filter((other) => other[0] === word[0] && isSlip(word, other))
      .toSorted((a, b) => (known.get(b) ?? 0) - (known.get(a) ?? 0) || (a < b ? -1 : 1));
    return near[0] ?? word;
  };
}

function mayMend(word: string): boolean {
  return word.length >= LETTERS_MIN && word.length <= LETTERS_MAX && /^\p{L}+$/u.test(word);
}

function formsOf(word: string): string[] {
  return [word, ...Array.from({ length: word.length }, (_, at) => word.slice(0, at) + word.slice(at + 1))];
}

function isSlip(word: string, other: string): boolean {
  let start = 0;
  while (start < word.length && word[start] === other[start]) start += 1;
  let tail = 0;
  while (tail < Math.min(word.length, other.length) - start && word.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const left = word.slice(start, word.length - tail);
  const right = other.slice(start, other.length - tail);
  if (left === '') return right.length === 1;
  if (left.length === 2 && right.length === 2) return left[0] === right[1] && left[1] === right[0];
  if (word.length < CHANGED_LETTERS_MIN) return false;
  if (right === '') return left.length === 1;
  // A changed last letter makes another form or another word: "printer" is not "printed".
  return left.length === 1 && right.length === 1 && tail > 0;
}
