/**
 * Takes items from a source the moment it is woken, without a promise per item: at thousands of items a second the promises would
 * cost more than the items. What has to be waited for is handed back. Knows nothing of what the items are.
 */
import type { Polled } from '../events/event-log.ts';

/** A long replay comes without a wait of its own; others want their turn of the event loop. */
const ITEMS_AT_ONCE = 128;

/**
 * Hands each item to `tell` until that declines one, or until only `next()` can say what comes.
 * @param tell Answers null when the item is dealt with, else what is left of it.
 * @returns What was declined; null when `next()` is to be asked. Rejects with what `tell` throws.
 */
export function takeWhilePolled<Left>(items: AsyncIterator<unknown>, tell: (item: unknown) => Left | null): Promise<Left | null> | null {
  if (!isPolled(items)) return null;
  return new Promise((resolve, reject) => {
    let parked = true;
    const go = (): void => {
      // A wake that comes late finds nobody.
      if (!parked) return;
      parked = false;
      try {
        for (let count = 0; count < ITEMS_AT_ONCE; count += 1) {
          const item = items.poll(go);
          if (item === undefined) return resolve(null);
          if (item === null) {
            parked = true;
            return;
          }
          const left = tell(item);
          if (left !== null) return resolve(left);
        }
        parked = true;
        setImmediate(go);
      } catch (error) {
        reject(error);
      }
    };
    go();
  });
}

function isPolled(items: AsyncIterator<unknown>): items is Polled<unknown> {
  return 'poll' in items && typeof items.poll === 'function';
}
