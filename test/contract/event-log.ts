/**
 * What every event log must do, whatever it is built on. An implementation hands over a maker and the ways to hurt its history;
 * the sentences are the same for all.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Channel, Entry, EventLog, StartAt } from '../../src/events/event-log.ts';
import { parsePosition, type Position } from '../../src/events/position.ts';
import { applyText, take, takeUntil } from '../support/collect.ts';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Every event so far becomes too old to replay; the channel's epoch and top stay. */
  expire(): Promise<void>;
  /** The channel is forgotten: it lives again under another epoch. */
  lose(channel: Channel): Promise<void>;
  close(): Promise<void>;
}

export interface MakeLog {
  (limits: { readonly historyEventsMax: number }): Promise<LogUnderTest>;
}

const CHANNEL: Channel = 'conversation:conv_test';
const AT = '2026-01-01T00:00:00.000Z';

function note(n: number): ParleyEvent {
  return { type: 'ConversationChanged', at: AT, visibility: 'CUSTOMER', conversationId: `conv_${n}` };
}

function delta(offset: number, text: string, messageId = 'msg_1', attempt = 1): ParleyEvent {
  return { type: 'TextDelta', at: AT, visibility: 'CUSTOMER', runId: 'run_1', messageId, step: 'agent', attempt, offset, text };
}

function numbers(entries: readonly Entry[]): number[] {
  return entries.flatMap((entry) =>
    entry.kind === 'event' && entry.event.type === 'ConversationChanged' ? [Number(entry.event.conversationId.slice(5))] : [],
  );
}

function offsetOf(position: Position): number {
  return parsePosition(position).offset;
}

