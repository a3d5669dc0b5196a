import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokens, isExpired } from '../../src/identity/token.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createManualClock } from '../support/manual-clock.ts';

const secret = 'a secret of the test, long enough for it';
const customer: Viewer = { kind: 'customer', customerId: 'cus_1' };

function setup() {
  const clock = createManualClock();
  return { clock, tokens: createTokens({ secret, clock }) };
}

const refusal = expect.objectContaining({ name: 'AppError', code: 'UNAUTHENTICATED', retryable: false }) as unknown;

describe('a token', () => {
  it.each<Viewer>([staffViewer({ userId: 'usr_1', name: 'Ada', role: 'admin' }), customer, partnerViewer({ partnerId: 'ptn_1', keyId: null })])(
    'says who it was signed for and until when',
    async (viewer) => {
      const { tokens, clock } = setup();
      const token = await tokens.sign(viewer, { ttlS: 60 });
      expect(await tokens.verify(token)).toEqual({ viewer, expiresAt: new Date(clock.now().getTime() + 60_000) });
    },
  );

  it('is refused once its time is over, and known as one that was good', async () => {
    const { tokens, clock } = setup();
    const token = await tokens.sign(customer, { ttlS: 60 });
    clock.advance(60_000);
    const error: unknown = await tokens.verify(token).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refusal);
    expect(isExpired(error)).toBe(true);
  });

  it('is refused when it was signed with another secret', async () => {
    const { tokens, clock } = setup();
    const forged = await createTokens({ secret: `${secret}!`, clock }).sign(customer, { ttlS: 60 });
    const error: unknown = await tokens.verify(forged).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refusal);
    expect(isExpired(error)).toBe(false);
  });

  it('is refused when its payload was changed', async () => {
    const { tokens } = setup();
    const [head, , signature] = (await tokens.sign(customer, { ttlS: 60 })).split('.');
    const payload = Buffer.from(JSON.stringify({ viewer: staffViewer({ userId: 'usr_1', name: 'Eve', role: 'super_admin' }) })).toString('base64url');
    await expect(tokens.verify(`${head}.${payload}.${signature}`)).rejects.toEqual(refusal);
  });

  it('is refused without a signature, whatever its header says', async () => {
    const { tokens } = setup();
    const [, payload] = (await tokens.sign(customer, { ttlS: 60 })).split('.');
    for (const alg of ['none', 'None', 'HS256']) {
      const head = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      await expect(tokens.verify(`${head}.${payload}.`)).rejects.toEqual(refusal);
    }
  });

  it.each([
    ['another audience', { aud: 'elsewhere' }, 'HS256'],
    ['no audience', { aud: undefined }, 'HS256'],
    ['another issuer', { iss: 'elsewhere' }, 'HS256'],
    ['no end', { exp: undefined }, 'HS256'],
    ['another algorithm', {}, 'HS512'],
    ['a viewer that does not exist', { viewer: { kind: 'god' } }, 'HS256'],
    ['a subject that is not its viewer', { sub: 'customer:cus_2' }, 'HS256'],
  ])('is refused with %s, though the secret is right', async (_what, change, alg) => {
    const { tokens, clock } = setup();
    const nowS = Math.floor(clock.now().getTime() / 1_000);
    const claims = { viewer: customer, sub: 'customer:cus_1', iss: 'parley', aud: 'parley', iat: nowS, exp: nowS + 60, ...change };
    const kept = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    const token = await new SignJWT(kept).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
    await expect(tokens.verify(token)).rejects.toEqual(refusal);
  });

  it.each(['', 'x', 'a.b.c', 'x'.repeat(5_000)])('is refused when it is none', async (text) => {
    await expect(setup().tokens.verify(text)).rejects.toEqual(refusal);
  });
});

it('does not sign with a secret that is too short', () => {
  expect(() => createTokens({ secret: 'short', clock: createManualClock() })).toThrow('32 bytes');
});
