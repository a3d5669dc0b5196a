import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters } from 'jose';
import { describe, expect, it } from 'vitest';
import { TOKEN_S_MAX } from '../../src/identity/key-set.ts';
import { createTokens, isExpired } from '../../src/identity/token.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTestKeys } from '../support/keys.ts';
import { createManualClock } from '../support/manual-clock.ts';

const customer: Viewer = { kind: 'customer', customerId: 'cus_1' };
const ADMIN: Viewer = staffViewer({ userId: 'usr_1', name: 'Eve', role: 'super_admin' });

function setup() {
  const clock = createManualClock();
  const keys = createTestKeys();
  const nowS = Math.floor(clock.now().getTime() / 1_000);
  const claims = { viewer: customer, sub: 'customer:cus_1', iss: 'parley', aud: 'parley', iat: nowS, exp: nowS + 60 };
  return { clock, keys, tokens: createTokens({ keys, clock }), nowS, claims };
}

const refusal = expect.objectContaining({ name: 'AppError', code: 'UNAUTHENTICATED', retryable: false }) as unknown;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it.each<Viewer>([
    staffViewer({ userId: 'usr_1', name: 'Ada', role: 'admin' }),
    staffViewer({ userId: 'usr_1', name: 'Ada', role: 'admin', sessionId: 'login_1' }),
    customer,
    partnerViewer({ partnerId: 'ptn_1', keyId: null }),
  ])('says who it was signed for and until when', async (viewer) => {
    const { tokens, clock } = setup();
    const token = await tokens.sign(viewer, { ttlS: 60 });
    const now = clock.now();
    expect(await tokens.verify(token)).toEqual({ viewer, issuedAt: now, expiresAt: new Date(now.getTime() + 60_000), kid: 'test', madeBy: null });
  });

  it('is refused once its time is over, to the second, and known as one that was good', async () => {
    const { tokens, clock } = setup();
    const token = await tokens.sign(customer, { ttlS: 60 });
    clock.advance(59_999);
    await tokens.verify(token);
    clock.advance(1);
    const error: unknown = await tokens.verify(token).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refusal);
    expect(isExpired(error)).toBe(true);
  });

  it('is not signed for longer than a key is kept', async () => {
    await expect(setup().tokens.sign(customer, { ttlS: TOKEN_S_MAX + 1 })).rejects.toThrow(RangeError);
  });

  it('is refused when another key signed it, even one of the same name', async () => {
    const { tokens, clock } = setup();
    const forged = await createTokens({ keys: createTestKeys(), clock }).sign(customer, { ttlS: 60 });
    const error: unknown = await tokens.verify(forged).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refusal);
    expect(isExpired(error)).toBe(false);
  });

  it('is refused when its payload was changed', async () => {
    const { tokens, claims } = setup();
    const [head, , signature] = (await tokens.sign(customer, { ttlS: 60 })).split('.');
    await expect(tokens.verify(`${head}.${part({ ...claims, sub: 'user:usr_1', viewer: ADMIN })}.${signature}`)).rejects.toEqual(refusal);
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('is refused without a signature when its header says "%s"', async (alg) => {
    const { tokens, claims } = setup();
    const [, , signature] = (await tokens.sign(customer, { ttlS: 60 })).split('.');
    for (const end of ['', signature]) {
      await expect(tokens.verify(`${part({ alg, kid: 'test', typ: 'JWT' })}.${part(claims)}.${end}`)).rejects.toEqual(refusal);
    }
  });

  it('is refused when the public key served as the secret of another algorithm', async () => {
    const { tokens, keys, claims } = setup();
    const found = await keys.verifier('test');
    if (!found) throw new Error('a set with its key');
    const jwk = await exportJWK(found.publicKey);
    const secrets = [await exportSPKI(found.publicKey), JSON.stringify(jwk), jwk.x ?? '', Buffer.from(jwk.x ?? '', 'base64url')];
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS512', 'sha512'],
    ] as const) {
      for (const secret of secrets) {
        const body = `${part({ alg, kid: 'test', typ: 'JWT' })}.${part(claims)}`;
        const signature = createHmac(hash, secret).update(body).digest('base64url');
        await expect(tokens.verify(`${body}.${signature}`)).rejects.toEqual(refusal);
      }
    }
  });

  it('is refused when the key it brings along signed it', async () => {
    const { tokens, claims } = setup();
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const headers: JWTHeaderParameters[] = [
      { alg: 'EdDSA', typ: 'JWT', kid: 'test', jwk },
      { alg: 'EdDSA', typ: 'JWT', jwk },
      { alg: 'EdDSA', typ: 'JWT', kid: 'test', jku: 'https://evil.example/jwks.json' },
      { alg: 'EdDSA', typ: 'JWT', kid: 'https://evil.example/jwks.json', x5u: 'https://evil.example/x' },
    ];
    for (const header of headers) {
      await expect(tokens.verify(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey))).rejects.toEqual(refusal);
    }
  });

  it('that demands what nobody here understands is refused', async () => {
    const { tokens, keys, claims } = setup();
    const { privateKey } = await keys.signer();
    const head = { alg: 'EdDSA', kid: 'test', typ: 'JWT', crit: ['exotic'], exotic: true };
    const token = await new SignJWT(claims).setProtectedHeader(head).sign(privateKey, { crit: { exotic: true } });
    await expect(tokens.verify(token)).rejects.toEqual(refusal);
  });

  it.each([
    ['another audience', { aud: 'elsewhere' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['another issuer', { iss: 'elsewhere' }, {}],
    ['no end', { exp: undefined }, {}],
    ['no beginning', { iat: undefined }, {}],
    ['a beginning in the future', { iat: 1_767_268_806, exp: 1_767_268_900 }, {}],
    ['a first moment in the future', { nbf: 1_767_268_806 }, {}],
    ['a viewer that does not exist', { viewer: { kind: 'god' } }, {}],
    ['a viewer that is only inherited', { viewer: undefined, ['__proto__']: { viewer: ADMIN } }, {}],
    ['a subject that is not its viewer', { sub: 'customer:cus_2' }, {}],
    ['another type', {}, { typ: 'logout+jwt' }],
    ['no key named', {}, { kid: undefined }],
    ['a maker that is none', { made_by: 'god:1' }, {}],
    ['a maker without a name', { made_by: 'key:' }, {}],
  ])('is refused with %s, though the key is right', async (_what, change, head) => {
    const { tokens, keys, claims } = setup();
    const { privateKey } = await keys.signer();
    const kept = Object.fromEntries(Object.entries({ ...claims, ...change }).filter(([, value]) => value !== undefined));
    const header = Object.fromEntries(Object.entries({ alg: 'EdDSA', kid: 'test', typ: 'JWT', ...head }).filter(([, value]) => value !== undefined));
    const token = await signed(kept, header as JWTHeaderParameters, privateKey);
    await expect(tokens.verify(token)).rejects.toEqual(refusal);
  });

  it('says who made it, where somebody did', async () => {
    const { tokens } = setup();
    expect((await tokens.verify(await tokens.sign(customer, { ttlS: 60, madeBy: 'key:key_1' }))).madeBy).toBe('key:key_1');
  });

  it('of a clock that is a little ahead of ours is taken', async () => {
    const { tokens, keys, claims, nowS } = setup();
    const token = await signed({ ...claims, iat: nowS + 5 }, { alg: 'EdDSA', kid: 'test', typ: 'JWT' }, (await keys.signer()).privateKey);
    expect(await tokens.verify(token)).toMatchObject({ viewer: customer });
  });

  it.each(['', 'x', 'a.b.c', 'x'.repeat(5_000), '..', 'e30.e30.', 'eyJraWQiOjF9.e30.x'])('is refused when it is none: "%.20s"', async (text) => {
    await expect(setup().tokens.verify(text)).rejects.toEqual(refusal);
  });

  it('says nothing about itself when the keys cannot be read: that is another error', async () => {
    const { clock, keys, tokens } = setup();
    const token = await tokens.sign(customer, { ttlS: 60 });
    const broken = createTokens({ keys: { ...keys, verifier: () => Promise.reject(new Error('no rows today')) }, clock });
    await expect(broken.verify(token)).rejects.toThrow('no rows today');
  });
});

function signed(claims: Record<string, unknown>, header: JWTHeaderParameters, key: CryptoKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}
