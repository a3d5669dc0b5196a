/** The job queue inside one process. Bounded: what finds no room is dropped, because its row brings it back. */
import type { Logger } from '../foundation/logger.ts';
import type { Job, JobKind, JobQueue } from './job-queue.ts';

const WAITING_MAX = 100_000;

interface Worker {
  readonly atOnce: number;
  readonly handle: (id: string) => Promise<void>;
  readonly running: Map<string, Promise<void>>;
}

export function createMemoryJobQueue({ log }: { readonly log: Logger }): JobQueue {
  const waiting = new Map<JobKind, Set<string>>();
  const workers = new Map<JobKind, Worker>();
  let closed = false;

  function waitingOf(kind: JobKind): Set<string> {
    const known = waiting.get(kind) ?? new Set<string>();
    waiting.set(kind, known);
    return known;
  }

  function pump(kind: JobKind): void {
    const worker = workers.get(kind);
    if (!worker || closed) return;
    const ids = waitingOf(kind);
    for (const id of ids) {
      if (worker.running.size >= worker.atOnce) return;
      if (worker.running.has(id)) continue;
      ids.delete(id);
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
    async enqueue({ kind, id }: Job) {
      const ids = waitingOf(kind);
      if (closed) return;
      if (ids.size >= WAITING_MAX) {
        log.warn({ kind, id, waiting: ids.size }, 'job queue is full: the row will bring the job back');
        return;
      }
      ids.add(id);
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
      waiting.clear();
      await Promise.all([...workers.values()].flatMap((worker) => [...worker.running.values()]));
    },
  };
}
