/**
 * From a credential that somebody brought to who they are. A credential that is none counts as nobody's operation, so that trying them
 * out is as slow as asking without one. Where credentials stand is credential.ts; whether one still holds later is standing.ts.
 */
import { AppError } from '../foundation/errors.ts';
import type { Authenticate, Authenticated } from '../identity/authenticate.ts';
import { isExpired } from '../identity/token.ts';
import type { Origin } from './client-address.ts';
import type { Turnstile } from './turnstile.ts';

/** @throws RequestRefused RATE_LIMITED after too many that are none, and what authenticating throws. */
export type Identify = (credential: string, origin: Origin) => Promise<Authenticated>;

export interface IdentifyDeps {
  readonly authenticate: Authenticate;
  readonly turnstile: Pick<Turnstile, 'takeAsNobody'>;
}

export function createIdentify({ authenticate, turnstile }: IdentifyDeps): Identify {
  return async (credential, origin) => {
    try {
      return await authenticate(credential, origin);
    } catch (error) {
      // One that has expired was valid: its owner is on the way to a new one.
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED' && !isExpired(error)) await turnstile.takeAsNobody(origin.address);
      throw error;
    }
  };
}
