import { describe, expect, it } from 'vitest';
import type { LlmMessage, Passage } from '../../src/llm/llm.ts';
import { collect, LOOK_UP, requestOf } from '../contract/llm.ts';
import { lastWords } from '../support/messages-api.ts';
import { never, usageIn, useAnthropic } from './anthropic-fixture.ts';

const REFUNDS: Passage = { articleId: 'art_1', slug: 'refunds', title: 'Refunds', section: 'Ask for a refund', text: 'Tell us which payment.' };
const CARDS: Passage = { articleId: 'art_2', slug: 'cards', title: 'Cards', section: '', text: 'Open Settings > Billing.' };

function afterTools(passages: readonly Passage[]): readonly LlmMessage[] {
  return [
    { role: 'user', text: 'Can I have my money back?' },
    {
      role: 'assistant',
      text: '',
      toolCalls: [
        { callId: 'toolu_1', name: 'search_knowledge', input: { query: 'refund' } },
        { callId: 'toolu_2', name: 'quote_refund', input: {} },
      ],
    },
    {
      role: 'tool',
      results: [
        { callId: 'toolu_1', name: 'search_knowledge', summary: 'Two articles fit.', failed: false, facts: { found: 2 }, passages },
        { callId: 'toolu_2', name: 'quote_refund', summary: 'There is no such payment.', failed: true },
      ],
    },
  ];
}

describe('the request', () => {
  const fixture = useAnthropic();

  it('marks the fixed prefix for the cache, and the changing part not', async () => {
    const { api, llm } = fixture();
    await collect(llm.stream(requestOf({ tools: [LOOK_UP, { ...LOOK_UP, name: 'find_usage' }] }), never()));
    const body = api.requests[0]?.body;
    expect(body).toMatchObject({ model: 'claude-haiku-4-5', max_tokens: 500, stream: true });
    expect(body?.system).toEqual([
      { type: 'text', text: 'You are an agent of Loomwork.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'The customer is Dana.' },
    ]);
    expect(body?.tools?.map(({ cache_control }) => cache_control ?? null)).toEqual([null, { type: 'ephemeral' }]);
    expect(body).not.toHaveProperty('thinking');
  });

  it('carries the key and uses the model of the grade', async () => {
    const { api, llm } = fixture();
    await collect(llm.stream(requestOf({ grade: 'careful' }), never()));
    expect(api.requests[0]?.body?.model).toBe('claude-opus-4-5');
    expect(api.requests[0]?.headers['x-api-key'] ?? api.requests[0]?.headers['authorization']).toContain('sk-test');
  });

  it('tells a model that thinks by default to answer right away', async () => {
    const { api, open } = fixture();
    const models = { quick: 'claude-haiku-5-5', balanced: 'claude-haiku-5-5', careful: 'claude-haiku-5-5' };
    await collect(open({ models }).stream(requestOf(), never()));
    expect(api.requests[0]?.body?.thinking).toEqual({ type: 'disabled' });
  });

  it('hands tool results over with facts, numbered passages and failures', async () => {
    const { api, llm } = fixture();
    const { error } = await collect(llm.stream(requestOf({ messages: afterTools([REFUNDS, CARDS]) }), never()));
    expect(error).toBeNull();
    const body = api.requests[0]?.body;
    expect(body?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(body?.messages[2]?.content).toMatchObject([
      { type: 'tool_result', tool_use_id: 'toolu_1' },
      { type: 'tool_result', tool_use_id: 'toolu_2', is_error: true },
    ]);
    const told = body ? lastWords(body) : '';
    expect(told).toContain('Two articles fit.');
    expect(told).toContain('{"found":2}');
    expect(told).toContain('[1] Refunds: Ask for a refund [refunds#Ask for a refund]');
    expect(told).toContain('[2] Cards [cards]');
    expect(told).toContain('There is no such payment.');
  });

  it('names the tools of earlier rounds again when no more may be called', async () => {
    const { api, llm } = fixture();
    const { error } = await collect(llm.stream(requestOf({ tools: [], messages: afterTools([]) }), never()));
    expect(error).toBeNull();
    expect(api.requests[0]?.body?.tools?.map(({ name }) => name)).toEqual(['search_knowledge', 'quote_refund']);
    expect(api.requests[0]?.body?.tool_choice).toEqual({ type: 'none' });
  });

  it('begins with the customer and leaves out empty texts, as the API demands', async () => {
    const { api, llm } = fixture();
    const { error } = await collect(
      llm.stream(
        requestOf({
          messages: [
            { role: 'assistant', text: 'Hello!' },
            { role: 'user', text: 'Hi' },
            { role: 'assistant', text: ' ' },
            { role: 'user', text: '' },
          ],
        }),
        never(),
      ),
    );
    expect(error).toBeNull();
    expect(api.requests[0]?.body?.messages).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: '(an empty message)' },
    ]);
  });
});

