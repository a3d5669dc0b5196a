/** Keys that sign tokens in tests: a real pair that lives in this process alone, or the very keys of an instance's database. */
import { exportJWK, generateKeyPair } from 'jose';
import { systemClock, type Clock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createKeySet, type KeySet } from '../../src/identity/key-set.ts';
import { createSeal } from '../../src/identity/seal.ts';
import { createTokens, type Tokens } from '../../src/identity/token.ts';
import type { Database } from '../../src/store/database.ts';

export type TestKeys = Pick<KeySet, 'signer' | 'verifier' | 'published'>;

export function createTestKeys(kid = 'test'): TestKeys {
  const pair = generateKeyPair('EdDSA', { extractable: true });
  return {
    signer: async () => ({ kid, alg: 'EdDSA', privateKey: (await pair).privateKey }),
    verifier: async (asked) => (asked === kid ? { alg: 'EdDSA', publicKey: (await pair).publicKey } : null),
    published: async () => ({ keys: [{ ...(await exportJWK((await pair).publicKey)), kid }] }),
  };
}

/** Tokens with a key of their own. */
export function createTestTokens(clock: Clock): Tokens {
  return createTokens({ keys: createTestKeys(), clock });
}

/** Tokens as an instance on this database with this JWT_SECRET signs them. */
export function tokensOf(database: Database, secret: string, clock: Clock = systemClock): Tokens {
  const keys = createKeySet({ database, seal: createSeal(secret), clock, log: createLogger({ level: 'silent', pretty: false }) });
  return createTokens({ keys, clock });
}
