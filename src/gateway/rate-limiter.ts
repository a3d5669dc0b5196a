/**
 * Counts points per key and window: in Redis, shared by all instances, where there is one, and in this process otherwise, and also
 * while Redis is away, so that counting is never an outage. Knows no viewers and no HTTP.
 *
 * Windows begin with the first operation and are asked from the shortest to the longest, so that who hammers at a closed minute uses
 * up nothing of the hour. What does not fit is refused and closes its window: of a window's points at most those of one operation less
 * one stay unused. Never more than the limit passes; while Redis is away that holds for each instance by itself. A Redis that does not
 * answer holds up at most the operations of one moment, for a quarter of a second: after that it is left alone for a while.
 */
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Logger } from '../foundation/logger.ts';
import { RATE_TIERS, RATE_WINDOWS, WINDOW_S, type RateTier, type RateWindow } from './rate-tiers.ts';

export interface RateLimiterDeps {
  /** Null: counts in this process. */
  readonly redisUrl: string | null;
  readonly log: Logger;
  /** First part of the keys in Redis; `parley:rate` when absent. */
  readonly prefix?: string;
  /** Keys counted in this process at the same time; who was silent longest is forgotten first. */
  readonly keysMax?: number;
}

/** Where a key stands in one window. */
export interface Standing {
  readonly window: RateWindow;
  readonly limit: number;
  readonly remaining: number;
  /** Until the window begins anew. */
  readonly resetMs: number;
}

export interface Rate {
  readonly tier: RateTier;
  /** Points asked for. */
  readonly cost: number;
  readonly allowed: boolean;
  /** The windows that were asked, shortest first: all of them, or up to the one that refused. Never empty. */
  readonly standings: readonly [Standing, ...Standing[]];
}

export interface RateLimiter {
  /** Takes points of all windows of this key, or answers which one has too few. Never throws. */
  take(key: string, tier: RateTier, cost: number): Promise<Rate>;
  /** What `take` would refuse, where this process knows it without asking anybody: it takes nothing. Null: `take` will tell. */
  spent(key: string, tier: RateTier, cost: number): Rate | null;
  close(): Promise<void>;
}

const KEYS_MAX = 20_000;
/** Longer than a healthy Redis ever takes; the operation waits meanwhile. */
const COMMAND_MS = 250;
const RETRY_MS_MAX = 1_000;
/** After a command that was not answered. Then one operation tries, and the others still count here. */
const PAUSE_MS = 5_000;

/** One window of one tier, counted here and, where there is Redis, in common. */
interface Counter {
  readonly window: RateWindow;
  readonly limit: number;
  readonly here: RateLimiterMemory;
  readonly shared: RateLimiterRedis | null;
}

type Counters = Readonly<Record<RateTier, readonly Counter[]>>;

interface Closed {
  readonly tier: RateTier;
  readonly window: RateWindow;
  readonly limit: number;
  readonly untilMs: number;
}

