/**
 * What a customer's words name: plans, seats, billing cycles, months, invoice numbers. Reads one message without a language
 * model and prefers to find nothing over finding something wrong. What a message is about is topics.ts.
 */
import { z } from 'zod';
import { BillingCycle, Plan } from '../store/generated/prisma/enums.ts';
import { digits } from './numbers.ts';

/** Most seats a question may name; more is a slip of the finger or not a number of seats. */
export const SEATS_MAX = 100_000;

/** An invoice number, or the characters it ends with. Without wildcards of SQL's LIKE, so that it matches only itself. */
export const INVOICE_NUMBER = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][A-Za-z0-9/.-]{1,39}$/, 'must be an invoice number of letters, digits and hyphens');

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** Slips of the finger in the words that decide; everything else may be misspelt without harm. */
const SLIPS: readonly (readonly [RegExp, string])[] = [
  [/\bre(?:ciept|cipt|ceit|cept)(s?)\b/g, 'receipt$1'],
  [/\bre(?:fnud|fudn|fuund|funt)(ed|s)?\b/g, 'refund$1'],
  [/\bpa(?:ymnet|yement|ymet|yemnt|ymetn)(s?)\b/g, 'payment$1'],
  [/\binv(?:ioce|ocie|oce|oise|oive)(s?)\b/g, 'invoice$1'],
  [/\b(?:pa(?:sword|swword|sswrod|ssowrd|ssword s)|pw|pwd)\b/g, 'password'],
  [/\b(?:subscribtion|subcription|subscripton|suscription)(s?)\b/g, 'subscription$1'],
  [/\b(?:acount|accout|acc)\b/g, 'account'],
  [/\bppl\b/g, 'people'],
  [/\bhw (much|many)\b/g, 'how $1'],
];

/** Lower case, with one kind of apostrophe, hyphen and space, without the usual slips: what every pattern in this room is written for. */
export function plain(text: string): string {
  const said = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/[‐‑–—]/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
  return SLIPS.reduce((words, [slip, meant]) => words.replace(slip, meant), said);
}

/** The plans the text names, in the order of the list. "Free" alone is an adjective; it counts beside "plan" or another plan. */
export function readPlans(text: string): Plan[] {
  const said = plain(text);
  const free =
    /\bfree (?:plan|tier|version|account|subscription|one)\b|\b(?:from|to|vs\.?|versus|with|on|than|stay) (?:the )?free\b(?! (?:seat|trial|user|guest|month|of))|\bfree (?:vs\.?|versus|or|to|and|,) (?:the )?(?:basic|premium|enterprise)\b|\b(?:basic|premium|enterprise)(?:,| or| and| vs\.?| versus) (?:the )?free\b/;
  return Object.values(Plan).filter((plan) =>
    plan === 'free' ? free.test(said) : plan === 'basic' ? namesBasic(said) : new RegExp(`\\b${plan}\\b`).test(said),
  );
}

/** "Basic" is an everyday word too ("a basic question"), so it counts only where a plan can stand. */
function namesBasic(said: string): boolean {
  return /\bbasic(?! (?:questions?|stuff|things?|features?|functions?|auth\w*|example|steps?|info\w*|understanding|idea|setup|html|test)\b)/.test(said);
}

/** The plan the text asks for: the one it moves to ("from basic to premium"), else the only one it names. */
export function readPlan(text: string): Plan | undefined {
  const target = /\b(?:to|into|on|switch(?:ing)? to|upgrad(?:e|ing) to|move to) (?:the |your |our )?(basic|premium|enterprise)\b/.exec(plain(text))?.[1];
  const named = readPlans(text);
  return named.find((plan) => plan === target) ?? (named.length === 1 ? named[0] : undefined);
}

