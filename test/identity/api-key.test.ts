import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, verifyApiKey } from '../../src/identity/api-key.ts';
import { createAuthenticate } from '../../src/identity/authenticate.ts';
import { makeDemoCredentials } from '../../src/identity/demo.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestTokens } from '../support/keys.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { partnerViewer, staffViewer } from '../../src/store/viewer.ts';

let test: TestDatabase;
const clock = createManualClock();
const tokens = createTestTokens(clock);
const refusal = expect.objectContaining({ code: 'UNAUTHENTICATED', message: 'This API key is not valid.' }) as unknown;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.database.partner.createMany({
    data: [
      { id: 'ptn_1', name: 'Acme' },
      { id: 'ptn_2', name: 'Other' },
    ],
  });
});
afterAll(() => test.close());

describe('an API key', () => {
  it('names its partner, and its row keeps only a hash and the start of it', async () => {
    const { id, key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'shop', test: true });
    expect(key).toMatch(/^pk_test_[\w-]{43}$/);
    expect(await verifyApiKey(test.database, key, clock)).toEqual({ viewer: partnerViewer({ partnerId: 'ptn_1', keyId: id }), expiresAt: null });
    const row = await test.database.apiKey.findUniqueOrThrow({ where: { id } });
    expect(row.prefix).toBe(key.slice(0, 12));
    expect(JSON.stringify(row)).not.toContain(key.slice(12));
  });

  it('for live use is told from one for tests by its start', async () => {
    expect((await createApiKey(test.database, { partnerId: 'ptn_1', name: 'live', test: false })).key).toMatch(/^pk_live_/);
  });

  it.each(['pk_test_', 'pk_test_unknown', `pk_live_${'a'.repeat(43)}`, 'nonsense', ''])('that nobody made is refused: "%s"', async (key) => {
    await expect(verifyApiKey(test.database, key, clock)).rejects.toEqual(refusal);
  });

  it('is refused once revoked, in the same words as one that never was', async () => {
    const { id, key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'old', test: true });
    await test.database.apiKey.update({ where: { id }, data: { revokedAt: clock.now() } });
    await expect(verifyApiKey(test.database, key, clock)).rejects.toEqual(refusal);
  });

  it('is refused from the moment it expires', async () => {
    const expiresAt = new Date(clock.now().getTime() + 1_000);
    const { key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'short', test: true, expiresAt });
    expect((await verifyApiKey(test.database, key, clock)).expiresAt).toEqual(expiresAt);
    clock.advance(1_000);
    await expect(verifyApiKey(test.database, key, clock)).rejects.toEqual(refusal);
  });

  it('notes its use at most once a minute', async () => {
    const { id, key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'busy', test: true });
    const lastUsed = async () => (await test.database.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt;
    await verifyApiKey(test.database, key, clock);
    const first = await lastUsed();
    clock.advance(59_000);
    await verifyApiKey(test.database, key, clock);
    expect(await lastUsed()).toEqual(first);
    clock.advance(2_000);
    await verifyApiKey(test.database, key, clock);
    expect(await lastUsed()).toEqual(clock.now());
  });
});

describe('a credential', () => {
  it('is a token or a key, and whoever holds it need not say which', async () => {
    const authenticate = createAuthenticate({ tokens, database: test.database, clock });
    const { key } = await createApiKey(test.database, { partnerId: 'ptn_2', name: 'shop', test: true });
    expect((await authenticate(key)).viewer).toMatchObject({ kind: 'partner', partnerId: 'ptn_2' });
    expect((await authenticate(await tokens.sign({ kind: 'customer', customerId: 'cus_1' }, { ttlS: 60 }))).viewer).toEqual({
      kind: 'customer',
      customerId: 'cus_1',
    });
    await expect(authenticate('neither')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('demo credentials', () => {
  const rows = { staff: { userId: 'usr_1', name: 'Ada', role: 'super_admin' }, customerId: 'cus_1', partnerId: 'ptn_2' } as const;
  const deps = () => ({ tokens, database: test.database, clock, production: false });

  it('open the desk, one customer and one partner', async () => {
    await test.database.user.create({ data: { id: 'usr_1', email: 'ada@desk.example', name: 'Ada', role: 'super_admin' } });
    const made = await makeDemoCredentials(deps(), rows);
    const authenticate = createAuthenticate({ tokens, database: test.database, clock });
    const viewers = await Promise.all(
      [made.staffToken, made.customerToken, made.partnerKey].map(async (credential) => (await authenticate(credential)).viewer),
    );
    expect(viewers).toMatchObject([staffViewer({ ...rows.staff }), { kind: 'customer', customerId: 'cus_1' }, { kind: 'partner', partnerId: 'ptn_2' }]);
  });

  it('keep the key of an earlier start, and replace one that is lost', async () => {
    const first = await makeDemoCredentials(deps(), rows);
    const second = await makeDemoCredentials(deps(), { ...rows, partnerKey: first.partnerKey });
    expect(second.partnerKey).toBe(first.partnerKey);
    const third = await makeDemoCredentials(deps(), { ...rows, partnerKey: 'pk_test_lost' });
    expect(third.partnerKey).not.toBe(first.partnerKey);
    await expect(verifyApiKey(test.database, first.partnerKey, clock)).rejects.toEqual(refusal);
  });

  it('are refused in production', async () => {
    await expect(makeDemoCredentials({ ...deps(), production: true }, rows)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
