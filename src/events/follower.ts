/**
 * One reader of one channel: a cursor into what the channel holds, moved only when the reader asks. So a reader that stops
 * reading holds nothing but its offset, and nobody waits for it; one that is behind gets adjacent text deltas merged; one that fell
 * out of the history is told to reset. A hand-written iterator: a generator parked in `next()` never runs its `finally`.
 */
import { AppError } from '../foundation/errors.ts';
import type { ChannelState, StoredEvent } from './channel.ts';
import type { TextDelta } from './event.ts';
import type { Entry, Polled, ReadyStatus, ResetReason, StartAt } from './event-log.ts';
import { formatPosition, type Place } from './position.ts';
import { toSnapshot } from './unfinished.ts';

/** UTF-16 units of text one merged delta may carry. */
const MERGED_CHARS_MAX = 16_384;

/** What the channel no longer holds and something slower still does. */
export interface History {
  /** Resolves when the channel can tell where a reader with this place stands; rejects with UNAVAILABLE. */
  open(after: Place | null): Promise<void>;
  /** Offset of the oldest event still held there; infinite when none is. Rejects with UNAVAILABLE. */
  oldest(): Promise<number>;
  /** Events from this offset on, in order and without holes, one page at most; none when that one is gone. Waits while it cannot know, until the signal aborts. */
  page(from: number, signal: AbortSignal): Promise<readonly StoredEvent[]>;
}

export interface FollowerOptions {
  readonly channel: ChannelState;
  /** Absent when the channel is all there is. */
  readonly history?: History;
  readonly after: Place | null;
  readonly startAt: StartAt;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Called once when the follower ends, however it ends. */
  readonly onEnd: () => void;
}

export function createFollower(options: FollowerOptions): Polled<Entry> {
  const { channel, history, signal } = options;
  const leaving = new AbortController();
  const left = Promise.withResolvers<void>();
  let pending: Entry[] = [];
  let page: readonly StoredEvent[] = [];
  let epoch = '';
  let cursor = 0;
  let replayedUpTo = 0;
  let ended = false;
  let stopWaiting: (() => void) | null = null;
  let wakeParked: (() => void) | null = null;
  let chain: Promise<unknown> = Promise.resolve();

  function end(): void {
    if (ended) return;
    ended = true;
    signal.removeEventListener('abort', end);
    stopWaiting?.();
    wakeParked?.();
    leaving.abort();
    left.resolve();
    options.onEnd();
  }

  function begin(oldest: number): void {
    const attached = attachAt(options, oldest);
    epoch = channel.epoch();
    pending = [...attached.entries];
    ({ cursor, replayedUpTo } = attached);
  }

  /** What follows does not continue what this reader had: it is told so, and goes on from the top. */
  function reset(reason: ResetReason): Entry {
    const [first, ...snapshots] = resetEntries(channel, reason, options.now().toISOString());
    epoch = channel.epoch();
    cursor = channel.top();
    replayedUpTo = cursor;
    pending = snapshots;
    page = [];
    return first;
  }

  const held = (offset: number) => page[offset - (page[0]?.offset ?? 0)] ?? channel.at(offset);

  function take(): Entry | null {
    if (epoch !== channel.epoch()) return reset('EPOCH');
    const waiting = pending.shift();
    if (waiting) return waiting;
    for (let first = held(cursor + 1); first; first = held(cursor + 1)) {
      const { offset, event } = mergeFrom(held, first);
      cursor = offset;
      if (event) return { kind: 'event', position: placeOf(channel, offset), sequence: offset, event, replay: offset <= replayedUpTo };
    }
    return null;
  }

  /** Parks until there is more; or fetches what this reader has not read and the channel has let go of. */
  async function more(): Promise<Entry | null> {
    if (cursor >= channel.oldest() - 1) {
      await new Promise<void>((resolve) => {
        stopWaiting = channel.wait(resolve);
        wakeParked = resolve;
      });
      return null;
    }
    const wanted = cursor + 1;
    page = (await history?.page(wanted, leaving.signal)) ?? [];
    const gone = page.length === 0 && epoch === channel.epoch() && wanted < channel.oldest();
    return gone && !ended ? reset('SLOW') : null;
  }

  async function next(): Promise<IteratorResult<Entry>> {
    if (attaching) {
      await Promise.race([attaching, left.promise]);
      attaching = null;
    }
    while (!ended) {
      const entry = take() ?? (await more());
      if (entry) return { done: false, value: entry };
    }
    // A refusal is no end: the reader learns why nothing more comes.
    if (signal.reason instanceof AppError) throw signal.reason;
    return { done: true, value: undefined };
  }

  let attaching = history ? attachBeyond(options, history).then(begin) : null;
  if (!attaching) begin(channel.oldest());
  // Told to whoever asks for the first entry; nobody may ask.
  attaching?.catch(end);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      // Calls are answered in order, also when the caller does not wait for one before the next.
      const result = chain.then(next);
      chain = result;
      return result;
    },
    poll(wake) {
      if (attaching || ended) return undefined;
      const entry = take();
      if (entry) return entry;
      // What the channel has let go of has to be fetched.
      if (cursor < channel.oldest() - 1) return undefined;
      if (wakeParked !== wake) stopWaiting?.();
      stopWaiting = channel.wait(wake);
      wakeParked = wake;
      return null;
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };
}

