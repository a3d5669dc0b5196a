/**
 * One channel of Redis as this process follows it: subscribed once, held as a window for any number of readers. Every doubt about
 * what is heard live is settled by reading the history, and where continuity cannot be proved the channel starts over, which each
 * reader is told. Knows no reader by name.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import { createChannel, type ChannelLimits, type ChannelState, type StoredEvent } from './channel.ts';
import type { Channel } from './event-log.ts';
import type { Written } from './redis-appender.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisHistory } from './redis-history.ts';
import { channelKeys, type ReadReply, type Row } from './redis-script.ts';
import { createRedisWindow, type Heard, type WindowPlace } from './redis-window.ts';

export interface RedisUpstreamOptions {
  readonly name: Channel;
  readonly connection: RedisConnection;
  readonly history: RedisHistory;
  readonly prefix: string;
  readonly limits: ChannelLimits;
  /** How long a first reader waits for the subscription. */
  readonly openMs: number;
  readonly nowMs: () => number;
  readonly log: Logger;
  /** An event that cannot be read was passed over. */
  readonly onPoison: (bytes: number) => void;
}

export interface RedisUpstream {
  readonly channel: ChannelState;
  /** Resolves when the channel is subscribed and holds what the log held then; rejects with UNAVAILABLE when that takes too long. */
  open(): Promise<void>;
  opened(): boolean;
  /** Compares with the log and takes what was missed. Rejects when the log cannot be read. */
  check(): Promise<void>;
  /** As `check`, and never rejects: what fails is tried again later. */
  heal(): Promise<void>;
  /** Written by this process: readers here need no way round through Redis. */
  wrote(written: Written): void;
  oldest(): Promise<number>;
  page(from: number, signal: AbortSignal): Promise<readonly StoredEvent[]>;
  close(): void;
}

const EARLY_MAX = 10_000;
const PAGE_RETRY_MS = 250;
/** What other instances wrote before us is on its way; only when it has not come by then is it missing. */
const OVERDUE_MS = 100;

export function createRedisUpstream(options: RedisUpstreamOptions): RedisUpstream {
  const { name, connection, history, nowMs, log } = options;
  const channel = createChannel('', options.limits);
  const window = createRedisWindow({ channel, nowMs, onPoison: options.onPoison });
  const closing = new AbortController();
  let early: Heard[] = [];
  let subscription: Promise<number> | null = null;
  let opening: Promise<void> | null = null;
  let isOpen = false;
  let checking: Promise<void> | null = null;
  let checkAgain = false;
  let overdue: NodeJS.Timeout | null = null;

  function hear(said: Heard | null): void {
    if (!said) return;
    // Kept until the history is read: what was written in between is heard twice and taken once, never missed.
    if (!isOpen) return void (early.length < EARLY_MAX && early.push(said));
    if (!window.hear(said)) void heal();
  }

  async function openNow(): Promise<void> {
    const limited = AbortSignal.any([closing.signal, AbortSignal.timeout(options.openMs)]);
    const { live } = channelKeys(options.prefix, name);
    subscription ??= connection.pubsub.subscribe<unknown>(live, (message) => hear(window.toHeard(message)));
    await unlessAborted(subscription, limited);
    const all = await history.all(name);
    if (closing.signal.aborted) throw away();
    window.startOver(all);
    isOpen = true;
    const waiting = early;
    early = [];
    for (const said of waiting) hear(said);
    if (waiting.length >= EARLY_MAX) await check();
  }

  async function open(): Promise<void> {
    opening ??= openNow();
    try {
      await opening;
    } catch (error) {
      opening = null;
      throw error;
    }
  }

  function check(): Promise<void> {
    if (!isOpen) return open();
    if (checking) {
      // The one under way may have read before what the caller knows of.
      checkAgain = true;
      return checking;
    }
    checking = compare().finally(() => (checking = null));
    return checking;
  }

  async function compare(): Promise<void> {
    do {
      checkAgain = false;
      const asked = window.place();
      const found = await history.from(name, Math.max(1, asked.top));
      if (closing.signal.aborted) return;
      if (found.epoch !== asked.epoch) await rebuild();
      else if (wasRolledBack(asked, found)) {
        log.error({ channel: name, top: asked.top, found: found.top }, 'the event log was rolled back: everybody starts over');
        await history.renew(name, found.epoch);
        await rebuild();
      } else {
        window.fill(found);
        if (channel.top() < found.top) checkAgain = true;
      }
    } while (checkAgain && !closing.signal.aborted);
  }

  async function rebuild(): Promise<void> {
    const all = await history.all(name);
    if (!closing.signal.aborted) window.startOver(all);
  }

  async function heal(): Promise<void> {
    try {
      await check();
    } catch (error) {
      log.debug({ err: error, channel: name }, 'a channel could not be compared with the log yet');
    }
  }

  function wrote({ events, ...written }: Written): void {
    if (!isOpen && !opening) return;
    const { epoch, before, top } = written;
    const known = epoch === channel.epoch() && before <= channel.top();
    if (events.length > 0 && (known || !isOpen)) return hear({ ...written, events: () => events });
    const missing = () => epoch !== channel.epoch() || top > channel.top();
    if (!missing()) return;
    overdue ??= setTimeout(() => {
      overdue = null;
      if (missing()) void heal();
    }, OVERDUE_MS).unref();
  }

  /** Null when the channel has started over and these offsets mean nothing any more. */
  async function pageOf(epoch: string, from: number): Promise<readonly StoredEvent[] | null> {
    const found = await history.from(name, from);
    if (found.epoch === epoch) return unbroken(found.rows, from).map((row) => ({ offset: row.offset, atMs: 0, ...window.toEvent(row.text) }));
    await check();
    return null;
  }

  function close(): void {
    if (closing.signal.aborted) return;
    closing.abort();
    if (overdue) clearTimeout(overdue);
    subscription?.then((id) => connection.pubsub.unsubscribe(id)).catch(() => undefined);
  }

  function page(from: number, signal: AbortSignal): Promise<readonly StoredEvent[]> {
    const epoch = channel.epoch();
    const isCurrent = () => epoch === channel.epoch();
    return untilKnown(() => pageOf(epoch, from), isCurrent, AbortSignal.any([signal, closing.signal]));
  }

  return { channel, open, check, heal, wrote, page, close, opened: () => isOpen, oldest: () => history.oldest(name) };
}

/** While the log cannot be reached the reader waits here, alone. */
async function untilKnown(read: () => Promise<readonly StoredEvent[] | null>, isCurrent: () => boolean, signal: AbortSignal): Promise<readonly StoredEvent[]> {
  while (!signal.aborted && isCurrent()) {
    try {
      const found = await read();
      if (found) return found;
    } catch {
      // Asked again below.
      await delay(PAGE_RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return [];
}

/** The log ends before what was held, or says something else about where that ended. */
function wasRolledBack(held: WindowPlace, found: ReadReply): boolean {
  if (found.top < held.top) return true;
  const there = found.top === held.top ? found.mark : (found.rows.find((row) => row.offset === held.top)?.mark ?? held.mark);
  return there !== held.mark;
}

/** The rows from this offset on that follow each other; none when it is gone. */
function unbroken(rows: readonly Row[], from: number): readonly Row[] {
  const hole = rows.findIndex((row, index) => row.offset !== from + index);
  return hole < 0 ? rows : rows.slice(0, hole);
}

function away(): AppError {
  return new AppError('UNAVAILABLE', 'Live events cannot be reached right now. Try again in a moment.', { retryAfterMs: 2_000 });
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(away());
  if (signal.aborted) throw away();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
