/** The walk itself: an agent named by its id answers from real rows, with either model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAgentWalk, type AgentWalk } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
});
afterAll(() => walk.close());

describe('an agent on the demo rows', () => {
  it('answers from its tools with the offline model', async () => {
    const { text, tools, run } = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'Please refund my last payment' });
    expect(run).toMatchObject({ status: 'succeeded', agentId: 'refund_processor' });
    expect(tools.map(({ tool }) => tool)).toContain('quote_refund');
    expect(text).toMatch(/\$\d/);
  });

  it('calls what the scripted model calls, in the same conversation', async () => {
    const first = await walk.say({ agentId: 'billing_agent', customerId: walk.demo, text: 'Hello' });
    const { text, tools, conversationId } = await walk.say({
      agentId: 'billing_agent',
      customerId: walk.demo,
      conversationId: first.conversationId,
      text: 'What do I owe?',
      script: [{ toolCalls: [{ name: 'list_invoices', input: {} }] }, { text: 'One invoice is open.' }],
    });
    expect(conversationId).toBe(first.conversationId);
    expect(tools).toMatchObject([{ tool: 'list_invoices', failed: false }]);
    expect(text).toBe('One invoice is open.');
  });
});
