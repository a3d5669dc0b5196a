import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/foundation/clock.ts';
import type { LlmEvent, LlmMessage, LlmRequest, LlmTool, Passage, ToolResult } from '../../src/llm/llm.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import { collect, LOOK_UP, requestOf } from '../contract/llm.ts';

const RESET: Passage = {
  articleId: 'art_reset',
  slug: 'forgotten-password',
  title: 'Reset a forgotten password',
  section: 'Reset your password',
  text: '## Reset your password\n\n1. Open https://app.loomwork.example and press **Forgot password?**.\n2. Enter your e-mail address.\n3. Open the link. It is valid for 60 minutes.',
};
const REFUND: Passage = {
  articleId: 'art_refund',
  slug: 'refunds',
  title: 'Refunds and the guarantee',
  section: '',
  text: 'A payment can be refunded within 30 days.',
};
const LIMITS: Passage = {
  articleId: 'art_limits',
  slug: 'api-limits',
  title: 'API rate limits',
  section: 'Error 429',
  text: 'Wait as long as `Retry-After` says:\n\n```js\nconst seconds = 1;\n\nawait wait(seconds);\n```\n\nThen send it again.',
};

const never = (): AbortSignal => new AbortController().signal;
const llm = createOfflineLlm({ tokensPerS: 0 });

function answered(question: string, results: readonly Omit<ToolResult, 'callId'>[], overrides: Partial<LlmRequest> = {}): LlmRequest {
  const calls = results.map(({ name }, at) => ({ callId: `call_${at}`, name, input: {} }));
  const messages: LlmMessage[] = [
    { role: 'user', text: question },
    { role: 'assistant', text: '', toolCalls: calls },
    { role: 'tool', results: results.map((result, at) => ({ callId: `call_${at}`, ...result })) },
  ];
  return requestOf({ messages, ...overrides });
}

function found(...passages: readonly Passage[]): Omit<ToolResult, 'callId'> {
  return { name: 'search_knowledge', summary: 'Articles cover this.', failed: false, passages };
}

async function say(request: LlmRequest): Promise<string> {
  return (await collect(llm.stream(request, never()))).text;
}

const LATER = { ...requestOf().persona, firstReply: false };

describe('the offline model before it answers', () => {
  it('calls every read-only tool whose input is known, in one go, and no other', async () => {
    const tools: LlmTool[] = [
      LOOK_UP,
      { ...LOOK_UP, name: 'leave_note', readOnly: false },
      { ...LOOK_UP, name: 'find_sign_in', knownInput: null },
      { ...LOOK_UP, name: 'search_knowledge', knownInput: { query: 'x' } },
    ];
    const { events } = await collect(llm.stream(requestOf({ tools }), never()));
    const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []));
    expect(calls.map(({ name, input }) => [name, input])).toEqual([
      ['find_plan', { detail: true }],
      ['search_knowledge', { query: 'x' }],
    ]);
    expect(new Set(calls.map(({ callId }) => callId)).size).toBe(2);
    expect(events.map(({ type }) => type)).toEqual(['tool_call', 'tool_call', 'usage', 'stop']);
  });

  it('calls at most nine', async () => {
    const tools = Array.from({ length: 12 }, (_, at) => ({ ...LOOK_UP, name: `find_${at}` }));
    const { events } = await collect(llm.stream(requestOf({ tools }), never()));
    expect(events.filter(({ type }) => type === 'tool_call')).toHaveLength(9);
  });

  it.each(['Hello!', 'good morning', 'Thanks a lot', 'ok, thank you very much'])('answers "%s" without any tool', async (text) => {
    const { events } = await collect(llm.stream(requestOf({ tools: [LOOK_UP], messages: [{ role: 'user', text }] }), never()));
    expect(events.some(({ type }) => type === 'tool_call')).toBe(false);
    expect(events.at(-1)).toEqual({ type: 'stop', reason: 'end_turn' });
  });
});