export function createRateLimiter({ redisUrl, log, prefix = 'parley:rate', keysMax = KEYS_MAX }: RateLimiterDeps): RateLimiter {
  const redis = redisUrl === null ? null : connect(redisUrl);
  const attendance = redis && attend(redis, log);
  const memory: RateLimiterMemory[] = [];
  const counters = countersOf((tier, window, limit) => {
    const options = { keyPrefix: `${prefix}:${tier}:${window}`, points: limit, duration: WINDOW_S[window] };
    const here = new RateLimiterMemory(options);
    memory.push(here);
    return { window, limit, here, shared: redis && new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true }) };
  });
  /** Who was refused lately, until when: a window that has refused takes no more. */
  const closed = new Map<string, Closed>();
  /** In the order they were last heard of. What the memory holds of others is gone. */
  const known = new Set<string>();

  function note(key: string): void {
    known.delete(key);
    known.add(key);
    for (const oldest of known) {
      if (known.size <= keysMax) return;
      known.delete(oldest);
      closed.delete(oldest);
      for (const counter of memory) void counter.delete(oldest);
    }
  }

  return Object.freeze({
    spent(key: string, tier: RateTier, cost: number): Rate | null {
      const shut = closed.get(key);
      if (shut?.tier !== tier) return null;
      const resetMs = shut.untilMs - Date.now();
      if (resetMs > 0) return { tier, cost, allowed: false, standings: [{ window: shut.window, limit: shut.limit, remaining: 0, resetMs }] };
      closed.delete(key);
      return null;
    },
    async take(key: string, tier: RateTier, cost: number): Promise<Rate> {
      note(key);
      const standings: Standing[] = [];
      let allowed = true;
      for (const counter of counters[tier]) {
        const { window, limit } = counter;
        const { refused, result } = await consume(counter, attendance, key, cost);
        const resetMs = Math.max(1, result.msBeforeNext);
        standings.push({ window, limit, remaining: refused ? 0 : result.remainingPoints, resetMs });
        allowed = !refused;
        if (!refused) continue;
        if (known.has(key)) closed.set(key, { tier, window, limit, untilMs: Date.now() + resetMs });
        break;
      }
      const [first, ...others] = standings;
      if (!first) throw new Error('a tier without windows');
      return { tier, cost, allowed, standings: [first, ...others] };
    },
    async close() {
      redis?.disconnect();
      for (const key of known) for (const counter of memory) void counter.delete(key);
      known.clear();
      closed.clear();
    },
  });
}

/** The window that leaves least. */
export function tightest({ standings: [first, ...others] }: Rate): Standing {
  return others.reduce((least, one) => (one.remaining < least.remaining ? one : least), first);
}

function countersOf(make: (tier: RateTier, window: RateWindow, limit: number) => Counter): Counters {
  const ofTier = (tier: RateTier) => RATE_WINDOWS.map((window) => make(tier, window, RATE_TIERS[tier][window]));
  return {
    anonymous: ofTier('anonymous'),
    user: ofTier('user'),
    partner: ofTier('partner'),
    admin: ofTier('admin'),
    super_admin: ofTier('super_admin'),
  };
}

interface Outcome {
  readonly refused: boolean;
  readonly result: RateLimiterRes;
}

async function consume({ here, shared }: Counter, attendance: Attendance | null, key: string, cost: number): Promise<Outcome> {
  if (shared && attendance?.mayAsk()) {
    try {
      const outcome = await consumeFrom(shared, key, cost);
      attendance.answered();
      return outcome;
    } catch (error) {
      attendance.failed(error);
    }
  }
  return consumeFrom(here, key, cost);
}

/** The library rejects with its result where there are too few points. In this process it cannot fail otherwise. */
async function consumeFrom(counter: RateLimiterAbstract, key: string, cost: number): Promise<Outcome> {
  try {
    return { refused: false, result: await counter.consume(key, cost) };
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    return { refused: true, result: error };
  }
}

interface Attendance {
  /** False: count here. */
  mayAsk(): boolean;
  answered(): void;
  failed(error: unknown): void;
}

/** Whether Redis is worth asking. Says once that it is away, and once that it is back. */
function attend(redis: Redis, log: Logger): Attendance {
  let away = false;
  let pausedUntilMs = 0;
  const leave = (error: unknown): void => {
    if (!away) log.warn({ err: error }, 'rates are counted in this process until Redis is back');
    away = true;
  };
  const back = (): void => {
    pausedUntilMs = 0;
    if (away) log.info('rates are counted in Redis again');
    away = false;
  };
  redis.on('error', leave);
  redis.on('ready', back);
  return {
    mayAsk() {
      if (redis.status !== 'ready') return false;
      const now = performance.now();
      if (now < pausedUntilMs) return false;
      if (pausedUntilMs > 0) pausedUntilMs = now + PAUSE_MS;
      return true;
    },
    answered: back,
    failed(error) {
      // A connection that broke is told of by itself, and comes back by itself.
      if (redis.status === 'ready') pausedUntilMs = performance.now() + PAUSE_MS;
      leave(error);
    },
  };
}

function connect(url: string): Redis {
  return new Redis(url, {
    connectionName: 'parley-rates',
    commandTimeout: COMMAND_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(RETRY_MS_MAX, 50 * 2 ** Math.min(times, 5)),
  });
}
