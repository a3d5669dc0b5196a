/**
 * One reader of one channel: a cursor into what the channel holds, moved only when the reader asks. So a reader that stops
 * reading holds nothing but its offset, and nobody waits for it; one that is behind gets adjacent text deltas merged; one that fell
 * out of the history is told to reset. A hand-written iterator: a generator parked in `next()` never runs its `finally`.
 */
import type { ChannelState, StoredEvent } from './channel.ts';
import type { TextDelta } from './event.ts';
import type { Entry, ReadyStatus, ResetReason, StartAt } from './event-log.ts';
import { formatPosition, type Place } from './position.ts';
import { toSnapshot } from './unfinished.ts';

/** UTF-16 units of text one merged delta may carry. */
const MERGED_CHARS_MAX = 16_384;

export interface FollowerOptions {
  readonly channel: ChannelState;
  readonly after: Place | null;
  readonly startAt: StartAt;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Called once when the follower ends, however it ends. */
  readonly onEnd: () => void;
}

export function createFollower(options: FollowerOptions): AsyncIterableIterator<Entry> {
  const { channel, signal } = options;
  const attach = attachAt(options);
  const pending: Entry[] = [...attach.entries];
  let cursor = attach.cursor;
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
    options.onEnd();
  }

  function take(): Entry | null {
    const waiting = pending.shift();
    if (waiting) return waiting;
    if (cursor < channel.oldest() - 1) {
      const reset = resetEntries(channel, 'SLOW', options.now().toISOString());
      cursor = channel.top();
      pending.push(...reset.slice(1));
      return reset[0] ?? null;
    }
    const first = channel.at(cursor + 1);
    if (!first) return null;
    const last = mergeFrom(channel, first);
    cursor = last.offset;
    return { kind: 'event', position: placeOf(channel, last.offset), sequence: last.offset, event: last.event, replay: last.offset <= attach.replayedUpTo };
  }

  async function next(): Promise<IteratorResult<Entry>> {
    while (!ended) {
      const entry = take();
      if (entry) return { done: false, value: entry };
      await new Promise<void>((resolve) => {
        wakeParked = resolve;
        stopWaiting = channel.wait(resolve);
      });
    }
    return { done: true, value: undefined };
  }

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
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };
}

interface Attached {
  readonly entries: readonly Entry[];
  readonly cursor: number;
  readonly replayedUpTo: number;
}

/** Decides how a reader begins: continuity is proved by epoch and offsets, or the reader is told that it is not. */
function attachAt({ channel, after, startAt, now }: FollowerOptions): Attached {
  const top = channel.top();
  const at = now().toISOString();
  if (after) {
    const broken = whyBroken(channel, after);
    if (broken) return { entries: [ready(channel, 'RESET', top, 0), ...resetEntries(channel, broken, at)], cursor: top, replayedUpTo: top };
    return { entries: [ready(channel, 'RECOVERED', after.offset, top - after.offset)], cursor: after.offset, replayedUpTo: top };
  }
  if (startAt === 'history') {
    const cursor = channel.oldest() - 1;
    return { entries: [ready(channel, 'LIVE', cursor, top - cursor)], cursor, replayedUpTo: top };
  }
  const snapshots = startAt === 'snapshot' ? snapshotEntries(channel, at) : [];
  return { entries: [ready(channel, 'LIVE', top, snapshots.length), ...snapshots], cursor: top, replayedUpTo: top };
}

function whyBroken(channel: ChannelState, after: Place): ResetReason | null {
  if (after.epoch !== channel.epoch) return 'EPOCH';
  if (after.offset > channel.top()) return 'AHEAD';
  return after.offset < channel.oldest() - 1 ? 'TRIMMED' : null;
}

function resetEntries(channel: ChannelState, reason: ResetReason, at: string): Entry[] {
  const top = channel.top();
  return [{ kind: 'reset', reason, position: placeOf(channel, top), sequence: top, epoch: channel.epoch }, ...snapshotEntries(channel, at)];
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
  return { kind: 'ready', status, position: placeOf(channel, offset), sequence: offset, epoch: channel.epoch, replayed };
}

function placeOf(channel: ChannelState, offset: number): string {
  return formatPosition({ epoch: channel.epoch, offset });
}

/** The event itself, or, when text deltas of one message wait one after another, all of them as one. */
function mergeFrom(channel: ChannelState, first: StoredEvent): StoredEvent {
  if (first.event.type !== 'TextDelta') return first;
  let merged: TextDelta = first.event;
  let last = first;
  for (;;) {
    const following = channel.at(last.offset + 1);
    if (!following || !continues(merged, following)) break;
    const delta = following.event;
    if (delta.type !== 'TextDelta' || merged.text.length + delta.text.length > MERGED_CHARS_MAX) break;
    merged = { ...merged, at: delta.at, text: merged.text + delta.text };
    last = following;
  }
  return last === first ? first : { ...last, event: merged };
}

function continues(text: TextDelta, { event }: StoredEvent): boolean {
  return (
    event.type === 'TextDelta' &&
    event.messageId === text.messageId &&
    event.attempt === text.attempt &&
    event.step === text.step &&
    event.visibility === text.visibility &&
    event.offset === text.offset + text.text.length
  );
}
