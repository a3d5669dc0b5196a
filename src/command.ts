/** What commands of the operator stand on: the rows, brought up to date, and the way to tell running instances. Starts no instance. */
import type { Config } from './config.ts';
import { keepSecret } from './development.ts';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { createSeal, type Seal } from './identity/seal.ts';
import { createMemorySignalBus } from './jobs/memory-signal-bus.ts';
import { createRedisSignalBus } from './jobs/redis-signal-bus.ts';
import type { SignalBus } from './jobs/signal-bus.ts';
import { openDatabase, type Database } from './store/database.ts';
import { openEmbeddedPostgres } from './store/embedded-postgres.ts';
import { migrate } from './store/migrate.ts';

export interface CommandDeps {
  readonly config: Pick<Config, 'databaseUrl' | 'redisUrl' | 'jwtSecret' | 'dataDir'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Ground {
  readonly database: Database;
  readonly signals: SignalBus;
  readonly seal: Seal;
}

/** Opens the ground, lets the command work on it, and closes it however that ended. */
export async function onGround<T>({ config, log }: CommandDeps, work: (ground: Ground) => Promise<T>): Promise<T> {
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
    return await work({ database, signals, seal: createSeal(config.jwtSecret ?? (await keepSecret(config.dataDir))) });
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
