/** Ten thousand malformed requests: none is our fault, none ends anything but itself, and none is told what is behind the doors. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendBytes, sendMalformedHttp, sendMalformedMessages, type Came, type Malformed } from './malformed.ts';
import { openAcknowledged, subscribe, type RawSocket } from './raw-socket.ts';
import { LIMITS, startGateway, type Started } from './start-gateway.ts';

/** Paths, frames of a stack, addresses of services, and what the schema's faults would say. */
const INTERNALS = /node_modules|\.ts:\d|\/src\/|\bat (?:async )?\w+ \(|postgres:|hunter2|ECONN|TypeError|ReferenceError|RangeError|Cannot read/;
const SEED = Number(process.env['SEED'] ?? 20_261_123);

const DOCUMENTS = [
  '{ hello }',
  'query Named($text: String!, $after: Position) { echo(text: $text, after: $after) }',
  '{ items(first: 5) { edges { node { value next { value } } } } }',
  'mutation ($input: SetInput!) { set(input: $input) }',
  'mutation { set(input: { mode: FAST, text: "a" }) }',
  'subscription ($to: Int!) { count(to: $to) { value position } }',
  'subscription { count(to: 3, after: "e1.1") { value } }',
  '{ item { ...A } } fragment A on Item { value next { value } }',
];

let started: Started;
let bystander: RawSocket;
let malformed: Malformed;
beforeAll(async () => {
  started = await startGateway({ graphiqlHeaders: null, limits: { ...LIMITS, socketsPerViewer: 100 } });
  const authorization = `Bearer ${await started.tokens.sign({ kind: 'customer', customerId: 'cus_1' }, { ttlS: 600 })}`;
  malformed = { documents: DOCUMENTS, headers: { authorization }, seed: SEED };
  bystander = await openAcknowledged(started.url, { authorization });
  subscribe(bystander, 'stays', 'subscription { count(to: -1) { value } }');
  await bystander.next();
});
afterAll(() => started.close());

async function judge(came: Came): Promise<void> {
  expect([...came.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
  // 4500 and 1011 are how a server says that it failed.
  expect([...came.closed.keys()].filter((code) => code === 4500 || code === 1011 || code === 1006)).toEqual([]);
  expect([...came.said].filter((text) => INTERNALS.test(text))).toEqual([]);
  expect(started.reported).toEqual([]);
  subscribe(bystander, `after ${came.sent}`, '{ hello }');
  expect(await bystander.next()).toMatchObject({ type: 'next', payload: { data: { hello: 'world' } } });
  expect(await bystander.next()).toMatchObject({ type: 'complete' });
  expect(bystander.unread).toEqual([]);
}

it('6,000 over HTTP: each is answered, none with a fault of ours', { timeout: 120_000 }, async () => {
  const came = await sendMalformedHttp(started.url, 6_000, malformed);
  expect([...came.statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(6_000);
  // Most get past the first doors.
  expect(came.statuses.get(400)).toBeGreaterThan(2_000);
  expect(came.statuses.get(200)).toBeGreaterThan(100);
  await judge(came);
});

it('400 that are no HTTP at all', { timeout: 120_000 }, async () => {
  await judge(await sendBytes(started.url, 400, SEED));
});

it('3,600 over WebSocket: sockets of others notice nothing', { timeout: 120_000 }, async () => {
  const came = await sendMalformedMessages(started.url, 3_600, malformed);
  expect(came.sent).toBeGreaterThanOrEqual(3_600);
  expect(came.said.size).toBeGreaterThan(200);
  await judge(came);
  await expect.poll(() => started.streams.open, { timeout: 10_000 }).toBe(1);
  expect(started.gateway.sockets).toBe(1);
});
