/**
 * Loaded into a measured server with `--import`: tells what the process has spent, and profiles a window of its life when asked.
 * The server itself does not know of it.
 */
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answer } from './remote.ts';

export interface Spent {
  /** User and system time of the whole process since it began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** JavaScript heap in use and what hangs on it outside. */
  readonly heapBytes: number;
  /** Delay of the event loop since the last `begin`, beyond the 10 ms it is sampled at. */
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
}

export interface ProbeCommands {
  /** Starts a window: the delays of the event loop are counted anew. */
  begin(input: null): Spent;
  read(input: null): Spent;
  /** Collects garbage first (the process runs with --expose-gc), so that memory means what is held. */
  settle(input: null): Promise<Spent>;
  profile(input: null): Promise<void>;
  /** Writes what was profiled. */
  profiled(input: { readonly file: string }): Promise<void>;
  [name: string]: (input: never) => unknown;
}

const RESOLUTION_MS = 10;
/** Finer than the default: short functions are what is looked for. */
const PROFILE_INTERVAL_US = 500;

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();
let session: Session | null = null;

const commands: ProbeCommands = {
  begin() {
    loop.reset();
    return spent();
  },
  read: () => spent(),
  async settle() {
    // Twice and with a pause: sockets that were just closed or opened let go of their buffers on the next turns.
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return spent();
  },
  async profile() {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: PROFILE_INTERVAL_US });
    await session.post('Profiler.start');
  },
  async profiled({ file }) {
    if (!session) throw new Error('nothing is being profiled');
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    session = null;
    await writeFile(file, JSON.stringify(profile));
  },
};

answer(commands);
// The server ends when its own work is done, whoever may still ask.
process.channel?.unref();

function spent(): Spent {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    cpuMs: (user + system) / 1_000,
    rssBytes: rss,
    heapBytes: heapUsed + external,
    loopP50Ms: delayAt(50),
    loopP99Ms: delayAt(99),
  };
}

function delayAt(percentile: number): number {
  const ms = loop.percentile(percentile) / 1e6;
  return Number.isFinite(ms) ? Math.max(0, ms - RESOLUTION_MS) : 0;
}
