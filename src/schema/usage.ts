/** Two kinds of use: what a customer used of the product, month by month, and what a run used of language models. */
import type { Usage as TokenUsage } from '../events/event.ts';
import type { UsageMetric as UsageMetricValue } from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { wholeNumber } from './input.ts';
import { PART, own } from './rule.ts';
import { costOf, Money, upperCased } from './scalars.ts';

const UsageMetric = builder.enumType('UsageMetric', {
  description: 'What is counted each month.',
  values: upperCased<UsageMetricValue>({
    projects: 'Projects at the end of the month.',
    members: 'Members at the end of the month.',
    storage_mb: 'Megabytes stored at the end of the month.',
    tasks_created: 'Tasks created in the month.',
    api_calls: 'API requests in the month.',
    automations_run: 'Automations that ran in the month.',
    active_members: 'Members who did something in the month.',
    exports: 'Exports in the month.',
  }),
});

builder.prismaObject('UsageRecord', {
  authScopes: own('read:customers'),
  description: 'One metric of one customer for one calendar month (UTC).',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    metric: t.field({ type: UsageMetric, description: 'What was counted.', resolve: (row) => row.metric }),
    quantity: t.exposeInt('quantity', { description: 'The total of the month, or its last value for what is a level.' }),
    month: t.expose('month', { type: 'DateTime', description: 'The first moment of the month.' }),
  }),
});

builder.prismaObjectField('Customer', 'usage', (t) =>
  t.prismaField({
    type: ['UsageRecord'],
    description: 'What it used of the product, newest month first.',
    args: {
      metric: t.arg({ type: UsageMetric, description: 'Only this metric; all of them when left out.' }),
      months: t.arg.int({ defaultValue: 12, description: 'How many months with records back, 1 to 24.' }),
    },
    resolve: async (query, customer, args, { database }) => {
      const months = wholeNumber('months', args.months ?? 12, 1, 24);
      const chosen = { customerId: customer.id, ...(args.metric ? { metric: args.metric } : {}) };
      const newest = await database.usageRecord.findFirst({ where: chosen, orderBy: { month: 'desc' }, select: { month: true } });
      if (!newest) return [];
      const since = new Date(Date.UTC(newest.month.getUTCFullYear(), newest.month.getUTCMonth() - months + 1, 1));
      return database.usageRecord.findMany({ ...query, where: { ...chosen, month: { gte: since } }, orderBy: [{ month: 'desc' }, { metric: 'asc' }] });
    },
  }),
);

export const Usage = builder.objectRef<TokenUsage>('Usage').implement({
  ...PART,
  description: 'What language models read and wrote, and its price.',
  fields: (t) => ({
    inputTokens: t.exposeInt('inputTokens', { description: 'Tokens read that were neither taken from the prompt cache nor put into it.' }),
    cacheReadTokens: t.exposeInt('cacheReadTokens', { description: 'Tokens taken from the prompt cache.' }),
    cacheWriteTokens: t.exposeInt('cacheWriteTokens', { description: 'Tokens put into the prompt cache.' }),
    outputTokens: t.exposeInt('outputTokens', { description: 'Tokens written.' }),
    cost: t.field({
      type: Money,
      description: 'The price of all of them, with up to six places. 0 for the offline model.',
      resolve: (usage) => costOf(usage.cost),
    }),
  }),
});

export const StepUsage = builder.objectRef<Pick<TokenUsage, 'inputTokens' | 'outputTokens' | 'cost'>>('StepUsage').implement({
  ...PART,
  description: 'What language models read and wrote in one step, and its price.',
  fields: (t) => ({
    inputTokens: t.exposeInt('inputTokens', { description: 'Tokens read, cached or not.' }),
    outputTokens: t.exposeInt('outputTokens', { description: 'Tokens written.' }),
    cost: t.field({ type: Money, description: 'The price, with up to six places.', resolve: (usage) => costOf(usage.cost) }),
  }),
});
