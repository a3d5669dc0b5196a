/**
 * Points per key and window, in this process and in Redis: never more than the limit passes, and never less than the limit, but for
 * what one operation counts less one.
 */
import fc from 'fast-check';
import { afterAll, afterEach, assert, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { createRateLimiter, type RateLimiter, type RateLimiterDeps } from '../../src/gateway/rate-limiter.ts';
import { pointsOf, RATE_TIERS, tierOf } from '../../src/gateway/rate-tiers.ts';
import { USER_ROLES } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer } from '../../src/store/viewer.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/process.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

const lines: string[] = [];
const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(line) } });
const opened: RateLimiter[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of opened.splice(0)) await one.close();
  lines.length = 0;
});

let keys = 0;
const newKey = () => `customer:cus_${(keys += 1)}`;

async function open(kind: 'memory' | 'Redis', deps: Partial<RateLimiterDeps> = {}): Promise<RateLimiter> {
  const limiter = createRateLimiter({ redisUrl: kind === 'Redis' ? redis.url : null, log, ...deps });
  opened.push(limiter);
  // Until Redis answers, points are counted in the process.
  if (kind === 'Redis') await eventually('Redis counts', async () => counted(newKey(), limiter));
  return limiter;
}

async function counted(key: string, limiter: RateLimiter): Promise<boolean> {
  await limiter.take(key, 'user', 1);
  return (await redis.direct.keys(`*${key}`)).length === 3;
}

describe('the tiers', () => {
  it('are these, per minute, hour and day', () => {
    expect(RATE_TIERS).toEqual({
      anonymous: { minute: 10, hour: 100, day: 1_000 },
      user: { minute: 60, hour: 1_000, day: 10_000 },
      partner: { minute: 120, hour: 2_000, day: 20_000 },
      admin: { minute: 300, hour: 5_000, day: 50_000 },
      super_admin: { minute: 1_000, hour: 20_000, day: 200_000 },
    });
  });

  it('follow from the viewer alone', () => {
    expect(tierOf(null)).toBe('anonymous');
    expect(tierOf({ kind: 'customer', customerId: 'cus_1' })).toBe('user');
    expect(tierOf(partnerViewer({ partnerId: 'ptn_1', keyId: null }))).toBe('partner');
    const ofRole = USER_ROLES.map((role) => [role, tierOf(staffViewer({ userId: 'usr_1', name: 'Sam', role }))]);
    expect(Object.fromEntries(ofRole)).toEqual({ super_admin: 'super_admin', admin: 'admin', user: 'user', readonly: 'user' });
  });
});

describe('what an operation counts', () => {
  it.each([
    ['a plain query', 'query', 0, 1, 1],
    ['the schema', 'query', 0, 1, 1, 1],
    ['the schema under twenty names', 'query', 0, 20, 10, 20],
    ['the schema beside a thousand objects', 'query', 1_000, 2, 2, 1],
    ['a query for a thousand objects', 'query', 1_000, 1, 1],
    ['a page of 25 conversations with 50 messages each', 'query', 2_551, 1, 3],
    ['the largest query', 'query', 10_000, 1, 10],
    ['a query larger than that, where more is allowed', 'query', 900_000, 1, 10],
    ['a query of many fields', 'query', 20, 20, 1],
    ['a mutation', 'mutation', 2, 1, 1],
    ['the same mutation under twenty names', 'mutation', 40, 20, 20],
    ['a subscription', 'subscription', 5, 1, 1],
  ] as const)('%s', (_what, kind, cost, fields, points, introspections: number = 0) => {
    expect(pointsOf(kind, { cost, fields, introspections })).toBe(points);
  });
});

describe.each(['memory', 'Redis'] as const)('in %s', (kind) => {
  it('lets through what fits into a window under concurrency, never more, and of each window all but what one operation counts less one', async () => {
    // What Redis counts is counted together, whoever asks.
    const instances = kind === 'Redis' ? [await open(kind), await open(kind), await open(kind)] : [await open(kind)];
    const bursts = fc.array(fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 });
    const tier = fc.constantFrom('anonymous' as const, 'user' as const, 'partner' as const);
    await fc.assert(
      fc.asyncProperty(tier, bursts, async (given, batches) => {
        const key = newKey();
        let passed = 0;
        let refusals = 0;
        for (const batch of batches) {
          const rates = await Promise.all(batch.map((cost, at) => (instances[at % instances.length] ?? assert.fail()).take(key, given, cost)));
          passed += rates.reduce((sum, { allowed, cost }) => sum + (allowed ? cost : 0), 0);
          refusals += rates.filter(({ allowed }) => !allowed).length;
        }
        const { minute } = RATE_TIERS[given];
        expect(passed).toBeLessThanOrEqual(minute);
        if (refusals > 0) expect(passed).toBeGreaterThan(minute - 10);
        else expect(passed).toBe(batches.flat().reduce((sum, cost) => sum + cost, 0));
      }),
      { numRuns: 60 },
    );
  });

  it('tells limit, what remains and when the window begins anew, of each window', async () => {
    const limiter = await open(kind);
    const key = newKey();
    await limiter.take(key, 'anonymous', 1);
    const rate = await limiter.take(key, 'anonymous', 3);
    expect(rate).toMatchObject({ tier: 'anonymous', cost: 3, allowed: true });
    expect(rate.standings.map(({ window, limit, remaining }) => [window, limit, remaining])).toEqual([
      ['minute', 10, 6],
      ['hour', 100, 96],
      ['day', 1_000, 996],
    ]);
    for (const { resetMs } of rate.standings) expect(resetMs).toBeGreaterThan(0);
  });

  it('keeps keys apart', async () => {
    const limiter = await open(kind);
    const [one, other] = [newKey(), newKey()];
    for (let n = 0; n < 11; n += 1) await limiter.take(one, 'anonymous', 1);
    expect(await limiter.take(one, 'anonymous', 1)).toMatchObject({ allowed: false });
    expect(await limiter.take(other, 'anonymous', 1)).toMatchObject({ allowed: true });
  });
});

