/**
 * What a message names: ten kinds of things, each in one form ("INV" stays text, "3 Nov" becomes a date). Only what is known or
 * well-formed is kept; what is missing here was not said clearly. Tools read their own inputs and do not depend on it.
 */
import { ACTIONS, COMPETITORS, FEATURES, INTEGRATIONS, PROBLEMS, TECH_STACK } from './entity-words.ts';
import type { Words } from './words.ts';

export const ENTITY_KINDS = ['plan_name', 'amount', 'feature', 'date', 'team_size', 'competitor', 'integration', 'tech_stack', 'action', 'problem'] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export interface Entity {
  readonly kind: EntityKind;
  /** Normalised: sums as decimal text, dates as YYYY-MM-DD, names as in the lists, problems as the words around them. */
  readonly value: string;
}

/** What one message can name; more is a pasted list. */
const PER_KIND_MAX = 5;

export function readEntities(words: Words, now: Date): readonly Entity[] {
  const found: Entity[] = [
    ...named('plan_name', plansIn(words.text)),
    ...named('amount', amountsIn(words.text)),
    ...named('feature', namesIn(words.text, FEATURES)),
    ...named('date', datesIn(words.text, now)),
    ...named('team_size', sizesIn(words.text)),
    ...named('competitor', namesIn(words.text, COMPETITORS)),
    ...named('integration', namesIn(words.text, INTEGRATIONS)),
    ...named('tech_stack', namesIn(words.text, TECH_STACK)),
    ...named('action', namesIn(words.text, ACTIONS).slice(0, 2)),
    ...named('problem', problemsIn(words.text)),
  ];
  return found;
}

function named(kind: EntityKind, values: readonly string[]): Entity[] {
  return [...new Set(values)].slice(0, PER_KIND_MAX).map((value) => ({ kind, value }));
}

function namesIn(text: string, known: readonly (readonly [string, RegExp])[]): string[] {
  return known.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
}

/** "Basic" and "free" are everyday words too: they count where a plan can stand. */
function plansIn(text: string): string[] {
  const free = /\bfree (?:plan|tier|version|account)\b|\b(?:to|from|on|than|vs\.?|or) (?:the )?free(?! (?:trial|seat|user|guest|month|of))\b/;
  const basic = /\bbasic(?! (?:questions?|stuff|things?|features?|functions?|auth\w*|examples?|steps?|info\w*|idea|setup|understanding)\b)(?!ally)/;
  return [
    ...(free.test(text) ? ['free'] : []),
    ...(basic.test(text) ? ['basic'] : []),
    ...(/\bpremium\b/.test(text) ? ['premium'] : []),
    ...(/\benterprise\b/.test(text) ? ['enterprise'] : []),
  ];
}

const SUM = '(\\d{1,3}(?:,\\d{3})+(?:\\.\\d{1,2})?|\\d{1,9}(?:[.,]\\d{1,2})?)';
const AMOUNTS = [new RegExp(`[$€£] ?${SUM}`, 'g'), new RegExp(`\\b${SUM} ?(?:usd|eur|gbp|dollars?|euros?|pounds?|bucks|[$€£])`, 'g')];

function amountsIn(text: string): string[] {
  return AMOUNTS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => sumOf(match[1] ?? '')));
}

/** "1,250.50" and "12,50" both: a comma before three digits parts thousands, before two it is the decimal mark. */
function sumOf(written: string): string {
  const plain = written.replace(/,(?=\d{3})/g, '').replace(',', '.');
  return Number(plain).toFixed(2);
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const ISO_DATE = /\b(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b/g;
const DAY_MONTH = new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)? (?:of )?${MONTH}(?:,? (20\\d\\d))?(?![a-z])`, 'g');
const MONTH_DAY = new RegExp(`\\b${MONTH} (\\d{1,2})(?:st|nd|rd|th)?(?!\\d)(?:,? (20\\d\\d))?`, 'g');
const AWAY: readonly (readonly [RegExp, number])[] = [
  [/\byesterday\b(?<!since yesterday)(?<!since)/, -1],
  [/\bday before yesterday\b/, -2],
];
const DAY_MS = 86_400_000;

/** Dates that name a day. "Today" and "tomorrow" say when an answer is wanted, not what it is about: urgency.ts reads them. */
function datesIn(text: string, now: Date): string[] {
  const iso = [...text.matchAll(ISO_DATE)].map((match) => match[0]);
  const dayFirst = [...text.matchAll(DAY_MONTH)].map((match) => dayOf(match[3], match[2], match[1], now));
  const monthFirst = [...text.matchAll(MONTH_DAY)].map((match) => dayOf(match[3], match[1], match[2], now));
  const away = AWAY.filter(([pattern]) => pattern.test(text)).map(([, days]) => new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 10));
  return [...iso, ...dayFirst, ...monthFirst, ...away].filter((day): day is string => day !== null);
}

/** Without a year the nearest one: people speak of what was or will be soon. */
function dayOf(year: string | undefined, month: string | undefined, day: string | undefined, now: Date): string | null {
  const monthIndex = MONTHS.indexOf((month ?? '').slice(0, 3));
  const at = (inYear: number) => new Date(Date.UTC(inYear, monthIndex, Number(day)));
  const thisYear = now.getUTCFullYear();
  const years = year === undefined ? [thisYear - 1, thisYear, thisYear + 1] : [Number(year)];
  const [nearest] = years.map(at).toSorted((a, b) => Math.abs(a.getTime() - now.getTime()) - Math.abs(b.getTime() - now.getTime()));
  return nearest && nearest.getUTCMonth() === monthIndex ? nearest.toISOString().slice(0, 10) : null;
}

const PEOPLE = '(?:seats?|users?|people|persons?|members?|employees|licen[cs]es?|colleagues|teammates|coworkers|developers|engineers|designers|students|of us)';
const SIZES = [
  new RegExp(`\\b(\\d{1,6})[ -](?:more |extra |additional |new |team |paid )?${PEOPLE}\\b`, 'g'),
  /\b(?:team|company|group|department|organi[sz]ation|agency|startup) of (?:about |around |some )?(\d{1,6})\b/g,
];

function sizesIn(text: string): string[] {
  return SIZES.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => String(Number(match[1]))));
}

/** The words around each sign of trouble, as they were said. */
function problemsIn(text: string): string[] {
  const match = PROBLEMS.exec(text);
  if (!match) return [];
  const start = text.lastIndexOf(' ', Math.max(0, match.index - 40));
  const end = text.indexOf(' ', match.index + match[0].length + 40);
  return [text.slice(start + 1, end < 0 ? undefined : end).trim()];
}
