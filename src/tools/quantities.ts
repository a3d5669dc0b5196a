/**
 * The sums, shares, durations, sizes and counts a sentence states, each as a number that can be compared, with its place. Reads English
 * units; says nothing about what is counted beyond its unit.
 */

export const DIMENSIONS = ['money', 'percent', 'minutes', 'business_days', 'months', 'megabytes', 'count'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface Quantity {
  readonly dimension: Dimension;
  /** Cents, percent, minutes, business days, months, megabytes or things. */
  readonly value: number;
  /** Where a range ends ("5 to 10"); the same as `value` otherwise. */
  readonly to: number;
  /** The thing that is counted, as one word in the singular; empty for the others. */
  readonly noun: string;
  /** As it was written. */
  readonly text: string;
  readonly start: number;
}

/** Looked at in one sentence; one with more is a table. */
const QUANTITIES_MAX = 40;

const WORDS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  fourteen: 14,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  forty: 40,
  sixty: 60,
  ninety: 90,
};
const DIGITS = String.raw`\d{1,3}(?:,\d{3})+(?:\.\d{1,4})?|\d{1,9}(?:\.\d{1,4})?`;
const NUMBER = `${DIGITS}|${Object.keys(WORDS).join('|')}`;

/** Unit to what it is measured in, and how much of it one is. */
const UNITS: readonly (readonly [RegExp, Dimension, number])[] = [
  [/^(?:%|percent|per cent)$/, 'percent', 1],
  [/^(?:business|working|bank) days?$/, 'business_days', 1],
  [/^min(?:ute)?s?$/, 'minutes', 1],
  [/^(?:hours?|hrs?|h)$/, 'minutes', 60],
  [/^(?:calendar )?days?$/, 'minutes', 1_440],
  [/^weeks?$/, 'minutes', 10_080],
  [/^months?$/, 'months', 1],
  [/^years?$/, 'months', 12],
  [/^mb$/, 'megabytes', 1],
  [/^gb$/, 'megabytes', 1_024],
  [/^tb$/, 'megabytes', 1_048_576],
];
/** One noun for what means the same. */
const NOUNS: readonly (readonly [RegExp, string])[] = [
  [/^(?:members?|users?|people|teammates?)$/, 'member'],
  [/^(?:seats?|licen[cs]es?)$/, 'seat'],
  [/^projects?$/, 'project'],
  [/^tasks?$/, 'task'],
  [/^files?$/, 'file'],
  [/^rows?$/, 'row'],
  [/^(?:api )?(?:requests?|calls?)(?: per minute| a minute)$/, 'request a minute'],
  [/^(?:attempts?|tries|retries)$/, 'attempt'],
  [/^characters?$/, 'character'],
  [/^(?:entries|addresses)$/, 'entry'],
];
const UNIT =
  '%|percent\\b|per cent\\b|(?:business|working|bank|calendar) days?\\b|min(?:ute)?s?\\b|hours?\\b|hrs?\\b|h\\b|days?\\b|weeks?\\b|months?\\b|years?\\b|mb\\b|gb\\b|tb\\b|' +
  'members?\\b|users?\\b|people\\b|teammates?\\b|seats?\\b|licen[cs]es?\\b|projects?\\b|tasks?\\b|files?\\b|rows?\\b|(?:api )?(?:requests?|calls?)(?: per| a) minute\\b|attempts?\\b|tries\\b|retries\\b|characters?\\b|entries\\b|addresses\\b';
const MEASURED = new RegExp(
  `(?<![\\p{L}\\p{N}$€£#.,/-])(${NUMBER})(?:\\s*(?:to|-|–)\\s*(${NUMBER}))?(?:\\s|-|\\u00a0)?(?:(?:additional|extra|more|full|paid|active|failed|unused|premium|basic|enterprise) )?(${UNIT})`,
  'giu',
);
const MONEY = new RegExp(`[$€£] ?(${DIGITS})(?!\\d)|(?<![\\p{L}\\p{N}$€£.,-])(${DIGITS}) ?(?:usd|eur|gbp|dollars?|euros?|pounds?)\\b`, 'giu');

/** In order of their places. */
export function quantitiesIn(sentence: string): Quantity[] {
  return [...moneyIn(sentence), ...measuresIn(sentence)].toSorted((a, b) => a.start - b.start).slice(0, QUANTITIES_MAX);
}

export function moneyIn(sentence: string): Quantity[] {
  return [...sentence.matchAll(MONEY)].slice(0, QUANTITIES_MAX).map((match) => {
    const cents = Math.round(numberOf(match[1] ?? match[2] ?? '0') * 100);
    return { dimension: 'money', value: cents, to: cents, noun: '', text: match[0], start: match.index };
  });
}

function measuresIn(sentence: string): Quantity[] {
  return [...sentence.matchAll(MEASURED)].slice(0, QUANTITIES_MAX).flatMap((match) => {
    const [text, from = '', to = from, unit = ''] = match;
    const said = unit.toLowerCase();
    const measure = UNITS.find(([pattern]) => pattern.test(said));
    const noun = NOUNS.find(([pattern]) => pattern.test(said))?.[1];
    if (!measure && noun === undefined) return [];
    const [, dimension, size]: readonly [unknown, Dimension, number] = measure ?? [null, 'count', 1];
    return [{ dimension, value: numberOf(from) * size, to: numberOf(to) * size, noun: noun ?? '', text, start: match.index }];
  });
}

function numberOf(written: string): number {
  return WORDS[written.toLowerCase()] ?? Number(written.replaceAll(',', ''));
}

/** Whether two quantities measure the same kind of thing. */
export function sameMeasure(one: Quantity, other: Quantity): boolean {
  return one.dimension === other.dimension && one.noun === other.noun;
}

export function sameValue(one: Pick<Quantity, 'value' | 'to'>, other: Pick<Quantity, 'value' | 'to'>): boolean {
  return one.value === other.value && one.to === other.to;
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const MONTH = '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const DATES = new RegExp(
  `\\b(20\\d\\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])\\b|\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?${MONTH}\\.?,? (20\\d\\d)\\b|\\b${MONTH}\\.? (\\d{1,2})(?:st|nd|rd|th)?,? (20\\d\\d)\\b`,
  'gi',
);

export interface DateSaid {
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly text: string;
  readonly start: number;
}

/** Whole dates: those without a year are not compared. */
export function datesIn(sentence: string): DateSaid[] {
  return [...sentence.matchAll(DATES)].flatMap((match) => {
    const [text, isoYear, isoMonth, isoDay, day, month, year, monthFirst, dayLast, yearLast] = match;
    const named = MONTHS.findIndex((name) => name.startsWith((month ?? monthFirst ?? '?').slice(0, 3).toLowerCase())) + 1;
    const at = isoYear
      ? `${isoYear}-${isoMonth}-${isoDay}`
      : `${year ?? yearLast}-${String(named).padStart(2, '0')}-${(day ?? dayLast ?? '').padStart(2, '0')}`;
    return Number.isNaN(Date.parse(at)) ? [] : [{ day: at, text, start: match.index }];
  });
}
