/** A partner from its first key to its customers' front-ends, over real sockets: one key on both doors, in both places, until it is revoked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { openAcknowledged, openSocket, subscribe } from '../gateway/raw-socket.ts';
import { addStaff, openApp, type App, type FrontEnd } from '../support/app.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const RUTH = staffViewer({ userId: 'usr_super', name: 'Ruth', role: 'super_admin' });
const WHO = '{ viewer { kind id } }';
const CREATE_KEY = 'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }';
const ROTATE_KEY = 'mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { key apiKey { id } } }';
const REVOKE_KEY = 'mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { apiKey { revokedAt } } }';
const CREATE_TOKEN = 'mutation($input: CreateCustomerTokenInput!) { createCustomerToken(input: $input) { token expiresAt } }';

describe('a partner', () => {
  let redis: RedisServer;
  let app: App;
  let other: App;
  let staff: FrontEnd;
  const partnerId = newId('ptn');
  beforeAll(async () => {
    redis = await startRedis();
    app = await openApp({}, { redisUrl: redis.url });
    other = await openApp({}, { redisUrl: redis.url, shareDatabaseWith: app });
    await addStaff(app.database, RUTH);
    staff = app.frontEnd(await app.token(RUTH));
  });
  afterAll(async () => {
    await other.close();
    await app.close();
    await redis.close();
  });

  async function createKey(input: Readonly<Record<string, unknown>> = {}): Promise<{ readonly key: string; readonly id: string }> {
    await app.database.partner.upsert({ where: { id: partnerId }, create: { id: partnerId, name: 'Acme' }, update: {} });
    const { data, errors } = await staff.http(CREATE_KEY, {
      input: { partnerId, name: 'Shop', test: true, scopes: ['read:customers', 'write:conversations'], ...input },
    });
    expect(errors).toBeUndefined();
    const { key, apiKey } = (data as { createApiKey: { key: string; apiKey: { id: string } } }).createApiKey;
    return { key, id: apiKey.id };
  }

  async function post(url: string, headers: Readonly<Record<string, string>>, query: string, variables: object = {}) {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: response.status, body: (await response.json()) as { data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] } };
  }

  const places = (key: string): readonly Readonly<Record<string, string>>[] => [
    { authorization: `Bearer ${key}` },
    { authorization: key },
    { 'x-api-key': key },
  ];

  it('is known by its key as a bearer and as X-API-Key, over HTTP and WebSocket', async () => {
    const { key } = await createKey();
    const itself = { data: { viewer: { kind: 'PARTNER', id: partnerId } } };
    for (const headers of places(key)) {
      expect((await post(app.parley.url, headers, WHO)).body).toEqual(itself);
      for (const raw of [
        await openAcknowledged(app.parley.url, headers),
        await openAcknowledged(app.parley.url, { headers }),
        await openAcknowledged(app.parley.url, undefined, { headers }),
      ]) {
        subscribe(raw, '1', WHO);
        expect(await raw.next()).toMatchObject({ type: 'next', payload: itself });
        raw.socket.terminate();
      }
    }
  });

  it('is refused on both doors with a key that is bound to another network', async () => {
    const far = await createKey({ allowList: ['198.51.100.0/24'] });
    const near = await createKey({ allowList: ['127.0.0.0/8', '::1'] });
    for (const headers of places(far.key)) {
      expect((await post(app.parley.url, headers, WHO)).status).toBe(401);
      const raw = await openSocket(app.parley.url);
      raw.send({ type: 'connection_init', payload: headers });
      expect((await raw.closed).code).toBe(4401);
    }
    expect((await post(app.parley.url, { 'x-api-key': near.key }, WHO)).body).toMatchObject({ data: { viewer: { id: partnerId } } });
    // Saying that one comes from there does not help.
    expect((await post(app.parley.url, { 'x-api-key': far.key, 'x-forwarded-for': '198.51.100.7' }, WHO)).status).toBe(401);
  });

  it('hands its customer’s front-end a token that opens that customer on every instance, until the key is revoked', async () => {
    const { key, id } = await createKey();
    const customerId = await app.addCustomer(partnerId);
    const { body } = await post(app.parley.url, { 'x-api-key': key }, CREATE_TOKEN, { input: { customerId, ttlS: 600 } });
    const { token } = (body.data as { createCustomerToken: { token: string } }).createCustomerToken;
    const authorization = `Bearer ${token}`;
    for (const { parley } of [app, other]) {
      expect((await post(parley.url, { authorization }, WHO)).body).toEqual({ data: { viewer: { kind: 'CUSTOMER', id: customerId } } });
    }
    // Neither hears of it but through Redis.
    const sockets = await Promise.all([key, token].map((credential) => openAcknowledged(other.parley.url, { authorization: credential })));
    const { data } = await staff.http(REVOKE_KEY, { id });
    expect(data).toMatchObject({ revokeApiKey: { apiKey: { revokedAt: expect.any(String) as unknown } } });
    expect(await Promise.all(sockets.map(async ({ closed }) => (await closed).code))).toEqual([4401, 4401]);
    for (const { parley } of [app, other]) {
      expect((await post(parley.url, { 'x-api-key': key }, WHO)).status).toBe(401);
      expect((await post(parley.url, { authorization }, WHO)).status).toBe(401);
    }
  });

  it('replaces its key: one works beside the other, and without an overlap what was opened with the old one ends on every instance', async () => {
    const { key, id } = await createKey();
    const raw = await openAcknowledged(other.parley.url, { authorization: key });
    const rotate = async (apiKeyId: string, overlapHours: number) => {
      const { data } = await staff.http(ROTATE_KEY, { input: { apiKeyId, overlapHours } });
      return (data as { rotateApiKey: { key: string; apiKey: { id: string } } }).rotateApiKey;
    };
    const next = await rotate(id, 1);
    for (const one of [key, next.key]) expect((await post(other.parley.url, { 'x-api-key': one }, WHO)).body).toMatchObject({ data: {} });
    subscribe(raw, '1', WHO);
    expect(await raw.next()).toMatchObject({ type: 'next', payload: { data: { viewer: { id: partnerId } } } });
    const second = await openAcknowledged(other.parley.url, { authorization: next.key });
    const last = await rotate(next.apiKey.id, 0);
    expect((await second.closed).code).toBe(4401);
    expect((await post(other.parley.url, { 'x-api-key': next.key }, WHO)).status).toBe(401);
    expect((await post(other.parley.url, { 'x-api-key': last.key }, WHO)).body).toMatchObject({ data: {} });
    raw.socket.terminate();
  });
});
