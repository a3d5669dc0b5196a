/**
 * Which of the instances on one database is home: without Redis events live in one process, so exactly one instance may run and
 * stream, and the others stand by to take over. Decides only who; what home means is for the floors above.
 */
import pg from 'pg';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { ADVISORY_LOCKS } from './advisory-lock.ts';

export interface HomeOptions {
  readonly url: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Home {
  /** Never true in two instances that both reach the database. False while this one cannot be sure. */
  isHome(): boolean;
  /** True while another instance is known to be home; neither is true while the database cannot be asked. */
  isElsewhere(): boolean;
  /** Calls `listener` after each change of either answer, in order, with `isHome`. Returns how to stop listening. */
  onChange(listener: (home: boolean) => void): () => void;
  /** Lets go, so that another instance takes over within two seconds. May be called twice. */
  close(): Promise<void>;
}

type Place = 'here' | 'elsewhere' | 'unknown';

const RETRY_MS = 2000;
const CONNECT_MS = 5000;
const QUERY_MS = 5000;
/**
 * After how many seconds the server gives up on an instance it no longer hears, and with it its lock. Longer than RETRY_MS and
 * QUERY_MS together: an instance that is cut off knows before another can take over.
 */
const KEEPALIVE = 'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET idle_session_timeout = 0';

/** Returns when the first try has been made: `isHome()` then says whether this instance came first. */
export async function holdHome(options: HomeOptions): Promise<Home> {
  const { log, clock } = options;
  const closing = new AbortController();
  const listeners = new Set<(home: boolean) => void>();
  let place: Place = 'unknown';
  const change = (now: Place): void => {
    if (now === place) return;
    place = now;
    log.debug({ home: place }, 'where home is has changed');
    for (const listener of listeners) listener(place === 'here');
  };

  const firstTry = Promise.withResolvers<void>();
  const keepTrying = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await holdOnce(options.url, clock, closing.signal, (now) => {
          change(now);
          firstTry.resolve();
        });
      } catch (error) {
        if (!closing.signal.aborted) log.warn({ err: error }, 'the connection that decides which instance is home was lost');
      } finally {
        change('unknown');
        firstTry.resolve();
      }
      await clock.sleep(RETRY_MS, closing.signal).catch(() => {});
    }
  };
  const done = keepTrying();
  await firstTry.promise;

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    closing.abort();
    await done;
    listeners.clear();
  };
  return Object.freeze({
    isHome: () => place === 'here',
    isElsewhere: () => place === 'elsewhere',
    onChange: (listener: (home: boolean) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => (closed ??= close()),
  });
}

/** One connection: asks for the lock until it has it, then sees to it that the connection lives. Rejects when it does not. */
async function holdOnce(url: string, clock: Clock, signal: AbortSignal, tell: (home: Place) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS, application_name: 'parley home' });
  const lost = Promise.withResolvers<never>();
  // Handled here as well: it may reject while nobody waits for it.
  lost.promise.catch(() => {});
  client.on('error', (error) => lost.reject(error));
  client.on('end', () => lost.reject(new Error('connection ended')));
  try {
    await client.connect();
    await client.query(KEEPALIVE);
    let held = false;
    while (!signal.aborted) {
      held = held ? await isAlive(client) : await tryLock(client);
      tell(held ? 'here' : 'elsewhere');
      await Promise.race([lost.promise, clock.sleep(RETRY_MS, signal).catch(() => {})]);
    }
  } finally {
    // Before the lock is free: nobody may see two homes.
    tell('unknown');
    await client.end().catch(() => {});
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [ADVISORY_LOCKS.home]);
  return rows[0]?.got === true;
}

async function isAlive(client: pg.Client): Promise<boolean> {
  await client.query('SELECT 1');
  return true;
}
