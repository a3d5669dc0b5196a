/** What a late joiner is told of a text that is being written, when the log it is read from was hurt. */
import { expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import { trackUnfinished, type UnfinishedTexts } from '../../src/events/unfinished.ts';

function delta(offset: number, text: string, attempt = 1): ParleyEvent {
  return {
    type: 'TextDelta',
    at: '2026-01-01T00:00:00.000Z',
    visibility: 'CUSTOMER',
    runId: 'run_1',
    messageId: 'msg_1',
    step: 'agent',
    attempt,
    offset,
    text,
  };
}

function textAfter(...events: readonly ParleyEvent[]): string | undefined {
  const texts: UnfinishedTexts = new Map();
  for (const [index, event] of events.entries()) trackUnfinished(texts, event, index + 1);
  return texts.get('msg_1')?.text;
}

it('is the text so far, of the latest attempt', () => {
  expect(textAfter(delta(0, 'Hello '), delta(6, 'world'))).toBe('Hello world');
  expect(textAfter(delta(0, 'Hello '), delta(0, 'Good ', 2), delta(5, 'day', 2))).toBe('Good day');
});

it('is nothing rather than a text with a hole, until it is told from its beginning again', () => {
  expect(textAfter(delta(6, 'world'))).toBeUndefined();
  expect(textAfter(delta(0, 'Hello '), delta(11, '!'))).toBeUndefined();
  expect(textAfter(delta(0, 'Hello '), delta(11, '!'), delta(0, 'Hello world!'), delta(12, ' Bye'))).toBe('Hello world! Bye');
});

it('takes nothing twice', () => {
  expect(textAfter(delta(0, 'Hello '), delta(6, 'world'), delta(6, 'world'), delta(11, '!'))).toBe('Hello world!');
});
