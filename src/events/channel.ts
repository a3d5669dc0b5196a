/**
 * One channel as this process holds it: a bounded window of its latest events, its top, the messages being written, and whoever
 * waits for more. Offsets are contiguous. Knows no Redis and no GraphQL; who may read is decided elsewhere.
 */
import type { ParleyEvent } from './event.ts';
import { trackUnfinished, type UnfinishedTexts } from './unfinished.ts';

export interface StoredEvent {
  readonly offset: number;
  readonly event: ParleyEvent;
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
  readonly epoch: string;
  /** Offset of the latest event; 0 when there was none. */
  top(): number;
  /** Offset of the oldest event still held; top + 1 when none is. */
  oldest(): number;
  /** The event at this offset; undefined when it is gone or not yet there. */
  at(offset: number): StoredEvent | undefined;
  /** Messages being written, in the order they began. */
  readonly unfinished: UnfinishedTexts;
  /** Appends and wakes every waiter once. */
  push(events: readonly { readonly event: ParleyEvent; readonly bytes: number }[], atMs: number): void;
  /** Calls back once, at the next push. Returns the way to stop waiting. */
  wait(wake: () => void): () => void;
  /** Drops what is too old, too many or too much. */
  trim(nowMs: number): void;
  /** Nobody waits and the last event is older than the age limit. */
  idle(nowMs: number): boolean;
}

export function createChannel(epoch: string, limits: ChannelLimits): ChannelState {
  // A plain array with a moving start: shifting 10,000 elements per append would cost more than the append.
  let held: StoredEvent[] = [];
  let start = 0;
  let bytes = 0;
  let top = 0;
  let lastAtMs = 0;
  let waiters = new Set<() => void>();
  const unfinished: UnfinishedTexts = new Map();

  const count = () => held.length - start;

  function dropOldest(): void {
    bytes -= held[start]?.bytes ?? 0;
    start += 1;
    if (start > 1_024 && start * 2 > held.length) {
      held = held.slice(start);
      start = 0;
    }
  }

  function trim(nowMs: number): void {
    while (count() > limits.eventsMax || (bytes > limits.bytesMax && count() > 1)) dropOldest();
    while (count() > 0 && (held[start]?.atMs ?? nowMs) <= nowMs - limits.ageMs) dropOldest();
  }

  return {
    epoch,
    unfinished,
    trim,
    top: () => top,
    oldest: () => top - count() + 1,
    at: (offset) => (offset > top - count() && offset <= top ? held[held.length - 1 - (top - offset)] : undefined),
    push(events, atMs) {
      for (const { event, bytes: size } of events) {
        top += 1;
        held.push({ offset: top, event, bytes: size, atMs });
        bytes += size;
        trackUnfinished(unfinished, event, top);
      }
      lastAtMs = atMs;
      trim(atMs);
      const woken = waiters;
      waiters = new Set();
      for (const wake of woken) wake();
    },
    wait(wake) {
      waiters.add(wake);
      return () => void waiters.delete(wake);
    },
    idle: (nowMs) => waiters.size === 0 && lastAtMs <= nowMs - limits.ageMs,
  };
}
