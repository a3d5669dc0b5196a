/**
 * `/auth/<provider>?return_to=<address>&code_challenge=<S256>` and `/auth/<provider>/callback`: browsers on their way to a provider and
 * back. What has to stay in the browser is a cookie that no script reads; the code for the front-end goes into the fragment of its
 * address, which no server is sent and none logs. Decides nothing: identity/external-sign-in.ts does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../foundation/errors.ts';
import type { ExternalSignIns } from '../identity/account.ts';
import type { OriginOf } from './client-address.ts';
import { RequestRefused, type Errors } from './errors.ts';
import { setRateHeaders } from './rate-answer.ts';
import type { Turnstile } from './turnstile.ts';

export interface SignInDoorDeps {
  readonly signIns: Pick<ExternalSignIns, 'begin' | 'finish'>;
  /** Whether browsers reach us by https. */
  readonly secure: boolean;
  readonly originOf: OriginOf;
  readonly turnstile: Pick<Turnstile, 'takeAsNobody'>;
  readonly errors: Errors;
}

/** Answers the request; false when it is not for this door. */
export type SignInDoor = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<boolean>;

const PATH = /^\/auth\/([a-z]+)(\/callback)?$/;
const COOKIE_S = 600;

export function createSignInDoor({ signIns, secure, originOf, turnstile, errors }: SignInDoorDeps): SignInDoor {
  // With this prefix browsers take the cookie from this very host alone: no neighbour under the same domain can plant one.
  const cookie = secure ? '__Host-parley-sign-in' : 'parley-sign-in';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;

  return async (request, response, requestId) => {
    const url = URL.parse(request.url ?? '/', 'http://localhost');
    const [, provider, callback] = PATH.exec(url?.pathname ?? '') ?? [];
    if (!url || provider === undefined || request.method !== 'GET') return false;
    response.setHeader('Cache-Control', 'no-store');
    try {
      if (callback === undefined) {
        await turnstile.takeAsNobody(originOf(request).address);
        const begun = await signIns.begin(provider, url.searchParams.get('return_to'), url.searchParams.get('code_challenge'));
        response.setHeader('Set-Cookie', `${cookie}=${begun.browser}; Max-Age=${COOKIE_S}; ${attributes}`);
        redirect(response, begun.url);
        return true;
      }
      const ended = await signIns.finish(provider, url.searchParams, cookieOf(request, cookie)).catch(async (error: unknown) => {
        // Whoever tries states out is as slow as whoever begins.
        await turnstile.takeAsNobody(originOf(request).address);
        throw error;
      });
      response.setHeader('Set-Cookie', `${cookie}=; Max-Age=0; ${attributes}`);
      ended.returnTo.hash = new URLSearchParams('code' in ended ? { code: ended.code } : { error: ended.refusal }).toString();
      redirect(response, ended.returnTo);
    } catch (error) {
      refuse(response, error, errors, requestId);
    }
    return true;
  };
}

function refuse(response: ServerResponse, error: unknown, errors: Errors, requestId: string): void {
  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  if (error instanceof RequestRefused) {
    const [refused] = error.errors;
    if (error.rate) setRateHeaders(response, error.rate);
    response.setHeader('Retry-After', String(Math.ceil(Number(refused?.extensions['retryAfterMs'] ?? 1_000) / 1_000)));
    return void response.writeHead(429, plain).end(refused?.message);
  }
  const presented = errors.present(error, requestId);
  const status = error instanceof AppError ? ({ NOT_FOUND: 404, BAD_INPUT: 400 } as Partial<Record<string, number>>)[error.code] : 500;
  response.writeHead(status ?? 503, plain).end(presented.message);
}

function redirect(response: ServerResponse, to: URL): void {
  response.writeHead(302, { location: to.href }).end();
}

function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const values = pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []));
  // Two of one name: one of them was planted for a wider domain or path.
  return values.length === 1 ? (values[0] ?? null) : null;
}
