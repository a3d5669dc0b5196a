import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/foundation/clock.ts';
import { startGateway, type Started } from './start-gateway.ts';

let started: Started;
beforeEach(async () => {
  started = await startGateway();
});
afterEach(() => started.close());

interface Follow {
  readonly query: string | undefined;
  readonly variables?: object;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

const follow = ({ query, variables, headers, signal }: Follow) =>
  fetch(`${started.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
    ...(signal ? { signal } : {}),
  });

async function eventsOf(response: Response): Promise<{ id: string | undefined; event: string; data: unknown }[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      return { id: fields['id'], event: fields['event'] ?? '', data: fields['data'] ? JSON.parse(fields['data']) : null };
    });
}

describe('a subscription over HTTP', () => {
  it('sends items with their position as id, though the client did not select it, and then complete', async () => {
    const response = await follow({ query: 'subscription { count(to: 2) { value } }' });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await eventsOf(response)).toEqual([
      { id: 'e1.1', event: 'next', data: { data: { count: { value: 1 } } } },
      { id: 'e1.2', event: 'next', data: { data: { count: { value: 2 } } } },
      { id: undefined, event: 'complete', data: null },
    ]);
  });

  it.each([
    ['no after', 'subscription { count(to: 4) { value } }', undefined],
    ['a literal', 'subscription { count(to: 4, after: "e1.1") { value } }', undefined],
    ['a variable', 'subscription ($after: Position) { count(to: 4, after: $after) { value } }', { after: 'e1.1' }],
    ['a fragment', 'subscription { ...F } fragment F on Subscription { count(to: 4) { value } }', undefined],
  ])('goes on after Last-Event-ID, over %s', async (_what, query, variables) => {
    const response = await follow({ query, headers: { 'last-event-id': 'e1.3' }, ...(variables ? { variables } : {}) });
    expect((await eventsOf(response)).map(({ id }) => id)).toEqual(['e1.4', undefined]);
  });

  it('refuses a Last-Event-ID that is no position', async () => {
    const response = await follow({ query: 'subscription { count(to: 4) { value } }', headers: { 'last-event-id': 'garbage' } });
    expect(response.status).toBe(200);
    expect(await eventsOf(response)).toMatchObject([{ data: { errors: [{ extensions: { code: 'BAD_INPUT', field: 'after' } }] } }, { event: 'complete' }]);
  });

  it('works with GET, as EventSource asks', async () => {
    const response = await fetch(`${started.url}/graphql?${new URLSearchParams({ query: 'subscription { count(to: 1) { value } }' }).toString()}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(await eventsOf(response)).toHaveLength(2);
  });

  it('stops what it follows when the reader leaves', async () => {
    const leave = new AbortController();
    const response = await follow({ query: 'subscription { count(to: -1) { value } }', signal: leave.signal });
    await response.body?.getReader().read();
    expect(started.streams.open).toBe(1);
    leave.abort();
    await started.streams.closed();
  });

  it('is cut without a complete when the token expires', async () => {
    const expiry = Promise.withResolvers<void>();
    let nowMs = Date.now();
    const clock: Clock = { now: () => new Date(nowMs), sleep: (ms, signal) => (ms > 1_000 ? expiry.promise : systemClock.sleep(ms, signal)) };
    const other = await startGateway({ clock });
    const token = await other.tokens.sign({ kind: 'customer', customerId: 'cus_1' }, { ttlS: 3_600 });
    const response = await fetch(`${other.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
      body: '{"query":"subscription { count(to: -1) { value } }"}',
    });
    nowMs += 3_700_000;
    expiry.resolve();
    expect(await response.text()).not.toContain('complete');
    await other.streams.closed();
    await other.close();
  });

  it('tells a refusal as an event of an accepted stream, so that nobody takes it for a broken connection and tries again', async () => {
    const response = await follow({ query: 'subscription { denied { value } }' });
    expect(response.status).toBe(200);
    expect(await eventsOf(response)).toMatchObject([{ event: 'next', data: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } }, { event: 'complete' }]);
  });

  it.each([
    ['a crash', { query: 'subscription { crashing { value } }' }, 500, 'INTERNAL'],
    ['a credential that is not valid', { query: '{ hello }', headers: { authorization: 'Bearer pk_nobody' } }, 401, 'UNAUTHENTICATED'],
    ['a request without an operation', { query: undefined }, 400, 'BAD_INPUT'],
  ])('tells %s with its status too: the reader may come again', async (_what, request, status, code) => {
    const response = await follow(request);
    expect(response.status).toBe(status);
    expect(await eventsOf(response)).toMatchObject([{ event: 'next', data: { errors: [{ extensions: { code } }] } }, { event: 'complete' }]);
  });

  it('tells a source that breaks as an error, masked, and ends', async () => {
    const events = await eventsOf(await follow({ query: 'subscription { failing { value } }' }));
    expect(events).toMatchObject([{ id: 'e1.1' }, { data: { errors: [{ extensions: { code: 'INTERNAL' } }] } }, { event: 'complete' }]);
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('is refused to a reader that takes only JSON, and follows nothing', async () => {
    const response = await follow({ query: 'subscription { count(to: -1) { value } }', headers: { accept: 'application/json' } });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] });
    await started.streams.closed();
  });

  it('is an event stream for clients that accept several things, and their queries are JSON', async () => {
    const headers = { accept: 'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed' };
    expect((await follow({ query: 'subscription { count(to: 1) { value } }', headers })).headers.get('content-type')).toContain('text/event-stream');
    expect((await follow({ query: '{ hello }', headers })).headers.get('content-type')).toContain('json');
  });

  it('answers a query with one event when only events are accepted', async () => {
    expect(await eventsOf(await follow({ query: '{ hello }' }))).toEqual([
      { id: undefined, event: 'next', data: { data: { hello: 'world' } } },
      { id: undefined, event: 'complete', data: null },
    ]);
  });
});