describe('the answer', () => {
  const fixture = useAnthropic();

  it.each([
    ['end_turn', 'end_turn'],
    ['max_tokens', 'max_tokens'],
    ['stop_sequence', 'stop_sequence'],
    ['refusal', 'refusal'],
    ['model_context_window_exceeded', 'context_window'],
    ['something_new', 'end_turn'],
  ])('says that it stopped for %s as %s', async (stopReason, reason) => {
    const { api, llm } = fixture();
    api.script({ text: 'So far', stopReason });
    const { events, error } = await collect(llm.stream(requestOf(), never()));
    expect(error).toBeNull();
    expect(events.at(-1)).toEqual({ type: 'stop', reason });
  });

  it('continues a paused turn by itself with what was said, and bills both parts', async () => {
    const { api, llm } = fixture();
    api.script({ text: 'First half.', stopReason: 'pause_turn', usage: { input: 10, output: 2 } }, { text: ' Second half.', usage: { input: 12, output: 3 } });
    const { text, events } = await collect(llm.stream(requestOf(), never()));
    expect(text).toBe('First half. Second half.');
    expect(events.filter(({ type }) => type === 'stop')).toEqual([{ type: 'stop', reason: 'end_turn' }]);
    expect(usageIn(events)).toMatchObject({ inputTokens: 22, outputTokens: 5 });
    expect(api.requests[1]?.body?.messages.at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'First half.' }] });
  });

  it('does not follow pauses for ever', async () => {
    const { api, llm } = fixture();
    api.otherwise(() => ({ text: 'again ', stopReason: 'pause_turn' }));
    const { events, error } = await collect(llm.stream(requestOf(), never()));
    expect(error).toMatchObject({ code: 'MODEL_OVERLOADED' });
    expect(api.requests).toHaveLength(6);
    expect(usageIn(events)?.inputTokens).toBe(600);
  });

  it('puts tool calls together from pieces of JSON, after the words before them', async () => {
    const { api, llm } = fixture();
    const input = { query: 'Müller & Söhne – 30 "seats" 🎟️', page: 2, nested: { deep: [1, null, true] } };
    api.script({
      text: 'Let me look.',
      toolCalls: [
        { id: 'toolu_a', name: 'search_knowledge', input },
        { id: 'toolu_b', name: 'find_plan', input: {}, rawJson: '' },
      ],
    });
    const { text, events } = await collect(llm.stream(requestOf({ tools: [LOOK_UP] }), never()));
    expect(text).toBe('Let me look.');
    expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))).toEqual([
      { callId: 'toolu_a', name: 'search_knowledge', input },
      { callId: 'toolu_b', name: 'find_plan', input: {} },
    ]);
    expect(events.at(-1)).toEqual({ type: 'stop', reason: 'tool_use' });
  });

  it('tells a tool call that is not JSON, or no object, with what was written', async () => {
    const { api, llm } = fixture();
    const written = ['{"plan": ', 'plan=premium', '["premium"]', 'null'];
    api.script({
      text: 'Let me look.',
      toolCalls: [
        ...written.map((rawJson, at) => ({ id: `toolu_${at}`, name: 'find_plan', input: {}, rawJson })),
        { id: 'toolu_ok', name: 'find_plan', input: {} },
      ],
    });
    const { events, error } = await collect(llm.stream(requestOf({ tools: [LOOK_UP] }), never()));
    expect(error).toBeNull();
    expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))).toEqual([
      { callId: 'toolu_ok', name: 'find_plan', input: {} },
      ...written.map((unreadable, at) => ({ callId: `toolu_${at}`, name: 'find_plan', input: {}, unreadable })),
    ]);
    expect(events.at(-1)).toEqual({ type: 'stop', reason: 'tool_use' });
    expect(api.requests).toHaveLength(1);
  });

  it('drops half a tool call when the answer hit its limit', async () => {
    const { api, llm } = fixture();
    api.script({ text: 'Let me', toolCalls: [{ name: 'find_plan', input: {}, rawJson: '{"plan": "pre' }], stopReason: 'max_tokens' });
    const { text, events, error } = await collect(llm.stream(requestOf(), never()));
    expect(error).toBeNull();
    expect(text).toBe('Let me');
    expect(events.some(({ type }) => type === 'tool_call')).toBe(false);
    expect(events.at(-1)).toEqual({ type: 'stop', reason: 'max_tokens' });
  });

  it('names each passage the text cites once, also when the marker arrives in pieces', async () => {
    const { api, llm } = fixture();
    api.script({ text: ['Yes [', '2', '] and again [2]. ', 'Also [1, 2], not [3] or list[0].'] });
    const { events } = await collect(llm.stream(requestOf({ messages: afterTools([REFUNDS, CARDS]) }), never()));
    expect(events.flatMap((event) => (event.type === 'citation' ? [event.passage.slug] : []))).toEqual(['cards', 'refunds']);
  });

  it('adds the sources of what the text quotes word for word without a number, once', async () => {
    const { api, llm } = fixture();
    const long: Passage = { ...CARDS, text: 'Open Settings, then Billing, and press the button beside the card that ended.' };
    const messages = afterTools([REFUNDS, long, { ...long, slug: 'cards-again', title: 'Cards again' }]);
    const quoting = 'Dana, **open Settings, then Billing,** and press the button beside the card.';
    api.script({ text: quoting }, { text: `${quoting} [2]` }, { text: 'Open Settings and look at the card.' });
    const { text, events } = await collect(llm.stream(requestOf({ messages }), never()));
    expect(text).toBe(`${quoting}\n\nSources: [2] Cards`);
    expect(events.flatMap((event) => (event.type === 'citation' ? [event.passage.slug] : []))).toEqual(['cards']);
    expect((await collect(llm.stream(requestOf({ messages }), never()))).text).toBe(`${quoting} [2]`);
    expect((await collect(llm.stream(requestOf({ messages }), never()))).text).toBe('Open Settings and look at the card.');
  });

  it('counts cached tokens apart and works out the cost to the millionth', async () => {
    const { api, llm } = fixture();
    api.script({ text: 'Done', usage: { input: 1_000, cacheRead: 2_000, cacheWrite: 3_000, output: 400 } });
    const { events } = await collect(llm.stream(requestOf(), never()));
    expect(events.find(({ type }) => type === 'usage')).toEqual({
      type: 'usage',
      model: 'claude-haiku-4-5',
      usage: { inputTokens: 1_000, cacheReadTokens: 2_000, cacheWriteTokens: 3_000, outputTokens: 400, cost: '0.00695' },
    });
  });

  it('carries a long answer without losing or repeating a word', async () => {
    const { api, llm } = fixture();
    const words = Array.from({ length: 2_000 }, (_, at) => ` wörd${at}`);
    api.script({ text: words });
    const { text, events } = await collect(llm.stream(requestOf(), never()));
    expect(text).toBe(words.join(''));
    // Words that arrived in one read travel on as one.
    expect(events.filter(({ type }) => type === 'text').length).toBeLessThan(2_000);
  });
});
