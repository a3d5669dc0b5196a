/**
 * The event log that many processes share: streams in Redis are the history, pub/sub says what is new. Any process may write to and
 * follow any channel; nobody loses or doubles an event, or is told that it cannot be proved. Redis may go away at any time: writes
 * are refused then, readers wait, and all heals when it returns. What Redis loses is lost: rows are the truth.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { kindOf } from './channel-kind.ts';
import type { Channel, ChannelKind, EventLog } from './event-log.ts';
import { createFollower } from './follower.ts';
import { headOf } from './head.ts';
import { parsePosition, type Place } from './position.ts';
import { createRedisAppender } from './redis-appender.ts';
import { openRedisConnection } from './redis-connection.ts';
import { createRedisFollowed } from './redis-followed.ts';
import { createRedisHistory } from './redis-history.ts';
import { createRedisUpstream, type RedisUpstream } from './redis-upstream.ts';

export interface RedisEventLogOptions {
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds after its last event that a channel can be replayed. */
  readonly historyMs: Readonly<Record<ChannelKind, number>>;
  /** Events kept per channel. */
  readonly historyEventsMax: number;
  /** First part of every key; `parley` when absent. */
  readonly prefix?: string;
  /** Events of a followed channel held in this process; readers further behind page them from Redis. */
  readonly windowEventsMax?: number;
  readonly windowBytesMax?: number;
  /** How long an append, a read or the start of a follow waits for Redis before it is refused. */
  readonly waitMs?: number;
  /** How long a channel without readers stays subscribed: who reconnects finds it open. */
  readonly graceMs?: number;
  /** How often every followed channel is compared with the log. */
  readonly checkMs?: number;
}

export interface RedisEventLog extends EventLog {
  /** Compares every followed channel with the log now instead of at the next check. */
  check(): Promise<void>;
  /** Resolves when every reader has read everything this process holds, or when the signal aborts. */
  caughtUp(signal: AbortSignal): Promise<void>;
  /** For metrics and tests: what is held, and how many events could not be read since the start. */
  counts(): { readonly channels: number; readonly followers: number; readonly listening: number; readonly poisoned: number };
}

const CAUGHT_UP_POLL_MS = 10;

/**
 * Connects first.
 * @throws Error naming the address when Redis cannot be reached.
 */
export async function createRedisEventLog(options: RedisEventLogOptions): Promise<RedisEventLog> {
  const { url, clock, log, prefix = 'parley', waitMs = 2_000 } = options;
  const closing = new AbortController();
  const boot = randomBytes(6).toString('hex');
  // Offered with every call and seldom taken: a counter is cheaper than chance.
  const newEpoch = () => `${boot}${(epochs += 1).toString(36)}`;
  const historyMs = (channel: Channel) => options.historyMs[kindOf(channel)];
  let epochs = 0;
  let poisoned = 0;

  const connection = await openRedisConnection({ url, commandMs: waitMs, log, onListening: () => void followed.checkAll() });
  const history = createRedisHistory({ connection, prefix, newEpoch, readMs: waitMs });
  const followed = createRedisFollowed(openUpstream, options.graceMs ?? 10_000);
  const appender = createRedisAppender({
    connection,
    prefix,
    historyMs,
    historyEventsMax: options.historyEventsMax,
    appendMs: waitMs,
    newEpoch,
    log,
    onWritten: (channel, written) => followed.get(channel)?.wrote(written),
  });

  function openUpstream(name: Channel): RedisUpstream {
    const limits = {
      eventsMax: Math.min(options.historyEventsMax, options.windowEventsMax ?? 1_000),
      bytesMax: options.windowBytesMax ?? 256 * 1_024,
      ageMs: historyMs(name),
    };
    const nowMs = () => clock.now().getTime();
    const onPoison = (bytes: number) => {
      poisoned += 1;
      log.warn({ channel: name, bytes }, 'an event that cannot be read was passed over');
    };
    return createRedisUpstream({ name, connection, history, prefix, limits, log, openMs: waitMs, nowMs, onPoison });
  }

  /** A reader with a place that this process cannot continue may know more than it: compare before saying so. */
  async function openFor(upstream: RedisUpstream, after: Place | null): Promise<void> {
    await upstream.open();
    const { channel } = upstream;
    channel.trim(clock.now().getTime());
    if (after && (after.epoch !== channel.epoch() || after.offset > channel.top())) await upstream.check();
  }

  function assertAvailable(): void {
    const fault = connection.fault();
    if (fault) throw fault;
  }

  const timer = setInterval(() => connection.fault() ?? void followed.checkAll(), options.checkMs ?? 15_000);
  timer.unref();

  return {
    assertAvailable,
    check: followed.checkAll,
    counts: () => ({ ...followed.counts(), listening: connection.listeningTo(), poisoned }),
    async append(name, events, appendOptions = {}) {
      assertAvailable();
      return appender.append(name, events, appendOptions);
    },
    follow(name, { after, startAt, signal }) {
      assertAvailable();
      const place = after === undefined ? null : parsePosition(after);
      const { upstream, leave } = followed.join(name);
      return createFollower({
        channel: upstream.channel,
        history: { open: (from) => openFor(upstream, from), oldest: upstream.oldest, page: upstream.page },
        after: place,
        startAt,
        signal: AbortSignal.any([signal, closing.signal]),
        now: () => clock.now(),
        onEnd: leave,
      });
    },
    async forget(name) {
      assertAvailable();
      await history.forget(name);
      // Readers here need not wait for the echo.
      await followed.get(name)?.heal();
    },
    async head(name) {
      assertAvailable();
      const upstream = followed.get(name);
      return upstream?.opened() ? headOf(upstream.channel) : history.head(name);
    },
    async top(name) {
      assertAvailable();
      return history.top(name);
    },
    async probe(signal) {
      assertAvailable();
      await connection.whenUsable(waitMs);
      signal.throwIfAborted();
      await connection.commands.ping();
    },
    async caughtUp(signal) {
      while (followed.behind() > 0 && !signal.aborted) await clock.sleep(CAUGHT_UP_POLL_MS, signal).catch(() => undefined);
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      clearInterval(timer);
      appender.close();
      followed.close();
      await connection.close();
    },
  };
}
