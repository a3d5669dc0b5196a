/**
 * One producer, one consumer, and a bound between them: who pushes into a full queue waits until there is room. What was pushed
 * before the end is always delivered before the end, also when the end is an error.
 */
export interface BoundedQueue<T> extends AsyncIterable<T> {
  /** Resolves when the item is in the queue; at once, and without keeping it, when the consumer has left or the queue has ended. */
  push(item: T): Promise<void>;
  /** Ends the queue after what is in it; with an error, the consumer gets that last. */
  end(failure?: { readonly error: unknown }): void;
}

/** @param itemsMax Items held at once, at least 1. */
export function createBoundedQueue<T>(itemsMax: number): BoundedQueue<T> {
  const items: T[] = [];
  let ending: { readonly failure: { readonly error: unknown } | undefined } | null = null;
  let left = false;
  let wakeConsumer = (): void => {};
  let wakeProducers: (() => void)[] = [];

  function makeRoom(): void {
    const waiting = wakeProducers;
    wakeProducers = [];
    for (const wake of waiting) wake();
  }

  return {
    async push(item) {
      while (items.length >= itemsMax && !left && !ending) await new Promise<void>((resolve) => wakeProducers.push(resolve));
      if (left || ending) return;
      items.push(item);
      wakeConsumer();
    },
    end(failure) {
      ending ??= { failure };
      wakeConsumer();
      makeRoom();
    },
    [Symbol.asyncIterator]() {
      return {
        async next() {
          for (;;) {
            const item = items.shift();
            if (item !== undefined) {
              makeRoom();
              return { done: false, value: item };
            }
            if (ending?.failure && !left) throw ending.failure.error;
            if (ending || left) return { done: true, value: undefined };
            await new Promise<void>((resolve) => (wakeConsumer = resolve));
          }
        },
        async return() {
          left = true;
          items.length = 0;
          makeRoom();
          wakeConsumer();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
