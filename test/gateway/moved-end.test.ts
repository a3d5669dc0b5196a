/** The end of a credential that comes nearer while a line is open: a key that is being replaced, and what was made with it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Caller } from '../../src/identity/authenticate.ts';
import type { Watcher } from '../../src/identity/revocation.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { openAcknowledged, type RawSocket } from './raw-socket.ts';
import { startGateway, type Started } from './start-gateway.ts';

const DANA: Viewer = { kind: 'customer', customerId: 'cus_dana' };

let clock: ManualClock;
let expiresAt: Date | null;
let watchers: Set<Watcher>;
let callers: Caller[];
let started: Started;
beforeEach(async () => {
  clock = createManualClock();
  expiresAt = null;
  watchers = new Set();
  callers = [];
  started = await startGateway({
    clock,
    async authenticate(_credential, caller) {
      callers.push(caller);
      return { viewer: DANA, expiresAt, versions: new Map([['key:key_1', 0] as const]) };
    },
    revocation: {
      onRevoked: () => () => undefined,
      watch(_versions, watcher) {
        watchers.add(watcher);
        return () => void watchers.delete(watcher);
      },
    },
  });
});
afterEach(() => started.close());

const inSeconds = (seconds: number) => new Date(clock.now().getTime() + seconds * 1_000);

function moveTo(end: Date): void {
  expiresAt = end;
  for (const watcher of watchers) watcher.changed();
}

async function handled(raw: RawSocket): Promise<void> {
  raw.send({ type: 'ping' });
  expect(await raw.next()).toEqual({ type: 'pong' });
}

it('closes a socket then, whose credential had no end before', async () => {
  const raw = await openAcknowledged(started.url, { authorization: 'pk_one' });
  moveTo(inSeconds(60));
  await handled(raw);
  clock.advance(30_000);
  expect(await raw.next()).toEqual({ type: 'ping', payload: { reauth: { deadlineMs: 30_000 } } });
  await handled(raw);
  clock.advance(30_000);
  expect((await raw.closed).code).toBe(4403);
});

it('closes a socket then, and not at the end of before', async () => {
  expiresAt = inSeconds(3_600);
  const raw = await openAcknowledged(started.url, { authorization: 'pk_one' });
  moveTo(inSeconds(10));
  await handled(raw);
  clock.advance(5_000);
  expect(await raw.next()).toEqual({ type: 'ping', payload: { reauth: { deadlineMs: 5_000 } } });
  moveTo(inSeconds(100));
  await handled(raw);
  clock.advance(6_000);
  await handled(raw);
  clock.advance(94_000);
  expect((await raw.closed).code).toBe(4403);
});

it('ends a stream of events then', async () => {
  const response = await fetch(`${started.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-api-key': 'pk_one' },
    body: JSON.stringify({ query: 'subscription { count(to: -1) { value } }' }),
  });
  if (!response.body) throw new Error('a stream');
  const reader = response.body.getReader();
  await reader.read();
  moveTo(inSeconds(10));
  await expect.poll(() => callers.length).toBe(2);
  clock.advance(10_000);
  for (let ended = false; !ended;) ({ done: ended } = await reader.read());
});

it('is found out for the address that the line came from', async () => {
  const raw = await openAcknowledged(started.url, { authorization: 'pk_one' });
  moveTo(inSeconds(60));
  await handled(raw);
  raw.send({ type: 'ping', payload: { auth: 'pk_two' } });
  expect(await raw.next()).toEqual({ type: 'pong' });
  expect(callers).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ address: '127.0.0.1' })));
});
