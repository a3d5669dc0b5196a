/** Who brought a credential is known for a second, and not a moment longer than it is true. */
import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import { keepIdentity, type KeepIdentity } from '../../src/gateway/kept-identity.ts';
import type { Authenticated } from '../../src/identity/authenticate.ts';
import type { Principal } from '../../src/store/principal.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const HOME = { address: '203.0.113.7', userAgent: null };
const AWAY = { address: '198.51.100.9', userAgent: null };
const REVOKED = new AppError('UNAUTHENTICATED', 'This API key is not valid.');

let clock: ManualClock;
let asked: string[];
let answer: (credential: string) => Promise<Authenticated>;
let tell: (principal: Principal) => void;
let identify: KeepIdentity;

const authenticated = (customerId: string, expiresAt: Date | null = null): Authenticated => ({
  viewer: { kind: 'customer', customerId },
  expiresAt,
  versions: new Map([[`customer:${customerId}` as Principal, 0]]),
});

beforeEach(() => {
  clock = createManualClock();
  asked = [];
  answer = async (credential) => authenticated(credential);
  tell = () => undefined;
  identify = keepIdentity({
    clock,
    identify: (credential) => {
      asked.push(credential);
      return answer(credential);
    },
    revocation: {
      onRevoked(listener) {
        tell = listener;
        return () => undefined;
      },
    },
  });
});

describe('an identity', () => {
  it('is asked for once a second, however many requests bring its credential, and each learns when that was', async () => {
    const first = await Promise.all([identify('dana', HOME), identify('dana', HOME), identify('dana', HOME)]);
    clock.advance(999);
    const last = await identify('dana', HOME);
    expect(asked).toEqual(['dana']);
    expect(new Set([...first, last].map(({ sinceMs }) => sinceMs)).size).toBe(1);
    clock.advance(1);
    await identify('dana', HOME);
    expect(asked).toEqual(['dana', 'dana']);
  });

  it('is asked for again at once when it was revoked, and those of others are kept', async () => {
    await identify('dana', HOME);
    await identify('eve', HOME);
    answer = () => Promise.reject(REVOKED);
    tell('customer:dana');
    await expect(identify('dana', HOME)).rejects.toBe(REVOKED);
    expect((await identify('eve', HOME)).known.viewer).toEqual({ kind: 'customer', customerId: 'eve' });
  });

  it('that was being asked for when the news came is not kept', async () => {
    const { promise, resolve } = Promise.withResolvers<Authenticated>();
    answer = () => promise;
    const early = identify('dana', HOME);
    tell('customer:dana');
    resolve(authenticated('dana'));
    await early;
    answer = () => Promise.reject(REVOKED);
    await expect(identify('dana', HOME)).rejects.toBe(REVOKED);
  });

  it('is not kept beyond the end of its credential', async () => {
    answer = async () => authenticated('dana', new Date(clock.now().getTime() + 300));
    await identify('dana', HOME);
    clock.advance(300);
    answer = () => Promise.reject(REVOKED);
    await expect(identify('dana', HOME)).rejects.toBe(REVOKED);
  });

  it('is of the address it came from, since keys are bound to networks', async () => {
    await identify('dana', HOME);
    await identify('dana', AWAY);
    expect(asked).toHaveLength(2);
  });

  it('that was refused is asked for again', async () => {
    answer = () => Promise.reject(REVOKED);
    await expect(identify('dana', HOME)).rejects.toBe(REVOKED);
    answer = async () => authenticated('dana');
    expect((await identify('dana', HOME)).known.viewer).toEqual({ kind: 'customer', customerId: 'dana' });
  });

  it('is forgotten when ten thousand others were asked for since', async () => {
    await identify('first', HOME);
    for (let n = 0; n < 10_000; n += 1) await identify(`other ${n}`, HOME);
    await identify('first', HOME);
    expect(asked.filter((credential) => credential === 'first')).toHaveLength(2);
  });
});
