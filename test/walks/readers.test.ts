/**
 * One conversation and many readers on real sockets: 500 who keep up, one who takes a kilobyte a second, and one who stops. The many
 * get every token once; the slow one ends with the right text; what a reader does not take is not kept for it.
 */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { isTerminal, openApp, textOf, type App, type StreamItem } from '../support/app.ts';

const READERS = 500;
const WORDS = 300;
/** Each piece of text, so that what a reader who stops does not take is far more than the system keeps for it. */
const WORD = `${'x'.repeat(1_990)} word `;
/** Selected by the toxic readers, under as many names: 40 KB per piece. */
const NAMES = Array.from({ length: 20 }, (_, name) => `copy${name}: text`).join(' ');
const LEAN = '__typename position sequence replay ... on TextDelta { offset text } ... on TextSnapshot { text }';
const HEAVY = `__typename position sequence replay ... on TextDelta { offset text ${NAMES} } ... on TextSnapshot { text } ... on MessageFinished { message { id } }`;

let app: App;
beforeAll(async () => {
  app = await openApp({ SOCKETS_PER_VIEWER: '1000', OPERATION_ALIASES_MAX: '100', ANSWER_TOKENS_MAX: '32000' });
});
afterAll(() => app.close());

const follow = (selection: string, id: string) =>
  JSON.stringify({
    id: 'op',
    type: 'subscribe',
    payload: { query: `subscription Follow($id: ID!) { item: conversationEvents(id: $id) { ${selection} } }`, variables: { id } },
  });

interface Keeper {
  readonly sequences: number[];
  /** Of the text it was told, each piece right behind the one before. */
  characters: number;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  close(): void;
}

/** A reader that keeps up. */
function keepUp(token: string, conversationId: string): Keeper {
  const socket = new WebSocket(`${app.parley.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const keeper: Keeper = { sequences: [], characters: 0, started: started.promise, ended: ended.promise, close: () => socket.terminate() };
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: token } })));
  socket.on('error', ended.reject);
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { readonly type: string; readonly payload?: { readonly data: { readonly item: StreamItem } } };
    if (message.type === 'connection_ack') socket.send(follow(LEAN, conversationId));
    if (message.type !== 'next' || !message.payload) return;
    const { item } = message.payload.data;
    keeper.sequences.push(item.sequence);
    if (item.__typename === 'TextDelta') {
      if (item.offset !== keeper.characters) ended.reject(new Error(`offset ${item.offset} after ${keeper.characters} characters`));
      keeper.characters += item.text?.length ?? 0;
    }
    started.resolve();
    if (isTerminal(item)) ended.resolve();
  });
  return keeper;
}

/** The same protocol on a bare TCP socket, which can be read as slowly as one likes. */
function toxic(token: string, conversationId: string) {
  const { hostname, port } = new URL(app.parley.url);
  const socket: Socket = connect(Number(port), hostname);
  let bytes = Buffer.alloc(0);
  let shaken = false;
  const items: StreamItem[] = [];
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  socket.on('error', () => undefined);
  socket.on('close', () => ended.reject(new Error('closed')));
  ended.promise.catch(() => undefined);
  socket.on('connect', () =>
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    ),
  );

  function send(opcode: number, payload: Buffer): void {
    const length = payload.length < 126 ? Buffer.from([0x80 | payload.length]) : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
    // Clients mask; with zeros the payload stays as it is.
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode]), length, Buffer.alloc(4), payload]));
  }

  function frame(opcode: number, payload: Buffer): void {
    if (opcode === 9) return send(10, payload);
    if (opcode !== 1) return;
    const message = JSON.parse(payload.toString()) as { readonly type: string; readonly payload?: { readonly data?: { readonly item: StreamItem } } };
    if (message.type === 'connection_ack') send(1, Buffer.from(follow(HEAVY, conversationId)));
    const item = message.payload?.data?.item;
    if (message.type !== 'next' || !item) return;
    items.push(item);
    started.resolve();
    if (isTerminal(item)) ended.resolve();
  }

  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!shaken) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      shaken = true;
      bytes = bytes.subarray(end + 4);
      send(1, Buffer.from(JSON.stringify({ type: 'connection_init', payload: { authorization: token } })));
    }
    for (;;) {
      const short = (bytes[1] ?? 0) & 0x7f;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < header) return;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < header + length) return;
      frame((bytes[0] ?? 0) & 0x0f, bytes.subarray(header, header + length));
      bytes = bytes.subarray(header + length);
    }
  });
  return { items, socket, started: started.promise, ended: ended.promise };
}

it('500 readers get every token once beside one that is slow and one that stopped', { timeout: 60_000 }, async () => {
  const me = await app.customer();
  const token = await app.token({ kind: 'customer', customerId: me.customerId });
  const begin = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let told = 0;
  app.model.script({
    text: Array.from({ length: WORDS }, () => WORD),
    gate: async (word) => {
      if (word === 0) await begin.promise;
      if (word === WORDS - 1) await held.promise;
      told = word;
    },
  });
  const { conversationId } = await me.ask('Tell me everything.');
  const readers = Array.from({ length: READERS }, () => keepUp(token, conversationId));
  const slow = toxic(token, conversationId);
  const stopped = toxic(token, conversationId);
  await Promise.all([...readers, slow, stopped].map((reader) => reader.started));
  stopped.socket.pause();
  slow.socket.pause();
  // A kilobyte now and then: what the system has beyond that stays there.
  const sips = setInterval(() => void slow.socket.read(1_024), 1_000);
  const before = process.memoryUsage().rss;
  begin.resolve();
  await expect.poll(() => told, { timeout: 30_000, interval: 20 }).toBe(WORDS - 2);
  held.resolve();
  await Promise.all(readers.map((reader) => reader.ended));

  for (const { sequences, characters } of readers) {
    const [, ...live] = sequences;
    expect(live).toEqual([...new Set(live)].toSorted((a, b) => a - b));
    expect(characters).toBe(WORD.length * WORDS);
  }
  // The two would have been sent 12 MB each; 502 sockets and the test's own readers need room too.
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1_024 * 1_024);

  clearInterval(sips);
  slow.socket.resume();
  await slow.ended;
  expect(textOf(slow.items)).toBe(WORD.repeat(WORDS));
  expect(slow.items.filter(({ __typename }) => __typename === 'TextDelta').length).toBeLessThan(WORDS);
  expect(stopped.items.some(isTerminal)).toBe(false);
  stopped.socket.destroy();
  slow.socket.destroy();
  for (const reader of readers) reader.close();
});
