/**
 * `check_facts`: what a draft states of sums, limits, plans and terms, held against the customer's own rows, the business's numbers and
 * the help articles. Promises and prices are check-policy.ts; numbers of things and dates are check-claims.ts.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import { readPolicy } from '../store/policy.ts';
import type { PlanTerms, Policy } from '../store/policy-schema.ts';
import { coverage, contentOf, isNegated, sentencesOf, withoutCode, type Piece } from './draft.ts';
import { evidenceOf, readSources, type Evidence, type Source, type SourceDeps } from './draft-sources.ts';
import { readOwnFacts, type OwnFacts } from './own-facts.ts';
import { knownSums } from './plan-sums.ts';
import { planAt, planOf, plansAt } from './plan-words.ts';
import { datesIn, moneyIn, quantitiesIn, sameMeasure, sameValue, type Quantity } from './quantities.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';
import { writeNumber } from './words.ts';

export function checkFacts(deps: SourceDeps): AnyTool {
  return defineCheck({
    name: 'check_facts',
    description: "Holds the sums, limits, terms and plans that a draft states against the customer's own rows, the business's numbers and the help articles.",
    borneOut: true,
    about: 'the stated sums, limits, terms and plans',
    async read(reviewed, { customerId, now }) {
      const [policy, own, sources] = await Promise.all([readPolicy(deps.database), readOwnFacts(deps.database, customerId, now), readSources(deps, reviewed)]);
      return readFacts(reviewed, { policy, own, sources });
    },
  });
}

export interface Truth {
  readonly policy: Policy;
  readonly own: OwnFacts;
  readonly sources: readonly Source[];
}

const CHECK = 'facts';
/** An article speaks of the same thing from this share of the claim's words on, and from so many of them. */
const SAME_SUBJECT = 0.6;
const SAME_WORDS_MIN = 3;

export function readFacts(reviewed: Reviewed, truth: Truth): Reading {
  const stated = sentencesOf(withoutCode(reviewed.answer).replace(/^[ \t]*>.*$/gm, (line) => ' '.repeat(line.length))).filter(
    ({ text }) => !text.endsWith('?'),
  );
  const evidence = evidenceOf(truth.sources);
  const sums = knownSums(reviewed, truth);
  const findings = stated.flatMap((sentence) => [
    ...ofPlanNames(sentence),
    ...ofOwnPlan(sentence, truth.own),
    ...ofSums(sentence, sums),
    ...ofInvoices(sentence, truth.own),
    ...ofSumsWorkedOut(sentence),
    ...ofLimits(sentence, truth),
    ...ofArticles(sentence, evidence),
  ]);
  const checked = stated.reduce((sum, { text }) => sum + quantitiesIn(text).length + plansAt(text).length, 0);
  return { findings, checked: Math.max(checked, findings.length) };
}

const NO_PLAN =
  /\b(?:Pro|Professional|Plus|Business|Starter|Standard|Teams?|Growth|Ultimate|Gold|Silver|Platinum|Advanced|Lite|Personal|Essentials?|Scale|Corporate|Unlimited) (?:[Pp]lans?|[Tt]ier|[Ss]ubscription|[Pp]ackage)\b/g;

function ofPlanNames({ text }: Piece): Finding[] {
  return [...text.matchAll(NO_PLAN)].map(([name]) =>
    found(CHECK, 'high', `There is no ${quote(name)}.`, 'The plans are Free, Basic, Premium and Enterprise.', name),
  );
}

const OWN_PLAN = [
  /\b(?:you are|you're|your (?:team|account|workspace|company) is|you have been|you are currently|you're currently) (?:currently |now |already |still )?(?:on|using|subscribed to|paying for) (?:the |a |our )?/gi,
  /\byour (?:current )?plan is (?:the )?/gi,
  /\byour (?:current )?(?=(?:free|basic|premium|enterprise) (?:plan|subscription|account|workspace))/gi,
];
const SUPPOSED = /\b(?:if|once|when|unless|whether|suppose|should|after|as soon as|in case)\b[^.;]*$/i;

