/** `compare_plans`: the plans beside each other, from the policy rows. Prices for a number of seats are price-plan.ts. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { Plan } from '../store/generated/prisma/enums.ts';
import { formatMoney } from '../store/money.ts';
import { readPolicy } from '../store/policy.ts';
import type { PlanTerms, Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { writeStorage } from './find-usage.ts';
import { readCycle, readPlans, readSeats } from './reading.ts';
import { isAboutPlans, isAboutPrice } from './topics.ts';
import { capitalise, paragraphs, writeList, writeNumber } from './words.ts';

const Input = z.strictObject({ plans: z.array(z.enum(Plan)).min(1).max(4).optional().describe('Only these plans; all when left out.') });
type Input = z.infer<typeof Input>;

export function comparePlans(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'compare_plans',
    description:
      'Shows the plans beside each other: price per seat, limits, API access, analytics, single sign-on, support times. Use it when the customer compares plans or asks what a plan contains.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (asksForPlans(text) ? inferInput(text) : null),
    async run({ plans }) {
      const policy = await readPolicy(database);
      const chosen = Object.values(Plan).filter((plan) => plans === undefined || plans.includes(plan));
      const rows = [
        ['', ...chosen.map(capitalise)],
        chosen.map(() => '---').toSpliced(0, 0, '---'),
        ...ROWS.map(([name, write]) => [name, ...chosen.map((plan) => write(policy.plans[plan]))]),
      ];
      const opening =
        chosen.length === 1
          ? `This is what the ${capitalise(chosen[0] ?? '')} plan contains:`
          : `These are the ${writeList(chosen.map(capitalise))} plans beside each other:`;
      return {
        summary: paragraphs(opening, rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n'), discountWords(policy, chosen)),
        facts: {
          currency: 'USD',
          plans: Object.fromEntries(chosen.map((plan) => [plan, factsOf(policy.plans[plan])])),
          annualPercent: policy.annualPercent,
          volumeDiscounts: policy.volumeDiscounts,
          discountPercentMax: policy.discountPercentMax,
        },
      };
    },
  });
}

/** Prices for a number of seats are price_plan's to work out; a price list, or plans named together, is a comparison. */
function asksForPlans(text: string): boolean {
  const priced = isAboutPrice(text);
  if (priced && (Object.keys(readSeats(text)).length > 0 || readCycle(text) !== undefined)) return false;
  return (
    isAboutPlans(text) ||
    (priced &&
      readPlans(text).length === 0 &&
      /\b(?:plans?|prices|pricing|price list|loomwork|cheap\w*|expensive|discounts?|it cost|do you (?:cost|charge))\b/i.test(text))
  );
}

function inferInput(text: string): Input {
  const plans = readPlans(text);
  return plans.length > 0 ? { plans } : {};
}

const ROWS: readonly (readonly [string, (terms: PlanTerms) => string])[] = [
  ['Per seat and month', (terms) => (terms.byContract ? 'by contract' : formatMoney({ amountCents: terms.seatPriceCents, currency: 'USD' }))],
  ['Projects', (terms) => upTo(terms.projectsMax)],
  ['Members', (terms) => upTo(terms.membersMax)],
  ['Storage', (terms) => (terms.storageMb === null ? 'no limit' : writeStorage(terms.storageMb))],
  ['API access', (terms) => yesNo(terms.api)],
  ['Advanced analytics', (terms) => yesNo(terms.analytics)],
  ['SSO and SCIM', (terms) => yesNo(terms.sso)],
  ['First reply within', (terms) => duration(terms.firstReplyMinutes)],
];

function upTo(limit: number | null): string {
  return limit === null ? 'no limit' : writeNumber(limit);
}

function yesNo(included: boolean): string {
  return included ? 'yes' : 'no';
}

function duration(minutes: number): string {
  return minutes < 60 ? `${minutes} min` : `${minutes / 60} h`;
}

function discountWords({ annualPercent, volumeDiscounts, discountPercentMax }: Policy, plans: readonly Plan[]): string {
  if (!plans.some((plan) => plan === 'basic' || plan === 'premium')) return '';
  const steps = writeList(volumeDiscounts.map((step) => `${step.percent}% from ${step.seats} seats`));
  return `Paying annually takes ${annualPercent}% off; volume takes ${steps}; together at most ${discountPercentMax}%.`;
}

function factsOf(terms: PlanTerms): unknown {
  const { seatPriceCents, byContract, ...rest } = terms;
  return { perSeatPerMonth: byContract ? 'by contract' : (seatPriceCents / 100).toFixed(2), ...rest };
}
