/** What the client does when the server speaks to it: a wish for a fresh token, a goodbye, a refusal. A small graphql-ws server says it on cue. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { createPauses, jitter } from '../../src/client/retry.ts';
import { createLines, type Lines } from '../../src/client/socket.ts';
import { createWire, type Wire } from './wire.ts';

interface Server {
  readonly url: string;
  /** Pings of clients with a payload, in order. */
  readonly heard: unknown[];
  readonly credentials: unknown[];
  /** Where subscriptions began, in order. */
  readonly begun: unknown[];
  /** Every subscriber gets this number. */
  tell(sequence: number): void;
  ping(payload: object): void;
  /** The next connections are closed with this code instead of being acknowledged. */
  refuse(code: number): void;
  /** Closes every socket because its token is too old. */
  expire(): void;
  close(): Promise<void>;
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function startServer(): Promise<Server> {
  const heard: unknown[] = [];
  const credentials: unknown[] = [];
  const begun: unknown[] = [];
  const told: number[] = [];
  const wakes = new Set<() => void>();
  let refused: number | null = null;

  async function* follow(after: number): AsyncGenerator<{ item: number }> {
    for (let next = after; ;) {
      const number = told.find((each) => each > next);
      if (number === undefined) {
        const woken = new Promise<void>((resolve) => wakes.add(resolve));
        yield { item: -1 };
        await woken;
      } else {
        next = number;
        yield { item: number };
      }
    }
  }

  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { list: { type: new GraphQLList(GraphQLString) } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        item: {
          type: new GraphQLNonNull(GraphQLInt),
          args: { after: { type: GraphQLInt } },
          subscribe: (_root, { after }: { after?: number }) => {
            begun.push(after);
            return follow(after ?? 0);
          },
        },
      },
    }),
  });
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  wss.on('connection', (socket: WebSocket) =>
    socket.on('message', (data: Buffer) => {
      const message: unknown = JSON.parse(data.toString());
      if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'ping' && 'payload' in message) heard.push(message.payload);
    }),
  );
  useServer(
    {
      schema,
      onConnect: ({ connectionParams, extra }) => {
        credentials.push(connectionParams?.['authorization']);
        if (refused === null) return true;
        extra.socket.close(refused, 'refused');
        return undefined;
      },
    },
    wss,
  );
  await once(wss, 'listening');
  const { port } = wss.address() as AddressInfo;
  const server: Server = {
    url: `http://127.0.0.1:${port}/graphql`,
    heard,
    credentials,
    begun,
    tell(sequence) {
      told.push(sequence);
      for (const wake of wakes) wake();
      wakes.clear();
    },
    ping(payload) {
      for (const socket of wss.clients) socket.send(JSON.stringify({ type: 'ping', payload }));
    },
    expire() {
      for (const socket of wss.clients) socket.close(CloseCode.Forbidden, 'Token expired');
    },
    refuse: (code) => void (refused = code),
    close: async () => {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await once(wss, 'close');
    },
  };
  closers.push(server.close);
  return server;
}

interface Reader {
  readonly lines: Lines;
  readonly wire: Wire;
  /** Everything heard, in order; numbers that came twice are here twice. */
  readonly seen: number[];
  readonly ended: Promise<unknown>;
  leave(): void;
  /** Resolves once this was heard. */
  heard(sequence: number): Promise<void>;
}

function read(server: Server, token: () => string | Promise<string> = () => 'first'): Reader {
  const wire = createWire();
  const pauses = createPauses();
  const lines = createLines({ url: () => server.url, token, webSocketImpl: wire.WebSocket, pauses, onLost: () => pauses.wake() });
  const seen: number[] = [];
  const waiting = new Map<number, () => void>();
  const variables: Record<string, unknown> = { after: 0 };
  let tellEnd: (cause: unknown) => void = () => undefined;
  const ended = new Promise((resolve) => (tellEnd = resolve));
  const leave = lines.follow(
    { query: 'subscription ($after: Int) { item(after: $after) }', variables },
    {
      next({ data }) {
        const { item } = data as { item: number };
        if (item < 0) return;
        seen.push(item);
        variables['after'] = Math.max(Number(variables['after']), item);
        waiting.get(item)?.();
      },
      end: tellEnd,
    },
  );
  closers.push(() => {
    lines.close();
    pauses.wake();
  });
  return {
    lines,
    wire,
    seen,
    ended,
    leave,
    heard: (sequence) => (seen.includes(sequence) ? Promise.resolve() : new Promise((resolve) => waiting.set(sequence, resolve))),
  };
}

