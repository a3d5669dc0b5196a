/**
 * One WebSocket and what hangs on it: its operations with their abort signals, its pings, its bounds. It delivers messages to
 * graphql-ws in an order that lets a client reuse an id the moment it completed it. Knows no GraphQL and no credentials.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { CloseCode } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import type { Logger } from '../foundation/logger.ts';
import type { Viewer } from '../store/viewer.ts';

import type { Origin } from './client-address.ts';
import { frameStart, type NextFrames } from './frame.ts';
import type { StandingControl } from './standing.ts';

/** What graphql-ws asks of a transport. */
export interface Transport {
  readonly protocol: string;
  send(text: string): Promise<void>;
  close(code?: number, reason?: string): void;
  onMessage(deliver: (text: string) => Promise<void>): void;
  /** A ping of the client; answers it. */
  onPing(payload: unknown): Promise<void>;
}

/** Where the items of one subscription go, past graphql-ws: the frames of many sockets differ only in their id. */
export interface Outlet {
  /** Writes a `next` frame without waiting. */
  write(frames: NextFrames): void;
  /** Bytes the socket has not taken yet. */
  owed(): number;
  /** Bytes it has taken since it was opened: while it owes some, this grows or nobody reads. */
  taken(): number;
  close(code: number, reason: string): void;
}

export interface Session {
  /** Null until connection_init named somebody. */
  viewer: Viewer | null;
  /** Null while there is no credential that could be taken back. */
  standing: StandingControl | null;
  readonly origin: Origin;
  /** Aborts when the socket has closed. */
  readonly signal: AbortSignal;
  /** Operations now running: subscriptions, or the others. */
  count(subscription: boolean): number;
  /** Registers an operation; the signal aborts when it has ended: finished, completed by the client, or the socket is gone. */
  start(id: string, subscription: boolean): AbortSignal;
  /** For the operation with this id. */
  outlet(id: string): Outlet;
  /** A protocol-legal ping with this payload: whoever does not know it answers and goes on. */
  ping(payload: Readonly<Record<string, unknown>>): void;
  /** What a client's ping is answered with: by default its own payload. */
  answerPing: (payload: unknown) => Promise<unknown>;
  close(code: number, reason: string): void;
  onClose(then: () => void): void;
  /** Takes over background work that ends with the socket and does not throw. */
  own(work: Promise<void>): void;
}

/** Bytes a socket may owe before what it follows comes at its own pace. */
export const OWED_BYTES_MAX = 64 * 1_024;
/** Both directions must show life within this time; shorter than the idle time of the proxies people put in front. */
const PING_MS = 12_000;
/** A client that reads nothing while we owe it this much is cut off. */
const BUFFERED_BYTES_MAX = 8 * 1_024 * 1_024;
/** A reader that is cut off for being slow may still take its close frame within this time. */
const CLOSE_GRACE_MS = 1_000;
/** Messages kept for an id that is still being torn down. */
const HELD_MAX = 8;

interface Operation {
  readonly subscription: boolean;
  readonly controller: AbortController;
}

/** @param open Hands the transport to the protocol; what it answers is called once the socket has closed. */
export function connect(
  socket: WebSocket,
  request: IncomingMessage,
  { log, origin }: { readonly log: Logger; readonly origin: Origin },
  open: (transport: Transport, session: Session) => (code: number, reason: string) => Promise<void>,
): void {
  const operations = new Map<string, Operation>();
  /** Completed by the client before they had started. */
  const left = new Set<string>();
  const gone = new AbortController();
  const closers: (() => void)[] = [];
  let viewer: Viewer | null = null;

  const session: Session = {
    get viewer() {
      return viewer;
    },
    set viewer(known) {
      viewer = known;
    },
    standing: null,
    origin,
    signal: gone.signal,
    count: (subscription) => [...operations.values()].filter((operation) => operation.subscription === subscription).length,
    start(id, subscription) {
      const operation = { subscription, controller: new AbortController() };
      operations.set(id, operation);
      if (gone.signal.aborted || left.has(id)) operation.controller.abort();
      return operation.controller.signal;
    },
    outlet: (id) => createOutlet(socket, request.socket, id),
    ping: (payload) => void send(socket, JSON.stringify({ type: 'ping', payload })),
    answerPing: async (payload) => payload,
    close: (code, reason) => socket.close(code, reason),
    onClose: (then) => (gone.signal.aborted ? then() : void closers.push(then)),
    own: (work) => void work.catch((error: unknown) => log.error({ err: error }, 'work of a socket failed')),
  };

  const deliverInOrder = inOrder({
    abandon(id) {
      left.add(id);
      operations.get(id)?.controller.abort();
    },
    finished(id) {
      left.delete(id);
      // What it held is held no more, however it ended.
      operations.get(id)?.controller.abort();
      operations.delete(id);
    },
    overflow: () => socket.close(CloseCode.BadRequest, 'Too many messages for a completed id'),
    unexpected: () => socket.close(CloseCode.BadRequest, 'Invalid message received'),
  });

  const transport: Transport = {
    protocol: socket.protocol,
    send: (text) => send(socket, text),
    close: (code, reason) => socket.close(code, reason),
    onPing: async (payload) => send(socket, JSON.stringify({ type: 'pong', payload: await session.answerPing(payload) })),
    onMessage(deliver) {
      const guarded = (text: string) =>
        deliver(text).catch((error: unknown) => {
          log.error({ err: error }, 'message handling failed');
          socket.close(CloseCode.InternalServerError, 'Internal server error');
        });
      socket.on('message', (data: RawData, binary: boolean) => {
        if (socket.readyState !== socket.OPEN) return;
        // ws hands over a Buffer unless another binaryType was asked for.
        if (binary || !Buffer.isBuffer(data)) socket.close(CloseCode.BadRequest, 'Invalid message received');
        else deliverInOrder(data.toString(), guarded);
      });
    },
  };

  // ws closes by itself on a frame that is too long or malformed; without a listener the error would end the process.
  socket.on('error', (error) => log.debug({ err: error }, 'socket failed'));
  const stopPings = keepAlive(socket, request.socket);
  const closed = open(transport, session);
  socket.once('close', (code, reason) => {
    stopPings();
    gone.abort();
    for (const operation of operations.values()) operation.controller.abort();
    for (const then of closers) then();
    session.own(closed(code, String(reason)));
  });
}

