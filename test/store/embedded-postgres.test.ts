/** The embedded PostgreSQL, started, shared, killed and stopped for real, by processes of their own where they are to die. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { isDatabaseUnavailable, openDatabase, probe } from '../../src/store/database.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { openCluster, processState } from '../../src/store/postgres-cluster.ts';

const log = createLogger({ level: 'silent', pretty: false });

describe('the embedded PostgreSQL', () => {
  let dataDir: string;
  let opened: EmbeddedPostgres[];
  let children: ChildProcess[];
  let made: string;
  beforeAll(async () => {
    made = await mkdtemp(join(tmpdir(), 'parley made '));
    const postgres = await openEmbeddedPostgres({ dataDir: made, log });
    await query(postgres.url, 'CREATE TABLE kept (id int)', 'INSERT INTO kept VALUES (1)');
    await postgres.leave();
  });
  afterAll(() => rm(made, { recursive: true, force: true }));
  /** What an earlier start made and stopped, holding one row: a copy takes a tenth of the time of another first start. */
  const madeBefore = async (): Promise<void> => {
    await promisify(execFile)('cp', ['-a', made, dataDir]);
  };
  beforeEach(async () => {
    dataDir = join(await realpath(await mkdtemp(join(tmpdir(), 'parley data '))), 'a folder');
    opened = [];
    children = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.leave()));
    for (const child of children) await ended(child, 'SIGKILL');
    if (existsSync(join(dataDir, 'postgres'))) await (await openCluster(dataDir)).stop();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  const open = async (directory = dataDir): Promise<EmbeddedPostgres> => {
    const postgres = await openEmbeddedPostgres({ dataDir: directory, log });
    opened.push(postgres);
    return postgres;
  };
  /** Leads a process group of its own, as `npm start` in a terminal does. */
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const file = fileURLToPath(new URL('../support/embedded-gateway.ts', import.meta.url));
    const child = spawn(process.execPath, [file, dataDir], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    if (!child.stdout) throw new Error('no output');
    for await (const url of createInterface({ input: child.stdout })) return { child, url };
    throw new Error('the process ended before it was ready');
  };
  const serverPid = async (): Promise<number> => Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);

  it('starts in a new folder with spaces below a closed one, keeps rows and address from one start to the next, and stops with the last user', async () => {
    const first = await open();
    await query(first.url, 'CREATE TABLE kept (id int)', 'INSERT INTO kept VALUES (1)');
    const pid = await serverPid();
    expect(await query(first.url, 'SHOW data_directory')).toEqual([{ data_directory: join(dataDir, 'postgres') }]);
    await first.leave();
    await first.leave();
    expect(['gone', 'zombie']).toContain(await processState(pid));
    expect(await readdir(dataDir)).toEqual(['postgres']);
    const second = await open();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('asks for its password, listens on this machine only, and never runs as root', async () => {
    await madeBefore();
    const { url } = await open();
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password');
    expect(await query(url, "SELECT current_setting('listen_addresses') AS at, current_setting('unix_socket_directories') AS sockets")).toEqual([
      { at: '127.0.0.1', sockets: '' },
    ]);
    expect((await stat(join(dataDir, 'postgres/parley.password'))).mode & 0o077).toBe(0);
    expect((await stat(join(dataDir, 'postgres/base'))).uid).not.toBe(0);
  });

  it('is one server for three that start for the first time at once, until the last of them leaves', async () => {
    const all = await Promise.all([start(), start(), start()]);
    expect(new Set(all.map((each) => each.url)).size).toBe(1);
    const url = all[0]?.url ?? '';
    const pid = await serverPid();
    for (const { child } of all.slice(0, 2)) expect(await ended(child)).toBe(0);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    for (const { child } of all.slice(2)) expect(await ended(child)).toBe(0);
    expect(['gone', 'zombie']).toContain(await processState(pid));
  });

  it('is stopped by one of two that leave together', async () => {
    await madeBefore();
    const [first, second] = [await open(), await open()];
    const pid = await serverPid();
    await Promise.all([first.leave(), second.leave()]);
    expect(['gone', 'zombie']).toContain(await processState(pid));
  });

  it('outlives Ctrl-C in the terminal and a killed gateway; the next one adopts it', async () => {
    await madeBefore();
    const { child, url } = await start();
    const pid = await serverPid();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await query(url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1 }]);
    await ended(child, 'SIGKILL');
    const next = await open();
    expect([next.url, await serverPid()]).toEqual([url, pid]);
    await next.leave();
    expect(['gone', 'zombie']).toContain(await processState(pid));
  });

  it('has lost nothing committed after gateway and server were killed, twice', async () => {
    await madeBefore();
    for (const round of [2, 3]) {
      const { child, url } = await start();
      await query(url, `INSERT INTO kept VALUES (${round})`);
      process.kill(child.pid ?? 0, 'SIGKILL');
      process.kill(await serverPid(), 'SIGKILL');
    }
    const { url } = await open();
    expect(await query(url, 'SELECT id FROM kept ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('is started again under the same address when it is killed, and the pool finds it without help', async () => {
    await madeBefore();
    const { url } = await open();
    const lost: Error[] = [];
    const database = openDatabase({ url, connectionsMax: 3, connectMs: 2000, statementMs: 5000, onConnectionLost: (error) => lost.push(error) });
    try {
      for (const round of [2, 3]) {
        // Three connections: one will be in use and two idle when the server dies.
        await Promise.all([1, 2, 3].map(() => database.$executeRawUnsafe('SELECT pg_sleep(0.05)')));
        await database.$executeRawUnsafe(`INSERT INTO kept VALUES (${round})`);
        const running = database.$executeRawUnsafe('SELECT pg_sleep(20)').then(
          () => null,
          (error: unknown) => error,
        );
        // The statement above has to be under way when the server dies.
        await until(async () => (await query(url, "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)'")).length > 0);
        process.kill(await serverPid(), 'SIGKILL');
        expect(isDatabaseUnavailable(await running)).toBe(true);
        const refusals: unknown[] = [];
        await until(() =>
          database.$queryRawUnsafe('SELECT 1').then(
            () => true,
            (error: unknown) => (refusals.push(error), false),
          ),
        );
        expect(refusals.filter((error) => !isDatabaseUnavailable(error))).toEqual([]);
        expect(await probe(database)).toBeGreaterThan(0);
      }
      expect(await database.$queryRawUnsafe('SELECT id FROM kept ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
      expect(lost.length).toBeGreaterThan(0);
    } finally {
      await database.$disconnect();
    }
  });

  it('is started again once when two gateways see it die', async () => {
    await madeBefore();
    const [first, second] = [await open(), await open()];
    const pid = await serverPid();
    process.kill(pid, 'SIGKILL');
    await until(() =>
      query(first.url, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    const again = await serverPid();
    expect(again).not.toBe(pid);
    await until(async () => (await query(first.url, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'parley member'")).length === 2);
    await first.leave();
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.leave();
    expect(['gone', 'zombie']).toContain(await processState(again));
  });

  it('leaves nothing running when it is killed in the moment its last user leaves', async () => {
    await madeBefore();
    const postgres = await open();
    process.kill(await serverPid(), 'SIGKILL');
    await postgres.leave();
    const file = await (await openCluster(dataDir)).pidFile();
    expect(['gone', 'zombie']).toContain(file ? await processState(file.pid) : 'gone');
  });

  it('starts although the process file it left names a process that is somebody else now', async () => {
    await madeBefore();
    await leaveFileBehind(dataDir, process.pid);
    const { url } = await open();
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('starts although the process file it left names a zombie', async () => {
    await madeBefore();
    // The shell becomes `sleep` before its child ends, and never asks after it: the child stays a zombie.
    const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(parent);
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    await until(async () => (await processState(Number(line))) === 'zombie');
    await leaveFileBehind(dataDir, Number(line));
    const { url } = await open();
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('starts although the process file it left is empty', async () => {
    await madeBefore();
    await leaveFileBehind(dataDir, null);
    const { url } = await open();
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('does not take the PostgreSQL of another folder for its own', async () => {
    await madeBefore();
    const other = await open(join(dataDir, '../other'));
    const [pid = '', , , port = ''] = (await readFile(join(dataDir, '../other/postgres/postmaster.pid'), 'utf8')).split('\n');
    await leaveFileBehind(dataDir, Number(pid), port);
    const { url } = await open();
    expect(url).not.toBe(other.url);
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
    expect(await query(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder that holds something else, in a sentence', async () => {
    await mkdir(join(dataDir, 'postgres'), { recursive: true });
    await writeFile(join(dataDir, 'postgres/letter.txt'), 'mine');
    await expect(openEmbeddedPostgres({ dataDir, log })).rejects.toThrow('is not a PostgreSQL data directory');
    expect(await readdir(join(dataDir, 'postgres'))).toEqual(['letter.txt']);
    await rm(dataDir, { recursive: true });
  });
});

describe('a database that cannot be reached', () => {
  it('is recognised, and nothing else is taken for it', async () => {
    const database = openDatabase({ url: 'postgres://nobody:x@127.0.0.1:9/none', connectionsMax: 1, connectMs: 1000, statementMs: 1000 });
    const failure: unknown = await database.customer.findMany().then(
      () => null,
      (error: unknown) => error,
    );
    expect(isDatabaseUnavailable(failure)).toBe(true);
    await expect(probe(database)).rejects.toSatisfy(isDatabaseUnavailable);
    await expect(probe(database, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    await database.$disconnect();
    for (const other of [null, 'ECONNREFUSED', new Error('no'), Object.assign(new Error('duplicate'), { code: '23505' })])
      expect(isDatabaseUnavailable(other)).toBe(false);
    expect(isDatabaseUnavailable(new Error('outer', { cause: Object.assign(new Error('inner'), { code: '57P01' }) }))).toBe(true);
  });
});

/** A process file as a crash leaves it. */
async function leaveFileBehind(dataDir: string, pid: number | null, port = '29999'): Promise<void> {
  const directory = join(dataDir, 'postgres');
  const content = pid === null ? '' : [pid, directory, 1_700_000_000, port, '', '127.0.0.1', ' 1234567 7', 'ready   ', ''].join('\n');
  await writeFile(join(directory, 'postmaster.pid'), content, { mode: 0o600 });
}

async function query(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/** Lets a child leave (its input ends), or kills it; resolves with its exit code. */
async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  if (signal) child.kill(signal);
  else child.stdin?.end();
  await exit;
  return child.exitCode;
}

/** For what only the outside can be asked about; the limit is the test's own. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20);
}
