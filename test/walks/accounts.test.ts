/** From a mail to a socket that is cut: accounts over the doors of two instances that share PostgreSQL and Redis. */
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { mailPurpose } from '../../src/credentials.ts';
import { readConfig } from '../../src/config.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { createSeal } from '../../src/identity/seal.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { rotateKeys } from '../../src/rotate-keys.ts';
import { inviteFirst } from '../../src/invite.ts';
import { openSocket, subscribe } from '../gateway/raw-socket.ts';
import { addStaff, openApp, type Answer, type App } from '../support/app.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const PASSWORD = 'plum tractor sings at noon';
const TOKENS = 'tokens { accessToken refreshToken sessionId }';
const ADA = staffViewer({ userId: 'usr_ada', name: 'Ada', role: 'super_admin' });

let redis: RedisServer;
let one: App;
let other: App;
beforeAll(async () => {
  redis = await startRedis();
  one = await openApp({}, { redisUrl: redis.url });
  other = await openApp({}, { redisUrl: redis.url, shareDatabaseWith: one });
  await addStaff(one.database, ADA);
});
afterAll(async () => {
  await other?.close();
  await one?.close();
  await redis?.close();
});

const nobody = (app: App) => app.frontEnd(null).http;

async function done<T>(answering: Promise<Answer>): Promise<T> {
  const { data, errors } = await answering;
  if (errors) throw new Error(JSON.stringify(errors));
  return data as T;
}

/** The token in the newest mail to this address, as the outbox would deliver it. */
async function mailed(recipient: string): Promise<string> {
  const row = await one.database.outboxMessage.findFirstOrThrow({ where: { recipient }, orderBy: { id: 'desc' } });
  const seal = createSeal(String(one.environment()['JWT_SECRET']));
  return (JSON.parse(seal.open(row.sealed ?? '', mailPurpose(row.id))) as { token: string }).token;
}

interface LoggedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
}

async function logIn(email: string, app = one): Promise<LoggedIn> {
  const { logIn: answer } = await done<{ logIn: { tokens: LoggedIn } }>(
    nobody(app)(`mutation($input: LogInInput!) { logIn(input: $input) { deviceToken ${TOKENS} } }`, { input: { email, password: PASSWORD } }),
  );
  return answer.tokens;
}

/** Invited by Ada, and registered through the other instance. */
async function join(email: string): Promise<void> {
  const ada = one.frontEnd(await one.token(ADA)).http;
  await done(ada('mutation($input: InviteUserInput!) { inviteUser(input: $input) { accepted } }', { input: { email, role: 'ADMIN' } }));
  const input = { invitation: await mailed(email), name: 'Kim', password: PASSWORD };
  await done(nobody(other)('mutation($input: RegisterInput!) { register(input: $input) { accepted } }', { input }));
}

