/**
 * The contract of the positioned event log. Live, resume, second tab and late join are all `follow`. Implementations:
 * memory-event-log.ts (this process), redis-event-log.ts (many). test/contract/event-log.ts is the suite each must pass.
 */
import type { ParleyEvent } from './event.ts';
import type { Position } from './position.ts';

export const CHANNEL_KINDS = ['conversation', 'run', 'escalations'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** `conversation:<id>`, `run:<id>`, `escalations:<scope>`. */
export type Channel = `${ChannelKind}:${string}`;

/** Why continuity could not be proved: another epoch, history gone, a position from the future, a reader too slow, a rule. */
export const RESET_REASONS = ['EPOCH', 'TRIMMED', 'AHEAD', 'SLOW', 'POLICY'] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

export const READY_STATUSES = ['LIVE', 'RECOVERED', 'RESET'] as const;
export type ReadyStatus = (typeof READY_STATUSES)[number];

export type Entry =
  /** The first entry of every follow: the acknowledgement. `replayed` counts the events that come before live ones. */
  | {
      readonly kind: 'ready';
      readonly status: ReadyStatus;
      readonly position: Position;
      readonly sequence: number;
      readonly epoch: string;
      readonly replayed: number;
    }
  /** What follows does not continue what the reader had: refetch, then go on from `position`. */
  | { readonly kind: 'reset'; readonly reason: ResetReason; readonly position: Position; readonly sequence: number; readonly epoch: string }
  | { readonly kind: 'event'; readonly position: Position; readonly sequence: number; readonly event: ParleyEvent; readonly replay: boolean };

/**
 * Items that can also be had without a promise each: live items are there when their reader is woken, and a promise or two per item
 * and layer would cost more than the item. Whoever does not know it uses the iterator.
 */
export interface Polled<T> extends AsyncIterableIterator<T> {
  /**
   * The next item, if it is there. Null when none is there now: `wake` is called once when that may have changed; always hand in
   * the same function. Undefined when only `next()` can tell, which must not be under way.
   */
  poll(wake: () => void): T | null | undefined;
}

/** What a follower without `after` gets first: snapshots of unfinished messages, the whole history, or only what is new. */
export type StartAt = 'snapshot' | 'history' | 'live';

export interface FollowOptions {
  /** Replay what came after this position. Garbage is `BAD_INPUT`. */
  readonly after?: Position;
  readonly startAt: StartAt;
  readonly signal: AbortSignal;
}

export interface ChannelHead {
  readonly epoch: string;
  readonly top: Position;
  /** Just before the first event of the oldest unfinished message that customers may read, else the top: read this, then the rows, then follow after it, and every token comes once. */
  readonly resume: Position;
}

/**
 * Keeps out who was replaced: once a token was used for this key of this channel, lower ones are refused. For a run, its id and its
 * attempt; for what agents say in a conversation, the version of who answers there. Remembered for two hours after its first use:
 * longer than any run may take.
 */
export interface Fence {
  readonly key: string;
  readonly token: number;
}

export interface AppendOptions {
  readonly idempotencyKey?: string;
  /** All of them have to be passed, or none is. */
  readonly fence?: Fence | readonly Fence[];
}

export interface EventLog {
  /**
   * Appends and announces as one step: whoever hears of an event can also replay it. Order holds per channel. The same
   * `idempotencyKey` within five minutes appends nothing and answers the first position.
   * @throws AppError UNAVAILABLE when this process may not or cannot write (see `assertAvailable`): whether it was written is then
   * not known, so repeat it with an `idempotencyKey` or not at all. FencedOut (CONFLICT) when a higher token has passed one of the fences.
   */
  append(channel: Channel, events: readonly ParleyEvent[], options?: AppendOptions): Promise<Position>;
  /**
   * Replays what came after `after`, then follows live: no gap, no double, never a partial replay. If continuity cannot be
   * proved, a `reset` entry says so and nothing is guessed. Adjacent text deltas of one message may arrive merged. Ends when
   * `signal` aborts or the iterator is returned; a reader that stops reading costs nobody anything.
   */
  follow(channel: Channel, options: FollowOptions): Polled<Entry>;
  /**
   * Forgets everything said in a channel: its history is gone everywhere, and every reader is told to reset (EPOCH).
   * @throws AppError UNAVAILABLE when this process cannot write.
   */
  forget(channel: Channel): Promise<void>;
  /** Where to start reading a channel. A channel nobody wrote to has a head too. */
  head(channel: Channel): Promise<ChannelHead>;
  /** The end of a channel, and nothing more: what `head` also tells may cost reading all there is. */
  top(channel: Channel): Promise<Position>;
  /** Throws UNAVAILABLE, naming what is missing, when this process may not follow or write events. */
  assertAvailable(): void;
  /** Throws when the log does not work. For health probes. */
  probe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Whether this process may follow and write events: what works in the background asks instead of failing. */
export function isAvailable(log: Pick<EventLog, 'assertAvailable'>): boolean {
  try {
    log.assertAvailable();
    return true;
  } catch {
    return false;
  }
}
