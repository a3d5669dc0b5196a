/**
 * Items on their way to one reader of `events()`, in order and bounded. A reader that falls too far behind finds a StreamReset in
 * place of what was dropped: the thread still knows everything. Knows no sockets.
 */
import type { ParleyError } from './error.ts';
import type { ConversationItem } from './types.ts';

const ITEMS_MAX = 1_000;

export interface ItemQueue extends AsyncIterableIterator<ConversationItem> {
  push(item: ConversationItem): void;
  /** Nothing more comes; with an error the reader is told, after what is still there. */
  end(error: ParleyError | null): void;
}

/** @param onLeave Called once when the reader leaves. */
export function createItemQueue(onLeave: () => void): ItemQueue {
  let items: ConversationItem[] = [];
  let ended = false;
  let failure: ParleyError | null = null;
  let epoch = '';
  let tell: (() => void) | null = null;

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    push(item) {
      if (ended) return;
      if (item.__typename === 'StreamReady') ({ epoch } = item);
      if (items.length >= ITEMS_MAX) {
        const { position, sequence, at } = item;
        items = [{ __typename: 'StreamReset', position, sequence, at, replay: false, reason: 'SLOW', epoch }];
      } else items.push(item);
      tell?.();
    },
    end(error) {
      if (ended) return;
      ended = true;
      failure = error;
      tell?.();
    },
    async next() {
      for (;;) {
        const item = items.shift();
        if (item) return { done: false, value: item };
        if (ended) {
          const error = failure;
          failure = null;
          if (error) throw error;
          return { done: true, value: undefined };
        }
        await new Promise<void>((resolve) => (tell = resolve));
      }
    },
    async return() {
      items = [];
      this.end(null);
      onLeave();
      return { done: true, value: undefined };
    },
  };
}
