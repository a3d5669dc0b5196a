/** The event log on Redis: the contract, over a real server. */
import { afterAll, beforeAll } from 'vitest';
import type { Channel } from '../../src/events/event-log.ts';
import { createRedisEventLog, type RedisEventLog } from '../../src/events/redis-event-log.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { eventLogContract } from '../contract/event-log.ts';
import { sharedEventLogContract } from '../contract/shared-event-log.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const HISTORY_MS = 60_000;
const log = createLogger({ level: 'silent', pretty: false });
let redis: RedisServer;
let made = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

eventLogContract('on Redis', async ({ historyEventsMax }) => {
  const clock = createManualClock();
  const prefix = `t${(made += 1)}`;
  const historyMs = { conversation: HISTORY_MS, run: HISTORY_MS, escalations: HISTORY_MS };
  const eventLog = await createRedisEventLog({ url: redis.url, clock, log, historyMs, historyEventsMax, prefix });
  return {
    log: eventLog,
    async expire() {
      clock.advance(HISTORY_MS + 1);
      await redis.direct.del(...(await redis.direct.keys(`${prefix}:*:s`)));
    },
    async lose(channel) {
      await redis.direct.del(`${prefix}:{${channel}}:s`, `${prefix}:{${channel}}:m`);
    },
    close: () => eventLog.close(),
  };
});

sharedEventLogContract('on Redis', async () => {
  const prefix = `t${(made += 1)}`;
  const instances: RedisEventLog[] = [];
  const { direct } = redis;
  const keysOf = (channel: Channel) => [`${prefix}:{${channel}}:s`, `${prefix}:{${channel}}:m`];
  return {
    async instance() {
      const historyMs = { conversation: HISTORY_MS, run: HISTORY_MS, escalations: HISTORY_MS };
      const limits = { historyMs, historyEventsMax: 5_000, windowEventsMax: 300 };
      const instance = await createRedisEventLog({ url: redis.url, clock: createManualClock(), log, prefix, ...limits });
      instances.push(instance);
      return instance;
    },
    async remember(channel) {
      const dumps = await Promise.all(keysOf(channel).map(async (key) => ({ key, dump: await direct.dumpBuffer(key) })));
      return async () => {
        for (const { key, dump } of dumps) {
          if (dump) await direct.restore(key, HISTORY_MS, dump, 'REPLACE');
          else await direct.del(key);
        }
      };
    },
    async loseAll() {
      await direct.flushall();
    },
    async poison(channel) {
      const [stream = '', meta = ''] = keysOf(channel);
      const [epoch, top] = await direct.hmget(meta, 'e', 's');
      const offset = Number(top) + 1;
      await direct.xadd(stream, `${offset}-0`, 'd', 'other:1 9{"type":"from the future"}');
      await direct.hset(meta, 's', offset, 'n', 'other:1');
      await direct.publish(`${prefix}:{${channel}}:p`, `${epoch} ${offset} 1 other:1\n9{"type":"from the future"}`);
    },
    async calls() {
      const told = await direct.info('commandstats');
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(told)?.[1] ?? 0);
    },
    async close() {
      for (const each of instances) await each.close();
    },
  };
});
