/**
 * Three instances on one Redis, writers that repeat themselves, readers that come and go on any of them, and connections that are
 * dropped all the time: nothing is lost, doubled or out of order. A short form; nothing here depends on how fast the machine is.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Channel } from '../../src/events/event-log.ts';
import { createRedisEventLog, type RedisEventLog } from '../../src/events/redis-event-log.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const CHANNELS: readonly Channel[] = ['conversation:a', 'conversation:b', 'run:c', 'escalations:d'];
const WRITERS_PER_CHANNEL = 2;
const READERS = 24;
const KILLS = 60;
const KILL_EVERY_MS = 100;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

function note(id: string): ParleyEvent {
  return { type: 'ConversationChanged', at: '2026-01-01T00:00:00.000Z', visibility: 'CUSTOMER', conversationId: id };
}

interface Reader {
  readonly channel: Channel;
  /** What it saw, by sequence number, in the order in which it saw it. */
  readonly seen: { readonly sequence: number; readonly id: string }[];
  readonly faults: string[];
}

it('loses, doubles and disorders nothing while connections are dropped', { timeout: 60_000 }, async () => {
  const log = createLogger({ level: 'silent', pretty: false });
  const historyMs = { conversation: 600_000, run: 600_000, escalations: 600_000 };
  const logs = await Promise.all(
    [1, 2, 3].map(() =>
      createRedisEventLog({ url: redis.url, clock: systemClock, log, historyMs, historyEventsMax: 200_000, windowEventsMax: 200, graceMs: 50, checkMs: 500 }),
    ),
  );
  const pick = (n: number): RedisEventLog => logs[n % logs.length] ?? never();
  const writing = new AbortController();
  const written = new Map<Channel, string[]>(CHANNELS.map((channel) => [channel, []]));
  let repeats = 0;

  async function write(channel: Channel, writer: number): Promise<void> {
    for (let n = 0; !writing.signal.aborted; n += 1) {
      const ids = Array.from({ length: 1 + (n % 3) }, (_, part) => `${writer}.${n}.${part}`);
      const events = ids.map(note);
      let position: string | null = null;
      for (let attempt = 0; position === null || attempt < (n % 10 === 0 ? 2 : 1); attempt += 1) {
        try {
          const answer = await pick(writer + n + attempt).append(channel, events, { idempotencyKey: `${writer}.${n}` });
          if (position !== null) repeats += 1;
          if (position !== null && position !== answer) throw new Error(`a repeated append answered ${answer} after ${position}`);
          position = answer;
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'UNAVAILABLE') throw error;
        }
      }
      written.get(channel)?.push(...ids);
      await systemClock.sleep(2);
    }
  }

  async function read(reader: Reader, seed: number, tops: Promise<ReadonlyMap<Channel, string>>): Promise<void> {
    let after = (await pick(seed).head(reader.channel)).top;
    let last = '';
    void tops.then((all) => (last = all.get(reader.channel) ?? ''));
    for (let visit = seed; after !== last; visit += 1) {
      const leaving = new AbortController();
      const patience = setTimeout(() => leaving.abort(), 200 + (visit % 5) * 100);
      try {
        for await (const entry of pick(visit).follow(reader.channel, { after, startAt: 'live', signal: leaving.signal })) {
          if (entry.kind === 'reset' || (entry.kind === 'ready' && entry.status !== 'RECOVERED'))
            reader.faults.push(`unproved at ${after}: ${JSON.stringify(entry)}`);
          if (entry.kind === 'event' && entry.event.type === 'ConversationChanged') {
            reader.seen.push({ sequence: entry.sequence, id: entry.event.conversationId });
          }
          after = entry.position;
          if (after === last) break;
        }
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'UNAVAILABLE') throw error;
        await systemClock.sleep(10);
      } finally {
        clearTimeout(patience);
      }
    }
  }

  const tops = Promise.withResolvers<ReadonlyMap<Channel, string>>();
  const readers = Array.from({ length: READERS }, (_, n): Reader => ({ channel: CHANNELS[n % CHANNELS.length] ?? never(), seen: [], faults: [] }));
  const reading = readers.map((reader, seed) => read(reader, seed, tops.promise));
  const writers = CHANNELS.flatMap((channel, n) => Array.from({ length: WRITERS_PER_CHANNEL }, (_, m) => write(channel, n * WRITERS_PER_CHANNEL + m)));
  for (let n = 0; n < KILLS; n += 1) {
    await systemClock.sleep(KILL_EVERY_MS);
    await redis.killClients(n % 3 === 0 ? 'normal' : 'pubsub');
  }
  writing.abort();
  await Promise.all(writers);
  const topOf = async (channel: Channel) => (await redis.direct.hmget(`parley:{${channel}}:m`, 'e', 's')).join('.');
  tops.resolve(new Map(await Promise.all(CHANNELS.map(async (channel) => [channel, await topOf(channel)] as const))));
  await Promise.all(reading);

  let deliveries = 0;
  for (const channel of CHANNELS) {
    const truth = (await redis.direct.xrange(`parley:{${channel}}:s`, '-', '+')).map(
      ([, fields]) => /"conversationId":"([^"]+)"/.exec(fields[1] ?? '')?.[1] ?? '',
    );
    expect(new Set(truth).size).toBe(truth.length);
    expect(new Set(truth)).toEqual(new Set(written.get(channel)));
    for (const { seen, faults } of readers.filter((reader) => reader.channel === channel)) {
      expect(faults).toEqual([]);
      const first = seen[0]?.sequence ?? 0;
      expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => first + index));
      expect(seen.at(-1)?.sequence).toBe(truth.length);
      expect(seen.map(({ id }) => id)).toEqual(truth.slice(first - 1));
      deliveries += seen.length;
    }
  }
  expect(deliveries).toBeGreaterThan(5_000);
  expect(repeats).toBeGreaterThan(20);
  await Promise.all(logs.map((each) => each.close()));
});

function never(): never {
  throw new Error('an index out of range');
}
