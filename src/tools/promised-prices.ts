/** Prices and discounts that one sentence of a draft promises, against the rows of the policy and the customer's own discounts. */
import type { Finding } from '../orchestration/verdict.ts';
import { formatMoney } from '../store/money.ts';
import type { Policy } from '../store/policy-schema.ts';
import { quotePlan } from '../store/pricing.ts';
import { isNegated } from './draft.ts';
import type { OwnFacts } from './own-facts.ts';
import { planOf, plansAt } from './plan-words.ts';
import { moneyIn, quantitiesIn, type Quantity } from './quantities.ts';
import { found, quote, type Reading } from './review.ts';

const CHECK = 'policy_price';
const PER_SEAT = /^[^.,;]{0,12}\b(?:per|a|each|every|\/) ?(?:seat|user|member|person|month|seat and month)\b|^\/(?:seat|user|month|mo)\b/i;
const COSTS = /\b(?:costs?|price(?:d)? (?:is|at|of)?|is|are|at|for|plan,?|:)\s?(?:only |just |\*\*)?$/i;
const DISCOUNT = /\b(?:discounts?|off|reduc\w*|cheaper|save|savings?|saves)\b/i;
const NO_DISCOUNT = /\b(?:uptime|availab\w*|of (?:your|the|all) (?:storage|limit|users|members|teams|time)|tax|vat|full)\b/i;

interface Rules {
  readonly policy: Policy;
  readonly own: OwnFacts;
}

export function readPromisedPrices(sentence: string, rules: Rules): Reading {
  const prices = seatPricesIn(sentence);
  const shares = quantitiesIn(sentence).filter(({ dimension }) => dimension === 'percent');
  const isDiscount = DISCOUNT.test(sentence) && !NO_DISCOUNT.test(sentence);
  return {
    findings: [
      ...prices.flatMap((price) => ofSeatPrice(sentence, price, rules)),
      ...(isDiscount ? shares.flatMap((share) => ofDiscount(sentence, share, rules)) : []),
    ],
    checked: prices.length + (isDiscount ? shares.length : 0),
  };
}

/** Sums told as the price of a seat of a plan; sums of a whole order are no such price. */
function seatPricesIn(sentence: string): Quantity[] {
  if (plansAt(sentence).length === 0) return [];
  const counted = quantitiesIn(sentence).some(({ noun, value }) => (noun === 'seat' || noun === 'member') && value > 1);
  return moneyIn(sentence).filter(({ start, text }) => {
    const after = sentence.slice(start + text.length);
    return (
      (/^[^.,;]{0,12}\b(?:per|a|each|every) (?:seat|user|member|person)\b|^\/(?:seat|user)\b/i.test(after) ||
        (!counted && (PER_SEAT.test(after) || COSTS.test(sentence.slice(0, start)) || /^\*{0,2}[:,]/.test(after)))) &&
      !/\b(?:paid|charged|refund\w*|invoice|credit|total)\b/i.test(sentence)
    );
  });
}

function ofSeatPrice(sentence: string, price: Quantity, { policy, own }: Rules): Finding[] {
  const plan = planOf(sentence, price);
  if (!plan) return [];
  const terms = policy.plans[plan];
  const seats = quantitiesIn(sentence).find(({ noun }) => noun === 'seat' || noun === 'member')?.value ?? own.seats ?? 1;
  const counts = [
    1,
    own.seats ?? 1,
    ...(Number.isInteger(seats) && seats >= 1 && seats <= 100_000 ? [seats] : []),
    ...policy.volumeDiscounts.map((step) => step.seats),
  ];
  const right = new Set(
    counts.flatMap((count) =>
      (['monthly', 'annual'] as const).flatMap((cycle) =>
        ([null, 'nonprofit', 'student', 'startup'] as const).flatMap((programme) =>
          [0, ...own.percents].map(
            (extraPercent) => quotePlan(policy, { plan, seats: count, cycle, programme, extraPercent: Math.min(100, extraPercent) }).perSeatPerMonthCents,
          ),
        ),
      ),
    ),
  );
  const list = formatMoney({ amountCents: terms.seatPriceCents, currency: 'USD' });
  if (terms.byContract)
    return [
      found(
        CHECK,
        'medium',
        `The draft names ${price.text} for the ${plan} plan, whose price is agreed in a contract.`,
        'Name no fixed price for it.',
        price.text,
      ),
    ];
  if (right.has(price.value) || right.has(price.value / 12)) return [];
  return [
    found(
      CHECK,
      'high',
      `The draft says ${price.text} for a seat of the ${plan} plan; the list price is ${list}.`,
      `Say ${list} per seat and month, or quote it.`,
      price.text,
    ),
  ];
}

const KINDS: readonly (readonly [RegExp, (policy: Policy) => readonly number[], string])[] = [
  [/\b(?:nonprofits?|non-profits?|charit\w*)\b/i, ({ programmes }) => [programmes.nonprofit], 'nonprofit'],
  [/\b(?:students?|education\w*)\b/i, ({ programmes }) => [programmes.student], 'student'],
  [/\bstart-?ups?\b/i, ({ programmes }) => [programmes.startup], 'startup'],
  [/\b(?:annual\w*|yearly|a year at once|once a year)\b/i, ({ annualPercent }) => [annualPercent], 'annual'],
  [/\b(?:volume|\d+ seats|seats?)\b/i, ({ volumeDiscounts }) => volumeDiscounts.map(({ percent }) => percent), 'volume'],
  [/\b(?:at most|maximum|up to|together|cap(?:ped)?)\b/i, ({ discountPercentMax }) => [discountPercentMax], 'combined'],
];

function ofDiscount(sentence: string, share: Quantity, { policy, own }: Rules): Finding[] {
  if (isNegated(sentence, share.start) || share.value === 0) return [];
  const kinds = KINDS.filter(([pattern]) => pattern.test(sentence));
  const { volumeDiscounts, annualPercent, retention, discretionaryPercentMax, discountPercentMax } = policy;
  const every = [...volumeDiscounts.map(({ percent }) => percent), annualPercent, retention.percent];
  const combined = volumeDiscounts.map(({ percent }) => Math.min(percent + annualPercent, discountPercentMax));
  const asAgent = share.value <= discretionaryPercentMax.agent && /\b(?:i|we|an agent) (?:can|could|may|might)\b/i.test(sentence);
  if (own.percents.has(share.value) || asAgent) return [];
  if (kinds.length > 0) {
    const order = quantitiesIn(sentence).some(({ noun, value }) => noun === 'seat' && value >= Math.min(...volumeDiscounts.map(({ seats }) => seats)));
    const right = [...kinds.flatMap(([, percents]) => percents(policy)), ...(kinds.length > 1 || order ? combined : [])];
    if (right.includes(share.value)) return [];
    const [, percents, name] = kinds[0] ?? [null, () => [], ''];
    const rule = percents(policy).join(', ');
    return [
      found(CHECK, 'high', `The draft promises ${quote(share.text)} as ${name} discount; the policy has ${rule}%.`, 'Say what the policy has.', share.text),
    ];
  }
  if (every.includes(share.value) || combined.includes(share.value) || share.value <= discretionaryPercentMax.agent) return [];
  const severity = share.value > discountPercentMax ? 'critical' : 'high';
  return [
    found(
      CHECK,
      severity,
      `The draft promises ${quote(share.text)} off, which no rule of the policy gives.`,
      `An agent may give up to ${discretionaryPercentMax.agent}%; quote anything else.`,
      share.text,
    ),
  ];
}
