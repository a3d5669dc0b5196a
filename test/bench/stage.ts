/**
 * Everything a run of the benchmark starts, and its end: processes with their place on the machine, closed in reverse whatever
 * happens, also on Ctrl-C and when the benchmark itself is killed. Knows no scenarios.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ProbeCommands } from './probe.ts';
import { remoteOf, type Commands, type Remote } from './remote.ts';

/** Servers have one core for themselves and clients another, where the machine lets us choose. */
export type Core = 'server' | 'client';

export interface Server {
  readonly url: string;
  readonly probe: Remote<ProbeCommands>;
  /** What the process has spent; asked of the system, since a saturated server answers late. */
  cpuMs(): Promise<number>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its output says where it listens; the first group is the address. */
  readonly ready: RegExp;
}

export interface Stage {
  readonly pinned: boolean;
  /** A client process that answers commands. */
  client<C extends Commands>(file: string): Promise<Remote<C> & { close(): Promise<void> }>;
  /** A measured process: pinned, probed. Resolves when it is ready. */
  server(options: ServerOptions): Promise<Server>;
  /** What measured processes printed since they were ready and this was last asked: they are set to log errors only. */
  complaints(): readonly string[];
  /** Closed by `close`, in reverse order. */
  own(close: () => Promise<void> | void): void;
  /** May be called twice. */
  close(): Promise<void>;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Linux tells processor time in hundredths of a second. */
const TICK_MS = 10;
const READY_MS = 60_000;
const END_MS = 10_000;
const OUTPUT_CHARS_MAX = 20_000;
const COMPLAINTS_MAX = 3;
const COMPLAINT_CHARS_MAX = 600;

export function createStage(): Stage {
  const closers: (() => Promise<void> | void)[] = [];
  const complaints: string[] = [];
  const pinned = availableParallelism() >= 2 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  // The database, Redis and the clients inherit it.
  if (pinned) spawnSync('taskset', ['-a', '-cp', coreOf('client'), `${process.pid}`], { stdio: 'ignore' });
  let closing: Promise<void> | null = null;

  function start(file: string, core: Core, env: Readonly<Record<string, string>>, nodeOptions: readonly string[]): Started {
    const command = [...(pinned ? ['taskset', '-c', coreOf(core)] : []), process.execPath, ...nodeOptions, file];
    const { PATH = '', HOME = '' } = process.env;
    // A group of its own: Ctrl-C is for the benchmark, which decides what stops when. It ends by itself when the channel breaks.
    const child = spawn(command[0] ?? '', command.slice(1), {
      cwd: ROOT,
      env: { PATH, HOME, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const started = watch(child);
    closers.push(() => endOf(child));
    return started;
  }

  return {
    pinned,
    complaints: () => complaints.splice(0),
    own: (close) => void closers.push(close),
    async client<C extends Commands>(file: string) {
      const { child } = start(`${HERE}${file}`, 'client', {}, []);
      return { ...remoteOf<C>(child, file), close: () => endOf(child) };
    },
    async server({ file, env, ready }) {
      const started = start(`${ROOT}${file}`, 'server', env, ['--expose-gc', '--max-semi-space-size=64', '--import', `${HERE}probe.ts`]);
      const url = await started.said(ready);
      started.listen((text) => {
        for (const line of text.split('\n')) {
          if (complaints.length < COMPLAINTS_MAX && line.trim() !== '') complaints.push(line.slice(0, COMPLAINT_CHARS_MAX));
        }
      });
      const probe = remoteOf<ProbeCommands>(started.child, file);
      const { pid } = started.child;
      return { url, probe, cpuMs: async () => (await readCpuMs(pid)) ?? (await probe.ask('read', null)).cpuMs, close: () => endOf(started.child) };
    },
    close() {
      closing ??= closeAll(closers);
      return closing;
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  said(what: RegExp): Promise<string>;
  listen(hear: (text: string) => void): void;
}

function watch(child: ChildProcess): Started {
  let output = '';
  const hears = new Set<(text: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARS_MAX);
      for (const hear of hears) hear(text);
    });
  }
  return {
    child,
    listen: (hear) => void hears.add(hear),
    async said(what) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const hear = (): void => {
        const found = what.exec(output)?.[1];
        if (found) resolve(found);
      };
      const fail = (): void => reject(new Error(`it ended, or said nothing within ${READY_MS} ms:\n${output}`));
      const timer = setTimeout(fail, READY_MS);
      hears.add(hear);
      child.once('close', fail);
      child.once('error', reject);
      hear();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        hears.delete(hear);
      }
    },
  };
}

/** User and system time of all threads; null where there is no /proc. */
async function readCpuMs(pid: number | undefined): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name before it may hold anything, blanks and brackets too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(timer);
}

function coreOf(core: Core): string {
  return core === 'server' ? '0' : availableParallelism() > 2 ? `1-${availableParallelism() - 1}` : '1';
}

/** One that fails to close does not keep the others open. */
async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  for (const close of closers.splice(0).toReversed()) {
    try {
      await close();
    } catch (error) {
      process.stderr.write(`something did not close: ${String(error)}\n`);
    }
  }
}