/** What the draft says of the customer's plan, seats and renewal. */
function ofOwnPlan({ text }: Piece, own: OwnFacts): Finding[] {
  const findings: Finding[] = [];
  for (const pattern of OWN_PLAN) {
    for (const match of text.matchAll(pattern)) {
      const named = planAt(text, match.index + match[0].length);
      if (!named || named.plan === own.plan || SUPPOSED.test(text.slice(0, match.index))) continue;
      const words = text.slice(match.index, named.end);
      findings.push(found(CHECK, 'high', `The draft says ${quote(words)}, and the customer is on the ${own.plan} plan.`, `Name the ${own.plan} plan.`, words));
    }
  }
  const seats =
    /\b(?:you|your (?:plan|subscription|workspace|account)) (?:currently |now )?(?:have|has|pay for|include[sd]?) (\d{1,6}) (?:paid )?seats\b/i.exec(text);
  if (seats && own.seats !== null && Number(seats[1]) !== own.seats && !SUPPOSED.test(text.slice(0, seats.index)))
    findings.push(found(CHECK, 'high', `The draft says ${quote(seats[0])}, and the subscription has ${own.seats}.`, `Say ${own.seats} seats.`, seats[0]));
  const renews = /\b(?:renew(?:s|al)?|next (?:billing|renewal|charge|payment)|(?:billing )?period ends)\b/i.exec(text);
  const [day] = renews ? datesIn(text.slice(renews.index)) : [];
  if (renews && day && own.renewal !== null && day.day !== own.renewal && /\byou/i.test(text))
    findings.push(
      found(CHECK, 'high', `The draft lets the period end on ${day.text}, and it ends on ${own.renewal}.`, 'Say the day of the subscription.', day.text),
    );
  const billed = /\byou(?:r plan|r subscription)?(?: are| is|'re) (?:currently )?billed (monthly|annually|yearly)\b/i.exec(text);
  const cycle = billed?.[1]?.toLowerCase() === 'monthly' ? 'monthly' : 'annual';
  if (billed && own.cycle !== null && cycle !== own.cycle && !SUPPOSED.test(text.slice(0, billed.index)))
    findings.push(found(CHECK, 'high', `The draft says ${quote(billed[0])}, and the subscription is ${own.cycle}.`, `Say that it is ${own.cycle}.`, billed[0]));
  return findings;
}

function ofSums({ text }: Piece, known: ReadonlySet<number>): Finding[] {
  return moneyIn(text)
    .filter(({ value }) => value !== 0 && !known.has(value))
    .map((sum) =>
      found(
        CHECK,
        'medium',
        `Nothing on record, in an article or in the price list gives the sum ${sum.text}.`,
        'Take it from a tool, or leave it out.',
        sum.text,
      ),
    );
}

/** An invoice has the sums it has. */
function ofInvoices({ text }: Piece, own: OwnFacts): Finding[] {
  const named = own.invoices.filter(({ number }) => text.toUpperCase().includes(number));
  const [invoice] = named;
  if (!invoice || named.length > 1) return [];
  return moneyIn(text)
    .filter(({ value }) => !invoice.cents.has(value))
    .map((sum) => found(CHECK, 'high', `Invoice ${invoice.number} has no sum of ${sum.text}.`, 'Say the sum that stands on it.', sum.text));
}

const WORKED_OUT =
  /(?<![\w.])[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,9}(?:\.\d+)?)(?: [a-z]{1,12}){0,2} ?([x×*+−–-]) ?[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,9}(?:\.\d+)?)(?: (?!=)[a-z]{1,12}){0,3} ?= ?[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,9}(?:\.\d+)?)/gi;

/** "30 x $25 = $750": what can be worked out is. */
function ofSumsWorkedOut({ text }: Piece): Finding[] {
  return [...text.matchAll(WORKED_OUT)].flatMap(([words, left = '', sign = '', right = '', said = '']) => {
    const [one, other, stated] = [left, right, said].map((number) => Number(number.replaceAll(',', '')));
    if (one === undefined || other === undefined || stated === undefined) return [];
    const result = /[x×*]/i.test(sign) ? one * other : sign === '+' ? one + other : one - other;
    if (Math.abs(result - stated) < 0.005) return [];
    return [found(CHECK, 'high', `The draft works out ${quote(words)}, and it is ${writeNumber(result)}.`, 'Let a tool work it out.', words)];
  });
}

const LIMITED =
  /\b(?:up to|limit\w*|max\w*|at most|allow\w*|includ\w*|comes? with|has|have|offers?|supports?|gives?|gets?|holds?|with|is)\b[^.;]{0,30}$|[:,–-] ?$|\band (?:up to )?$/i;
const ABOVE = /\b(?:more than|over|above|from|at least|beyond|than|only have|your|team of|for)(?: [a-z]+)? $/i;

const LIMITS: readonly (readonly [string, (terms: PlanTerms) => number | null])[] = [
  ['project', ({ projectsMax }) => projectsMax],
  ['member', ({ membersMax }) => membersMax],
  ['request a minute', ({ apiRequestsPerMinute }) => apiRequestsPerMinute],
  ['megabytes', ({ storageMb }) => storageMb],
];
const FEATURES: readonly (readonly [RegExp, string, (terms: PlanTerms) => boolean])[] = [
  [/\b(?:SSO|single sign-on|SAML)\b/gi, 'single sign-on', ({ sso }) => sso],
  [/\b(?:API access|access to the API|the API)\b/gi, 'the API', ({ api }) => api],
  [/\bpriority support\b/gi, 'priority support', ({ prioritySupport }) => prioritySupport],
  [/\badvanced analytics\b/gi, 'advanced analytics', ({ analytics }) => analytics],
];
const INCLUDES = /\b(?:includ\w*|comes? with|has|have|offers?|gives?|contains?|gets?|supports?|with|provides?)\b/i;

interface Place {
  readonly start: number;
  readonly text: string;
}

