/**
 * The event log inside one process: a bounded window per channel, the same codec and contract as the log that crosses processes.
 * What it holds dies with the process, and another process sees none of it: whoever comes back with a position of an earlier life
 * is told EPOCH. Rows are the truth; this is how their changes are heard.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { createChannel, type ChannelState } from './channel.ts';
import { decodeEvent, encodeEvent } from './codec.ts';
import type { Channel, EventLog } from './event-log.ts';
import { createFollower } from './follower.ts';
import { formatPosition, parsePosition, type Position } from './position.ts';

const IDEMPOTENCY_MS = 5 * 60_000;
const SWEEP_MS = 10_000;

export interface MemoryEventLogOptions {
  readonly clock: Clock;
  /** Milliseconds an event can be replayed. */
  readonly historyMs: number;
  /** Events kept per channel. */
  readonly historyEventsMax: number;
  /** Encoded bytes kept per channel. */
  readonly historyBytesMax?: number;
  /** Channels remembered; the longest idle are forgotten first, and their readers are told EPOCH when they come back. */
  readonly channelsMax?: number;
  /** False while another process owns the conversations of this database. */
  readonly available?: () => boolean;
}

export interface MemoryEventLog extends EventLog {
  /** Drops what is too old now instead of at the next sweep. */
  sweep(): void;
  /** For metrics and tests: how many channels and followers are held. */
  counts(): { readonly channels: number; readonly followers: number };
}

export function createMemoryEventLog(options: MemoryEventLogOptions): MemoryEventLog {
  const limits = { eventsMax: options.historyEventsMax, bytesMax: options.historyBytesMax ?? 4 * 1_024 * 1_024, ageMs: options.historyMs };
  const channelsMax = options.channelsMax ?? 50_000;
  const boot = randomBytes(5).toString('hex');
  const channels = new Map<Channel, ChannelState>();
  const answered = new Map<string, { readonly position: Position; readonly untilMs: number }>();
  const closing = new AbortController();
  let lives = 0;
  let followers = 0;

  function open(name: Channel): ChannelState {
    const known = channels.get(name);
    if (known) return known;
    lives += 1;
    const channel = createChannel(`${boot}${lives.toString(36)}`, limits);
    channels.set(name, channel);
    return channel;
  }

  function sweep(): void {
    const nowMs = options.clock.now().getTime();
    for (const [key, { untilMs }] of answered) if (untilMs <= nowMs) answered.delete(key);
    for (const [name, channel] of channels) {
      channel.trim(nowMs);
      // An idle channel keeps its epoch and top, so that a reader who missed nothing can still prove it, until room is needed.
      if (channels.size > channelsMax && channel.idle(nowMs)) channels.delete(name);
    }
  }

  function assertAvailable(): void {
    if (closing.signal.aborted) throw new AppError('UNAVAILABLE', 'This server is going away. Connect again in a moment.', { retryAfterMs: 1_000 });
    if (options.available && !options.available()) {
      throw new AppError('UNAVAILABLE', 'Another Parley on this database owns the conversations. Several can share them when REDIS_URL is set.', {
        retryAfterMs: 5_000,
      });
    }
  }

  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  return {
    assertAvailable,
    sweep,
    counts: () => ({ channels: channels.size, followers }),
    async append(name, events, { idempotencyKey } = {}) {
      assertAvailable();
      const nowMs = options.clock.now().getTime();
      const key = idempotencyKey === undefined ? null : `${name}\n${idempotencyKey}`;
      const before = key === null ? undefined : answered.get(key);
      if (before && before.untilMs > nowMs) return before.position;
      const channel = open(name);
      channel.push(
        events.map((event) => {
          const text = encodeEvent(event);
          const decoded = decodeEvent(text);
          if (!decoded) throw new Error(`an event of type ${event.type} does not fit its own schema`);
          return { event: decoded, bytes: text.length };
        }),
        nowMs,
      );
      const position = formatPosition({ epoch: channel.epoch, offset: channel.top() });
      if (key !== null) answered.set(key, { position, untilMs: nowMs + IDEMPOTENCY_MS });
      return position;
    },
    follow(name, { after, startAt, signal }) {
      assertAvailable();
      const place = after === undefined ? null : parsePosition(after);
      followers += 1;
      return createFollower({
        channel: open(name),
        after: place,
        startAt,
        signal: AbortSignal.any([signal, closing.signal]),
        now: () => options.clock.now(),
        onEnd: () => void (followers -= 1),
      });
    },
    async head(name) {
      assertAvailable();
      const channel = open(name);
      const { epoch } = channel;
      const first = Math.min(channel.top() + 1, ...[...channel.unfinished.values()].map((text) => text.firstOffset));
      return { epoch, top: formatPosition({ epoch, offset: channel.top() }), resume: formatPosition({ epoch, offset: first - 1 }) };
    },
    async probe() {
      // That another process owns the conversations is no fault of this one: it still answers what it can.
      if (closing.signal.aborted) throw new Error('the event log is closed');
    },
    async close() {
      clearInterval(timer);
      closing.abort();
    },
  };
}
