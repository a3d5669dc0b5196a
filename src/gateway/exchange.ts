/**
 * One request over HTTP: who calls, and for a stream of events until when. A stream is cut when its credential expires, is taken back or
 * comes with other rights: its reader comes back with a fresh one, or is told then. Reads no operation.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Authenticate } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import type { OriginOf } from './client-address.ts';
import { credentialOfHeaders } from './credential.ts';
import { hasExpired } from './expiry.ts';
import type { Exchange } from './http.ts';
import type { KeepIdentity, KeptIdentity } from './kept-identity.ts';
import { createStanding, type Standing } from './standing.ts';

interface Brought extends KeptIdentity {
  readonly credential: string;
}

export interface ExchangeDeps {
  readonly authenticate: Authenticate;
  readonly identify: KeepIdentity;
  readonly originOf: OriginOf;
  readonly revocation: Pick<Revocation, 'watch'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @param cut Ends the response. */
export function createExchange(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse, requestId: string, cut: AbortController): Exchange {
  const { authenticate, identify, originOf, revocation, clock, log } = deps;
  const { signal } = cut;
  let brought: Brought | null = null;
  let streaming = false;
  let refused = false;
  let expiresAt: Date | null = null;
  const origin = originOf(request);

  /** Called again when the end has moved: the earliest of them cuts. */
  function cutAtEnd(): void {
    if (expiresAt) void hasExpired(expiresAt, clock, signal).then((expired) => (expired ? cut.abort() : undefined));
  }

  function watch({ credential, known, sinceMs }: Brought): Standing {
    // An answer that is no stream was asked for while the credential held.
    const refuse = () => {
      refused = true;
      if (streaming) cut.abort();
    };
    const control = createStanding(
      {
        authenticate: (asked) => authenticate(asked, origin),
        revocation,
        onChecked(fresh, sameRights) {
          if (!sameRights) return refuse();
          expiresAt = fresh.expiresAt;
          if (streaming) cutAtEnd();
        },
        onRefused: refuse,
      },
      credential,
      known,
      sinceMs,
    );
    response.once('close', control.stop);
    return control.standing();
  }

  return {
    requestId,
    signal,
    endWithCredential() {
      streaming = true;
      if (refused) cut.abort();
      cutAtEnd();
    },
    async open() {
      const credential = credentialOfHeaders(request.headers);
      if (credential !== null) brought = { credential, ...(await identify(credential, origin)) };
      expiresAt = brought?.known.expiresAt ?? null;
      return { viewer: brought?.known.viewer ?? null, requestId, signal, log: log.child({ requestId }), standing: null, origin };
    },
    watch: () => brought && watch(brought),
  };
}