/** The billing cycle the text asks for; undefined when it names none or both. */
export function readCycle(text: string): BillingCycle | undefined {
  const said = plain(text);
  const annual = /\b(?:annual(?:ly)?|yearly|(?:per|a|each|every|whole|full|one|by the) year|year's|12 months|twelve months|1 year|annum)\b/.test(said);
  const monthly = /\b(?:monthly|(?:per|a|each|every|by the) month|month[ -](?:to|by)[ -]month)\b/.test(said);
  return annual === monthly ? undefined : annual ? BillingCycle.annual : BillingCycle.monthly;
}

export interface Seats {
  /** How many in all. */
  readonly seats?: number;
  /** How many more (or, below zero, fewer) than now. */
  readonly changeSeatsBy?: number;
}

const HEADS =
  '(?:seats?|users?|people|persons?|members?|employees|licen[cs]es?|colleagues|staff|accounts|teammates|coworkers|co-workers|developers?|devs|engineers?|designers?|contractors|students|teachers|volunteers|consultants|heads|folks|guys)';
const BESIDES = '(?:(?:team|paid|paying|active|full|new|total|user|member|premium|basic|enterprise|full-time|software|internal) )?';
const ABOUT = '(?:about |around |roughly |approximately |approx |some |maybe |up to |at least |nearly |almost |say |another )?';
const N = '(\\d{1,6})';

const MORE = [
  new RegExp(
    `\\b(?:add|adding|added|buy|buying|extra|additional|another|plus) ${ABOUT}(?:extra |more )?${N} ?(?:more |extra |additional )?${BESIDES}${HEADS}\\b`,
  ),
  new RegExp(`\\b${N} (?:more|extra|additional|further) ${BESIDES}${HEADS}\\b`),
];
const FEWER = [
  new RegExp(`\\b(?:remove|removing|drop|dropping|cut|cutting|cancel|canceling|cancelling|lose) ${ABOUT}${N} (?:of (?:our|my|the) )?${BESIDES}${HEADS}\\b`),
  new RegExp(`\\b${N} (?:fewer|less) ${BESIDES}${HEADS}\\b`),
];
const TOTAL = [
  new RegExp(`\\b${N}[ -]?${BESIDES}${HEADS}\\b`),
  new RegExp(`\\b(?:team|company|group|organi[sz]ation|department|startup|start-up|agency|business|office|school|firm|studio) of ${ABOUT}${N}\\b`),
  new RegExp(`\\b${N} of (?:us|them)\\b`),
  new RegExp(`\\b${N}-(?:person|people|seat|user|member|strong)\\b`),
  new RegExp(`\\b(?:seats?|users?|members?|people) ?[:=] ?${N}\\b`),
  new RegExp(
    `\\bfor ${ABOUT}${N}(?=$|[?!;,]|\\.(?:\\s|$)| (?:on|with|of us|per|a|if|and|please|would|annual|annually|monthly|yearly|paid|billed)\\b)(?! (?:per cent|percent|a day))`,
  ),
];

/** How many seats the text speaks of, in digits or words; an empty object when it names no number of people. */
export function readSeats(text: string): Seats {
  const said = digits(plain(text));
  const more = first(MORE, said);
  if (more !== undefined) return { changeSeatsBy: more };
  const fewer = first(FEWER, said);
  if (fewer !== undefined) return { changeSeatsBy: -fewer };
  const seats = first(TOTAL, said);
  return seats === undefined ? {} : { seats };
}

function first(patterns: readonly RegExp[], said: string): number | undefined {
  return patterns.map((pattern) => Number(pattern.exec(said)?.[1])).find((value) => Number.isInteger(value) && value >= 1 && value <= SEATS_MAX);
}

interface Period {
  /** `YYYY-MM`, `MM` (the last such month), `this` or `last`. */
  readonly month?: string;
  readonly year?: number;
}

/** The month or year the text speaks of. */
export function readPeriod(text: string): Period {
  const said = plain(text);
  const iso = /\b(20\d\d)-(0[1-9]|1[0-2])\b/.exec(said);
  if (iso) return { month: iso[0] };
  const relative = /\b(this|current|last|previous|past|prior) month\b/.exec(said)?.[1];
  if (relative) return { month: relative === 'this' || relative === 'current' ? 'this' : 'last' };
  const year = /\b(20\d\d)\b/.exec(said)?.[1];
  const month = MONTHS.findIndex((name) => monthPattern(name).test(said)) + 1;
  if (month > 0) return { month: `${year ? `${year}-` : ''}${String(month).padStart(2, '0')}` };
  return year ? { year: Number(year) } : {};
}

/** "May" and "March" are verbs too: they count only where a month can stand. */
function monthPattern(name: string): RegExp {
  const short = name.slice(0, 3);
  if (name === 'may' || name === 'march')
    return new RegExp(
      `\\b(?:in|for|of|from|during|since|my|the|last|this|dated|\\d{1,2}(?:st|nd|rd|th)?) (?:${name}|${short})\\b|\\b${name}(?:'s| (?:invoices?|bills?|receipts?|20\\d\\d|\\d{1,2}\\b))`,
    );
  return new RegExp(`\\b(?:${name}|${short}${name === 'september' ? '|sept' : ''})\\b`);
}

/** An invoice number as printed ("INV-2026-00417") or said ("invoice no. 417"); at least three characters. */
export function readInvoiceNumber(text: string): string | undefined {
  const said = plain(text);
  const printed = /\b(?:inv|lw|loom)[a-z]{0,4}-?(?:[a-z0-9]{1,12}-){0,3}\d{2,12}\b/.exec(said)?.[0];
  if (printed) return printed.toUpperCase();
  const spoken = /\b(?:invoice|bill|receipt) ?(?:no\.?|nr\.?|number|num|#|:)? ?#? ?(\d(?:[\d-]{1,14})\d)\b/.exec(said)?.[1];
  return spoken && !/^20\d\d(?:-\d\d)?$/.test(spoken) ? spoken : undefined;
}

/** How many of a thing the text asks for: "my last three invoices" -> 3, "my invoice" -> 1, "my invoices" -> undefined. */
export function readHowMany(text: string, one: string): number | undefined {
  const said = digits(plain(text));
  const count = Number(
    new RegExp(`\\b(?:last|latest|past|recent|first|previous|these|those|all) ${N} (?:\\w+ )?${one}s?\\b`).exec(said)?.[1] ??
      new RegExp(`\\b${N} (?:last|latest|recent|most recent|previous) ${one}s\\b`).exec(said)?.[1],
  );
  if (Number.isInteger(count) && count >= 1) return Math.min(count, 12);
  return new RegExp(`\\b${one}s\\b`).test(said) ? undefined : 1;
}
