/**
 * For whoever receives Parley's webhooks on Node: is this request really from Parley, and from now? Checks the three headers of
 * Standard Webhooks over the bytes that came. Remembers nothing: that the same delivery comes twice is the receiver's to notice, by
 * the id that is answered.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const WEBHOOK_FAULTS = ['MISSING_HEADER', 'BAD_TIMESTAMP', 'TOO_OLD', 'TOO_NEW', 'WRONG_SIGNATURE', 'BAD_BODY'] as const;
export type WebhookFault = (typeof WEBHOOK_FAULTS)[number];

/** Do not take the request for one of Parley's: answer with 400 and do nothing. */
export class WebhookError extends Error {
  readonly fault: WebhookFault;
  constructor(fault: WebhookFault, message: string) {
    super(message);
    this.name = 'WebhookError';
    this.fault = fault;
  }
}

/** `request.headers` of Node, the `Headers` of fetch, or a plain object with names in any case. */
export type WebhookHeaders = Pick<Headers, 'get'> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** One thing that happened, as a subscription would have told it. */
export interface WebhookEvent {
  /** The kind of item: `MessageFinished`, `RunFailed`, ... */
  readonly type: string;
  /** When it happened, ISO 8601. */
  readonly timestamp: string;
  /** Null for a run that belongs to no conversation; then `runId` is there. */
  readonly conversationId: string | null;
  readonly runId: string | null;
  /** Where it stands: as `after` of `conversationEvents` or `runEvents` it continues right behind it. */
  readonly position: string;
  /** Grows within an epoch, which is the part of `position` before the dot. */
  readonly sequence: number;
  /** The item, field by field as the subscription gives it. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface VerifiedWebhook {
  /** The same whenever the same delivery comes again: keep it for some days, and do nothing for one you have. */
  readonly id: string;
  readonly sentAt: Date;
  readonly event: WebhookEvent;
}

export interface VerifyOptions {
  /** How far the sender's clock and yours may be apart, and how long a request may be under way; 300 seconds when left out. */
  readonly toleranceS?: number;
  /** Your clock; for tests. */
  readonly now?: Date;
}

const TOLERANCE_S = 300;
const PREFIX = 'whsec_';

/**
 * @param body The bytes or the text exactly as they came, before anything parsed them.
 * @param secret `whsec_...` as it was shown; several while you change from one to the next.
 * @throws WebhookError saying what is wrong, which you need not tell the caller.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): VerifiedWebhook {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  const sentAtS = readTimestamp(timestamp, options);
  const signed = createSigned(id, timestamp, body);
  // All of them are compared, so that the time tells nothing about which one fits.
  let fits = false;
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const expected = signed(keyOf(one));
    for (const signature of signatures.split(' ')) fits = isEqual(signature, expected) || fits;
  }
  if (!fits) throw new WebhookError('WRONG_SIGNATURE', 'No signature fits: another secret, or the body is not as it was sent.');
  return { id, sentAt: new Date(sentAtS * 1_000), event: readEvent(body) };
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = 'get' in headers && typeof headers.get === 'function' ? headers.get(name) : valueIn(headers, name);
  // Twice the same header could be read one way here and another way there.
  if (typeof value !== 'string' || value === '') throw new WebhookError('MISSING_HEADER', `The header ${name} is missing.`);
  return value;
}

function valueIn(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  const known = Object.keys(headers).find((key) => key.toLowerCase() === name);
  return known === undefined ? undefined : headers[known];
}

function readTimestamp(text: string, { toleranceS = TOLERANCE_S, now = new Date() }: VerifyOptions): number {
  if (!/^\d{1,12}$/.test(text)) throw new WebhookError('BAD_TIMESTAMP', 'The header webhook-timestamp holds no seconds.');
  const sentAtS = Number(text);
  const nowS = Math.floor(now.getTime() / 1_000);
  if (nowS - sentAtS > toleranceS) throw new WebhookError('TOO_OLD', 'This was signed too long ago: somebody may be sending it again.');
  if (sentAtS - nowS > toleranceS) throw new WebhookError('TOO_NEW', 'This was signed in the future: set your clock.');
  return sentAtS;
}

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
  // With an empty key anybody could sign.
  if (key.length < 16) throw new TypeError(`this is no secret of a webhook: it begins with ${PREFIX} and was shown when the webhook was made`);
  return key;
}

function createSigned(id: string, timestamp: string, body: string | Uint8Array): (key: Buffer) => string {
  return (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function readEvent(body: string | Uint8Array): WebhookEvent {
  try {
    const event: unknown = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
    if (typeof event === 'object' && event !== null && 'type' in event && 'position' in event) return event as WebhookEvent;
  } catch {
    // No JSON: said below.
  }
  throw new WebhookError('BAD_BODY', 'The signature fits, and the body is no event of Parley.');
}
