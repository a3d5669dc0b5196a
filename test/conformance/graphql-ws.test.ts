/** The GraphQL over WebSocket protocol, mostly spoken wrongly: what a broken or hostile client gets, and what it must not disturb. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAcknowledged, openSocket, subscribe } from '../gateway/raw-socket.ts';
import { LIMITS, startGateway, type Started } from '../gateway/start-gateway.ts';

const COUNT = 'subscription ($to: Int!) { count(to: $to) { value } }';

let started: Started;
beforeAll(async () => {
  started = await startGateway({ limits: { ...LIMITS, socketsPerViewer: 100 } });
});
afterAll(() => started.close());

describe('a broken protocol closes the socket with its code', () => {
  it.each([
    ['text that is no JSON', '{', 4400],
    ['JSON that is no message', '[]', 4400],
    ['an unknown type', { type: 'start', id: '1', payload: {} }, 4400],
    ['subscribe without a query', { type: 'subscribe', id: '1', payload: {} }, 4400],
    ['subscribe without an id', { type: 'subscribe', payload: { query: '{ hello }' } }, 4400],
    ['subscribe before the acknowledgement', { type: 'subscribe', id: '1', payload: { query: '{ hello }' } }, 4401],
  ])('%s', async (_what, message, code) => {
    const raw = await openSocket(started.url);
    raw.send(message);
    expect((await raw.closed).code).toBe(code);
  });

  it('a binary frame', async () => {
    const raw = await openSocket(started.url);
    raw.socket.send(Buffer.from('{"type":"connection_init"}'), { binary: true });
    expect((await raw.closed).code).toBe(4400);
  });

  it('two initialisations', async () => {
    const raw = await openAcknowledged(started.url);
    raw.send({ type: 'connection_init' });
    expect((await raw.closed).code).toBe(4429);
  });

  it('no initialisation in time', async () => {
    const raw = await openSocket(started.url);
    expect((await raw.closed).code).toBe(4408);
  });

  it('an id that is in use', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, 'a', COUNT, { to: -1 });
    await raw.next();
    subscribe(raw, 'a', COUNT, { to: -1 });
    expect((await raw.closed).code).toBe(4409);
    await started.streams.closed();
  });

  it.each([['graphql-ws'], ['something-else']])('the subprotocol %s', async (protocol) => {
    const raw = await openSocket(started.url, { protocols: [protocol] });
    expect((await raw.closed).code).toBe(4406);
  });

  it('no subprotocol at all', async () => {
    const raw = await openSocket(started.url, { protocols: [] });
    expect((await raw.closed).code).toBe(4406);
  });

  it('a frame that is too long', async () => {
    const raw = await openAcknowledged(started.url);
    raw.send({ type: 'ping', payload: { padding: 'x'.repeat(20_000) } });
    expect((await raw.closed).code).toBe(1009);
  });
});

describe('an open socket', () => {
  it('takes the transport protocol when others are offered too', async () => {
    const raw = await openSocket(started.url, { protocols: ['graphql-ws', 'graphql-transport-ws'] });
    expect(raw.socket.protocol).toBe('graphql-transport-ws');
    raw.socket.close();
    await raw.closed;
  });

  it('answers a ping with the same payload', async () => {
    const raw = await openSocket(started.url);
    raw.send({ type: 'ping', payload: { at: 1 } });
    expect(await raw.next()).toEqual({ type: 'pong', payload: { at: 1 } });
    raw.send({ type: 'ping' });
    expect(await raw.next()).toEqual({ type: 'pong' });
    raw.send({ type: 'pong' });
    raw.send({ type: 'ping', payload: { at: 2 } });
    expect(await raw.next()).toEqual({ type: 'pong', payload: { at: 2 } });
    raw.socket.close();
    await raw.closed;
  });

  it('ignores complete for an id it does not know', async () => {
    const raw = await openAcknowledged(started.url);
    raw.send({ type: 'complete', id: 'nobody' });
    subscribe(raw, '1', '{ hello }');
    expect(await raw.next()).toEqual({ type: 'next', id: '1', payload: { data: { hello: 'world' } } });
    expect(await raw.next()).toEqual({ type: 'complete', id: '1' });
    raw.socket.close();
    await raw.closed;
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('takes "%s" for an id like any other', async (id) => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, id, COUNT, { to: 1 });
    expect(await raw.next()).toMatchObject({ type: 'next', id });
    expect(await raw.next()).toEqual({ type: 'complete', id });
    raw.socket.close();
    await raw.closed;
  });

  it('completes a stream that ended, after its last item', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', COUNT, { to: 3 });
    for (const value of [1, 2, 3]) expect(await raw.next()).toEqual({ type: 'next', id: '1', payload: { data: { count: { value } } } });
    expect(await raw.next()).toEqual({ type: 'complete', id: '1' });
    raw.socket.close();
    await raw.closed;
    expect(started.streams.open).toBe(0);
  });

  it('lets an id be used again as soon as the client completed it', async () => {
    const wire = connect(started.port, '127.0.0.1');
    const raw = await openAcknowledged(started.url, undefined, { createConnection: () => wire });
    subscribe(raw, '1', COUNT, { to: -1 });
    expect(await raw.next()).toMatchObject({ type: 'next' });
    // In one segment, so that the server reads all of them at once.
    wire.cork();
    for (let turn = 0; turn < 3; turn += 1) {
      raw.send({ type: 'complete', id: '1' });
      subscribe(raw, '1', COUNT, { to: -2 });
    }
    wire.uncork();
    subscribe(raw, 'after', '{ hello }');
    const seen: unknown[] = [];
    for (let message = await raw.next(); ; message = await raw.next()) {
      seen.push(message);
      if (message.id === 'after' && message.type === 'complete') break;
    }
    expect(seen.filter((message) => JSON.stringify(message).includes('"complete","id":"1"'))).toEqual([]);
    // The last one is still followed.
    raw.send({ type: 'complete', id: '1' });
    await started.streams.closed();
    raw.socket.close();
    await raw.closed;
  });
});

describe('leaving', () => {
  it('complete stops what the subscription follows', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', COUNT, { to: -1 });
    await raw.next();
    expect(started.streams.open).toBe(1);
    raw.send({ type: 'complete', id: '1' });
    await started.streams.closed();
    raw.send({ type: 'ping' });
    expect(await raw.next()).toEqual({ type: 'pong' });
    raw.socket.close();
    await raw.closed;
  });

  it('closing the socket stops all it follows', async () => {
    const raw = await openAcknowledged(started.url);
    for (const id of ['1', '2', '3']) subscribe(raw, id, COUNT, { to: -1 });
    for (let count = 0; count < 3; count += 1) await raw.next();
    raw.socket.close();
    await started.streams.closed();
  });

  it('a connection that is cut stops all it follows', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', COUNT, { to: -1 });
    await raw.next();
    raw.socket.terminate();
    await started.streams.closed();
  });

  it('a client that leaves in the middle of the handshake leaves nothing', async () => {
    const socket = connect(started.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n');
    socket.destroy();
    const raw = await openAcknowledged(started.url);
    raw.socket.close();
    await raw.closed;
  });
});

describe('a bad operation is answered with error and leaves the socket as it was', () => {
  it.each([
    ['a syntax error', '{ hello', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['several operations and no name', 'query A { hello } query B { hello }', 'GRAPHQL_VALIDATION_FAILED'],
    ['no operation at all', 'fragment F on Query { hello }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing variable', 'query ($text: String!) { echo(text: $text) }', 'BAD_INPUT'],
    ['too many levels', `{ item { ${'next { '.repeat(9)}value ${'}'.repeat(9)} } }`, 'OPERATION_TOO_COMPLEX'],
    ['a subscription that is refused', 'subscription { denied { value } }', 'NOT_FOUND'],
    ['a subscription that crashes', 'subscription { crashing { value } }', 'INTERNAL'],
  ])('%s', async (_what, query, code) => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, 'other', COUNT, { to: -1 });
    await raw.next();
    subscribe(raw, 'bad', query);
    const answer = await raw.next();
    expect(answer).toMatchObject({ type: 'error', id: 'bad', payload: [{ extensions: { code } }] });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    // Nothing more comes for it, its id is free, and the other subscription is untouched.
    subscribe(raw, 'bad', '{ hello }');
    expect(await raw.next()).toEqual({ type: 'next', id: 'bad', payload: { data: { hello: 'world' } } });
    expect(started.streams.open).toBe(1);
    raw.socket.close();
    await started.streams.closed();
  });

  it('a source that breaks ends its own subscription only', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, 'other', COUNT, { to: -1 });
    await raw.next();
    subscribe(raw, 'bad', 'subscription { failing { value } }');
    expect(await raw.next()).toMatchObject({ type: 'next', id: 'bad' });
    const answer = await raw.next();
    expect(answer).toMatchObject({
      type: 'error',
      id: 'bad',
      payload: [{ extensions: { code: 'INTERNAL', requestId: expect.stringMatching(/^req_/) as string } }],
    });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(started.streams.open).toBe(1);
    raw.socket.close();
    await started.streams.closed();
  });
});
