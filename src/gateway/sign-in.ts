/**
 * `/auth/<provider>` and `/auth/<provider>/callback`: browsers on their way to a provider and back. What has to stay in the browser is a
 * cookie that no script reads; the code for the front-end goes into the fragment of its address, which no server is sent and none logs.
 * Decides nothing: identity/external-sign-in.ts does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../foundation/errors.ts';
import type { ExternalSignIns } from '../identity/account.ts';
import type { Errors } from './errors.ts';

export interface SignInDoorDeps {
  readonly signIns: Pick<ExternalSignIns, 'begin' | 'finish'>;
  /** Whether browsers reach us by https. */
  readonly secure: boolean;
  readonly errors: Errors;
}

/** Answers the request; false when it is not for this door. */
export type SignInDoor = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<boolean>;

const PATH = /^\/auth\/([a-z]+)(\/callback)?$/;
const COOKIE_S = 600;

export function createSignInDoor({ signIns, secure, errors }: SignInDoorDeps): SignInDoor {
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
        const begun = await signIns.begin(provider, url.searchParams.get('return_to'));
        response.setHeader('Set-Cookie', `${cookie}=${begun.browser}; Max-Age=${COOKIE_S}; ${attributes}`);
        redirect(response, begun.url);
        return true;
      }
      const ended = await signIns.finish(provider, url.searchParams, cookieOf(request, cookie));
      response.setHeader('Set-Cookie', `${cookie}=; Max-Age=0; ${attributes}`);
      ended.returnTo.hash = new URLSearchParams('code' in ended ? { code: ended.code } : { error: ended.refusal }).toString();
      redirect(response, ended.returnTo);
    } catch (error) {
      const presented = errors.present(error, requestId);
      const status = error instanceof AppError ? ({ NOT_FOUND: 404, BAD_INPUT: 400 } as Partial<Record<string, number>>)[error.code] : 500;
      response.writeHead(status ?? 503, { 'content-type': 'text/plain; charset=utf-8' }).end(presented.message);
    }
    return true;
  };
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
