/**
 * The two connections the log needs: one for commands, one that only listens. Keeps them alive, says whether Redis can be used, and
 * after every reconnect listens again to all it listened to before it says so. Queues nothing while Redis is away: who asks is
 * told. Knows no channels and no events.
 */
import { once } from 'node:events';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import { checkRedis } from './redis-check.ts';
import { defineScripts } from './redis-script.ts';

export interface RedisConnectionOptions {
  readonly url: string;
  /** How long one command may take, and how long a lost connection is not yet an outage. */
  readonly commandMs: number;
  readonly log: Logger;
  /** Every channel is listened to again after the connection was lost: what came in between was not heard. */
  readonly onListening: () => void;
}

export interface RedisConnection {
  readonly commands: Redis;
  readonly pubsub: RedisPubSub;
  /** What keeps Redis from being used; null while it can be. */
  fault(): AppError | null;
  /** Resolves when commands can be sent; rejects with UNAVAILABLE after `ms` or when this is closed. */
  whenUsable(ms: number): Promise<void>;
  /** To be told of a command that took too long: Redis counts as gone until it answers again. */
  suspect(): void;
  /** Channels listened to. */
  listeningTo(): number;
  close(): Promise<void>;
}

const WATCH_MS = 2_000;
const CONNECT_MS = 5_000;
const CLOSE_MS = 1_000;
const RETRY_MS_MAX = 1_000;

export async function openRedisConnection(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, commandMs, log } = options;
  const settings: RedisOptions = {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: commandMs,
    enableOfflineQueue: false,
    // What was under way when a connection is lost is told so at once; whether to send it again is its caller's to know.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(RETRY_MS_MAX, 25 * 2 ** Math.min(times, 6)) * (0.5 + Math.random() / 2),
    // A replica after a failover: its master is found by connecting again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const commands = new Redis(url, { ...settings, enableAutoPipelining: true, connectionName: 'parley-commands' });
  const listener = new Redis(url, { ...settings, autoResubscribe: false, connectionName: 'parley-live' });
  defineScripts(commands);
  // Every channel that has something to write waits for Redis to come back: many at once are no leak.
  commands.setMaxListeners(0);
  const closing = new AbortController();
  let lostAtMs: number | null = null;
  let suspected = false;
  let lastError: unknown = null;

  const usable = () => !closing.signal.aborted && !suspected && commands.status === 'ready';
  for (const one of [commands, listener]) {
    one.on('error', (error: unknown) => (lastError = error));
    one.on('close', () => {
      lostAtMs ??= performance.now();
    });
  }
  commands.on('ready', () => (lostAtMs = null));

  function fault(): AppError | null {
    if (usable()) return null;
    if (closing.signal.aborted) return new AppError('UNAVAILABLE', 'This server is going away. Connect again in a moment.', { retryAfterMs: 1_000 });
    if (!suspected && lostAtMs !== null && performance.now() - lostAtMs < commandMs) return null;
    return new AppError('UNAVAILABLE', 'Live events cannot be reached right now (Redis does not answer). Try again in a moment.', {
      retryAfterMs: 2_000,
      cause: lastError,
    });
  }

  const heard = createListener(listener, closing.signal, options.onListening);
  const watch = setInterval(() => void watchOver(), WATCH_MS);
  watch.unref();
  let watching = false;

  async function watchOver(): Promise<void> {
    if (watching) return;
    watching = true;
    const alive = await Promise.all([commands, listener].map((one) => answers(one)));
    watching = false;
    if (closing.signal.aborted) return;
    if (alive[0] === false && !suspected) log.warn('redis does not answer');
    if (alive[0] === true && suspected) log.info('redis answers again');
    suspected = alive[0] === false;
    // Half-open: a connection that nothing comes through is worth less than none.
    if (alive[0] === false) commands.disconnect(true);
    if (alive[1] === false) listener.disconnect(true);
  }

  async function close(): Promise<void> {
    if (closing.signal.aborted) return;
    closing.abort();
    clearInterval(watch);
    await Promise.all([commands, listener].map(disconnected));
  }

  try {
    await Promise.all([commands.connect(), listener.connect()]);
  } catch (error) {
    await close();
    const { host } = new URL(url);
    throw new Error(`Redis at ${host} cannot be reached: ${wordsOf(lastError ?? error)}. Start it, or correct REDIS_URL.`, { cause: error });
  }

  await checkRedis(commands, log);
  return {
    commands,
    pubsub: new RedisPubSub({ publisher: commands, subscriber: heard.subscriber, messageEventName: 'messageBuffer', pmessageEventName: 'pmessageBuffer' }),
    fault,
    listeningTo: heard.count,
    suspect() {
      if (!suspected) log.warn('redis does not answer');
      suspected = true;
      void watchOver();
    },
    async whenUsable(ms) {
      if (usable()) return;
      const waited = AbortSignal.any([closing.signal, AbortSignal.timeout(Math.max(1, ms))]);
      while (!usable()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, 20);
          function done(): void {
            clearTimeout(timer);
            commands.off('ready', done);
            resolve();
          }
          commands.once('ready', done);
        });
        if (waited.aborted && !usable()) throw fault() ?? new AppError('UNAVAILABLE', 'Live events cannot be reached right now.', { retryAfterMs: 2_000 });
      }
    },
    close,
  };
}

