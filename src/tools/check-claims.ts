/**
 * `check_claims`: what a draft cannot know: guesses told as knowledge, numbers of things and dates that stand nowhere, statistics, deeds
 * nobody did, and sentences that contradict each other. Sums and terms are check-facts.ts and check-policy.ts.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { contentOf, likeness, proseOf, sentencesOf, withoutCode, type Piece } from './draft.ts';
import { readSources, type Source, type SourceDeps } from './draft-sources.ts';
import { readOwnFacts, type Deed, type OwnFacts } from './own-facts.ts';
import { plansAt } from './plan-words.ts';
import { datesIn, quantitiesIn, sameMeasure, sameValue } from './quantities.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';

export function checkClaims(deps: SourceDeps): AnyTool {
  return defineCheck({
    name: 'check_claims',
    description:
      'Finds what a draft cannot know: guesses, numbers and dates that stand in no row or article, statistics, deeds that were not done, contradictions.',
    borneOut: true,
    about: 'guesses, numbers, dates, deeds and contradictions',
    async read(reviewed, { customerId, now }) {
      const [policy, own, sources] = await Promise.all([readPolicy(deps.database), readOwnFacts(deps.database, customerId, now), readSources(deps, reviewed)]);
      return readClaims(reviewed, { policy, own, sources, now });
    },
  });
}

export interface Known {
  readonly policy: Policy;
  readonly own: OwnFacts;
  readonly sources: readonly Source[];
  readonly now: Date;
}

const DAY_MS = 86_400_000;
/** Guesses a draft may have; more make the customer guess too. */
const HEDGES_MAX = 2;
/** How alike two sentences are that speak of the same. */
const SAME_SENTENCE = 0.75;
const CONTRARY_SENTENCE = 0.7;
const WORDS_MIN = 3;
const PAIRED_MAX = 60;

export function readClaims(reviewed: Reviewed, known: Known): Reading {
  const prose = sentencesOf(proseOf(reviewed.answer));
  const stated = sentencesOf(withoutCode(reviewed.answer));
  const findings = [
    ...ofHedges(prose),
    ...stated.flatMap((sentence) => [
      ...ofNumbers(sentence, reviewed, known),
      ...ofDates(sentence, reviewed, known),
      ...ofStatistics(sentence, reviewed, known),
    ]),
    ...prose.flatMap((sentence) => ofDeeds(sentence, known.own)),
    ...ofContradictions(prose, reviewed.answer),
  ];
  return { findings, checked: Math.max(1, prose.length) };
}

const HEDGE =
  /\b(?:i think|i guess|i believe|i assume|i suppose|i'm (?:not (?:\w+ )?sure|guessing|fairly sure|pretty sure)|i am not (?:\w+ )?sure|probably|presumably|possibly|perhaps|maybe|as far as i (?:know|remember)|if i remember (?:correctly|rightly)|it (?:seems|appears) (?:like|that|to)|most likely|should (?:probably|hopefully|normally) (?:work|be)|might be (?:able|because|that)|supposedly|from memory|or something (?:like that|similar))\b/gi;

function ofHedges(prose: readonly Piece[]): Finding[] {
  const hedges = prose.flatMap(({ text }) =>
    [...text.replaceAll('’', "'").matchAll(HEDGE)].map((match) => text.slice(match.index, match.index + match[0].length)),
  );
  if (hedges.length > HEDGES_MAX)
    return hedges
      .slice(0, 1)
      .map((words) =>
        found('hedging', 'medium', `The draft guesses ${hedges.length} times, first with ${quote(words)}.`, 'Look it up, or say that you do not know.', words),
      );
  return hedges.map((words) => found('hedging', 'low', `The draft guesses: ${quote(words)}.`, 'Look it up, or say that you do not know.', words));
}

interface Numbered {
  readonly pattern: RegExp;
  readonly what: string;
}

const NUMBERED: readonly Numbered[] = [
  { pattern: /\b((?:INV|LW|LOOM)[A-Z]{0,4}-(?:[A-Z0-9]{1,12}-){0,3}\d{2,12})\b/gi, what: 'invoice number' },
  { pattern: /\b([a-z]{2,10}_[0-7][0-9a-hjkmnp-tv-z]{25})\b/g, what: 'id' },
  { pattern: /\b(?:ticket|case|incident|request)(?: number| no\.?)? ?#? ?(\d{2,10})\b|(?<![\w&/])#(\d{2,10})\b/gi, what: 'ticket number' },
  { pattern: /\b(?:card|visa|mastercard|amex)[^.\n]{0,20} (?:ending|ends)(?: in| with)? (\d{4})\b|[•*]{4} ?(\d{4})\b/gi, what: 'card' },
  {
    pattern: /\b(?:reference|confirmation|tracking|transaction|order|case|refund)(?: number| no\.?| code| id)?(?: is|:)? #?([A-Z]{1,6}-?\d[A-Z0-9-]{2,20})\b/g,
    what: 'reference',
  },
  { pattern: /\berror(?: code)? ([A-Z]{1,6}[-_]?\d{2,6})\b/g, what: 'error code' },
];

/** Numbers that name something must stand in a row, in the question or in an article. */
function ofNumbers({ text }: Piece, { question }: Reviewed, { own, sources }: Known): Finding[] {
  const said = `${question} ${sources.map(({ body }) => body).join(' ')}`.toUpperCase();
  const seen = new Set<string>();
  return NUMBERED.flatMap(({ pattern, what }) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const number = match[1] ?? match[2] ?? '';
      const key = number.toUpperCase();
      if (seen.has(key) || own.numbers.has(key) || said.includes(key)) return [];
      seen.add(key);
      return [found('unsupported', 'high', `No row and no article has the ${what} ${quote(number)}.`, 'Take it from a tool, or leave it out.', match[0])];
    }),
  );
}

