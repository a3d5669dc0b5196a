/**
 * A workflow's events as an async iterable: what the work emits, in order, never further ahead of the reader than a bounded queue. Our own
 * queue and not the graph's custom stream: that one drops what was not yet read when a node fails.
 */
import { createBoundedQueue } from '../foundation/bounded-queue.ts';
import type { Emit, WorkflowEvent } from './workflow-event.ts';

/** Events a workflow may be ahead of the driver. */
const AHEAD_MAX = 256;

/**
 * Ends when the work does. Rejects with what the work failed with, or with the signal's reason when that aborted. A reader that leaves
 * aborts the work.
 */
export function streamWorkflow(work: (emit: Emit, signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): AsyncIterable<WorkflowEvent> {
  const events = createBoundedQueue<WorkflowEvent>(AHEAD_MAX);
  const left = new AbortController();
  work(events.push, AbortSignal.any([signal, left.signal])).then(
    () => events.end(),
    (error: unknown) => events.end({ error: signal.aborted ? signal.reason : error }),
  );
  return {
    [Symbol.asyncIterator]() {
      const source = events[Symbol.asyncIterator]();
      return {
        next: () => source.next(),
        async return() {
          left.abort();
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
