/** `find_usage`: this month's figures against the plan's limits, and how they moved over three months. Predicts nothing. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { UsageMetric } from '../store/generated/prisma/enums.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { PlanTerms } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutUsage } from './topics.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeList, writeMonth, writeNumber } from './words.ts';

/** From this share of a limit on, the answer opens with it. */
const NEAR_PERCENT = 80;
const MONTHS_SHOWN = 3;
const BULLETS_MAX = 6;

const Input = z.strictObject({ metric: z.enum(UsageMetric).optional().describe('Only this figure; all when left out.') });
type Input = z.infer<typeof Input>;

const NAMES: Readonly<Record<UsageMetric, string>> = {
  projects: 'Projects',
  members: 'Members',
  storage_mb: 'Storage',
  tasks_created: 'Tasks created',
  api_calls: 'API calls',
  automations_run: 'Automations run',
  active_members: 'Active members',
  exports: 'Exports',
};

/** Metrics that add up over a month; the others are levels. */
const TOTALS: ReadonlySet<UsageMetric> = new Set<UsageMetric>(['tasks_created', 'api_calls', 'automations_run', 'exports']);

/** One figure: the month's value, the plan's limit, and the months before, oldest first. */
interface Figure {
  readonly metric: UsageMetric;
  readonly value: number;
  readonly limit: number | null;
  /** Null without a limit. */
  readonly percent: number | null;
  readonly trend: readonly { readonly month: Date; readonly value: number }[];
}

export function findUsage(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_usage',
    description:
      "Looks up the customer's usage of this month (projects, members, storage, tasks, API calls, automations, exports) against the limits of their plan, with the trend over three months. Use it for questions about limits, storage, or how much they use.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutUsage(text) ? inferInput(text) : null),
    async run({ metric }, _grant, { customerId, now }) {
      const [customer, policy] = await Promise.all([database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }), readPolicy(database)]);
      if (!customer) throw notFound('customer');
      const thisMonth = startOfMonth(now);
      const rows = await database.usageRecord.findMany({
        where: { customerId, month: { gte: addMonths(thisMonth, 1 - MONTHS_SHOWN), lte: thisMonth }, ...(metric ? { metric } : {}) },
        orderBy: { month: 'asc' },
      });
      const figures = figuresOf(rows, policy.plans[customer.plan]);
      const month = rows.at(-1)?.month;
      if (!month)
        return {
          summary: metric
            ? `There are no figures on ${NAMES[metric].toLowerCase()} for your account in the last three months.`
            : 'There are no usage figures for your account in the last three months yet.',
          facts: { plan: customer.plan, figures: [] },
        };
      const when = month.getTime() === thisMonth.getTime() ? `so far in ${writeMonth(month)}` : `in ${writeMonth(month)}, the last month with figures`;
      return {
        summary: paragraphs(
          warnings(figures),
          `Your usage on the ${capitalise(customer.plan)} plan ${when}:`,
          writeBullets(figures.slice(0, BULLETS_MAX).map(line)),
        ),
        facts: {
          plan: customer.plan,
          month: month.toISOString().slice(0, 7),
          figures: figures.map(({ trend, ...figure }) => ({
            ...figure,
            trend: trend.map((point) => ({ month: point.month.toISOString().slice(0, 7), value: point.value })),
          })),
        },
      };
    },
  });
}

const METRIC_WORDS: readonly (readonly [UsageMetric, RegExp])[] = [
  ['storage_mb', /\b(?:storage|disk|space|gb|gigabytes?|mb|megabytes?|files?|uploads?|attachments?)\b/],
  ['api_calls', /\bapi\b/],
  ['automations_run', /\bautomations?\b/],
  ['projects', /\bprojects?\b/],
  ['members', /\b(?:members?|users?|people|seats?|colleagues|teammates)\b/],
  ['exports', /\bexports?\b/],
  ['tasks_created', /\btasks?\b/],
];

