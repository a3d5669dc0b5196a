/**
 * Subscriptions over one WebSocket at a time. A line is a graphql-ws client, which reconnects by itself; when the server says that it
 * is going away, a new line is opened, everything followed is begun there too, and only what has arrived is left on the old one. So a
 * follower may hear an item twice, never miss one. Answers the server's wish for a fresh token. Knows no conversations.
 */
import { createClient, type Client } from 'graphql-ws';
import { isRecord } from './error.ts';
import { jitter, type Pauses } from './retry.ts';

/** What is sent when a subscription begins. `variables` is read again at each reconnect: keep `after` in it current. */
export interface Payload {
  readonly query: string;
  /** Instead of a query, which is empty then. */
  readonly documentId?: string;
  readonly variables: Record<string, unknown>;
}

export interface Sink {
  next(result: { readonly data?: unknown; readonly errors?: readonly unknown[] | undefined }): void;
  /** It was refused (a list of errors), its socket was closed for good, or, with null, the server completed it. */
  end(cause: unknown): void;
}

export interface LinesDeps {
  readonly url: () => string | Promise<string>;
  readonly token: () => string | Promise<string>;
  /** Undefined: the one of the platform. */
  readonly webSocketImpl: unknown;
  readonly pauses: Pauses;
  /** The socket in use was lost; it comes back by itself. */
  readonly onLost: () => void;
}

export interface Lines {
  /** Follows until the returned function is called or the sink is told the end. */
  follow(payload: Payload, sink: Sink): () => void;
  close(): void;
}

interface Line {
  readonly client: Client;
  retired: boolean;
  /** Attachments that still need it. */
  users: number;
}

interface Attachment {
  readonly line: Line;
  leave: () => void;
}

interface Follower {
  readonly payload: Payload;
  readonly sink: Sink;
  /** Whose items count. */
  current: Attachment | null;
  /** Begun on a newer line; takes over with its first item. */
  coming: Attachment | null;
}

/** Between one subscription and the next the socket stays. */
const LINGER_MS = 3_000;
const PING_MS = 12_000;
const PONG_MS = 6_000;
const ACK_MS = 10_000;
/** The part of the time the server gives that the move may wait at random; the rest is for the move itself. */
const MOVE_WITHIN = 0.5;

export function createLines(deps: LinesDeps): Lines {
  const followers = new Set<Follower>();
  let closed = false;
  let current = open();

  function open(): Line {
    const line: Line = {
      client: createLineClient({ ...deps, isRetired: () => closed || line.retired, onLeaving: (ms) => void leaveLine(line, ms) }),
      retired: false,
      users: 0,
    };
    line.client.on('closed', () => line === current && deps.onLost());
    return line;
  }

  async function leaveLine(line: Line, withinMs: number): Promise<void> {
    await deps.pauses.wait(Math.random() * withinMs * MOVE_WITHIN);
    if (closed || line !== current) return;
    current = open();
    line.retired = true;
    for (const follower of followers) begin(follower);
    releaseIfUnused(line);
  }

  function begin(follower: Follower): void {
    const attachment: Attachment = { line: current, leave: () => undefined };
    drop(follower.coming);
    follower.coming = attachment;
    attachment.line.users += 1;
    const leave = attachment.line.client.subscribe(follower.payload, {
      next(result) {
        if (follower.coming === attachment) {
          const old = follower.current;
          follower.current = attachment;
          follower.coming = null;
          drop(old);
        }
        if (follower.current === attachment) follower.sink.next(result);
      },
      error: (cause) => ended(follower, attachment, cause),
      complete: () => ended(follower, attachment, null),
    });
    let left = false;
    attachment.leave = () => {
      if (left) return;
      left = true;
      attachment.line.users -= 1;
      leave();
      releaseIfUnused(attachment.line);
    };
  }

  function ended(follower: Follower, attachment: Attachment, cause: unknown): void {
    if (follower.coming === attachment) follower.coming = null;
    else if (follower.current === attachment) follower.current = null;
    else return;
    attachment.leave();
    // The other one, if there is one, goes on.
    if (follower.current || follower.coming || !followers.delete(follower)) return;
    follower.sink.end(cause);
  }

  function releaseIfUnused(line: Line): void {
    if (line.retired && line.users === 0) dispose(line);
  }

  return {
    follow(payload, sink) {
      const follower: Follower = { payload, sink, current: null, coming: null };
      followers.add(follower);
      begin(follower);
      return () => {
        followers.delete(follower);
        const { current: now, coming } = follower;
        follower.current = null;
        follower.coming = null;
        drop(now);
        drop(coming);
      };
    },
    close() {
      closed = true;
      followers.clear();
      dispose(current);
    },
  };
}

function drop(attachment: Attachment | null): void {
  attachment?.leave();
}

function dispose({ client }: Line): void {
  // It waits for a connection that is being made, which may fail: then there is nothing to close.
  Promise.resolve(client.dispose()).catch(() => undefined);
}

interface LineDeps extends LinesDeps {
  /** True when the line must not come back after a close. */
  readonly isRetired: () => boolean;
  /** The server is going away within that many milliseconds. */
  readonly onLeaving: (withinMs: number) => void;
}

function createLineClient(deps: LineDeps): Client {
  let socket: unknown = null;
  let watchdog: ReturnType<typeof setTimeout> | undefined;

  function onPing(payload: unknown): void {
    if (!isRecord(payload)) return;
    const { goaway, reauth } = payload;
    if (isRecord(goaway)) deps.onLeaving(typeof goaway['withinMs'] === 'number' ? Math.max(0, goaway['withinMs']) : 0);
    // A token that cannot be had now is asked for again when the server has closed the socket.
    if (reauth) sendToken(socket).catch(() => undefined);
  }

  async function sendToken(asking: unknown): Promise<void> {
    const auth = await deps.token();
    if (asking === socket && isOpenSocket(asking)) asking.send(JSON.stringify({ type: 'ping', payload: { auth } }));
  }

  const client = createClient({
    url: async () => (await deps.url()).replace(/^http/, 'ws'),
    ...(deps.webSocketImpl === undefined ? {} : { webSocketImpl: deps.webSocketImpl }),
    // Asked at each connection, so that a token that expired in between does no harm.
    connectionParams: async () => ({ authorization: `Bearer ${await deps.token()}` }),
    retryAttempts: Infinity,
    shouldRetry: () => !deps.isRetired(),
    retryWait: (retries) => deps.pauses.wait(jitter(retries)),
    lazyCloseTimeout: LINGER_MS,
    connectionAckWaitTimeout: ACK_MS,
    keepAlive: PING_MS,
    on: {
      connected: (opened) => {
        socket = opened;
      },
      // A connection that lost its network says nothing for minutes; silence after a ping is the sign.
      ping: (received, payload) => {
        if (received) return onPing(payload);
        clearTimeout(watchdog);
        watchdog = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(watchdog);
      },
      closed: () => {
        socket = null;
        clearTimeout(watchdog);
      },
    },
  });
  return client;
}

function isOpenSocket(value: unknown): value is { send(text: string): void } {
  return isRecord(value) && value['readyState'] === 1 && typeof value['send'] === 'function';
}
