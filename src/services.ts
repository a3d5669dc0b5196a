/**
 * Waits until the services Parley stands on answer, for who starts everything at once (`--wait`). Without it a start against a
 * service that is away fails at once and says so. Opens nothing that stays open.
 */
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';

export interface ServicesDeps {
  /** Null for the embedded PostgreSQL, which is started and not waited for. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const TRY_MS = 3_000;
const PAUSE_MS = 1_000;

/** @throws Error naming the service that did not answer in time. */
export async function waitForServices({ databaseUrl, redisUrl, waitMs, clock, log }: ServicesDeps): Promise<void> {
  const limit = AbortSignal.timeout(waitMs);
  const waitFor = async (name: string, ask: () => Promise<void>): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (tries === 1) log.info({ service: name }, 'waiting for a service that does not answer yet');
        await clock.sleep(PAUSE_MS, limit).catch(() => undefined);
        if (limit.aborted) throw new Error(`${name} did not answer within ${Math.round(waitMs / 1_000)} seconds.`, { cause: error });
      }
    }
  };
  await Promise.all([
    databaseUrl === null ? null : waitFor('PostgreSQL (DATABASE_URL)', () => askPostgres(databaseUrl)),
    redisUrl === null ? null : waitFor('Redis (REDIS_URL)', () => askRedis(redisUrl)),
  ]);
}

async function askPostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TRY_MS, query_timeout: TRY_MS });
  // What breaks later is told by the query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function askRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: TRY_MS, commandTimeout: TRY_MS, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
