/** The pure part of the client: what a thread is after items that come late, twice, in pieces, from another attempt or not at all. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discard, EMPTY, load, notSent, reduce, sending, type Thread } from '../../src/client/thread.ts';
import type { ConversationItem, ConversationRows, Message, Run } from '../../src/client/types.ts';

const RUN: Run = { id: 'run_1', workflow: 'reply', status: 'RUNNING', createdAt: '2026-03-01T09:00:00.000Z', agent: null, error: null };
const QUESTION = message('msg_1', 'CUSTOMER', 'COMPLETE', 'Where is my invoice?');
const ANSWER = message('msg_2', 'AGENT', 'WRITING', '');
const USAGE = { inputTokens: 1, outputTokens: 1, cost: { amount: '0', currency: 'USD' } };

function message(id: string, role: Message['role'], status: Message['status'], text: string): Message {
  return {
    id,
    role,
    status,
    text,
    author: null,
    agent: null,
    citations: [],
    clientMessageId: null,
    createdAt: `2026-03-01T09:00:0${id.slice(4)}.000Z`,
    run: RUN,
  };
}

type Body<T> = T extends ConversationItem ? Omit<T, 'position' | 'sequence' | 'at' | 'replay'> : never;

/** Items one after the other, numbered as the server numbers them. */
function items(...bodies: readonly Body<ConversationItem>[]): ConversationItem[] {
  return bodies.map((body, index): ConversationItem => ({
    ...body,
    position: `e.${index + 1}`,
    sequence: index + 1,
    at: '2026-03-01T09:00:00.000Z',
    replay: false,
  }));
}

function delta(offset: number, text: string, attempt = 1): Body<ConversationItem> {
  return { __typename: 'TextDelta', messageId: 'msg_2', runId: 'run_1', attempt, offset, text };
}

function ready(epoch: string): ConversationItem {
  return { __typename: 'StreamReady', status: 'RECOVERED', epoch, replayed: 0, position: `${epoch}.0`, sequence: 0, at: '', replay: false };
}

function rows(...messages: readonly Message[]): ConversationRows {
  return { id: 'conv_1', position: 'e.0', status: 'ACTIVE', owner: 'AGENTS', messages: { edges: messages.map((node) => ({ node })) }, activeRun: RUN };
}

const LOADED = reduce(load(EMPTY, rows(QUESTION)), ready('e'));
const textOf = (thread: Thread) => thread.messages.at(-1)?.text;

const TURN = items(
  { __typename: 'RunStarted', attempt: 1, run: RUN },
  {
    __typename: 'AgentChosen',
    runId: 'run_1',
    agent: { id: 'billing', title: 'Billing', description: '' },
    confidence: 0.9,
    reason: 'It is about money.',
    by: 'LOCAL_INDEX',
  },
  { __typename: 'MessagePosted', message: ANSWER },
  delta(0, 'Under '),
  delta(6, 'Settings, '),
  delta(16, 'Billing.'),
  { __typename: 'MessageFinished', message: { ...ANSWER, status: 'COMPLETE', text: 'Under Settings, Billing.' } },
  { __typename: 'RunFinished', outcome: 'answered', finishReason: 'END_TURN', run: { ...RUN, status: 'SUCCEEDED' }, usage: USAGE },
);

