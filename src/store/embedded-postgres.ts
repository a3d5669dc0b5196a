/**
 * The PostgreSQL that needs no installation: started in the data directory by whichever gateway comes first, shared by all that
 * use the same directory, started again when it dies, stopped by whoever leaves last. Knows no tables; files and processes are
 * postgres-cluster.ts.
 */
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../foundation/logger.ts';
import { ADVISORY_LOCKS } from './advisory-lock.ts';
import { openCluster, processState, type Cluster, type PidFile } from './postgres-cluster.ts';

export interface EmbeddedPostgresOptions {
  /** The gateway's data directory; the cluster is `postgres` below it. */
  readonly dataDir: string;
  readonly log: Logger;
}

export interface EmbeddedPostgres {
  /** Valid until `leave`: a server that had to be started again is found under the same address. */
  readonly url: string;
  /** Lets go of the server, and stops it when no other gateway uses it. May be called twice. */
  leave(): Promise<void>;
}

/** A server this process has joined: as long as the connection holds its shared lock, nobody stops it. */
interface Membership {
  readonly client: pg.Client;
  readonly port: number;
  /** Resolves when the connection is gone, that is, when the server is. */
  readonly lost: Promise<void>;
}

const DATABASE = 'parley';
const CONNECT_MS = 5000;
const JOIN_MS = 90_000;
/** How long a process that calls itself PostgreSQL may refuse before it is taken for somebody else's. */
const REFUSED_MS = 5000;
const LEAVE_MS = 15_000;
/** Once for a port that was taken meanwhile, and some for the children of a killed server, which need a moment to end. */
const START_FAILURES_MAX = 20;
const POLL_MS = 100;
const BACKOFF_MAX_MS = 5000;
/** Below the range systems hand out for outgoing connections, so that no such connection sits on our port when we come back. */
const PORT_FIRST = 20_000;
const PORT_LAST = 32_000;

export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const cluster = await openCluster(options.dataDir);
  const leaving = new AbortController();
  let member: Membership | null = await joinServer(cluster, log, null, AbortSignal.timeout(JOIN_MS));
  const { port } = member;
  try {
    await createDatabase(member.client);
    // A convenience for the next start, which does without when this user may not write it.
    await writeFile(portFile(cluster), `${port}\n`, { mode: 0o600 }).catch(() => {});
  } catch (error) {
    await leaveServer(cluster, member);
    throw error;
  }
  log.debug({ port, directory: cluster.directory }, 'embedded PostgreSQL ready');

  const supervise = async (): Promise<void> => {
    while (!leaving.signal.aborted) {
      await Promise.race([member?.lost, aborted(leaving.signal)]);
      if (leaving.signal.aborted) return;
      member = null;
      log.warn('the embedded PostgreSQL went away and is started again');
      member = await rejoin(cluster, log, port, leaving.signal);
      if (member) log.info('the embedded PostgreSQL is back');
    }
  };
  const supervised = supervise();

  let left: Promise<void> | null = null;
  const leave = async (): Promise<void> => {
    leaving.abort();
    await supervised;
    await leaveServer(cluster, member);
  };
  return Object.freeze({ url: urlOf(cluster, port, DATABASE), leave: () => (left ??= leave()) });
}

/** Joins until it succeeds or this process leaves; the pauses grow to five seconds. */
async function rejoin(cluster: Cluster, log: Logger, port: number, signal: AbortSignal): Promise<Membership | null> {
  for (let pauseMs = POLL_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, BACKOFF_MAX_MS)) {
    try {
      const member = await joinServer(cluster, log, port, AbortSignal.any([signal, AbortSignal.timeout(JOIN_MS)]));
      if (member.port === port) return member;
      log.error({ port, found: member.port }, 'the embedded PostgreSQL now listens elsewhere: restart this gateway');
      await member.client.end();
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'starting the embedded PostgreSQL failed');
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
  return null;
}

