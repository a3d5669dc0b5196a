/** Static pages and files, by exact path, with a fingerprint so that browsers ask cheaply. Makes no pages and knows no folders. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Page {
  /** `/`, `/chat.js`. */
  readonly path: string;
  readonly contentType: string;
  /** A function is called for each request. */
  readonly body: string | Buffer | (() => string | Buffer | Promise<string | Buffer>);
  /** Left out: browsers ask each time whether it has changed. */
  readonly cacheControl?: string;
  /** Overrides the policy below, for a page that needs more. */
  readonly contentSecurityPolicy?: string;
}

/** Everything from here, nothing inline that runs. Sockets are named because older browsers do not count them as 'self'. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Answers with the page, or with 304 when the browser has it. */
export async function servePage(page: Page, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = typeof page.body === 'function' ? await page.body() : page.body;
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', page.cacheControl ?? 'no-cache');
  response.setHeader('Content-Security-Policy', page.contentSecurityPolicy ?? POLICY);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'content-type': page.contentType, 'content-length': Buffer.byteLength(body) }).end(request.method === 'HEAD' ? undefined : body);
}
