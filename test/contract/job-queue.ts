/** What every job queue must do, whatever it is built on. */
import { afterEach, describe, expect, it } from 'vitest';
import { DELAY_MS_MAX, type JobQueue } from '../../src/jobs/job-queue.ts';

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

    it('hands out higher priorities first, and those of one priority in the order they came', async () => {
      const { jobs } = await open();
      const added = [
        ['low', -5],
        ['a', 0],
        ['high', 7],
        ['b', undefined],
        ['highest', 5_000],
        ['also high', 7],
        ['beyond', 1_000],
      ] as const;
      for (const [id, priority] of added) await jobs.enqueue({ kind: 'run', id, ...(priority === undefined ? {} : { priority }) });
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 1 }, handler.handle);
      const wanted = ['highest', 'beyond', 'high', 'also high', 'a', 'b', 'low'];
      for (const [at, id] of wanted.entries()) {
        await handler.untilBegun(at + 1);
        handler.finish(id);
      }
      await stop();
      expect(handler.begun).toEqual(wanted);
    });

    it('holds a job back until its moment, whatever its priority, and lets others pass', async () => {
      const { jobs } = await open();
      await jobs.enqueue({ kind: 'run', id: 'in an hour', priority: 9, delayMs: DELAY_MS_MAX });
      await jobs.enqueue({ kind: 'run', id: 'now' });
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 5 }, handler.handle);
      await handler.untilBegun(1);
      await jobs.enqueue({ kind: 'run', id: 'soon', delayMs: 50 });
      await handler.untilBegun(2);
      handler.finish('now');
      handler.finish('soon');
      await stop();
      expect(handler.begun).toEqual(['now', 'soon']);
    });

    it('wakes once for a job that is added for later and for now, and for the earlier of two moments', async () => {
      const { jobs } = await open();
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 5 }, handler.handle);
      await jobs.enqueue({ kind: 'run', id: 'forward', delayMs: 300 });
      await jobs.enqueue({ kind: 'run', id: 'forward' });
      await handler.untilBegun(1);
      handler.finish('forward');
      await jobs.enqueue({ kind: 'run', id: 'earlier', delayMs: 500 });
      await jobs.enqueue({ kind: 'run', id: 'earlier', delayMs: DELAY_MS_MAX });
      await handler.untilBegun(2);
      handler.finish('earlier');
      await stop();
      expect(handler.begun).toEqual(['forward', 'earlier']);
    });

    it('adds a waiting job once, however often and with whatever priority and delay it is asked for', async () => {
      const { jobs } = await open();
      await jobs.enqueue({ kind: 'run', id: 'a' });
      for (let n = 0; n < 20; n += 1) await jobs.enqueue({ kind: 'run', id: 'a', priority: n, delayMs: n % 2 });
      await jobs.enqueue({ kind: 'run', id: 'last', priority: -1_000 });
      const handler = createHandler();
      const stop = jobs.work('run', { atOnce: 1 }, handler.handle);
      await handler.untilBegun(1);
      handler.finish('a');
      await handler.untilBegun(2);
      handler.finish('last');
      await stop();
      expect(handler.begun).toEqual(['a', 'last']);
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
