/** What goes wrong during a storm, one thing after another in an order that a seed decides. Waits for nothing it has not caused. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway, Place } from './place.ts';
import type { Reader } from './reader.ts';
import { increase, type Tally } from './tally.ts';

export interface HarmOptions {
  readonly everyMs: number;
  /** From the return of one instance to the end of the next. */
  readonly gatewayEveryMs: number;
  readonly emptyEveryMs: number;
  readonly seed: number;
}

/** Part of the sockets that are cut at once. */
const CUT = 0.1;
/** Most pauses are waited out; the long one is not: runs are given back and taken up again. */
const PAUSES_MS = [300, 900, 600, 3_500, 400] as const;

/** Resolves, with Redis awake and every gateway up, some time after the signal aborts. */
export async function harm(place: Place, readers: readonly Reader[], tally: Tally, options: HarmOptions, signal: AbortSignal): Promise<void> {
  const random = createRandom(options.seed);
  await Promise.all([small(), emptied(), killed()]);

  async function small(): Promise<void> {
    for (let n = 0; await again(options.everyMs, signal); n += 1) {
      const kind = Math.floor(random() * 4);
      if (kind === 0) {
        const cut = readers.filter(() => random() < CUT);
        for (const reader of cut) reader.cut();
        for (const _ of cut) increase(tally.harms, 'sockets terminated');
      } else if (kind === 1) {
        increase(tally.harms, 'pub/sub connections killed');
        await withoutRedis(place.redis.killClients('pubsub'));
      } else if (kind === 2) {
        increase(tally.harms, 'other Redis connections killed');
        await withoutRedis(place.redis.killClients('normal'));
      } else {
        increase(tally.harms, 'Redis paused');
        place.redis.pause();
        await delay(PAUSES_MS[n % PAUSES_MS.length] ?? 300);
        place.redis.resume();
      }
    }
  }

  async function emptied(): Promise<void> {
    while (await again(options.emptyEveryMs, signal)) {
      increase(tally.harms, 'Redis restarted empty');
      await place.redis.restartEmpty();
    }
  }

  /** One at a time: how often depends on how soon one is up again. */
  async function killed(): Promise<void> {
    for (let n = 0; await again(options.gatewayEveryMs, signal); n += 1) {
      const gateway = place.gateways[n % place.gateways.length];
      if (!gateway) continue;
      increase(tally.harms, 'instance killed');
      await gateway.end('SIGKILL');
      await startAgain(gateway);
    }
  }
}

/** Redis may be away at that very moment, in which case it does not start. */
async function startAgain(gateway: Gateway): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await gateway.start();
    } catch (error) {
      await gateway.end('SIGKILL');
      if (attempt === 5) throw error;
    }
  }
}

async function again(ms: number, signal: AbortSignal): Promise<boolean> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** A command on a connection to a Redis that is paused or gone waits for its return, and is not waited for. */
async function withoutRedis(command: Promise<void>): Promise<void> {
  await Promise.race([command.catch(() => undefined), delay(500)]);
}

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
