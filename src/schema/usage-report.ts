/** What runs used of models over time, for those who pay for it. */
import { requireViewer } from '../desk/access.ts';
import { badInput } from '../foundation/errors.ts';
import { readUsage, USAGE_ROWS_MAX, type UsageGrouping as UsageGroupingValue, type UsageRow as UsageRowValue } from '../store/usage-report.ts';
import { builder } from './builder.ts';
import { PART, usage, usageBy } from './rule.ts';
import { costOf, Money, upperCased } from './scalars.ts';

/** Days one question may reach over: a quarter. */
const DAYS_MAX = 92;
const DAY_MS = 86_400_000;

const UsageGrouping = builder.enumType('UsageGrouping', {
  description: 'What usage is added up by.',
  values: upperCased<UsageGroupingValue>({
    agent: 'The agent that was the voice of the turn.',
    model: 'The model that answered last.',
    customer: 'The customer it was for.',
    partner: 'The partner whose customer it was for.',
    day: 'The day (UTC) on which the run was queued.',
  }),
});

const UsageRow = builder.objectRef<UsageRowValue>('UsageRow').implement({
  ...PART,
  description: 'What some runs used of models together. Token counts are floating-point numbers, since sums outgrow 32 bits.',
  fields: (t) => ({
    key: t.exposeString('key', {
      nullable: true,
      description:
        'The id of the agent, customer or partner, the name of the model, or the day as "2026-03-01". `null` for runs without one (no agent was chosen, the offline model was not asked, a customer of the business itself), and for the sum of everything.',
    }),
    runs: t.exposeInt('runs', { description: 'Runs queued in the time, however they ended.' }),
    conversations: t.exposeInt('conversations', { description: 'Conversations these runs belong to; runs of single agents belong to none.' }),
    inputTokens: t.exposeFloat('inputTokens', { description: 'Tokens read that were neither taken from the prompt cache nor put into it.' }),
    cacheReadTokens: t.exposeFloat('cacheReadTokens', { description: 'Tokens taken from the prompt cache.' }),
    cacheWriteTokens: t.exposeFloat('cacheWriteTokens', { description: 'Tokens put into the prompt cache.' }),
    outputTokens: t.exposeFloat('outputTokens', { description: 'Tokens written.' }),
    cost: t.field({
      type: Money,
      description: 'The price of all of them, with up to six places. 0 for the offline model.',
      resolve: (row) => costOf(row.cost),
    }),
    costPerThousandConversations: t.field({
      type: Money,
      nullable: true,
      description: 'What a thousand conversations cost at this rate; `null` when there was none.',
      resolve: (row) => (row.costPerThousandConversations === null ? null : costOf(row.costPerThousandConversations)),
    }),
  }),
});

builder.queryFields((t) => ({
  usage: t.field({
    authScopes: (_root, { by }) => (by == null || by === 'day' ? usage : usageBy),
    type: [UsageRow],
    nullable: true,
    description: `What runs used of models: days in their order, everything else the dearest first, at most ${USAGE_ROWS_MAX} rows. Staff see all (the scope read:analytics; other than by day read:analytics:detailed), partners what is theirs; customers are refused with FORBIDDEN.`,
    args: {
      from: t.arg({ type: 'DateTime', required: true, description: 'Runs queued from this moment on.' }),
      to: t.arg({ type: 'DateTime', required: true, description: `Runs queued before this moment; at most ${DAYS_MAX} days after \`from\`.` }),
      by: t.arg({ type: UsageGrouping, description: 'What to add up by; one row of everything when left out.' }),
    },
    resolve: (_root, { from, to, by }, { viewer, database }) => {
      const known = requireViewer(viewer);
      if (to <= from) throw badInput('to', 'must come after `from`.');
      if (to.getTime() - from.getTime() > DAYS_MAX * DAY_MS) throw badInput('to', `must be at most ${DAYS_MAX} days after \`from\`.`);
      return readUsage(database, { from, to, by: by ?? null, partnerId: known.kind === 'partner' ? known.partnerId : null });
    },
  }),
}));
