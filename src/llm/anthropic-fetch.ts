/**
 * The way to the network for the SDK: undici's `request` instead of `fetch`, because web streams cost several times what a token
 * is worth. A streamed body is handed out beside the Response. Follows no redirects and knows nothing of the Messages API.
 */
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';

export interface Network {
  /** For the SDK's `fetch` option. Answers other than event streams are read whole. */
  readonly fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** The unread body of an event stream that `fetch` answered; null for any other Response. The caller reads or destroys it. */
  bodyOf(response: Response): Readable | null;
  /** Ends all connections; may be called twice. */
  close(): Promise<void>;
}

/** More than any error page or list of models. */
const WHOLE_BODY_BYTES_MAX = 1_024 * 1_024;

export function createNetwork(): Network {
  // The caller's own limits are tighter and tell a slow first byte from a stall; undici's would only blur the two.
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } });
  const bodies = new WeakMap<Response, Readable>();
  let closing: Promise<void> | null = null;
  return {
    async fetch(url, init = {}) {
      const answer = await request(typeof url === 'string' || url instanceof URL ? url : url.url, {
        dispatcher: agent,
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers).entries()),
        body: bodyText(init.body),
        signal: init.signal ?? null,
      });
      const headers = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) {
        for (const one of typeof value === 'string' ? [value] : (value ?? [])) headers.append(name, one);
      }
      const status = answer.statusCode;
      // A body that is destroyed early reports an abort to whoever listens; nobody else needs to hear it.
      answer.body.on('error', () => {});
      if (status === 200 && headers.get('content-type')?.startsWith('text/event-stream')) {
        const response = new Response(null, { status, headers });
        bodies.set(response, answer.body);
        return response;
      }
      const text = await readWhole(answer.body);
      return new Response(status === 204 || status === 304 ? null : text, { status, headers });
    },
    bodyOf: (response) => bodies.get(response) ?? null,
    close() {
      closing ??= agent.destroy();
      return closing;
    },
  };
}

function bodyText(body: RequestInit['body']): string | null {
  if (body === undefined || body === null || typeof body === 'string') return body ?? null;
  throw new TypeError('Only text can be sent to the Messages API.');
}

async function readWhole(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.length;
    if (bytes > WHOLE_BODY_BYTES_MAX) throw new RangeError('The answer is larger than any answer of the Messages API.');
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString('utf8');
}
