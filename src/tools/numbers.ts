/** Numbers as people write them in a sentence, turned into digits ("thirty-five", "a dozen", "1,200"). English only; knows no units. */

const UNITS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: Readonly<Record<string, number>> = { dozen: 12, hundred: 100, thousand: 1_000 };

const SMALL: ReadonlyMap<string, number> = new Map([
  ...UNITS.map((word, value): [string, number] => [word, value]),
  ...TENS.map((word, index): [string, number] => [word, (index + 2) * 10]),
  ['fourty', 40],
]);

const WORD = [...SMALL.keys()].join('|');
const SCALE = Object.keys(SCALES).join('|');
/** One written number: "five", "thirty-five", "a hundred and twenty", "two dozen". "A" counts only before a scale. */
const WRITTEN = new RegExp(
  `\\b(?:(?:${WORD})(?:[ -](?:${WORD}|${SCALE}|and (?:${WORD})))*|an? (?:${SCALE})(?:(?: and)? (?:${WORD})(?:[ -](?:${WORD}))?)?)\\b`,
  'g',
);

/** The lower-case text with written numbers, thousands separators and "k" turned into plain digits. */
export function digits(text: string): string {
  return text
    .replace(/\b(\d{1,3}(?:,\d{3})+)\b/g, (number) => number.replaceAll(',', ''))
    .replace(/\b(\d{1,3})k\b/g, '$1000')
    .replace(WRITTEN, (words) => String(valueOf(words)));
}

function valueOf(words: string): number {
  let total = 0;
  let current = 0;
  for (const word of words.split(/[ -]/)) {
    const scale = SCALES[word];
    if (scale === undefined) {
      current += SMALL.get(word) ?? 0;
    } else if (scale === 1_000) {
      total += Math.max(current, 1) * scale;
      current = 0;
    } else {
      current = Math.max(current, 1) * scale;
    }
  }
  return total + current;
}
