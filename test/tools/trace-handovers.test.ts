/** `trace_handovers` for who works on a conversation from outside: that one's answers, and not what others found out about it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { traceHandovers } from '../../src/tools/trace-handovers.ts';
import { createTestDatabase } from '../support/database.ts';

const NOW = new Date('2026-01-05T12:00:00Z');

let test: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.close());

it('tells who answered in the conversation that is worked on, though a later one has been answered since', async () => {
  const { database } = test;
  const customerId = newId('cus');
  await database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana' } });
  const conversation = async (at: Date, ...runs: readonly (readonly [workflow: string, agentId: string])[]): Promise<string> => {
    const { id } = await database.conversation.create({ data: { id: newId('conv'), customerId, createdAt: at, lastMessageAt: at } });
    for (const [workflow, agentId] of runs) {
      const step = { id: newId('step'), path: 'agent', role: 'agent', status: 'succeeded', attempt: 1, agentId, startedAt: at } as const;
      await database.run.create({
        data: { id: newId('run'), workflow, status: 'succeeded', conversationId: id, customerId, input: {}, createdAt: at, steps: { create: step } },
      });
    }
    return id;
  };
  const beside = await conversation(NOW, ['reply', 'refund_processor'], ['debate', 'security_advisor']);
  await conversation(new Date(NOW.getTime() + 60_000), ['reply', 'pricing_explainer']);
  const tool = traceHandovers({ database, catalog: { get: () => null } });
  const context = { customerId, conversationId: null, runId: newId('run'), agentId: 'handoff_manager', callId: 'call_1', said: '', earlier: [], now: NOW };
  const signal = AbortSignal.timeout(10_000);
  expect(await tool.call({}, {}, { ...context, beside }, signal)).toMatchObject({ facts: { chain: [{ agentId: 'refund_processor' }] } });
  expect(await tool.call({}, {}, context, signal)).toMatchObject({ facts: { chain: [{ agentId: 'pricing_explainer' }] } });
});
