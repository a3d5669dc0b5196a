/**
 * What an event log that many processes share must do beyond the contract of every event log: whatever happens to the place where it
 * is kept is announced or healed. An implementation hands over a maker of instances and the ways to hurt what they share.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Channel, Entry, EventLog, StartAt } from '../../src/events/event-log.ts';
import { parsePosition, type Position } from '../../src/events/position.ts';
import { applyText, take, takeUntil } from '../support/collect.ts';

export interface SharedLog extends EventLog {
  /** Compares with what is shared now instead of some seconds later. */
  check(): Promise<void>;
  counts(): { readonly poisoned: number };
}

export interface SharedLogs {
  /** Another process, as far as the log can tell. */
  instance(): Promise<SharedLog>;
  /** Remembers the channel as it is; the returned function takes it back to that, as a failover to a replica that lagged does. */
  remember(channel: Channel): Promise<() => Promise<void>>;
  /** Everything is gone, and nobody is told. */
  loseAll(): Promise<void>;
  /** Something that no reader understands is appended and announced. */
  poison(channel: Channel): Promise<void>;
  /** How many calls of the append script the server has run. */
  calls(): Promise<number>;
  close(): Promise<void>;
}

const CHANNEL: Channel = 'conversation:conv_test';
const AT = '2026-01-01T00:00:00.000Z';

function note(n: number): ParleyEvent {
  return { type: 'ConversationChanged', at: AT, visibility: 'CUSTOMER', conversationId: `conv_${n}` };
}

function delta(offset: number, text: string): ParleyEvent {
  return { type: 'TextDelta', at: AT, visibility: 'CUSTOMER', runId: 'run_1', messageId: 'msg_1', step: 'agent', attempt: 1, offset, text };
}

