/**
 * The job queue that many processes share, on BullMQ. It only wakes: a job says which row to look at, and the row decides. So a job
 * that cannot be added is dropped, and one whose worker died is handed to another as often as that happens.
 */
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../foundation/logger.ts';
import { boundedPriority, DELAY_MS_MAX, JOB_KINDS, PRIORITY_MAX, type Job, type JobKind, type JobQueue } from './job-queue.ts';

export interface BullJobQueueOptions {
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  readonly url: string;
  readonly log: Logger;
  /** First part of every key; `parley-jobs` when absent. */
  readonly prefix?: string;
  /** How long adding a job may take before it is left to its row. */
  readonly enqueueMs?: number;
}

interface Payload {
  readonly id: string;
}

/** A dead worker's jobs are handed on after the lock and one check: 6 s at most. */
const LOCK_MS = 4_000;
const STALLED_CHECK_MS = 2_000;
/** Never given up: the row knows how often it was attempted. */
const STALLED_MAX = 1_000_000;
const BLOCK_S = 5;
const RETRY_MS_MAX = 1_000;
const CLOSE_MS = 5_000;
/** BullMQ takes the lowest number first, and before all of them what has none. */
const FIRST = 1;

export function createBullJobQueue({ url, log, prefix = 'parley-jobs', enqueueMs = 2_000 }: BullJobQueueOptions): JobQueue {
  const retryStrategy = (times: number) => Math.min(RETRY_MS_MAX, 50 * 2 ** Math.min(times, 5));
  // Adding fails at once while Redis is away; working waits for it as long as it takes.
  const adding = connect(url, { retryStrategy, enableOfflineQueue: false, maxRetriesPerRequest: 0, connectionName: 'parley-jobs' });
  const working = connect(url, { retryStrategy, maxRetriesPerRequest: null, connectionName: 'parley-work' });
  const queues = new Map<JobKind, Queue<Payload>>();
  const workers = new Map<JobKind, Worker<Payload>>();
  const handling = new Map<JobKind, Set<Promise<void>>>();
  let closing: Promise<void> | null = null;

  for (const kind of JOB_KINDS) {
    const queue = new Queue<Payload>(kind, { connection: adding, prefix, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } });
    // Told once per command by `enqueue`; between commands a lost connection is nobody's concern.
    queue.on('error', () => undefined);
    queues.set(kind, queue);
  }

  async function enqueue({ kind, id, priority, delayMs: delay = 0 }: Job): Promise<void> {
    const queue = queues.get(kind);
    if (closing || !queue || delay > DELAY_MS_MAX) return;
    try {
      // A job that waits stands for all that are added meanwhile, but gives way to one that need not wait; one that is being handled
      // is followed by one more.
      const deduplication = { id, keepLastIfActive: true, replace: delay === 0 };
      const added = queue.add(kind, { id }, { deduplication, delay, priority: FIRST + PRIORITY_MAX - boundedPriority(priority) });
      await within(added, enqueueMs);
    } catch (error) {
      log.warn({ err: error, kind, id }, 'job was not added: its row will bring it back');
    }
  }

  async function handleOne(kind: JobKind, handle: (id: string) => Promise<void>, id: unknown): Promise<void> {
    if (typeof id !== 'string') throw new UnrecoverableError('a job without an id');
    try {
      await handle(id);
    } catch (error) {
      log.error({ err: error, kind, id }, 'job failed');
    }
  }

  /** Resolves when the handlers are done; that Redis is away keeps nobody from leaving. */
  async function stop(kind: JobKind, worker: Worker<Payload>): Promise<void> {
    const closed = worker.close();
    const active = handling.get(kind);
    if (active) await Promise.all(active);
    await within(closed, CLOSE_MS).catch((error: unknown) => log.debug({ err: error, kind }, 'job worker did not take its leave of redis'));
  }

  async function closeAll(): Promise<void> {
    await Promise.all([...workers].map(([kind, worker]) => stop(kind, worker)));
    await within(Promise.all([...queues.values()].map((queue) => queue.close())), CLOSE_MS).catch(() => undefined);
    // BullMQ leaves connections it did not make to who made them.
    for (const one of [adding, working]) one.disconnect();
  }

  return {
    enqueue,
    work(kind, { atOnce }, handle) {
      if (workers.has(kind)) throw new Error(`jobs of kind ${kind} have a worker already`);
      const active = new Set<Promise<void>>();
      handling.set(kind, active);
      const take = (id: unknown) => {
        const handled: Promise<void> = handleOne(kind, handle, id).finally(() => active.delete(handled));
        active.add(handled);
        return handled;
      };
      const worker = new Worker<Payload>(kind, (job) => take(job.data.id), {
        connection: working,
        prefix,
        concurrency: atOnce,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: STALLED_MAX,
        drainDelay: BLOCK_S,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      });
      worker.on('error', (error) => log.debug({ err: error, kind }, 'job worker lost redis'));
      workers.set(kind, worker);
      return async () => {
        workers.delete(kind);
        await stop(kind, worker);
      };
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** Made here, so that somebody listens to its errors from the first moment: ioredis prints what nobody listens to. */
function connect(url: string, options: RedisOptions): Redis {
  const redis = new Redis(url, options);
  redis.on('error', () => undefined);
  return redis;
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
