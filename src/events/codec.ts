/**
 * How an event looks outside this process: a version digit and JSON. Both logs use it, so that what works in memory works on the
 * wire. What cannot be read is null, never an exception: the reader counts it and goes on.
 */
import { ParleyEvent, type TextDelta } from './event.ts';

const VERSION = '1';

export function encodeEvent(event: ParleyEvent): string {
  return VERSION + JSON.stringify(event);
}

/** The event, or null when the text is of another version, not JSON, or not an event we know. */
export function decodeEvent(text: string): ParleyEvent | null {
  if (!text.startsWith(VERSION)) return null;
  try {
    const value: unknown = JSON.parse(text.slice(1));
    if (isTextDelta(value)) return value;
    const parsed = ParleyEvent.safeParse(value);
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: the null below is the answer, and the reader counts it.
    return null;
  }
}

/** The one hot event, checked by hand: the schema's own check costs as much as writing it to a socket. A test compares the two. */
export function isTextDelta(value: unknown): value is TextDelta {
  if (typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'TextDelta') return false;
  const event = value as Readonly<Record<string, unknown>>;
  return (
    typeof event['at'] === 'string' &&
    AT.test(event['at']) &&
    (event['visibility'] === 'CUSTOMER' || event['visibility'] === 'STAFF' || event['visibility'] === 'DEBUG') &&
    typeof event['runId'] === 'string' &&
    typeof event['messageId'] === 'string' &&
    typeof event['step'] === 'string' &&
    Number.isSafeInteger(event['attempt']) &&
    Number.isSafeInteger(event['offset']) &&
    typeof event['text'] === 'string' &&
    Object.keys(event).length === TEXT_DELTA_FIELDS
  );
}

const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TEXT_DELTA_FIELDS = 9;
