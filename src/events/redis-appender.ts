/**
 * Writes into the log. What is appended to a channel in one turn of the event loop, or while the channel's last call is under way,
 * travels in one script call; one call per channel at a time keeps the order. A call whose answer was lost is sent again until its
 * time is up, and appends nothing twice. Knows no readers: who wants to know of what was written here is called.
 */
import { randomBytes } from 'node:crypto';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { StoredEvent } from './channel.ts';
import { decodeEvent, encodeEvent, isTextDelta } from './codec.ts';
import type { ParleyEvent } from './event.ts';
import type { AppendOptions, Channel } from './event-log.ts';
import { FENCE_MS, FencedOut, fencesOf } from './fence.ts';
import { formatPosition, type Position } from './position.ts';
import type { RedisConnection } from './redis-connection.ts';
import { channelKeys, FENCED, type ChannelKeys, parseAppendReply, type AppendReply } from './redis-script.ts';

export interface RedisAppenderOptions {
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly historyMs: (channel: Channel) => number;
  readonly historyEventsMax: number;
  /** How long an append waits for Redis before it is refused. */
  readonly appendMs: number;
  readonly newEpoch: () => string;
  readonly log: Logger;
  /** What was written here, in the order in which it was. */
  readonly onWritten: (channel: Channel, written: Written) => void;
}

export interface Written extends Omit<AppendReply, 'answers'> {
  /** From `before + 1` to `top`; none when all of it had been written before. */
  readonly events: readonly Pick<StoredEvent, 'event' | 'bytes'>[];
}

export interface RedisAppender {
  append(channel: Channel, events: readonly ParleyEvent[], options: AppendOptions): Promise<Position>;
  /** Refuses what still waits. */
  close(): void;
}

/** One `append`: written whole or not at all. */
interface Group {
  readonly texts: readonly string[];
  readonly events: Written['events'];
  readonly options: AppendOptions;
  readonly deadlineMs: number;
  readonly settle: PromiseWithResolvers<Position>;
}

interface Lane {
  readonly keys: ChannelKeys;
  waiting: Group[];
  busy: boolean;
  /** Offset of the latest event when this process last wrote; -1 before that. */
  top: number;
}

const META_MS = 30 * 24 * 60 * 60_000;
const IDEMPOTENCY_MS = 5 * 60_000;
const BATCH_EVENTS_MAX = 500;
const WAITING_EVENTS_MAX = 100_000;
const LANES_MAX = 20_000;
const RETRY_MS = 25;

