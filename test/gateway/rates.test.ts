/** How much each caller may ask for, over real HTTP and real sockets: counted by viewer on all doors alike, and told on each answer. */
import { afterEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/desk/registered-operation.ts';
import { createRateLimiter, type RateLimiter } from '../../src/gateway/rate-limiter.ts';
import type { GatewayDeps } from '../../src/gateway/server.ts';
import type { UserRole } from '../../src/store/roles.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { openAcknowledged, openSocket, subscribe } from './raw-socket.ts';
import { smallSchema } from './small-schema.ts';
import { ask, LIMITS, refused, startGateway, type Answer, type Started } from './start-gateway.ts';

const DANA: Viewer = { kind: 'customer', customerId: 'cus_dana' };
/** A partner's key, as the gateway of the tests knows it. */
const KEY = { authorization: 'Bearer pk_partner' };
const of = (role: UserRole) => staffViewer({ userId: 'usr_1', name: 'Sam', role });
const SUBSCRIBE = 'subscription { count(to: -1) { value } }';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

async function start(overrides: Partial<GatewayDeps> = {}): Promise<Started> {
  const rates: RateLimiter = createRateLimiter({ redisUrl: null, log: createLogger({ level: 'silent', pretty: false }) });
  const started = await startGateway({ rates, ...overrides });
  opened.push(rates, started);
  return started;
}

const authorization = async ({ tokens }: Started, viewer: Viewer) => ({ authorization: `Bearer ${await tokens.sign(viewer, { ttlS: 600 })}` });
const codes = (answers: readonly Answer[]) => answers.map((answer) => refused(answer)['code'] ?? 'passed');
const extensionOf = (answer: Pick<Answer, 'body'>) => (answer.body as { extensions?: { rateLimit?: object } }).extensions?.rateLimit;

async function many(count: number, one: (n: number) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < count; n += 1) answers.push(await one(n));
  return answers;
}

