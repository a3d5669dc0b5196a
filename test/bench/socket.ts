/**
 * A WebSocket client that costs next to nothing: it shares its core with the upstream, and must not be what is measured. Text frames
 * only, no fragments, no extensions: what the servers here send. Knows no protocol above frames.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface RawSocket {
  send(text: string): void;
  /** Ends without a handshake. */
  end(): void;
}

export interface Hears {
  text(text: string, arrivedMs: number): void;
  /** Only when the other side did it. */
  closed(reason: string): void;
}

const OPEN_MS = 20_000;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** @param url `http://host:port/path` */
export async function openSocket(url: string, hears: Hears, nowMs: () => number): Promise<RawSocket> {
  const { hostname, port, pathname, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const ready = Promise.withResolvers<void>();
  const timer = setTimeout(() => ready.reject(new Error(`no WebSocket at ${url} within ${OPEN_MS} ms`)), OPEN_MS);
  let open = false;
  let ended = false;
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', (error) => ready.reject(error));
  socket.on('close', () => {
    ready.reject(new Error('closed before it was open'));
    if (open && !ended) hears.closed('the connection broke');
    ended = true;
  });
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (!open) {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const status = pending.toString('latin1', 0, 12);
      if (!status.endsWith(' 101')) {
        ready.reject(new Error(`the upgrade was answered with ${status}`));
        return;
      }
      open = true;
      pending = pending.subarray(end + 4);
      ready.resolve();
    }
    pending = readFrames(pending, (opcode, payload) => {
      if (opcode === TEXT) hears.text(payload.toString('latin1'), nowMs());
      else if (opcode === PING) writeFrame(socket, PONG, payload);
      else if (opcode === CLOSE && !ended) {
        ended = true;
        hears.closed(`${payload.length >= 2 ? payload.readUInt16BE(0) : 1005} ${payload.toString('utf8', 2)}`);
        socket.destroy();
      }
    });
  });
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
  );
  try {
    await ready.promise;
  } catch (error) {
    ended = true;
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    send: (text) => writeFrame(socket, TEXT, Buffer.from(text)),
    end() {
      ended = true;
      socket.destroy();
    },
  };
}

/** Calls back for each whole frame and returns the rest. */
function readFrames(bytes: Buffer, hear: (opcode: number, payload: Buffer) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= 2) {
    const opcode = (bytes[at] ?? 0) & 0x0f;
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < head) break;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (bytes.length - at < head + length) break;
    hear(opcode, bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
  // Copied, so that a few left-over bytes do not keep a whole read alive.
  return at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
}

/** Masked, as a client must; the mask is zero, which leaves the payload as it is. */
function writeFrame(socket: Socket, opcode: number, payload: Buffer): void {
  const head = payload.length < 126 ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]) : Buffer.alloc(8);
  if (payload.length >= 126) {
    if (payload.length > 65_535) throw new RangeError('a frame longer than any operation here');
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  socket.write(Buffer.concat([head, payload]));
}
