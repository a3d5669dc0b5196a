/**
 * Locks between processes that share a database: PostgreSQL session advisory locks, each on a connection of its own, so that a
 * process that dies lets go at once. The numbers are the closed list of what is locked. Knows nothing of what is done under them.
 */
import pg from 'pg';

/** Any fixed numbers will do, as long as nobody else in the same database uses them. */
export const ADVISORY_LOCKS = {
  members: 724_190_001,
  migrations: 724_190_002,
  seed: 724_190_003,
  home: 724_190_004,
  knowledge: 724_190_005,
  retention: 724_190_006,
  signingKeys: 724_190_007,
} as const;
export type AdvisoryLock = keyof typeof ADVISORY_LOCKS;

const CONNECT_MS = 10_000;
const WAIT_MS = 120_000;

/** Does `work` while no other process holds the same lock on the same database. Waits up to two minutes for its turn. */
export async function withAdvisoryLock<T>(url: string, lock: AdvisoryLock, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, application_name: `parley ${lock}` });
  // Without a listener a server that goes away would end the process; the work itself notices through its own connection.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${WAIT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS[lock]]);
    return await work();
  } finally {
    await client.end();
  }
}
