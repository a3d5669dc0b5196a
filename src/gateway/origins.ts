/**
 * Which web pages may talk to us: our own origin, PUBLIC_URL and the configured ones. Callers that are no browsers send no Origin and
 * are let through; they prove themselves by credential like everybody else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RATE_HEADERS } from './rate-answer.ts';

export interface OriginsDeps {
  readonly publicUrl: string | null;
  readonly allowedOrigins: readonly string[];
}

export interface Origins {
  allows(request: IncomingMessage): boolean;
  /**
   * A browser asks on behalf of a page that may not: its origin is not allowed, or it asks across sites for what tells no origin, such as
   * an image. Going to an address is no asking.
   */
  isForeign(request: IncomingMessage): boolean;
  /** Sets what a browser of another allowed origin needs to read the response. */
  setHeaders(request: IncomingMessage, response: ServerResponse): void;
}

/** For how long browsers keep a preflight's answer. */
const PREFLIGHT_S = 600;
const EXPOSED = ['X-Request-Id', 'Retry-After', ...RATE_HEADERS].join(', ');

export function createOrigins({ publicUrl, allowedOrigins }: OriginsDeps): Origins {
  const known = new Set([...(publicUrl ? [publicUrl] : []), ...allowedOrigins].flatMap((url) => originOf(url) ?? []));
  const allows = ({ headers: { origin, host } }: IncomingMessage): boolean => {
    if (origin === undefined) return true;
    const given = originOf(origin);
    return given !== null && (known.has(given) || new URL(given).host === host);
  };
  return Object.freeze({
    allows,
    isForeign(request: IncomingMessage) {
      const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
      return origin === undefined ? site === 'cross-site' && mode !== 'navigate' : !allows(request);
    },
    setHeaders(request: IncomingMessage, response: ServerResponse) {
      response.setHeader('Vary', 'Origin');
      const { origin } = request.headers;
      if (origin === undefined || !allows(request)) return;
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED);
      if (request.method !== 'OPTIONS') return;
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
      response.setHeader(
        'Access-Control-Allow-Headers',
        'Authorization, Content-Type, Last-Event-ID, X-API-Key, X-Request-Id, X-Requested-With, Apollo-Require-Preflight',
      );
      response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_S));
    },
  });
}

function originOf(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.origin : null;
}
