/** What the measured servers need around them: a PostgreSQL with customers and conversations of our own, and a Redis. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { tokensOf } from '../support/keys.ts';
import type { Stage } from './stage.ts';
import { staffViewer } from '../../src/store/viewer.ts';

export interface Customers {
  readonly ids: readonly string[];
  /** The credential of each, valid for an hour. */
  readonly tokens: readonly string[];
}

export interface Rows {
  readonly url: string;
  readonly jwtSecret: string;
  readonly database: Database;
  customers(count: number): Promise<Customers>;
  /** How many runs are in which state, for a look after something was lost. */
  runs(): Promise<string>;
  /** The credential of someone at the desk. */
  staffToken(): Promise<string>;
  /** A conversation without messages for each customer. */
  conversations(customers: Customers): Promise<readonly string[]>;
}

export interface RedisService {
  readonly url: string;
  /** How many clients are connected besides us. */
  clients(): Promise<number>;
}

const REAPER = fileURLToPath(new URL('../support/reaper.ts', import.meta.url));
const TOKEN_S = 3_600;
const REDIS_READY_MS = 10_000;

export async function openRows(stage: Stage): Promise<Rows> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const reaper = spawn(process.execPath, [REAPER, dataDir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.unref();
  stage.own(async () => {
    await rm(dataDir, { recursive: true, force: true });
    reaper.stdin.end();
  });
  const log = createLogger({ level: 'error', pretty: false });
  const postgres = await openEmbeddedPostgres({ dataDir, log });
  stage.own(() => postgres.leave());
  await migrate({ url: postgres.url, log });
  const database = openDatabase({ url: postgres.url, connectionsMax: 4, connectMs: 5_000, statementMs: 30_000 });
  stage.own(() => database.$disconnect());
  const jwtSecret = randomBytes(32).toString('base64url');
  const tokens = tokensOf(database, jwtSecret);
  return {
    url: postgres.url,
    jwtSecret,
    database,
    async customers(count) {
      const ids = Array.from({ length: count }, () => newId('cus'));
      await database.customer.createMany({ data: ids.map((id) => ({ id, email: `${id}@example.test`, name: 'Dana Reyes', plan: 'premium' })) });
      return { ids, tokens: await Promise.all(ids.map((customerId) => tokens.sign({ kind: 'customer', customerId }, { ttlS: TOKEN_S }))) };
    },
    async runs() {
      const groups = await database.run.groupBy({ by: ['status', 'errorCode'], _count: true });
      return groups.map(({ status, errorCode, _count }) => `${_count} ${status}${errorCode === null ? '' : ` (${errorCode})`}`).join(', ');
    },
    async staffToken() {
      const user = await database.user.create({ data: { id: newId('usr'), email: `${newId('usr')}@desk.example`, name: 'Sam', role: 'admin' } });
      return tokens.sign(staffViewer({ userId: user.id, name: user.name, role: user.role }), { ttlS: TOKEN_S });
    },
    async conversations({ ids }) {
      const now = systemClock.now();
      const rows = ids.map((customerId) => ({
        id: newId('conv'),
        customerId,
        channel: 'web' as const,
        subject: 'Waiting',
        createdAt: now,
        lastMessageAt: now,
      }));
      await database.conversation.createMany({ data: rows });
      return rows.map(({ id }) => id);
    },
  };
}

/** A Redis of our own on a free port, in memory only. */
export async function openRedis(stage: Stage): Promise<RedisService> {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new Error('there is no redis-server on this machine: install it (Debian: apt-get install redis-server), or name scenarios without Redis with --only');
  }
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'parley-bench-redis-'));
  stage.own(() => rm(directory, { recursive: true, force: true }));
  const server = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory], {
    detached: true,
    stdio: 'ignore',
  });
  // Ends Redis should the benchmark be killed: its end of the pipe closes then.
  const guardian = spawn('sh', ['-c', `read _; kill ${server.pid} 2> /dev/null`], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guardian.unref();
  stage.own(async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    guardian.kill('SIGKILL');
  });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  stage.own(() => client.disconnect());
  const ready = await Promise.race([client.ping(), new Promise<null>((resolve) => setTimeout(resolve, REDIS_READY_MS, null))]);
  if (ready === null) throw new Error('redis-server did not come up');
  return {
    url,
    clients: async () =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length - 1,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
