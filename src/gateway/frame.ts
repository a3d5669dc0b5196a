/**
 * `next` messages as finished WebSocket frames (RFC 6455, 5.2: one final text frame, unmasked as servers send it, not compressed).
 * For many sockets they differ in the operation's id only: the payload is encoded once and copied behind each socket's own start.
 * Writes nothing.
 */

/** What a message of one operation begins with: make it once per operation. */
export type FrameStart = Buffer;

/** One payload for any number of operations. */
export interface NextFrames {
  /** The frame for the operation with this start. Must not be changed: equal starts get the same one. */
  frameFor(start: FrameStart): Buffer;
}

const FINAL_TEXT = 0x81;
const CLOSING_BRACE = 0x7d;
/** Lengths up to here stand in the second byte; up to the other in two more; above in eight. */
const SHORT_MAX = 125;
const MEDIUM_MAX = 65_535;

export function frameStart(id: string): FrameStart {
  return Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
}

/** @param payload JSON text of an execution result. */
export function createNextFrames(payload: string): NextFrames {
  const encoded = Buffer.from(payload);
  let lastStart: FrameStart | null = null;
  let lastFrame: Buffer = encoded;
  return {
    frameFor(start) {
      // Clients that count their ids often have the same one.
      if (lastStart !== null && (lastStart === start || lastStart.equals(start))) return lastFrame;
      lastStart = start;
      lastFrame = frameOf(start, encoded);
      return lastFrame;
    },
  };
}

function frameOf(start: FrameStart, payload: Buffer): Buffer {
  const length = start.length + payload.length + 1;
  const header = length <= SHORT_MAX ? 2 : length <= MEDIUM_MAX ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL_TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = SHORT_MAX + 1;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = SHORT_MAX + 2;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(start, header);
  frame.set(payload, header + start.length);
  frame[header + length - 1] = CLOSING_BRACE;
  return frame;
}
