/**
 * Leaving without a crowd at the next door: clients that understand are told first and move by themselves; the rest is closed with
 * 1012 in random order, in batches, no faster than the survivors can take them in, and no later than the deadline. What a socket
 * follows flows on until it is closed. Knows no operations.
 */
import type { WebSocket } from 'ws';
import type { Clock } from '../foundation/clock.ts';

export interface DepartureDeps {
  /** The sockets now open. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Sends every client a ping with this payload. */
  readonly tell: (payload: Readonly<Record<string, unknown>>) => void;
  /** How many sockets the other instances take in per second: connecting, signing in and subscribing costs them. */
  readonly socketsPerS: number;
  readonly clock: Clock;
}

export interface Departure {
  /** Tells clients to move, and closes what has not moved as late as the time allows. May be called again; only the first counts. */
  announce(withinMs: number): void;
  /** Closes what is left now; resolves when all are gone, at the latest after `limitMs`, or at the end of the announced time. */
  close(limitMs: number): Promise<void>;
}

/** Even a single client needs this long to connect elsewhere before it leaves here. */
const MOVE_MS_MIN = 500;
const BATCH_MS = 50;
/** Sockets answer a close frame within a round trip; the others are gone already. */
const ANSWER_MS = 2_000;

export function createDeparture({ sockets, tell, socketsPerS, clock }: DepartureDeps): Departure {
  const over = new AbortController();
  let announced: { readonly movedMs: number; readonly deadlineMs: number } | null = null;
  let closing: Promise<void> | null = null;

  const nowMs = () => clock.now().getTime();
  const pause = (ms: number) => (ms > 0 ? clock.sleep(ms, over.signal).catch(() => undefined) : Promise.resolve());

  /** Closes all in random order until `deadlineMs`, at the rate the survivors take or faster if that is too late. */
  async function closeAll(deadlineMs: number): Promise<void> {
    const order = shuffled(sockets);
    const spreadMs = Math.min((order.length / socketsPerS) * 1_000, Math.max(0, deadlineMs - nowMs() - ANSWER_MS));
    const batch = Math.ceil(order.length / Math.max(1, Math.floor(spreadMs / BATCH_MS)));
    for (let from = 0; from < order.length; from += batch) {
      if (from > 0) await pause(BATCH_MS);
      for (const socket of order.slice(from, from + batch)) socket.close(1012, 'Going away for a restart');
    }
  }

  async function leave(limitMs: number): Promise<void> {
    const deadlineMs = Math.max(nowMs() + limitMs, announced?.deadlineMs ?? 0);
    const gone = allGone(sockets);
    if (announced) await Promise.race([gone, pause(announced.movedMs - nowMs())]);
    closing ??= closeAll(deadlineMs);
    await closing;
    const answer = new AbortController();
    await Promise.race([gone, clock.sleep(Math.min(ANSWER_MS, Math.max(0, deadlineMs - nowMs())), answer.signal).catch(() => undefined)]);
    answer.abort();
    over.abort();
    for (const socket of sockets) socket.terminate();
    await allGone(sockets);
  }

  return {
    announce(withinMs) {
      if (announced || withinMs <= 0) return;
      const neededMs = (sockets.size / socketsPerS) * 1_000;
      const moveMs = Math.round(Math.min(withinMs / 2, Math.max(MOVE_MS_MIN, neededMs)));
      const deadlineMs = nowMs() + withinMs;
      announced = { movedMs: nowMs() + moveMs, deadlineMs };
      tell({ goaway: { withinMs: moveMs, jitter: true } });
      // Answers in the making are heard to their end if there is time: closing begins when it must, or when close() says so.
      void pause(Math.max(moveMs, withinMs - neededMs - 2 * ANSWER_MS)).then(() => {
        if (!over.signal.aborted) closing ??= closeAll(deadlineMs);
      });
    },
    close: leave,
  };
}

function allGone(sockets: Iterable<WebSocket>): Promise<unknown> {
  return Promise.all(Array.from(sockets, (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
}

function shuffled<T>(items: Iterable<T>): T[] {
  return Array.from(items, (item) => ({ item, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