/** The oldest event this reader could get, asked for only when what the channel holds does not settle it. */
async function attachBeyond({ channel, after, startAt }: FollowerOptions, history: History): Promise<number> {
  await history.open(after);
  const held = channel.oldest();
  const wanted = after ? (after.epoch === channel.epoch() ? after.offset + 1 : held) : startAt === 'history' ? 1 : held;
  return wanted >= held ? held : Math.min(await history.oldest(), channel.oldest());
}

interface Attached {
  readonly entries: readonly Entry[];
  readonly cursor: number;
  readonly replayedUpTo: number;
}

/** Decides how a reader begins: continuity is proved by epoch and offsets, or the reader is told that it is not. */
function attachAt({ channel, after, startAt, now }: FollowerOptions, oldest: number): Attached {
  const top = channel.top();
  const at = now().toISOString();
  if (after) {
    const broken = whyBroken(channel, after, oldest);
    if (broken) return { entries: [ready(channel, 'RESET', top, 0), ...resetEntries(channel, broken, at)], cursor: top, replayedUpTo: top };
    return { entries: [ready(channel, 'RECOVERED', after.offset, top - after.offset)], cursor: after.offset, replayedUpTo: top };
  }
  if (startAt === 'history') {
    const cursor = oldest - 1;
    return { entries: [ready(channel, 'LIVE', cursor, top - cursor)], cursor, replayedUpTo: top };
  }
  const snapshots = startAt === 'snapshot' ? snapshotEntries(channel, at) : [];
  return { entries: [ready(channel, 'LIVE', top, snapshots.length), ...snapshots], cursor: top, replayedUpTo: top };
}

function whyBroken(channel: ChannelState, after: Place, oldest: number): ResetReason | null {
  if (after.epoch !== channel.epoch()) return 'EPOCH';
  if (after.offset > channel.top()) return 'AHEAD';
  return after.offset < oldest - 1 ? 'TRIMMED' : null;
}

function resetEntries(channel: ChannelState, reason: ResetReason, at: string): [Entry, ...Entry[]] {
  const top = channel.top();
  return [{ kind: 'reset', reason, position: placeOf(channel, top), sequence: top, epoch: channel.epoch() }, ...snapshotEntries(channel, at)];
}

function snapshotEntries(channel: ChannelState, at: string): Entry[] {
  const top = channel.top();
  return [...channel.unfinished.values()].map((text) => ({
    kind: 'event',
    position: placeOf(channel, top),
    sequence: top,
    event: toSnapshot(text, at),
    replay: true,
  }));
}

function ready(channel: ChannelState, status: ReadyStatus, offset: number, replayed: number): Entry {
  return { kind: 'ready', status, position: placeOf(channel, offset), sequence: offset, epoch: channel.epoch(), replayed };
}

function placeOf(channel: ChannelState, offset: number): string {
  return formatPosition({ epoch: channel.epoch(), offset });
}

/** The event itself, or, when text deltas of one message wait one after another, all of them as one. */
function mergeFrom(held: (offset: number) => StoredEvent | undefined, first: StoredEvent): StoredEvent {
  if (first.event?.type !== 'TextDelta') return first;
  let merged: TextDelta = first.event;
  let last = first;
  for (;;) {
    const following = held(last.offset + 1);
    const delta = following?.event;
    if (!following || delta?.type !== 'TextDelta' || !continues(merged, delta) || merged.text.length + delta.text.length > MERGED_CHARS_MAX) break;
    merged = { ...merged, at: delta.at, text: merged.text + delta.text };
    last = following;
  }
  return last === first ? first : { ...last, event: merged };
}

function continues(text: TextDelta, delta: TextDelta): boolean {
  return (
    delta.messageId === text.messageId &&
    delta.attempt === text.attempt &&
    delta.step === text.step &&
    delta.visibility === text.visibility &&
    delta.offset === text.offset + text.text.length
  );
}