export function createRedisAppender(options: RedisAppenderOptions): RedisAppender {
  const lanes = new Map<Channel, Lane>();
  const writer = randomBytes(5).toString('hex');
  const due = new Set<Channel>();
  let scheduled = false;
  let calls = 0;
  let waitingEvents = 0;
  let closed = false;

  function laneOf(channel: Channel): Lane {
    const known = lanes.get(channel);
    if (known) return known;
    if (lanes.size >= LANES_MAX) forgetOne(lanes);
    const lane: Lane = { keys: channelKeys(options.prefix, channel), waiting: [], busy: false, top: -1 };
    lanes.set(channel, lane);
    return lane;
  }

  function schedule(channel: Channel): void {
    due.add(channel);
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const now = [...due];
      due.clear();
      for (const each of now) void write(each);
    });
  }

  async function write(channel: Channel): Promise<void> {
    const lane = laneOf(channel);
    if (lane.busy || lane.waiting.length === 0) return;
    lane.busy = true;
    const groups = takeBatch(lane);
    try {
      const reply = await send(channel, lane, groups);
      lane.top = reply.top;
      settle(groups, reply, (written) => options.onWritten(channel, written));
    } catch (error) {
      for (const group of groups) group.settle.reject(error);
    } finally {
      for (const group of groups) waitingEvents -= group.texts.length;
      lane.busy = false;
      // At once: what waited has waited long enough.
      if (lane.waiting.length > 0) void write(channel);
    }
  }

  async function send(channel: Channel, lane: Lane, groups: readonly Group[]): Promise<AppendReply> {
    const { connection, log } = options;
    const deadlineMs = Math.min(...groups.map((group) => group.deadlineMs));
    calls += 1;
    const args = scriptArguments(options, channel, lane, `${writer}.${calls.toString(36)}`, groups);
    for (;;) {
      try {
        await connection.whenUsable(deadlineMs - performance.now());
        return parseAppendReply(await inTime(connection.commands.parleyAppend(...args), deadlineMs, options.appendMs));
      } catch (error) {
        if (isLate(error)) connection.suspect();
        if (error instanceof AppError) throw error;
        if (closed || performance.now() + RETRY_MS >= deadlineMs) {
          log.warn({ err: error, channel, appends: groups.length }, 'events could not be appended');
          throw new AppError('UNAVAILABLE', 'Events cannot be written right now. Try again in a moment.', { cause: error, retryAfterMs: 2_000 });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  return {
    append(channel, events, appendOptions) {
      if (closed) return Promise.reject(new AppError('UNAVAILABLE', 'This server is going away. Connect again in a moment.', { retryAfterMs: 1_000 }));
      if (waitingEvents + events.length > WAITING_EVENTS_MAX) {
        return Promise.reject(new AppError('UNAVAILABLE', 'Too many events wait to be written. Try again in a moment.', { retryAfterMs: 1_000 }));
      }
      const texts: string[] = [];
      const decoded: Pick<StoredEvent, 'event' | 'bytes'>[] = [];
      for (const event of events) {
        const text = encodeEvent(event);
        // A text delta would come back the same.
        const read = isTextDelta(event) ? event : decodeEvent(text);
        if (!read) return Promise.reject(new Error(`an event of type ${event.type} does not fit its own schema`));
        texts.push(text);
        decoded.push({ event: read, bytes: text.length });
      }
      waitingEvents += texts.length;
      const settled = Promise.withResolvers<Position>();
      laneOf(channel).waiting.push({ texts, events: decoded, options: appendOptions, deadlineMs: performance.now() + options.appendMs, settle: settled });
      schedule(channel);
      return settled.promise;
    },
    close() {
      closed = true;
    },
  };
}

function forgetOne(lanes: Map<Channel, Lane>): void {
  for (const [channel, lane] of lanes) {
    if (lane.busy || lane.waiting.length > 0) continue;
    lanes.delete(channel);
    return;
  }
}

/** As many groups as one call carries, at least one. */
function takeBatch(lane: Lane): Group[] {
  let count = 0;
  let events = 0;
  for (const group of lane.waiting) {
    events += Math.max(1, group.texts.length);
    if (count > 0 && events > BATCH_EVENTS_MAX) break;
    count += 1;
  }
  return lane.waiting.splice(0, count);
}

function scriptArguments(options: RedisAppenderOptions, channel: Channel, { keys, top }: Lane, mark: string, groups: readonly Group[]): (string | number)[] {
  const names = [keys.stream, keys.meta, keys.live];
  const values: (string | number)[] = [];
  for (const { texts, options: own } of groups) {
    const idempotency = own.idempotencyKey === undefined ? 0 : names.push(keys.idempotency(own.idempotencyKey));
    const fences = fencesOf(own);
    values.push(idempotency, fences.length);
    for (const { key, token } of fences) values.push(names.push(keys.fence(key)), token);
    values.push(texts.length, ...texts);
  }
  const head = [options.newEpoch(), top, mark, options.historyEventsMax, options.historyMs(channel), META_MS, IDEMPOTENCY_MS, FENCE_MS, groups.length];
  return [names.length, ...names, ...head, ...values];
}

/** Tells of what was written first: who awaits an append may count on this process having it. */
function settle(groups: readonly Group[], { answers, ...reply }: AppendReply, tell: (written: Written) => void): void {
  tell({ ...reply, events: freshOf(groups, answers, reply) });
  for (const [index, group] of groups.entries()) {
    const answer = answers[index] ?? FENCED;
    if (answer.startsWith(FENCED)) group.settle.reject(new FencedOut(fencesOf(group.options)[Number(answer.slice(1)) - 1]?.key ?? ''));
    else group.settle.resolve(answer);
  }
}

/** Groups that were written before, or were refused, wrote nothing now: only offsets after `before` are fresh, each once. */
function freshOf(groups: readonly Group[], answers: readonly string[], { epoch, before }: Omit<AppendReply, 'answers'>): Written['events'] {
  const events: Pick<StoredEvent, 'event' | 'bytes'>[] = [];
  for (const [index, group] of groups.entries()) {
    const ends = before + events.length + group.texts.length;
    if (group.texts.length > 0 && answers[index] === formatPosition({ epoch, offset: ends })) events.push(...group.events);
  }
  return events;
}

class TooLate extends Error {
  constructor() {
    super('Redis did not answer in time');
    this.name = 'TooLate';
  }
}

/** Our own limit, or the connection's own for every command. */
function isLate(error: unknown): boolean {
  return error instanceof TooLate || (error instanceof Error && error.message === 'Command timed out');
}

/** Each command is limited by its connection already; only what has less time left, because it is sent again, needs a timer of its own. */
function inTime<T>(work: Promise<T>, deadlineMs: number, commandMs: number): Promise<T> {
  return deadlineMs - performance.now() > commandMs * 0.9 ? work : within(work, deadlineMs);
}

async function within<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new TooLate()), Math.max(1, deadlineMs - performance.now()));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
