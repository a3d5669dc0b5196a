/** What happens to a run when two things happen to it at once, or when something goes away in the middle. */
import { afterEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS } from '../../src/events/event.ts';
import type { Llm, LlmUsage } from '../../src/llm/llm.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createBudgets, NO_LIMITS } from '../../src/runs/budget.ts';
import { findRunnable } from '../../src/runs/lease.ts';
import { createRecorder } from '../../src/runs/recorder.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import type { Database } from '../../src/store/database.ts';
import { claimRun } from '../support/claim.ts';
import { applyText, take, takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, type House, type HouseOptions } from '../support/house.ts';
import { createFixedLlm, createScriptedLlm } from '../support/scripted-llm.ts';

const SPENT: LlmUsage = { inputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 7, cost: '0.001000' };

/** Says one word, waits for its abort, and then says what it spent, as a model that is cut off does. */
function createCutOffLlm(): Llm & { readonly speaking: Promise<void> } {
  const speaking = Promise.withResolvers<void>();
  return {
    name: 'cut-off',
    speaking: speaking.promise,
    probe: async () => undefined,
    async *stream(_request, signal) {
      yield { type: 'text', text: 'Half ' };
      speaking.resolve();
      const aborted = Promise.withResolvers<void>();
      if (signal.aborted) aborted.resolve();
      else signal.addEventListener('abort', () => aborted.resolve(), { once: true });
      await aborted.promise;
      yield { type: 'usage', usage: SPENT, model: 'cut-off' };
      throw signal.reason;
    },
  };
}

function isTerminal(entry: Entry): boolean {
  return entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
}

function isDelta(entry: Entry): boolean {
  return entry.kind === 'event' && entry.event.type === 'TextDelta';
}

function budgetsOf({ database }: House) {
  return createBudgets({ database, logger: createLogger({ level: 'silent', pretty: false }), limits: NO_LIMITS });
}