describe('a line', () => {
  it('answers the wish for a fresh token on the same socket', async () => {
    const server = await startServer();
    const tokens = ['first', 'second'];
    const reader = read(server, async () => tokens.shift() ?? 'none');
    server.tell(1);
    await reader.heard(1);
    expect(server.credentials).toEqual(['Bearer first']);
    server.ping({ reauth: { deadlineMs: 30_000 } });
    // The pong and the ping with the token come before what is said next is heard.
    server.tell(2);
    await reader.heard(2);
    while (server.heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.heard).toEqual([{ auth: 'second' }]);
    expect(reader.wire.sockets).toHaveLength(1);
  });

  it('lives on when no token can be had for such a wish', async () => {
    const server = await startServer();
    let asked = 0;
    const reader = read(server, () => {
      asked += 1;
      return asked === 1 ? 'first' : Promise.reject(new Error('nobody home'));
    });
    server.tell(1);
    await reader.heard(1);
    server.ping({ reauth: { deadlineMs: 30_000 } });
    while (asked < 2) await new Promise((resolve) => setImmediate(resolve));
    server.tell(2);
    await reader.heard(2);
    expect(server.heard).toEqual([]);
    expect(reader.wire.sockets).toHaveLength(1);
  });

  it('is replaced before it is left when the server says goodbye, from where the reader is', async () => {
    const server = await startServer();
    const reader = read(server);
    server.tell(1);
    server.tell(2);
    await reader.heard(2);
    const old = reader.wire.open[0];
    const gone = new Promise((resolve) => old?.once('close', (code) => resolve(code)));
    server.ping({ goaway: { withinMs: 5 } });
    // Said twice, meant once.
    server.ping({ goaway: { withinMs: 5 } });
    expect(await gone).toBe(1000);
    server.tell(3);
    await reader.heard(3);
    expect(reader.seen).toEqual([1, 2, 3]);
    expect(server.begun).toEqual([0, 2]);
    expect(reader.wire.openMost).toBe(2);
    expect(reader.wire.open).toHaveLength(1);
  });

  it('goes on when the old one is cut in the middle of the move', async () => {
    const server = await startServer();
    const reader = read(server);
    server.tell(1);
    await reader.heard(1);
    const [old] = reader.wire.open;
    reader.wire.say(old, { type: 'ping', payload: { goaway: { withinMs: 0 } } });
    while (reader.wire.sockets.length < 2) await new Promise((resolve) => setImmediate(resolve));
    old?.terminate();
    server.tell(2);
    await reader.heard(2);
    expect(reader.seen).toEqual([1, 2]);
    expect(reader.wire.sockets).toHaveLength(2);
  });

  it('tells its follower when a token is refused for good', async () => {
    const server = await startServer();
    server.refuse(CloseCode.Unauthorized);
    expect(await read(server).ended).toMatchObject({ code: 4401 });
  });

  it('comes back by itself with a fresh token when the old one has expired', async () => {
    const server = await startServer();
    const tokens = ['first', 'second'];
    const reader = read(server, async () => tokens.shift() ?? 'none');
    server.tell(1);
    await reader.heard(1);
    const [socket] = reader.wire.open;
    const gone = new Promise((resolve) => socket?.once('close', resolve));
    server.expire();
    await gone;
    server.tell(2);
    await reader.heard(2);
    expect(server.credentials).toEqual(['Bearer first', 'Bearer second']);
    expect(reader.seen).toEqual([1, 2]);
  });
});

describe('waiting', () => {
  it('is random from nothing on, within a second at first and within thirty for ever', () => {
    const first = Array.from({ length: 500 }, () => jitter(0));
    expect(Math.max(...first)).toBeLessThanOrEqual(1_000);
    expect(Math.min(...first)).toBeLessThan(100);
    expect(Math.max(...Array.from({ length: 500 }, () => jitter(1_000)))).toBeLessThanOrEqual(30_000);
    expect(Math.max(...Array.from({ length: 500 }, () => jitter(5)))).toBeGreaterThan(15_000);
  });

  it('ends when everybody is woken', async () => {
    const pauses = createPauses();
    const waits = Promise.all([pauses.wait(60_000), pauses.wait(60_000)]);
    pauses.wake();
    expect(await waits).toEqual([undefined, undefined]);
  });
});
