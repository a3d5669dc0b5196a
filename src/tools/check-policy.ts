/**
 * `check_policy`: what a draft promises, held against the rules of the business: terms and prices of PolicyRule, promises nobody may make,
 * conditions left out, and what must not leave the house. Facts of the customer are check-facts.ts.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import type { Severity } from '../orchestration/workflow-input.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { isNegated, proseOf, sentencesOf, withoutCode, type Piece } from './draft.ts';
import { readOwnFacts, type OwnFacts } from './own-facts.ts';
import { readPromisedPrices } from './promised-prices.ts';
import { readPromisedTerms } from './promised-terms.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';
import { secretLinesIn } from './secrets-in.ts';

export function checkPolicy(database: Database): AnyTool {
  return defineCheck({
    name: 'check_policy',
    description:
      'Holds what a draft promises against the rules of the business: terms, discounts, reply times, prices, promises nobody may make, conditions left out, personal data.',
    about: 'promises, terms, prices and conditions',
    async read(reviewed, { customerId, now }) {
      const [policy, own] = await Promise.all([readPolicy(database), readOwnFacts(database, customerId, now)]);
      return readPromises(reviewed, { policy, own });
    },
  });
}

export interface Rules {
  readonly policy: Policy;
  readonly own: OwnFacts;
}

const CHECK = 'policy';

export function readPromises(reviewed: Reviewed, rules: Rules): Reading {
  const { answer } = reviewed;
  const prose = sentencesOf(proseOf(answer));
  const stated = sentencesOf(withoutCode(answer)).filter(({ text }) => !text.endsWith('?'));
  const terms = stated.map((sentence) => readPromisedTerms(sentence.text, rules));
  const prices = stated.map((sentence) => readPromisedPrices(sentence.text, rules));
  const findings = [
    ...[...terms, ...prices].flatMap((reading) => reading.findings),
    ...prose.flatMap(ofForbidden),
    ...ofConditions(answer, prose, rules.policy),
    ...ofPersonalData(reviewed, rules.own),
  ];
  const compared = [...terms, ...prices].reduce((sum, { checked }) => sum + checked, 0);
  return { findings, checked: FORBIDDEN.length + CONDITIONS.length + 1 + compared };
}

interface Forbidden {
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly says: string;
  readonly instead: string;
  /** A negation in front makes it an honest sentence. */
  readonly unlessNegated: boolean;
}

const FORBIDDEN: readonly Forbidden[] = [
  {
    pattern:
      /\b(?:i|we) (?:can |do |will |hereby |personally |fully )*(?:guarantee|promise|pledge|swear)\b|\b(?:is|are|be) (?:fully |100% )?guaranteed\b|\byou have my word\b|\bguaranteed (?:to|uptime|results?|savings|delivery)\b/gi,
    severity: 'high',
    says: 'The draft guarantees something',
    instead: 'Say what the policy or a tool says, without a guarantee.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:we|i|our team|loomwork|it) will (?:always|never)\b|\b(?:this|it|that) (?:will|can) never happen again\b|\bwill not happen (?:ever )?again\b|\bwon't (?:ever )?happen again\b|\b(?:never|no) (?:have|see|experience) (?:any )?(?:downtime|outages?)\b/gi,
    severity: 'medium',
    says: 'The draft promises what nobody can keep for ever',
    instead: 'Say what is done now.',
    unlessNegated: false,
  },
  {
    pattern:
      /\b(?:100 ?%|zero|no) (?:uptime|downtime|availability|secure|security risks?|data loss)\b|\b(?:completely|absolutely|100 ?%|totally) (?:secure|safe|risk[- ]free|unhackable)\b/gi,
    severity: 'medium',
    says: 'The draft promises perfection',
    instead: 'Name the measure or the agreement that there is.',
    unlessNegated: true,
  },
  {
    pattern:
      /\byou (?:are|'re) legally (?:entitled|required|obliged|allowed)\b|\bas (?:your|a) (?:lawyer|legal advis[eo]r)\b|\bmy legal advice\b|\b(?:you (?:should|could|can)|i (?:would|advise you to)) (?:sue|take (?:them|him|her|us|it) to court|press charges)\b|\bthis (?:contract|clause|is) (?:legally )?(?:void|unenforceable|not legally binding)\b|\byou (?:do not|don't) have to pay (?:tax|vat)\b|\byou can deduct\b|\bfully complies with (?:the )?law\b|\blegally,? you\b/gi,
    severity: 'critical',
    says: 'The draft gives legal or tax advice',
    instead: 'Say what our product and policy do, and that a professional decides the rest.',
    unlessNegated: true,
  },
  {
    pattern:
      /\bwe (?:are|'re) (?:fully |legally )?liable\b|\b(?:we|i) (?:accept|admit|take) (?:full |all )?(?:legal )?(?:liability|legal responsibility)\b|\bwe were negligent\b/gi,
    severity: 'critical',
    says: 'The draft accepts liability',
    instead: 'Leave that to people; say what is being done.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:we|i)(?: will|'ll) (?:fully |gladly )?(?:compensate|reimburse) you\b|\b(?:we|i)(?: will|'ll) pay (?:you )?(?:for )?(?:your )?(?:damages|losses|lost revenue)\b|\byou(?: will|'ll) (?:be|get) (?:fully )?compensat(?:ed|ion)\b/gi,
    severity: 'high',
    says: 'The draft promises compensation',
    instead: 'Offer only what a tool quoted.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:full|any|every) refunds? (?:at )?any ?time\b|\brefund(?:s|ed)? (?:is |are |be )?(?:possible |available |given )?(?:at )?any ?time\b|\bno questions asked\b|\bunconditional(?:ly)? refund\w*\b/gi,
    severity: 'high',
    says: 'The draft promises refunds without their conditions',
    instead: 'Name the conditions, or quote the payment.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:someone|somebody|a colleague|an? (?:engineer|agent|specialist|manager|person|human)|our (?:team|engineers|support team)|we|i) (?:will|'ll|is going to) (?:call|phone|ring|contact|reach out to|get back to|reply to|answer|write to|e-?mail) you (?:back )?(?:with)?in (?:the next )?(?:a few|\w+) (?:minutes?|hours?)\b/gi,
    severity: 'medium',
    says: 'The draft promises when a person will be there',
    instead: 'Say only which team reads the note.',
    unlessNegated: true,
  },
  {
    pattern:
      /\b(?:send|tell|give|share|e-?mail|provide|reply with|type|post|message) (?:me |us )?(?:(?:here|with) )?(?:your |the )(?:full |current |account |login )*(?:password|card number|credit card number|security code|cvc|cvv|one-time code|verification code|api (?:key|token)|secret key)\b/gi,
    severity: 'critical',
    says: 'The draft asks for a secret of the customer',
    instead: 'Never ask for passwords, card numbers, codes or keys.',
    unlessNegated: true,
  },
  {
    pattern: /\b(?:on|for) (?:their|another customer's|the other customer's|someone else's) account\b[^.]{0,40}\b(?:is|are|was|were|shows?|has)\b/gi,
    severity: 'high',
    says: "The draft tells of somebody else's account",
    instead: 'Help only the customer of this conversation.',
    unlessNegated: true,
  },
];