describe("the offline model's answer", () => {
  const refund = answered('I want my money back', [
    { name: 'find_plan', summary: 'You are on the Premium plan.', failed: false },
    { name: 'quote_refund', summary: 'Your payment of $750.00 can be refunded in full.', failed: false },
    found(RESET, REFUND),
  ]);

  it('puts the facts that answer first, then the article that fits, then its source', async () => {
    const text = await say(refund);
    expect(text).not.toContain('Premium plan');
    expect(text.indexOf('$750.00')).toBeLessThan(text.indexOf('within 30 days'));
    expect(text).toContain('**Refunds and the guarantee** [2]');
    expect(text).toContain('Sources: [2] Refunds and the guarantee');
    expect(text).not.toContain('Forgot password');
  });

  it('cites the passage it used, and only that', async () => {
    const { events } = await collect(llm.stream(refund, never()));
    expect(events.flatMap((event) => (event.type === 'citation' ? [event.passage] : []))).toEqual([REFUND]);
  });

  it('keeps numbered steps as steps and drops the heading', async () => {
    const text = await say(answered('I forgot my password', [found(REFUND, RESET)]));
    expect(text).toContain('1. Open https://app.loomwork.example and press **Forgot password?**.\n2. Enter your e-mail address.\n3. Open the link.');
    expect(text).not.toContain('##');
  });

  it('keeps a program whole', async () => {
    const text = await say(answered('What does error 429 of the API mean?', [found(LIMITS)]));
    expect(text).toContain('```js\nconst seconds = 1;\n\nawait wait(seconds);\n```');
  });

  it('never quotes half a program or more than it should', async () => {
    const steps = Array.from({ length: 60 }, (_, at) => `${at + 1}. Step number ${at + 1} of the very long list.`).join('\n');
    const text = await say(answered('long api list', [found({ ...LIMITS, title: 'Long API list', text: `${steps}\n\n\`\`\`js\nconst half =` })]));
    expect(text).not.toContain('```');
    expect(text).toContain('1. Step number 1 of the very long list.\n2. Step number 2');
    expect(text.split(/\s+/).length).toBeLessThan(260);
    expect(text).not.toContain('60. Step');
  });

  it('tells every check of a draft, and nothing of a check that failed', async () => {
    const sides = ['facts', 'tone', 'links', 'code', 'claims'];
    const checks = sides.map((side) => ({
      name: `check_${side}`,
      summary: `I checked the ${side}.`,
      failed: side === 'code',
      facts: { findings: [], score: 1 },
    }));
    const text = await say(answered('Is the tone right?', checks));
    expect(sides.filter((side) => text.includes(`I checked the ${side}.`))).toEqual(['facts', 'tone', 'links', 'claims']);
  });

  it('greets by name and says what it is once, in the first reply only', async () => {
    const first = await say(refund);
    expect(first.startsWith('Hi Dana,\n\n')).toBe(true);
    expect(first.match(/offline model/g)).toHaveLength(1);
    expect(first.trimEnd().split('\n').at(-1)).toContain('ANTHROPIC_API_KEY');
    const later = await say({ ...refund, persona: LATER });
    expect(later).not.toContain('Dana');
    expect(later).not.toContain('offline model');
  });

  it('greets nobody by a name it does not know', async () => {
    const text = await say({ ...refund, persona: { ...requestOf().persona, customerName: null } });
    expect(text).not.toContain('Hi ');
    expect(text).not.toContain('null');
  });

  it('leaves a failed look-up out while another succeeded', async () => {
    const text = await say(
      answered('Where is my refund?', [
        { name: 'quote_refund', summary: 'Your payment can be refunded.', failed: false },
        { name: 'list_payments', summary: 'This took too long and was given up.', failed: true },
      ]),
    );
    expect(text).toContain('can be refunded');
    expect(text).not.toContain('too long');
  });

  it('says what it could not look up when everything failed', async () => {
    const text = await say(answered('Where is my refund?', [{ name: 'list_payments', summary: 'This took too long and was given up.', failed: true }]));
    expect(text).toContain('I could not look up the payments just now. This took too long and was given up.');
  });

  it('asks when it knows nothing, in the words of its job', async () => {
    const persona = { ...LATER, agentId: 'api_agent', agentTitle: 'API agent', job: 'Get API calls working.' };
    const text = await say(answered('It does not work', [found()], { persona }));
    expect(text).toContain('I do not have enough to answer that yet.');
    expect(text).toContain('`request_id`');
    expect(text.endsWith('?')).toBe(true);
  });

  it('promises no change after a yes', async () => {
    const text = await say(answered('Yes, please', [found(RESET)], { persona: LATER }));
    expect(text).toContain('I cannot make the change myself');
    expect(text).not.toContain('Forgot password');
  });

  it('is sorry when the customer is upset', async () => {
    expect(await say(answered('This is the third time my card was declined!!', [found(REFUND)]))).toContain('I am sorry for the trouble');
  });

  it('reads a short question together with the ones before it', async () => {
    const request = requestOf({
      persona: LATER,
      messages: [
        { role: 'user', text: 'How do I reset my password?' },
        { role: 'assistant', text: 'Like this.' },
        { role: 'user', text: 'and then?' },
        { role: 'assistant', text: '', toolCalls: [{ callId: 'a', name: 'search_knowledge', input: {} }] },
        { role: 'tool', results: [{ callId: 'a', ...found(REFUND, RESET) }] },
      ],
    });
    expect(await say(request)).toContain('Reset a forgotten password');
  });

  it('is the same for the same request, word for word', async () => {
    expect(await say(refund)).toBe(await say(structuredClone(refund)));
  });

  it('ends at the token limit and says so', async () => {
    const { text, events } = await collect(llm.stream({ ...refund, maxTokens: 5 }, never()));
    expect(text.trim().split(/\s+/)).toHaveLength(5);
    expect(events.at(-1)).toEqual({ type: 'stop', reason: 'max_tokens' });
  });

  it('costs nothing and calls itself offline', async () => {
    const { events } = await collect(llm.stream(refund, never()));
    expect(events.at(-2)).toMatchObject({ type: 'usage', model: 'offline', usage: { cost: '0' } });
  });
});