/** Limits and features of a plan that is named, or of "your plan". */
function ofLimits({ text }: Piece, { policy, own }: Truth): Finding[] {
  const plans = plansAt(text);
  const planSaid = (place: Place) => planOf(text, place) ?? (/\byour plan\b/i.test(text) && plans.length === 0 ? own.plan : undefined);
  const findings: Finding[] = [];
  for (const quantity of quantitiesIn(text)) {
    const kind = quantity.dimension === 'count' ? quantity.noun : quantity.dimension;
    const limit = LIMITS.find(([name]) => name === kind)?.[1];
    const plan = planSaid(quantity);
    const before = text.slice(0, quantity.start);
    const after = text.slice(quantity.start + quantity.text.length, quantity.start + quantity.text.length + 30);
    if (!limit || !plan || !LIMITED.test(before) || ABOVE.test(before)) continue;
    if (
      kind === 'megabytes' &&
      (/\b(?:file|upload|attachment|import)/i.test(after) ||
        /\b(?:one|single|each|per|a) (?:file|upload|attachment)\b|\b(?:files?|uploads?|attachments?)\b[^,;]*$/i.test(before))
    )
      continue;
    const max = limit(policy.plans[plan]);
    if (max === quantity.value) continue;
    // A size in decimal steps is the same promise to a customer.
    if (max !== null && kind === 'megabytes' && Math.abs(max - quantity.value) / max < 0.03) continue;
    const truth =
      max === null ? 'has no such limit' : kind === 'megabytes' ? `has ${max >= 1_024 ? `${max / 1_024} GB` : `${max} MB`}` : `has ${writeNumber(max)}`;
    findings.push(
      found(CHECK, 'high', `The draft gives the ${plan} plan ${quote(quantity.text)}, and it ${truth}.`, 'Say the limit of the plan.', quantity.text),
    );
  }
  for (const match of text.matchAll(/\bunlimited (projects|members|users|storage)\b/gi)) {
    const kind = match[1]?.toLowerCase() === 'storage' ? 'megabytes' : match[1]?.toLowerCase() === 'projects' ? 'project' : 'member';
    const plan = planSaid({ start: match.index, text: match[0] });
    const max = plan ? LIMITS.find(([name]) => name === kind)?.[1](policy.plans[plan]) : null;
    if (plan && max != null && !isNegated(text, match.index))
      findings.push(found(CHECK, 'high', `The draft gives the ${plan} plan ${quote(match[0])}, and it has a limit.`, 'Say the limit of the plan.', match[0]));
  }
  for (const [pattern, name, has] of FEATURES) {
    for (const match of text.matchAll(pattern)) {
      const plan = planOf(text, { start: match.index, text: match[0] });
      const between = text.slice(plans.findLast(({ start }) => start < match.index)?.end ?? match.index, match.index);
      if (!plan || has(policy.plans[plan]) || !INCLUDES.test(between) || /\b(?:not|n't|no|only|without|need|upgrade)\b/i.test(between)) continue;
      findings.push(found(CHECK, 'high', `The draft gives the ${plan} plan ${name}, and it does not have it.`, 'Name the plan that has it.', match[0]));
    }
  }
  return findings;
}

const LIMIT = /\b(?:up to|at most|limit\w*|max\w*|no more than|allow\w*|attempts?|tries|can have|may have|per minute)\b/i;

/** A number that every article speaking of the same thing gives differently. */
function ofArticles({ text }: Piece, evidence: readonly Evidence[]): Finding[] {
  const words = contentOf(text);
  const plans = plansAt(text).map(({ plan }) => plan);
  return quantitiesIn(text).flatMap((claim) => {
    // How many somebody has is theirs to know; how many there may be is the article's.
    if (claim.dimension === 'money' || claim.noun === 'seat' || (claim.dimension === 'count' && !LIMIT.test(text))) return [];
    const alike = evidence
      .filter(({ quantities }) => quantities.some((quantity) => sameMeasure(quantity, claim)))
      .map((one) => ({ ...one, share: coverage(words, one.words) }));
    if (
      alike.some(({ quantities, share }) => share >= SAME_SUBJECT / 2 && quantities.some((quantity) => sameMeasure(quantity, claim) && covers(quantity, claim)))
    )
      return [];
    const best = alike
      .filter(
        ({ share, text: said }) => share >= SAME_SUBJECT && share * words.size >= SAME_WORDS_MIN && plansAt(said).every(({ plan }) => plans.includes(plan)),
      )
      .toSorted((a, b) => b.share - a.share)[0];
    if (!best) return [];
    const other = best.quantities.find((quantity) => sameMeasure(quantity, claim));
    return [
      found(
        CHECK,
        'high',
        `The draft says ${quote(claim.text)}, and the article "${best.slug}" says ${quote(other?.text ?? '')}.`,
        'Say what the article says.',
        claim.text,
      ),
    ];
  });
}

function covers(given: Quantity, claim: Quantity): boolean {
  return sameValue(given, claim) || (given.value <= claim.value && claim.to <= given.to && given.value !== given.to);
}
