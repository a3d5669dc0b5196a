/** Small helpers to read async iterators in tests: with a limit, never with a sleep. */
import type { Entry } from '../../src/events/event-log.ts';

export async function take<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  while (items.length < count) {
    const result = await iterator.next();
    if (result.done) break;
    items.push(result.value);
  }
  return items;
}

export async function takeUntil<T>(iterator: AsyncIterator<T>, last: (item: T) => boolean): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const result = await iterator.next();
    if (result.done) return items;
    items.push(result.value);
    if (last(result.value)) return items;
  }
}

/** The text of a message as a client would hold it after these entries, by the rules of offsets, snapshots and attempts. */
export function applyText(entries: readonly Entry[], messageId: string, start = ''): string {
  let text = start;
  for (const entry of entries) {
    if (entry.kind !== 'event') continue;
    const { event } = entry;
    if (event.type === 'MessageReset' && event.messageId === messageId) text = '';
    if (event.type === 'TextSnapshot' && event.messageId === messageId) text = event.text;
    if (event.type === 'TextDelta' && event.messageId === messageId) {
      if (event.offset > text.length) throw new Error(`a hole: ${event.offset} after ${text.length}`);
      text = text.slice(0, event.offset) + event.text;
    }
  }
  return text;
}
