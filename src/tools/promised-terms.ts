/** Terms that one sentence of a draft promises (days to a refund, hours to a reply, how long a link works), against the rows of the policy. */
import type { Finding } from '../orchestration/verdict.ts';
import type { Plan } from '../store/generated/prisma/client.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { OwnFacts } from './own-facts.ts';
import { planOf } from './plan-words.ts';
import { quantitiesIn, type Dimension, type Quantity } from './quantities.ts';
import { found, quote, type Reading } from './review.ts';
import { writeCount, writeNumber } from './words.ts';

const CHECK = 'policy_term';
const DAY = 1_440;

interface Rules {
  readonly policy: Policy;
  readonly own: OwnFacts;
}

interface Term {
  readonly about: RegExp;
  /** Other things of the same words. */
  readonly not?: RegExp;
  readonly dimension: Dimension;
  readonly noun?: string;
  readonly name: string;
  /** The values that are right; empty when nothing is promised there. */
  readonly values: (policy: Policy, plan: Plan) => readonly number[];
}

const TERMS: readonly Term[] = [
  {
    about: /\b(?:refund\w*|money[- ]back|guarantee)\b/i,
    not: /\b(?:arriv\w*|takes?|bank|card within|account within|back (?:to|on)|appear\w*|processed|once (?:per|in|every)|other refund|earlier|ago|old)\b/i,
    dimension: 'minutes',
    name: 'the time in which a payment is refunded',
    values: ({ refund }) => [refund.days * DAY],
  },
  {
    about: /\brefund\w*\b[^.]*\b(?:once|one|per account|every)\b|\b(?:once|one)\b[^.]*\brefund/i,
    dimension: 'months',
    name: 'the time between two refunds',
    values: ({ refund }) => [refund.accountMonths],
  },
  {
    about: /\b(?:refund\w*|money)\b[^.]*\b(?:arriv\w*|takes?|appear\w*|back (?:to|on|in)|reach\w*|land\w*|within|processed)\b/i,
    dimension: 'business_days',
    name: 'the time a refund takes',
    values: ({ refundArrival }) => [refundArrival.businessDaysMin, refundArrival.businessDaysMax],
  },
  {
    about: /\b(?:trash|deleted (?:tasks?|files?|projects?|items?|boards?|docs?)|restor\w*)\b/i,
    not: /\b(?:accounts?|export|audit|import|refund|invit\w*|minutes|ago|versions?|history)\b/i,
    dimension: 'minutes',
    name: 'the time in the trash',
    values: ({ trashDays }) => [trashDays * DAY],
  },
  {
    about: /\b(?:delet\w*|eras\w*)\b[^.]*\baccount\b|\baccount\b[^.]*\b(?:delet\w*|eras\w*)\b|\bgrace period\b/i,
    not: /\b(?:invoice|audit|conversation|backup|ago|export)/i,
    dimension: 'minutes',
    name: 'the delay of a deletion',
    values: ({ erasureDelayDays }) => [erasureDelayDays * DAY],
  },
  {
    about: /\binvitation|\binvite link\b/i,
    dimension: 'minutes',
    name: 'the time an invitation works',
    values: ({ invitationDays }) => [invitationDays * DAY],
  },
  {
    about: /\breset (?:link|e-?mail)\b|\blink to reset\b/i,
    not: /\b(?:spam|arriv\w*|resend|again|wait)\b/i,
    dimension: 'minutes',
    name: 'the time a reset link works',
    values: ({ signIn }) => [signIn.resetLinkMinutes],
  },
  {
    about: /\block(?:ed|s|out)?\b[^.]*\b(?:account|sign|for|after|minutes)\b/i,
    dimension: 'minutes',
    name: 'the time an account stays locked',
    values: ({ signIn }) => [signIn.lockMinutes],
  },
  {
    about: /\block(?:ed|s|out)?\b/i,
    dimension: 'count',
    noun: 'attempt',
    name: 'the attempts that lock an account',
    values: ({ signIn }) => [signIn.failuresMax],
  },
  {
    about: /\bwebhooks?\b|\bdeliver(?:y|ies)\b/i,
    dimension: 'count',
    noun: 'attempt',
    name: 'the attempts to deliver a webhook',
    values: ({ webhook }) => [webhook.attemptsMax],
  },
  {
    about: /\binvoice\b[^.]*\bdue\b/i,
    not: /\b(?:ago|overdue|past)\b/i,
    dimension: 'minutes',
    name: 'the time to pay an invoice',
    values: ({ invoiceDueDays }) => [invoiceDueDays * DAY],
  },
  {
    about: /\baudit log\b/i,
    not: /\b(?:delet\w*|certif|export)\b/i,
    dimension: 'minutes',
    name: 'the reach of the audit log',
    values: ({ auditLogDays }, plan) => [auditLogDays[plan] * DAY],
  },
  {
    about: /\bexport\b[^.]*\blink\b|\blink\b[^.]*\bexport\b|\bdownload link\b/i,
    dimension: 'minutes',
    name: 'the time the link of an export works',
    values: ({ exports }) => [exports.linkDays * DAY],
  },
  {
    about: /\bimports?\b[^.]*\bund(?:o|one)\b|\bund(?:o|one)\b[^.]*\bimport/i,
    dimension: 'minutes',
    name: 'the time in which an import can be undone',
    values: ({ imports }) => [imports.undoDays * DAY],
  },
];

