/** Whoever comes and goes leaves nothing behind: in the process and in Redis. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRedisEventLog } from '../../src/events/redis-event-log.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { take } from '../support/collect.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

it('leaves no subscription, listener, timer or channel behind after 1,000 readers came and went', async () => {
  const log = await createRedisEventLog({
    url: redis.url,
    clock: systemClock,
    log: createLogger({ level: 'silent', pretty: false }),
    historyMs: { conversation: 60_000, run: 60_000, escalations: 60_000 },
    historyEventsMax: 100,
    graceMs: 1,
  });
  const { signal } = new AbortController();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const timersBefore = timers();
  for (let n = 0; n < 1_000; n += 1) {
    const reader = log.follow(`conversation:conv_${n % 50}`, { startAt: 'snapshot', signal });
    // Some leave before they were let in, some parked, some after they read.
    if (n % 3 > 0) await take(reader, 1);
    const parked = n % 3 === 2 ? reader.next() : null;
    await reader.return?.();
    await parked;
  }
  expect(log.counts().followers).toBe(0);
  while (log.counts().channels > 0 || log.counts().listening > 0) await systemClock.sleep(5);
  while ((await redis.direct.call('PUBSUB', 'NUMPAT')) !== 0 || (await redis.direct.pubsub('CHANNELS')).length > 0) await systemClock.sleep(5);
  expect(timers()).toBeLessThanOrEqual(timersBefore + 1);
  await log.close();
  const names = (await redis.direct.client('LIST')) as string;
  expect(names).not.toContain('name=parley');
});
