/**
 * Requests nobody should send, by the thousand: bodies, addresses and headers of HTTP, bytes that are no HTTP, and messages of the
 * WebSocket protocol, each a valid one with something wrong in it or nothing valid at all. Tells what came back; judges nothing.
 */
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { Pool } from 'undici';
import { WebSocket } from 'ws';

export interface Malformed {
  /** Operations that the server would take as they are. */
  readonly documents: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly seed: number;
}

export interface Came {
  /** How many answers had which status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many sockets were closed with which code. */
  readonly closed: ReadonlyMap<number, number>;
  /** What was said, without what the request itself had said. */
  readonly said: ReadonlySet<string>;
  readonly sent: number;
}

const CONNECTIONS = 16;
const MESSAGES_PER_SOCKET = 6;
/** How much of an answer is looked at. */
const SAID_CHARS_MAX = 4_000;
const POLLUTION = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

export async function sendMalformedHttp(url: string, count: number, given: Malformed): Promise<Came> {
  const { path, tell, came } = createTally(url);
  const pool = new Pool(path, { connections: CONNECTIONS, pipelining: 1 });
  const requests = requestsOf(given, count);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < requests.length; at = next++) {
      const request = requests[at];
      if (!request) return;
      const { statusCode, headers, body } = await pool.request(request);
      tell.status(statusCode);
      if (String(headers['content-type']).startsWith('text/event-stream')) body.destroy();
      else tell.words(await body.text());
      body.on('error', () => undefined);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  await pool.close();
  return came(count);
}

/** Each on a connection of its own, since most end it. */
export async function sendBytes(url: string, count: number, seed: number): Promise<Came> {
  const { tell, came } = createTally(url);
  const { port, hostname } = new URL(url);
  const line = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /graphql HTTP/1.1\r\nHost: a\r\n',
    'GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n',
    '',
  );
  const bytes = fc.tuple(
    line,
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map(Buffer.from),
      fc.string().map((text) => Buffer.from(text)),
    ),
  );
  for (const [start, rest] of fc.sample(bytes, { numRuns: count, seed })) {
    const socket = connect(Number(port), hostname);
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    socket.on('error', () => undefined);
    const over = once(socket, 'close');
    socket.end(Buffer.concat([Buffer.from(start), rest, Buffer.from('\r\n\r\n')]));
    await over;
    const status = /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1];
    if (status) tell.status(Number(status));
    tell.words(heard.slice(heard.indexOf('\r\n\r\n')));
  }
  return came(count);
}

/** Some messages each on a socket of its own; the rest of them are not sent when the server closed it for an earlier one. */
export async function sendMalformedMessages(url: string, count: number, given: Malformed): Promise<Came> {
  const { tell, came } = createTally(url);
  const { authorization } = given.headers;
  const messages = fc.sample(messageOf(given), { numRuns: 1_511, seed: given.seed });
  let sent = 0;
  for (let round = 0; sent < count; round += 1) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const heard = new EventEmitter();
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      tell.words(text);
      heard.emit(text.includes('"connection_ack"') ? 'ready' : text.includes('"the last one"') ? 'through' : 'more');
    });
    socket.on('error', () => undefined);
    const closed = once(socket, 'close') as Promise<[number]>;
    await once(socket, 'open');
    // Some do not say who they are first: then every message is wrong.
    if (round % 8 > 0) {
      socket.send(JSON.stringify({ type: 'connection_init', payload: authorization ? { authorization } : {} }));
      await Promise.race([once(heard, 'ready'), closed]);
    }
    for (let n = 0; n < MESSAGES_PER_SOCKET; n += 1) {
      const message = messages[sent % messages.length] ?? '';
      sent += 1;
      if (socket.readyState === socket.OPEN) socket.send(message);
    }
    if (socket.readyState === socket.OPEN) socket.send('{"type":"subscribe","id":"the last one","payload":{"query":"{ __typename }"}}');
    await Promise.race([once(heard, 'through'), closed]);
    socket.close();
    tell.closed((await closed)[0]);
  }
  return came(sent);
}

