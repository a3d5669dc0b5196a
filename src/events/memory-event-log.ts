/**
 * The event log inside one process: a bounded window per channel, the same codec and contract as the log that crosses processes.
 * What it holds dies with the process, and another process sees none of it: whoever comes back with a position of an earlier life
 * is told EPOCH. Rows are the truth; this is how their changes are heard.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { createChannel, type ChannelState } from './channel.ts';
import { decodeEvent, encodeEvent, isTextDelta } from './codec.ts';
import type { ParleyEvent } from './event.ts';
import { kindOf } from './channel-kind.ts';
import type { Channel, ChannelHead, ChannelKind, EventLog } from './event-log.ts';
import { createFences, fencesOf } from './fence.ts';
import { createFollower } from './follower.ts';
import { headOf } from './head.ts';
import { formatPosition, parsePosition, type Position } from './position.ts';

const IDEMPOTENCY_MS = 5 * 60_000;
const SWEEP_MS = 10_000;
const CAUGHT_UP_POLL_MS = 10;
/** What a text delta takes encoded, its text aside. */
const DELTA_BYTES = 280;

export interface MemoryEventLogOptions {
  readonly clock: Clock;
  /** Milliseconds an event can be replayed, by kind of channel or for all. */
  readonly historyMs: number | Readonly<Record<ChannelKind, number>>;
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
  /**
   * For when this process owns the conversations again after it had lost them: others may have written meanwhile, so every channel
   * begins a new epoch, and every reader is told to reset.
   */
  startOver(): void;
  /** For when another process owns the conversations now: every reader is refused with UNAVAILABLE. */
  letGo(): void;
  /** Resolves when every reader has read everything there is, or when the signal aborts. */
  caughtUp(signal: AbortSignal): Promise<void>;
  /** For metrics and tests: how many channels and followers are held. */
  counts(): { readonly channels: number; readonly followers: number };
}

export function createMemoryEventLog(options: MemoryEventLogOptions): MemoryEventLog {
  const { historyMs } = options;
  const ageMs = (name: Channel) => (typeof historyMs === 'number' ? historyMs : historyMs[kindOf(name)]);
  const limits = { eventsMax: options.historyEventsMax, bytesMax: options.historyBytesMax ?? 4 * 1_024 * 1_024 };
  const channelsMax = options.channelsMax ?? 50_000;
  const boot = randomBytes(5).toString('hex');
  const channels = new Map<Channel, ChannelState>();
  const answered = new Map<string, { readonly position: Position; readonly untilMs: number }>();
  const fences = createFences();
  const closing = new AbortController();
  let owning = new AbortController();
  let lives = 0;
  let followers = 0;

  const newEpoch = () => `${boot}${(lives += 1).toString(36)}`;

  function open(name: Channel): ChannelState {
    const known = channels.get(name);
    if (known) return known;
    const channel = createChannel(newEpoch(), { ...limits, ageMs: ageMs(name) });
    channels.set(name, channel);
    return channel;
  }

  function sweep(): void {
    const nowMs = options.clock.now().getTime();
    for (const [key, { untilMs }] of answered) if (untilMs <= nowMs) answered.delete(key);
    fences.sweep(nowMs);
    for (const [name, channel] of channels) {
      channel.trim(nowMs);
      // An idle channel keeps its epoch and top, so that a reader who missed nothing can still prove it, until room is needed.
      if (channels.size > channelsMax && channel.idle(nowMs)) channels.delete(name);
    }
  }

  function assertAvailable(): void {
    if (closing.signal.aborted) throw new AppError('UNAVAILABLE', 'This server is going away. Connect again in a moment.', { retryAfterMs: 1_000 });
    if (options.available && !options.available()) throw notOurs();
  }

  function head(name: Channel): ChannelHead {
    assertAvailable();
    return headOf(open(name));
  }

  function followersBehind(): number {
    let waiting = 0;
    for (const channel of channels.values()) waiting += channel.waiting();
    return followers - waiting;
  }

  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  return {
    assertAvailable,
    sweep,
    startOver() {
      for (const channel of channels.values()) channel.startOver(newEpoch());
      answered.clear();
    },
    letGo() {
      owning.abort(notOurs());
      owning = new AbortController();
      channels.clear();
    },
    async caughtUp(signal) {
      while (followersBehind() > 0 && !signal.aborted) await options.clock.sleep(CAUGHT_UP_POLL_MS, signal).catch(() => undefined);
    },
    counts: () => ({ channels: channels.size, followers }),
    async append(name, events, appendOptions = {}) {
      const { idempotencyKey } = appendOptions;
      assertAvailable();
      const nowMs = options.clock.now().getTime();
      const key = idempotencyKey === undefined ? null : `${name}\n${idempotencyKey}`;
      const before = key === null ? undefined : answered.get(key);
      if (before && before.untilMs > nowMs) return before.position;
      fences.pass(name, fencesOf(appendOptions), nowMs);
      const channel = open(name);
      channel.push(events.map(throughCodec), nowMs);
      const position = formatPosition({ epoch: channel.epoch(), offset: channel.top() });
      if (key !== null) answered.set(key, { position, untilMs: nowMs + IDEMPOTENCY_MS });
      return position;
    },
    follow(name, { after, startAt, signal }) {
      assertAvailable();
      const place = after === undefined ? null : parsePosition(after);
      const channel = open(name);
      // What is too old and not swept yet is not told any more.
      channel.trim(options.clock.now().getTime());
      const release = channel.hold();
      followers += 1;
      return createFollower({
        channel,
        after: place,
        startAt,
        signal: AbortSignal.any([signal, closing.signal, owning.signal]),
        now: () => options.clock.now(),
        onEnd: () => {
          followers -= 1;
          release();
        },
      });
    },
    async forget(name) {
      assertAvailable();
      channels.get(name)?.startOver(newEpoch());
    },
    head: async (name) => head(name),
    top: async (name) => head(name).top,
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

/** As it would come back from a wire: what works here works there. */
function throughCodec(event: ParleyEvent): { event: ParleyEvent; bytes: number } {
  // Of plain text and numbers: it would come back the same.
  if (isTextDelta(event)) return { event, bytes: event.text.length + DELTA_BYTES };
  const text = encodeEvent(event);
  const decoded = decodeEvent(text);
  if (!decoded) throw new Error(`an event of type ${event.type} does not fit its own schema`);
  return { event: decoded, bytes: text.length };
}

function notOurs(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'This Parley does not hold the conversations at the moment: another one on this database does, or the database is away. Several can share them when REDIS_URL is set.',
    { retryAfterMs: 5_000 },
  );
}
