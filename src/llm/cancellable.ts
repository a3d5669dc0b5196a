/**
 * Makes a generator of model events one that can be left at once. A plain generator parked in `next()` hears of `return()` only
 * after its next event, and the model would go on being paid for until then.
 */
import type { LlmEvent } from './llm.ts';

/** The generator's signal aborts when one of `signals` does, and when the consumer leaves; leaving is not an error. */
export function cancellable(start: (signal: AbortSignal) => AsyncGenerator<LlmEvent, void>, signals: readonly AbortSignal[]): AsyncIterableIterator<LlmEvent> {
  // Linked by hand: a composite signal asks all of its sources each time it is looked at, and this one is looked at for each token.
  const over = new AbortController();
  let left = false;
  const link = (signal: AbortSignal) => () => over.abort(signal.reason);
  const links = signals.map((signal) => [signal, link(signal)] as const);
  for (const [signal, abort] of links) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  const unlink = () => {
    for (const [signal, abort] of links) signal.removeEventListener('abort', abort);
  };
  const events = start(over.signal);
  const done: IteratorReturnResult<void> = { done: true, value: undefined };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await events.next();
        if (result.done) unlink();
        return result;
      } catch (error) {
        unlink();
        if (left) return done;
        throw error;
      }
    },
    async return() {
      left = true;
      unlink();
      over.abort();
      await events.return();
      return done;
    },
  };
}
