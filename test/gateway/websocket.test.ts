import { createClient, type Client } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock, type Clock } from '../../src/foundation/clock.ts';
import { openAcknowledged, openSocket, subscribe } from './raw-socket.ts';
import { startGateway, type Started } from './start-gateway.ts';

const COUNT = 'subscription ($to: Int!) { count(to: $to) { value } }';
const customer = { kind: 'customer', customerId: 'cus_1' } as const;

let started: Started;
beforeEach(async () => {
  started = await startGateway();
});
afterEach(() => started.close());

describe('who connects', () => {
  it.each([
    ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['Authorization', (token: string) => ({ Authorization: `bearer ${token}` })],
    ['a bare token', (token: string) => ({ authorization: token })],
    ['nested headers', (token: string) => ({ headers: { AUTHORIZATION: `Bearer ${token}` } })],
  ])('is read from %s', async (_what, params) => {
    const raw = await openAcknowledged(started.url, params(await started.tokens.sign(customer, { ttlS: 60 })));
    subscribe(raw, '1', '{ viewer }');
    expect(await raw.next()).toMatchObject({ payload: { data: { viewer: 'customer' } } });
  });

  it('is read from the header of the upgrade, for clients that can set one', async () => {
    const token = await started.tokens.sign(customer, { ttlS: 60 });
    const raw = await openAcknowledged(started.url, undefined, { headers: { authorization: `Bearer ${token}` } });
    subscribe(raw, '1', '{ viewer }');
    expect(await raw.next()).toMatchObject({ payload: { data: { viewer: 'customer' } } });
  });

  it('may be nobody: fields refuse by themselves', async () => {
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', '{ viewer }');
    expect(await raw.next()).toMatchObject({ type: 'next', payload: { data: { viewer: null }, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
  });

  it.each([
    ['forged', { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }, 4401],
    ['an unknown key', { authorization: 'Bearer pk_test_unknown' }, 4401],
    ['no text', { authorization: 7 }, 4401],
    ['not checkable right now', { authorization: 'pk_broken' }, 1013],
  ])('is closed when the credential is %s', async (_what, payload, code) => {
    const raw = await openSocket(started.url);
    raw.send({ type: 'connection_init', payload });
    expect((await raw.closed).code).toBe(code);
  });

  it('is closed with 4403 when the token has expired, which the stock client answers with a fresh one', async () => {
    const used: string[] = [];
    const stock = client(async () => {
      const token = await started.tokens.sign(customer, { ttlS: used.length === 0 ? -60 : 60 });
      used.push(token);
      return { authorization: `Bearer ${token}` };
    });
    const results = stock.iterate({ query: '{ viewer }' });
    expect((await results.next()).value).toEqual({ data: { viewer: 'customer' } });
    expect(used).toHaveLength(2);
    await stock.dispose();
  });

  it('is closed with 4401 when the token is forged, which the stock client does not try again', async () => {
    let tries = 0;
    const stock = client(async () => {
      tries += 1;
      return { authorization: 'Bearer forged' };
    });
    await expect(stock.iterate({ query: '{ viewer }' }).next()).rejects.toMatchObject({ code: 4401 });
    expect(tries).toBe(1);
    await stock.dispose();
  });
});

it('closes an open socket with 4403 when its token expires', async () => {
  const expiry = Promise.withResolvers<void>();
  let nowMs = Date.now();
  const clock: Clock = { now: () => new Date(nowMs), sleep: (ms, signal) => (ms > 1_000 ? expiry.promise : systemClock.sleep(ms, signal)) };
  const other = await startGateway({ clock });
  const raw = await openAcknowledged(other.url, { authorization: `Bearer ${await other.tokens.sign(customer, { ttlS: 3_600 })}` });
  subscribe(raw, '1', COUNT, { to: -1 });
  await raw.next();
  nowMs += 3_700_000;
  expiry.resolve();
  expect((await raw.closed).code).toBe(4403);
  await other.streams.closed();
  await other.close();
});

describe('bounds', () => {
  it('refuses one subscription too many with an error, and takes it once another has ended', async () => {
    const raw = await openAcknowledged(started.url);
    for (const id of ['1', '2', '3']) {
      subscribe(raw, id, COUNT, { to: -1 });
      await raw.next();
    }
    subscribe(raw, '4', COUNT, { to: -1 });
    expect(await raw.next()).toMatchObject({ type: 'error', id: '4', payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT', retryable: false } }] });
    raw.send({ type: 'complete', id: '2' });
    raw.send({ type: 'ping' });
    await raw.next();
    subscribe(raw, '4', COUNT, { to: -1 });
    expect(await raw.next()).toMatchObject({ type: 'next', id: '4' });
  });

  it('refuses one operation too many while others are in flight', async () => {
    const raw = await openAcknowledged(started.url);
    for (const id of ['1', '2', '3']) subscribe(raw, id, '{ slow }');
    expect(await raw.next()).toMatchObject({ type: 'error', id: '3', payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT' } }] });
    started.streams.release();
    const answers = [await raw.next(), await raw.next()];
    expect(answers.map(({ type }) => type)).toEqual(['next', 'next']);
  });

  it('closes the socket that is one too many for its viewer, and takes another once one has left', async () => {
    const payload = { authorization: `Bearer ${await started.tokens.sign(customer, { ttlS: 60 })}` };
    const sockets = [await openAcknowledged(started.url, payload), await openAcknowledged(started.url, payload), await openAcknowledged(started.url, payload)];
    const extra = await openSocket(started.url);
    extra.send({ type: 'connection_init', payload });
    expect((await extra.closed).code).toBe(4429);
    // Somebody else is not concerned.
    await openAcknowledged(started.url, { authorization: `Bearer ${await started.tokens.sign({ kind: 'customer', customerId: 'cus_2' }, { ttlS: 60 })}` });
    sockets[0]?.socket.close();
    await sockets[0]?.closed;
    await expect
      .poll(() =>
        openAcknowledged(started.url, payload).then(
          () => 'open',
          () => 'refused',
        ),
      )
      .toBe('open');
  });

  it('reads from a source no faster than the client reads from the socket', async () => {
    const raw = await openAcknowledged(started.url);
    raw.socket.pause();
    subscribe(raw, '1', COUNT, { to: 200_000 });
    const other = await openAcknowledged(started.url);
    subscribe(other, '1', COUNT, { to: 2_000 });
    while ((await other.next()).type !== 'complete');
    expect(started.streams.open).toBe(1);
    raw.socket.terminate();
    await started.streams.closed();
  });
});

it.each(['connection_ack', 'next', 'error'])('takes %s, which only servers send, for a mistake of the client', async (type) => {
  const raw = await openAcknowledged(started.url);
  raw.send({ type, id: '1', payload: type === 'error' ? [{ message: 'no' }] : { data: {} } });
  expect((await raw.closed).code).toBe(4400);
  expect(started.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

it('holds nobody up when a socket closes whose stream always has a next item', async () => {
  const raw = await openAcknowledged(started.url);
  subscribe(raw, '1', COUNT, { to: 2_000_000_000 });
  await raw.next();
  // Bytes are no message: the server closes.
  raw.socket.send(Buffer.from([1, 2, 3]));
  await started.streams.closed();
  const other = await openAcknowledged(started.url);
  subscribe(other, '1', '{ hello }');
  expect(await other.next()).toMatchObject({ payload: { data: { hello: 'world' } } });
});

describe('origins', () => {
  const upgrade = (origin: string | undefined) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${started.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', origin === undefined ? {} : { origin });
      socket.once('open', () => {
        socket.close();
        resolve(101);
      });
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.once('error', () => undefined);
    });

  it.each([
    ['no origin', () => undefined, 101],
    ['our own', () => started.url, 101],
    ['the public one', () => 'https://support.example.com', 101],
    ['a configured one', () => 'https://shop.example.com', 101],
    ['a foreign one', () => 'https://evil.example', 403],
    ['a look-alike', () => 'https://shop.example.com.evil.example', 403],
    ['another scheme', () => 'http://shop.example.com', 403],
    ['null', () => 'null', 403],
  ])('%s', async (_what, origin, status) => {
    expect(await upgrade(origin())).toBe(status);
  });

  it('takes upgrades on /graphql only', async () => {
    const socket = new WebSocket(`${started.url.replace('http', 'ws')}/elsewhere`, 'graphql-transport-ws');
    socket.once('error', () => undefined);
    const status = await new Promise((resolve) => socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)));
    expect(status).toBe(404);
  });
});

function client(connectionParams: () => Promise<Record<string, unknown>>): Client {
  return createClient({ url: `${started.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, connectionParams, retryWait: () => Promise.resolve() });
}
