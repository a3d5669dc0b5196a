/** Who is where: the contract in one process and on a real Redis, and what only several processes show. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryPresenceRegistry } from '../../src/events/memory-presence-registry.ts';
import { createRedisPresenceRegistry } from '../../src/events/redis-presence-registry.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { presenceRegistryContract } from '../contract/presence-registry.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const log = createLogger({ level: 'silent', pretty: false });
const ROOM = 'conversation:conv_1';
let redis: RedisServer;
let prefixes = 0;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

const open = (prefix: string, leaseMs?: number) => createRedisPresenceRegistry({ url: redis.url, log, prefix, ...(leaseMs === undefined ? {} : { leaseMs }) });

presenceRegistryContract('in one process', async () => createMemoryPresenceRegistry());
presenceRegistryContract('on Redis', () => open(`presence-${(prefixes += 1)}`));

describe('a presence registry of several processes', () => {
  it('tells a participant’s coming to the first process and the going to the last', async () => {
    const [one, two] = [await open('several'), await open('several')];
    expect(await one.enter(ROOM, 'customer:a')).toHaveLength(1);
    expect(await two.enter(ROOM, 'customer:a')).toEqual([]);
    expect(await two.present(ROOM)).toEqual(['customer:a']);
    expect(await one.leave(ROOM, 'customer:a')).toEqual([]);
    expect(await two.leave(ROOM, 'customer:a')).toEqual([{ channel: ROOM, participant: 'customer:a', present: false }]);
    await Promise.all([one.close(), two.close()]);
  });

  it('lets exactly one process tell that somebody went with a process that died', async () => {
    const dead = await open('dead', 50);
    const [one, two] = [await open('dead'), await open('dead')];
    await dead.enter(ROOM, 'customer:gone');
    await Promise.all([one.enter(ROOM, 'person:b'), two.enter(ROOM, 'person:c')]);
    await dead.close();
    const told: string[] = [];
    const limit = AbortSignal.timeout(10_000);
    while (told.length === 0) {
      const changes = await Promise.all([one.renew([{ channel: ROOM, participant: 'person:b' }]), two.renew([{ channel: ROOM, participant: 'person:c' }])]);
      told.push(...changes.flat().map(({ participant, present }) => `${participant} ${String(present)}`));
      await systemClock.sleep(10, limit);
    }
    expect(told).toEqual(['customer:gone false']);
    expect((await one.present(ROOM)).toSorted()).toEqual(['person:b', 'person:c']);
    await Promise.all([one.close(), two.close()]);
  });

  it('does not tell that somebody went who comes back by another process at that moment', async () => {
    const dead = await open('back', 20);
    const alive = await open('back');
    await dead.enter(ROOM, 'customer:a');
    await dead.close();
    await systemClock.sleep(30);
    expect(await alive.enter(ROOM, 'customer:a')).toEqual([]);
    expect(await alive.present(ROOM)).toEqual(['customer:a']);
    await alive.close();
  });
});