describe('in memory', () => {
  it('begins each window anew when it is over, and refuses by the hour what the minute would take', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const limiter = createRateLimiter({ redisUrl: null, log });
    const key = newKey();
    const refusedBy: string[] = [];
    for (let minute = 0; minute < 12; minute += 1) {
      for (let n = 0; n < 11; n += 1) {
        const { allowed, standings } = await limiter.take(key, 'anonymous', 1);
        if (!allowed) refusedBy.push(standings.at(-1)?.window ?? '');
      }
      await vi.advanceTimersByTimeAsync(60_001);
    }
    // Ten minutes of ten are the hour's hundred.
    expect(refusedBy.filter((window) => window === 'minute')).toHaveLength(12);
    expect(refusedBy.filter((window) => window === 'hour')).toHaveLength(20);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await limiter.take(key, 'anonymous', 1)).toMatchObject({ allowed: true });
    await limiter.close();
  });

  it('knows whom it refused until the window is over, and nobody else', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const limiter = await open('memory');
    const key = newKey();
    for (let n = 0; n < 10; n += 1) await limiter.take(key, 'anonymous', 1);
    expect(limiter.spent(key, 'anonymous', 1)).toBeNull();
    await limiter.take(key, 'anonymous', 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(limiter.spent(key, 'anonymous', 3)).toMatchObject({
      cost: 3,
      allowed: false,
      standings: [{ window: 'minute', limit: 10, remaining: 0, resetMs: 40_000 }],
    });
    // Who signs in meanwhile has another tier, and other keys are other keys.
    expect(limiter.spent(key, 'user', 1)).toBeNull();
    expect(limiter.spent(newKey(), 'anonymous', 1)).toBeNull();
    await vi.advanceTimersByTimeAsync(40_001);
    expect(limiter.spent(key, 'anonymous', 1)).toBeNull();
    expect(await limiter.take(key, 'anonymous', 1)).toMatchObject({ allowed: true });
  });

  it('forgets who was silent longest when there are too many', async () => {
    const limiter = await open('memory', { keysMax: 2 });
    for (let n = 0; n < 11; n += 1) await limiter.take('a', 'anonymous', 1);
    await limiter.take('b', 'anonymous', 1);
    expect(await limiter.take('a', 'anonymous', 1)).toMatchObject({ allowed: false });
    await limiter.take('c', 'anonymous', 1);
    expect((await limiter.take('b', 'anonymous', 1)).standings[0]).toMatchObject({ remaining: 9 });
  });
});

describe('in Redis', () => {
  it('takes nothing of the hour for what the minute refuses', async () => {
    const limiter = await open('Redis');
    const key = newKey();
    for (let n = 0; n < 50; n += 1) await limiter.take(key, 'anonymous', 10);
    await redis.direct.del(...(await redis.direct.keys(`*minute*${key}`)));
    expect((await limiter.take(key, 'anonymous', 1)).standings[1]).toMatchObject({ window: 'hour', remaining: 89 });
  });

  it('counts together what several instances let through', async () => {
    const instances = [await open('Redis'), await open('Redis'), await open('Redis')];
    const key = newKey();
    const rates = await Promise.all(instances.flatMap((one) => Array.from({ length: 30 }, () => one.take(key, 'user', 1))));
    expect(rates.filter(({ allowed }) => allowed)).toHaveLength(60);
  });

  it('keeps no key longer than its window', async () => {
    const limiter = await open('Redis');
    const key = newKey();
    await limiter.take(key, 'user', 1);
    const ttls = await Promise.all((await redis.direct.keys(`*${key}`)).map((name) => redis.direct.ttl(name)));
    expect(ttls.toSorted((a, b) => a - b).map((ttl, at) => ttl > 0 && ttl <= ([60, 3_600, 86_400][at] ?? 0))).toEqual([true, true, true]);
  });

  it('is no outage when it is away: each instance counts by itself, says so once, and shares again when it is back', async () => {
    const limiter = await open('Redis');
    const key = newKey();
    await redis.stop();
    const rates = [];
    for (let n = 0; n < 12; n += 1) rates.push(await limiter.take(key, 'anonymous', 1));
    expect(rates.filter(({ allowed }) => allowed)).toHaveLength(10);
    await eventually('it says so', async () => lines.some((line) => line.includes('until Redis is back')));
    await redis.start();
    await eventually('Redis counts again', async () => counted(newKey(), limiter));
    expect(lines.filter((line) => line.includes('until Redis is back'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('in Redis again'))).toHaveLength(1);
  });

  it('that answers nothing holds nobody up for long', async () => {
    const limiter = await open('Redis');
    redis.pause();
    try {
      const key = newKey();
      const rates = [];
      for (let n = 0; n < 200; n += 1) rates.push(await limiter.take(key, 'anonymous', 1));
      // Were each of them to wait for Redis, they would outlast what a test may take.
      expect(rates.filter(({ allowed }) => allowed)).toHaveLength(10);
      expect(lines.filter((line) => line.includes('until Redis is back'))).toHaveLength(1);
    } finally {
      redis.resume();
    }
  });
});
