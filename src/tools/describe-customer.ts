/** `describe_customer`: the customer as every agent has them in front of it, word for word. An assessment for the desk, not for customers. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import { describeCustomer as describe } from '../orchestration/context.ts';
import { healthFlags } from '../orchestration/health-flags.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { readCustomerFacts } from '../store/customer-facts.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';

export function describeCustomer(database: Database): AnyTool {
  return defineTool({
    name: 'describe_customer',
    description: 'Shows what agents have in front of them about this customer: account, subscription, open invoices, flags and recent conversations.',
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: () => ({}),
    async run(_input, _grant, { customerId, conversationId, now }) {
      const facts = await readCustomerFacts(database, customerId, conversationId, now);
      if (!facts) throw notFound('customer');
      return { summary: describe(facts, now), facts: { flags: healthFlags(facts, now), healthScore: facts.healthScore, churnRisk: facts.churnRisk } };
    },
  });
}
