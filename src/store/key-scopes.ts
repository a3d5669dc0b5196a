/** What an API key may: what it was given, as far as partners may it now. Checks nothing by itself. */
import { scopesOf, type Scope } from './roles.ts';

/** What a partner's key can have at most. */
export const KEY_SCOPES: readonly Scope[] = scopesOf('api_client');

/**
 * What a key with these scopes may do. A scope that partners have lost since, or that is no more, is lost to the key as well. Keys
 * with all of them share one list.
 */
export function keyScopes(given: readonly string[]): readonly Scope[] {
  const held = KEY_SCOPES.filter((scope) => given.includes(scope));
  return held.length === KEY_SCOPES.length ? KEY_SCOPES : Object.freeze(held);
}