describe('a run that', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  async function open(options: HouseOptions): Promise<House> {
    house = await openHouse(options);
    return house;
  }

  async function ask(opened: House, text = 'A question') {
    const { viewer } = await opened.addCustomer();
    return { viewer, ...(await opened.desk.conversations.start(viewer, { text })) };
  }

  /** A run that had said "Half" when its process left. */
  async function givenBack() {
    const opened = await open({ llm: createCutOffLlm() });
    const asked = await ask(opened);
    const reader = await opened.runs.followConversation(asked.viewer, asked.conversation.id, undefined, AbortSignal.timeout(20_000));
    await takeUntil(reader, (entry) => isDelta(entry) || (entry.kind === 'event' && entry.event.type === 'TextSnapshot'));
    await opened.driver.close(10);
    return { opened, reader, ...asked };
  }

  /** Resolves when a statement of this database waits for a lock. */
  async function someoneWaits(database: Database): Promise<void> {
    const limit = AbortSignal.timeout(10_000);
    for (;;) {
      limit.throwIfAborted();
      const waiting = await database.$queryRaw<unknown[]>`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      if (waiting.length > 0) return;
      await systemClock.sleep(10, limit);
    }
  }

  it('is stopped counts what its model says it spent when it is cut off', async () => {
    const llm = createCutOffLlm();
    const opened = await open({ llm });
    const { viewer, conversation, run } = await ask(opened);
    await llm.speaking;
    const reader = await opened.runs.followConversation(viewer, conversation.id, undefined, AbortSignal.timeout(10_000));
    const stopped = await opened.runs.stop(viewer, run.id);
    expect(stopped.run).toMatchObject({ status: 'stopped', inputTokens: 100, outputTokens: 7, model: 'cut-off' });
    const entries = await takeUntil(reader, isTerminal);
    expect(entries.at(-1)).toMatchObject({ event: { type: 'RunStopped', usage: { inputTokens: 100, outputTokens: 7, cost: '0.001' } } });
    expect(await opened.database.runStep.findFirst({ where: { runId: run.id, path: 'agent' } })).toMatchObject({ status: 'stopped', inputTokens: 100 });
  });

  it('goes back to the queue keeps its text until it is taken up again, and counts every attempt', async () => {
    const { opened, reader, run } = await givenBack();
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'queued', inputTokens: 100 });
    expect(await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } })).toMatchObject({ status: 'partial', text: 'Half ' });
    expect(await opened.database.runStep.count({ where: { runId: run.id, finishedAt: null } })).toBe(0);
    opened.anotherDriver(createFixedLlm(['Whole.'])).start();
    const entries = await takeUntil(reader, isTerminal);
    expect(entries.at(-1)).toMatchObject({ event: { type: 'RunFinished', usage: { inputTokens: 110, outputTokens: 8, cost: '0.0011' } } });
    const message = await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
    expect(message).toMatchObject({ status: 'complete', text: 'Whole.' });
    expect(applyText(entries, message?.id ?? '', 'Half ')).toBe('Whole.');
  });

  it('went back to the queue and is stopped there keeps what it had written', async () => {
    const { opened, viewer, run } = await givenBack();
    expect(await opened.runs.stop(viewer, run.id)).toMatchObject({
      run: { status: 'stopped', inputTokens: 100, partialKept: true },
      message: { text: 'Half ', status: 'partial' },
    });
  });

  it('was asked to stop before it is taken up again does not take its text back', async () => {
    const { opened, run } = await givenBack();
    await opened.database.run.update({ where: { id: run.id }, data: { stopRequestedAt: new Date(), stoppedBy: 'user:usr_test' } });
    opened.anotherDriver(createFixedLlm(['Whole.'])).start();
    await opened.ended(run.id);
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'stopped', stoppedBy: 'user:usr_test' });
    expect(await opened.database.message.findFirst({ where: { runId: run.id, role: 'agent' } })).toMatchObject({ status: 'partial', text: 'Half ' });
  });

  it('is being claimed while its process leaves is given back, and leaving does not wait for it', async () => {
    const opened = await open({ llm: createScriptedLlm(), started: false });
    const { run } = await ask(opened);
    let closed: Promise<void> = Promise.resolve();
    await opened.database.$transaction(async (tx) => {
      // A locked row would be passed over; the whole table makes the claim wait.
      await tx.$executeRaw`LOCK TABLE "Run" IN EXCLUSIVE MODE`;
      opened.driver.start();
      await someoneWaits(opened.database);
      closed = opened.driver.close(10);
    });
    await closed;
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'queued', leaseOwner: null });
  });

  it('ends at the moment it is interrupted ends one way, and the newer message is answered', async () => {
    const opened = await open({ llm: createFixedLlm(['One ', 'answer.']) });
    const ROUNDS = 30;
    await Promise.all(
      Array.from({ length: ROUNDS }, async (_, n) => {
        const { viewer, conversation, run } = await ask(opened);
        const reader = await opened.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(20_000));
        // Different moments around the end: after the first words, or when the last step is told.
        await takeUntil(reader, (entry) =>
          n % 2 === 0 ? isDelta(entry) || isTerminal(entry) : isTerminal(entry) || (entry.kind === 'event' && entry.event.type === 'UsageUpdated'),
        );
        const posted = await opened.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Rather this', onBusy: 'interrupt' });
        await opened.ended(run.id);
        await opened.ended(posted.run?.id ?? '');
        await reader.return?.();
      }),
    );
    expect(await opened.database.run.count({ where: { status: 'failed' } })).toBe(0);
    expect(await opened.database.run.count({ where: { status: { in: ['succeeded', 'stopped'] } } })).toBe(2 * ROUNDS);
    expect(await opened.database.message.count({ where: { status: 'writing' } })).toBe(0);
  });

  it('cannot deadlock with a message that interrupts it', async () => {
    const opened = await open({ llm: createFixedLlm([]), started: false });
    const { conversation, run } = await ask(opened);
    const claimed = await claimRun(opened.database, run.id, 'inst_test');
    if (!claimed) throw new Error('the run was not to be had');
    const recorder = createRecorder(
      {
        database: opened.database,
        log: opened.log,
        clock: systemClock,
        budgets: budgetsOf(opened),
        escalations: opened.desk.escalations,
        approvals: opened.desk.approvals,
      },
      claimed,
    );
    let ending: Promise<boolean> = Promise.resolve(false);
    // As post() does: the conversation first, then its runs; the run's end comes between.
    await opened.database.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM "Conversation" WHERE "id" = ${conversation.id} FOR NO KEY UPDATE`;
      ending = recorder.stop('system');
      await someoneWaits(opened.database);
      await tx.run.updateMany({ where: { id: run.id, status: 'running' }, data: { stopRequestedAt: new Date() } });
    });
    expect(await ending).toBe(true);
  });

  it('lost its lease before its first word writes no second answer', async () => {
    const llm = createScriptedLlm();
    const opened = await open({ llm });
    const { run } = await ask(opened);
    const lost = await llm.nextCall();
    // The owner falls silent, and another one takes the run up.
    await opened.database.run.update({ where: { id: run.id }, data: { leaseOwner: 'inst_dead', leaseUntil: new Date(Date.now() - 1_000) } });
    const claimed = await claimRun(opened.database, run.id, 'inst_other');
    if (!claimed) throw new Error('the run was not to be had');
    const other = createRecorder(
      {
        database: opened.database,
        log: opened.log,
        clock: systemClock,
        budgets: budgetsOf(opened),
        escalations: opened.desk.escalations,
        approvals: opened.desk.approvals,
      },
      claimed,
    );
    await other.begin();
    lost.send({ type: 'text', text: 'A late first word' });
    lost.send({ type: 'stop', reason: 'end_turn' });
    await opened.driver.close(5_000);
    expect(await opened.database.message.count({ where: { runId: run.id, role: 'agent' } })).toBe(0);
    expect(await opened.database.runStep.count({ where: { runId: run.id, finishedAt: null } })).toBe(0);
    await other.take({ type: 'text', step: 'agent', agentId: 'first_agent', text: 'The answer.' });
    await other.take({ type: 'finished', outcome: 'answered', finishReason: 'end_turn', result: {} });
    expect(await other.succeed()).toBe(true);
    expect(await opened.database.message.findMany({ where: { runId: run.id, role: 'agent' } })).toMatchObject([{ text: 'The answer.', status: 'complete' }]);
  });

  it('has failed its process ten times is given up', async () => {
    const opened = await open({ llm: createFixedLlm(['Never said.']), started: false });
    const { run } = await ask(opened);
    await opened.database.run.update({
      where: { id: run.id },
      data: { status: 'running', attempt: 10, leaseOwner: 'inst_dead', leaseUntil: new Date(Date.now() - 1_000) },
    });
    opened.driver.start();
    await opened.ended(run.id);
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'failed', errorCode: 'INTERNAL', errorRetryable: true });
  });

  it('waits in a long queue of one conversation keeps no other conversation from being found', async () => {
    const opened = await open({ llm: createFixedLlm([]), started: false });
    const busy = await ask(opened);
    await claimRun(opened.database, busy.run.id, 'inst_test');
    const { conversationId, customerId, messageId } = busy.run;
    const behind = Array.from({ length: 20 }, () => ({
      id: newId('run'),
      workflow: 'reply',
      conversationId,
      customerId,
      messageId,
      input: {},
      createdAt: new Date(),
    }));
    await opened.database.run.createMany({ data: behind });
    const other = await ask(opened);
    expect(await findRunnable(opened.database, 10, new Date())).toEqual([other.run.id]);
  });

  it('is under way when another process takes the conversations over is taken up again, not failed', async () => {
    let available = true;
    const llm = createScriptedLlm();
    const opened = await open({ llm, available: () => available });
    const { run } = await ask(opened);
    const first = await llm.nextCall();
    available = false;
    first.send({ type: 'text', text: 'To nobody' });
    const parked = async () => (await opened.database.run.findUniqueOrThrow({ where: { id: run.id } })).status;
    await expect.poll(parked, { timeout: 10_000 }).toBe('queued');
    available = true;
    const second = await llm.nextCall();
    second.send({ type: 'text', text: 'Heard.' });
    second.send({ type: 'stop', reason: 'end_turn' });
    await opened.ended(run.id);
    expect(await opened.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(await opened.database.message.findMany({ where: { runId: run.id, role: 'agent' } })).toMatchObject([{ text: 'Heard.', status: 'complete' }]);
  });

  it('ended in the database, whose answer to that was lost, still tells its end, once', async () => {
    const opened = await open({ llm: createFixedLlm([]), started: false });
    const { conversation, run } = await ask(opened);
    const claimed = await claimRun(opened.database, run.id, 'inst_test');
    if (!claimed) throw new Error('the run was not to be had');
    let lost = false;
    // The connection breaks after COMMIT and before its answer: the one moment at which nobody knows what happened.
    const breaking = new Proxy(opened.database, {
      get(target, name) {
        if (name !== 'sql' || lost) return Reflect.get(target, name);
        const sql: Database['sql'] = {
          ...target.sql,
          async transaction(work) {
            await target.sql.transaction(work);
            lost = true;
            throw new Error('Connection terminated unexpectedly');
          },
        };
        return sql;
      },
    });
    const recorder = createRecorder(
      {
        database: breaking,
        log: opened.log,
        clock: systemClock,
        budgets: budgetsOf(opened),
        escalations: opened.desk.escalations,
        approvals: opened.desk.approvals,
      },
      claimed,
    );
    await recorder.begin();
    await expect(recorder.stop('system')).rejects.toThrow('Connection terminated');
    expect(await recorder.stop('system')).toBe(true);
    expect(await recorder.stop('system')).toBe(true);
    const reader = opened.log.follow(`conversation:${conversation.id}`, { startAt: 'history', signal: AbortSignal.timeout(5_000) });
    const [ready] = await take(reader, 1);
    const told = await take(reader, ready?.kind === 'ready' ? ready.replayed : 0);
    expect(told.filter(isTerminal)).toMatchObject([{ event: { type: 'RunStopped', runId: run.id } }]);
  });
});
