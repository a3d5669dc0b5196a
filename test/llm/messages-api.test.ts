import { Anthropic } from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMessagesApi, type MessagesApi } from '../support/messages-api.ts';

describe('the local Messages API, read by the SDK alone', () => {
  let api: MessagesApi;
  let client: Anthropic;
  beforeEach(async () => {
    api = await startMessagesApi();
    client = new Anthropic({ apiKey: 'sk-test', baseURL: api.url, maxRetries: 0, logLevel: 'off' });
  });
  afterEach(() => api.close());

  const ask = { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };
  const reply = {
    text: 'Let me look.',
    toolCalls: [{ id: 'toolu_1', name: 'find_plan', input: { plan: 'premium', seats: 30 } }],
    usage: { input: 12, output: 9, cacheRead: 5 },
  };

  it('answers JSON and events with the same message', async () => {
    api.script(reply, reply);
    const whole = await client.messages.create(ask);
    const streamed = await client.messages.stream(ask).finalMessage();
    expect(whole.content).toEqual([
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'toolu_1', name: 'find_plan', input: { plan: 'premium', seats: 30 } },
    ]);
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.stop_reason).toBe('tool_use');
    expect(streamed.usage).toMatchObject({ input_tokens: 12, output_tokens: 9, cache_read_input_tokens: 5 });
  });

  it('holds the stream at the token a test wants', async () => {
    const gate = Promise.withResolvers<void>();
    api.script({ text: ['a', 'b', 'c'], gate: (token) => (token === 2 ? gate.promise : undefined) });
    const seen: string[] = [];
    const stream = client.messages.stream(ask).on('text', (text) => {
      seen.push(text);
      if (text === 'b') {
        expect(seen).toEqual(['a', 'b']);
        gate.resolve();
      }
    });
    expect(await stream.finalText()).toBe('abc');
  });

  it('refuses what the real one refuses', async () => {
    await expect(client.messages.create({ ...ask, messages: [{ role: 'assistant', content: 'Hi' }] })).rejects.toMatchObject({ status: 400 });
    await expect(client.messages.create({ ...ask, messages: [{ role: 'user', content: ' ' }] })).rejects.toMatchObject({ status: 400 });
    const orphan = { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 'toolu_9', content: 'x' }] };
    await expect(client.messages.create({ ...ask, messages: [orphan] })).rejects.toMatchObject({ status: 400 });
  });

  it('tells who went away', async () => {
    api.script({ text: 'a b c', fault: { kind: 'stall', afterTokens: 1 } });
    const stream = client.messages.stream(ask);
    const request = await api.request(0);
    const gone = stream.done().catch((error: unknown) => error);
    stream.abort();
    expect(await gone).toBeInstanceOf(Error);
    expect(await request.ended).toBe('aborted');
  });
});