async function disconnected(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  const ended = once(redis, 'end', { signal: AbortSignal.timeout(CLOSE_MS) }).catch(() => undefined);
  redis.disconnect();
  // Never connected: nothing ends.
  if (redis.status !== 'wait') await ended;
}

/** True: it answered; false: connected and mute; null: not connected, and being connected anyway. */
async function answers(redis: Redis): Promise<boolean | null> {
  if (redis.status !== 'ready') return null;
  try {
    await redis.ping();
    return true;
  } catch {
    // Lost meanwhile, or too late: only the second is a reason to act.
    return redis.status === 'ready' ? false : null;
  }
}

/**
 * The listening connection as the subscriptions package sees it. It gives up nothing when the connection is lost: what it is asked
 * to listen to is listened to as soon as that is possible, and confirmed then.
 */
function createListener(redis: Redis, closed: AbortSignal, onListening: () => void) {
  type Confirm = (error: Error | null) => void;
  const wanted = new Map<string, Confirm[]>();
  let connectedBefore = redis.status === 'ready';

  function confirm(names: readonly string[]): void {
    for (const name of names) for (const each of wanted.get(name)?.splice(0) ?? []) each(null);
  }

  async function listen(names: readonly string[]): Promise<boolean> {
    try {
      if (names.length > 0) await redis.subscribe(...names);
      confirm(names);
      return true;
    } catch {
      // The connection went, and the next one begins with all of them; one that stays and refuses is replaced.
      if (redis.status === 'ready' && !closed.aborted) redis.disconnect(true);
      return false;
    }
  }

  redis.on('ready', () => {
    const again = connectedBefore;
    connectedBefore = true;
    void listen([...wanted.keys()]).then((listening) => {
      if (listening && again && !closed.aborted) onListening();
    });
  });

  const own: Readonly<Record<string, unknown>> = {
    subscribe(name: string, confirmed: Confirm) {
      const waiting = wanted.get(name) ?? [];
      waiting.push(confirmed);
      wanted.set(name, waiting);
      if (redis.status === 'ready') void listen([name]);
    },
    unsubscribe(name: string) {
      wanted.delete(name);
      // Not listening any more when the connection is gone: nothing to undo.
      if (redis.status === 'ready') redis.unsubscribe(name).catch(() => undefined);
    },
    punsubscribe() {},
  };
  const subscriber = new Proxy(redis, {
    get(target, name) {
      const replaced = typeof name === 'string' ? own[name] : undefined;
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { subscriber, count: () => wanted.size };
}

function wordsOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'no connection';
}