/** Answers the law asks for are another matter. */
const BY_LAW = /\b(?:law|legal|rights?|privacy|gdpr|ccpa|hipaa|data requests?|regulat\w*|documents?)\b/i;
const PROMISES = /\b(?:repl(?:y|ies)|respon(?:d|ds|se)|answers?|hear from|get back|resol(?:ve|ved|ution)|fix(?:ed)?)\b/i;

export function readPromisedTerms(sentence: string, rules: Rules): Reading {
  const findings: Finding[] = [];
  let checked = 0;
  for (const said of quantitiesIn(sentence)) {
    const clause = clauseAt(sentence, said.start);
    const plan = planOf(sentence, said) ?? rules.own.plan;
    const term = TERMS.find(
      ({ about, not, dimension, noun }) =>
        dimension === said.dimension && (noun === undefined || noun === said.noun) && about.test(sentence) && !(not?.test(clause) ?? false),
    );
    if (term) {
      checked += 1;
      const values = term.values(rules.policy, plan);
      const [low = 0, high = low] = values;
      // Not yet over, or over already, are other sentences than how long it is.
      if (said.value === low && said.to === high) continue;
      if (said.value === said.to && values.includes(said.value)) continue;
      if (/\b(?:left|remaining|ago|since|old|in the last|for the last|past)\b/i.test(sentence.slice(said.start, said.start + said.text.length + 20))) continue;
      findings.push(
        found(
          CHECK,
          'high',
          `The draft says ${quote(said.text)} for ${term.name}; the policy has ${write(term.dimension, low, high)}.`,
          'Say what the policy has.',
          said.text,
        ),
      );
    } else if (said.dimension === 'minutes' && PROMISES.test(sentence) && !BY_LAW.test(sentence)) {
      checked += 1;
      findings.push(...ofService(sentence, said, rules.policy, plan));
    }
  }
  return { findings, checked };
}

/** The part of a sentence around this place: what another part speaks of is another matter. */
function clauseAt(sentence: string, at: number): string {
  const before = [...sentence.slice(0, at).matchAll(/[,;:(–]| and | but /g)].at(-1);
  const after = /[,;)–]| and | but /.exec(sentence.slice(at));
  return sentence.slice(before ? before.index : 0, after ? at + after.index : undefined);
}

/** Times to a first reply and to a resolution. */
function ofService(sentence: string, said: Quantity, policy: Policy, plan: Plan): Finding[] {
  const promised = /\b(?:within|in|under|less than|no later than|guaranteed?|is|are|of|:)\s(?:\w+\s)?$/i.test(sentence.slice(0, said.start));
  if (!promised || !/\b(?:support|team|we|our|ticket|first reply|issue|problem|bug|engineers?)\b/i.test(sentence)) return [];
  const resolves = /\b(?:resol(?:ve|ved|ution)|fix(?:ed)?)\b/i.test(sentence);
  const terms = policy.plans[plan];
  const right = resolves ? terms.resolutionMinutes : terms.firstReplyMinutes;
  const what = resolves ? 'a resolution' : 'a first reply';
  if (right === said.value || (resolves && terms.firstReplyMinutes === said.value && /\brepl/i.test(sentence))) return [];
  if (right === null)
    return [found(CHECK, 'high', `The draft promises ${what} in ${quote(said.text)}; the ${plan} plan has no such promise.`, 'Promise no time.', said.text)];
  const severity = said.value < right ? 'high' : 'medium';
  return [
    found(
      CHECK,
      severity,
      `The draft promises ${what} in ${quote(said.text)}; on the ${plan} plan it is ${write('minutes', right, right)}.`,
      'Say the time of the plan.',
      said.text,
    ),
  ];
}

function write(dimension: Dimension, low: number, high: number): string {
  if (dimension === 'minutes')
    return low % DAY === 0 ? writeCount(low / DAY, 'day') : low % 60 === 0 ? writeCount(low / 60, 'hour') : writeCount(low, 'minute');
  if (dimension === 'months') return writeCount(low, 'month');
  const range = low === high ? writeNumber(low) : `${writeNumber(low)} to ${writeNumber(high)}`;
  return dimension === 'business_days' ? `${range} business days` : range;
}
