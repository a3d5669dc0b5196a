/**
 * Parley as a person starts it: a process of its own on a data directory of its own, whose words, end and rows a test can see. What
 * was started here ends with the test, also when the test itself is killed. Decides nothing about what is right.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { inject } from 'vitest';
import { openCluster, processState } from '../../src/store/postgres-cluster.ts';
import { createFrontEnd, type FrontEnd } from './app.ts';

export interface Demo {
  readonly url: string;
  readonly staffToken: string;
  readonly customerToken: string;
  readonly customerId: string;
  readonly partnerKey: string;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ParleyProcess {
  readonly pid: number;
  /** Standard output and standard error so far. */
  readonly output: string;
  readonly ended: Promise<Ending>;
  /** Resolves with what matched once the output has it; rejects when the process ends without having said so. */
  said(what: RegExp): Promise<RegExpExecArray>;
  /** Resolves with its address once it says that it is ready. */
  ready(): Promise<string>;
  /** Sends a signal and resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
}

/** One data directory and all that was started on it. */
export interface Bench {
  readonly dataDir: string;
  start(env?: Readonly<Record<string, string>>, words?: readonly string[]): ParleyProcess;
  demo(): Promise<Demo>;
  /** A front-end signed in as the demo customer. */
  customer(url: string): Promise<FrontEnd>;
  /** The process number of the embedded PostgreSQL; null when none runs. */
  postgresPid(): Promise<number | null>;
  /** A connection to the embedded PostgreSQL; whoever asked for it ends it. */
  connect(): Promise<pg.Client>;
  /** Asks the embedded PostgreSQL directly. */
  rows<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends everything and removes the directory. */
  close(): Promise<void>;
}

export interface BenchOptions {
  /** Another copy of the project than this one. */
  readonly root?: string;
  /** What `node` gets before the program. */
  readonly nodeOptions?: readonly string[];
  /** Begins with the database that a first start makes, copied from one that was made once in this run: for who tests something else. */
  readonly filled?: boolean;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** All instances have the same modules: taken from here, getting them costs a third less. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
const REAPER = fileURLToPath(new URL('reaper.ts', import.meta.url));
/** The machine may be busy with other tests. */
const PATIENCE_MS = 60_000;
const POLL_MS = 25;

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'parley walk ')));
  const dataDir = join(home, 'data');
  const processes: ParleyProcess[] = [];
  const frontEnds: FrontEnd[] = [];
  if (options.filled) await copyFilled(dataDir);
  const spare = reapLater(dataDir);

  async function postgresPid(): Promise<number | null> {
    const text = await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number.parseInt(text, 10);
    return pid > 0 && (await processState(pid)) === 'postgres' ? pid : null;
  }

  async function connect(): Promise<pg.Client> {
    const { user, password, pidFile } = await openCluster(dataDir);
    const file = await pidFile();
    const client = new pg.Client({ host: '127.0.0.1', port: file?.port ?? 0, user, password, database: 'parley', connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  const demo = async () => JSON.parse(await readFile(join(dataDir, 'demo.json'), 'utf8')) as Demo;

  return {
    dataDir,
    demo,
    postgresPid,
    start(env = {}, words = []) {
      const started = startProcess({ PARLEY_DATA_DIR: dataDir, ...env }, options, words);
      processes.push(started);
      return started;
    },
    async customer(url) {
      const { customerToken } = await demo();
      const frontEnd = createFrontEnd(() => url, customerToken);
      frontEnds.push(frontEnd);
      return frontEnd;
    },
    connect,
    async rows<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) {
      const client = await connect();
      try {
        return (await client.query<Row>(sql, [...values])).rows;
      } finally {
        await client.end();
      }
    },
    async close() {
      // Not waited for: a socket that a test has paused does not notice its end.
      for (const one of frontEnds) void one.dispose();
      await Promise.all(processes.map((one) => one.end('SIGKILL')));
      if ((await postgresPid()) !== null) await (await openCluster(dataDir)).stop();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
      spare();
    },
  };
}

/** The first of the run that asks makes it, by a first start; the others wait for that. */
async function copyFilled(dataDir: string): Promise<void> {
  const home = inject('filledHome');
  const made = join(home, 'made');
  const mine = await mkdir(join(home, 'making')).then(
    () => true,
    () => false,
  );
  if (mine) {
    const making = join(home, 'data');
    const spare = reapLater(making);
    const first = startProcess({ PARLEY_DATA_DIR: making }, {}, []);
    await first.ready();
    await first.end('SIGTERM');
    await rename(making, made);
    spare();
  } else await eventually('the database of a first start is there', async () => existsSync(made));
  // Keeps who owns the files: PostgreSQL insists on it.
  await promisify(execFile)('cp', ['-a', made, dataDir]);
}

/** Should this process end first, PostgreSQL is stopped there and the directory removed. @returns Call it when that was done. */
function reapLater(dataDir: string): () => void {
  const reaper = spawn(process.execPath, [REAPER, dataDir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.unref();
  return () => void reaper.stdin.end();
}

/** Any port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks again until the answer is one; rejects after a minute. What throws counts as no answer yet. */
export async function eventually<T>(what: string, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  let last: unknown = null;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`it never came to this: ${what}`, { cause: last });
    await delay(POLL_MS);
  }
}

function startProcess(env: Readonly<Record<string, string>>, { root = ROOT, nodeOptions = [] }: BenchOptions, words: readonly string[]): ParleyProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--enable-source-maps', ...nodeOptions, 'src/main.ts', ...words], {
    cwd: root,
    env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILED, HOST: '127.0.0.1', PORT: '0', LOG_FORMAT: 'json', ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the process could not be started');
  const release = guard(pid);
  const hears = new Set<() => void>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const hear of hears) hear();
    });
  }
  const ended = endOf(child).then((ending) => {
    release();
    for (const hear of hears) hear();
    return ending;
  });
  let over = false;
  void ended.then(() => (over = true));

  async function said(what: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = what.exec(output);
      if (found) return found;
      if (over || signal.aborted) throw new Error(`${over ? 'it ended' : 'a minute passed'} without ${String(what)}:\n${output}`);
      await new Promise<void>((resolve) => {
        const hear = (): void => {
          hears.delete(hear);
          signal.removeEventListener('abort', hear);
          resolve();
        };
        hears.add(hear);
        signal.addEventListener('abort', hear);
        void ended.then(hear);
      });
    }
  }

  return {
    pid,
    ended,
    said,
    get output() {
      return output;
    },
    ready: async () => (await said(/Parley is ready at (\S+)/))[1] ?? '',
    kill: (signal) => void child.kill(signal),
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<Ending> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/** Kills the process should this one end first: its end of the pipe closes then, whatever ended it. */
function guard(pid: number): () => void {
  const guardian = spawn('sh', ['-c', `read _; kill -9 ${pid} 2> /dev/null`], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guardian.unref();
  return () => void guardian.kill('SIGKILL');
}