export function eventLogContract(name: string, make: MakeLog): void {
  describe(`${name}: an event log`, () => {
    const opened: LogUnderTest[] = [];
    const readers: AsyncIterator<Entry>[] = [];

    async function open(historyEventsMax = 1_000): Promise<LogUnderTest> {
      const made = await make({ historyEventsMax });
      opened.push(made);
      return made;
    }

    function follow(log: EventLog, after?: Position, startAt: StartAt = 'live', signal = new AbortController().signal) {
      const reader = log.follow(CHANNEL, { ...(after === undefined ? {} : { after }), startAt, signal });
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
      for (const made of opened.splice(0)) await made.close();
    });

    describe('forgetting a channel', () => {
      it('tells its readers EPOCH, keeps nothing of what was said, and goes on', async () => {
        const { log } = await open();
        const positions = await appendNotes(log, 1, 3);
        await log.append(CHANNEL, [delta(0, 'half a sec')]);
        const reader = follow(log);
        await take(reader, 1);
        await log.forget(CHANNEL);
        const [reset] = await take(reader, 1);
        expect(reset).toMatchObject({ kind: 'reset', reason: 'EPOCH' });
        const [late] = await take(follow(log, undefined, 'history'), 1);
        expect(late).toMatchObject({ kind: 'ready', replayed: 0 });
        const [snapshot] = await take(follow(log, undefined, 'snapshot'), 1);
        expect(snapshot).toMatchObject({ kind: 'ready', replayed: 0 });
        const back = await take(follow(log, positions[1]), 2);
        expect(back).toMatchObject([
          { kind: 'ready', status: 'RESET' },
          { kind: 'reset', reason: 'EPOCH' },
        ]);
        await appendNotes(log, 4, 4);
        expect(numbers(await take(reader, 1))).toEqual([4]);
      });

      it('forgets nothing of the others, and nothing where nothing was said', async () => {
        const { log } = await open();
        await appendNotes(log, 1, 2);
        await log.forget('conversation:conv_other');
        expect(numbers(await take(follow(log, undefined, 'history'), 3))).toEqual([1, 2]);
      });
    });

    describe('resuming', () => {
      it('says LIVE first and nothing else on a channel nobody wrote to', async () => {
        const { log } = await open();
        const reader = follow(log);
        const [first] = await take(reader, 1);
        expect(first).toMatchObject({ kind: 'ready', status: 'LIVE', replayed: 0, sequence: 0 });
        await appendNotes(log, 1, 1);
        expect(numbers(await take(reader, 1))).toEqual([1]);
      });

      it('replays exactly what came after a position, then goes live', async () => {
        const { log } = await open();
        const positions = await appendNotes(log, 1, 5);
        const reader = follow(log, positions[1]);
        const entries = await take(reader, 4);
        expect(entries[0]).toMatchObject({ kind: 'ready', status: 'RECOVERED', replayed: 3, position: positions[1] });
        expect(numbers(entries)).toEqual([3, 4, 5]);
        expect(entries.slice(1).every((entry) => entry.kind === 'event' && entry.replay)).toBe(true);
        await appendNotes(log, 6, 6);
        const [live] = await take(reader, 1);
        expect(live).toMatchObject({ kind: 'event', replay: false });
      });

      it('keeps no more than its limit and says TRIMMED to who is behind it', async () => {
        const { log } = await open(100);
        const positions = await appendNotes(log, 1, 300);
        const entries = await take(follow(log, positions[0]), 2);
        expect(entries[0]).toMatchObject({ kind: 'ready', status: 'RESET' });
        expect(entries[1]).toMatchObject({ kind: 'reset', reason: 'TRIMMED', position: positions[299] });
      });

      it('still recovers who stands just inside the limit', async () => {
        const { log } = await open(100);
        const positions = await appendNotes(log, 1, 120);
        const entries = await take(follow(log, positions[60]), 60);
        expect(entries[0]).toMatchObject({ kind: 'ready', status: 'RECOVERED' });
        expect(numbers(entries)).toEqual(Array.from({ length: 59 }, (_, index) => 62 + index));
      });

      it('says AHEAD to a position that does not exist yet', async () => {
        const { log } = await open();
        const [position = ''] = await appendNotes(log, 1, 1);
        const { epoch } = parsePosition(position);
        const entries = await take(follow(log, `${epoch}.50`), 2);
        expect(entries).toMatchObject([
          { kind: 'ready', status: 'RESET' },
          { kind: 'reset', reason: 'AHEAD', position },
        ]);
      });

      it('recovers with nothing to replay at the same position', async () => {
        const { log } = await open();
        const positions = await appendNotes(log, 1, 3);
        const reader = follow(log, positions[2]);
        expect(await take(reader, 1)).toMatchObject([{ kind: 'ready', status: 'RECOVERED', replayed: 0 }]);
        await appendNotes(log, 4, 4);
        expect(numbers(await take(reader, 1))).toEqual([4]);
      });

      it('replays everything from the empty position', async () => {
        const { log } = await open();
        const { top } = await log.head(CHANNEL);
        expect(offsetOf(top)).toBe(0);
        await appendNotes(log, 1, 3);
        expect(numbers(await take(follow(log, top), 4))).toEqual([1, 2, 3]);
      });

      it('says EPOCH to a position of another life', async () => {
        const under = await open();
        const positions = await appendNotes(under.log, 1, 3);
        await under.lose(CHANNEL);
        const [position] = await appendNotes(under.log, 1, 1);
        const entries = await take(follow(under.log, positions[2]), 2);
        expect(entries).toMatchObject([
          { kind: 'ready', status: 'RESET' },
          { kind: 'reset', reason: 'EPOCH', position },
        ]);
      });

      it('says TRIMMED to who was behind when the history expired', async () => {
        const under = await open();
        const positions = await appendNotes(under.log, 1, 3);
        await under.expire();
        expect(await take(follow(under.log, positions[0]), 2)).toMatchObject([{ status: 'RESET' }, { kind: 'reset', reason: 'TRIMMED' }]);
      });

      it('recovers who had everything when the history expired', async () => {
        const under = await open();
        const positions = await appendNotes(under.log, 1, 3);
        await under.expire();
        const reader = follow(under.log, positions[2]);
        expect(await take(reader, 1)).toMatchObject([{ kind: 'ready', status: 'RECOVERED', replayed: 0 }]);
        await appendNotes(under.log, 4, 4);
        expect(numbers(await take(reader, 1))).toEqual([4]);
      });

      it.each(['', 'x', 'a.b', '1', 'a.-1', 'a.1.2', 'a.01', `${'a'.repeat(60)}.1`, 'A.1', 'a.99999999999999999'])(
        'refuses %j as a position with BAD_INPUT',
        async (after) => {
          const { log } = await open();
          expect(() => follow(log, after)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', field: 'after' }));
        },
      );
    });

    describe('appending', () => {
      it('keeps the order of one channel and numbers it without holes', async () => {
        const { log } = await open();
        const reader = follow(log);
        await take(reader, 1);
        await Promise.all(Array.from({ length: 50 }, (_, index) => log.append(CHANNEL, [note(index)])));
        const entries = await take(reader, 50);
        expect(numbers(entries)).toEqual(Array.from({ length: 50 }, (_, index) => index));
        expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      });

      it('appends a batch as one step and answers the position of its last event', async () => {
        const { log } = await open();
        const position = await log.append(CHANNEL, [note(1), note(2), note(3)]);
        expect(offsetOf(position)).toBe(3);
        expect(numbers(await take(follow(log, undefined, 'history'), 4))).toEqual([1, 2, 3]);
      });

      it('appends once for the same idempotency key and answers the same position', async () => {
        const { log } = await open();
        const [first, second] = await Promise.all([
          log.append(CHANNEL, [note(1)], { idempotencyKey: 'k' }),
          log.append(CHANNEL, [note(1)], { idempotencyKey: 'k' }),
        ]);
        expect(second).toBe(first);
        expect(offsetOf((await log.head(CHANNEL)).top)).toBe(1);
      });

      it('lets nobody write behind a fence that a higher token has passed', async () => {
        const { log } = await open();
        const fenced = (n: number, token: number, key = 'run_1') => log.append(CHANNEL, [note(n)], { fence: { key, token } });
        await fenced(1, 1);
        await fenced(2, 1);
        await fenced(3, 2);
        await expect(fenced(4, 1)).rejects.toMatchObject({ code: 'CONFLICT' });
        await fenced(5, 1, 'run_2');
        await fenced(6, 2);
        expect(numbers(await take(follow(log, undefined, 'history'), 6))).toEqual([1, 2, 3, 5, 6]);
      });

      it('lets nobody write who is behind one of two fences, and raises none of them for whoever is refused', async () => {
        const { log } = await open();
        const fenced = (n: number, run: number, owner: number) =>
          log.append(CHANNEL, [note(n)], {
            fence: [
              { key: 'run_1', token: run },
              { key: 'owner', token: owner },
            ],
          });
        await fenced(1, 1, 1);
        await log.append(CHANNEL, [note(2)], { fence: { key: 'owner', token: 2 } });
        await expect(fenced(3, 5, 1)).rejects.toMatchObject({ code: 'CONFLICT', fence: 'owner' });
        await fenced(4, 2, 2);
        await expect(fenced(5, 1, 9)).rejects.toMatchObject({ code: 'CONFLICT', fence: 'run_1' });
        await fenced(6, 2, 2);
        expect(numbers(await take(follow(log, undefined, 'history'), 5))).toEqual([1, 2, 4, 6]);
      });

      it('keeps the order of appends of which some are repeated and some refused', async () => {
        const { log } = await open();
        const reader = follow(log);
        await take(reader, 1);
        await log.append(CHANNEL, [note(1)], { idempotencyKey: 'a', fence: { key: 'run_1', token: 2 } });
        const results = await Promise.allSettled([
          log.append(CHANNEL, [note(2)], { fence: { key: 'run_1', token: 2 } }),
          log.append(CHANNEL, [note(1)], { idempotencyKey: 'a' }),
          log.append(CHANNEL, [note(9)], { fence: { key: 'run_1', token: 1 } }),
          log.append(CHANNEL, []),
          log.append(CHANNEL, [note(3), note(4)], { idempotencyKey: 'b' }),
          log.append(CHANNEL, [note(3), note(4)], { idempotencyKey: 'b' }),
          log.append(CHANNEL, [note(5)]),
        ]);
        expect(results.map((result) => (result.status === 'fulfilled' ? offsetOf(result.value) : 'refused'))).toEqual([2, 1, 'refused', 2, 4, 4, 5]);
        expect(numbers(await take(reader, 5))).toEqual([1, 2, 3, 4, 5]);
      });

      it('keeps channels apart', async () => {
        const { log } = await open();
        const reader = follow(log);
        await take(reader, 1);
        await log.append('conversation:conv_other', [note(9)]);
        await appendNotes(log, 1, 1);
        expect(numbers(await take(reader, 1))).toEqual([1]);
      });

      it('never lets anybody hear of an event that cannot be replayed', async () => {
        const { log } = await open();
        const live = follow(log);
        await take(live, 1);
        await appendNotes(log, 1, 20);
        for (const entry of await take(live, 20)) {
          if (entry.kind !== 'event') continue;
          const before = `${parsePosition(entry.position).epoch}.${entry.sequence - 1}`;
          const again = await takeUntil(follow(log, before), (item) => item.kind === 'event');
          expect(again.at(-1)).toMatchObject({ sequence: entry.sequence, event: entry.event });
        }
      });
    });

    describe('unfinished messages', () => {
      it('gives a late joiner the whole text so far, then every later token once', async () => {
        const { log } = await open();
        await log.append(CHANNEL, [delta(0, 'Hello '), delta(6, 'world')]);
        const reader = follow(log, undefined, 'snapshot');
        const [ready, snapshot] = await take(reader, 2);
        expect(ready).toMatchObject({ kind: 'ready', status: 'LIVE' });
        expect(snapshot).toMatchObject({ kind: 'event', event: { type: 'TextSnapshot', messageId: 'msg_1', text: 'Hello world' } });
        await log.append(CHANNEL, [delta(11, '!')]);
        const rest = await take(reader, 1);
        expect(applyText(snapshot ? [snapshot, ...rest] : rest, 'msg_1')).toBe('Hello world!');
      });

      it('forgets a message once it is finished, its run ended, or its attempt was given up', async () => {
        const { log } = await open();
        await log.append(CHANNEL, [
          delta(0, 'a', 'msg_1'),
          delta(0, 'b', 'msg_2'),
          { type: 'MessageFinished', at: AT, visibility: 'CUSTOMER', messageId: 'msg_1' },
        ]);
        await log.append(CHANNEL, [
          { type: 'MessageReset', at: AT, visibility: 'CUSTOMER', messageId: 'msg_2', runId: 'run_1', attempt: 2, reason: 'restarted' },
          delta(0, 'again', 'msg_2', 2),
        ]);
        const entries = await take(follow(log, undefined, 'snapshot'), 2);
        expect(entries[1]).toMatchObject({ event: { type: 'TextSnapshot', messageId: 'msg_2', attempt: 2, text: 'again' } });
      });

      it('never tells the rest of a text as the whole of it', async () => {
        const { log } = await open(100);
        await log.append(CHANNEL, [delta(0, 'The beginning, ')]);
        await appendNotes(log, 1, 150);
        await log.append(CHANNEL, [delta(15, 'the rest')]);
        const reader = follow(log, undefined, 'snapshot');
        const first = await take(reader, 1);
        await appendNotes(log, 151, 151);
        const entries = [...first, ...(await takeUntil(reader, (entry) => entry.sequence === 153))];
        const told = entries.flatMap((entry) => (entry.kind === 'event' && entry.event.type === 'TextSnapshot' ? [entry.event.text] : []));
        expect(told.every((text) => text === 'The beginning, the rest')).toBe(true);
      });

      it('names the position just before the oldest unfinished message as the place to resume', async () => {
        const { log } = await open();
        const [before] = await appendNotes(log, 1, 1);
        await log.append(CHANNEL, [delta(0, 'Hello ')]);
        await log.append(CHANNEL, [delta(6, 'world')]);
        const head = await log.head(CHANNEL);
        expect(head.resume).toBe(before);
        const entries = await take(follow(log, head.resume), 2);
        expect(applyText(entries, 'msg_1')).toBe('Hello world');
      });

      it('is resumed behind what participants of a workflow are saying to the desk: no answer is unfinished then', async () => {
        const { log } = await open();
        await log.append(CHANNEL, [{ ...delta(0, 'I would ', 'run_1:debate/1/0'), visibility: 'STAFF' }]);
        const [after] = await appendNotes(log, 1, 1);
        const head = await log.head(CHANNEL);
        expect([head.top, head.resume]).toEqual([after, after]);
        const [, snapshot] = await take(follow(log, undefined, 'snapshot'), 2);
        expect(snapshot).toMatchObject({ event: { type: 'TextSnapshot', visibility: 'STAFF', text: 'I would ' } });
      });

      it('knows its end without the rest, also of a channel nobody wrote to', async () => {
        const { log } = await open();
        expect(await log.top(CHANNEL)).toBe((await log.head(CHANNEL)).top);
        const [, last] = await appendNotes(log, 1, 2);
        expect(await log.top(CHANNEL)).toBe(last);
        const reader = follow(log, await log.top(CHANNEL));
        await log.append(CHANNEL, [delta(0, 'after it')]);
        expect((await take(reader, 2)).map((entry) => entry.kind)).toEqual(['ready', 'event']);
      });

      it('resumes at every token with the same text', async () => {
        const { log } = await open();
        const words = Array.from({ length: 40 }, (_, index) => `w${index} `);
        const positions: Position[] = [];
        let text = '';
        for (const word of words) {
          positions.push(await log.append(CHANNEL, [delta(text.length, word)]));
          text += word;
        }
        for (const [index, position] of positions.entries()) {
          const reader = follow(log, position);
          const held = words.slice(0, index + 1).join('');
          const entries = index === words.length - 1 ? [] : await takeUntil(reader, (entry) => entry.position === positions.at(-1));
          expect(applyText(entries, 'msg_1', held)).toBe(text);
          await reader.return?.();
        }
      });
    });

    describe('readers', () => {
      it('merges adjacent text deltas for a reader that is behind, character for character', async () => {
        const { log } = await open();
        const reader = follow(log);
        await take(reader, 1);
        let text = '';
        for (let n = 0; n < 500; n += 1) {
          await log.append(CHANNEL, [delta(text.length, `${n} `)]);
          text += `${n} `;
        }
        const entries = await takeUntil(reader, (entry) => entry.sequence === 500);
        expect(entries.length).toBeLessThan(10);
        expect(applyText(entries, 'msg_1')).toBe(text);
      });

      it('never merges across another event, another message or another attempt', async () => {
        const { log } = await open();
        const { top } = await log.head(CHANNEL);
        await log.append(CHANNEL, [delta(0, 'a'), note(1), delta(1, 'b'), delta(0, 'c', 'msg_2'), delta(0, 'd', 'msg_2', 2)]);
        const entries = await take(follow(log, top), 6);
        expect(entries.map((entry) => entry.sequence)).toEqual([0, 1, 2, 3, 4, 5]);
      });

      it('tells a reader that slept through more than the history SLOW, with a snapshot, and goes on live', async () => {
        const { log } = await open(100);
        const reader = follow(log);
        await take(reader, 1);
        await appendNotes(log, 1, 500);
        await log.append(CHANNEL, [delta(0, 'so far')]);
        const [reset, snapshot] = await take(reader, 2);
        expect(reset).toMatchObject({ kind: 'reset', reason: 'SLOW', sequence: 501 });
        expect(snapshot).toMatchObject({ event: { type: 'TextSnapshot', text: 'so far' } });
        await appendNotes(log, 501, 501);
        expect(numbers(await take(reader, 1))).toEqual([501]);
      });

      it('gives any number of readers the same entries', async () => {
        const { log } = await open();
        const all = Array.from({ length: 20 }, () => follow(log));
        await Promise.all(all.map((reader) => take(reader, 1)));
        await appendNotes(log, 1, 30);
        for (const reader of all) expect(numbers(await take(reader, 30))).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
      });

      it('ends a parked reader when its signal aborts, and when it is returned', async () => {
        const { log } = await open();
        const leaving = new AbortController();
        const aborted = follow(log, undefined, 'live', leaving.signal);
        const returned = follow(log);
        await take(aborted, 1);
        await take(returned, 1);
        const parked = [aborted.next(), returned.next()];
        leaving.abort();
        await returned.return?.();
        expect(await Promise.all(parked)).toEqual([
          { done: true, value: undefined },
          { done: true, value: undefined },
        ]);
      });

      it('loses and doubles nothing, whoever attaches, leaves and resumes in whatever order', async () => {
        const step = fc.oneof(
          fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
          fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 7 }) }),
          fc.constant({ do: 'reconnect' as const, count: 0 }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
            const made = await make({ historyEventsMax: 1_000 });
            const { log } = made;
            let written = 0;
            const seen: number[] = [];
            let position = (await log.head(CHANNEL)).top;
            let reader = log.follow(CHANNEL, { after: position, startAt: 'live', signal: new AbortController().signal });
            await reader.next();
            for (const { do: act, count } of steps) {
              if (act === 'append') for (let n = 0; n < count; n += 1) await log.append(CHANNEL, [note((written += 1))]);
              if (act === 'read') {
                for (const entry of await take(reader, Math.min(count, written - seen.length))) {
                  seen.push(...numbers([entry]));
                  position = entry.position;
                }
              }
              if (act === 'reconnect') {
                await reader.return?.();
                reader = log.follow(CHANNEL, { after: position, startAt: 'live', signal: new AbortController().signal });
                expect((await reader.next()).value).toMatchObject({ status: 'RECOVERED' });
              }
            }
            seen.push(...numbers(await take(reader, written - seen.length)));
            await reader.return?.();
            await made.close();
            expect(seen).toEqual(Array.from({ length: written }, (_, index) => index + 1));
          }),
          { numRuns: 40 },
        );
      });
    });
  });
}