describe('a thread', () => {
  it('grows with its items and changes none of what it was', () => {
    const frozen = TURN.reduce((thread, item) => reduce(deepFreeze(thread), item), LOADED);
    expect(frozen).toMatchObject({ activeRun: null, phase: null, sequence: 8, position: 'e.8', stale: false });
    expect(frozen.messages.map(({ text }) => text)).toEqual(['Where is my invoice?', 'Under Settings, Billing.']);
    expect(frozen.runs).toMatchObject([{ status: 'SUCCEEDED', agent: { id: 'billing' }, why: { reason: 'It is about money.', by: 'LOCAL_INDEX' } }]);
  });

  it('is the same however often and from wherever what was applied comes again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: TURN.length }), { maxLength: 12 }), (restarts) => {
        let thread = LOADED;
        let reached = 0;
        for (const upTo of restarts) {
          // A reconnect at some place: everything from the beginning comes again, then a little more.
          thread = reduce(thread, ready('e'));
          reached = Math.max(reached, upTo);
          for (const item of TURN.slice(0, upTo)) thread = reduce(thread, item);
          for (const item of TURN.slice(0, upTo)) expect(reduce(thread, item)).toBe(thread);
        }
        for (const item of TURN.slice(reached)) thread = reduce(thread, item);
        expect(thread.messages.map(({ text }) => text)).toEqual(['Where is my invoice?', 'Under Settings, Billing.']);
        expect(thread).toMatchObject({ stale: false, sequence: 8 });
      }),
    );
  });

  it('puts a piece where it belongs: applying one twice changes nothing, a hole is noticed', () => {
    const half = TURN.slice(0, 5).reduce(reduce, LOADED);
    const again = TURN.slice(0, 5).reduce(reduce, { ...half, sequence: -1 });
    expect(textOf(again)).toBe('Under Settings, ');
    const holed = reduce(TURN.slice(0, 4).reduce(reduce, LOADED), { ...TURN[5], sequence: 6 } as ConversationItem);
    expect(holed.stale).toBe(true);
    expect(textOf(holed)).toBe('Under ');
    // Loading anew and hearing everything again mends it.
    const mended = TURN.slice(0, 6).reduce(reduce, load(holed, rows(QUESTION, { ...ANSWER, text: 'Un' })));
    expect(mended.stale).toBe(false);
    expect(textOf(mended)).toBe('Under Settings, Billing.');
  });

  it('drops the text of an earlier attempt, and pieces of it that come late', () => {
    const half = TURN.slice(0, 5).reduce(reduce, LOADED);
    const [reset, first, late, second] = items(
      { __typename: 'MessageReset', messageId: 'msg_2', runId: 'run_1', attempt: 2, reason: 'recovered' },
      delta(0, 'Look ', 2),
      delta(16, 'Billing.', 1),
      delta(5, 'there.', 2),
    ).map((item) => ({ ...item, sequence: item.sequence + 5 }));
    if (!reset || !first || !late || !second) throw new Error('four items were made');
    const anew = reduce(half, reset);
    expect(anew).toMatchObject({ phase: 'RECOVERING' });
    expect(textOf(anew)).toBe('');
    expect(textOf([first, late, second].reduce(reduce, anew))).toBe('Look there.');
    // Also when the notice itself was missed.
    expect(textOf([first, second].reduce(reduce, half))).toBe('Look there.');
  });

  it('takes a snapshot that is ahead and ignores one that is behind', () => {
    const half = TURN.slice(0, 4).reduce(reduce, LOADED);
    const snapshot = (text: string, attempt = 1): ConversationItem => {
      const [item] = items({ __typename: 'TextSnapshot', messageId: 'msg_2', runId: 'run_1', attempt, text });
      if (!item) throw new Error('one item was made');
      return item;
    };
    expect(textOf(reduce(half, snapshot('Under Settings, ')))).toBe('Under Settings, ');
    expect(reduce(half, snapshot('Un'))).toBe(half);
    expect(textOf(reduce(half, snapshot('X', 2)))).toBe('X');
  });

  it('starts counting anew in another epoch, and asks for the rows when it was reset', () => {
    const done = TURN.reduce(reduce, LOADED);
    const elsewhere = reduce(done, ready('f'));
    expect(elsewhere).toMatchObject({ epoch: 'f', sequence: -1 });
    const [reset] = items({ __typename: 'StreamReset', reason: 'EPOCH', epoch: 'f' });
    expect(reset && reduce(elsewhere, reset).stale).toBe(true);
    expect(load({ ...elsewhere, stale: true }, rows(QUESTION))).toMatchObject({ stale: false, position: 'e.0' });
  });

  it('keeps an ended run ended, marks what it had not finished, and says why it failed', () => {
    const half = TURN.slice(0, 5).reduce(reduce, LOADED);
    const [failed, late] = items(
      { __typename: 'RunFailed', code: 'MODEL_OVERLOADED', sentence: 'Too busy.', retryable: true, partialKept: true, run: RUN, usage: USAGE },
      { __typename: 'RunStarted', attempt: 1, run: RUN },
    ).map((item) => ({ ...item, sequence: item.sequence + 5 }));
    if (!failed || !late) throw new Error('two items were made');
    const ended = [failed, late].reduce(reduce, half);
    expect(ended.runs).toMatchObject([{ status: 'FAILED', error: { code: 'MODEL_OVERLOADED', message: 'Too busy.' } }]);
    expect(ended.activeRun).toBeNull();
    expect(ended.messages.at(-1)).toMatchObject({ status: 'PARTIAL', text: 'Under Settings, ' });
  });

  it('shows tools before the text and the articles after it', () => {
    const called = items(
      { __typename: 'ToolCalled', runId: 'run_1', callId: 'c1', tool: 'list_invoices', arguments: {} },
      { __typename: 'MessagePosted', message: ANSWER },
      { __typename: 'ToolReturned', runId: 'run_1', callId: 'c1', tool: 'list_invoices', summary: 'Two invoices.', failed: false },
      delta(0, 'You have two.'),
    ).reduce(reduce, LOADED);
    expect(called.messages.at(-1)?.parts).toEqual([
      { type: 'tool', callId: 'c1', tool: 'list_invoices', summary: 'Two invoices.', failed: false },
      { type: 'text', text: 'You have two.' },
    ]);
    const source = { articleId: 'art_1', slug: 'invoices', title: 'Invoices', section: '' };
    const finished = items({ __typename: 'MessageFinished', message: { ...ANSWER, status: 'COMPLETE', text: 'Two.', citations: [source] } });
    const [last] = finished.map((item) => ({ ...item, sequence: 9 }));
    expect(last && reduce(called, last).messages.at(-1)?.parts.at(-1)).toEqual({ type: 'source', source });
  });

  it('shows nothing of what several agents do for the desk beside it, wherever it joins them, and keeps its place', () => {
    const panel: Run = { ...RUN, id: 'run_2', workflow: 'expert_panel' };
    const spoken = { messageId: 'run_2:expert_panel/experts/0', runId: 'run_2', attempt: 1 };
    const tool = { runId: 'run_2', callId: 'call_1', tool: 'find_plan' };
    const told = items(
      { __typename: 'TextSnapshot', ...spoken, text: 'In my' },
      { __typename: 'TextDelta', ...spoken, offset: 90, text: 'opinion' },
      { __typename: 'MessageReset', ...spoken, reason: 'It is tried again.' },
      { __typename: 'ToolCalled', ...tool, arguments: {} },
      { __typename: 'ToolReturned', ...tool, summary: 'Premium.', failed: false },
      { __typename: 'RunQueued', place: 0, run: panel },
      { __typename: 'RunStarted', attempt: 1, run: panel },
      { __typename: 'RunFinished', run: { ...panel, status: 'SUCCEEDED' }, outcome: 'decided', finishReason: 'END_TURN', usage: USAGE },
    );
    const after = told.reduce(reduce, LOADED);
    expect(after).toEqual({ ...LOADED, sequence: told.length, position: `e.${told.length}` });
  });

  it('passes over items of a kind it does not know', () => {
    const unknown = { __typename: 'EscalationQueued', position: 'e.1', sequence: 1, at: '', replay: false } as unknown as ConversationItem;
    const thread = reduce(LOADED, unknown);
    expect(thread).toEqual({ ...LOADED, sequence: 1, position: 'e.1' });
  });

  it('holds what is on its way until the server has it', () => {
    const waiting = sending(sending(LOADED, 'a', 'one'), 'b', 'two');
    expect(waiting.unsent).toMatchObject([{ id: 'a' }, { id: 'b' }]);
    expect(notSent(waiting, 'a', { code: 'UNAVAILABLE', message: 'Away.', retryable: true }).unsent[0]).toMatchObject({ error: { code: 'UNAVAILABLE' } });
    expect(discard(waiting, 'a').unsent).toMatchObject([{ id: 'b' }]);
    const [posted] = items({ __typename: 'MessagePosted', message: { ...message('msg_3', 'CUSTOMER', 'COMPLETE', 'one'), clientMessageId: 'a' } });
    expect(posted && reduce(waiting, posted).unsent).toMatchObject([{ id: 'b' }]);
  });

  it('imports types only', () => {
    expect(readFileSync(new URL('../../src/client/thread.ts', import.meta.url), 'utf8')).not.toMatch(/^import (?!type)/m);
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
