/**
 * The contract of the job queue: it wakes workers, at least once, and remembers nothing that a row does not know better. Whoever
 * takes a job decides by the row whether there is anything left to do. Implementation: memory-job-queue.ts.
 */
export const JOB_KINDS = ['run'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export interface Job {
  readonly kind: JobKind;
  /** The row it is about. */
  readonly id: string;
}

export interface WorkOptions {
  /** Jobs of this kind handled at once. */
  readonly atOnce: number;
}

export interface JobQueue {
  /** Wakes a worker for this job. A job that already waits is not added twice; one that is being handled is handled once more. */
  enqueue(job: Job): Promise<void>;
  /**
   * Handles jobs of a kind, in the order they came, until the returned function is called; that resolves when the last handler
   * ended. A handler that throws is reported and not retried: the row brings it back.
   */
  work(kind: JobKind, options: WorkOptions, handle: (id: string) => Promise<void>): () => Promise<void>;
  close(): Promise<void>;
}
