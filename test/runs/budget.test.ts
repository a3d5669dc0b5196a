/** What models may cost: held before a run starts, settled when it ends, and never promised twice. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS } from '../../src/events/event.ts';
import type { LlmUsage } from '../../src/llm/llm.ts';
import { createBudgets, type Budgets } from '../../src/runs/budget.ts';
import type { BudgetLimits } from '../../src/runs/budget-ledger.ts';
import type { Run } from '../../src/store/generated/prisma/client.ts';
import { takeUntil } from '../support/collect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm, createScriptedLlm } from '../support/scripted-llm.ts';

const LIMITS: BudgetLimits = { run: 0.1, conversation: 0.25, day: 0.4 };
/** Never in the way of the others: a spending of these tests is 110 tokens. */
const TOKEN_LIMITS: BudgetLimits = { run: 1_000, conversation: 2_500, day: 4_000 };
const NOON = new Date('2026-03-02T12:00:00.000Z');
const logger = createLogger({ level: 'silent', pretty: false });

function spending(cost: string, inputTokens = 100): LlmUsage {
  return { inputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 10, cost };
}

describe('budgets', () => {
  let test: TestDatabase;
  let budgets: Budgets;
  beforeAll(async () => {
    test = await createTestDatabase();
    budgets = createBudgets({ database: test.database, logger, limits: LIMITS });
  });
  afterAll(() => test.close());

  async function addConversation(): Promise<string> {
    const { database } = test;
    const customerId = newId('cus');
    await database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana' } });
    return (await database.conversation.create({ data: { id: newId('conv'), customerId, createdAt: NOON, lastMessageAt: NOON } })).id;
  }

  /** A run that somebody drives. Of one conversation only one reply runs at a time, so these are of another workflow. */
  function addRun(conversationId: string, at = NOON, workflow = 'agent'): Promise<Run> {
    const data = { id: newId('run'), workflow, status: 'running' as const, attempt: 1, leaseOwner: 'inst_test', input: {} };
    return test.database.run.create({ data: { ...data, conversationId, createdAt: at, startedAt: at } });
  }

  /** As the end of a run does: the row and its budget in one transaction. */
  function end(run: Run, cost: string, last = true) {
    return test.database.sql.transaction(async (tx) => {
      await tx.execute`UPDATE "Run" SET "status" = ${last ? 'stopped' : 'queued'}::"RunStatus", "cost" = ${cost}::numeric WHERE "id" = ${run.id}`;
      return budgets.settle(tx, run, spending(cost), last, NOON);
    });
  }

  async function rowOf(scope: string, key: string) {
    const row = await test.database.budget.findUnique({ where: { scope_key: { scope, key } } });
    return row && { reserved: row.reserved.toNumber(), spent: row.spent.toNumber(), tokens: row.tokens };
  }

  it('holds the whole budget of a run and lets go of what it did not use', async () => {
    const conversationId = await addConversation();
    const run = await addRun(conversationId, new Date('2026-01-05T00:00:00.000Z'));
    await budgets.reserve(run);
    expect(await rowOf('conversation', conversationId)).toEqual({ reserved: 0.1, spent: 0, tokens: 0 });
    expect(await rowOf('day', '2026-01-05')).toEqual({ reserved: 0.1, spent: 0, tokens: 0 });
    await end(run, '0.012345');
    expect(await rowOf('conversation', conversationId)).toEqual({ reserved: 0, spent: 0.012345, tokens: 110 });
    expect(await rowOf('day', '2026-01-05')).toEqual({ reserved: 0, spent: 0.012345, tokens: 110 });
    expect(await rowOf('run', run.id)).toBeNull();
  });

  it('leaves that of a conversation to its answers: what works on it for the desk counts for the day alone', async () => {
    const conversationId = await addConversation();
    const run = await addRun(conversationId, new Date('2026-01-06T00:00:00.000Z'), 'expert_panel');
    await budgets.reserve(run);
    await end(run, '0.012345');
    expect(await rowOf('conversation', conversationId)).toBeNull();
    expect(await rowOf('day', '2026-01-06')).toEqual({ reserved: 0, spent: 0.012345, tokens: 110 });
  });

  it('holds once for a run, however often it is taken up, and counts each cent once', async () => {
    const conversationId = await addConversation();
    const run = await addRun(conversationId);
    await budgets.reserve(run);
    // Its process died: the next attempt finds the money held.
    const second = await test.database.run.update({ where: { id: run.id }, data: { attempt: 2 } });
    await Promise.all(Array.from({ length: 10 }, () => budgets.reserve(second)));
    expect(await rowOf('conversation', conversationId)).toMatchObject({ reserved: 0.1 });
    await end(second, '0.03', false);
    expect(await rowOf('conversation', conversationId)).toMatchObject({ reserved: 0, spent: 0.03 });
    const third = await test.database.run.update({ where: { id: run.id }, data: { attempt: 3, status: 'running', cost: 0.03 } });
    await budgets.reserve(third);
    expect(await rowOf('conversation', conversationId)).toMatchObject({ reserved: 0.07, spent: 0.03 });
    await end(third, '0.05');
    await end(third, '0.05');
    expect(await rowOf('conversation', conversationId)).toMatchObject({ reserved: 0, spent: 0.05 });
  });

  it('refuses a run that would not fit, holds nothing for it, and says whether waiting helps', async () => {
    const conversationId = await addConversation();
    const at = new Date('2026-01-06T00:00:00.000Z');
    const [first, second, third] = [await addRun(conversationId, at), await addRun(conversationId, at), await addRun(conversationId, at)];
    await budgets.reserve(first);
    await budgets.reserve(second);
    await expect(budgets.reserve(third)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', retryable: true });
    await end(first, '0.1');
    await end(second, '0.1');
    await expect(budgets.reserve(third)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', retryable: false });
    expect(await rowOf('conversation', conversationId)).toMatchObject({ reserved: 0, spent: 0.2 });
    expect(await rowOf('run', third.id)).toBeNull();
  });

  it('refuses by the day what every conversation would have allowed, and takes nothing from them', async () => {
    const at = new Date('2026-01-07T00:00:00.000Z');
    for (let used = 0; used < 4; used += 1) {
      const run = await addRun(await addConversation(), at);
      await budgets.reserve(run);
      await end(run, '0.09');
    }
    const conversationId = await addConversation();
    await expect(budgets.reserve(await addRun(conversationId, at))).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', message: expect.stringContaining('day') });
    expect(await rowOf('conversation', conversationId)).toBeNull();
  });

  it('warns of each budget once, at four fifths', async () => {
    const conversationId = await addConversation();
    const notes: unknown[] = [];
    for (const cost of ['0.1', '0.1', '0.001']) {
      const run = await addRun(conversationId, new Date('2026-01-08T00:00:00.000Z'));
      await budgets.reserve(run).catch(() => undefined);
      notes.push(...(await end(run, cost)));
    }
    expect(notes).toEqual([{ scope: 'conversation', unit: 'usd', spent: '0.2', limit: '0.25', tokens: 220 }]);
  });

  it('holds tokens beside money, each for itself: who has money left and no tokens is refused', async () => {
    const both = createBudgets({ database: test.database, logger, limits: LIMITS, tokenLimits: TOKEN_LIMITS });
    const conversationId = await addConversation();
    const at = new Date('2026-01-10T00:00:00.000Z');
    const notes: unknown[] = [];
    const spend = async (inputTokens: number) => {
      const run = await addRun(conversationId, at);
      await both.reserve(run);
      expect(await rowOf('conversation_tokens', conversationId)).toMatchObject({ reserved: 1 });
      const usage = spending('0.001', inputTokens);
      notes.push(...(await test.database.sql.transaction((tx) => both.settle(tx, run, usage, true, NOON))));
    };
    await spend(990);
    await spend(490);
    // 1,500 of 2,500 are spent: one more run fits, and it reaches four fifths.
    await spend(740);
    expect(notes).toEqual([{ scope: 'conversation', unit: 'tokens', spent: '2250', limit: '2500', tokens: 2_250 }]);
    await expect(both.reserve(await addRun(conversationId, at))).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', retryable: false });
    expect(await rowOf('conversation', conversationId)).toEqual({ reserved: 0, spent: 0.003, tokens: 2_250 });
    expect(await rowOf('conversation_tokens', conversationId)).toEqual({ reserved: 0, spent: 2.25, tokens: 2_250 });
  });

  it('settles what ended without it', async () => {
    const conversationId = await addConversation();
    const run = await addRun(conversationId, new Date('2026-01-09T00:00:00.000Z'));
    await budgets.reserve(run);
    await test.database.run.update({ where: { id: run.id }, data: { status: 'failed', cost: 0.02, inputTokens: 5 } });
    expect(await budgets.reconcile(NOON, AbortSignal.timeout(10_000))).toBe(1);
    expect(await rowOf('conversation', conversationId)).toEqual({ reserved: 0, spent: 0.02, tokens: 5 });
    expect(await budgets.reconcile(NOON, AbortSignal.timeout(10_000))).toBe(0);
  });

  it('never promises more than there is, whatever runs side by side', async () => {
    const both = createBudgets({ database: test.database, logger, limits: LIMITS, tokenLimits: TOKEN_LIMITS });
    let days = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            conversation: fc.nat(2),
            micros: fc.integer({ min: 0, max: 100_000 }),
            tokens: fc.integer({ min: 0, max: 1_000 }),
            cutOff: fc.boolean(),
          }),
          { minLength: 6, maxLength: 14 },
        ),
        async (plans) => {
          const at = new Date(Date.UTC(2030, 0, 1 + (days += 1)));
          const day = at.toISOString().slice(0, 10);
          const conversations = [await addConversation(), await addConversation(), await addConversation()];
          const within = async () => {
            const keys = [
              ...conversations.flatMap((key) => [['conversation', key, 0.25] as const, ['conversation_tokens', key, 2.5] as const]),
              ['day', day, 0.4] as const,
              ['day_tokens', day, 4] as const,
            ];
            for (const [scope, key, limit] of keys) {
              const row = await rowOf(scope, key);
              if (row) expect(row.spent + row.reserved).toBeLessThanOrEqual(limit + 1e-9);
            }
          };
          let spent = 0;
          let used = 0;
          await Promise.all(
            plans.map(async ({ conversation, micros, tokens, cutOff }) => {
              const run = await addRun(conversations[conversation] ?? '', at);
              const cost = (micros / 1_000_000).toFixed(6);
              const held = await both.reserve(run).then(
                () => true,
                () => false,
              );
              await within();
              if (!held) return;
              if (cutOff) await both.reserve(await test.database.run.update({ where: { id: run.id }, data: { attempt: 2 } }));
              await test.database.sql.transaction((tx) => both.settle(tx, run, { ...spending(cost, tokens), outputTokens: 0 }, true, NOON));
              spent += micros;
              used += tokens;
            }),
          );
          await within();
          expect(await rowOf('day', day)).toMatchObject({ reserved: 0, spent: spent / 1_000_000 });
          expect(await rowOf('day_tokens', day)).toMatchObject({ reserved: 0, spent: used / 1_000, tokens: used });
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('a run with a budget', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  function isTerminal(entry: Entry): boolean {
    return entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
  }

  it('is cut off when it has used it, keeps what it said, and warns the staff before', async () => {
    const llm = createScriptedLlm();
    house = await openHouse({ llm, budgets: { run: 0.01, conversation: 0.02, day: null } });
    const { viewer } = await house.addCustomer();
    const { run, conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const reader = await house.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(10_000));
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'So far ' });
    call.send({ type: 'usage', model: 'scripted', usage: spending('0.009') });
    call.send({ type: 'text', text: 'so good ' });
    call.send({ type: 'usage', model: 'scripted', usage: spending('0.0105') });
    call.send({ type: 'text', text: 'and no further.' });
    const entries = await takeUntil(reader, isTerminal);
    const events = entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
    expect(events.filter((event) => event.type === 'BudgetWarning')).toMatchObject([{ scope: 'run', spent: '0.009', limit: '0.01', visibility: 'STAFF' }]);
    expect(events.at(-1)).toMatchObject({ type: 'RunFailed', code: 'BUDGET_EXCEEDED', retryable: false, partialKept: true });
    expect(call.signal.aborted).toBe(true);
    expect(await house.database.message.findFirst({ where: { runId: run.id, role: 'agent' } })).toMatchObject({ text: 'So far so good ', status: 'partial' });
    const row = await house.database.budget.findUniqueOrThrow({ where: { scope_key: { scope: 'conversation', key: conversation.id } } });
    expect([row.reserved.toNumber(), row.spent.toNumber()]).toEqual([0, 0.0105]);
  });

  it('is cut off by tokens as by money', async () => {
    const llm = createScriptedLlm();
    house = await openHouse({ llm, tokenBudgets: { run: 1_000, conversation: null, day: 5_000 } });
    const { viewer } = await house.addCustomer();
    const { run, conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const reader = await house.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(10_000));
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'So far ' });
    call.send({ type: 'usage', model: 'scripted', usage: spending('0', 800) });
    call.send({ type: 'text', text: 'so good ' });
    call.send({ type: 'usage', model: 'scripted', usage: spending('0', 1_200) });
    call.send({ type: 'text', text: 'and no further.' });
    const events = (await takeUntil(reader, isTerminal)).flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []));
    expect(events.filter((event) => event.type === 'BudgetWarning')).toMatchObject([{ scope: 'run', unit: 'tokens', spent: '810', limit: '1000' }]);
    expect(events.at(-1)).toMatchObject({ type: 'RunFailed', code: 'BUDGET_EXCEEDED', partialKept: true });
    const row = await house.database.budget.findFirstOrThrow({ where: { scope: 'day_tokens' } });
    expect([row.reserved.toNumber(), row.spent.toNumber()]).toEqual([0, 1.21]);
    expect(await house.database.budget.count({ where: { key: run.id } })).toBe(0);
  });

  it('may finish the answer that used it up, and the next one does not start', async () => {
    house = await openHouse({ llm: createFixedLlm(['Done.']), budgets: { run: 0.0001, conversation: 0.0001, day: null } });
    const { viewer } = await house.addCustomer();
    const { run, conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    await house.ended(run.id);
    expect(await house.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'succeeded' });
    const second = await house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'And now?' });
    await house.ended(second.run?.id ?? '');
    expect(await house.database.run.findUnique({ where: { id: second.run?.id ?? '' } })).toMatchObject({
      status: 'failed',
      errorCode: 'BUDGET_EXCEEDED',
      partialKept: false,
    });
    expect(await house.database.message.count({ where: { conversationId: conversation.id, role: 'agent' } })).toBe(1);
  });

  it('gives back what it held when it is stopped', async () => {
    const llm = createScriptedLlm();
    house = await openHouse({ llm, budgets: { run: 0.01, conversation: 0.02, day: 1 } });
    const { viewer } = await house.addCustomer();
    const { run } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'One' });
    await house.runs.stop(viewer, run.id);
    const rows = await house.database.budget.findMany({ orderBy: { scope: 'asc' } });
    expect(rows.map((row) => [row.scope, row.reserved.toNumber()])).toEqual([
      ['conversation', 0],
      ['day', 0],
    ]);
  });
});
