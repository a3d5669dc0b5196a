/** What says who someone is, put together from its parts: the keys that sign, the tokens, and the rounds that keep them fresh. */
import type { Config } from './config.ts';
import { startRounds } from './desk/rounds.ts';
import { keepSecret } from './development.ts';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { createKeySet, type KeySet } from './identity/key-set.ts';
import { createSeal } from './identity/seal.ts';
import { createTokens, type Tokens } from './identity/token.ts';
import { createRevocation, LOOK_MS, type Revocation, type RevocationDeps } from './identity/revocation.ts';
import type { Database } from './store/database.ts';
import { DAY_MS } from './store/period.ts';

export interface CredentialsDeps {
  readonly config: Pick<Config, 'jwtSecret' | 'dataDir' | 'signingKeyDays'>;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Credentials {
  readonly keys: KeySet;
  readonly tokens: Tokens;
}

const HOUR_MS = 3_600_000;

/** @param opened Receives what closes the rounds. */
export async function openCredentials({ config, database, clock, log }: CredentialsDeps, opened: (() => Promise<void> | void)[]): Promise<Credentials> {
  const seal = createSeal(config.jwtSecret ?? (await keepSecret(config.dataDir)));
  const keys = createKeySet({ database, seal, clock, log });
  // The first start makes the first key, so that the published set is never empty.
  await keys.signer();
  const rotation = startRounds({
    clock,
    log,
    everyMs: HOUR_MS,
    failed: 'the signing keys could not be looked at',
    round: () => keys.rotateWhenOlder(config.signingKeyDays * DAY_MS),
  });
  opened.push(() => rotation.close());
  return { keys, tokens: createTokens({ keys, clock }) };
}

/** What was granted can be taken back, here and on every other instance. */
export function watchRevocation(deps: RevocationDeps, opened: (() => Promise<void> | void)[]): Revocation {
  const revocation = createRevocation(deps);
  opened.push(revocation.close);
  const { clock, log } = deps;
  const looks = startRounds({ clock, log, everyMs: LOOK_MS, failed: 'what was revoked could not be looked at', round: () => revocation.look() });
  opened.push(() => looks.close());
  return revocation;
}
