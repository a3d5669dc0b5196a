/**
 * One request to one webhook: connected to an address that was checked for this very connection, at most ten seconds in all,
 * redirects not followed, and of the answer only what a log needs. Knows no rows and tries nothing twice.
 */
import { Agent, request } from 'undici';
import { NotOutside, outsideLookup, readOutsideUrl, type OutsideRules, type Resolve } from './outside-address.ts';

export const UNDELIVERED_REASONS = ['address', 'connect', 'tls', 'timeout', 'closed'] as const;
export type UndeliveredReason = (typeof UNDELIVERED_REASONS)[number];

/** Nothing came back. */
export class Undelivered extends Error {
  readonly reason: UndeliveredReason;
  constructor(reason: UndeliveredReason, cause: unknown) {
    super(`the webhook could not be called: ${reason}`, { cause });
    this.name = 'Undelivered';
    this.reason = reason;
  }
}

export interface Answer {
  readonly status: number;
  /** Its beginning, as text. */
  readonly body: string;
  /** `Retry-After` as it came; null without. */
  readonly retryAfter: string | null;
}

export interface WebhookSender {
  /** @throws Undelivered; the signal's reason when it aborts. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export interface WebhookSenderOptions extends OutsideRules {
  readonly resolve?: Resolve;
  /** Milliseconds for everything: name, connection, request, answer. */
  readonly timeLimitMs?: number;
}

const TIME_LIMIT_MS = 10_000;
const ANSWER_BYTES_MAX = 2_048;
/** Between two events of one conversation a connection may be used again; its address was checked when it was made. */
const IDLE_MS = 4_000;

export function createWebhookSender({ loopback, resolve, timeLimitMs = TIME_LIMIT_MS }: WebhookSenderOptions): WebhookSender {
  const agent = new Agent({
    connect: { lookup: outsideLookup({ loopback }, resolve), timeout: timeLimitMs },
    // Not limited here: webhooks of two partners may lie on one host, and a slow one would take the other's connections.
    connections: null,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    headersTimeout: timeLimitMs,
    bodyTimeout: timeLimitMs,
    allowH2: false,
  });
  return Object.freeze<WebhookSender>({
    async post(url, headers, body, signal) {
      const limit = AbortSignal.timeout(timeLimitMs);
      try {
        // Checked again: rules may have become stricter, and an address written as a number is never looked up.
        const target = readOutsideUrl(url, { loopback });
        const answer = await request(target, {
          method: 'POST',
          headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Parley-Webhooks/1', ...headers },
          body,
          dispatcher: agent,
          signal: AbortSignal.any([signal, limit]),
        });
        const retryAfter = answer.headers['retry-after'];
        return { status: answer.statusCode, body: await readStart(answer.body), retryAfter: typeof retryAfter === 'string' ? retryAfter : null };
      } catch (error) {
        signal.throwIfAborted();
        throw new Undelivered(limit.aborted ? 'timeout' : reasonOf(error), error);
      }
    },
    close: () => agent.destroy(),
  });
}

/** What came within the limit counts: the status has said what became of it, and the rest of the answer is nobody's. */
async function readStart(body: AsyncIterable<unknown> & { destroy(): unknown; on(event: 'error', listener: () => void): unknown }): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Let go of in the middle it says so once more, to nobody.
  body.on('error', () => undefined);
  try {
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    // Broken off, or too slow: what there is will do.
  }
  body.destroy();
  // PostgreSQL cannot store U+0000.
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX)).replaceAll('\0', '\uFFFD');
}

function reasonOf(error: unknown): UndeliveredReason {
  if (error instanceof NotOutside) return 'address';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 'timeout';
  if (/TLS|CERT|SSL|EPROTO|SELF_SIGNED|VERIFY/.test(code)) return 'tls';
  if (/^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAI_AGAIN)$/.test(code)) return 'connect';
  return 'closed';
}
