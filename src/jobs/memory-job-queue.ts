/** The job queue inside one process. Bounded: what finds no room is dropped, because its row brings it back. */
import { systemClock, type Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { boundedPriority, DELAY_MS_MAX, type Job, type JobKind, type JobQueue } from './job-queue.ts';
import { createWaitingJobs, type WaitingJobs } from './waiting-jobs.ts';

export interface MemoryJobQueueOptions {
  readonly log: Logger;
  /** Holds back what is to come later. */
  readonly clock?: Clock;
  /** Jobs of one kind that wait at most, those for later included. */
  readonly waitingMax?: number;
}

const WAITING_MAX = 100_000;

interface Worker {
  readonly atOnce: number;
  readonly handle: (id: string) => Promise<void>;
  readonly running: Map<string, Promise<void>>;
}

export function createMemoryJobQueue({ log, clock = systemClock, waitingMax = WAITING_MAX }: MemoryJobQueueOptions): JobQueue {
  const waiting = new Map<JobKind, WaitingJobs>();
  const workers = new Map<JobKind, Worker>();
  let closed = false;

  function waitingOf(kind: JobKind): WaitingJobs {
    const known = waiting.get(kind) ?? createWaitingJobs({ clock, onDue: () => pump(kind) });
    waiting.set(kind, known);
    return known;
  }

  function pump(kind: JobKind): void {
    const worker = workers.get(kind);
    if (!worker || closed) return;
    const jobs = waitingOf(kind);
    for (const id of jobs.ready()) {
      if (worker.running.size >= worker.atOnce) return;
      if (worker.running.has(id)) continue;
      jobs.remove(id);
      worker.running.set(id, handleOne(kind, worker, id));
    }
  }

  async function handleOne(kind: JobKind, worker: Worker, id: string): Promise<void> {
    // Yields first, so that whoever enqueued finishes what it was doing before its job starts.
    await Promise.resolve();
    try {
      await worker.handle(id);
    } catch (error) {
      log.error({ err: error, kind, id }, 'job failed');
    } finally {
      worker.running.delete(id);
      pump(kind);
    }
  }

  return {
    async enqueue({ kind, id, priority, delayMs = 0 }: Job) {
      if (closed || delayMs > DELAY_MS_MAX) return;
      const jobs = waitingOf(kind);
      if (jobs.size() >= waitingMax && !jobs.has(id)) {
        log.warn({ kind, id, waiting: jobs.size() }, 'job queue is full: the row will bring the job back');
        return;
      }
      jobs.add(id, boundedPriority(priority), delayMs);
      pump(kind);
    },
    work(kind, { atOnce }, handle) {
      if (workers.has(kind)) throw new Error(`jobs of kind ${kind} have a worker already`);
      const worker: Worker = { atOnce, handle, running: new Map() };
      workers.set(kind, worker);
      pump(kind);
      return async () => {
        workers.delete(kind);
        await Promise.all(worker.running.values());
      };
    },
    async close() {
      closed = true;
      for (const jobs of waiting.values()) jobs.clear();
      await Promise.all([...workers.values()].flatMap((worker) => [...worker.running.values()]));
    },
  };
}
