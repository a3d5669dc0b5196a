/** A deploy as readers see it: told first, heard to the end, sent away in order, and continued where they were. */
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/foundation/clock.ts';
import { openAcknowledged } from '../gateway/raw-socket.ts';
import { isTerminal, ITEM, openApp, textOf, type App, type StreamItem } from '../support/app.ts';

const WORDS = Array.from({ length: 30 }, (_, word) => `word${word} `);

let app: App;
beforeAll(async () => {
  app = await openApp({ DRAIN_MS: '8000', SOCKETS_PER_VIEWER: '100' });
});
afterAll(() => app.close());

it('hears the answer in the making to its end, then moves on to the next instance and goes on there', async () => {
  const me = await app.customer();
  const token = await app.token({ kind: 'customer', customerId: me.customerId });
  const spoken = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  app.model.script({
    text: WORDS,
    gate: (word) => {
      if (word < 10) return undefined;
      if (word === 10) spoken.resolve();
      return goOn.promise;
    },
  });
  const { conversationId, position } = await me.ask('How do I export my tasks?');

  const items: StreamItem[] = [];
  const closes: number[] = [];
  let after = position;
  let ended = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const back = Promise.withResolvers<void>();
  const stock = createClient({
    url: () => `${app.parley.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 500,
    shouldRetry: () => true,
    retryWait: () => systemClock.sleep(20),
    connectionParams: { authorization: `Bearer ${token}` },
    on: { closed: (event) => void closes.push(Reflect.get(Object(event), 'code') as number) },
  });
  // The stock client subscribes again with what it was first given; a reader that keeps its position makes it a getter.
  const variables = {
    id: conversationId,
    get after() {
      return after;
    },
  };
  const leave = stock.subscribe<{ item: StreamItem }>(
    { query: `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${ITEM} } }`, variables },
    {
      next: ({ data }) => {
        if (!data) return;
        items.push(data.item);
        after = data.item.position;
        if (data.item.__typename === 'TextDelta') begun.resolve();
        if (isTerminal(data.item)) ended.resolve();
        // The log of the first instance died with it: without Redis the next one says so.
        if (data.item.__typename === 'StreamReset') back.resolve();
      },
      error: (error) => ended.reject(error),
      complete: () => undefined,
    },
  );
  await begun.promise;
  await spoken.promise;
  const raw = await openAcknowledged(app.parley.url, { authorization: `Bearer ${token}` });
  const { url } = app.parley;

  const restarted = app.restart();
  expect(await raw.next()).toMatchObject({ type: 'ping', payload: { goaway: { jitter: true } } });
  const late = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  late.once('error', () => undefined);
  expect(
    await new Promise((resolve) => late.once('unexpected-response', (_request, { statusCode, headers }) => resolve([statusCode, headers['retry-after']]))),
  ).toEqual([503, '1']);
  goOn.resolve();
  await ended.promise;
  expect(textOf(items)).toBe(WORDS.join(''));
  expect((await raw.closed).code).toBe(1012);
  await restarted;
  await back.promise;

  ended = Promise.withResolvers();
  items.length = 0;
  app.model.script({ text: ['Once ', 'more.'] });
  const { errors } = await me.http('mutation More($input: PostMessageInput!) { postMessage(input: $input) { run { id } } }', {
    input: { conversationId, text: 'And again?' },
  });
  expect(errors).toBeUndefined();
  await ended.promise;
  expect(textOf(items)).toBe('Once more.');
  expect(closes.filter((code) => code === 1012)).toHaveLength(1);
  leave();
  await stock.dispose();
});
