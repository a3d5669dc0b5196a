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

/** What most pushes answer: a promise of its own each would cost more than the item. */
const PUSHED = Promise.resolve();

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

  async function pushLater(item: T): Promise<void> {
    while (items.length >= itemsMax && !left && !ending) await new Promise<void>((resolve) => wakeProducers.push(resolve));
    return push(item);
  }

  function push(item: T): Promise<void> {
    if (left || ending) return PUSHED;
    if (items.length >= itemsMax) return pushLater(item);
    items.push(item);
    wakeConsumer();
    return PUSHED;
  }

  async function nextLater(): Promise<IteratorResult<T>> {
    while (items.length === 0 && !ending && !left) await new Promise<void>((resolve) => (wakeConsumer = resolve));
    return next();
  }

  function next(): Promise<IteratorResult<T>> {
    const item = items.shift();
    if (item !== undefined) {
      if (wakeProducers.length > 0) makeRoom();
      return Promise.resolve({ done: false, value: item });
    }
    if (ending?.failure && !left) return Promise.reject(ending.failure.error);
    if (ending || left) return Promise.resolve({ done: true, value: undefined });
    return nextLater();
  }

  return {
    push,
    end(failure) {
      ending ??= { failure };
      wakeConsumer();
      makeRoom();
    },
    [Symbol.asyncIterator]() {
      return {
        next,
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
