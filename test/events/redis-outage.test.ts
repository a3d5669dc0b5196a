/** What the event log does while Redis is away, mute or wrong, and when it is back. Real servers, really hurt. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Channel, Entry } from '../../src/events/event-log.ts';
import { createRedisEventLog, type RedisEventLog } from '../../src/events/redis-event-log.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { take } from '../support/collect.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const CHANNEL: Channel = 'conversation:conv_test';
const HISTORY_MS = 60_000;
const WAIT_MS = 500;
const UNAVAILABLE = { code: 'UNAVAILABLE', retryable: true };

function note(n: number): ParleyEvent {
  return { type: 'ConversationChanged', at: '2026-01-01T00:00:00.000Z', visibility: 'CUSTOMER', conversationId: `conv_${n}` };
}

function numbers(entries: readonly Entry[]): number[] {
  return entries.flatMap((entry) =>
    entry.kind === 'event' && entry.event.type === 'ConversationChanged' ? [Number(entry.event.conversationId.slice(5))] : [],
  );
}

describe('the event log on Redis', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one.close();
  });

  async function serve(settings: readonly string[] = []): Promise<RedisServer> {
    const redis = await startRedis(settings);
    opened.push(redis);
    return redis;
  }

  async function open(url: string, told: string[] = []): Promise<RedisEventLog> {
    const log = createLogger({ level: 'warn', pretty: false, destination: { write: (line) => void told.push(line) } });
    const historyMs = { conversation: HISTORY_MS, run: HISTORY_MS, escalations: HISTORY_MS };
    const made = await createRedisEventLog({ url, clock: systemClock, log, historyMs, historyEventsMax: 10_000, waitMs: WAIT_MS, checkMs: 200 });
    opened.push(made);
    return made;
  }

  const follow = (log: RedisEventLog) => log.follow(CHANNEL, { startAt: 'live', signal: new AbortController().signal });

  /** Appends until it is taken; what was refused is repeated under its own key. */
  async function appendStubbornly(log: RedisEventLog, n: number): Promise<void> {
    for (;;) {
      try {
        await log.append(CHANNEL, [note(n)], { idempotencyKey: `n${n}` });
        return;
      } catch (error) {
        expect(error).toMatchObject(UNAVAILABLE);
        await systemClock.sleep(20);
      }
    }
  }

  it('says where it looked when Redis cannot be reached, without the password', async () => {
    const redis = await serve();
    await redis.stop();
    const opening = createRedisEventLog({
      url: `redis://parley:secret@127.0.0.1:${redis.port}`,
      clock: systemClock,
      log: createLogger({ level: 'silent', pretty: false }),
      historyMs: { conversation: 1, run: 1, escalations: 1 },
      historyEventsMax: 10,
    });
    const error: unknown = await opening.catch((reason: unknown) => reason);
    expect(String(error)).toMatch(new RegExp(`Redis at 127\\.0\\.0\\.1:${redis.port} cannot be reached.*ECONNREFUSED.*REDIS_URL`));
    expect(String(error)).not.toContain('secret');
  });

  it('warns of a memory policy that throws history away, naming the setting, and of none that does not', async () => {
    const evicting = await serve(['--maxmemory-policy', 'volatile-lru']);
    const told: string[] = [];
    await open(evicting.url, told);
    expect(told.join('')).toMatch(/maxmemory-policy to noeviction/);
    const keeping = await serve();
    const quiet: string[] = [];
    await open(keeping.url, quiet);
    expect(quiet).toEqual([]);
  });

  it('refuses writes and new readers while Redis is away, keeps the readers it has, and tells them when all was lost', async () => {
    const redis = await serve();
    const log = await open(redis.url);
    const reader = follow(log);
    await take(reader, 1);
    await log.append(CHANNEL, [note(1)]);
    await take(reader, 1);
    const parked = reader.next();
    await redis.stop();
    await expect(log.append(CHANNEL, [note(2)])).rejects.toMatchObject(UNAVAILABLE);
    await expect(log.probe(AbortSignal.timeout(5_000))).rejects.toMatchObject(UNAVAILABLE);
    expect(() => log.assertAvailable()).toThrow(expect.objectContaining(UNAVAILABLE));
    expect(() => follow(log)).toThrow(expect.objectContaining(UNAVAILABLE));
    await expect(log.head(CHANNEL)).rejects.toMatchObject(UNAVAILABLE);
    await redis.start();
    const { value } = await parked;
    expect(value).toMatchObject({ kind: 'reset', reason: 'EPOCH' });
    await appendStubbornly(log, 3);
    expect(numbers(await take(reader, 1))).toEqual([3]);
    await expect(log.probe(AbortSignal.timeout(5_000))).resolves.toBeUndefined();
  });

  it('takes an append that meets a lost connection once, when the connection is back in time', async () => {
    const redis = await serve();
    const log = await open(redis.url);
    const reader = follow(log);
    await take(reader, 1);
    for (let n = 1; n <= 40; n += 1) {
      const killed = n % 4 === 0 ? redis.killClients(n % 8 === 0 ? 'pubsub' : 'normal') : null;
      await log.append(CHANNEL, [note(n)]);
      await killed;
    }
    expect(numbers(await take(reader, 40))).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('heals by itself after Redis stood still for three seconds', async () => {
    const redis = await serve();
    const [a, b] = [await open(redis.url), await open(redis.url)];
    const readers = [follow(a), follow(b)];
    for (const reader of readers) await take(reader, 1);
    for (let n = 1; n <= 10; n += 1) await a.append(CHANNEL, [note(n)]);
    redis.pause();
    const refused = await a.append(CHANNEL, [note(11)], { idempotencyKey: 'n11' }).catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(() => a.assertAvailable()).toThrow(expect.objectContaining(UNAVAILABLE));
    await systemClock.sleep(3_000 - WAIT_MS);
    redis.resume();
    for (let n = 11; n <= 20; n += 1) await appendStubbornly(n % 2 === 0 ? a : b, n);
    for (const reader of readers) expect(numbers(await take(reader, 20))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('ends its readers and refuses what comes after when it closes, also while Redis is away', async () => {
    const redis = await serve();
    const log = await open(redis.url);
    const reader = follow(log);
    await take(reader, 1);
    const parked = reader.next();
    await redis.stop();
    const waiting = log.append(CHANNEL, [note(1)]).catch((error: unknown) => error);
    await log.close();
    await log.close();
    expect(await parked).toEqual({ done: true, value: undefined });
    expect(await waiting).toMatchObject(UNAVAILABLE);
    await expect(log.append(CHANNEL, [note(2)])).rejects.toMatchObject(UNAVAILABLE);
  });
});
