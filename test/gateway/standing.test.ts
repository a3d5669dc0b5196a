/**
 * What was granted is taken back while a socket is open: nothing more is delivered to whoever lost it, not even to one of many who are
 * served together, and nobody else misses anything.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import type { Authenticated } from '../../src/identity/authenticate.ts';
import type { Watcher } from '../../src/identity/revocation.ts';
import type { Principal } from '../../src/store/principal.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createStanding, type Standing } from '../../src/gateway/standing.ts';
import { openAcknowledged, openSocket, subscribe, type RawSocket } from './raw-socket.ts';
import { openSharedBench, type SharedBench } from './shared-bench.ts';
import { ask, startGateway, type Started } from './start-gateway.ts';

const REVOKED = new AppError('UNAUTHENTICATED', 'This API key is not valid.');

/** Credentials as rows would have them, and the news of their changes. */
function access() {
  const known = new Map<string, Viewer | Error>();
  const watchers = new Map<string, Set<Watcher>>();
  const listeners = new Set<(principal: Principal) => void>();
  let gate: Promise<void> = Promise.resolve();
  const principalOf = (credential: string): Principal => `key:${credential}`;
  return {
    known,
    watchers,
    /** Checks wait until this is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    tell(credential: string) {
      for (const listener of listeners) listener(principalOf(credential));
      for (const watcher of watchers.get(principalOf(credential)) ?? []) watcher.changed();
    },
    async authenticate(credential: string): Promise<Authenticated> {
      await gate;
      const found = known.get(credential);
      if (!found || found instanceof Error) throw found ?? REVOKED;
      return { viewer: found, expiresAt: null, versions: new Map([[principalOf(credential), 0]]) };
    },
    revocation: {
      onRevoked(listener: (principal: Principal) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      watch(versions: ReadonlyMap<Principal, number>, watcher: Watcher) {
        for (const principal of versions.keys()) watchers.set(principal, (watchers.get(principal) ?? new Set()).add(watcher));
        return () => {
          for (const principal of versions.keys()) watchers.get(principal)?.delete(watcher);
        };
      },
    },
  };
}

const DANA: Viewer = { kind: 'customer', customerId: 'cus_dana' };
const staff = (userId: string, role: 'user' | 'admin'): Viewer => staffViewer({ userId, name: userId, role });

let rows: ReturnType<typeof access>;
let started: Started;
beforeEach(async () => {
  rows = access();
  started = await startGateway({ authenticate: rows.authenticate, revocation: rows.revocation });
});
afterEach(() => started.close());

const open = (credential: string) => openAcknowledged(started.url, { authorization: credential });
const WATCH = 'subscription { count(to: -1) { value } }';

async function value(raw: RawSocket): Promise<unknown> {
  const { payload } = await raw.next();
  return (payload as { data: { count: { value: number } } }).data.count.value;
}

describe('a socket', () => {
  it('is told what it may do and until when', async () => {
    rows.known.set('dana', DANA);
    const raw = await openSocket(started.url);
    raw.send({ type: 'connection_init', payload: { authorization: 'Bearer dana' } });
    expect(await raw.next()).toEqual({
      type: 'connection_ack',
      payload: {
        expiresAt: null,
        refreshBeforeMs: null,
        sessionId: null,
        limits: { subscriptionsPerSocket: 3, operationsPerSocket: 2, frameBytesMax: 16_384 },
      },
    });
  });

  it.each([
    ['X-API-Key header of the upgrade', undefined, { 'X-API-Key': 'dana' }],
    ['Authorization header of the upgrade', undefined, { Authorization: 'Bearer dana' }],
    ['x-api-key of the first message', { 'X-Api-Key': 'dana' }, {}],
    ['headers of the first message', { headers: { 'x-api-key': 'dana' } }, {}],
  ])('knows who calls by the %s', async (_where, payload, headers) => {
    rows.known.set('dana', DANA);
    const raw = await openAcknowledged(started.url, payload, { headers });
    subscribe(raw, '1', '{ viewer }');
    expect(await raw.next()).toMatchObject({ payload: { data: { viewer: 'customer' } } });
  });

  it('with two credentials that differ is refused, as a request is', async () => {
    rows.known.set('dana', DANA);
    const raw = await openSocket(started.url);
    raw.send({ type: 'connection_init', payload: { authorization: 'dana', 'x-api-key': 'other' } });
    expect((await raw.closed).code).toBe(4401);
    expect((await ask(started.url, '{ viewer }', { headers: { authorization: 'dana', 'x-api-key': 'other' } })).status).toBe(401);
    expect((await ask(started.url, '{ viewer }', { headers: { 'x-api-key': 'dana' } })).body.data).toEqual({ viewer: 'customer' });
  });

  it('is closed for good when its key is revoked, and nothing is delivered in between', async () => {
    rows.known.set('dana', DANA);
    const raw = await open('dana');
    subscribe(raw, '1', WATCH);
    await raw.next();
    const go = rows.hold();
    rows.known.set('dana', REVOKED);
    rows.tell('dana');
    go();
    expect(await raw.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  it('is closed to come back when nobody can tell whether its key holds', async () => {
    rows.known.set('dana', DANA);
    const raw = await open('dana');
    rows.known.set('dana', new Error('no rows today'));
    rows.tell('dana');
    expect((await raw.closed).code).toBe(1013);
  });

  it('goes on when what changed changes nothing for it', async () => {
    rows.known.set('dana', DANA);
    const raw = await open('dana');
    rows.tell('dana');
    rows.tell('dana');
    subscribe(raw, '1', '{ viewer }');
    expect(await raw.next()).toMatchObject({ payload: { data: { viewer: 'customer' } } });
    expect([...rows.watchers.values()].map((set) => set.size)).toEqual([1]);
  });

  it('lets go of what it watches when it closes', async () => {
    rows.known.set('dana', DANA);
    const raw = await open('dana');
    raw.socket.close();
    await raw.closed;
    await expect.poll(() => [...rows.watchers.values()].map((set) => set.size)).toEqual([0]);
  });
});

describe('rights that changed', () => {
  it('end what was followed under the old ones with a refusal that may be tried again, and the socket goes on under the new', async () => {
    rows.known.set('sam', staff('sam', 'admin'));
    const raw = await open('sam');
    subscribe(raw, '1', WATCH);
    await value(raw);
    rows.known.set('sam', staff('sam', 'user'));
    rows.tell('sam');
    let message = await raw.next();
    while (message.type === 'next') message = await raw.next();
    expect(message).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code: 'FORBIDDEN', retryable: true } }] });
    subscribe(raw, '2', '{ viewer }');
    expect(await raw.next()).toMatchObject({ id: '2', payload: { data: { viewer: 'staff' } } });
  });
});

describe('of many who are served together', () => {
  let bench: SharedBench;
  beforeEach(() => {
    bench = openSharedBench();
  });
  afterEach(() => bench.close());

  /** A standing that the test holds, confirms and takes away. */
  function held(): { readonly standing: Standing; hold(): void; confirm(): void; takeAway(): void } {
    const rights = new AbortController();
    let checking: PromiseWithResolvers<void> | null = null;
    return {
      standing: {
        get held() {
          return checking !== null;
        },
        confirmed: () => checking?.promise ?? Promise.resolve(),
        rights: rights.signal,
      },
      hold: () => void (checking = Promise.withResolvers<void>()),
      confirm() {
        checking?.resolve();
        checking = null;
      },
      takeAway: () => rights.abort(new AppError('FORBIDDEN', 'What you may see has changed.', { retryable: true })),
    };
  }

  const textOf = (items: readonly { readonly text?: string }[]) => items.map(({ text = '' }) => text).join('');

  it('whoever is in doubt gets nothing while the others go on, and everything, once, when it is confirmed', async () => {
    const doubt = held();
    const sam = bench.subscribe();
    const kim = bench.subscribe({ standing: doubt.standing });
    await bench.say('one ');
    await expect.poll(() => [textOf(sam.items), textOf(kim.items), bench.fanOut.groups]).toEqual(['one ', 'one ', 1]);
    doubt.hold();
    await bench.say('two ');
    await bench.say('three ');
    await expect.poll(() => textOf(sam.items)).toBe('one two three ');
    expect(textOf(kim.items)).toBe('one ');
    doubt.confirm();
    await expect.poll(() => textOf(kim.items)).toBe('one two three ');
    await bench.say('four');
    await expect.poll(() => [textOf(sam.items), textOf(kim.items)]).toEqual(['one two three four', 'one two three four']);
  });

  it('nobody gets anything while all are in doubt, and each goes on where it was', async () => {
    const doubts = [held(), held()];
    const readers = doubts.map(({ standing }) => bench.subscribe({ standing }));
    await bench.say('one ');
    await expect.poll(() => readers.map(({ items }) => textOf(items))).toEqual(['one ', 'one ']);
    for (const doubt of doubts) doubt.hold();
    await bench.say('two ');
    const witness = bench.subscribe();
    await bench.say('three ');
    await expect.poll(() => textOf(witness.items)).toContain('three');
    expect(readers.map(({ items }) => textOf(items))).toEqual(['one ', 'one ']);
    doubts[0]?.confirm();
    await expect.poll(() => textOf(readers[0]?.items ?? [])).toBe('one two three ');
    expect(textOf(readers[1]?.items ?? [])).toBe('one ');
    doubts[1]?.confirm();
    await expect.poll(() => textOf(readers[1]?.items ?? [])).toBe('one two three ');
  });

  it('a single reader in doubt is waited for', async () => {
    const doubt = held();
    const sam = bench.subscribe({ standing: doubt.standing });
    await bench.say('one ');
    await expect.poll(() => textOf(sam.items)).toBe('one ');
    doubt.hold();
    await bench.say('two ');
    await bench.say('three');
    doubt.confirm();
    await expect.poll(() => textOf(sam.items)).toBe('one two three');
  });

  it('whoever lost its rights is told so and gets nothing more, and the others do not notice', async () => {
    const doubt = held();
    const sam = bench.subscribe();
    const kim = bench.subscribe({ standing: doubt.standing });
    await bench.say('one ');
    await expect.poll(() => [textOf(sam.items), textOf(kim.items)]).toEqual(['one ', 'one ']);
    doubt.hold();
    await bench.say('two ');
    doubt.takeAway();
    expect(await kim.ended).toEqual(['FORBIDDEN']);
    doubt.confirm();
    await bench.say('three');
    await expect.poll(() => textOf(sam.items)).toBe('one two three');
    expect(textOf(kim.items)).toBe('one ');
  });
});

