/**
 * The model's side: a lean server that speaks the streaming Messages API at a set rate. Every token carries its number and the
 * moment it was emitted; the first also when its request came in. Reads requests only as far as HTTP asks; nothing else is real.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { nowMs } from './clock.ts';
import { answer } from './remote.ts';

export interface Pace {
  readonly tokens: number;
  /** Per answer; null: as fast as the reader takes them. */
  readonly tokensPerS: number | null;
  /** From the request to the first token. */
  readonly firstTokenMs: number;
  /** Answers give their first token, so that what an answer's beginning costs is over, and the others after `go`. */
  readonly hold: boolean;
}

export interface UpstreamCommands {
  pace(input: Pace): void;
  /** How many answers are held. */
  held(input: null): number;
  /** Lets the held answers go, spread evenly over one interval between tokens. Returns the moment. */
  go(input: null): number;
  /** How many answers have begun and not ended. */
  streaming(input: null): number;
  /** Breaks off what is still streaming. */
  cut(input: null): void;
  listen(input: null): Promise<number>;
  [name: string]: (input: never) => unknown;
}

interface Stream {
  readonly socket: Socket;
  readonly pace: Pace;
  readonly arrivedMs: number;
  next: number;
  dueMs: number;
}

/** Tokens in one write when there is no rate: enough that this side is not the bottleneck. */
const FLAT_OUT_TOKENS = 16;
const REQUEST_BYTES_MAX = 4 * 1_024 * 1_024;
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';
const NO_SUCH_THING = '{"type":"error","error":{"type":"not_found_error","message":"No such thing."}}';
const NOT_FOUND = `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${NO_SUCH_THING.length}\r\n\r\n${NO_SUCH_THING}`;

let pace: Pace = { tokens: 10, tokensPerS: null, firstTokenMs: 0, hold: false };
const held: Stream[] = [];
/** Both stay in order of `dueMs`, because each adds a constant to the present. */
let starting: Stream[] = [];
let running: Stream[] = [];
const flatOut = new Set<Stream>();
const sockets = new Set<Socket>();

const server = createServer({ noDelay: true }, accept);

answer({
  pace: (input: Pace) => void (pace = input),
  held: () => held.length,
  go() {
    const now = nowMs();
    const released = held.splice(0);
    for (const [index, stream] of released.entries()) {
      if (stream.pace.tokensPerS === null) flow(stream);
      else running.push(Object.assign(stream, { dueMs: now + (index / released.length) * (1_000 / stream.pace.tokensPerS) }));
    }
    return now;
  },
  streaming: () => starting.length + running.length + flatOut.size,
  cut() {
    for (const socket of sockets) socket.destroy();
    held.length = 0;
    starting = [];
    running = [];
    flatOut.clear();
  },
  async listen() {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
    return (server.address() as AddressInfo).port;
  },
} satisfies UpstreamCommands);

// One timer for all: a timer for each answer would cost more than its tokens.
setInterval(() => {
  const now = nowMs();
  starting = emitDue(starting, now);
  running = emitDue(running, now);
}, 1);

function accept(socket: Socket): void {
  sockets.add(socket);
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (pending.length > REQUEST_BYTES_MAX) return void socket.destroy();
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = pending.toString('latin1', 0, end).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    if (pending.length < end + 4 + length) return;
    pending = Buffer.from(pending.subarray(end + 4 + length));
    if (head.startsWith('post /v1/messages')) begin(socket);
    else socket.write(NOT_FOUND);
  });
}

function begin(socket: Socket): void {
  const arrivedMs = nowMs();
  const start = {
    type: 'message_start',
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'bench',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 100, output_tokens: 1 },
    },
  };
  socket.write(HEAD + chunked(event(start) + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })));
  const stream: Stream = { socket, pace, arrivedMs, next: 0, dueMs: arrivedMs + pace.firstTokenMs };
  if (pace.hold) {
    socket.write(chunked(token(stream)), 'latin1');
    held.push(stream);
  } else if (pace.tokensPerS === null && pace.firstTokenMs === 0) flow(stream);
  else starting.push(stream);
}

/** Emits what is due and returns what still waits here; what has begun goes on in `running`. */
function emitDue(queue: Stream[], now: number): Stream[] {
  let taken = 0;
  for (let stream = queue[0]; stream && stream.dueMs <= now; stream = queue[taken]) {
    taken += 1;
    if (stream.socket.destroyed) continue;
    if (stream.pace.tokensPerS === null) {
      flow(stream);
      continue;
    }
    const last = stream.next + 1 >= stream.pace.tokens;
    stream.socket.write(chunked(token(stream)) + (last ? ending(stream) : ''), 'latin1');
    if (last) continue;
    stream.dueMs += 1_000 / stream.pace.tokensPerS;
    running.push(stream);
  }
  // `running` may be the queue itself, with those that come again at its end.
  return taken === 0 ? queue : queue.slice(taken);
}

/** As fast as they come: until the socket says it is full, and again when it has drained. */
function flow(stream: Stream): void {
  const { socket } = stream;
  flatOut.add(stream);
  const more = (): void => {
    while (flatOut.has(stream) && !socket.destroyed) {
      let events = '';
      for (let count = 0; count < FLAT_OUT_TOKENS && stream.next < stream.pace.tokens; count += 1) events += token(stream);
      const last = stream.next >= stream.pace.tokens;
      const room = socket.write(chunked(events) + (last ? ending(stream) : ''), 'latin1');
      if (last) return void flatOut.delete(stream);
      if (!room) return void socket.once('drain', more);
      // The others get their turn.
      return void setImmediate(more);
    }
    flatOut.delete(stream);
  };
  more();
}

function token(stream: Stream): string {
  const number = stream.next;
  stream.next += 1;
  const emitted = nowMs().toFixed(3);
  const text = number === 0 ? `0@${emitted}@${stream.arrivedMs.toFixed(3)} ` : `${number}@${emitted} `;
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"}}\n\n`;
}

function ending({ pace: { tokens } }: Stream): string {
  const end = [
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: tokens } },
    { type: 'message_stop' },
  ];
  return `${chunked(end.map(event).join(''))}0\r\n\r\n`;
}

function event(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** All of it is ASCII, so characters are bytes. */
function chunked(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
