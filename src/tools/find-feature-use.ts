/** `find_feature_use`: which features the workspace used in the latest month with figures, how that moved, and which it could use and does not. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { FEATURES, type Feature } from '../store/feature.ts';
import type { Plan } from '../store/generated/prisma/client.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { FEATURE_WORDS, readFeature } from './feature-table.ts';
import { hasFeature } from './list-features.ts';
import { isAboutFeatureUse } from './topics-usage.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeList, writeMonth, writeNumber } from './words.ts';

const MONTHS_SHOWN = 3;
const BULLETS_MAX = 8;
const TIPS_MAX = 3;
/** Below this difference between two whole months use counts as steady: weekends and holidays move it by as much. */
const STEADY_PERCENT = 20;

export const TRENDS = ['new', 'growing', 'steady', 'falling', 'stopped', 'unknown'] as const;
export type Trend = (typeof TRENDS)[number];

const Input = z.strictObject({ feature: z.enum(FEATURES).optional().describe('Only this feature; all when left out.') });
type Input = z.infer<typeof Input>;

export interface Use {
  readonly feature: Feature;
  /** Uses in the latest month; 0 when none. */
  readonly uses: number;
  readonly trend: Trend;
  readonly months: readonly { readonly month: Date; readonly uses: number }[];
}

export function findFeatureUse(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_feature_use',
    description:
      "Looks up which features the customer's workspace used this month, how that changed over three months, and which features of their plan nobody uses. Use it to see what to teach or propose next.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutFeatureUse(text) ? inferInput(text) : null),
    async run({ feature }, _grant, { customerId, now }) {
      const [customer, policy] = await Promise.all([database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }), readPolicy(database)]);
      if (!customer) throw notFound('customer');
      const thisMonth = startOfMonth(now);
      const rows = await database.featureUse.findMany({
        where: { customerId, month: { gte: addMonths(thisMonth, 1 - MONTHS_SHOWN), lte: thisMonth } },
        orderBy: { month: 'asc' },
      });
      const month = rows.at(-1)?.month;
      const available = FEATURES.filter((one) => hasFeature(policy, customer.plan, one));
      if (!month)
        return {
          summary: 'There are no figures on features for your workspace in the last three months yet.',
          facts: { plan: customer.plan, used: [], unused: available, notInPlan: FEATURES.filter((one) => !available.includes(one)) },
        };
      const uses = FEATURES.filter((one) => feature === undefined || one === feature).map((one) => useOf(one, rows, thisMonth));
      return {
        summary: summaryOf(uses, feature, month, { plan: customer.plan, available, running: month.getTime() === thisMonth.getTime() }, policy),
        facts: {
          plan: customer.plan,
          month: month.toISOString().slice(0, 7),
          used: uses
            .filter((use) => use.uses > 0)
            .map(({ months, ...use }) => ({ ...use, months: months.map((point) => ({ month: point.month.toISOString().slice(0, 7), uses: point.uses })) })),
          unused: uses.filter((use) => use.uses === 0 && available.includes(use.feature)).map((use) => ({ feature: use.feature, trend: use.trend })),
          notInPlan: uses
            .filter((use) => !available.includes(use.feature))
            .map((use) => ({ feature: use.feature, fromPlan: policy.featurePlans[use.feature] })),
        },
      };
    },
  });
}

function inferInput(text: string): Input {
  const feature = readFeature(text);
  // "Task" stands in sentences about anything.
  return feature && feature !== 'subtasks' ? { feature } : {};
}

interface UseRow {
  readonly feature: string;
  readonly month: Date;
  readonly uses: number;
}

/** The feature's figures; the trend compares the last two whole months, since the running one is not over. */
export function useOf(feature: Feature, rows: readonly UseRow[], thisMonth: Date): Use {
  const months = rows.filter((row) => row.feature === feature).map(({ month, uses }) => ({ month, uses }));
  const at = (month: Date) => months.find((point) => point.month.getTime() === month.getTime())?.uses ?? 0;
  const latest = rows.at(-1)?.month ?? thisMonth;
  const before = addMonths(thisMonth, -2);
  const known = rows.some((row) => row.month.getTime() === before.getTime());
  return { feature, uses: at(latest), months, trend: trendOf(at(before), at(addMonths(thisMonth, -1)), at(latest), known) };
}

function trendOf(before: number, last: number, latest: number, known: boolean): Trend {
  if (!known) return 'unknown';
  if (before + last > 0 && latest === 0 && last === 0) return 'stopped';
  if (before === 0 && last === 0) return latest > 0 ? 'new' : 'unknown';
  if (before === 0) return 'new';
  const change = ((last - before) * 100) / before;
  if (Math.abs(change) < STEADY_PERCENT) return 'steady';
  return change > 0 ? 'growing' : 'falling';
}

interface Where {
  readonly plan: Plan;
  readonly available: readonly Feature[];
  readonly running: boolean;
}

function summaryOf(uses: readonly Use[], only: Feature | undefined, month: Date, { plan, available, running }: Where, policy: Policy): string {
  const when = running ? `so far in ${writeMonth(month)}` : `in ${writeMonth(month)}, the last month with figures`;
  const used = uses.filter((use) => use.uses > 0).toSorted((a, b) => b.uses - a.uses);
  const unused = uses.filter((use) => use.uses === 0 && available.includes(use.feature));
  const [first] = uses;
  if (only && first) {
    if (!available.includes(only))
      return `${FEATURE_WORDS[only].name}: not part of your ${capitalise(plan)} plan, but of ${capitalise(policy.featurePlans[only])} and larger plans.`;
    return first.uses > 0
      ? `Your workspace used ${lower(only)} ${times(first.uses)} ${when}${trendWords(first)}.`
      : sentences(`Nobody in your workspace used ${lower(only)} ${when}.`, `A small start: ${FEATURE_WORDS[only].first}`);
  }
  return paragraphs(
    `Your workspace used ${used.length} of the ${available.length} features of the ${capitalise(plan)} plan ${when}:`,
    writeBullets(used.slice(0, BULLETS_MAX).map((use) => `${FEATURE_WORDS[use.feature].name}: ${times(use.uses)}${trendWords(use)}`)),
    used.length > BULLETS_MAX && `And ${writeList(used.slice(BULLETS_MAX).map((use) => lower(use.feature)))}, less often.`,
    unused.length > 0 && `Nobody uses ${writeList(unused.map((use) => lower(use.feature)))}, which your plan contains.`,
    unused.length > 0 && writeBullets(unused.slice(0, TIPS_MAX).map((use) => `${FEATURE_WORDS[use.feature].name}: to ${FEATURE_WORDS[use.feature].purpose}.`)),
  );
}

function trendWords({ trend, months }: Use): string {
  if (trend === 'unknown') return '';
  if (trend === 'new') return ', new since last month';
  const before = months.slice(0, -1).map((point) => `${writeNumber(point.uses)} in ${writeMonth(point.month)}`);
  return `, ${trend}${before.length > 0 ? ` (${writeList(before)})` : ''}`;
}

function times(uses: number): string {
  return uses === 1 ? 'once' : `${writeNumber(uses)} times`;
}

function lower(feature: Feature): string {
  const { name } = FEATURE_WORDS[feature];
  return /^[A-Z]{2}/.test(name) ? `the ${name}` : name.toLowerCase();
}