describe('over HTTP', () => {
  it('nobody gets ten a minute, and each answer says where they stand', async () => {
    const { url } = await start();
    const answers = await many(11, () => ask(url, '{ hello }'));
    expect(codes(answers)).toEqual([...Array.from({ length: 10 }, () => 'passed'), 'RATE_LIMITED']);
    const [first, last] = [answers[0], answers[10]];
    expect(first && extensionOf(first)).toEqual({ limit: 10, remaining: 9, resetMs: expect.any(Number) as number, cost: 1 });
    expect(first?.headers.get('ratelimit-policy')).toBe('"minute";q=10;w=60, "hour";q=100;w=3600, "day";q=1000;w=86400');
    expect(first?.headers.get('ratelimit')).toMatch(/^"minute";r=9;t=\d+, "hour";r=99;t=\d+, "day";r=999;t=\d+$/);
    expect(['limit', 'remaining', 'reset'].map((name) => first?.headers.get(`x-ratelimit-${name}`))).toEqual(['10', '9', expect.stringMatching(/^\d+$/)]);
    expect(first?.headers.get('x-ratelimit-remaining-day')).toBe('999');
    expect(first?.headers.get('x-ratelimit-tier')).toBe('anonymous');
    expect(last?.status).toBe(429);
    expect(last && refused(last)).toMatchObject({ code: 'RATE_LIMITED', retryable: true, rateLimit: { limit: 10, remaining: 0, cost: 1 } });
    expect(Number(last?.headers.get('retry-after'))).toBe(Math.ceil(Number(last && refused(last)['retryAfterMs']) / 1_000));
    expect(last?.headers.get('ratelimit')).toMatch(/^"minute";r=0;t=\d+$/);
  });

  it.each([
    ['a customer', DANA, 60],
    ['somebody who reads', of('readonly'), 60],
    ['somebody of the desk', of('user'), 60],
    ['an administrator', of('admin'), 300],
    ['who administers the gateway', of('super_admin'), 1_000],
  ])('%s gets what their tier has', async (_who, viewer, limit) => {
    const started = await start();
    const answer = await ask(started.url, '{ hello }', { headers: await authorization(started, viewer) });
    expect(extensionOf(answer)).toMatchObject({ limit, remaining: limit - 1 });
  });

  it('a partner gets what partners have, by a key that was checked', async () => {
    const { url } = await start({ registered: { find: async () => null, isTestKey: async () => true } });
    expect(extensionOf(await ask(url, '{ hello }', { headers: { 'x-api-key': 'pk_nobody' } }))).toBeUndefined();
    expect((await ask(url, '{ hello }', { headers: KEY })).headers.get('x-ratelimit-tier')).toBe('partner');
    expect(extensionOf(await ask(url, '{ hello }', { headers: { 'x-api-key': 'pk_partner' } }))).toMatchObject({ limit: 120, remaining: 118 });
  });

  it('two tokens of one person share, and another person does not', async () => {
    const started = await start();
    const [one, two] = [await authorization(started, DANA), { authorization: `Bearer ${await started.tokens.sign(DANA, { ttlS: 60 })}` }];
    expect(one).not.toEqual(two);
    await ask(started.url, '{ hello }', { headers: one });
    expect(extensionOf(await ask(started.url, '{ hello }', { headers: two }))).toMatchObject({ remaining: 58 });
    const other = await authorization(started, { kind: 'customer', customerId: 'cus_other' });
    expect(extensionOf(await ask(started.url, '{ hello }', { headers: other }))).toMatchObject({ remaining: 59 });
  });

  it('what is refused before it runs counts one', async () => {
    const { url } = await start();
    const bad = ['{ hello', '{ nothing }', 'query ($after: Position) { echo(text: "a", after: $after) }', '{ hello hello: hello }'];
    const answers = await many(11, (n) => ask(url, bad[n % 3] ?? '', { variables: { after: 'garbage' } }));
    expect(codes(answers).at(-1)).toBe('RATE_LIMITED');
    expect(codes(answers).slice(0, 10)).not.toContain('RATE_LIMITED');
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0', '0']);
  });

  it('a subscription counts when it starts, and its headers say so', async () => {
    const started = await start();
    const response = await fetch(`${started.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { count(to: 3) { value } }' }),
    });
    expect(response.headers.get('x-ratelimit-remaining')).toBe('9');
    const text = await response.text();
    expect(text.match(/event: next/g)).toHaveLength(3);
    expect(text).not.toContain('rateLimit');
    expect(extensionOf(await ask(started.url, '{ hello }'))).toMatchObject({ remaining: 8 });
  });

  it('pages, health and preflights count nothing', async () => {
    const { url } = await start();
    for (const path of ['/', '/health/live', '/graphql']) for (let n = 0; n < 12; n += 1) await fetch(`${url}${path}`, { headers: { accept: 'text/html' } });
    for (let n = 0; n < 12; n += 1) await fetch(`${url}/graphql`, { method: 'OPTIONS', headers: { origin: 'https://shop.example.com' } });
    expect(extensionOf(await ask(url, '{ hello }'))).toMatchObject({ remaining: 9 });
  });

  it('is not limited where rates are off, and answers say nothing of it', async () => {
    const { url } = await start({ rates: null });
    const answers = await many(30, () => ask(url, '{ hello }'));
    expect(new Set(codes(answers))).toEqual(new Set(['passed']));
    expect(answers[0]?.body).toEqual({ data: { hello: 'world' } });
    expect(answers[0]?.headers.get('ratelimit')).toBeNull();
  });
});

describe('over WebSocket', () => {
  it('counts with what the same viewer asks over HTTP, refuses with an error, and the socket lives', async () => {
    const started = await start();
    const headers = await authorization(started, DANA);
    for (let n = 0; n < 50; n += 1) await ask(started.url, '{ hello }', { headers });
    const raw = await openAcknowledged(started.url, headers);
    for (let n = 0; n < 10; n += 1) {
      subscribe(raw, `${n}`, '{ hello }');
      expect(await raw.next()).toMatchObject({ type: 'next', payload: { extensions: { rateLimit: { limit: 60, remaining: 9 - n, cost: 1 } } } });
      await raw.next();
    }
    subscribe(raw, 'over', '{ hello }');
    expect(await raw.next()).toMatchObject({
      type: 'error',
      id: 'over',
      payload: [{ extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) as number, rateLimit: { limit: 60, remaining: 0 } } }],
    });
    expect(codes([await ask(started.url, '{ hello }', { headers })])).toEqual(['RATE_LIMITED']);
    raw.send({ type: 'ping' });
    expect(await raw.next()).toEqual({ type: 'pong' });
  });

  it('a subscription counts once, however many items it has, and items say nothing of it', async () => {
    const started = await start();
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', 'subscription { count(to: 40) { value } }');
    for (let n = 1; n <= 40; n += 1) expect(await raw.next()).toEqual({ type: 'next', id: '1', payload: { data: { count: { value: n } } } });
    await raw.next();
    subscribe(raw, '2', '{ hello }');
    expect(await raw.next()).toMatchObject({ payload: { extensions: { rateLimit: { remaining: 8 } } } });
  });

  it('an operation that was completed while it was being counted does not run', async () => {
    const held = Promise.withResolvers<void>();
    const real = createRateLimiter({ redisUrl: null, log: createLogger({ level: 'silent', pretty: false }) });
    const started = await start({ rates: { ...real, take: (...given) => held.promise.then(() => real.take(...given)) } });
    const raw = await openAcknowledged(started.url);
    subscribe(raw, '1', SUBSCRIBE);
    raw.send({ type: 'complete', id: '1' });
    raw.send({ type: 'ping' });
    await raw.next();
    held.resolve();
    subscribe(raw, '2', '{ hello }');
    expect(await raw.next()).toMatchObject({ type: 'next', id: '2' });
    await started.streams.closed();
    expect(started.streams.open).toBe(0);
  });
});

describe('registered operations', () => {
  const LIST = 'query List { items(first: 2500) { edges { node { value } } } }';
  const FOLLOW = 'subscription Follow { count(to: 1) { value } }';
  const texts = new Map([LIST, FOLLOW].map((text) => [hashOf(text), text]));
  const limits = { ...LIMITS, operationCostMax: 10_000 };

  async function startWith(overrides: Partial<GatewayDeps> = {}) {
    const found: string[] = [];
    const ran: string[] = [];
    const registered: GatewayDeps['registered'] = {
      async find(_viewer, id) {
        found.push(id);
        const text = texts.get(id);
        return text === undefined ? null : { id: `oper_${id.slice(0, 4)}`, hash: id, name: 'Registered', version: 1, text };
      },
      isTestKey: async () => false,
    };
    const started = await start({ registered, allowArbitrary: false, limits, onOperation: (id) => void ran.push(id), ...overrides });
    return { ...started, found, ran };
  }

  it('count what their cost is, on HTTP, as an event stream and on WebSocket alike', async () => {
    const { url } = await startWith();
    expect(extensionOf(await ask(url, '', { headers: KEY, raw: JSON.stringify({ documentId: hashOf(LIST) }) }))).toMatchObject({ remaining: 117, cost: 3 });
    const stream = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { ...KEY, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(LIST) } } }),
    });
    expect(stream.headers.get('x-ratelimit-remaining')).toBe('114');
    await stream.text();
    const raw = await openAcknowledged(url, KEY);
    raw.send({ type: 'subscribe', id: '1', payload: { documentId: hashOf(LIST) } });
    expect(await raw.next()).toMatchObject({ type: 'next', payload: { extensions: { rateLimit: { remaining: 111, cost: 3 } } } });
    await raw.next();
    raw.send({ type: 'subscribe', id: '2', payload: { documentId: hashOf(FOLLOW) } });
    expect(await raw.next()).toMatchObject({ type: 'next', payload: { data: { count: { value: 1 } } } });
    expect(extensionOf(await ask(url, '', { headers: KEY, raw: JSON.stringify({ documentId: hashOf(LIST) }) }))).toMatchObject({ remaining: 107 });
  });

  it('are not looked up for who has used up a window, and not noted as used', async () => {
    const { url, found, ran } = await startWith();
    const raw = JSON.stringify({ documentId: hashOf(LIST) });
    // Nobody has ten points: three times three fit.
    const answers = await many(4, () => ask(url, '', { raw }));
    expect(codes(answers)).toEqual(['passed', 'passed', 'passed', 'RATE_LIMITED']);
    expect([found.length, ran.length]).toEqual([4, 3]);
    expect(codes(await many(5, (n) => ask(url, '', { raw: JSON.stringify({ documentId: hashOf(`guess ${n}`) }) })))).toEqual(
      Array.from({ length: 5 }, () => 'RATE_LIMITED'),
    );
    expect([found.length, ran.length]).toEqual([4, 3]);
  });

  it('cannot be guessed for nothing: each id that is none counts one', async () => {
    const { url } = await startWith();
    const answers = await many(11, (n) => ask(url, '', { raw: JSON.stringify({ documentId: hashOf(`guess ${n}`) }) }));
    expect(codes(answers)).toEqual([...Array.from({ length: 10 }, () => 'OPERATION_NOT_FOUND'), 'RATE_LIMITED']);
  });
});

describe('the schema itself', () => {
  const SCHEMA = '{ __schema { types { name } } }';

  it('is told to nobody where only registered operations run, but to who may send documents', async () => {
    const started = await start({ allowArbitrary: false });
    const { url } = started;
    const others = [{}, KEY, await authorization(started, DANA), await authorization(started, of('user'))];
    for (const headers of others) {
      for (const query of [SCHEMA, '{ __type(name: "Query") { name } }', '{ hello ... on Query { __schema { types { name } } } }', '{ __typename }'])
        expect(refused(await ask(url, query, { headers }))).toMatchObject({ code: 'OPERATION_NOT_ALLOWED' });
      const raw = await openAcknowledged(url, headers);
      subscribe(raw, '1', SCHEMA);
      expect(await raw.next()).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'OPERATION_NOT_ALLOWED' } }] });
    }
    for (const role of ['admin', 'super_admin'] as const) {
      const told = await ask(url, SCHEMA, { headers: await authorization(started, of(role)) });
      expect(told.body.data).toMatchObject({ __schema: { types: expect.any(Array) as unknown[] } });
    }
  });

  it('counts each time it is asked for, under whatever names', async () => {
    const started = await start();
    const headers = await authorization(started, DANA);
    const twice = '{ a: __schema { types { name } } ...B } fragment B on Query { b: __schema { types { name } } }';
    expect(extensionOf(await ask(started.url, twice, { headers }))).toMatchObject({ cost: 2, remaining: 58 });
  });
});

describe('attacks', () => {
  it('a header that claims a tier, a viewer or an address changes nothing', async () => {
    const { url } = await start();
    const claims: Record<string, string>[] = [
      { 'x-ratelimit-tier': 'super_admin' },
      { 'x-forwarded-for': '198.51.100.1' },
      { forwarded: 'for=198.51.100.2' },
      { 'x-real-ip': '198.51.100.3' },
      { 'cf-connecting-ip': '198.51.100.4' },
      { 'x-user-id': 'usr_1', 'x-role': 'admin' },
    ];
    const answers = await many(12, (n) => ask(url, '{ hello }', { headers: claims[n % claims.length] ?? {} }));
    expect(codes(answers).slice(10)).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('a key or token that is none gives no tier, and guessing counts as nobody’s', async () => {
    const { url } = await start();
    const answers = await many(12, (n) => ask(url, '{ hello }', { headers: { authorization: `Bearer pk_live_${n}` } }));
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  });

  it('guessing on WebSockets counts with it, and ends in a close that is final', async () => {
    const { url } = await start();
    const codesOf = async (n: number) => {
      const raw = await openSocket(url);
      raw.send({ type: 'connection_init', payload: { authorization: `Bearer pk_live_${n}` } });
      return (await raw.closed).code;
    };
    for (let n = 0; n < 10; n += 1) expect(await codesOf(n)).toBe(4401);
    expect(await codesOf(10)).toBe(4429);
    expect(codes([await ask(url, '{ hello }')])).toEqual(['RATE_LIMITED']);
  });

  it('a token that has expired is told so, however often: its owner is to bring a new one', async () => {
    const started = await start();
    const headers = { authorization: `Bearer ${await started.tokens.sign(DANA, { ttlS: -60 })}` };
    const answers = await many(12, () => ask(started.url, '{ hello }', { headers }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });

  it('behind a trusted proxy each address counts by itself, and a whole network of IPv6 as one', async () => {
    const { url } = await start({ trustedProxies: ['127.0.0.0/8'] });
    const as = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    await many(10, () => ask(url, '{ hello }', as('198.51.100.1')));
    expect(codes([await ask(url, '{ hello }', as('1.2.3.4, 198.51.100.1'))])).toEqual(['RATE_LIMITED']);
    expect(codes([await ask(url, '{ hello }', as('198.51.100.2'))])).toEqual(['passed']);
    await many(10, (n) => ask(url, '{ hello }', as(`2001:db8:1:2::${n}`)));
    expect(codes([await ask(url, '{ hello }', as('2001:db8:1:2:ffff::1'))])).toEqual(['RATE_LIMITED']);
    expect(codes([await ask(url, '{ hello }', as('2001:db8:1:3::1'))])).toEqual(['passed']);
  });

  it('what runs behind the doors is told the same address, on all of them, and never one that a caller made up', async () => {
    const { schema } = smallSchema();
    const seen: unknown[] = [];
    const contextOf: GatewayDeps['contextOf'] = (call) => {
      seen.push(call.origin?.address);
      return { ...call };
    };
    for (const [trustedProxies, address] of [[['127.0.0.1'], '198.51.100.7'] as const, [[], '127.0.0.1'] as const]) {
      seen.length = 0;
      const { url } = await start({ schema, contextOf, trustedProxies });
      const headers = { 'x-forwarded-for': '203.0.113.1, 198.51.100.7' };
      await ask(url, '{ hello }', { headers });
      await (
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
          body: JSON.stringify({ query: 'subscription { count(to: 1) { value } }' }),
        })
      ).text();
      const raw = await openAcknowledged(url, {}, { headers });
      subscribe(raw, '1', '{ hello }');
      await raw.next();
      expect(new Set(seen)).toEqual(new Set([address]));
      expect(seen.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('one mutation under many names counts as many, and more than a minute has are refused for good', async () => {
    const { url, streams } = await start({ limits: { ...LIMITS, operationAliasesMax: 100 } });
    const twice = 'mutation { a: set(input: { mode: FAST, text: "x" }) b: set(input: { mode: FAST, text: "x" }) }';
    expect(extensionOf(await ask(url, twice))).toMatchObject({ remaining: 8, cost: 2 });
    const before = streams.mutations;
    const names = Array.from({ length: 11 }, (_, n) => `m${n}: set(input: { mode: FAST, text: "x" })`).join(' ');
    const answer = await ask(url, `mutation { ...All } fragment All on Mutation { ${names} }`);
    expect(refused(answer)).toMatchObject({ code: 'OPERATION_TOO_COMPLEX', retryable: false });
    expect(streams.mutations).toBe(before);
  });

  it('a list of operations in one request is refused, so that it cannot count as one', async () => {
    const { url } = await start();
    const answer = await ask(url, '', { raw: JSON.stringify(Array.from({ length: 100 }, () => ({ query: '{ hello }' }))) });
    expect(answer.status).toBe(400);
    expect(answer.body).not.toHaveProperty('data');
  });
});

describe('in flight', () => {
  const limits = { ...LIMITS, socketsPerViewer: 10, subscriptionsPerSocket: 10, subscriptionsPerViewer: 4, operationsPerViewer: 2, operationsPerSocket: 5 };

  it('a viewer follows so many subscriptions over all sockets and event streams, and another once one has ended', async () => {
    const started = await start({ limits, rates: null });
    const headers = await authorization(started, DANA);
    const [one, two] = [await openAcknowledged(started.url, headers), await openAcknowledged(started.url, headers)];
    for (const [raw, id] of [[one, '1'] as const, [one, '2'] as const, [two, '1'] as const]) {
      subscribe(raw, id, SUBSCRIBE);
      await raw.next();
    }
    const stream = await fetch(`${started.url}/graphql`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: SUBSCRIBE }),
    });
    expect(stream.status).toBe(200);
    subscribe(two, '2', SUBSCRIBE);
    expect(await two.next()).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT', retryable: true } }] });
    // Somebody else is not concerned.
    const other = await openAcknowledged(started.url);
    subscribe(other, '1', SUBSCRIBE);
    expect(await other.next()).toMatchObject({ type: 'next' });
    one.send({ type: 'complete', id: '1' });
    one.send({ type: 'ping' });
    await one.next();
    subscribe(two, '3', SUBSCRIBE);
    expect(await two.next()).toMatchObject({ type: 'next', id: '3' });
    await stream.body?.cancel();
  });

  it('what is refused for it counts one, so that nobody asks again without end', async () => {
    const started = await start({ limits });
    const raw = await openAcknowledged(started.url, await authorization(started, DANA));
    for (let n = 0; n < 4; n += 1) {
      subscribe(raw, `${n}`, SUBSCRIBE);
      await raw.next();
    }
    const refusals: unknown[] = [];
    for (let n = 4; n < 62; n += 1) {
      subscribe(raw, `${n}`, SUBSCRIBE);
      refusals.push(refused({ body: { errors: (await raw.next()).payload as [] } })['code']);
    }
    expect(refusals.slice(0, 56)).toEqual(Array.from({ length: 56 }, () => 'SUBSCRIPTION_LIMIT'));
    expect(refusals.slice(56)).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('a viewer has so many operations in flight over all doors, and others once they have ended', async () => {
    const started = await start({ limits, rates: null });
    const headers = await authorization(started, DANA);
    const raw = await openAcknowledged(started.url, headers);
    subscribe(raw, '1', '{ slow }');
    const slow = ask(started.url, '{ slow }', { headers });
    await started.streams.asked;
    await expect.poll(async () => refused(await ask(started.url, '{ hello }', { headers }))['code']).toBe('SUBSCRIPTION_LIMIT');
    expect((await ask(started.url, '{ hello }')).body.data).toEqual({ hello: 'world' });
    started.streams.release();
    await slow;
    expect([(await raw.next()).type, (await raw.next()).type]).toEqual(['next', 'complete']);
    for (let n = 0; n < 5; n += 1) expect((await ask(started.url, '{ hello }', { headers })).body.data).toEqual({ hello: 'world' });
  });
});
