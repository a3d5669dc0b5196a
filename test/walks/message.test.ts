/** The main walk over real sockets: a message goes in, tokens come out, whoever reads them and however they come and go. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTerminal, isText, openApp, textOf, type App, type StreamItem } from '../support/app.ts';
import { take, takeUntil } from '../support/collect.ts';
import { staffViewer } from '../../src/store/viewer.ts';

const WORDS = ['Your ', 'invoice ', 'is ', 'under ', 'Settings, ', 'then ', 'Billing, ', 'then ', 'Invoices.'];
const TEXT = WORDS.join('');

/** A model that gives one token each time the test says so. */
function steppedModel(app: App, words: readonly string[] = WORDS) {
  let allowed = 0;
  const waiting = new Map<number, () => void>();
  app.model.script({
    text: words,
    gate: (token) => (token < allowed ? undefined : new Promise<void>((resolve) => waiting.set(token, resolve))),
  });
  return {
    allow(count: number) {
      allowed = count;
      for (const [token, resume] of waiting) {
        if (token >= allowed) continue;
        waiting.delete(token);
        resume();
      }
    },
  };
}

describe('a message and its answer', () => {
  let app: App;
  beforeAll(async () => {
    app = await openApp();
  });
  afterAll(() => app.close());

  it('reach three subscribers alike, token by token', async () => {
    const me = await app.customer();
    const model = steppedModel(app);
    const { conversationId } = await me.ask('Where do I find my invoice?');
    const tabs = [
      me.follow(conversationId),
      me.follow(conversationId),
      app.frontEnd(await app.token(staffViewer({ userId: 'usr_1', name: 'Sam', role: 'admin' }))).follow(conversationId),
    ];
    for (const tab of tabs) expect(await take(tab, 1)).toMatchObject([{ __typename: 'StreamReady', status: 'LIVE' }]);
    const seen: StreamItem[][] = tabs.map(() => []);
    for (let token = 1; token <= WORDS.length; token += 1) {
      model.allow(token);
      for (const [index, tab] of tabs.entries()) seen[index]?.push(...(await takeUntil(tab, isText)));
    }
    for (const [index, tab] of tabs.entries()) seen[index]?.push(...(await takeUntil(tab, isTerminal)));
    for (const items of seen) {
      expect(textOf(items)).toBe(TEXT);
      expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
      expect(items.find((item) => item.__typename === 'MessageFinished')).toMatchObject({ message: { role: 'AGENT', text: TEXT, status: 'COMPLETE' } });
    }
    for (const tab of tabs) await tab.return?.();
  });

  it('survive a refresh at every token: the same text, nothing lost, nothing double', async () => {
    for (let k = 0; k <= WORDS.length; k += 1) {
      const me = await app.customer();
      const model = steppedModel(app);
      const { conversationId, position } = await me.ask('Where do I find my invoice?');
      const before = me.follow(conversationId, position);
      const seen: StreamItem[] = await take(before, 1);
      for (let token = 1; token <= k; token += 1) {
        model.allow(token);
        seen.push(...(await takeUntil(before, isText)));
      }
      await before.return?.();
      const after = me.follow(conversationId, seen.at(-1)?.position);
      const resumed = await take(after, 1);
      expect(resumed).toMatchObject([{ __typename: 'StreamReady', status: 'RECOVERED' }]);
      model.allow(WORDS.length);
      resumed.push(...(await takeUntil(after, isTerminal)));
      expect(textOf(resumed, textOf(seen))).toBe(TEXT);
      expect([...seen, ...resumed].filter(isTerminal)).toHaveLength(1);
      await after.return?.();
    }
  });

  it('survive a page that loads the conversation again in the middle: rows first, then from their position', async () => {
    const me = await app.customer();
    const model = steppedModel(app);
    const { conversationId, position } = await me.ask('Where do I find my invoice?');
    const first = me.follow(conversationId, position);
    model.allow(4);
    const words: StreamItem[] = [];
    while (textOf(words) !== WORDS.slice(0, 4).join('')) words.push(...(await takeUntil(first, isText)));
    await first.return?.();
    const { data } = await me.http(
      'query Load($id: ID!) { conversation(id: $id) { position messages(last: 50) { edges { node { id role text status } } } activeRun { id } } }',
      { id: conversationId },
    );
    const loaded = (
      data as {
        conversation: { position: string; activeRun: { id: string } | null; messages: { edges: { node: { role: string; text: string; status: string } }[] } };
      }
    ).conversation;
    expect(loaded.messages.edges.map(({ node }) => node.role)).toEqual(['CUSTOMER', 'AGENT']);
    expect(loaded.activeRun).not.toBeNull();
    const again = me.follow(conversationId, loaded.position);
    model.allow(WORDS.length);
    expect(textOf(await takeUntil(again, isTerminal))).toBe(TEXT);
    await again.return?.();
  });

  it('give a late tab the text so far, then the rest', async () => {
    const me = await app.customer();
    const model = steppedModel(app);
    const { conversationId, position } = await me.ask('Where do I find my invoice?');
    const early = me.follow(conversationId, position);
    model.allow(5);
    const words: StreamItem[] = [];
    while (textOf(words) !== WORDS.slice(0, 5).join('')) words.push(...(await takeUntil(early, isText)));
    const late = me.follow(conversationId);
    const [ready, snapshot] = await take(late, 2);
    expect(ready).toMatchObject({ __typename: 'StreamReady', status: 'LIVE' });
    expect(snapshot).toMatchObject({ __typename: 'TextSnapshot', text: WORDS.slice(0, 5).join('') });
    model.allow(WORDS.length);
    const rest = await takeUntil(late, isTerminal);
    expect(textOf(snapshot ? [snapshot, ...rest] : rest)).toBe(TEXT);
    await early.return?.();
    await late.return?.();
  });

  it('stop at token k with exactly k tokens kept, and the model’s request is cancelled', async () => {
    for (const k of [1, 4, WORDS.length - 1]) {
      const me = await app.customer();
      const model = steppedModel(app);
      const number = app.model.requests.length;
      const { conversationId, runId, position } = await me.ask('Where do I find my invoice?');
      const reader = me.follow(conversationId, position);
      const seen: StreamItem[] = [];
      model.allow(k);
      while (textOf(seen) !== WORDS.slice(0, k).join('')) seen.push(...(await takeUntil(reader, isText)));
      const { data } = await me.http(
        'mutation Stop($id: ID!) { stopRun(input: { runId: $id }) { run { status } message { text status } usage { outputTokens } alreadyFinished } }',
        { id: runId },
      );
      expect(data).toMatchObject({
        stopRun: { run: { status: 'STOPPED' }, message: { text: WORDS.slice(0, k).join(''), status: 'PARTIAL' }, alreadyFinished: false },
      });
      seen.push(...(await takeUntil(reader, isTerminal)));
      expect(seen.at(-1)).toMatchObject({ __typename: 'RunStopped' });
      expect(textOf(seen)).toBe(WORDS.slice(0, k).join(''));
      expect(await (await app.model.request(number)).ended).toBe('aborted');
      await reader.return?.();
    }
  });

  it('go on when everybody has left, and a run that ended answers whoever comes later', async () => {
    const me = await app.customer();
    const model = steppedModel(app);
    const { conversationId, runId, position } = await me.ask('Where do I find my invoice?');
    const reader = me.follow(conversationId, position);
    model.allow(2);
    await takeUntil(reader, isText);
    await reader.return?.();
    const run = me.followRun(runId);
    model.allow(WORDS.length);
    const items = await takeUntil(run, () => false);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished' });
    expect(textOf(items)).toBe(TEXT);
    const late = await takeUntil(me.followRun(runId), () => false);
    expect([late[0]?.__typename, late.at(-1)?.__typename]).toEqual(['StreamReady', 'RunFinished']);
  });

  it('remember what was said before', async () => {
    const me = await app.customer();
    app.model.script({ text: 'It is under Billing.' }, { text: 'Yes, as PDF.' });
    const { conversationId, position } = await me.ask('Where do I find my invoice?');
    const reader = me.follow(conversationId, position);
    await takeUntil(reader, isTerminal);
    const number = app.model.requests.length;
    await me.http('mutation Post($id: ID!) { postMessage(input: { conversationId: $id, text: "As PDF too?" }) { disposition } }', { id: conversationId });
    await takeUntil(reader, isTerminal);
    const { body } = await app.model.request(number);
    expect(JSON.stringify(body?.messages)).toMatch(/Where do I find my invoice.*It is under Billing.*As PDF too/);
    expect(JSON.stringify(body?.system)).toContain('Dana Reyes');
    await reader.return?.();
  });

  it('show a model that fails in the middle as RunFailed, keep the partial, and go on', async () => {
    const me = await app.customer();
    app.model.script({ text: WORDS, fault: { kind: 'error_event', afterTokens: 3, type: 'overloaded_error' } });
    const { conversationId, position } = await me.ask('Where do I find my invoice?');
    const reader = me.follow(conversationId, position);
    const items = await takeUntil(reader, isTerminal);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFailed', code: 'MODEL_OVERLOADED', retryable: true, partialKept: true });
    expect(items.find((item) => item.__typename === 'MessageFinished')).toMatchObject({ message: { status: 'PARTIAL', text: WORDS.slice(0, 3).join('') } });
    app.model.script({ text: 'Here it is.' });
    const posted = await me.http(
      'mutation Post($id: ID!) { postMessage(input: { conversationId: $id, text: "Again, please" }) { disposition run { status } } }',
      { id: conversationId },
    );
    expect(posted).toMatchObject({ data: { postMessage: { disposition: 'STARTED' } } });
    expect(textOf(await takeUntil(reader, isTerminal))).toBe('Here it is.');
    await reader.return?.();
  });

  it('survive a socket that dies at every few tokens: a client that keeps its position loses and doubles nothing', async () => {
    const me = await app.customer();
    const words = Array.from({ length: 120 }, (_, index) => `word${index} `);
    app.model.script({ text: words, tokenMs: 3 });
    const { conversationId, position } = await me.ask('Tell me a lot');
    const variables: { id: string; after: string } = { id: conversationId, after: position };
    const items: StreamItem[] = [];
    let drops = 0;
    let socket: { terminate(): void } | null = null;
    me.client.on('connected', (opened) => (socket = opened as { terminate(): void }));
    await new Promise<void>((resolve, reject) => {
      me.client.subscribe<{ item: StreamItem }>(
        {
          query:
            'subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { __typename position sequence replay ... on TextDelta { offset text } ... on TextSnapshot { text } } }',
          variables,
        },
        {
          next({ data }) {
            if (!data) return;
            items.push(data.item);
            // What the stock client sends again when it reconnects: now from where it is.
            variables.after = data.item.position;
            if (isTerminal(data.item)) resolve();
            if (isText(data.item) && items.length % 15 === 0 && drops < 6) {
              drops += 1;
              socket?.terminate();
            }
          },
          error: reject,
          complete: () => undefined,
        },
      );
    });
    expect(drops).toBeGreaterThan(2);
    expect(textOf(items)).toBe(words.join(''));
    expect(
      items
        .filter((item) => item.__typename === 'StreamReady')
        .slice(1)
        .every((item) => item.__typename === 'StreamReady'),
    ).toBe(true);
  });

  it('are told to start over, not given half, when the server lost what they had', async () => {
    const me = await app.customer();
    app.model.script({ text: 'First.' });
    const { conversationId, position } = await me.ask('One?');
    const reader = me.follow(conversationId, position);
    const last = (await takeUntil(reader, isTerminal)).at(-1);
    await reader.return?.();
    await app.restart();
    const again = me.follow(conversationId, last?.position);
    const [ready, reset] = await take(again, 2);
    expect(ready).toMatchObject({ __typename: 'StreamReady', status: 'RESET' });
    expect(reset).toMatchObject({ __typename: 'StreamReset', reason: 'EPOCH' });
    app.model.script({ text: 'Second.' });
    await me.http('mutation Post($id: ID!) { postMessage(input: { conversationId: $id, text: "Two?" }) { disposition } }', { id: conversationId });
    expect(textOf(await takeUntil(again, isTerminal))).toBe('Second.');
    await again.return?.();
  });
});