describe('a person of the desk', () => {
  it('is invited, registers, logs in here and is known there', async () => {
    await join('kim@desk.example');
    const { accessToken, sessionId } = await logIn('kim@desk.example');
    const answer = await done(other.frontEnd(accessToken).http('{ viewer { kind name role sessions { id current network } } }'));
    expect(answer).toEqual({ viewer: { kind: 'STAFF', name: 'Kim', role: 'ADMIN', sessions: [{ id: sessionId, current: true, network: '127.0.0.0/24' }] } });
  });

  it('cannot register without an invitation in production', async () => {
    const input = { email: 'eve@desk.example', name: 'Eve', password: PASSWORD };
    const { errors } = await nobody(one)('mutation($input: RegisterInput!) { register(input: $input) { accepted } }', { input });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each(['__proto__', 'constructor', 'login_toString', 'hasOwnProperty'])('with an id called "%s" reaches nothing', async (id) => {
    const ada = one.frontEnd(await one.token(ADA)).http;
    const logOut = await ada('mutation($id: ID!) { logOut(input: { sessionId: $id }) { ended } }', { id });
    const setActive = await ada('mutation($id: ID!) { setUserActive(input: { userId: $id, active: false }) { active } }', { id });
    for (const { errors } of [logOut, setActive]) expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('on every instance', () => {
  it.each(['log-out', 'disabling', 'replay of a refresh token'])('a %s ends the open sockets for good', async (how) => {
    const email = `${how.replaceAll(' ', '-')}@desk.example`;
    await join(email);
    const session = await logIn(email);
    const sockets = await Promise.all(
      [one, other].map(async (app) => {
        const raw = await openSocket(app.parley.url);
        raw.send({ type: 'connection_init', payload: { authorization: `Bearer ${session.accessToken}` } });
        expect(await raw.next()).toMatchObject({
          type: 'connection_ack',
          payload: { sessionId: session.sessionId, refreshBeforeMs: 30_000, limits: { subscriptionsPerSocket: 100 } },
        });
        subscribe(raw, '1', 'subscription { escalationEvents { __typename } }');
        await raw.next();
        return raw;
      }),
    );
    const { id } = await one.database.user.findUniqueOrThrow({ where: { email } });
    const ada = one.frontEnd(await one.token(ADA)).http;
    if (how === 'log-out') await done(other.frontEnd(session.accessToken).http('mutation { logOut(input: {}) { ended } }'));
    else if (how === 'disabling') await done(ada('mutation($id: ID!) { setUserActive(input: { userId: $id, active: false }) { active } }', { id }));
    else {
      const refresh = () =>
        nobody(one)('mutation($token: String!) { refreshTokens(input: { refreshToken: $token }) { tokens { expiresAt } } }', { token: session.refreshToken });
      await done(refresh());
      expect((await refresh()).errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([
      { code: 4401, reason: 'Unauthorized' },
      { code: 4401, reason: 'Unauthorized' },
    ]);
    for (const app of [one, other])
      expect((await app.frontEnd(session.accessToken).http('{ viewer { id } }')).errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('a revoked key ends the open sockets and streams of events of its partner, and no others', async () => {
    await one.addCustomer('ptn_1');
    const keys = await Promise.all(['old', 'new'].map((name) => createApiKey(one.database, { partnerId: 'ptn_1', name, test: true })));
    const clients: Client[] = [];
    const follow = (key: string) =>
      new Promise<number | 'open'>((resolve) => {
        const client = createClient({
          url: `${other.parley.url.replace('http', 'ws')}/graphql`,
          webSocketImpl: WebSocket,
          connectionParams: { 'x-api-key': key },
          lazy: false,
          retryAttempts: 0,
          onNonLazyError: () => undefined,
          on: { closed: (event) => resolve((event as { code: number }).code), connected: () => connected.resolve() },
        });
        clients.push(client);
      });
    let connected = Promise.withResolvers<void>();
    const ended = follow(keys[0]?.key ?? '');
    await connected.promise;
    connected = Promise.withResolvers<void>();
    let othersEnded = false;
    void follow(keys[1]?.key ?? '').then(() => (othersEnded = true));
    await connected.promise;
    const ada = one.frontEnd(await one.token(ADA)).http;
    await done(ada('mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { apiKey { id } } }', { id: keys[0]?.id }));
    expect(await ended).toBe(4401);
    expect(othersEnded).toBe(false);
    for (const client of clients) await client.dispose();
  });

  it('a lower role ends what was followed under the higher one, and the socket goes on', async () => {
    await join('demoted@desk.example');
    const { accessToken } = await logIn('demoted@desk.example');
    const raw = await openSocket(other.parley.url);
    raw.send({ type: 'connection_init', payload: { authorization: accessToken } });
    await raw.next();
    subscribe(raw, '1', 'subscription { escalationEvents { __typename } }');
    await raw.next();
    const { id } = await one.database.user.findUniqueOrThrow({ where: { email: 'demoted@desk.example' } });
    const ada = one.frontEnd(await one.token(ADA)).http;
    await done(ada('mutation($id: ID!) { setUserRole(input: { userId: $id, role: READONLY }) { user { role } } }', { id }));
    expect(await raw.next()).toMatchObject({ id: '1', type: 'error', payload: [{ extensions: { code: 'FORBIDDEN', retryable: true } }] });
    subscribe(raw, '2', '{ viewer { role } }');
    expect(await raw.next()).toMatchObject({ payload: { data: { viewer: { role: 'READONLY' } } } });
    raw.socket.close();
  });
});

describe('the command that invites', () => {
  const invite = (address: string) =>
    inviteFirst(
      { config: readConfig(one.environment({ REDIS_URL: redis.url })), clock: systemClock, log: createLogger({ level: 'silent', pretty: false }) },
      address,
    );

  it('lets the first person in, who may then do everything', async () => {
    const said = await invite(' First@Desk.example ');
    expect(said).toContain('first@desk.example as super_admin');
    const invitation = /^ {2}([\w-]{43})$/m.exec(said)?.[1];
    const input = { invitation, name: 'Fay', password: PASSWORD };
    await done(nobody(one)('mutation($input: RegisterInput!) { register(input: $input) { accepted } }', { input }));
    const { accessToken } = await logIn('first@desk.example');
    expect(await done(one.frontEnd(accessToken).http('{ viewer { role scopes } }'))).toMatchObject({
      viewer: { role: 'SUPER_ADMIN', scopes: expect.arrayContaining(['manage:roles']) as unknown },
    });
    await expect(invite('first@desk.example')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await nobody(one)('mutation($input: RegisterInput!) { register(input: $input) { accepted } }', { input })).errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_INPUT',
      field: 'input.invitation',
    });
  });

  it('refuses what is no address', async () => {
    await expect(invite('ada')).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

// The last of all: it ends every token there is.
it('the command that rotates keys works beside running instances, and the one that revokes them ends every token at once', async () => {
  const config = readConfig(one.environment({ REDIS_URL: redis.url }));
  const log = createLogger({ level: 'silent', pretty: false });
  const customer = await one.customer();
  const token = await one.token({ kind: 'customer', customerId: customer.customerId });
  expect(await rotateKeys({ config, clock: systemClock, log }, false)).toContain('signs in ten minutes');
  expect(await done(other.frontEnd(token).http('{ viewer { kind } }'))).toEqual({ viewer: { kind: 'CUSTOMER' } });
  const raw = await openSocket(other.parley.url);
  raw.send({ type: 'connection_init', payload: { authorization: token } });
  await raw.next();
  expect(await rotateKeys({ config, clock: systemClock, log }, true)).toContain('2 others were revoked');
  expect((await raw.closed).code).toBe(4401);
  expect((await other.frontEnd(token).http('{ viewer { kind } }')).errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
});
