/**
 * Which web pages may talk to us: our own origin, PUBLIC_URL and the configured ones. Callers that are no browsers send no Origin and
 * are let through; they prove themselves by credential like everybody else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface OriginsDeps {
  readonly publicUrl: string | null;
  readonly allowedOrigins: readonly string[];
}

export interface Origins {
  allows(request: IncomingMessage): boolean;
  /** Sets what a browser of another allowed origin needs to read the response. */
  setHeaders(request: IncomingMessage, response: ServerResponse): void;
}

/** Browsers keep a preflight's answer for two hours at most. */
const PREFLIGHT_S = 7_200;

export function createOrigins({ publicUrl, allowedOrigins }: OriginsDeps): Origins {
  const known = new Set([...(publicUrl ? [publicUrl] : []), ...allowedOrigins].flatMap((url) => originOf(url) ?? []));
  const allows = ({ headers: { origin, host } }: IncomingMessage): boolean => {
    if (origin === undefined) return true;
    const given = originOf(origin);
    return given !== null && (known.has(given) || new URL(given).host === host);
  };
  return Object.freeze({
    allows,
    setHeaders(request: IncomingMessage, response: ServerResponse) {
      response.setHeader('Vary', 'Origin');
      const { origin } = request.headers;
      if (origin === undefined || !allows(request)) return;
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After');
      if (request.method !== 'OPTIONS') return;
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
      response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Last-Event-ID, X-Request-Id');
      response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_S));
    },
  });
}

function originOf(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.origin : null;
}
