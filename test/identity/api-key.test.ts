import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChecksum, hasKeyForm, keyHashOf, mintApiKey } from '../../src/identity/api-key-form.ts';
import { createApiKey, verifyApiKey } from '../../src/identity/api-key.ts';
import { makeDemoCredentials } from '../../src/identity/demo.ts';
import { SCOPES, scopesOf, type Scope } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer } from '../../src/store/viewer.ts';
import { authenticateNowhere } from '../support/credentials.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestTokens } from '../support/keys.ts';
import { createManualClock } from '../support/manual-clock.ts';

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
    expect(key).toMatch(/^pk_test_[0-9A-Za-z]{49}$/);
    expect(await verifyApiKey(test.database, key, clock)).toEqual({ viewer: partnerViewer({ partnerId: 'ptn_1', keyId: id }), expiresAt: null });
    const row = await test.database.apiKey.findUniqueOrThrow({ where: { id } });
    expect(row.prefix).toBe(key.slice(0, 16));
    expect(JSON.stringify(row)).not.toContain(key.slice(16));
  });

  it('ends in a checksum, so that whoever finds one knows offline whether it can be a key', async () => {
    for (const forTests of [true, false]) {
      const { key } = mintApiKey(forTests);
      expect(hasChecksum(key)).toBe(true);
      for (const at of [8, 20, 50, key.length - 1]) {
        const wrong = key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1);
        expect(hasChecksum(wrong)).toBe(false);
      }
      expect(hasChecksum(key.replace(/^pk_\w{4}_/, forTests ? 'pk_live_' : 'pk_test_'))).toBe(false);
    }
    // As another program counts it: the CRC-32 of all before it, in base 62.
    expect(hasChecksum(`pk_test_${'0'.repeat(43)}3mVQG1`)).toBe(true);
  });

  it('with a wrong checksum is refused without a query, in the same words', async () => {
    const { key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'misspelt', test: true });
    const wrong = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    const noDatabase = new Proxy(test.database, {
      get() {
        throw new Error('a query was made');
      },
    });
    await expect(verifyApiKey(noDatabase, wrong, clock)).rejects.toEqual(refusal);
    await expect(verifyApiKey(noDatabase, key, clock)).rejects.toThrow('a query was made');
  });

  it('from before there were checksums goes on working', async () => {
    const old = `pk_live_${'Ab-_'.repeat(10)}xyz`;
    expect([hasKeyForm(old), hasChecksum(old)]).toEqual([true, false]);
    await test.database.apiKey.create({
      data: { id: 'key_old', partnerId: 'ptn_1', name: 'old', prefix: old.slice(0, 12), hash: keyHashOf(old), test: false, scopes: ['read:agents'] },
    });
    expect((await verifyApiKey(test.database, old, clock)).viewer).toMatchObject({ keyId: 'key_old', scopes: ['read:agents'] });
  });

  it('may what it was given, and of that only what partners may', async () => {
    const scopesOfKey = async (scopes: readonly Scope[]) => {
      const { key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'narrow', test: true, scopes });
      return (await verifyApiKey(test.database, key, clock)).viewer.scopes;
    };
    expect(await scopesOfKey(['read:customers', 'read:agents'])).toEqual(['read:agents', 'read:customers']);
    // Written into the row by whatever means: it stays without effect.
    expect(await scopesOfKey(['read:agents', 'admin:security', 'read:customers:pii'])).toEqual(['read:agents']);
    expect(await scopesOfKey([...SCOPES])).toBe(scopesOf('api_client'));
    expect(await scopesOfKey([])).toEqual([]);
    expect(Object.isFrozen(await scopesOfKey(['read:agents']))).toBe(true);
  });

  it.each([
    ['192.0.2.77', true],
    ['::ffff:192.0.2.77', true],
    ['192.0.3.1', false],
    ['2001:db8:1::5', true],
    ['2001:db9::5', false],
    ['unknown', false],
    [null, false],
  ])('with an allow-list is good from its networks alone, and refused elsewhere in the same words: %s', async (address, good) => {
    const { id, key } = await createApiKey(test.database, { partnerId: 'ptn_1', name: 'office', test: true, allowList: ['192.0.2.0/24', '2001:db8::/32'] });
    const verified = verifyApiKey(test.database, key, clock, address);
    if (!good) await expect(verified).rejects.toEqual(refusal);
    else expect((await verified).viewer.keyId).toBe(id);
    const row = await test.database.apiKey.findUniqueOrThrow({ where: { id } });
    // A refusal is no use.
    expect([row.lastUsedAddress, row.lastUsedAt !== null]).toEqual([good ? address : null, good]);
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
    const authenticate = authenticateNowhere({ tokens, database: test.database, clock });
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
    const authenticate = authenticateNowhere({ tokens, database: test.database, clock });
    const viewers = await Promise.all(
      [made.staffToken, made.customerToken, made.partnerKey].map(async (credential) => (await authenticate(credential)).viewer),
    );
    expect(viewers).toMatchObject([staffViewer(rows.staff), { kind: 'customer', customerId: 'cus_1' }, { kind: 'partner', partnerId: 'ptn_2' }]);
  });

  it('keep the key of an earlier start, and replace one that is lost', async () => {
    const first = await makeDemoCredentials(deps(), rows);
    const second = await makeDemoCredentials(deps(), { ...rows, partnerKey: first.partnerKey });
    expect(second.partnerKey).toBe(first.partnerKey);
    const unchecked = `pk_test_${'Ab-_'.repeat(10)}xyz`;
    const row = { id: 'key_demo', partnerId: 'ptn_2', name: 'Demo', prefix: unchecked.slice(0, 12), hash: keyHashOf(unchecked), test: true };
    await test.database.apiKey.create({ data: row });
    expect((await makeDemoCredentials(deps(), { ...rows, partnerKey: unchecked })).partnerKey).toMatch(/^pk_test_[0-9A-Za-z]{49}$/);
    await expect(verifyApiKey(test.database, unchecked, clock)).rejects.toEqual(refusal);
    const third = await makeDemoCredentials(deps(), { ...rows, partnerKey: 'pk_test_lost' });
    expect(third.partnerKey).not.toBe(first.partnerKey);
    await expect(verifyApiKey(test.database, first.partnerKey, clock)).rejects.toEqual(refusal);
  });

  it('are refused in production', async () => {
    await expect(makeDemoCredentials({ ...deps(), production: true }, rows)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
