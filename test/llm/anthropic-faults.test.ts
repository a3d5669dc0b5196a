import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import type { LlmEvent } from '../../src/llm/llm.ts';
import { collect, requestOf, textOf } from '../contract/llm.ts';
import { startMessagesApi } from '../support/messages-api.ts';
import { never, usageIn, useAnthropic } from './anthropic-fixture.ts';

const WORDS = ['One', ' two', ' three', ' four', ' five'];

function refusal(error: unknown): Pick<AppError, 'code' | 'retryable' | 'retryAfterMs' | 'message'> {
  if (!(error instanceof AppError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

describe('a refusal before the first word', () => {
  const fixture = useAnthropic();

  it.each([401, 403])('reports a key that is refused (%i) without a second attempt', async (status) => {
    const { api, llm } = fixture();
    api.script({ status });
    const { events, error } = await collect(llm.stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'UNAVAILABLE', retryable: false, message: 'The language model refused our key.' });
    expect(events).toEqual([]);
    expect(api.requests).toHaveLength(1);
  });

  it('reports a request that is wrong without a second attempt', async () => {
    const { api, llm } = fixture();
    api.script({ status: 400 });
    const { error } = await collect(llm.stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'INTERNAL', retryable: false });
    expect(api.requests).toHaveLength(1);
  });

  it('waits as long as a 429 asks, then answers', async () => {
    const { api, llm, waitsMs } = fixture();
    api.script({ status: 429, retryAfterS: 3 }, { text: WORDS });
    const { text, error } = await collect(llm.stream(requestOf(), never()));
    expect(error).toBeNull();
    expect(text).toBe('One two three four five');
    expect(waitsMs).toEqual([3_000]);
  });

  it('passes a long wait on instead of keeping the customer waiting', async () => {
    const { api, llm, waitsMs } = fixture();
    api.script({ status: 429, retryAfterS: 3_600 });
    const { error } = await collect(llm.stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'MODEL_OVERLOADED', retryable: true, retryAfterMs: 3_600_000 });
    expect(waitsMs).toEqual([]);
    expect(api.requests).toHaveLength(1);
  });

  it.each([529, 500, 503, 408])('tries again after %i, later each time, and gives up after the last attempt', async (status) => {
    const { api, llm, waitsMs } = fixture();
    api.script(...Array.from({ length: 4 }, () => ({ status })));
    const { error } = await collect(llm.stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'MODEL_OVERLOADED', retryable: true });
    expect(api.requests).toHaveLength(4);
    for (const [attempt, waitMs] of waitsMs.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(250 * 2 ** attempt);
      expect(waitMs).toBeLessThanOrEqual(500 * 2 ** attempt);
    }
  });

  it('answers when a later attempt succeeds', async () => {
    const { api, llm } = fixture();
    api.script({ status: 529 }, { status: 500 }, { text: WORDS });
    const { text, events } = await collect(llm.stream(requestOf(), never()));
    expect(text).toBe('One two three four five');
    expect(events.filter(({ type }) => type === 'stop')).toHaveLength(1);
  });

  it('tries again when nobody listens', async () => {
    const { open, waitsMs } = fixture();
    const gone = await startMessagesApi();
    await gone.close();
    const { error } = await collect(open({ baseUrl: gone.url, retriesMax: 1 }).stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'MODEL_OVERLOADED', retryable: true });
    expect(waitsMs).toHaveLength(1);
  });

  it('gives up on headers that do not come, closes that request, and tries again', async () => {
    const { api, open } = fixture();
    api.script({ text: WORDS, fault: { kind: 'slow_first_byte', ms: 20_000 } }, { text: WORDS });
    const { text } = await collect(open({ firstByteMs: 750 }).stream(requestOf(), never()));
    expect(text).toBe('One two three four five');
    expect(await api.requests[0]?.ended).toBe('aborted');
    expect(api.requests).toHaveLength(2);
  });

  it.each([
    ['an error event', { kind: 'error_event', afterTokens: 0 }],
    ['a cut', { kind: 'cut', afterTokens: 0 }],
    ['a malformed chunk', { kind: 'malformed', afterTokens: 0 }],
  ] as const)('tries again after %s, and bills what the failed attempt had read', async (_name, fault) => {
    const { api, llm } = fixture();
    api.script({ text: WORDS, usage: { input: 40 }, fault }, { text: WORDS, usage: { input: 40, output: 5 } });
    const { text, events, error } = await collect(llm.stream(requestOf(), never()));
    expect(error).toBeNull();
    expect(text).toBe('One two three four five');
    expect(usageIn(events)).toMatchObject({ inputTokens: 80, outputTokens: 6 });
  });

  it('does not try again when an error event says that it would not help', async () => {
    const { api, llm } = fixture();
    api.script({ text: WORDS, fault: { kind: 'error_event', afterTokens: 0, type: 'invalid_request_error' } });
    const { error } = await collect(llm.stream(requestOf(), never()));
    expect(refusal(error)).toMatchObject({ code: 'INTERNAL', retryable: false });
    expect(api.requests).toHaveLength(1);
  });
});

