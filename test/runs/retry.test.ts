/** A failure that may pass: the run waits and is tried again, as often as it may, and ends once. How far it has come is said on the way. */
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS } from '../../src/events/event.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createBudgets, NO_LIMITS } from '../../src/runs/budget.ts';
import { claimNext, findRunnable } from '../../src/runs/lease.ts';
import { createRecorder } from '../../src/runs/recorder.ts';
import { retryDelayMs } from '../../src/runs/retry-delay.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import { takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, type House, type HouseOptions } from '../support/house.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createFixedLlm, createScriptedLlm, type ScriptedCall } from '../support/scripted-llm.ts';

const BUSY = new AppError('MODEL_OVERLOADED', 'The model is busy.');

function isTerminal(entry: Entry): boolean {
  return entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type);
}

function isA(type: string): (entry: Entry) => boolean {
  return (entry) => entry.kind === 'event' && entry.event.type === type;
}

function typesOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind));
}

describe('the time before a run is tried again', () => {
  it('doubles from two seconds on, up to five minutes', () => {
    expect([1, 2, 3, 8, 9, 50].map((attempt) => retryDelayMs(attempt, () => 0))).toEqual([2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
  });

  it('is spread by up to a quarter, and never beyond five minutes', () => {
    expect(retryDelayMs(1, () => 0.5)).toBe(2_250);
    expect(retryDelayMs(3, () => 0.999_999)).toBe(10_000);
    expect(retryDelayMs(8, () => 0.999_999)).toBe(300_000);
  });
});

describe('a run with tries left', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  interface Started {
    readonly opened: House;
    readonly clock: ManualClock;
    readonly runId: string;
    readonly reader: AsyncIterableIterator<Entry>;
    row(): Promise<Prisma.RunGetPayload<object>>;
  }

  async function start(retriesLeft: number, options: HouseOptions): Promise<Started> {
    const clock = createManualClock();
    const opened = await openHouse({ ...options, clock, started: false });
    house = opened;
    const { viewer } = await opened.addCustomer();
    const { run } = await opened.desk.agentRuns.start(viewer, { agentId: 'first_agent', text: 'Do it' });
    await opened.database.run.update({ where: { id: run.id }, data: { retriesLeft } });
    const reader = await opened.runs.followRun(STAFF, run.id, undefined, AbortSignal.timeout(20_000));
    await takeUntil(reader, isA('RunQueued'));
    opened.driver.start();
    return { opened, clock, runId: run.id, reader, row: () => opened.database.run.findUniqueOrThrow({ where: { id: run.id } }) };
  }

  function answer(call: ScriptedCall): void {
    call.send({ type: 'text', text: 'Done.' });
    call.send({ type: 'stop', reason: 'end_turn' });
  }

  it('is tried again after two seconds, then after four, and fails once when none is left', async () => {
    const llm = createScriptedLlm();
    const { opened, clock, reader, runId, row } = await start(2, { llm });
    const seen: Entry[] = [];
    for (const [waitMs, retriesLeft, attempt] of [
      [2_000, 1, 1],
      [4_000, 0, 2],
    ] as const) {
      (await llm.nextCall()).fail(BUSY);
      seen.push(...(await takeUntil(reader, isA('RunQueued'))));
      const notBefore = new Date(clock.now().getTime() + waitMs);
      expect(await row()).toMatchObject({ status: 'queued', attempt, retriesLeft, notBefore, leaseOwner: null, finishedAt: null, errorCode: null });
      clock.advance(waitMs - 1);
      expect(await findRunnable(opened.database, 10, clock.now())).toEqual([]);
      expect(await row()).toMatchObject({ status: 'queued', attempt });
      clock.advance(1);
    }
    (await llm.nextCall()).fail(BUSY);
    seen.push(...(await takeUntil(reader, isTerminal)));
    expect(await row()).toMatchObject({ status: 'failed', attempt: 3, retriesLeft: 0, errorCode: 'MODEL_OVERLOADED', errorRetryable: true });
    expect(seen.filter(isTerminal)).toMatchObject([{ event: { type: 'RunFailed', runId } }]);
    expect(typesOf(seen).filter((type) => type.startsWith('Run'))).toEqual(['RunStarted', 'RunQueued', 'RunStarted', 'RunQueued', 'RunStarted', 'RunFailed']);
    expect(await opened.database.runStep.count({ where: { runId, finishedAt: null } })).toBe(0);
  });

  it('succeeds when the next try does, and counts what every attempt has used', async () => {
    const llm = createScriptedLlm();
    const { clock, reader, row } = await start(1, { llm });
    const usage = { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 2, cost: '0.001000' };
    const first = await llm.nextCall();
    first.send({ type: 'text', text: 'Half' });
    first.send({ type: 'usage', usage, model: 'scripted' });
    first.fail(BUSY);
    await takeUntil(reader, isA('RunQueued'));
    clock.advance(2_000);
    const second = await llm.nextCall();
    second.send({ type: 'usage', usage, model: 'scripted' });
    answer(second);
    const rest = await takeUntil(reader, isTerminal);
    expect(typesOf(rest)).toContain('MessageReset');
    expect(rest.at(-1)).toMatchObject({ event: { type: 'RunFinished' } });
    expect(await row()).toMatchObject({ status: 'succeeded', attempt: 2, progress: 100, inputTokens: 20, result: { text: 'Done.' } });
  });

  it('ends at once when trying again would not help', async () => {
    const llm = createScriptedLlm();
    const { reader, row } = await start(3, { llm });
    (await llm.nextCall()).fail(new AppError('MODEL_REFUSED', 'No.'));
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ event: { type: 'RunFailed', retryable: false } });
    expect(await row()).toMatchObject({ status: 'failed', attempt: 1, retriesLeft: 3 });
  });

  it('is tried again when it took too long', async () => {
    const llm = createScriptedLlm();
    const { clock, reader, row } = await start(1, { llm, runMs: 200 });
    await llm.nextCall();
    await takeUntil(reader, isA('RunQueued'));
    expect(await row()).toMatchObject({ status: 'queued', retriesLeft: 0 });
    clock.advance(2_000);
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ event: { type: 'RunFailed', code: 'MODEL_OVERLOADED' } });
  });

  it('is given up, not tried again, when it has failed its process ten times', async () => {
    const { opened, clock, runId, reader, row } = await start(0, { llm: createFixedLlm(['Said.']) });
    await takeUntil(reader, isTerminal);
    const lost = { status: 'running', attempt: 10, retriesLeft: 5, leaseOwner: 'inst_dead', leaseUntil: new Date(0), finishedAt: null } as const;
    const { customerId, input } = await row();
    const id = runId.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    await opened.database.run.create({ data: { ...lost, id, workflow: 'agent', customerId, input: input ?? {}, createdAt: clock.now() } });
    clock.advance(2_000);
    await opened.ended(id);
    expect(await opened.database.run.findUnique({ where: { id } })).toMatchObject({ status: 'failed', errorCode: 'INTERNAL', retriesLeft: 5 });
  });

  it('can be stopped while it waits, at once, and says what it had used', async () => {
    const llm = createScriptedLlm();
    const { opened, reader, runId, row } = await start(1, { llm });
    const call = await llm.nextCall();
    call.send({ type: 'usage', usage: { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 2, cost: '0.001000' }, model: 'scripted' });
    call.fail(BUSY);
    await takeUntil(reader, isA('RunQueued'));
    expect(await opened.runs.stop(STAFF, runId)).toMatchObject({ alreadyFinished: false, run: { status: 'stopped' } });
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ event: { type: 'RunStopped', usage: { inputTokens: 10, cost: '0.001' } } });
    expect(await row()).toMatchObject({ status: 'stopped', attempt: 1 });
  });

  it('that was asked to stop just as it went back to the queue does not wait for its moment', async () => {
    const llm = createScriptedLlm();
    const { opened, clock, reader, runId, row } = await start(1, { llm });
    (await llm.nextCall()).fail(BUSY);
    await takeUntil(reader, isA('RunQueued'));
    await opened.database.run.update({ where: { id: runId }, data: { stopRequestedAt: clock.now(), stoppedBy: 'user:usr_test' } });
    expect(await findRunnable(opened.database, 10, clock.now())).toEqual([runId]);
    clock.advance(2_000);
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ event: { type: 'RunStopped', by: 'user:usr_test' } });
    expect(await row()).toMatchObject({ status: 'stopped', stoppedBy: 'user:usr_test' });
  });
});