describe('a check that is under way', () => {
  it('is made again when something changes meanwhile, and what it found in between counts for nothing', async () => {
    const answers: PromiseWithResolvers<Authenticated>[] = [];
    const watching = new Set<Watcher>();
    const changed: Viewer[] = [];
    const versions = new Map<Principal, number>([['user:sam', 0]]);
    const control = createStanding(
      {
        authenticate() {
          const answer = Promise.withResolvers<Authenticated>();
          answers.push(answer);
          return answer.promise;
        },
        revocation: {
          watch(_versions, watcher) {
            watching.add(watcher);
            return () => void watching.delete(watcher);
          },
        },
        onChecked: ({ viewer }, sameRights) => void (sameRights || changed.push(viewer)),
        onRefused: () => undefined,
      },
      'sam',
      { viewer: staff('sam', 'admin'), expiresAt: null, versions },
      0,
    );
    const standing = control.standing();
    const tell = () => {
      for (const watcher of watching) watcher.changed();
    };
    tell();
    await expect.poll(() => answers.length).toBe(1);
    tell();
    answers[0]?.resolve({ viewer: staff('sam', 'admin'), expiresAt: null, versions });
    await expect.poll(() => answers.length).toBe(2);
    expect(standing.held).toBe(true);
    answers[1]?.resolve({ viewer: staff('sam', 'user'), expiresAt: null, versions });
    await standing.confirmed();
    expect([standing.held, standing.rights.aborted, control.standing().rights.aborted]).toEqual([false, true, false]);
    expect(changed).toEqual([staff('sam', 'user')]);
    control.stop();
    expect(watching.size).toBe(0);
  });
});
