/**
 * How an event looks outside this process: a version digit and JSON. Both logs use it, so that what works in memory works on the
 * wire. What cannot be read is null, never an exception: the reader counts it and goes on.
 */
import { ParleyEvent } from './event.ts';

const VERSION = '1';

export function encodeEvent(event: ParleyEvent): string {
  return VERSION + JSON.stringify(event);
}

/** The event, or null when the text is of another version, not JSON, or not an event we know. */
export function decodeEvent(text: string): ParleyEvent | null {
  if (!text.startsWith(VERSION)) return null;
  try {
    const parsed = ParleyEvent.safeParse(JSON.parse(text.slice(1)));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: the null below is the answer, and the reader counts it.
    return null;
  }
}
