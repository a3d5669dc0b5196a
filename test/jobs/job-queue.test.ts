/** The job queue of one process: the contract, and its bounds. */
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { DELAY_MS_MAX } from '../../src/jobs/job-queue.ts';
import { createMemoryJobQueue, type MemoryJobQueueOptions } from '../../src/jobs/memory-job-queue.ts';
import { jobQueueContract } from '../contract/job-queue.ts';
import { createManualClock } from '../support/manual-clock.ts';

function makeQueue(options: Omit<MemoryJobQueueOptions, 'log'> = {}) {
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(line) };
  const jobs = createMemoryJobQueue({ log: createLogger({ level: 'warn', pretty: false, destination }), ...options });
  return { jobs, told, failures: () => told.filter((line) => line.includes('job failed')).length };
}

jobQueueContract('in memory', async () => makeQueue());

describe('the job queue in memory', () => {
  it('drops and reports what finds no room, those for later counted, and takes again when there is room', async () => {
    const { jobs, told } = makeQueue({ waitingMax: 2 });
    await jobs.enqueue({ kind: 'run', id: 'a' });
    await jobs.enqueue({ kind: 'run', id: 'b', delayMs: DELAY_MS_MAX });
    await jobs.enqueue({ kind: 'run', id: 'dropped' });
    await jobs.enqueue({ kind: 'run', id: 'b' });
    expect(told.filter((line) => line.includes('job queue is full'))).toHaveLength(1);
    const handled: string[] = [];
    const stop = jobs.work('run', { atOnce: 1 }, async (id) => void handled.push(id));
    await stop();
    await jobs.enqueue({ kind: 'run', id: 'c' });
    expect(told).toHaveLength(1);
    await jobs.close();
    expect(handled).toEqual(['a']);
  });

  it('keeps nothing for a moment that is further away than an hour', async () => {
    const { jobs, told } = makeQueue({ waitingMax: 1 });
    await jobs.enqueue({ kind: 'run', id: 'far', delayMs: DELAY_MS_MAX + 1 });
    await jobs.enqueue({ kind: 'run', id: 'a' });
    expect(told).toEqual([]);
    await jobs.close();
  });

  it('hands a job out when its moment has come, and none after it was closed', async () => {
    const clock = createManualClock();
    const { jobs } = makeQueue({ clock });
    const handled: string[] = [];
    let woken = Promise.withResolvers<void>();
    jobs.work('run', { atOnce: 1 }, async (id) => {
      handled.push(id);
      woken.resolve();
    });
    await jobs.enqueue({ kind: 'run', id: 'a', delayMs: 2_000 });
    await jobs.enqueue({ kind: 'run', id: 'b', delayMs: 1_000 });
    await jobs.enqueue({ kind: 'run', id: 'c', delayMs: 4_000 });
    clock.advance(1_999);
    await woken.promise;
    woken = Promise.withResolvers<void>();
    expect(handled).toEqual(['b']);
    clock.advance(1);
    await woken.promise;
    await jobs.close();
    clock.advance(10_000);
    await Promise.resolve();
    expect(handled).toEqual(['b', 'a']);
  });
});