describe("the offline model's pace", () => {
  it('keeps to its words per second, counted from the start', async () => {
    let nowMs = 0;
    const clock: Clock = {
      now: () => new Date(nowMs),
      async sleep(ms) {
        // A timer that always comes late must not slow the whole answer down.
        nowMs += ms + 5;
      },
    };
    const { events } = await collect(createOfflineLlm({ tokensPerS: 20, clock }).stream(requestOf(), never()));
    const words = events.filter(({ type }) => type === 'text').length;
    expect(words).toBeGreaterThan(20);
    expect(nowMs).toBeGreaterThanOrEqual((words - 1) * 50);
    expect(nowMs).toBeLessThanOrEqual((words - 1) * 50 + 5);
  });

  it('lets others run while it speaks at full speed', async () => {
    const steps = 'word '.repeat(150);
    const events: LlmEvent[] = [];
    let others = 0;
    const other = new Promise<void>((resolve) => setImmediate(() => resolve())).then(() => (others = events.length));
    for await (const event of llm.stream(answered('word', [found({ ...REFUND, text: steps })]), never())) events.push(event);
    await other;
    expect(others).toBeGreaterThan(0);
    expect(others).toBeLessThan(events.length);
  });

  it('is stopped in the middle of a pause, with the reason it was given', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const clock: Clock = {
      now: () => new Date(0),
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('the timer was cleared')));
          stop.abort(reason);
        }),
    };
    const { events, error } = await collect(createOfflineLlm({ tokensPerS: 1, clock }).stream(requestOf(), stop.signal));
    expect(error).toBe(reason);
    expect(events.map(({ type }) => type)).toEqual(['text', 'usage']);
  });
});
