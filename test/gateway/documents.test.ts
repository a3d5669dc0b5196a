/** Documents and ids on the doors of a small gateway: Apollo's protocol of automatic persisted queries, and frames that stock servers close on. */
import { afterEach, describe, expect, it } from 'vitest';
import { staffViewer } from '../../src/store/viewer.ts';
import type { FoundOperation } from '../../src/desk/operation-lookup.ts';
import { hashOf } from '../../src/desk/registered-operation.ts';
import type { GatewayDeps } from '../../src/gateway/server.ts';
import { openAcknowledged } from './raw-socket.ts';
import { ask, LIMITS, refused, startGateway, type Started } from './start-gateway.ts';

const HELLO = '{ hello }';
const ENDLESS = 'subscription Endless { count(to: -2) { value } }';

let started: Started | null = null;
afterEach(async () => {
  await started?.close();
  started = null;
});

async function start(overrides: Partial<GatewayDeps> = {}): Promise<Started> {
  started = await startGateway(overrides);
  return started;
}

function found(text: string): FoundOperation {
  return { id: 'oper_1', hash: hashOf(text), name: 'Registered', version: 1, text };
}

function post(body: object): Promise<Awaited<ReturnType<typeof ask>>> {
  return ask(started?.url ?? '', '', { raw: JSON.stringify(body) });
}

function persistedQuery(text: string): object {
  return { persistedQuery: { version: 1, sha256Hash: hashOf(text) } };
}

describe('whoever may send documents', () => {
  it('sends one with its hash once, and by its hash alone from then on', async () => {
    await start();
    const missed = await post({ extensions: persistedQuery(HELLO) });
    expect(missed.body.errors?.[0]?.message).toBe('PersistedQueryNotFound');
    expect(refused(missed)).toMatchObject({ code: 'OPERATION_NOT_FOUND' });
    for (const body of [{ query: HELLO, extensions: persistedQuery(HELLO) }, { extensions: persistedQuery(HELLO) }, { documentId: hashOf(HELLO) }])
      expect((await post(body)).body).toEqual({ data: { hello: 'world' } });
  });

  it('is refused a hash that is not the document’s, and nothing is remembered of it', async () => {
    await start();
    expect(refused(await post({ query: HELLO, extensions: persistedQuery('{ boom }') }))).toMatchObject({
      code: 'BAD_INPUT',
      field: 'extensions.persistedQuery.sha256Hash',
    });
    expect(refused(await post({ query: HELLO, documentId: 'an-id' }))).toMatchObject({ code: 'BAD_INPUT', field: 'documentId' });
    expect(refused(await post({ documentId: hashOf('{ boom }') }))).toMatchObject({ code: 'OPERATION_NOT_FOUND' });
  });

  it('gives nothing that it sent to those who may not', async () => {
    const { url, tokens } = await start({ allowArbitrary: false });
    const admin = await tokens.sign(staffViewer({ userId: 'usr_1', name: 'Ada', role: 'super_admin' }), { ttlS: 60 });
    const authorization = { authorization: `Bearer ${admin}` };
    const raw = JSON.stringify({ query: HELLO, extensions: persistedQuery(HELLO) });
    expect((await ask(url, '', { raw, headers: authorization })).status).toBe(200);
    const answered = await post({ extensions: persistedQuery(HELLO) });
    expect(refused(answered)).toMatchObject({ code: 'OPERATION_NOT_FOUND' });
    // Its link would send the document then, which is refused as well.
    expect(answered.body.errors?.[0]?.message).not.toBe('PersistedQueryNotFound');
  });
});

describe('a frame of a WebSocket', () => {
  it('may leave its query out when it names an operation, and its variables arrive as they were', async () => {
    const echo = 'query Echo($text: String!) { echo(text: $text) }';
    const { url } = await start({ registered: { find: async () => found(echo), isTestKey: async () => false } });
    const raw = await openAcknowledged(url);
    const text = JSON.stringify({ type: 'subscribe', payload: { documentId: 'x' } });
    raw.send({ type: 'subscribe', id: '1', payload: { documentId: 'echo', variables: { text } } });
    expect(await raw.next()).toEqual({ type: 'next', id: '1', payload: { data: { echo: text } } });
    expect(await raw.next()).toEqual({ type: 'complete', id: '1' });
    raw.send({ type: 'subscribe', id: '2', payload: { query: null, extensions: persistedQuery(echo), variables: { text: 'again' } } });
    expect(await raw.next()).toMatchObject({ payload: { data: { echo: 'again' } } });
    raw.socket.close();
  });

  it('without query and id still closes the socket, as the protocol has it', async () => {
    const { url } = await start();
    const raw = await openAcknowledged(url);
    raw.send({ type: 'subscribe', id: '1', payload: { variables: { documentId: 'x' } } });
    expect(await raw.closed).toMatchObject({ code: 4400 });
  });

  it('that is completed while its operation is looked up leaves nothing open', async () => {
    const looking = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<FoundOperation>();
    const { url, streams } = await start({
      registered: {
        find(_viewer, id) {
          looking.resolve();
          return id === 'slow' ? answer.promise : Promise.resolve(found(HELLO));
        },
        isTestKey: async () => false,
      },
    });
    const raw = await openAcknowledged(url);
    raw.send({ type: 'subscribe', id: '1', payload: { documentId: 'slow' } });
    await looking.promise;
    raw.send({ type: 'complete', id: '1' });
    raw.send({ type: 'subscribe', id: '2', payload: { documentId: 'hello' } });
    expect(await raw.next()).toMatchObject({ id: '2', payload: { data: { hello: 'world' } } });
    answer.resolve(found(ENDLESS));
    // The id is free again once its lookup is over and done with.
    raw.send({ type: 'subscribe', id: '1', payload: { documentId: 'hello' } });
    expect(await raw.next()).toEqual({ type: 'complete', id: '2' });
    expect(await raw.next()).toMatchObject({ id: '1', payload: { data: { hello: 'world' } } });
    await streams.closed();
    expect(streams.open).toBe(0);
    raw.socket.close();
  });

  it('is refused when too many of its socket are being looked up, and the socket lives', async () => {
    const answer = Promise.withResolvers<FoundOperation>();
    const { url } = await start({ registered: { find: () => answer.promise, isTestKey: async () => false } });
    const raw = await openAcknowledged(url);
    const most = LIMITS.subscriptionsPerSocket + LIMITS.operationsPerSocket;
    for (let id = 0; id <= most; id += 1) raw.send({ type: 'subscribe', id: `${id}`, payload: { documentId: 'hello' } });
    expect(await raw.next()).toMatchObject({ type: 'error', id: `${most}`, payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT' } }] });
    answer.resolve(found(HELLO));
    let message = await raw.next();
    // More of them were waiting than may run at once.
    while (message.type === 'error') message = await raw.next();
    expect(message).toMatchObject({ type: 'next', payload: { data: { hello: 'world' } } });
    raw.socket.close();
  });
});
