/** What is kept long enough goes, kind by kind, and nothing else does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { applyRetention, startRetention, type RetentionDays } from '../../src/desk/retention.ts';
import { ADVISORY_LOCKS } from '../../src/store/advisory-lock.ts';
import type { Database } from '../../src/store/database.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-06-01T00:00:00.000Z');
const DAYS: RetentionDays = { conversationDays: 100, auditDays: 50, outboxDays: 30, searchDays: 20, idempotencyDays: 1, resultHours: 24 };
const NOTHING = { conversations: 0, runs: 0, results: 0, auditEntries: 0, outboxPayloads: 0, searchQueries: 0, idempotencyRecords: 0, budgets: 0, settled: 0 };

const before = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);

describe('retention', () => {
  let test: TestDatabase;
  let database: Database;
  let customerId: string;
  beforeAll(async () => {
    test = await createTestDatabase();
    ({ database } = test);
    customerId = newId('cus');
    await database.customer.create({ data: { id: customerId, email: 'a@b.test', name: 'Dana' } });
  });
  afterAll(() => test.close());

  const pass = (signal = AbortSignal.timeout(20_000)) => applyRetention({ database, clock: createManualClock(NOW), days: DAYS }, signal);

  /** A conversation whose last message is this old, with everything that can hang on one. */
  async function addConversation(days: number, options: { readonly running?: boolean; readonly open?: boolean } = {}): Promise<string> {
    const at = before(days);
    const id = newId('conv');
    const runId = newId('run');
    await database.conversation.create({ data: { id, customerId, createdAt: at, lastMessageAt: at } });
    await database.run.create({
      data: { id: runId, workflow: 'reply', status: options.running ? 'queued' : 'succeeded', conversationId: id, customerId, input: {}, createdAt: at },
    });
    await database.message.create({ data: { id: newId('msg'), conversationId: id, role: 'customer', runId, text: 'Hello', createdAt: at } });
    await database.runStep.create({ data: { id: newId('step'), runId, path: 'agent', role: 'agent', attempt: 1, startedAt: at } });
    await database.handOver.create({ data: { id: newId('hop'), runId, fromAgentId: 'a', toAgentId: 'b', reason: 'r', hop: 1, snapshot: {}, createdAt: at } });
    await database.routeCorrection.create({ data: { id: newId('corr'), runId, text: 't', correctAgentId: 'a', userId: 'u', createdAt: at } });
    await database.escalation.create({
      data: {
        id: newId('esc'),
        conversationId: id,
        customerId,
        status: options.open ? 'waiting' : 'resolved',
        priority: 'low',
        team: 't',
        reason: 'r',
        snapshot: {},
        raisedByKind: 'agent',
        raisedById: 'a',
        firstReplyDueAt: at,
        createdAt: at,
      },
    });
    await database.budget.create({ data: { scope: 'conversation', key: id, spent: '0.1' } });
    return id;
  }

  it('removes old conversations with all that hangs on them, and no other', async () => {
    const articleId = newId('art');
    await database.knowledgeArticle.create({ data: { id: articleId, slug: 's', title: 't', category: 'c', body: 'b', reviewedAt: NOW } });
    const old = await addConversation(101);
    const kept = [await addConversation(99), await addConversation(200, { running: true }), await addConversation(200, { open: true })];
    await database.articleUse.create({ data: { id: newId('use'), articleId, conversationId: old, runId: 'run_x', kind: 'helpful', createdAt: NOW } });
    expect(await pass()).toEqual({ ...NOTHING, conversations: 1 });
    expect((await database.conversation.findMany()).map(({ id }) => id).toSorted()).toEqual(kept.toSorted());
    const counts = [database.message, database.run, database.runStep, database.handOver, database.routeCorrection, database.escalation, database.budget].map(
      (table) => (table.count as () => Promise<number>)(),
    );
    expect(await Promise.all(counts)).toEqual([3, 3, 3, 3, 3, 3, 3]);
    expect(await database.articleUse.findMany()).toMatchObject([{ articleId, conversationId: null, runId: null }]);
  });

  it('removes more than one batch in a pass', async () => {
    const data = Array.from({ length: 250 }, () => ({ id: newId('conv'), customerId, createdAt: before(150), lastMessageAt: before(150) }));
    await database.conversation.createMany({ data });
    expect(await pass()).toEqual({ ...NOTHING, conversations: 250 });
  });

  it('removes runs that belong to no conversation, once they have ended', async () => {
    const run = { workflow: 'agent', customerId, input: {}, createdAt: before(101) };
    await database.run.createMany({
      data: [
        { id: newId('run'), status: 'failed', ...run },
        { id: newId('run'), status: 'queued', ...run },
      ],
    });
    expect(await pass()).toEqual({ ...NOTHING, runs: 1 });
  });

  it('takes the results of runs that ended a day ago, beside a conversation as well, and keeps that they ran and what replies were made from', async () => {
    const run = { workflow: 'agent', customerId, input: {}, createdAt: before(2), result: { text: 'Found' } };
    const [old, beside, fresh, open, reply] = [newId('run'), newId('run'), newId('run'), newId('run'), newId('run')];
    const conversationId = newId('conv');
    await database.conversation.create({ data: { id: conversationId, customerId, createdAt: before(3), lastMessageAt: before(3) } });
    await database.run.createMany({
      data: [
        { id: old, status: 'succeeded', finishedAt: before(1.01), outcome: 'answered', ...run },
        { id: beside, status: 'succeeded', finishedAt: before(1.01), ...run, workflow: 'debate', conversationId },
        { id: fresh, status: 'succeeded', finishedAt: before(0.99), ...run },
        { id: open, status: 'running', ...run },
        { id: reply, status: 'succeeded', finishedAt: before(3), ...run, workflow: 'reply', conversationId },
      ],
    });
    expect(await pass()).toEqual({ ...NOTHING, results: 2 });
    expect(await database.run.findUnique({ where: { id: old } })).toMatchObject({
      status: 'succeeded',
      outcome: 'answered',
      result: null,
      resultExpiredAt: NOW,
    });
    expect(await database.run.findUnique({ where: { id: beside } })).toMatchObject({ result: null, resultExpiredAt: NOW });
    for (const id of [fresh, open, reply])
      expect(await database.run.findUnique({ where: { id } })).toMatchObject({ result: { text: 'Found' }, resultExpiredAt: null });
    expect(await pass()).toEqual(NOTHING);
  });

  it('removes audit entries, questions, remembered answers and budgets of their age', async () => {
    for (const days of [51, 49])
      await database.auditEntry.create({
        data: { id: newId('aud'), at: before(days), actorKind: 'system', actorId: 's', action: 'a', subjectKind: 'k', subjectId: 'i', changes: {} },
      });
    for (const days of [21, 19])
      await database.searchQuery.create({ data: { id: newId('srch'), text: 'q', hits: 0, topSimilarity: 0, createdAt: before(days) } });
    for (const days of [1.1, 0.9])
      await database.idempotencyRecord.create({ data: { scope: 's', key: `k${days}`, verb: 'v', bodyHash: 'h', subjectId: 'i', createdAt: before(days) } });
    await database.budget.create({ data: { scope: 'day', key: '2025-01-01', updatedAt: before(200) } });
    await database.budget.create({ data: { scope: 'run', key: 'run_gone', reserved: '1' } });
    expect(await pass()).toEqual({ ...NOTHING, auditEntries: 1, searchQueries: 1, idempotencyRecords: 1, budgets: 2 });
    expect(await database.auditEntry.findMany()).toMatchObject([{ at: before(49) }]);
  });

  it('empties what left the house and keeps that it did, and leaves what waits', async () => {
    const mail = { kind: 'email' as const, customerId, subject: 'copy', recipient: 'a@b.test', payload: { a: 1 }, nextAttemptAt: NOW };
    await database.outboxMessage.createMany({
      data: [
        { id: 'out_old', status: 'delivered', createdAt: before(31), ...mail },
        { id: 'out_new', status: 'delivered', createdAt: before(29), ...mail },
        { id: 'out_waits', status: 'pending', createdAt: before(31), ...mail },
      ],
    });
    expect(await pass()).toEqual({ ...NOTHING, outboxPayloads: 1 });
    expect(await pass()).toEqual(NOTHING);
    expect(await database.outboxMessage.findUnique({ where: { id: 'out_old' } })).toMatchObject({ subject: 'copy', recipient: null, payload: {} });
    expect(await database.outboxMessage.count({ where: { recipient: 'a@b.test' } })).toBe(2);
  });

  it('leaves the pass to the process that is at it, and ends when it is told to', async () => {
    await database.sql.transaction(async (tx) => {
      await tx.query`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.retention})`;
      expect(await pass()).toBeNull();
    });
    await expect(pass(AbortSignal.abort(new Error('leaving')))).rejects.toThrow('leaving');
  });

  it('says in one line what it removed, and closes', async () => {
    const lines: Record<string, unknown>[] = [];
    const said = Promise.withResolvers<void>();
    const destination = {
      write(line: string) {
        lines.push(JSON.parse(line) as Record<string, unknown>);
        said.resolve();
      },
    };
    await database.searchQuery.create({ data: { id: newId('srch'), text: 'a secret question', hits: 0, topSimilarity: 0, createdAt: new Date(0) } });
    const log = createLogger({ level: 'info', pretty: false, destination });
    const rounds = startRetention({
      database,
      clock: systemClock,
      days: { ...DAYS, conversationDays: 36_500, auditDays: 36_500 },
      log,
      firstMs: 0,
      also: async () => 3,
    });
    await said.promise;
    await rounds.close();
    expect(lines).toMatchObject([{ msg: 'what was kept long enough was removed', settled: 3, searchQueries: expect.any(Number) }]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});
