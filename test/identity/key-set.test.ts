/** The keys that sign tokens, on real rows: rotation loses no token, revocation every one, and no text chooses a key but its exact id. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { createKeySet, TOKEN_S_MAX, type KeySet } from '../../src/identity/key-set.ts';
import { createSeal } from '../../src/identity/seal.ts';
import { createTokens } from '../../src/identity/token.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const SECRET = 'a secret of the test, long enough for it';
const DAY_MS = 86_400_000;
const DANA: Viewer = { kind: 'customer', customerId: 'cus_1' };
const log = createLogger({ level: 'silent', pretty: false });

let rows: TestDatabase;
let clock: ManualClock;
beforeEach(async () => {
  rows = await createTestDatabase();
  clock = createManualClock();
});
afterEach(() => rows.close());

const instance = (secret = SECRET): KeySet => createKeySet({ database: rows.database, seal: createSeal(secret), clock, log });
const tokensOf = (keys: KeySet) => createTokens({ keys, clock });
const kidOf = (token: string) => (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('a set of keys', () => {
  it('makes its first key once, however many instances start at the same time, and each verifies what the others sign', async () => {
    const instances = Array.from({ length: 5 }, () => instance());
    const tokens = await Promise.all(instances.map((keys) => tokensOf(keys).sign(DANA, { ttlS: 60 })));
    expect(await rows.database.signingKey.count()).toBe(1);
    for (const keys of instances) for (const token of tokens) expect((await tokensOf(keys).verify(token)).viewer).toEqual(DANA);
  });

  it('survives a restart: what was signed before is good after it', async () => {
    const token = await tokensOf(instance()).sign(DANA, { ttlS: 60 });
    expect((await tokensOf(instance()).verify(token)).viewer).toEqual(DANA);
  });

  it('publishes the public halves alone, and keeps the private ones sealed', async () => {
    const keys = instance();
    const { kid } = await keys.signer();
    const published = await keys.published();
    expect(published).toEqual({ keys: [{ kid, alg: 'EdDSA', use: 'sig', kty: 'OKP', crv: 'Ed25519', x: expect.stringMatching(/^[\w-]{43}$/) as unknown }] });
    const row = await rows.database.signingKey.findUniqueOrThrow({ where: { kid } });
    expect(row.sealed).toMatch(/^v1\.[\w-]+$/);
    expect(JSON.stringify(row)).not.toContain('"d"');
  });

  it('publishes a new key before it signs with it, and verifies with the old one until its last token has expired', async () => {
    const keys = instance();
    const long = await tokensOf(keys).sign(DANA, { ttlS: TOKEN_S_MAX });
    const { kid } = await keys.rotate();
    expect((await keys.published()).keys.map((key) => key.kid)).toContain(kid);
    expect(kidOf(await tokensOf(keys).sign(DANA, { ttlS: 60 }))).toBe(kidOf(long));
    clock.advance(10 * 60_000);
    const late = await tokensOf(keys).sign(DANA, { ttlS: 60 });
    expect(kidOf(late)).toBe(kid);
    clock.advance(TOKEN_S_MAX * 1_000 - 10 * 60_000 - 1_000);
    expect((await tokensOf(instance()).verify(long)).viewer).toEqual(DANA);
    clock.advance(15 * 60_000);
    expect((await keys.published()).keys.map((key) => key.kid)).toEqual([kid]);
    await expect(tokensOf(keys).verify(long)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('rotates by itself when its key is old, once for all instances', async () => {
    const [one, other] = [instance(), instance()];
    await one.signer();
    expect(await one.rotateWhenOlder(30 * DAY_MS)).toBe(false);
    clock.advance(30 * DAY_MS);
    const done = await Promise.all([one.rotateWhenOlder(30 * DAY_MS), other.rotateWhenOlder(30 * DAY_MS)]);
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await rows.database.signingKey.count()).toBe(2);
  });

  it('that is revoked is refused by every instance within seconds, and the next key signs at once', async () => {
    const [one, other] = [instance(), instance()];
    const stolen = await tokensOf(one).sign(DANA, { ttlS: 3_600 });
    await tokensOf(other).verify(stolen);
    const { kid, revoked } = await one.rotate({ revoke: true });
    expect(revoked).toEqual([kidOf(stolen)]);
    await expect(tokensOf(one).verify(stolen)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    clock.advance(5_000);
    await expect(tokensOf(other).verify(stolen)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(kidOf(await tokensOf(other).sign(DANA, { ttlS: 60 }))).toBe(kid);
  });

  it('keeps the algorithm with the key: a token of one key under the other algorithm is refused', async () => {
    const keys = instance();
    const before = await tokensOf(keys).sign(DANA, { ttlS: 3_600 });
    const { kid } = await keys.rotate({ alg: 'ES256' });
    clock.advance(10 * 60_000);
    const token = await tokensOf(keys).sign(DANA, { ttlS: 60 });
    expect((await tokensOf(keys).verify(token)).kid).toBe(kid);
    const [, payload, signature] = token.split('.');
    const head = (alg: string, named: string) => Buffer.from(JSON.stringify({ alg, kid: named, typ: 'JWT' })).toString('base64url');
    for (const [alg, named] of [
      ['EdDSA', kid],
      ['ES256', kidOf(before)],
      ['EdDSA', kidOf(before)],
    ] as const) {
      await expect(tokensOf(keys).verify(`${head(alg, named)}.${payload}.${signature}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  it.each(['../../etc/passwd', "' OR '1'='1", '__proto__', 'constructor', 'toString', '%', '', ' ', '\0', 'http://evil.example/key'])(
    'knows no key called "%s"',
    async (kid) => {
      const keys = instance();
      await keys.signer();
      clock.advance(10_000);
      expect(await keys.verifier(kid)).toBeNull();
    },
  );

  it('reads its rows at most once a second, however many unknown keys are asked for', async () => {
    let reads = 0;
    const database = rows.database.$extends({
      query: {
        signingKey: {
          findMany({ args, query }) {
            reads += 1;
            return query(args);
          },
        },
      },
    });
    // Only what the key set uses of it.
    const keys = createKeySet({ database: Object.assign(database, { sql: rows.database.sql }) as never, seal: createSeal(SECRET), clock, log });
    for (let n = 0; n < 200; n += 1) await keys.verifier(`unknown-${n}`);
    expect(reads).toBe(1);
    clock.advance(1_000);
    await keys.verifier('unknown');
    expect(reads).toBe(2);
  });

  it('goes on after a change of the secret: what was signed is good, and a new key signs', async () => {
    const token = await tokensOf(instance()).sign(DANA, { ttlS: 3_600 });
    const changed = instance('another secret of the test, as long as that');
    expect((await tokensOf(changed).verify(token)).viewer).toEqual(DANA);
    const next = await tokensOf(changed).sign(DANA, { ttlS: 60 });
    expect(kidOf(next)).not.toBe(kidOf(token));
    expect((await tokensOf(instance()).verify(next)).viewer).toEqual(DANA);
  });
});

describe('a seal', () => {
  const seal = createSeal(SECRET);

  it('opens what it closed, for the same purpose alone', () => {
    const sealed = seal.close('a secret', 'row 1');
    expect(seal.open(sealed, 'row 1')).toBe('a secret');
    expect(() => seal.open(sealed, 'row 2')).toThrow();
    expect(() => createSeal(`${SECRET}!`).open(sealed, 'row 1')).toThrow();
    expect(() => seal.open(`${sealed.slice(0, -2)}AA`, 'row 1')).toThrow();
    expect(() => seal.open('v1.AAAA', 'row 1')).toThrow('no sealed text');
    expect(seal.close('a secret', 'row 1')).not.toBe(sealed);
  });

  it('is not made of a secret that is too short', () => {
    expect(() => createSeal('short')).toThrow('32 bytes');
  });
});
