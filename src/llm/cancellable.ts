/**
 * Makes a generator of model events one that can be left at once. A plain generator parked in `next()` hears of `return()` only
 * after its next event, and the model would go on being paid for until then.
 */
import type { LlmEvent } from './llm.ts';

/** The generator's signal aborts when one of `signals` does, and when the consumer leaves; leaving is not an error. */
export function cancellable(start: (signal: AbortSignal) => AsyncGenerator<LlmEvent, void>, signals: readonly AbortSignal[]): AsyncIterableIterator<LlmEvent> {
  const left = new AbortController();
  const events = start(AbortSignal.any([...signals, left.signal]));
  const done: IteratorReturnResult<void> = { done: true, value: undefined };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      events.next().catch((error: unknown) => {
        if (left.signal.aborted) return done;
        throw error;
      }),
    async return() {
      left.abort();
      await events.return();
      return done;
    },
  };
}
