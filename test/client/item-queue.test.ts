/** Items on their way to a reader: in order, bounded, and ended once. */
import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../src/client/error.ts';
import { createItemQueue } from '../../src/client/item-queue.ts';
import type { ConversationItem } from '../../src/client/types.ts';
import { take, takeUntil } from '../support/collect.ts';

function item(sequence: number): ConversationItem {
  const text = { messageId: 'msg_1', runId: 'run_1', attempt: 1, offset: sequence, text: 'x' };
  return { __typename: 'TextDelta', position: `e.${sequence}`, sequence, at: '', replay: false, ...text };
}

const sequences = (items: readonly ConversationItem[]) => items.map(({ sequence }) => sequence);

describe('the items of one reader', () => {
  it('come in order, whether they or the reader were first', async () => {
    const queue = createItemQueue(() => undefined);
    queue.push(item(1));
    queue.push(item(2));
    expect(sequences(await take(queue, 2))).toEqual([1, 2]);
    const later = take(queue, 1);
    queue.push(item(3));
    expect(sequences(await later)).toEqual([3]);
  });

  it('are replaced by a reset when the reader has fallen too far behind', async () => {
    const queue = createItemQueue(() => undefined);
    for (let sequence = 1; sequence <= 1_003; sequence += 1) queue.push(item(sequence));
    const [reset, ...rest] = await take(queue, 3);
    expect(reset).toMatchObject({ __typename: 'StreamReset', reason: 'SLOW', position: 'e.1001' });
    expect(sequences(rest)).toEqual([1_002, 1_003]);
  });

  it('end after what is still there, with the error told once', async () => {
    const queue = createItemQueue(() => undefined);
    queue.push(item(1));
    queue.end(new ParleyError('FORBIDDEN', 'No.'));
    queue.push(item(2));
    expect(sequences(await take(queue, 1))).toEqual([1]);
    await expect(queue.next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('stop when the reader leaves, also while it waits', async () => {
    let left = 0;
    const queue = createItemQueue(() => (left += 1));
    const waiting = takeUntil(queue, () => false);
    await queue.return?.();
    expect(await waiting).toEqual([]);
    queue.push(item(1));
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    expect(left).toBe(1);
  });
});
