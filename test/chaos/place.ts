/**
 * Where a storm takes place: a PostgreSQL and a Redis of its own, a model that answers every question with the text it asks for, and
 * real gateways as processes, each on a port it keeps across its lives. What was started here ends with it, also when it is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { tokensOf } from '../support/keys.ts';
import { startMessagesApi } from '../support/messages-api.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { questionIn, wordsFor } from './question.ts';

export interface Gateway {
  readonly url: string;
  /** Serving, and not told to leave. */
  readonly up: boolean;
  /** Resolves when it serves. */
  start(): Promise<void>;
  /** Resolves when the process has ended, with its exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface Customer {
  readonly id: string;
  readonly token: string;
}

export interface Place {
  readonly database: Database;
  readonly redis: RedisServer;
  readonly gateways: readonly Gateway[];
  customers(count: number): Promise<readonly Customer[]>;
  /** What gateways complained about, the last lines. */
  complaints(): string;
  close(): Promise<void>;
}

export interface PlaceOptions {
  readonly gateways: number;
  readonly tokensPerAnswer: number;
  readonly tokenMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REAPER = fileURLToPath(new URL('../support/reaper.ts', import.meta.url));
const READY_MS = 60_000;
const COMPLAINTS_CHARS_MAX = 4_000;

export async function openPlace({ gateways: count, tokensPerAnswer, tokenMs, env = {} }: PlaceOptions): Promise<Place> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    const { url, database } = await openRows(closers);
    const redis = await startRedis();
    closers.push(() => redis.close());
    const model = await startMessagesApi();
    closers.push(() => model.close());
    model.otherwise((body) => ({ text: wordsFor(questionIn(body), tokensPerAnswer), tokenMs }));
    const jwtSecret = randomBytes(32).toString('base64url');
    const settings = {
      NODE_ENV: 'production',
      ALLOW_ARBITRARY_OPERATIONS: 'true',
      HOST: '127.0.0.1',
      DATABASE_URL: url,
      REDIS_URL: redis.url,
      JWT_SECRET: jwtSecret,
      ANTHROPIC_API_KEY: 'sk-test',
      ANTHROPIC_BASE_URL: model.url,
      LOG_LEVEL: 'error',
      LOG_FORMAT: 'json',
      SOCKETS_PER_VIEWER: '1000',
      SUBSCRIPTIONS_PER_VIEWER: '100000',
      OPERATIONS_PER_VIEWER: '10000',
      RUNS_PER_CUSTOMER: '10000',
      RUNS_PER_PARTNER: '100000',
      RATE_LIMITS: 'off',
      ...env,
    };
    let complaints = '';
    const hear = (text: string): void => void (complaints = (complaints + text).slice(-COMPLAINTS_CHARS_MAX));
    const gateways: Gateway[] = [];
    for (let n = 0; n < count; n += 1) {
      const gateway = createGateway(await freePort(), settings, hear);
      closers.push(async () => void (await gateway.end('SIGKILL')));
      gateways.push(gateway);
    }
    // The first brings the database up to date before the others look at it.
    for (const gateway of gateways) await gateway.start();
    const tokens = tokensOf(database, jwtSecret);
    return {
      database,
      redis,
      gateways,
      complaints: () => complaints,
      close,
      async customers(wanted) {
        const ids = Array.from({ length: wanted }, () => newId('cus'));
        await database.customer.createMany({ data: ids.map((id) => ({ id, email: `${id}@example.test`, name: 'Dana Reyes', plan: 'premium' as const })) });
        return Promise.all(ids.map(async (id) => ({ id, token: await tokens.sign({ kind: 'customer', customerId: id }, { ttlS: 3_600 }) })));
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openRows(closers: (() => Promise<void> | void)[]): Promise<{ url: string; database: Database }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-chaos-'));
  const reaper = spawn(process.execPath, [REAPER, dataDir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.unref();
  closers.push(async () => {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    reaper.stdin.end();
  });
  const log = createLogger({ level: 'error', pretty: false });
  const postgres = await openEmbeddedPostgres({ dataDir, log });
  closers.push(() => postgres.leave());
  await migrate({ url: postgres.url, log });
  const database = openDatabase({ url: postgres.url, connectionsMax: 4, connectMs: 5_000, statementMs: 30_000 });
  closers.push(() => database.$disconnect());
  return { url: postgres.url, database };
}

function createGateway(port: number, settings: Readonly<Record<string, string>>, hear: (text: string) => void): Gateway {
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  let up = false;

  async function launch(): Promise<void> {
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, ...settings, PORT: `${port}`, PUBLIC_URL: url };
    const started = spawn(process.execPath, ['--enable-source-maps', 'src/main.ts'], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const release = guard(started.pid ?? 0);
    child = started;
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(() => ready.reject(new Error('a gateway was not ready in time')), READY_MS);
    let output = '';
    let said = false;
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (said) return hear(text);
        output += text;
        if (!output.includes('Parley is ready at ')) return;
        said = true;
        ready.resolve();
      });
    }
    started.once('close', () => {
      up = false;
      child = null;
      release();
      ready.reject(new Error(`a gateway ended before it was ready:\n${output}`));
    });
    try {
      await ready.promise;
      up = true;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    url,
    get up() {
      return up;
    },
    start: launch,
    async end(signal) {
      if (!child) return null;
      // Whoever looks for a gateway, as a balancer does, looks past one that is leaving.
      up = false;
      const ended = once(child, 'close') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** Kills the process should this one end first: its end of the pipe closes then, whatever ended it. */
function guard(pid: number): () => void {
  const guardian = spawn('sh', ['-c', `read _; kill -9 ${pid} 2> /dev/null`], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guardian.unref();
  return () => void guardian.kill('SIGKILL');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