function createTally(url: string) {
  const statuses = new Map<number, number>();
  const closed = new Map<number, number>();
  const said = new Set<string>();
  const add = (counts: Map<number, number>, key: number) => void counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    path: url,
    tell: {
      status: (status: number) => add(statuses, status),
      closed: (code: number) => add(closed, code),
      words: (text: string) => void said.add(text.slice(0, SAID_CHARS_MAX)),
    },
    came: (sent: number): Came => ({ statuses, closed, said, sent }),
  };
}

/** A text with a piece cut out, doubled or replaced. */
function broken(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.nat(text.length),
      fc.nat(12),
      fc.oneof(fc.constant(''), fc.string(), fc.constantFrom('{', '}', '(', '"', '\\', '...', '$', '@', '\u0000', '\ud800', '{'.repeat(300))),
    )
    .map(([at, length, instead]) => text.slice(0, at) + instead + text.slice(at + length));
}

const anything = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.string(),
  fc.constantFrom('', 'null', '[]', '{}', '"', '{"query":', '[{"query":"{ a }"},{"query":"{ b }"}]', '['.repeat(2_000)),
);

/** One thing is wrong with most of them: the document, the values, or, seldom, a whole parameter. */
function paramsOf({ documents }: Malformed): fc.Arbitrary<object> {
  const value = fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constantFrom(null, true, '1e999', 'e1.5', 'FAST'), fc.jsonValue({ maxDepth: 2 }));
  const name = fc.oneof({ arbitrary: fc.constantFrom('text', 'to', 'after', 'input', 'id', ...POLLUTION), weight: 6 }, { arbitrary: fc.string(), weight: 1 });
  const variables = fc.oneof(
    fc.dictionary(name, value, { maxKeys: 4 }),
    fc.record({
      text: fc.string(),
      to: fc.integer({ min: -2, max: 5 }),
      input: fc.record({ mode: fc.constantFrom('FAST', 'WARP'), text: value }),
      after: value,
    }),
  );
  const known = fc.constantFrom(...documents);
  return fc.oneof(
    { arbitrary: fc.record({ query: known.chain(broken), variables }), weight: 8 },
    { arbitrary: fc.record({ query: known, variables }), weight: 8 },
    { arbitrary: fc.record({ query: known, variables, operationName: fc.oneof(fc.string(), fc.constantFrom('', 'Named', ...POLLUTION)) }), weight: 2 },
    { arbitrary: fc.record({ query: known, extensions: fc.dictionary(name, value, { maxKeys: 3 }) }), weight: 2 },
    { arbitrary: fc.record({ query: fc.jsonValue({ maxDepth: 1 }), variables: fc.jsonValue({ maxDepth: 1 }), [POLLUTION[0] ?? '']: value }), weight: 1 },
  );
}

