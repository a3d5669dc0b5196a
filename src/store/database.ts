/**
 * The one way to the rows: a Prisma client on the `pg` driver, the same for the embedded and for a given PostgreSQL, and the
 * answer to "is the database there". Knows no business rule; who may see what is desk/access.ts.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/prisma/client.ts';
import { createSql, type SqlDatabase } from './sql.ts';

/** `pool`: for a library that speaks to the driver itself; whoever takes it never ends it. */
export type Database = PrismaClient & { readonly sql: SqlDatabase; readonly pool: pg.Pool };

export interface DatabaseOptions {
  readonly url: string;
  /** Most connections held at once. */
  readonly connectionsMax: number;
  /** Milliseconds to wait for a connection before giving up. */
  readonly connectMs: number;
  /** Milliseconds a statement may run. */
  readonly statementMs: number;
  /** Told of connections that broke, also while nobody used them. The pool replaces them by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}

const PROBE_MS = 2000;

/** Opens no connection yet; a server that is restarted later is found again without help. */
export function openDatabase(options: DatabaseOptions): Database {
  const onLost = options.onConnectionLost ?? ((): void => {});
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectMs,
    statement_timeout: options.statementMs,
    // A server that hangs (not one that died) would hold a caller for ever: the statement's own limit is the server's to keep.
    query_timeout: options.statementMs + 5000,
    keepAlive: true,
    application_name: 'parley',
    // The adapter writes and reads moments without an offset, so any other zone would shift them.
    options: '-c TimeZone=UTC',
  });
  // Both listeners are needed: a broken connection that nobody listens to ends the process.
  pool.on('error', onLost);
  const adapter = new PrismaPg(pool, { onPoolError: onLost, onConnectionError: onLost, disposeExternalPool: true });
  return Object.assign(new PrismaClient({ adapter }), { sql: createSql(pool, onLost), pool });
}

/** Resolves with the milliseconds an answer took; rejects after two seconds without one or when the signal aborts. */
export async function probe(database: Database, signal?: AbortSignal): Promise<number> {
  const limit = AbortSignal.timeout(PROBE_MS);
  const stop = signal ? AbortSignal.any([signal, limit]) : limit;
  const started = performance.now();
  stop.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(stop.reason);
    stop.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([database.$queryRaw`SELECT 1`, aborted]);
    return performance.now() - started;
  } finally {
    stop.removeEventListener('abort', onAbort);
  }
}

/** Words by which PostgreSQL (SQLSTATE), Node, Prisma and its adapter say that there is no server to talk to, or not now. */
const UNAVAILABLE: ReadonlySet<unknown> = new Set(
  [
    '57P01 57P02 57P03 57P05 08000 08001 08003 08004 08006 53300',
    'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN',
    'P1001 P1002 P1008 P1017 P2024 P2028 P2037',
    'DatabaseNotReachable ConnectionClosed SocketTimeout TooManyConnections',
  ].flatMap((line) => line.split(' ')),
);
/** The driver gives some of these no code. */
const UNAVAILABLE_SENTENCE =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Cannot use a pool after calling end|Query read timeout/;
const CAUSES_MAX = 8;

/** Whether this failed because the database is away: nothing is wrong with the request, and it may be tried again. */
export function isDatabaseUnavailable(error: unknown): boolean {
  let found = error;
  for (let depth = 0; depth < CAUSES_MAX && found && typeof found === 'object'; depth += 1) {
    for (const key of ['code', 'originalCode', 'errorCode', 'kind'] as const) if (UNAVAILABLE.has(Reflect.get(found, key))) return true;
    const sentence: unknown = Reflect.get(found, 'message');
    if (typeof sentence === 'string' && UNAVAILABLE_SENTENCE.test(sentence)) return true;
    if (found instanceof AggregateError && found.errors.some((each) => isDatabaseUnavailable(each))) return true;
    found = Reflect.get(found, 'cause') ?? Reflect.get(Object(Reflect.get(found, 'meta')), 'driverAdapterError');
  }
  return false;
}
