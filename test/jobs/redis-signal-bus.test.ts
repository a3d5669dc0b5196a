/** The signal bus on Redis: the contract over a real server, and what only it promises. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { createRedisSignalBus } from '../../src/jobs/redis-signal-bus.ts';
import { signalBusContract } from '../contract/signal-bus.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const log = createLogger({ level: 'silent', pretty: false });
let redis: RedisServer;
let made = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

signalBusContract('on Redis', () => createRedisSignalBus({ url: redis.url, log, prefix: `bus${(made += 1)}` }));

describe('the signal bus on Redis', () => {
  it('reaches every other instance once, also after all connections were dropped, and passes over what is no signal', async () => {
    const buses = await Promise.all([1, 2, 3].map(() => createRedisSignalBus({ url: redis.url, log })));
    const [first] = buses;
    const heard = buses.map(() => [] as string[]);
    let all = Promise.withResolvers<void>();
    let expected = 3;
    for (const [index, bus] of buses.entries()) {
      bus.on('stop', (id) => {
        heard[index]?.push(id);
        if (heard.flat().length >= expected) all.resolve();
      });
    }
    await redis.direct.publish('parley:signals', 'not a signal');
    await first?.send({ kind: 'stop', id: 'run_1' });
    await all.promise;
    expect(heard).toEqual([['run_1'], ['run_1'], ['run_1']]);

    all = Promise.withResolvers<void>();
    expected = 6;
    await redis.killClients('pubsub');
    await redis.killClients('normal');
    // Lossy by contract: said until everybody has heard it.
    const again = setInterval(() => void first?.send({ kind: 'stop', id: 'run_2' }), 20);
    while (!heard.every((ids) => ids.includes('run_2'))) {
      all = Promise.withResolvers<void>();
      await all.promise;
    }
    clearInterval(again);
    for (const bus of buses) await bus.close();
  });

  it('does not wait for a Redis that is away, and still reaches this process', async () => {
    const own = await startRedis();
    const bus = await createRedisSignalBus({ url: own.url, log });
    await own.stop();
    const heard = Promise.withResolvers<string>();
    bus.on('stop', (id) => heard.resolve(id));
    await bus.send({ kind: 'stop', id: 'run_1' });
    expect(await heard.promise).toBe('run_1');
    await bus.close();
    await own.close();
  });

  it('refuses to open when Redis cannot be reached', async () => {
    const own = await startRedis();
    await own.close();
    await expect(createRedisSignalBus({ url: own.url, log })).rejects.toThrow();
  });
});
