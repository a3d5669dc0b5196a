/**
 * A real redis-server of the test's own: on a free port, in a directory of its own, keeping nothing. It can be hurt in the ways real
 * ones are. What was started here ends with the test.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { requireProgram } from './debian.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** A connection to ask and to change things behind everybody's back; closed with the server. */
  readonly direct: Redis;
  /** Ends the server at once, as a crash does. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and starts another with nothing in it on the same port. */
  restartEmpty(): Promise<void>;
  /** Holds the process: connections stay open and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Drops the connections that listen, or all the others but `direct`. */
  killClients(type: 'pubsub' | 'normal'): Promise<void>;
  close(): Promise<void>;
}

const START_MS = 10_000;

export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}/0`;
  let server = await launch(port, dir, settings);
  const direct = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true, retryStrategy: () => 50 });
  direct.on('error', () => undefined);
  await direct.connect();
  let closed = false;

  async function stop(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  async function start(): Promise<void> {
    server = await launch(port, dir, settings);
  }

  const atExit = () => void server.kill('SIGKILL');
  process.once('exit', atExit);

  return {
    url,
    port,
    direct,
    stop,
    start,
    async restartEmpty() {
      await stop();
      await start();
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async killClients(type) {
      await direct.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    },
    async close() {
      if (closed) return;
      closed = true;
      direct.disconnect();
      await stop();
      process.off('exit', atExit);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, dir: string, settings: readonly string[]): Promise<ChildProcess> {
  await requireProgram('redis-server', '--version', 'redis-server');
  const keepNothing = ['--save', '', '--appendonly', 'no', '--dir', dir, '--bind', '127.0.0.1', '--port', String(port)];
  const server = spawn('redis-server', [...keepNothing, '--enable-debug-command', 'local', ...settings], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const accepting = Promise.withResolvers<void>();
  const hear = (chunk: Buffer) => {
    output += chunk.toString();
    if (/Ready to accept connections/i.test(output)) accepting.resolve();
  };
  server.stdout.on('data', hear);
  server.stderr.on('data', hear);
  server.once('exit', () => accepting.reject(new Error(`redis-server ended before it was ready:\n${output}`)));
  const late = new AbortController();
  try {
    await Promise.race([
      accepting.promise,
      delay(START_MS, undefined, { signal: late.signal }).then(() => Promise.reject(new Error(`redis-server was not ready in time:\n${output}`))),
    ]);
  } catch (error) {
    server.kill('SIGKILL');
    throw error;
  } finally {
    late.abort();
  }
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
