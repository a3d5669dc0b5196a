/** What every job queue must do, whatever it is built on. */
import { afterEach, describe, expect, it } from 'vitest';
import type { JobQueue } from '../../src/jobs/job-queue.ts';

export interface QueueUnderTest {
  readonly jobs: JobQueue;
  /** What was reported of handlers that failed. */
  readonly failures: () => number;
}

/** A handler that stays in each job until the test lets it go. */
function createHandler() {
  const begun: string[] = [];
  const held = new Map<string, PromiseWithResolvers<void>>();
  let changed = Promise.withResolvers<void>();
  return {
    begun,
    async handle(id: string): Promise<void> {
      const gate = Promise.withResolvers<void>();
      held.set(id, gate);
      begun.push(id);
      changed.resolve();
      await gate.promise;
    },
    async untilBegun(count: number): Promise<void> {
      while (begun.length < count) {
        changed = Promise.withResolvers<void>();
        await changed.promise;
      }
    },
    finish: (id: string) => held.get(id)?.resolve(),
    fail: (id: string, error: Error) => held.get(id)?.reject(error),
  };
}

export function jobQueueContract(name: string, make: () => Promise<QueueUnderTest>): void {
  describe(`${name}: a job queue`, () => {
    const opened: JobQueue[] = [];
    async function open(): Promise<QueueUnderTest> {
      const made = await make();
      opened.push(made.jobs);
      return made;
    }
    afterEach(async () => {
      for (const jobs of opened.splice(0)) await jobs.close();
    });

    it('keeps jobs until somebody works, and hands them out in the order they came', async () => {
      const { jobs } = await open();
      for (const id of ['a', 'b', 'c']) await jobs.enqueue({ kind: 'run', id });
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 1 }, handler.handle);
      for (const [at, id] of ['a', 'b', 'c'].entries()) {
        await handler.untilBegun(at + 1);
        handler.finish(id);
      }
      await stop();
      expect(handler.begun).toEqual(['a', 'b', 'c']);
    });

    it('handles no more at once than it was told', async () => {
      const { jobs } = await open();
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 2 }, handler.handle);
      for (const id of ['a', 'b', 'c']) await jobs.enqueue({ kind: 'run', id });
      await handler.untilBegun(2);
      expect(handler.begun).toEqual(['a', 'b']);
      handler.finish('b');
      await handler.untilBegun(3);
      expect(handler.begun).toEqual(['a', 'b', 'c']);
      handler.finish('a');
      handler.finish('c');
      await stop();
    });

    it('adds a waiting job only once, and handles one that is being handled once more, never twice at the same time', async () => {
      const { jobs } = await open();
      const handler = createHandler();
      for (let n = 0; n < 3; n += 1) await jobs.enqueue({ kind: 'run', id: 'a' });
      const stop = jobs.work('run', { atOnce: 5 }, handler.handle);
      await handler.untilBegun(1);
      for (let n = 0; n < 3; n += 1) await jobs.enqueue({ kind: 'run', id: 'a' });
      expect(handler.begun).toEqual(['a']);
      handler.finish('a');
      await handler.untilBegun(2);
      handler.finish('a');
      await stop();
      expect(handler.begun).toEqual(['a', 'a']);
    });

    it('reports a handler that throws, does not repeat its job, and goes on with the next', async () => {
      const { jobs, failures } = await open();
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 1 }, handler.handle);
      await jobs.enqueue({ kind: 'run', id: 'a' });
      await jobs.enqueue({ kind: 'run', id: 'b' });
      await handler.untilBegun(1);
      handler.fail('a', new Error('broken'));
      await handler.untilBegun(2);
      handler.finish('b');
      await stop();
      expect(handler.begun).toEqual(['a', 'b']);
      expect(failures()).toBe(1);
    });

    it('stops working only when what was begun is done, and begins nothing after that', async () => {
      const { jobs } = await open();
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 1 }, handler.handle);
      await jobs.enqueue({ kind: 'run', id: 'a' });
      await jobs.enqueue({ kind: 'run', id: 'b' });
      await handler.untilBegun(1);
      let stopped = false;
      const stopping = stop().then(() => (stopped = true));
      await Promise.resolve();
      expect(stopped).toBe(false);
      handler.finish('a');
      await stopping;
      expect(handler.begun).toEqual(['a']);
    });

    it('takes nothing after it was closed, and may be closed twice', async () => {
      const { jobs } = await open();
      const handler = createHandler();
      jobs.work('run', { atOnce: 1 }, handler.handle);
      await jobs.close();
      await jobs.enqueue({ kind: 'run', id: 'a' });
      await jobs.close();
      expect(handler.begun).toEqual([]);
    });
  });
}
