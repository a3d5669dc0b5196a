/** `/.well-known/jwks.json`: the public keys that verify our tokens, for whoever checks them without asking us. Knows no private key. */
import type { Page } from './pages.ts';

/** @param maxAgeS For how long readers may keep the answer: a new key must be published for longer before it signs. */
export function publishedKeysPage(published: () => Promise<object>, maxAgeS: number): Page {
  return {
    path: '/.well-known/jwks.json',
    contentType: 'application/jwk-set+json; charset=utf-8',
    cacheControl: `public, max-age=${maxAgeS}`,
    body: async () => JSON.stringify(await published()),
  };
}