/** Bodies, addresses and headers are made apart and put together anew for each request: making them is what takes time. */
function requestsOf(given: Malformed, count: number) {
  const { seed } = given;
  const params = paramsOf(given).map((one) => JSON.stringify(one));
  const bodies = fc.sample(fc.oneof({ arbitrary: params, weight: 6 }, { arbitrary: params.chain(broken), weight: 2 }, anything), { numRuns: 1_009, seed });
  const asked = fc.tuple(fc.constantFrom(...given.documents).chain(broken), fc.string()).map(([query, variables]) => {
    const search = new URLSearchParams({ query: query.toWellFormed(), variables: variables.toWellFormed() });
    return `/graphql?${search.toString()}`;
  });
  const elsewhere = fc.constantFrom(
    '/%',
    '/%00',
    '//',
    '/graphql/',
    '/graphql?%',
    '/graphql?query',
    '/..%2f..%2fetc/passwd',
    '/graphql?query=%ff',
    '/health/live',
  );
  const paths = fc.sample(fc.oneof({ arbitrary: fc.constant('/graphql'), weight: 10 }, { arbitrary: asked, weight: 3 }, { arbitrary: elsewhere, weight: 1 }), {
    numRuns: 307,
    seed,
  });
  const headers = fc.sample(headersOf(given), { numRuns: 503, seed });
  const methods = [...Array.from({ length: 8 }, () => 'POST' as const), 'GET', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'] as const;
  return Array.from({ length: count }, (_, at) => {
    const method = methods[(at * 7) % methods.length] ?? 'POST';
    const body = method === 'GET' || method === 'HEAD' ? null : (bodies[at % bodies.length] ?? '');
    return { method, path: paths[at % paths.length] ?? '/', headers: headers[at % headers.length] ?? {}, body };
  });
}

/** Right most of the time, so that most requests get as far as what else is wrong with them. */
function headersOf({ headers: { authorization = '' } }: Malformed): fc.Arbitrary<Record<string, string>> {
  const value = fc.string().map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?'));
  const types = fc.constantFrom('application/graphql+json; charset=utf-16', 'text/plain', 'multipart/form-data; boundary=a', 'application/json; charset=bogus');
  const rarely = <T>(wrong: fc.Arbitrary<T>, right: T) => fc.oneof({ arbitrary: fc.constant(right), weight: 14 }, { arbitrary: wrong, weight: 1 });
  return fc
    .record({
      'content-type': rarely(fc.oneof(types, value), 'application/json'),
      accept: rarely(
        fc.oneof(fc.constantFrom('application/json', 'text/event-stream', 'multipart/mixed', '*/*'), value),
        'application/graphql-response+json, text/event-stream',
      ),
      authorization: rarely(value, authorization),
      origin: rarely(fc.oneof(fc.constantFrom('null', 'https://shop.example.com', 'https://evil.example', 'http://'), value), ''),
      'last-event-id': rarely(fc.oneof(fc.constantFrom('e1.5', 'e1.-1', 'e1.99999999999999999999'), value), ''),
      'x-request-id': rarely(value, ''),
      'x-forwarded-for': rarely(value, ''),
      'content-encoding': rarely(fc.constantFrom('gzip', 'identity', 'br'), ''),
    })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one.trim() !== '')));
}

function messageOf(given: Malformed): fc.Arbitrary<string | Uint8Array> {
  const id = fc.oneof({ arbitrary: fc.uuid(), weight: 6 }, { arbitrary: fc.constantFrom('', ...POLLUTION), weight: 1 }, { arbitrary: fc.string(), weight: 1 });
  const subscribe = fc.tuple(id, paramsOf(given)).map(([one, payload]) => JSON.stringify({ type: 'subscribe', id: one, payload: { query: '', ...payload } }));
  // Anything but an object ends the socket, as does a credential that is none.
  const name = fc.oneof({ arbitrary: fc.string(), weight: 20 }, { arbitrary: fc.constantFrom('auth', ...POLLUTION), weight: 1 });
  const ping = fc.oneof({ arbitrary: fc.dictionary(name, fc.jsonValue({ maxDepth: 1 })), weight: 10 }, { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 });
  const other = fc.oneof(
    id.map((one) => JSON.stringify({ type: 'complete', id: one })),
    ping.map((payload) => JSON.stringify({ type: 'ping', payload })),
    ping.map((payload) => JSON.stringify({ type: 'pong', payload })),
  );
  const wrong = fc.oneof(
    subscribe.chain(broken),
    anything,
    fc
      .tuple(fc.constantFrom('next', 'error', 'connection_ack', 'connection_init', 'start', ...POLLUTION), fc.jsonValue({ maxDepth: 2 }))
      .map(([type, payload]) => JSON.stringify({ type, id: '1', payload })),
    fc.uint8Array({ maxLength: 60 }),
  );
  return fc.oneof({ arbitrary: subscribe, weight: 40 }, { arbitrary: other, weight: 10 }, { arbitrary: wrong, weight: 1 });
}
