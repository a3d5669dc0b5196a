/**
 * The contract of the job queue: it wakes workers, at least once, and remembers nothing that a row does not know better. Whoever
 * takes a job decides by the rows what there is to do, so a job that comes early, late, twice or not at all changes nothing.
 * Implementations: memory-job-queue.ts, bull-job-queue.ts.
 */
export const JOB_KINDS = ['run'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export interface Job {
  readonly kind: JobKind;
  /** The row it is about. */
  readonly id: string;
  /** Higher goes first; 0 when left out, PRIORITY_MAX at most either way. */
  readonly priority?: number;
  /** Milliseconds before which nobody is to be woken; at once when left out. More than DELAY_MS_MAX is left to the row. */
  readonly delayMs?: number;
}

/** As far as priorities reach, above and below 0. */
export const PRIORITY_MAX = 1_000;
/** Further ahead nobody is told: rows are looked at all the time, and what waits here takes room. */
export const DELAY_MS_MAX = 60 * 60_000;

export interface WorkOptions {
  /** Jobs of this kind handled at once. */
  readonly atOnce: number;
}

export interface JobQueue {
  /**
   * Wakes a worker for this job. A job that already waits is not added twice, and one that waits for its moment is brought forward by
   * one that may go at once; one that is being handled is handled once more.
   */
  enqueue(job: Job): Promise<void>;
  /**
   * Handles jobs of a kind, higher priorities first and else in the order they came, until the returned function is called; that
   * resolves when the last handler ended. A handler that throws is reported and not retried: the row brings it back.
   */
  work(kind: JobKind, options: WorkOptions, handle: (id: string) => Promise<void>): () => Promise<void>;
  close(): Promise<void>;
}

/** The priority as it counts. */
export function boundedPriority(priority = 0): number {
  return Math.max(-PRIORITY_MAX, Math.min(PRIORITY_MAX, Math.round(priority)));
}