/**
 * Frames go to the TCP socket in one piece, past the sender of ws, which would allocate and write each in two. Both write whole frames
 * and neither keeps any back (nothing is compressed), so their order is the order of the calls.
 */
function createOutlet(socket: WebSocket, tcp: Socket, id: string): Outlet {
  const start = frameStart(id);
  return {
    write(frames) {
      if (socket.readyState === socket.OPEN) tcp.write(frames.frameFor(start));
    },
    owed: () => tcp.writableLength,
    taken: () => taken(tcp),
    close: (code, reason) => closeSlow(socket, code, reason),
  };
}

function taken(tcp: Socket): number {
  return tcp.bytesWritten - tcp.writableLength;
}

function closeSlow(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  // The close frame would queue behind what is not read; what can still leave may leave for a moment.
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}

function send(socket: WebSocket, text: string): Promise<void> {
  // A stream that always has a next item would ask for it at once, without end, and the close would never be heard of.
  if (socket.readyState !== socket.OPEN) return setImmediate();
  if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
    socket.close(4410, 'Too slow');
    // The close frame would queue behind what is not read.
    socket.terminate();
    return Promise.resolve();
  }
  // Resolves when the frame has left: a stream asks its source for the next item only then. A failed write means the socket is closing.
  return new Promise((resolve) => socket.send(text, () => resolve()));
}

function keepAlive(socket: WebSocket, tcp: Socket): () => void {
  let alive = true;
  let owed = 0;
  let takenBefore = 0;
  const heard = () => {
    alive = true;
  };
  socket.on('pong', heard).on('message', heard);
  const timer = setInterval(() => {
    const now = taken(tcp);
    // While we owe something the ping waits behind it, and what the client takes is its sign of life.
    const reads = owed > 0 && now > takenBefore;
    takenBefore = now;
    owed = tcp.writableLength;
    if (!alive && !reads) return owed > OWED_BYTES_MAX ? closeSlow(socket, 4410, 'Too slow') : socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}

interface OrderDeps {
  /** The client completed this operation. */
  abandon(id: string): void;
  /** This operation has ended in every way. */
  finished(id: string): void;
  overflow(): void;
  /** A message that only servers send. */
  unexpected(): void;
}

/**
 * graphql-ws forgets an id at once on `complete`, but tears its operation down later, and the teardown of the old would take a new
 * operation of the same id with it. So messages for such an id wait until the old one is gone.
 */
function inOrder({ abandon, finished, overflow, unexpected }: OrderDeps): (text: string, deliver: (text: string) => Promise<void>) => void {
  const running = new Map<string, Promise<void>>();
  const leaving = new Set<string>();
  const held = new Map<string, string[]>();

  return function receive(text, deliver) {
    const { type, id } = peek(text);
    // graphql-ws throws for these as for a fault of its own.
    if (type === 'connection_ack' || type === 'next' || type === 'error') return unexpected();
    if (id === null) return void deliver(text);
    const waiting = held.get(id);
    if (waiting) return waiting.length < HELD_MAX ? void waiting.push(text) : overflow();
    if (type === 'subscribe' && leaving.has(id)) return void held.set(id, [text]);
    if (type === 'complete' && running.has(id)) {
      leaving.add(id);
      abandon(id);
    }
    if (type !== 'subscribe' || running.has(id)) return void deliver(text);
    running.set(
      id,
      deliver(text).then(() => {
        running.delete(id);
        leaving.delete(id);
        finished(id);
        const messages = held.get(id) ?? [];
        held.delete(id);
        for (const message of messages) receive(message, deliver);
      }),
    );
  };
}

function peek(text: string): { readonly type: unknown; readonly id: string | null } {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null) return { type: null, id: null };
    const type = 'type' in message ? message.type : null;
    return { type, id: 'id' in message && typeof message.id === 'string' ? message.id : null };
  } catch {
    // Not ours to judge: graphql-ws closes the socket with the protocol's code.
    return { type: null, id: null };
  }
}
