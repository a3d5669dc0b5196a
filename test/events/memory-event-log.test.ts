/** The event log of one process: the contract, and what only it promises. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { createChannel } from '../../src/events/channel.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import { eventLogContract } from '../contract/event-log.ts';
import { take } from '../support/collect.ts';
import { createManualClock } from '../support/manual-clock.ts';

const HISTORY_MS = 60_000;
const AT = '2026-01-01T00:00:00.000Z';

eventLogContract('in memory', async ({ historyEventsMax }) => {
  const clock = createManualClock();
  const log = createMemoryEventLog({ clock, historyMs: HISTORY_MS, historyEventsMax, channelsMax: 1 });
  return {
    log,
    async expire() {
      clock.advance(HISTORY_MS + 1);
      log.sweep();
    },
    async lose() {
      // Forgotten for want of room: idle, and another channel has come.
      await log.append('run:run_other', []);
      clock.advance(HISTORY_MS + 1);
      log.sweep();
    },
    close: () => log.close(),
  };
});

describe('the memory event log', () => {
  let log: MemoryEventLog | null = null;
  afterEach(async () => {
    await log?.close();
    log = null;
  });

  function big(n: number): ParleyEvent {
    return {
      type: 'TextDelta',
      at: AT,
      visibility: 'CUSTOMER',
      runId: 'run_1',
      messageId: 'msg_1',
      step: 'agent',
      attempt: 1,
      offset: n * 2_000,
      text: 'x'.repeat(2_000),
    };
  }

  it('holds a bounded number of bytes while 3,000 events of 2 KB pass a reader that does not read', async () => {
    log = createMemoryEventLog({ clock: createManualClock(), historyMs: HISTORY_MS, historyEventsMax: 10_000, historyBytesMax: 256 * 1_024 });
    const asleep = log.follow('conversation:c', { startAt: 'live', signal: new AbortController().signal });
    const awake = log.follow('conversation:c', { startAt: 'live', signal: new AbortController().signal });
    await take(asleep, 1);
    await take(awake, 1);
    let received = 0;
    for (let n = 0; n < 3_000; n += 1) {
      await log.append('conversation:c', [big(n)]);
      const [entry] = await take(awake, 1);
      if (entry?.kind === 'event' && entry.event.type === 'TextDelta') received += entry.event.text.length;
    }
    expect(received).toBe(6_000_000);
    const [reset, snapshot] = await take(asleep, 2);
    expect(reset).toMatchObject({ kind: 'reset', reason: 'SLOW' });
    expect(snapshot?.kind === 'event' && snapshot.event.type === 'TextSnapshot' && snapshot.event.text.length).toBe(6_000_000);
  });

  it('lets go of every follower that ends', async () => {
    log = createMemoryEventLog({ clock: createManualClock(), historyMs: HISTORY_MS, historyEventsMax: 10 });
    const leaving = new AbortController();
    const readers = Array.from({ length: 10 }, () => log?.follow('run:r', { startAt: 'history', signal: leaving.signal }));
    expect(log.counts().followers).toBe(10);
    await readers[0]?.return?.();
    await readers[0]?.return?.();
    expect(log.counts().followers).toBe(9);
    leaving.abort();
    expect(log.counts().followers).toBe(0);
  });

  it('refuses to follow or write what another process owns, naming REDIS_URL', async () => {
    log = createMemoryEventLog({ clock: createManualClock(), historyMs: HISTORY_MS, historyEventsMax: 10, available: () => false });
    const refusal = expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining('REDIS_URL') });
    await expect(log.append('run:r', [])).rejects.toThrow(refusal);
    expect(() => log?.follow('run:r', { startAt: 'live', signal: new AbortController().signal })).toThrow(refusal);
  });

  it('ends every reader when it closes', async () => {
    log = createMemoryEventLog({ clock: createManualClock(), historyMs: HISTORY_MS, historyEventsMax: 10 });
    const reader = log.follow('run:r', { startAt: 'live', signal: new AbortController().signal });
    await take(reader, 1);
    const parked = reader.next();
    await log.close();
    expect(await parked).toEqual({ done: true, value: undefined });
  });

  it('does not forget a channel that somebody reads, also while that reader is busy elsewhere', async () => {
    const clock = createManualClock();
    log = createMemoryEventLog({ clock, historyMs: HISTORY_MS, historyEventsMax: 10, channelsMax: 1 });
    const busy = log.follow('conversation:c', { startAt: 'live', signal: new AbortController().signal });
    await take(busy, 1);
    await log.append('conversation:other', []);
    clock.advance(HISTORY_MS + 1);
    log.sweep();
    await log.append('conversation:c', [big(0)]);
    expect(await take(busy, 1)).toMatchObject([{ kind: 'event', event: { type: 'TextDelta' } }]);
  });

  it('lets go of the memory of what is too old', async () => {
    const channel = createChannel('epoch', { eventsMax: 1_000, bytesMax: 1_000_000, ageMs: HISTORY_MS });
    const events = Array.from({ length: 100 }, (_, n) => big(n));
    const kept = new WeakRef(events[0] ?? {});
    channel.push(
      events.splice(0).map((event) => ({ event, bytes: 2_000 })),
      0,
    );
    channel.trim(HISTORY_MS + 1);
    setFlagsFromString('--expose-gc');
    await new Promise((resolve) => setImmediate(resolve));
    runInNewContext('gc')();
    // Its text so far is kept, for late joiners; the events are not.
    expect([channel.oldest(), channel.top(), kept.deref()]).toEqual([101, 100, undefined]);
  });
});
