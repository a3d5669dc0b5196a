/** A fresh token on the open socket: the same viewer stays, whoever else comes is sent away, and the token is repeated nowhere. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestTokens } from '../support/keys.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import type { Tokens } from '../../src/identity/token.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openAcknowledged, subscribe, type RawSocket } from './raw-socket.ts';
import { startGateway, type Started } from './start-gateway.ts';

const DANA: Viewer = { kind: 'customer', customerId: 'cus_dana' };
const SAM = staffViewer({ userId: 'usr_sam', name: 'Sam', role: 'user' });

let clock: ManualClock;
let tokens: Tokens;
let started: Started;
beforeEach(async () => {
  clock = createManualClock();
  tokens = createTestTokens(clock);
  started = await startGateway({ clock, authenticate: (credential) => tokens.verify(credential) });
});
afterEach(() => started.close());

const token = (viewer: Viewer, ttlS = 600) => tokens.sign(viewer, { ttlS });
const open = async (viewer: Viewer) => openAcknowledged(started.url, { authorization: `Bearer ${await token(viewer)}` });

/** Moves the clock on once everything that was sent has been handled. */
async function pass(raw: RawSocket, seconds: number): Promise<void> {
  raw.send({ type: 'ping' });
  expect(await raw.next()).toEqual({ type: 'pong' });
  clock.advance(seconds * 1_000);
}

it('is asked for before the old one expires, and keeps the socket and its subscriptions', async () => {
  const raw = await open(DANA);
  subscribe(raw, '1', 'subscription { count(to: -1) { value } }');
  await raw.next();
  await pass(raw, 570);
  expect(await raw.next()).toEqual({ type: 'ping', payload: { reauth: { deadlineMs: 30_000 } } });
  raw.send({ type: 'ping', payload: { auth: await token(DANA) } });
  // The answer does not repeat the token.
  expect(await raw.next()).toEqual({ type: 'pong' });
  await pass(raw, 60);
  subscribe(raw, '2', '{ viewer }');
  expect(await raw.next()).toMatchObject({ id: '2', payload: { data: { viewer: 'customer' } } });
  await raw.next();
  await pass(raw, 510);
  expect(await raw.next()).toMatchObject({ payload: { reauth: {} } });
  await pass(raw, 60);
  expect((await raw.closed).code).toBe(4403);
});

it('that is short-lived is asked for at half its time, so that nobody is asked without end', async () => {
  const raw = await openAcknowledged(started.url, { authorization: await token(DANA, 20) });
  await pass(raw, 9);
  await pass(raw, 1);
  expect(await raw.next()).toEqual({ type: 'ping', payload: { reauth: { deadlineMs: 10_000 } } });
});

it.each([
  ['of somebody else', () => token({ kind: 'customer', customerId: 'cus_other' }), 4403],
  ['of the same person with other rights', () => token({ ...SAM, role: 'admin' }), 4403],
  ['that has expired', () => token(SAM, -60), 4403],
  ['that is forged', () => 'eyJhbGciOiJub25lIn0.e30.', 4401],
  ['that is no text', () => 7, 4401],
])('%s closes the socket', async (_what, auth, code) => {
  const raw = await open(SAM);
  raw.send({ type: 'ping', payload: { auth: await auth() } });
  expect((await raw.closed).code).toBe(code);
});

it('makes nobody somebody', async () => {
  const raw = await openAcknowledged(started.url);
  raw.send({ type: 'ping', payload: { auth: await token(DANA) } });
  expect((await raw.closed).code).toBe(4403);
});

it('is never logged, and other pings are answered with what they said', async () => {
  const raw = await open(DANA);
  const fresh = await token(DANA);
  raw.send({ type: 'ping', payload: { auth: fresh } });
  expect(await raw.next()).toEqual({ type: 'pong' });
  raw.send({ type: 'ping', payload: { hello: 'there' } });
  expect(await raw.next()).toEqual({ type: 'pong', payload: { hello: 'there' } });
  expect(JSON.stringify(started.lines)).not.toContain(fresh);
});
