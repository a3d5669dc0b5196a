/**
 * One channel as this process holds it: a bounded window of its latest events, its top, the messages being written, and whoever
 * waits for more. Offsets are contiguous. Knows no Redis and no GraphQL; who may read is decided elsewhere.
 */
import type { ParleyEvent } from './event.ts';
import { trackUnfinished, type UnfinishedTexts } from './unfinished.ts';

export interface StoredEvent {
  readonly offset: number;
  /** Null for one that cannot be read: it counts, and nobody is told of it. */
  readonly event: ParleyEvent | null;
  readonly bytes: number;
  readonly atMs: number;
}

export interface ChannelLimits {
  /** Events kept at most. */
  readonly eventsMax: number;
  /** Encoded bytes kept at most; the newest event stays whatever its size. */
  readonly bytesMax: number;
  /** Milliseconds an event is kept. */
  readonly ageMs: number;
}

export interface ChannelState {
  /** What offsets count in; another one after `startOver`. */
  epoch(): string;
  /** Offset of the latest event; 0 when there was none. */
  top(): number;
  /** Offset of the oldest event still held; top + 1 when none is. */
  oldest(): number;
  /** The event at this offset; undefined when it is gone or not yet there. */
  at(offset: number): StoredEvent | undefined;
  /** Messages being written, in the order they began. */
  readonly unfinished: UnfinishedTexts;
  /** Appends and wakes every waiter once. */
  push(events: readonly Pick<StoredEvent, 'event' | 'bytes'>[], atMs: number): void;
  /** Calls back once, at the next push. Returns the way to stop waiting. */
  wait(wake: () => void): () => void;
  /** Drops what is too old, too many or too much. */
  trim(nowMs: number): void;
  /** Readers that have read everything there is. */
  waiting(): number;
  /**
   * Forgets everything under a new epoch and wakes every waiter: what is written from now on, after the offset `from` (0), does not
   * continue what was.
   */
  startOver(epoch: string, from?: number): void;
  /** Counts a reader until the returned function is called: a channel that somebody reads is not idle, also while nobody waits. */
  hold(): () => void;
  /** Nobody reads and the last event is older than the age limit. */
  idle(nowMs: number): boolean;
}

export function createChannel(firstEpoch: string, limits: ChannelLimits): ChannelState {
  // A plain array with a moving start: shifting 10,000 elements per append would cost more than the append.
  let held: StoredEvent[] = [];
  let epoch = firstEpoch;
  let start = 0;
  let bytes = 0;
  let top = 0;
  let lastAtMs = 0;
  let readers = 0;
  let waiters = new Set<() => void>();
  const unfinished: UnfinishedTexts = new Map();

  const count = () => held.length - start;

  function dropOldest(): void {
    bytes -= held[start]?.bytes ?? 0;
    start += 1;
    if (start === held.length || (start > 1_024 && start * 2 > held.length)) {
      held = held.slice(start);
      start = 0;
    }
  }

  function wakeAll(): void {
    const woken = waiters;
    waiters = new Set();
    for (const wake of woken) wake();
  }

  function trim(nowMs: number): void {
    while (count() > limits.eventsMax || (bytes > limits.bytesMax && count() > 1)) dropOldest();
    while (count() > 0 && (held[start]?.atMs ?? nowMs) <= nowMs - limits.ageMs) dropOldest();
  }

  return {
    unfinished,
    trim,
    epoch: () => epoch,
    waiting: () => waiters.size,
    top: () => top,
    oldest: () => top - count() + 1,
    at: (offset) => (offset > top - count() && offset <= top ? held[held.length - 1 - (top - offset)] : undefined),
    push(events, atMs) {
      for (const { event, bytes: size } of events) {
        top += 1;
        held.push({ offset: top, event, bytes: size, atMs });
        bytes += size;
        if (event) trackUnfinished(unfinished, event, top);
      }
      lastAtMs = atMs;
      trim(atMs);
      wakeAll();
    },
    startOver(next, from = 0) {
      epoch = next;
      held = [];
      start = 0;
      bytes = 0;
      top = from;
      unfinished.clear();
      wakeAll();
    },
    wait(wake) {
      waiters.add(wake);
      return () => void waiters.delete(wake);
    },
    hold() {
      readers += 1;
      return () => void (readers -= 1);
    },
    idle: (nowMs) => readers === 0 && waiters.size === 0 && lastAtMs <= nowMs - limits.ageMs,
  };
}