/** Adopts the running server of this cluster, or starts one. With `port` it must be that one. */
async function joinServer(cluster: Cluster, log: Logger, port: number | null, signal: AbortSignal): Promise<Membership> {
  let refusedSince: number | null = null;
  let failure: unknown = null;
  for (let failures = 0; failures < START_FAILURES_MAX && !signal.aborted;) {
    const file = await cluster.pidFile();
    const state = file ? await processState(file.pid) : 'gone';
    // A file without a number is being written, or was when the machine stopped: it is given the same time as a silent server.
    if (!file || (state === 'gone' && file.pid !== 0)) {
      // Several may try at once: PostgreSQL lets one through, the others fail here and find it running on the next round.
      refusedSince = null;
      await cluster.start(port ?? (await choosePort(cluster))).catch((error: unknown) => (failure = error));
      if (await cluster.isServed()) continue;
      failures += 1;
    } else if (state === 'postgres' || file.port === null) {
      const attempt = file.port === null ? 'refused' : await tryToJoin(cluster, file.port);
      if (typeof attempt === 'object') return attempt;
      refusedSince = attempt === 'refused' ? (refusedSince ?? Date.now()) : null;
      if (refusedSince !== null && Date.now() - refusedSince > REFUSED_MS) {
        await setAside(cluster, file, state, log);
        refusedSince = null;
      }
    } else {
      await setAside(cluster, file, state, log);
      continue;
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
  throw new Error(`The embedded PostgreSQL did not start; ${join(cluster.directory, 'server.log')} says why.`, { cause: failure ?? signal.reason });
}

async function setAside(cluster: Cluster, file: PidFile, state: string, log: Logger): Promise<void> {
  log.warn({ pid: file.pid, state }, 'the last embedded PostgreSQL left a process file behind, which is set aside');
  await cluster.setAside(file);
}

/** `busy`: it is ours, but still starting or already stopping. `refused`: nothing there, or not ours. */
async function tryToJoin(cluster: Cluster, port: number): Promise<Membership | 'busy' | 'refused'> {
  const client = new pg.Client({ connectionString: urlOf(cluster, port, 'postgres'), connectionTimeoutMillis: CONNECT_MS, application_name: 'parley member' });
  const lost = new Promise<void>((resolve) => {
    client.once('error', () => resolve());
    client.once('end', () => resolve());
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ directory: string }>("SELECT current_setting('data_directory') AS directory");
    if (rows[0]?.directory !== cluster.directory) {
      await client.end();
      return 'refused';
    }
    const lock = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock_shared($1) AS got', [ADVISORY_LOCKS.members]);
    if (lock.rows[0]?.got === true) return { client, port, lost };
    // Whoever leaves last holds it alone and is stopping the server.
    await client.end();
    return 'busy';
  } catch (error) {
    await client.end().catch(() => {});
    // 57P03: starting up, or shutting down. 57P01: shut down while we asked.
    return error instanceof Error && 'code' in error && (error.code === '57P03' || error.code === '57P01') ? 'busy' : 'refused';
  }
}

/** Lets go of the server. One that dies or starts again in the same moment is asked again, so that nothing is left running. */
async function leaveServer(cluster: Cluster, member: Membership | null): Promise<void> {
  const until = Date.now() + LEAVE_MS;
  let joined: Membership | 'busy' | 'refused' = member ?? 'busy';
  do {
    if (typeof joined !== 'object') {
      const file = await cluster.pidFile();
      joined = file?.port ? await tryToJoin(cluster, file.port) : 'refused';
    }
    if (typeof joined === 'object') {
      if (await letGo(cluster, joined.client)) return;
      joined = 'refused';
    }
    if (!(await cluster.isServed())) return;
    await delay(POLL_MS);
  } while (Date.now() < until);
}

/** False when the server went away meanwhile. The lock is tried, never waited for: of several that leave together the last to let go gets it. */
async function letGo(cluster: Cluster, client: pg.Client): Promise<boolean> {
  let last = false;
  try {
    await client.query('SELECT pg_advisory_unlock_shared($1)', [ADVISORY_LOCKS.members]);
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [ADVISORY_LOCKS.members]);
    last = rows[0]?.got === true;
  } catch {
    return false;
  }
  try {
    // The connection stays open meanwhile: a newcomer that cannot share the lock waits for the end and starts anew.
    if (last) await cluster.stop();
  } finally {
    await client.end().catch(() => {});
  }
  return true;
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rows.length > 0) return;
  await client.query(`CREATE DATABASE ${DATABASE}`).catch((error: unknown) => {
    // 42P04, 23505: another gateway made it in the same moment. 55006: it is making it.
    if (!(error instanceof Error && 'code' in error && (error.code === '42P04' || error.code === '23505'))) throw error;
  });
}

/** The port of last time, so that addresses people noted stay right; another one when somebody else took it. */
async function choosePort(cluster: Cluster): Promise<number> {
  const last = Number(await readFile(portFile(cluster), 'utf8').catch(() => ''));
  if (Number.isInteger(last) && last > 0 && (await isFree(last))) return last;
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(PORT_FIRST, PORT_LAST);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port between ${PORT_FIRST} and ${PORT_LAST} for the embedded PostgreSQL.`);
}

function portFile(cluster: Cluster): string {
  return join(cluster.directory, 'parley.port');
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function urlOf(cluster: Cluster, port: number, database: string): string {
  return `postgres://${cluster.user}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
