/** `find_api_usage`: calls of the API per day, how many were turned away, the busiest minute, and the plan's limit. Raises no limit. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { ApiUsageDay, Plan } from '../store/generated/prisma/client.ts';
import { startOfDay } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { isAboutRateLimits, textAbout } from './topics-technical.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount, writeDate, writeNumber } from './words.ts';

const DAYS_MAX = 31;
const DAYS_SHOWN = 7;
const DAY_MS = 86_400_000;
/** From this share of the limit in the busiest minute on, there is no room left for a burst. */
const NEAR_PERCENT = 80;

const Input = z.strictObject({ days: z.number().int().min(1).max(DAYS_MAX).optional().describe('How many days back; 14 when left out.') });
type Input = z.infer<typeof Input>;

export function findApiUsage(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_api_usage',
    description:
      "Looks up how much of the API the customer's workspace uses: calls per day, calls answered with 429, the busiest minute, and the limit of the plan. Use it for rate limits, 429 errors, quotas and questions about how many calls are allowed.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: (turn) => (textAbout(turn, isAboutRateLimits) === null ? null : {}),
    async run({ days = 14 }, _grant, { customerId, now }) {
      const [customer, policy] = await Promise.all([database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }), readPolicy(database)]);
      if (!customer) throw notFound('customer');
      const rows = await database.apiUsageDay.findMany({
        where: { customerId, day: { gte: new Date(startOfDay(now).getTime() - (days - 1) * DAY_MS) } },
        orderBy: { day: 'desc' },
      });
      const { api, apiRequestsPerMinute: limit } = policy.plans[customer.plan];
      return {
        summary: api ? summaryOf(rows, customer.plan, limit, days) : withoutApi(customer.plan, policy),
        facts: { plan: customer.plan, api, requestsPerMinute: limit, days: rows.map(factsOf) },
      };
    },
  });
}

function withoutApi(plan: Plan, { plans }: Policy): string {
  const others = (['basic', 'premium', 'enterprise'] as const).filter((one) => plans[one].api);
  return `The ${capitalise(plan)} plan has no API access, so requests answer 403 plan_required. The API belongs to ${others
    .map((one) => `${capitalise(one)}${plans[one].apiRequestsPerMinute === null ? '' : ` (${writeNumber(plans[one].apiRequestsPerMinute)} requests a minute)`}`)
    .join(' and ')}.`;
}

function summaryOf(rows: readonly ApiUsageDay[], plan: Plan, limit: number | null, days: number): string {
  const allowed =
    limit === null
      ? `The ${capitalise(plan)} plan has no limit of requests.`
      : `The ${capitalise(plan)} plan allows ${writeNumber(limit)} requests a minute, for all keys of the workspace together; there is no limit per day.`;
  if (rows.length === 0) return `${allowed} There were no calls in the last ${writeCount(days, 'day')}.`;
  const calls = sum(rows, 'calls');
  const limited = sum(rows, 'limited');
  const busiest = rows.reduce((most, row) => (row.peakPerMinute > most.peakPerMinute ? row : most));
  return paragraphs(
    sentences(
      allowed,
      `In the last ${writeCount(days, 'day')} your workspace made ${writeCount(calls, 'call')}; ${limited === 0 ? 'none was turned away' : `${writeNumber(limited)} of them were answered with 429`}.`,
      `The busiest minute had ${writeCount(busiest.peakPerMinute, 'call')}, on ${writeDate(busiest.day)}.`,
    ),
    writeBullets(rows.slice(0, DAYS_SHOWN).map(line)),
    advice(limited, busiest.peakPerMinute, limit),
  );
}

function line({ day, calls, limited, peakPerMinute }: ApiUsageDay): string {
  return `${writeDate(day)}: ${writeCount(calls, 'call')}, ${limited === 0 ? 'no 429' : `${writeNumber(limited)} × 429`}, at most ${writeNumber(peakPerMinute)} a minute`;
}

function advice(limited: number, peak: number, limit: number | null): string {
  if (limit === null) return '';
  if (limited > 0)
    return 'The calls come in bursts: spread them over the minute, read pages of 100, write in batches, use webhooks instead of polling, and after a 429 wait as long as Retry-After says.';
  return peak * 100 >= limit * NEAR_PERCENT ? 'You are close to the limit in busy minutes: spread the calls before it is reached.' : 'There is room left.';
}

function sum(rows: readonly ApiUsageDay[], field: 'calls' | 'limited'): number {
  return rows.reduce((total, row) => total + row[field], 0);
}

function factsOf({ day, calls, limited, peakPerMinute }: ApiUsageDay): unknown {
  return { day: day.toISOString().slice(0, 10), calls, limited, peakPerMinute };
}
