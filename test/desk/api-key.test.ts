/** Keys of partners as the desk makes, replaces and revokes them: who may, what a key can be given, and what is left behind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApiKeyDesk, type ApiKeyDesk, type CreateApiKey } from '../../src/desk/api-key.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { mintApiKey } from '../../src/identity/api-key-form.ts';
import { verifyApiKey } from '../../src/identity/api-key.ts';
import { createRevocation, readPrincipals, type Revocation } from '../../src/identity/revocation.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import { SCOPES } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const DAY_MS = 86_400_000;
const SUPER: Viewer = staffViewer({ userId: 'usr_super', name: 'Ruth', role: 'super_admin' });
const USER: Viewer = staffViewer({ userId: 'usr_user', name: 'Kim', role: 'user' });
const refusal = expect.objectContaining({ code: 'UNAUTHENTICATED', message: 'This API key is not valid.' }) as unknown;

let test: TestDatabase;
let clock: ManualClock;
let desk: ApiKeyDesk;
let partnerId: string;
let told: string[];
let revocation: Revocation;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.close());
afterEach(() => revocation.close());
beforeEach(async () => {
  clock = createManualClock();
  told = [];
  const log = createLogger({ level: 'silent', pretty: false });
  revocation = createRevocation({ database: test.database, signals: createMemorySignalBus({ log }), clock, log });
  revocation.onRevoked((principal) => void told.push(principal));
  desk = createApiKeyDesk({ database: test.database, clock, mint: mintApiKey, revocation });
  partnerId = newId('ptn');
  await test.database.partner.create({ data: { id: partnerId, name: 'Acme' } });
});

const create = (viewer: Viewer = SUPER, input: Partial<CreateApiKey> = {}) =>
  desk.create(viewer, { partnerId, name: 'shop', scopes: ['read:customers', 'read:agents'], ...input });
const entries = (subjectId: string) => test.database.auditEntry.findMany({ where: { subjectId }, orderBy: { at: 'asc' } });
const versionOf = async (id: string) => (await readPrincipals(test.database, [`key:${id}`]))[0];
const works = async (key: string) => (await verifyApiKey(test.database, key, clock)).viewer;

describe('a key', () => {
  it('is made by the staff for a partner, works, and is written down without itself', async () => {
    const { apiKey, key } = await create(USER, { allowList: ['192.0.2.7', '10.0.0.0/8', '10.0.0.0/8'] });
    expect(key).toMatch(/^pk_live_/);
    expect(apiKey).toMatchObject({
      partnerId,
      scopes: ['read:agents', 'read:customers'],
      allowList: ['192.0.2.7/32', '10.0.0.0/8'],
      createdBy: 'user:usr_user',
      expiresAt: new Date(clock.now().getTime() + 90 * DAY_MS),
    });
    expect((await verifyApiKey(test.database, key, clock, '10.1.1.1')).viewer).toEqual({
      kind: 'partner',
      partnerId,
      keyId: apiKey.id,
      scopes: ['read:agents', 'read:customers'],
    });
    const [entry] = await entries(apiKey.id);
    expect(entry).toMatchObject({ action: 'api_key.create', actorId: 'user:usr_user', changes: { partnerId, scopes: ['read:agents', 'read:customers'] } });
    expect(JSON.stringify([apiKey, entry])).not.toContain(key.slice(16));
  });

  it.each([
    [[], 'name at least one scope.'],
    [['read:agents', 'read:everything'], 'there is no scope "read:everything".'],
    [['read:customers:pii'], '"read:customers:pii" is more than a partner\'s key may have.'],
    [['admin:security'], '"admin:security" is more than a partner\'s key may have.'],
    [['*'], 'there is no scope "*".'],
    [['constructor'], 'there is no scope "constructor".'],
  ])('cannot be given %j', async (scopes, sentence) => {
    await expect(create(SUPER, { scopes })).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.scopes', message: `input.scopes: ${sentence}` });
    expect(await test.database.apiKey.count({ where: { partnerId } })).toBe(0);
  });

  it('is not made for a partner there is not, from a network there is not, or a hundred and first time', async () => {
    await expect(create(SUPER, { partnerId: newId('ptn') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(create(SUPER, { allowList: ['10.0.0.0/8', 'office'] })).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.allowList' });
    await expect(create(SUPER, { allowList: Array.from({ length: 51 }, () => '10.0.0.1') })).rejects.toMatchObject({ field: 'input.allowList' });
    const { apiKey } = await create();
    await test.database.apiKey.createMany({
      data: Array.from({ length: 99 }, () => ({ ...mintedRow(), partnerId, name: 'one of many', test: true })),
    });
    await expect(create()).rejects.toMatchObject({ code: 'QUOTA_REACHED' });
    await desk.revoke(SUPER, { apiKeyId: apiKey.id });
    await create();
  });

  it('is made and revoked by whoever has the scope for it, and by nobody else', async () => {
    const { apiKey } = await create();
    const customer: Viewer = { kind: 'customer', customerId: newId('cus') };
    const partner = partnerViewer({ partnerId, keyId: apiKey.id });
    // Not even with the scopes for it: no key makes keys.
    for (const viewer of [customer, partner, { ...partner, scopes: SCOPES }, staffViewer({ userId: 'usr_reads', name: 'Lee', role: 'readonly' })]) {
      await expect(create(viewer)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(desk.rotate(viewer, { apiKeyId: apiKey.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(desk.revoke(viewer, { apiKeyId: apiKey.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    await expect(desk.revoke(USER, { apiKeyId: apiKey.id })).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'This takes the scope "delete:api_keys".' });
    expect(told).toEqual([]);
  });

  it('is given no more than its maker may, and is not replaced by somebody who may less', async () => {
    const wide = { scopes: ['read:customers', 'write:customers', 'execute:agents:tier2'] };
    const beyond = { code: 'FORBIDDEN', message: expect.stringContaining('"execute:agents:tier2", "write:customers"') as unknown };
    await expect(create(USER, wide)).rejects.toMatchObject(beyond);
    const { apiKey } = await create(SUPER, wide);
    await expect(desk.rotate(USER, { apiKeyId: apiKey.id })).rejects.toMatchObject(beyond);
    expect(await test.database.apiKey.count({ where: { partnerId } })).toBe(1);
  });
});

describe('a key that is revoked', () => {
  it('is refused at once, told to every instance, and written down once', async () => {
    const { apiKey, key } = await create();
    expect((await desk.revoke(SUPER, { apiKeyId: apiKey.id })).apiKey.revokedAt).toEqual(clock.now());
    await expect(works(key)).rejects.toEqual(refusal);
    expect(told).toEqual([`key:${apiKey.id}`]);
    const at = clock.now();
    clock.advance(1_000);
    // Again: told again, in case an instance did not hear it.
    expect((await desk.revoke(SUPER, { apiKeyId: apiKey.id })).apiKey.revokedAt).toEqual(at);
    expect(told).toHaveLength(2);
    expect(await versionOf(apiKey.id)).toMatchObject({ version: 1, notBefore: at });
    expect((await entries(apiKey.id)).map(({ action }) => action)).toEqual(['api_key.create', 'api_key.revoke']);
  });
});

describe('a key that is replaced', () => {
  it('works beside its successor until the overlap ends, to the second', async () => {
    const { apiKey, key } = await create(SUPER, { allowList: ['10.0.0.0/8'], expiresInDays: 30, test: true });
    clock.advance(10 * DAY_MS);
    const rotated = await desk.rotate(SUPER, { apiKeyId: apiKey.id });
    const { name, scopes, allowList } = apiKey;
    expect(rotated.apiKey).toMatchObject({ partnerId, name, scopes, allowList, test: true, expiresAt: new Date(clock.now().getTime() + 30 * DAY_MS) });
    expect(rotated.replaced).toMatchObject({ rotatedToId: rotated.apiKey.id, expiresAt: new Date(clock.now().getTime() + DAY_MS) });
    const from = (text: string) => verifyApiKey(test.database, text, clock, '10.0.0.1');
    clock.advance(DAY_MS - 1);
    await Promise.all([from(key), from(rotated.key)]);
    clock.advance(1);
    await expect(from(key)).rejects.toEqual(refusal);
    expect((await from(rotated.key)).viewer.keyId).toBe(rotated.apiKey.id);
  });

  it('is not made to live longer by an overlap, and ends at once without one', async () => {
    const first = await create(SUPER, { expiresInDays: 1 });
    const { replaced } = await desk.rotate(SUPER, { apiKeyId: first.apiKey.id, overlapHours: 168 });
    expect(replaced.expiresAt).toEqual(first.apiKey.expiresAt);
    // Whoever has something open with it learns its end; what it made before goes on until then.
    expect(told).toEqual([`key:${first.apiKey.id}`]);
    expect(await versionOf(first.apiKey.id)).toMatchObject({ version: 1, notBefore: null });
    const second = await create();
    await desk.rotate(SUPER, { apiKeyId: second.apiKey.id, overlapHours: 0 });
    await expect(works(second.key)).rejects.toEqual(refusal);
    expect(told.at(-1)).toBe(`key:${second.apiKey.id}`);
  });

  it('is replaced by one, however many try at once', async () => {
    const { apiKey } = await create();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => desk.rotate(SUPER, { apiKeyId: apiKey.id })));
    const [won, ...more] = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(more).toEqual([]);
    for (const one of tries) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
    // What the others had made is gone with their transactions.
    expect(await test.database.apiKey.findMany({ where: { partnerId, id: { not: apiKey.id } }, select: { id: true } })).toEqual([{ id: won?.apiKey.id }]);
    expect((await entries(apiKey.id)).map(({ action }) => action)).toEqual(['api_key.create', 'api_key.rotate']);
  });

  it('is not replaced when it works no more', async () => {
    const { apiKey } = await create(SUPER, { expiresInDays: 1 });
    clock.advance(DAY_MS);
    await expect(desk.rotate(SUPER, { apiKeyId: apiKey.id })).rejects.toMatchObject({ code: 'CONFLICT' });
    const other = await create();
    await desk.revoke(SUPER, { apiKeyId: other.apiKey.id });
    await expect(desk.rotate(SUPER, { apiKeyId: other.apiKey.id })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

function mintedRow() {
  const { prefix, hash } = mintApiKey(true);
  return { id: newId('key'), prefix, hash };
}