describe('how far a run is', () => {
  let house: House | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  it('grows with its steps, stays where it was when it fails, and is 100 once it has succeeded', async () => {
    const llm = createScriptedLlm();
    house = await openHouse({ llm });
    const { database } = house;
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'A question' });
    const reader = await house.runs.followConversation(STAFF, conversation.id, undefined, AbortSignal.timeout(20_000));
    // Told once the row says it; the model may be asked a moment earlier.
    await takeUntil(reader, (entry) => entry.kind === 'event' && entry.event.type === 'StepStarted' && entry.event.agentId !== null);
    expect(await database.run.findUnique({ where: { id: run.id } })).toMatchObject({ progress: 66 });
    const call = await llm.nextCall();
    call.fail(BUSY);
    await takeUntil(reader, isTerminal);
    expect(await database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'failed', progress: 66, retriesLeft: 0 });
    const posted = await house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Again' });
    const again = await llm.nextCall();
    again.send({ type: 'text', text: 'Done.' });
    again.send({ type: 'stop', reason: 'end_turn' });
    await takeUntil(reader, isTerminal);
    expect(await database.run.findUnique({ where: { id: posted.run?.id ?? '' } })).toMatchObject({ status: 'succeeded', progress: 100 });
  });

  it('counts steps that go on side by side, never goes back, and is not 100 before the end', async () => {
    house = await openHouse({ llm: createFixedLlm([]), started: false });
    const { database, log, desk } = house;
    const { viewer } = await house.addCustomer();
    const { run } = await desk.agentRuns.start(viewer, { agentId: 'first_agent', text: 'Do it' });
    const claimed = await claimNext(database, 'inst_test', new Date());
    if (!claimed) throw new Error('the run was not to be had');
    const budgets = createBudgets({ database, logger: createLogger({ level: 'silent', pretty: false }), limits: NO_LIMITS });
    const recorder = createRecorder({ database, log, clock: systemClock, budgets, escalations: desk.escalations, approvals: desk.approvals }, claimed);
    await recorder.begin();
    const begin = (step: string) => recorder.take({ type: 'step_started', step, path: step, agentId: 'first_agent', role: null });
    const finish = (step: string) => recorder.take({ type: 'step_finished', step, outcome: 'succeeded', output: null });
    const progress = async () => (await database.run.findUniqueOrThrow({ where: { id: run.id } })).progress;
    for (const step of ['a', 'b', 'c', 'd']) await begin(step);
    expect(await progress()).toBe(0);
    await finish('a');
    await finish('b');
    expect(await progress()).toBe(50);
    for (const step of ['e', 'f', 'g', 'h']) await begin(step);
    expect(await progress()).toBe(50);
    for (const step of ['c', 'd', 'e', 'f', 'g', 'h']) await finish(step);
    expect(await progress()).toBe(87);
    await begin('i');
    expect(await progress()).toBe(88);
    await finish('i');
    expect(await progress()).toBeLessThan(100);
    await recorder.take({ type: 'finished', outcome: 'answered', finishReason: 'end_turn', result: {} });
    expect(await recorder.succeed()).toBe(true);
    expect(await progress()).toBe(100);
  });
});
