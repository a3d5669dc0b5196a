import { beforeEach, describe, expect, it } from 'vitest';
import { loadThread, type Thread } from './module.ts';

const createThread = await loadThread();
const AT = '2026-03-01T09:00:00.000Z';
const WORDS = ['Your ', 'invoice ', 'is ', 'under ', 'Settings, ', 'then ', 'Billing.'];
const TEXT = WORDS.join('');

const row = (id: string, fields: object = {}) => ({
  id,
  role: 'AGENT',
  text: '',
  status: 'WRITING',
  author: 'Billing agent',
  agent: { id: 'billing_agent', title: 'Billing agent' },
  citations: [],
  clientMessageId: null,
  createdAt: AT,
  run: { id: 'run_1', workflow: 'reply', status: 'RUNNING', createdAt: AT, agent: null, error: null },
  ...fields,
});
const question = row('msg_1', { role: 'CUSTOMER', text: 'Where is my invoice?', status: 'COMPLETE', clientMessageId: 'mine' });
const conversation = (nodes: readonly object[], activeRun: object | null = null) => ({
  status: 'ACTIVE',
  owner: 'AGENTS',
  messages: { edges: nodes.map((node) => ({ node })) },
  activeRun,
});
const ready = (epoch = 'a', status = 'RECOVERED') => ({ __typename: 'StreamReady', sequence: 0, epoch, status });
const deltas = (from = 0, attempt = 1) =>
  WORDS.map((text, index) => ({
    __typename: 'TextDelta',
    sequence: 10 + index,
    messageId: 'msg_2',
    runId: 'run_1',
    attempt,
    offset: WORDS.slice(0, index).join('').length,
    text,
  })).slice(from);

let thread: Thread;
beforeEach(() => {
  thread = createThread();
  thread.load(conversation([question, row('msg_2')]));
  thread.apply(ready());
});

const answer = () => thread.messages.find(({ id }) => id === 'msg_2');

describe('the text of an answer', () => {
  it('is whole however often its pieces come', () => {
    for (const delta of deltas()) for (let times = 0; times < 3; times += 1) expect(thread.apply(delta)).toBe('ok');
    thread.apply(ready());
    for (const delta of deltas()) thread.apply(delta);
    expect(answer()?.text).toBe(TEXT);
  });

  it('is whole after a refresh at every piece: rows are loaded and pieces come again from the first', () => {
    for (let known = 0; known <= WORDS.length; known += 1) {
      for (const delta of deltas().slice(0, known)) thread.apply(delta);
      thread.load(conversation([question, row('msg_2')]));
      thread.apply(ready());
      for (const delta of deltas()) thread.apply(delta);
      expect(answer()?.text).toBe(TEXT);
    }
  });

  it('takes merged pieces that overlap what is there', () => {
    const [first, second] = deltas();
    thread.apply(first ?? {});
    thread.apply(second ?? {});
    thread.apply({ ...deltas()[1], sequence: 16, text: WORDS.slice(1).join('') });
    expect(answer()?.text).toBe(TEXT);
  });

  it('notices a missing piece and asks for the rows', () => {
    thread.apply(deltas()[0] ?? {});
    expect(thread.apply(deltas()[2] ?? {})).toBe('resync');
    expect(answer()?.text).toBe(WORDS[0]);
  });

  it('comes as a snapshot for those who join in the middle, and goes on from it', () => {
    thread.apply({ __typename: 'TextSnapshot', sequence: 0, messageId: 'msg_2', runId: 'run_1', attempt: 1, text: WORDS.slice(0, 3).join('') });
    for (const delta of deltas(3)) thread.apply(delta);
    expect(answer()?.text).toBe(TEXT);
  });

  it('begins anew with another attempt, and pieces of the earlier one no longer count', () => {
    for (const delta of deltas().slice(0, 4)) thread.apply(delta);
    thread.apply({ __typename: 'MessageReset', sequence: 20, messageId: 'msg_2', attempt: 2 });
    expect(answer()?.text).toBe('');
    thread.apply({ ...deltas()[4], sequence: 21 });
    expect(answer()?.text).toBe('');
    for (const [index, delta] of deltas(0, 2).entries()) thread.apply({ ...delta, sequence: 30 + index });
    expect(answer()?.text).toBe(TEXT);
  });

  it('is healed by the finished message, and late pieces leave it alone', () => {
    thread.apply(deltas()[0] ?? {});
    thread.apply({ __typename: 'MessageFinished', sequence: 30, message: row('msg_2', { text: TEXT, status: 'COMPLETE' }) });
    thread.apply({ ...deltas()[2], sequence: 31, text: 'WAS ' });
    expect(answer()).toMatchObject({ text: TEXT, status: 'COMPLETE' });
  });

  it('does not shrink when a row that lags behind is loaded', () => {
    for (const delta of deltas()) thread.apply(delta);
    thread.load(conversation([question, row('msg_2')]));
    expect(answer()?.text).toBe(TEXT);
  });
});

