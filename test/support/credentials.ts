/** The check that the gateway makes of a credential, for tests without one. */
import { createAuthenticate, type AuthenticateDeps, type Authenticated } from '../../src/identity/authenticate.ts';

/** For callers of whom it is not known where they are. */
export function authenticateNowhere(deps: AuthenticateDeps): (credential: string) => Promise<Authenticated> {
  const authenticate = createAuthenticate(deps);
  return (credential) => authenticate(credential, { address: null });
}