describe('a failure after the first word', () => {
  const fixture = useAnthropic();

  it.each([
    ['an error event', { kind: 'error_event', afterTokens: 3 }],
    ['an error event of the API itself', { kind: 'error_event', afterTokens: 3, type: 'api_error' }],
    ['a cut', { kind: 'cut', afterTokens: 3 }],
    ['a malformed chunk', { kind: 'malformed', afterTokens: 3 }],
    ['a stall', { kind: 'stall', afterTokens: 3 }],
    ['a stall behind pings', { kind: 'stall', afterTokens: 3, pings: true }],
  ] as const)('keeps the words before %s, counts them, and never starts over', async (_name, fault) => {
    const { api, open, waitsMs } = fixture();
    api.script({ text: WORDS, usage: { input: 70 }, fault });
    const { text, events, error } = await collect(open({ tokenGapMs: 500 }).stream(requestOf(), never()));
    expect(text).toBe('One two three');
    expect(refusal(error)).toMatchObject({ code: 'MODEL_OVERLOADED', retryable: true });
    expect(events.at(-1)?.type).toBe('usage');
    // 13 characters are 4 tokens: the API had not counted yet.
    expect(usageIn(events)).toEqual({ inputTokens: 70, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 4, cost: '0.00009' });
    expect(api.requests).toHaveLength(1);
    expect(waitsMs).toEqual([]);
  });

  it('closes the request that stalls', async () => {
    const { api, open } = fixture();
    api.script({ text: WORDS, fault: { kind: 'stall', afterTokens: 2 } });
    await collect(open({ tokenGapMs: 500 }).stream(requestOf(), never()));
    expect(await api.requests[0]?.ended).toBe('aborted');
  });

  it('takes an end without message_stop for a failure', async () => {
    const { api, llm } = fixture();
    api.script({ text: WORDS, usage: { output: 9 }, fault: { kind: 'no_message_stop' } });
    const { text, events, error } = await collect(llm.stream(requestOf(), never()));
    expect(text).toBe('One two three four five');
    expect(refusal(error)).toMatchObject({ code: 'MODEL_OVERLOADED', retryable: true });
    expect(usageIn(events)?.outputTokens).toBe(9);
    expect(api.requests).toHaveLength(1);
  });

  it('does not repeat a tool call either', async () => {
    const { api, llm } = fixture();
    api.script({
      toolCalls: [
        { name: 'find_plan', input: {} },
        { name: 'find_usage', input: { month: '2026-11' } },
      ],
      fault: { kind: 'cut', afterTokens: 3 },
    });
    const { events, error } = await collect(llm.stream(requestOf(), never()));
    expect(events.filter(({ type }) => type === 'tool_call')).toHaveLength(1);
    expect(refusal(error).code).toBe('MODEL_OVERLOADED');
    expect(api.requests).toHaveLength(1);
  });
});

describe('stopping', () => {
  const fixture = useAnthropic();

  it('cancels the request at the server and bills the words that came', async () => {
    const { api, llm } = fixture();
    const stop = new AbortController();
    const reason = new Error('stopped by the customer');
    api.script({ text: WORDS, usage: { input: 50 }, fault: { kind: 'stall', afterTokens: 4 } });
    const events: LlmEvent[] = [];
    const reading = (async () => {
      for await (const event of llm.stream(requestOf(), stop.signal)) {
        events.push(event);
        if (textOf(events) === 'One two three four') stop.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(await api.requests[0]?.ended).toBe('aborted');
    expect(usageIn(events)).toMatchObject({ inputTokens: 50, outputTokens: 5 });
  });

  it('cancels a request that has not been answered, for nothing', async () => {
    const { api, llm } = fixture();
    const stop = new AbortController();
    api.script({ fault: { kind: 'slow_first_byte', ms: 20_000 } });
    const reading = collect(llm.stream(requestOf(), stop.signal));
    const request = await api.request(0);
    stop.abort(new Error('stopped while thinking'));
    const { events, error } = await reading;
    expect(error).toBe(stop.signal.reason);
    expect(events).toEqual([]);
    expect(await request.ended).toBe('aborted');
  });

  it('ends a wait between two attempts', async () => {
    const { api, open } = fixture();
    const stop = new AbortController();
    const reason = new Error('stopped while waiting');
    const clock = {
      now: () => new Date(),
      sleep: (_ms: number, signal?: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('woken')));
          stop.abort(reason);
        }),
    };
    api.script({ status: 529 }, { text: WORDS });
    const { events, error } = await collect(open({ clock }).stream(requestOf(), stop.signal));
    expect(error).toBe(reason);
    expect(events).toEqual([]);
    expect(api.requests).toHaveLength(1);
  });

  it('cancels the request when the reader leaves, also while it waits for the next word', async () => {
    const { api, llm } = fixture();
    api.script({ text: WORDS, fault: { kind: 'stall', afterTokens: 1 } });
    const iterator = llm.stream(requestOf(), never())[Symbol.asyncIterator]();
    await iterator.next();
    const parked = iterator.next();
    await iterator.return?.();
    await parked;
    expect(await api.requests[0]?.ended).toBe('aborted');
  });

  it('cancels what streams when the model is closed', async () => {
    const { api, llm } = fixture();
    api.script({ text: WORDS, fault: { kind: 'stall', afterTokens: 1 } });
    const iterator = llm.stream(requestOf(), never())[Symbol.asyncIterator]();
    await iterator.next();
    await llm.close();
    expect(await iterator.next()).toMatchObject({ value: { type: 'usage' } });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await api.requests[0]?.ended).toBe('aborted');
  });
});

describe('the probe', () => {
  const fixture = useAnthropic();

  it('asks once in half a minute', async () => {
    const { api, llm, advance } = fixture();
    await llm.probe(never());
    await llm.probe(never());
    expect(api.probes).toBe(1);
    advance(30_000);
    await llm.probe(never());
    expect(api.probes).toBe(2);
  });

  it('says what is wrong, and notices soon when it is well again', async () => {
    const { api, llm, advance } = fixture();
    api.script({ status: 401 });
    await expect(llm.probe(never())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(llm.probe(never())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    advance(5_000);
    await expect(llm.probe(never())).resolves.toBeUndefined();
    expect(api.probes).toBe(2);
  });
});