function numbers(entries: readonly Entry[]): number[] {
  return entries.flatMap((entry) =>
    entry.kind === 'event' && entry.event.type === 'ConversationChanged' ? [Number(entry.event.conversationId.slice(5))] : [],
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

export function sharedEventLogContract(name: string, make: () => Promise<SharedLogs>): void {
  describe(`${name}: an event log that is shared`, () => {
    const opened: SharedLogs[] = [];
    const readers: AsyncIterator<Entry>[] = [];

    async function open(): Promise<{ shared: SharedLogs; a: SharedLog; b: SharedLog }> {
      const shared = await make();
      opened.push(shared);
      return { shared, a: await shared.instance(), b: await shared.instance() };
    }

    function follow(log: EventLog, after?: Position, startAt: StartAt = 'live') {
      const reader = log.follow(CHANNEL, { ...(after === undefined ? {} : { after }), startAt, signal: new AbortController().signal });
      readers.push(reader);
      return reader;
    }

    async function appendNotes(log: EventLog, from: number, to: number): Promise<Position[]> {
      const positions: Position[] = [];
      for (let n = from; n <= to; n += 1) positions.push(await log.append(CHANNEL, [note(n)]));
      return positions;
    }

    afterEach(async () => {
      for (const reader of readers.splice(0)) await reader.return?.();
      for (const shared of opened.splice(0)) await shared.close();
    });

    it('brings what one instance writes to the readers of another, in one order', async () => {
      const { a, b } = await open();
      const all = [follow(a), follow(b), follow(a), follow(b)];
      for (const reader of all) await take(reader, 1);
      await Promise.all(range(1, 100).map((n) => (n % 2 === 0 ? a : b).append(CHANNEL, [note(n)])));
      const [first, ...others] = await Promise.all(all.map((reader) => take(reader, 100)));
      expect(numbers(first ?? []).toSorted((x, y) => x - y)).toEqual(range(1, 100));
      for (const other of others) expect(numbers(other)).toEqual(numbers(first ?? []));
    });

    it('continues on one instance from a position that another gave, however far the two are apart', async () => {
      const { a, b } = await open();
      const there = follow(b);
      await take(there, 1);
      for (let n = 1; n <= 50; n += 1) {
        const [position] = await appendNotes(a, n, n);
        const entries = await take(follow(b, position), 1);
        expect(entries[0]).toMatchObject({ kind: 'ready', status: 'RECOVERED' });
      }
      expect(numbers(await take(there, 50))).toEqual(range(1, 50));
    });

    it('gives a reader on an instance that joins in the middle the whole text so far, and says where to resume', async () => {
      const { shared, a, b } = await open();
      const [before] = await appendNotes(a, 1, 1);
      await a.append(CHANNEL, [delta(0, 'Hello ')]);
      await a.append(CHANNEL, [delta(6, 'world')]);
      expect((await b.head(CHANNEL)).resume).toBe(before);
      expect((await b.head(CHANNEL)).resume).toBe(before);
      const late = follow(b, undefined, 'snapshot');
      const [, snapshot] = await take(late, 2);
      expect(snapshot).toMatchObject({ event: { type: 'TextSnapshot', text: 'Hello world' } });
      await a.append(CHANNEL, [delta(11, '!')]);
      const rest = await take(late, 1);
      expect(applyText(snapshot ? [snapshot, ...rest] : rest, 'msg_1')).toBe('Hello world!');
      const another = await shared.instance();
      expect(applyText(await takeUntil(follow(another, before), (entry) => entry.sequence === 4), 'msg_1')).toBe('Hello world!');
    });

    it('pages what a reader has not read from the history, each event once, while more is written', async () => {
      const { a, b } = await open();
      const { top } = await a.head(CHANNEL);
      const asleep = follow(b);
      await take(asleep, 1);
      await Promise.all(range(1, 1_500).map((n) => a.append(CHANNEL, [note(n)])));
      const back = follow(b, top);
      const early = await take(back, 700);
      await Promise.all(range(1_501, 2_000).map((n) => a.append(CHANNEL, [note(n)])));
      expect(early[0]).toMatchObject({ status: 'RECOVERED', replayed: 1_500 });
      expect(numbers([...early, ...(await take(back, 1_301))])).toEqual(range(1, 2_000));
      expect(numbers(await take(asleep, 2_000))).toEqual(range(1, 2_000));
      expect(numbers(await take(follow(b, undefined, 'history'), 2_001))).toEqual(range(1, 2_000));
    });

    it('keeps an instance that was replaced behind the fence', async () => {
      const { a, b } = await open();
      await a.append(CHANNEL, [note(1)], { fence: { key: 'run_1', token: 1 } });
      await b.append(CHANNEL, [note(2)], { fence: { key: 'run_1', token: 2 } });
      await expect(a.append(CHANNEL, [note(3)], { fence: { key: 'run_1', token: 1 } })).rejects.toMatchObject({ code: 'CONFLICT', retryable: false });
      expect(numbers(await take(follow(a, undefined, 'history'), 3))).toEqual([1, 2]);
    });

    it('appends once for one idempotency key, whichever instance repeats it', async () => {
      const { a, b } = await open();
      const [first, second] = await Promise.all([a, b].map((log) => log.append(CHANNEL, [note(1)], { idempotencyKey: 'k' })));
      expect(second).toBe(first);
      expect(await a.append(CHANNEL, [note(1)], { idempotencyKey: 'k' })).toBe(first);
      expect(parsePosition((await b.head(CHANNEL)).top).offset).toBe(1);
    });

    it('sends what is appended in one turn of the event loop in one call', async () => {
      const { shared, a } = await open();
      await appendNotes(a, 1, 1);
      const before = await shared.calls();
      await Promise.all(range(2, 101).map((n) => a.append(CHANNEL, [note(n)])));
      expect((await shared.calls()) - before).toBe(1);
    });

    it('forgets a channel for the readers of every instance, at once', async () => {
      const { a, b } = await open();
      await appendNotes(a, 1, 3);
      const [here, there] = [follow(a), follow(b)];
      for (const reader of [here, there]) await take(reader, 1);
      await a.forget(CHANNEL);
      for (const reader of [here, there]) expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH' }]);
      await appendNotes(b, 4, 4);
      for (const reader of [here, there]) expect(numbers(await take(reader, 1))).toEqual([4]);
      expect(numbers(await take(follow(b, undefined, 'history'), 2))).toEqual([4]);
    });

    it('announces that everything was lost, to readers of every instance, and goes on', async () => {
      const { shared, a, b } = await open();
      const all = [follow(a), follow(b)];
      for (const reader of all) await take(reader, 1);
      const positions = await appendNotes(a, 1, 3);
      for (const reader of all) await take(reader, 3);
      await shared.loseAll();
      await Promise.all([a.check(), b.check()]);
      for (const reader of all) expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH', sequence: 0 }]);
      await appendNotes(a, 4, 4);
      for (const reader of all) expect(numbers(await take(reader, 1))).toEqual([4]);
      expect(await take(follow(b, positions[2]), 2)).toMatchObject([
        { kind: 'ready', status: 'RESET' },
        { kind: 'reset', reason: 'EPOCH' },
      ]);
    });

    it('announces it at the next append without waiting for a check', async () => {
      const { shared, a, b } = await open();
      const all = [follow(a), follow(b)];
      for (const reader of all) await take(reader, 1);
      await appendNotes(a, 1, 3);
      for (const reader of all) await take(reader, 3);
      await shared.loseAll();
      await appendNotes(b, 4, 4);
      for (const reader of all) expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH', sequence: 1 }]);
    });

    it('announces a log that went back: its readers are ahead of it', async () => {
      const { shared, a, b } = await open();
      await appendNotes(a, 1, 3);
      const goBack = await shared.remember(CHANNEL);
      const all = [follow(a), follow(b)];
      for (const reader of all) await take(reader, 1);
      const [, lost] = await appendNotes(a, 4, 5);
      for (const reader of all) await take(reader, 2);
      await goBack();
      await a.check();
      for (const reader of all) expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH', sequence: 3 }]);
      await appendNotes(b, 6, 8);
      for (const reader of all) expect(numbers(await take(reader, 3))).toEqual([6, 7, 8]);
      // Also for a reader that was not there: its position names a past that never was.
      expect((await take(follow(b, lost), 1))[0]).toMatchObject({ kind: 'ready', status: 'RESET' });
    });

    it('announces other content at the offsets its readers had, however far the log got meanwhile', async () => {
      const { shared, a, b } = await open();
      await appendNotes(a, 1, 3);
      const goBack = await shared.remember(CHANNEL);
      const reader = follow(a);
      await take(reader, 1);
      await appendNotes(a, 4, 5);
      await take(reader, 2);
      await goBack();
      await appendNotes(b, 6, 7);
      expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH' }]);
      await a.check();
      await appendNotes(b, 8, 8);
      expect(numbers(await takeUntil(reader, (entry) => numbers([entry])[0] === 8)).at(-1)).toBe(8);
    });

    it('finds other content at the same offset also when it heard nothing of it', async () => {
      const { shared, a, b } = await open();
      await appendNotes(a, 1, 3);
      const goBack = await shared.remember(CHANNEL);
      await appendNotes(a, 4, 5);
      const onePast = await shared.remember(CHANNEL);
      await goBack();
      await appendNotes(a, 6, 7);
      const anotherPast = await shared.remember(CHANNEL);
      await onePast();
      const reader = follow(b);
      expect(await take(reader, 1)).toMatchObject([{ kind: 'ready', sequence: 5 }]);
      await anotherPast();
      await b.check();
      expect(await take(reader, 1)).toMatchObject([{ kind: 'reset', reason: 'EPOCH' }]);
    });

    it('counts and passes over what it cannot read, live and in the history', async () => {
      const { shared, a, b } = await open();
      const reader = follow(b);
      await take(reader, 1);
      await appendNotes(a, 1, 1);
      await shared.poison(CHANNEL);
      await appendNotes(a, 2, 2);
      const entries = await take(reader, 2);
      expect(numbers(entries)).toEqual([1, 2]);
      expect(entries.map((entry) => entry.sequence)).toEqual([1, 3]);
      expect(b.counts().poisoned).toBe(1);
      const another = await shared.instance();
      expect(numbers(await take(follow(another, undefined, 'history'), 3))).toEqual([1, 2]);
      expect(another.counts().poisoned).toBe(1);
    });
  });
}
