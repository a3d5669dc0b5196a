/**
 * One request over HTTP: who calls, and for a stream of events until when. A stream is cut when its credential expires, is taken back or
 * comes with other rights: its reader comes back with a fresh one, or is told then. Reads no operation.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Authenticate, Authenticated } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import type { OriginOf } from './client-address.ts';
import { credentialOfHeaders } from './credential.ts';
import { hasExpired } from './expiry.ts';
import type { Exchange } from './http.ts';
import type { Identify } from './identify.ts';
import { createStanding, type Standing } from './standing.ts';

export interface ExchangeDeps {
  readonly authenticate: Authenticate;
  readonly identify: Identify;
  readonly originOf: OriginOf;
  readonly revocation: Pick<Revocation, 'watch'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @param cut Ends the response. */
export function createExchange(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse, requestId: string, cut: AbortController): Exchange {
  const { authenticate, identify, originOf, revocation, clock, log } = deps;
  const { signal } = cut;
  let expiresAt: Date | null = null;
  let streaming = false;
  let refused = false;

  function watch(credential: string, known: Authenticated, sinceMs: number): Standing {
    // An answer that is no stream was asked for while the credential held.
    const refuse = () => {
      refused = true;
      if (streaming) cut.abort();
    };
    const control = createStanding({ authenticate, revocation, onChanged: refuse, onRefused: refuse }, credential, known, sinceMs);
    response.once('close', control.stop);
    return control.standing();
  }

  return {
    requestId,
    signal,
    endWithCredential() {
      streaming = true;
      if (refused) cut.abort();
      if (expiresAt) void hasExpired(expiresAt, clock, signal).then((expired) => (expired ? cut.abort() : undefined));
    },
    async open() {
      const origin = originOf(request);
      const sinceMs = clock.now().getTime();
      const credential = credentialOfHeaders(request.headers);
      const known = credential === null ? null : await identify(credential, origin);
      expiresAt = known?.expiresAt ?? null;
      const standing = known && credential !== null ? watch(credential, known, sinceMs) : null;
      return { viewer: known?.viewer ?? null, requestId, signal, log: log.child({ requestId }), standing, origin };
    },
  };
}