function ofForbidden({ text }: Piece): Finding[] {
  return FORBIDDEN.flatMap(({ pattern, severity, says, instead, unlessNegated }) =>
    [...text.matchAll(pattern)]
      .filter(
        (match) =>
          !(
            unlessNegated &&
            (isNegated(text, match.index) || /\b(?:not|n't|never)\b/i.test(match[0]) || /\bnever\b[^.]{0,30}$/i.test(text.slice(0, match.index)))
          ),
      )
      .map((match) => found(CHECK, severity, `${says}: ${quote(match[0])}.`, instead, match[0])),
  );
}

interface Condition {
  readonly promise: RegExp;
  /** Any of these words in the draft names the condition. */
  readonly named: RegExp;
  readonly says: (policy: Policy) => string;
}

/** A promise whose condition must stand beside it. */
const CONDITIONS: readonly Condition[] = [
  {
    promise:
      /\byou (?:can|could|may|are able to|are eligible (?:to|for)|qualify for|will) (?:\w+ ){0,3}refund\b|\brefunds are (?:available|possible|offered)\b/i,
    named: /\b(?:within|days?|eligible if|conditions?|depends|check whether|once per|quote|\$\d)/i,
    says: ({ refund }) => `A refund is promised without its condition (within ${refund.days} days of the payment).`,
  },
  {
    promise: /\b(?:nonprofits?|students?|startups?|charit(?:y|ies))\b[^.]{0,60}\b(?:discount|off|\d{1,3} ?%)/i,
    named: /\b(?:proof|prove|document|verif\w*|evidence|certificate|on file|eligib\w*)\b/i,
    says: () => 'A programme discount is promised without the proof that it needs.',
  },
  {
    promise: /\b(?:i|we)(?: will|'ll| can| have|'ve)? (?:\w+ )?delet(?:e|ed) your account\b|\byour account (?:will be|has been|is) deleted\b/i,
    named: /\b(?:days?|export|grace|cancel the deletion|until then|invoices)\b/i,
    says: ({ erasureDelayDays }) => `The deletion of the account is told without its delay of ${erasureDelayDays} days.`,
  },
  {
    promise: /\b(?:you can|we can|it is possible to) restore\b|\bcan be restored\b/i,
    named: /\b(?:days?|trash|within|as long as|until)\b/i,
    says: ({ trashDays }) => `Restoring is promised without its limit of ${trashDays} days.`,
  },
];

function ofConditions(answer: string, prose: readonly Piece[], policy: Policy): Finding[] {
  return CONDITIONS.flatMap(({ promise, named, says }) => {
    const first = prose.find(({ text }) => promise.test(text) && !text.endsWith('?'));
    const words = first && promise.exec(first.text);
    if (!first || !words || named.test(answer) || isNegated(first.text, words.index)) return [];
    return [found('policy_condition', 'medium', says(policy), 'Add the condition.', words[0])];
  });
}

const ADDRESS = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}.-]{1,120}\.\p{L}{2,24}/gu;

/** Secrets and numbers of somebody, and addresses that are neither the customer's nor in the question nor ours. */
function ofPersonalData({ question, answer }: Reviewed, own: OwnFacts): Finding[] {
  const findings = secretLinesIn(withoutCode(answer)).map(({ kinds, before }) =>
    found('privacy', 'critical', `The draft tells a ${kinds}.`, 'Take it out.', before),
  );
  for (const [address] of withoutCode(answer).matchAll(ADDRESS)) {
    const lower = address.toLowerCase();
    if (
      own.emails.has(lower) ||
      question.toLowerCase().includes(lower) ||
      /@(?:[\w-]+\.)*loomwork\.example$/.test(lower) ||
      /^(?:name|you|user|someone|jane|john)\b.*@(?:example|your)/.test(lower)
    )
      continue;
    findings.push(found('privacy', 'high', 'The draft tells an address that is not of this customer.', 'Leave it out.', address));
  }
  return findings;
}
