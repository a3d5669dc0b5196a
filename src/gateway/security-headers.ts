/**
 * What every response says to browsers, whatever it carries. A page brings a content policy of its own (pages.ts, graphiql.ts); all
 * else may load nothing. Who may call from other origins is origins.ts.
 */
import type { ServerResponse } from 'node:http';

const YEAR_S = 31_536_000;

const ALWAYS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // The filters it controlled are gone, and where they are not they could be used to break a page.
  'X-XSS-Protection': '0',
  // Addresses of pages here may name a conversation.
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Other origins read by CORS, which this does not concern.
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

export interface SecurityHeaders {
  set(response: ServerResponse): void;
}

/** @param publicUrl Under https browsers are told to stay with https. */
export function createSecurityHeaders(publicUrl: string | null): SecurityHeaders {
  const always = Object.entries({
    ...ALWAYS,
    ...(publicUrl?.startsWith('https:') ? { 'Strict-Transport-Security': `max-age=${YEAR_S}; includeSubDomains` } : {}),
  });
  return Object.freeze({
    set(response: ServerResponse) {
      for (const [name, value] of always) response.setHeader(name, value);
    },
  });
}