/** A day must be on a row, in the question or an article, near now, or as far from one of these as a rule of the business says. */
function ofDates({ text }: Piece, { question }: Reviewed, { policy, own, sources, now }: Known): Finding[] {
  const steps = [
    0,
    policy.refund.days,
    policy.erasureDelayDays,
    policy.trashDays,
    policy.invoiceDueDays,
    policy.exports.linkDays,
    policy.invitationDays,
    policy.imports.undoDays,
    policy.dataRequests.ccpaDays,
    policy.dataRequests.documentDays,
  ];
  const told = [question, ...sources.map(({ body }) => body)].flatMap((words) => datesIn(words).map(({ day }) => day));
  const bases = [...own.days, ...told, now.toISOString().slice(0, 10)].map((day) => Date.parse(day));
  return datesIn(text)
    .filter(({ day, start }) => {
      if (/\b(?:for example|such as|e\.g\.|like|example:),? ["'`]?$/i.test(text.slice(0, start))) return false;
      const at = Date.parse(day);
      return !bases.some((base) => steps.some((step) => Math.abs(at - base - step * DAY_MS) <= DAY_MS)) && !isMonthsAway(at, bases);
    })
    .map(({ text: words }) => found('unsupported', 'medium', `Nothing on record has the day ${quote(words)}.`, 'Take it from a tool, or leave it out.', words));
}

/** The same day of another month, or a year on: periods are counted so. */
function isMonthsAway(at: number, bases: readonly number[]): boolean {
  const day = new Date(at);
  return bases.some((base) => {
    const from = new Date(base);
    const months = (day.getUTCFullYear() - from.getUTCFullYear()) * 12 + day.getUTCMonth() - from.getUTCMonth();
    return day.getUTCDate() === from.getUTCDate() && (Math.abs(months) === 1 || Math.abs(months) === 12);
  });
}

const STATISTIC =
  /\b\d{1,3}(?:\.\d+)? ?(?:%|percent) (?:of (?:(?:all|our|the|most|these|your) )?(?:customers?|users?|teams?|companies|people|businesses|requests|cases|tickets|issues|workspaces)|(?:more|less|faster|fewer|higher|better|increase|improvement|productiv\w*|success|satisfaction))\b|\b(?:increas\w*|improv\w*|boost\w*|rais\w*|grow\w*|reduc\w*|cut\w*|sav\w*) [^.\n]{0,40}\bby (?:up to )?\d{1,3} ?(?:%|percent)|\b(?:studies|research|surveys|statistics|experts|data) (?:shows?|says?|suggests?|proves?|found|agree)\b|\b(?:\d[\d,.]*\+?|thousands of|millions of|hundreds of) (?:happy |satisfied )?(?:customers|companies|teams|businesses) (?:use|trust|love|choose|rely|worldwide|around)\b|\b(?:twice|\d+ ?x|\d+ times|ten times) (?:as )?(?:faster|better|more productive|cheaper)\b|\b(?:most|nearly all|almost all|the majority) (?:of )?(?:our |all )?(?:customers|users|teams|companies)\b|\b(?:industry[- ]leading|market[- ]leading|award[- ]winning|world[- ]class|number one|best[- ]in[- ]class)\b/gi;

function ofStatistics({ text }: Piece, { question }: Reviewed, { sources }: Known): Finding[] {
  return [...text.matchAll(STATISTIC)].flatMap(([words]) => {
    const known = [question, ...sources.map(({ body }) => body)].join(' ').toLowerCase();
    if (known.includes(words.toLowerCase())) return [];
    const discount = /\b(?:discount|annual|yearly|billed|plan|seats?|price)\b/i.test(text) && /^(?:sav|cut|reduc)/i.test(words);
    if (discount) return [];
    const vague = !/\d/.test(words);
    return [found('statistic', vague ? 'low' : 'high', `No article and no row says ${quote(words)}.`, 'Leave it out, or cite where it stands.', words)];
  });
}

const DEEDS: readonly (readonly [Deed, RegExp, string])[] = [
  [
    'refund',
    /\b(?:i|we)(?:'ve| have)? (?:just |now |already |successfully )*(?:refunded|issued (?:a|the|your)(?: \w+)? refund|processed (?:a|the|your)(?: \w+)? refund|sent (?:you )?(?:your|the) money back)\b|\byour refund (?:has been|was) (?:issued|processed|sent|completed|made)\b/i,
    'a refund',
  ],
  [
    'discount',
    /\b(?:i|we)(?:'ve| have)? (?:just |now |already |successfully )*(?:applied|added|given you|activated) (?:a |an |the |your )?(?:\d+ ?% )?(?:\w+ )?discount\b/i,
    'a discount',
  ],
  [
    'ticket',
    /\b(?:i|we)(?:'ve| have)? (?:just |now |already )*(?:opened|created|filed|logged|raised) (?:a|the|an|your) (?:\w+ )?(?:ticket|bug report|case)\b/i,
    'a ticket',
  ],
  [
    'escalation',
    /\b(?:i|we)(?:'ve| have)? (?:just |now |already )*(?:escalated|passed) (?:this|your|it|the)\b[^.]{0,40}\b(?:to|with)\b[^.]{0,30}\b(?:person|people|colleague|manager|management|team|human)\b|\b(?:i|we)(?:'ve| have) (?:just |already )?escalated\b/i,
    'a conversation that waits for a person',
  ],
  [
    'mail',
    /\b(?:i|we)(?:'ve| have)? (?:just |now |already )*(?:e-?mailed|sent (?:you )?(?:an? |the |your )?(?:\w+ ){0,3}(?:e-?mail|mail|link|copy|invoice|receipt))\b/i,
    'a mail',
  ],
];

/** Only what was really done is told as done. */
function ofDeeds({ text }: Piece, { deeds }: OwnFacts): Finding[] {
  return DEEDS.flatMap(([deed, pattern, what]) => {
    const match = pattern.exec(text.replaceAll('’', "'"));
    if (!match || deeds.has(deed) || text.endsWith('?') || /\b(?:if|once|when|after|until)\b[^,]*$/i.test(text.slice(0, match.index))) return [];
    const words = text.slice(match.index, match.index + match[0].length);
    return [found('deed', 'high', `The draft says ${quote(words)}, and there is no row of ${what} of the last day.`, 'Say only what was really done.', words)];
  });
}

const NOT = /\b(?:not|no longer|never|cannot|can't|don't|doesn't|won't|isn't|aren't|wasn't|didn't|impossible|unable|without|no)\b/gi;
const CONDITIONAL =
  /\b(?:if|unless|except|but|only|however|when|otherwise|until|while|instead|other|first|second|old|new|before|after|monthly|annual\w*|yearly)\b/i;

/** Two sentences of the same words of which one denies, or that give another number. */
function ofContradictions(prose: readonly Piece[], answer: string): Finding[] {
  const read = prose
    // Items of a list are each of another thing.
    .filter(({ text, start }) => !text.endsWith('?') && !/^[ \t]*(?:[-*•|]|\d+[.)])[ \t]/.test(answer.slice(answer.lastIndexOf('\n', start) + 1, start + 4)))
    .slice(0, PAIRED_MAX)
    .map(({ text }) => ({
      text,
      words: contentOf(text.replace(NOT, ' ')),
      plans: plansAt(text)
        .map(({ plan }) => plan)
        .join(' '),
      denies: (text.replaceAll('’', "'").match(NOT) ?? []).length % 2 === 1,
      quantities: quantitiesIn(text),
      conditional: CONDITIONAL.test(text),
    }));
  return read.flatMap((later, at) =>
    read.slice(0, at).flatMap((earlier) => {
      if (earlier.plans !== later.plans || later.words.size < WORDS_MIN || earlier.words.size < WORDS_MIN) return [];
      const alike = likeness(earlier.words, later.words);
      const [one] = earlier.quantities;
      const other = one && later.quantities.find((quantity) => sameMeasure(quantity, one));
      if (
        one &&
        other &&
        alike >= SAME_SENTENCE &&
        earlier.quantities.length === later.quantities.length &&
        !sameValue(one, other) &&
        !(earlier.conditional || later.conditional)
      )
        return [
          found(
            'contradiction',
            'high',
            `The draft says ${quote(one.text)} and then ${quote(other.text)} of the same thing.`,
            'Find out which is right.',
            other.text,
          ),
        ];
      if (alike >= CONTRARY_SENTENCE && earlier.denies !== later.denies && !earlier.conditional && !later.conditional)
        return [found('contradiction', 'high', `The draft says ${quote(earlier.text)} and then ${quote(later.text)}.`, 'Find out which is right.', later.text)];
      return [];
    }),
  );
}
