/** From a credential to a viewer: one place that tells tokens from API keys. Where the credential stood is the gateway's business. */
import type { Clock } from '../foundation/clock.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { verifyApiKey } from './api-key.ts';
import type { Tokens } from './token.ts';

export interface Authenticated {
  readonly viewer: Viewer;
  /** When the credential stops being one; null for keys without an end. */
  readonly expiresAt: Date | null;
}

/** @throws AppError UNAUTHENTICATED for anything that is neither a valid token nor a valid key. */
export type Authenticate = (credential: string) => Promise<Authenticated>;

export interface AuthenticateDeps {
  readonly tokens: Tokens;
  readonly database: Database;
  readonly clock: Clock;
}

export function createAuthenticate({ tokens, database, clock }: AuthenticateDeps): Authenticate {
  return async (credential) => (credential.startsWith('pk_') ? verifyApiKey(database, credential, clock) : tokens.verify(credential));
}
