/** Heartbeats: silence is filled while a run is active, and only then. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import { withHeartbeats, type ActiveRun } from '../../src/runs/heartbeat.ts';

const AT = '2026-01-01T00:00:00.000Z';
const head = { at: AT, visibility: 'CUSTOMER' } as const;
const USAGE = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, cost: '0' };

describe('a stream with heartbeats', () => {
  let log: MemoryEventLog;
  let reader: AsyncIterableIterator<Entry>;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    log = createMemoryEventLog({ clock: systemClock, historyMs: 60_000, historyEventsMax: 100 });
  });
  afterEach(async () => {
    await reader.return?.();
    await log.close();
    vi.useRealTimers();
  });

  function follow(activeRuns: readonly ActiveRun[], shows: (event: ParleyEvent) => boolean = () => true, only?: string): void {
    reader = withHeartbeats(
      log.follow('conversation:c', { startAt: 'live', signal: new AbortController().signal }),
      systemClock,
      async () => activeRuns,
      shows,
      only,
    );
  }

  /** The phase of the next heartbeat, after ten seconds of silence. */
  async function phaseOfNext(): Promise<string | undefined> {
    const next = reader.next();
    vi.advanceTimersByTime(10_000);
    const { value } = await next;
    return value?.kind === 'event' && value.event.type === 'Heartbeat' ? value.event.phase : undefined;
  }

  async function hear(...events: readonly ParleyEvent[]): Promise<void> {
    await log.append('conversation:c', events);
    for (const { type } of events) expect(await typeOfNext()).toBe(type);
  }

  async function typeOfNext(): Promise<string | undefined> {
    const { value } = await reader.next();
    return value?.kind === 'event' ? value.event.type : value?.kind;
  }

  it('says that people are waited for, also when another message was answered meanwhile', async () => {
    follow([{ id: 'run_1', status: 'waiting' }]);
    expect(await typeOfNext()).toBe('ready');
    const asks: ParleyEvent = { type: 'ApprovalRequested', at: AT, visibility: 'STAFF', runId: 'run_1', approvalId: 'appr_1' };
    const answered: ParleyEvent = {
      type: 'RunFinished',
      ...head,
      runId: 'run_2',
      outcome: 'answered',
      finishReason: 'end_turn',
      firstTokenMs: 5,
      usage: USAGE,
    };
    await log.append('conversation:c', [{ type: 'RunStarted', ...head, runId: 'run_1', attempt: 1 }, asks]);
    await log.append('conversation:c', [{ type: 'RunStarted', ...head, runId: 'run_2', attempt: 1 }, answered]);
    for (const type of ['RunStarted', 'ApprovalRequested', 'RunStarted', 'RunFinished']) expect(await typeOfNext()).toBe(type);
    const next = reader.next();
    vi.advanceTimersByTime(10_000);
    expect((await next).value).toMatchObject({ event: { type: 'Heartbeat', phase: 'waiting_for_person' } });
  });

  it('beats every ten seconds of silence, with the phase of the run, and loses nothing in between', async () => {
    follow([{ id: 'run_1', status: 'running' }]);
    expect(await typeOfNext()).toBe('ready');
    await log.append('conversation:c', [{ type: 'RunStarted', ...head, runId: 'run_1', attempt: 1 }]);
    expect(await typeOfNext()).toBe('RunStarted');
    for (let beats = 0; beats < 3; beats += 1) {
      // The rows are asked at the first silence, while it lasts.
      const next = reader.next();
      vi.advanceTimersByTime(10_000);
      expect((await next).value).toMatchObject({ sequence: 1, event: { type: 'Heartbeat', phase: 'thinking' } });
    }
    await log.append('conversation:c', [{ type: 'ConversationChanged', ...head, conversationId: 'c' }]);
    expect(await typeOfNext()).toBe('ConversationChanged');
  });

  it('is silent when no run is active, and again after its run has ended', async () => {
    follow([]);
    expect(await typeOfNext()).toBe('ready');
    const quiet = reader.next();
    vi.advanceTimersByTime(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(60_000);
    await log.append('conversation:c', [{ type: 'RunQueued', ...head, runId: 'run_1', place: 0 }]);
    expect((await quiet).value).toMatchObject({ event: { type: 'RunQueued' } });
    const beat = reader.next();
    vi.advanceTimersByTime(10_000);
    expect((await beat).value).toMatchObject({ event: { type: 'Heartbeat', phase: 'queued' } });
    await log.append('conversation:c', [{ type: 'RunStopped', ...head, runId: 'run_1', by: 'system', usage: USAGE }]);
    expect(await typeOfNext()).toBe('RunStopped');
    const ended = reader.next();
    vi.advanceTimersByTime(60_000);
    await log.append('conversation:c', [{ type: 'ConversationChanged', ...head, conversationId: 'c' }]);
    expect((await ended).value).toMatchObject({ event: { type: 'ConversationChanged' } });
  });

  it('takes nothing of a run that is hidden whole for life, nor for the phase of an answer', async () => {
    follow([{ id: 'run_1', status: 'queued' }], (event) => event.visibility === 'CUSTOMER');
    expect(await typeOfNext()).toBe('ready');
    const hidden = { at: AT, visibility: 'STAFF', runId: 'run_2' } as const;
    const next = reader.next();
    await log.append('conversation:c', [{ type: 'RunQueued', ...hidden, place: 0 }]);
    vi.advanceTimersByTime(9_000);
    await log.append('conversation:c', [
      { type: 'TextDelta', ...hidden, messageId: 'run_2:debate/1/0', step: 'debate/1/0', attempt: 1, offset: 0, text: 'I say' },
      { type: 'ToolCalled', ...hidden, step: 'debate/1/0', callId: 'call_1', tool: 'find_plan', agentId: 'agent', arguments: {} },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(1_000);
    expect((await next).value).toMatchObject({ event: { type: 'Heartbeat', phase: 'queued' } });
  });

  it('takes what its reader may not see of an answer for its life and phase, the words of those who help with it as well', async () => {
    follow([{ id: 'run_1', status: 'running' }], (event) => event.visibility === 'CUSTOMER');
    expect(await typeOfNext()).toBe('ready');
    await log.append('conversation:c', [{ type: 'RunStarted', ...head, runId: 'run_1', attempt: 1 }]);
    expect(await typeOfNext()).toBe('RunStarted');
    const helping = { at: AT, visibility: 'STAFF', runId: 'run_1', step: 'team/0' } as const;
    const next = reader.next();
    await log.append('conversation:c', [
      { type: 'TextDelta', ...helping, messageId: 'run_1:team/0', attempt: 1, offset: 0, text: 'I say' },
      { type: 'ToolCalled', ...helping, callId: 'call_1', tool: 'find_plan', agentId: 'agent', arguments: {} },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
    expect((await next).value).toMatchObject({ event: { type: 'Heartbeat', phase: 'using_tool' } });
  });

  it('is silent while only a run that is hidden whole is at work', async () => {
    follow([], (event) => event.visibility === 'CUSTOMER');
    expect(await typeOfNext()).toBe('ready');
    const next = reader.next();
    await log.append('conversation:c', [{ type: 'RunStarted', at: AT, visibility: 'STAFF', runId: 'run_2', attempt: 1 }]);
    for (let times = 0; times < 3; times += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(10_000);
    }
    await log.append('conversation:c', [
      { type: 'RunStopped', at: AT, visibility: 'STAFF', runId: 'run_2', by: 'system', usage: USAGE },
      { type: 'ConversationChanged', ...head, conversationId: 'c' },
    ]);
    expect((await next).value).toMatchObject({ event: { type: 'ConversationChanged' } });
  });

  it('counts what its reader may not see as life', async () => {
    follow([{ id: 'run_1', status: 'running' }], (event) => event.visibility === 'CUSTOMER');
    expect(await typeOfNext()).toBe('ready');
    const next = reader.next();
    vi.advanceTimersByTime(9_000);
    await log.append('conversation:c', [{ type: 'UsageUpdated', at: AT, visibility: 'STAFF', runId: 'run_1', usage: USAGE }]);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(9_000);
    await log.append('conversation:c', [{ type: 'ConversationChanged', ...head, conversationId: 'c' }]);
    expect((await next).value).toMatchObject({ event: { type: 'ConversationChanged' } });
  });

  it.each([
    ['queued', 'queued'],
    ['running', 'thinking'],
    ['waiting', 'waiting_for_person'],
  ] as const)('says of a %s run of which nothing was heard yet that it is %s', async (status, phase) => {
    follow([{ id: 'run_1', status }]);
    expect(await typeOfNext()).toBe('ready');
    expect(await phaseOfNext()).toBe(phase);
  });

  it('says that a run waits for a person until the last of them has decided, also when more has come in behind it', async () => {
    const approval = { at: AT, visibility: 'STAFF', runId: 'run_1', approvalId: 'appr_1' } as const;
    follow([]);
    expect(await typeOfNext()).toBe('ready');
    await hear({ type: 'RunStarted', ...head, runId: 'run_1', attempt: 1 }, { type: 'ApprovalRequested', ...approval });
    expect(await phaseOfNext()).toBe('waiting_for_person');
    await hear({ type: 'RunQueued', ...head, runId: 'run_2', place: 1 });
    expect(await phaseOfNext()).toBe('waiting_for_person');
    await hear({ type: 'ApprovalDecided', ...approval, outcome: 'pending', by: 'user:usr_1' });
    expect(await phaseOfNext()).toBe('waiting_for_person');
    await hear({ type: 'ApprovalDecided', ...approval, outcome: 'approved', by: 'user:usr_2' });
    expect(await phaseOfNext()).toBe('queued');
    await hear({ type: 'RunStarted', ...head, runId: 'run_1', attempt: 2 });
    expect(await phaseOfNext()).toBe('thinking');
  });

  it('tells whoever follows one run of that one alone', async () => {
    follow([{ id: 'run_2', status: 'queued' }], (event) => 'runId' in event && event.runId === 'run_2', 'run_2');
    expect(await typeOfNext()).toBe('ready');
    const next = reader.next();
    await log.append('conversation:c', [{ type: 'ApprovalRequested', ...head, runId: 'run_1', approvalId: 'appr_1' }]);
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
    expect((await next).value).toMatchObject({ event: { type: 'Heartbeat', phase: 'queued' } });
  });

  it('asks the rows anew after a reset: what was skipped may have changed it', async () => {
    const rows: ActiveRun[] = [{ id: 'run_1', status: 'running' }];
    await log.close();
    log = createMemoryEventLog({ clock: systemClock, historyMs: 60_000, historyEventsMax: 2 });
    follow(rows);
    expect(await typeOfNext()).toBe('ready');
    expect(await phaseOfNext()).toBe('thinking');
    rows[0] = { id: 'run_1', status: 'waiting' };
    for (let words = 0; words < 5; words += 1) await log.append('conversation:c', [{ type: 'ConversationChanged', ...head, conversationId: 'c' }]);
    // The first was on its way already.
    expect(await typeOfNext()).toBe('ConversationChanged');
    expect(await typeOfNext()).toBe('reset');
    expect(await phaseOfNext()).toBe('waiting_for_person');
  });
});
