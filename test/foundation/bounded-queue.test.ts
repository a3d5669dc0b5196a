/** One producer, one consumer, and a bound between them. */
import { describe, expect, it } from 'vitest';
import { createBoundedQueue } from '../../src/foundation/bounded-queue.ts';
import { take } from '../support/collect.ts';

/** Whether a promise has settled once everything that can happen without waiting has happened. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = () => (done = true);
  promise.then(mark, mark);
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('a bounded queue', () => {
  it('delivers in order, and lets who pushes wait while it is full', async () => {
    const queue = createBoundedQueue<number>(2);
    await queue.push(1);
    await queue.push(2);
    const third = queue.push(3);
    expect(await settled(third)).toBe(false);
    const reader = queue[Symbol.asyncIterator]();
    expect(await take(reader, 1)).toEqual([1]);
    await third;
    queue.end();
    expect(await take(reader, 5)).toEqual([2, 3]);
  });

  it('wakes a reader that waits', async () => {
    const queue = createBoundedQueue<string>(1);
    const reading = queue[Symbol.asyncIterator]().next();
    expect(await settled(reading)).toBe(false);
    await queue.push('here');
    expect(await reading).toEqual({ done: false, value: 'here' });
  });

  it('delivers what was pushed before an error, then the error', async () => {
    const queue = createBoundedQueue<number>(5);
    await queue.push(1);
    await queue.push(2);
    queue.end({ error: new Error('broken') });
    const reader = queue[Symbol.asyncIterator]();
    expect(await take(reader, 2)).toEqual([1, 2]);
    await expect(reader.next()).rejects.toThrow('broken');
  });

  it('keeps its first end', async () => {
    const queue = createBoundedQueue<number>(1);
    queue.end();
    queue.end({ error: new Error('too late') });
    expect(await queue[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  it('lets everybody go when the reader leaves, and keeps nothing after that', async () => {
    const queue = createBoundedQueue<number>(1);
    await queue.push(1);
    const waiting = [queue.push(2), queue.push(3)];
    const reader = queue[Symbol.asyncIterator]();
    await reader.return?.();
    await Promise.all(waiting);
    await queue.push(4);
    queue.end({ error: new Error('nobody hears this') });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('ends a reader that waits when it is left from elsewhere', async () => {
    const queue = createBoundedQueue<number>(1);
    const reader = queue[Symbol.asyncIterator]();
    const reading = reader.next();
    await reader.return?.();
    expect(await reading).toEqual({ done: true, value: undefined });
  });

  it('lets who waits to push go when it ends', async () => {
    const queue = createBoundedQueue<number>(1);
    await queue.push(1);
    const waiting = queue.push(2);
    queue.end();
    await waiting;
    expect(await take(queue[Symbol.asyncIterator](), 5)).toEqual([1]);
  });
});