/** The figure named; all of them when none or several are. */
function inferInput(text: string): Input {
  const said = plain(text);
  const named = METRIC_WORDS.filter(([, pattern]) => pattern.test(said));
  const [only] = named;
  return only && named.length === 1 ? { metric: only[0] } : {};
}

/** Figures with a limit first, the fullest at the top. A metric missing in the latest month is left out. */
function figuresOf(rows: readonly { readonly metric: UsageMetric; readonly quantity: number; readonly month: Date }[], terms: PlanTerms): Figure[] {
  const latest = rows.at(-1)?.month.getTime();
  const current = rows.filter((row) => row.month.getTime() === latest);
  const order = Object.values(UsageMetric);
  return current
    .map(({ metric, quantity }) => {
      const limit = limitOf(metric, terms);
      const percent = limit === null ? null : limit === 0 ? 100 : Math.floor((quantity * 100) / limit);
      return {
        metric,
        value: quantity,
        limit,
        percent,
        trend: rows.filter((row) => row.metric === metric).map((row) => ({ month: row.month, value: row.quantity })),
      };
    })
    .filter((figure) => figure.metric !== 'api_calls' || terms.api || figure.value > 0)
    .toSorted((a, b) => (b.percent ?? -1) - (a.percent ?? -1) || order.indexOf(a.metric) - order.indexOf(b.metric));
}

/** What the plan allows; calls and tasks have no monthly limit. */
function limitOf(metric: UsageMetric, { projectsMax, membersMax, storageMb }: PlanTerms): number | null {
  if (metric === 'projects') return projectsMax;
  if (metric === 'members') return membersMax;
  return metric === 'storage_mb' ? storageMb : null;
}

/** What is used up, then what is nearly; empty when nothing is. */
function warnings(figures: readonly Figure[]): string {
  const name = ({ metric, value, limit }: Figure): string => `${NAMES[metric].toLowerCase()} (${amount(metric, value)} of ${amount(metric, limit ?? 0)})`;
  const full = figures.filter(({ percent }) => percent !== null && percent >= 100).map(name);
  const near = figures.filter(({ percent }) => percent !== null && percent >= NEAR_PERCENT && percent < 100).map(name);
  return sentences(
    full.length > 0 && `You have reached your plan's limit on ${writeList(full)}.`,
    near.length > 0 && `You are close to your plan's limit on ${writeList(near)}.`,
  );
}

function line({ metric, value, limit, percent, trend }: Figure): string {
  const against =
    limit !== null
      ? ` of ${amount(metric, limit)} (${percent ?? 0}%)`
      : metric === 'projects' || metric === 'members' || metric === 'storage_mb'
        ? ' (no limit on your plan)'
        : '';
  return `${NAMES[metric]}: ${amount(metric, value)}${against}${trendWords(metric, trend)}`;
}

function trendWords(metric: UsageMetric, trend: Figure['trend']): string {
  const [from] = trend;
  const to = trend.at(-1);
  if (!from || !to || trend.length < 2) return '';
  // The running month's total is not over yet: "down from" would be said of every month but the last day.
  if (TOTALS.has(metric)) return ` (${writeList(trend.slice(0, -1).map((point) => `${amount(metric, point.value)} in ${writeMonth(point.month)}`))})`;
  if (from.value === to.value) return `, unchanged since ${writeMonth(from.month)}`;
  return `, ${to.value > from.value ? 'up' : 'down'} from ${amount(metric, from.value)} in ${writeMonth(from.month)}`;
}

/** "4.2 GB", "120 MB", "1,204". */
function amount(metric: UsageMetric, value: number): string {
  if (metric !== 'storage_mb') return writeNumber(value);
  return writeStorage(value);
}

/** Megabytes as people read them. */
export function writeStorage(megabytes: number): string {
  return megabytes < 1_024 ? `${writeNumber(megabytes)} MB` : `${writeNumber(megabytes / 1_024)} GB`;
}
