/**
 * The command that makes the next signing key: `npm start -- --rotate-keys`, or `--revoke-keys` when a key may have been stolen, which ends
 * every token there is. Works beside running instances: they read the new key within seconds, and hear through Redis what was revoked.
 */
import type { Config } from './config.ts';
import { keepSecret } from './development.ts';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { createKeySet } from './identity/key-set.ts';
import { createRevocation } from './identity/revocation.ts';
import { createSeal } from './identity/seal.ts';
import { createMemorySignalBus } from './jobs/memory-signal-bus.ts';
import { createRedisSignalBus } from './jobs/redis-signal-bus.ts';
import { openDatabase } from './store/database.ts';
import { openEmbeddedPostgres } from './store/embedded-postgres.ts';
import { migrate } from './store/migrate.ts';

export interface RotateKeysDeps {
  readonly config: Pick<Config, 'databaseUrl' | 'redisUrl' | 'jwtSecret' | 'dataDir'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers what was done, as a sentence. */
export async function rotateKeys({ config, clock, log }: RotateKeysDeps, revoke: boolean): Promise<string> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const embedded = config.databaseUrl === null ? await openEmbeddedPostgres({ dataDir: config.dataDir, log }) : null;
    if (embedded) closers.push(() => embedded.leave());
    const url = config.databaseUrl ?? embedded?.url ?? '';
    await migrate({ url, log });
    const database = openDatabase({ url, connectionsMax: 2, connectMs: 5_000, statementMs: 15_000 });
    closers.push(() => database.$disconnect());
    const signals = config.redisUrl === null ? createMemorySignalBus({ log }) : await createRedisSignalBus({ url: config.redisUrl, log });
    closers.push(() => signals.close());
    const keys = createKeySet({ database, seal: createSeal(config.jwtSecret ?? (await keepSecret(config.dataDir))), clock, log });
    const { kid, revoked } = await keys.rotate({ revoke });
    // The rows say so already; this is for the sockets that are open.
    const revocation = createRevocation({ database, signals, clock, log });
    for (const one of revoked) await revocation.revoke(`signer:${one}`);
    revocation.close();
    return revoke
      ? `The key ${kid} signs now. ${revoked.length} others were revoked: everybody signs in again.`
      : `The key ${kid} was made and signs in ten minutes.`;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
