/** With withResume() the clients that follow over a WebSocket lose and double nothing when it is cut in the middle of an answer. */
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECONNECT, withResume } from '../../src/client/resume.ts';
import { createWire, type Wire } from '../client/wire.ts';
import { openApp, type App } from '../support/app.ts';
import { FOLLOW, VIEWER, withApollo, withGraphqlWs, withRelay, withUrql, type Access, type FrontEnd, type Item } from './six-clients.ts';

const WORDS = Array.from({ length: 12 }, (_, index) => `word${index} `);

let app: App;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());

describe.each<[string, (access: Access) => FrontEnd]>([
  ['the stock graphql-ws client', withGraphqlWs],
  ['urql', (access) => withUrql(access, null)],
  ['Apollo', (access) => withApollo(access, null)],
  ['Relay', withRelay],
])('%s', (_name, frontEndWith) => {
  async function open(): Promise<{ frontEnd: FrontEnd; wire: Wire; socket: Client; customerId: string }> {
    const { customerId } = await app.customer();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId })}` };
    const wire = createWire();
    const stock = createClient({
      url: `${app.parley.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: wire.WebSocket,
      connectionParams: headers,
      ...RECONNECT,
      // At once, so that the test need not wait.
      retryWait: async () => undefined,
    });
    const socket = withResume(stock);
    return { frontEnd: frontEndWith({ url: `${app.parley.url}/graphql`, headers, socket }), wire, socket, customerId };
  }

  it('asks, changes and follows; a cut socket costs it nothing', async () => {
    const { frontEnd, wire, socket, customerId } = await open();
    expect(await frontEnd.viewer()).toBe(customerId);
    let allowed = 0;
    const waiting = new Map<number, () => void>();
    app.model.script({ text: WORDS, gate: (token) => (token < allowed ? undefined : new Promise<void>((resolve) => waiting.set(token, resolve))) });
    const allow = (count: number): void => {
      allowed = count;
      for (const [token, resume] of waiting) if (token < allowed && waiting.delete(token)) resume();
    };
    const { id, position } = await frontEnd.start({ text: 'Tell me twelve words' });
    const items: Item[] = [];
    let text = '';
    await new Promise<void>((resolve, reject) => {
      const leave = frontEnd.follow(
        { id, after: position },
        (item) => {
          items.push(item);
          if (item.__typename === 'TextDelta') {
            expect(item.offset).toBe(text.length);
            text += item.text ?? '';
            const heard = text.split(' ').length - 1;
            // What is said now is said while nobody listens.
            if (heard % 4 === 0) wire.cut();
            allow(heard + 1);
          } else allow(Math.max(allowed, 1));
          if (item.__typename !== 'RunFinished') return;
          leave();
          resolve();
        },
        reject,
      );
    });
    expect(text).toBe(WORDS.join(''));
    const ready = items.filter(({ __typename }) => __typename === 'StreamReady');
    expect(ready.length).toBeGreaterThan(2);
    expect(ready.every(({ status }) => status === 'RECOVERED')).toBe(true);
    const sequences = items.filter(({ __typename }) => !/^(Stream|Heartbeat)/.test(__typename)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
    await socket.dispose();
  });
});

describe('withResume', () => {
  it('tells of a reset once for each time it happens, and the subscription goes on', async () => {
    const me = await app.customer();
    app.model.script({ text: 'First.' });
    const { conversationId, position } = await me.ask('One?');
    const resets: unknown[] = [];
    const wire = createWire();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}` };
    const stock = createClient({
      url: () => `${app.parley.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: wire.WebSocket,
      connectionParams: headers,
      ...RECONNECT,
      retryWait: async () => undefined,
    });
    const client = withResume(stock, { onReset: (item) => resets.push(item['reason']) });
    const items = client.iterate<{ conversationEvents: Item }>({ query: FOLLOW, variables: { id: conversationId, after: position } });
    const next = async (kind: string): Promise<Item> => {
      for (;;) {
        const { value, done } = await items.next();
        if (done) throw new Error('the items ended');
        const item = value.data?.conversationEvents;
        if (item?.__typename === kind) return item;
      }
    };
    await next('RunFinished');
    await app.restart();
    await next('StreamReset');
    expect(resets).toEqual(['EPOCH']);
    app.model.script({ text: 'Second.' });
    await me.http('mutation Post($id: ID!) { postMessage(input: { conversationId: $id, text: "Two?" }) { disposition } }', { id: conversationId });
    expect(await next('TextDelta')).toMatchObject({ offset: 0 });
    await next('RunFinished');
    await items.return?.();
    await client.dispose();
  });

  it('leaves operations without positions as they are', async () => {
    const me = await app.customer();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}` };
    const client = withResume(
      createClient({ url: `${app.parley.url.replace('http', 'ws')}/graphql`, webSocketImpl: createWire().WebSocket, connectionParams: headers }),
    );
    const answers: unknown[] = [];
    for await (const answer of client.iterate({ query: VIEWER })) answers.push(answer);
    expect(answers).toEqual([{ data: { viewer: { id: me.customerId } } }]);
    await client.dispose();
  });
});
