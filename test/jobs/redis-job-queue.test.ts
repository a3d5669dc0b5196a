/** The job queue on BullMQ: the contract over a real server, and what only it promises. */
import { Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { DELAY_MS_MAX } from '../../src/jobs/job-queue.ts';
import { createBullJobQueue } from '../../src/jobs/bull-job-queue.ts';
import { jobQueueContract } from '../contract/job-queue.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

let redis: RedisServer;
let made = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

function makeQueue(prefix = `jobs${(made += 1)}`) {
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(line) };
  const jobs = createBullJobQueue({ url: redis.url, log: createLogger({ level: 'warn', pretty: false, destination }), prefix, enqueueMs: 500 });
  return { jobs, prefix, failures: () => told.filter((line) => line.includes('job failed')).length, told };
}

jobQueueContract('on BullMQ', async () => makeQueue());

describe('the job queue on BullMQ', () => {
  it('wakes a worker of another instance', async () => {
    const here = makeQueue();
    const there = makeQueue(here.prefix);
    const handled = Promise.withResolvers<string>();
    there.jobs.work('run', { atOnce: 1 }, async (id) => handled.resolve(id));
    await here.jobs.enqueue({ kind: 'run', id: 'run_1' });
    expect(await handled.promise).toBe('run_1');
    await here.jobs.close();
    await there.jobs.close();
  });

  it('keeps nothing for a moment that is further away than an hour', async () => {
    const { jobs, prefix } = makeQueue();
    await jobs.enqueue({ kind: 'run', id: 'far', delayMs: DELAY_MS_MAX + 1 });
    expect(await redis.direct.zcard(`${prefix}:run:delayed`)).toBe(0);
    await jobs.enqueue({ kind: 'run', id: 'near', delayMs: DELAY_MS_MAX });
    expect(await redis.direct.zcard(`${prefix}:run:delayed`)).toBe(1);
    await jobs.close();
  });

  it('hands on the job of a worker that died, as often as that happens', async () => {
    const { jobs, prefix } = makeQueue();
    const diedOften = Promise.withResolvers<void>();
    let begun = 0;
    const dying = new Worker(
      'run',
      async () => {
        begun += 1;
        if (begun === 5) diedOften.resolve();
        await new Promise(() => undefined);
      },
      {
        connection: { url: redis.url, maxRetriesPerRequest: null },
        prefix,
        concurrency: 5,
        lockDuration: 100,
        stalledInterval: 100,
        maxStalledCount: 1_000,
        skipLockRenewal: true,
      },
    );
    await dying.waitUntilReady();
    await jobs.enqueue({ kind: 'run', id: 'run_1' });
    await diedOften.promise;
    await dying.close(true);
    const handled = Promise.withResolvers<string>();
    const stop = jobs.work('run', { atOnce: 1 }, async (id) => handled.resolve(id));
    expect(await handled.promise).toBe('run_1');
    await stop();
    await jobs.close();
  });

  it('drops a job while Redis is away, without waiting long or failing, and works again when it is back', async () => {
    const { jobs, told } = makeQueue();
    const handled: string[] = [];
    let done = Promise.withResolvers<void>();
    jobs.work('run', { atOnce: 1 }, async (id) => {
      handled.push(id);
      done.resolve();
    });
    await jobs.enqueue({ kind: 'run', id: 'before' });
    await done.promise;
    await redis.stop();
    done = Promise.withResolvers<void>();
    await jobs.enqueue({ kind: 'run', id: 'lost' });
    expect(told.some((line) => line.includes('job was not added'))).toBe(true);
    await redis.start();
    await redis.direct.ping();
    const again = setInterval(() => void jobs.enqueue({ kind: 'run', id: 'after' }), 100);
    await done.promise;
    clearInterval(again);
    expect(handled.slice(0, 2)).toEqual(['before', 'after']);
    await jobs.close();
  });
});