describe('the stream', () => {
  it('drops what comes again within an epoch', () => {
    thread.apply({ __typename: 'AgentChosen', sequence: 5, runId: 'run_1', agent: null, confidence: 0.9, reason: 'first', by: 'RULE' });
    thread.apply({ __typename: 'AgentChosen', sequence: 4, runId: 'run_1', agent: null, confidence: 0.9, reason: 'earlier', by: 'RULE' });
    expect(thread.runs.get('run_1')?.why?.reason).toBe('first');
  });

  it('counts anew in another epoch, and asks for the rows when it was reset', () => {
    thread.apply({ ...deltas()[0], sequence: 500 });
    expect(thread.apply(ready('b', 'RESET'))).toBe('resync');
    expect(thread.apply({ __typename: 'StreamReset', sequence: 0, epoch: 'b', reason: 'EPOCH' })).toBe('resync');
    thread.apply({ ...deltas()[1], sequence: 1 });
    expect(answer()?.text).toBe(WORDS.slice(0, 2).join(''));
  });

  it('passes over kinds of items it does not know', () => {
    expect(thread.apply({ __typename: 'SomethingOfTomorrow', sequence: 40 })).toBe('ok');
  });
});

describe('several agents at work for the desk', () => {
  it('show nothing in the thread, and nothing of theirs is missed', () => {
    const spoken = { messageId: 'run_2:debate/1/0', runId: 'run_2', attempt: 1 };
    const panel = { id: 'run_2', workflow: 'debate', status: 'RUNNING' };
    thread.apply({ __typename: 'TextSnapshot', sequence: 0, ...spoken, text: 'I say' });
    thread.apply({ __typename: 'RunStarted', sequence: 10, attempt: 1, run: panel });
    expect(thread.apply({ __typename: 'TextDelta', sequence: 11, ...spoken, offset: 90, text: 'so.' })).toBe('ok');
    expect(thread.messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2']);
    expect(thread.activeRuns.map(({ id }) => id)).toEqual(['run_1']);
  });
});

describe('a run', () => {
  it('that is stopped leaves what was written, marked', () => {
    thread.apply(deltas()[0] ?? {});
    expect(thread.activeRuns.map(({ id }) => id)).toEqual(['run_1']);
    thread.apply({ __typename: 'RunStopped', sequence: 30, run: { id: 'run_1', workflow: 'reply', status: 'STOPPED' } });
    expect(answer()).toMatchObject({ text: WORDS[0], status: 'PARTIAL' });
    expect(thread.activeRuns).toEqual([]);
  });

  it('that failed says why', () => {
    thread.apply({
      __typename: 'RunFailed',
      sequence: 30,
      code: 'MODEL_OVERLOADED',
      sentence: 'Too busy.',
      retryable: true,
      run: { id: 'run_1', workflow: 'reply', status: 'FAILED' },
    });
    expect(thread.runs.get('run_1')).toMatchObject({ status: 'FAILED', error: { code: 'MODEL_OVERLOADED', message: 'Too busy.', retryable: true } });
  });

  it('that has ended is not begun again by an older row', () => {
    thread.apply({ __typename: 'RunFinished', sequence: 30, run: { id: 'run_1', workflow: 'reply', status: 'SUCCEEDED' } });
    thread.load(conversation([question]));
    expect(thread.activeRuns).toEqual([]);
  });
});

describe('a message that is sent', () => {
  it('stands apart until the server has it, and then once', () => {
    thread.sending('second', 'And then?');
    expect(thread.unsent).toMatchObject([{ id: 'second', text: 'And then?', error: null }]);
    const posted = row('msg_3', { role: 'CUSTOMER', text: 'And then?', status: 'COMPLETE', clientMessageId: 'second', createdAt: '2026-03-01T09:01:00.000Z' });
    thread.apply({ __typename: 'MessagePosted', sequence: 50, message: posted });
    thread.takeMessage(posted);
    expect(thread.unsent).toEqual([]);
    expect(thread.messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3']);
  });

  it('keeps its text when it could not be sent', () => {
    thread.sending('second', 'And then?');
    thread.notSent('second', new Error('no way'));
    expect(thread.unsent).toMatchObject([{ text: 'And then?', error: { message: 'no way' } }]);
  });
});
