/**
 * Who brought a credential, kept for a moment: a front-end asks several times a second with one token, and each check reads rows. News
 * of a revocation drops what is kept at once; news that got lost costs a second. Streams and sockets check again by themselves
 * (standing.ts), and never ask here.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Authenticated } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import type { Principal } from '../store/principal.ts';
import type { Origin } from './client-address.ts';
import type { Identify } from './identify.ts';

export interface KeptIdentityDeps {
  readonly identify: Identify;
  readonly revocation: Pick<Revocation, 'onRevoked'>;
  readonly clock: Clock;
}

export interface KeptIdentity {
  readonly known: Authenticated;
  /** When the check began: what changed since then may not be in it. */
  readonly sinceMs: number;
}

interface Kept {
  readonly sinceMs: number;
  readonly known: Promise<Authenticated>;
  /** Null while the check is under way. */
  principals: ReadonlyMap<Principal, number> | null;
}

const KEPT_MS = 1_000;
/** Who was asked for longest ago is forgotten first. */
const KEPT_MAX = 10_000;

/** As `identify`, with its errors; refusals are not kept. */
export type KeepIdentity = (credential: string, origin: Origin) => Promise<KeptIdentity>;

export function keepIdentity({ identify, revocation, clock }: KeptIdentityDeps): KeepIdentity {
  const kept = new Map<string, Kept>();

  revocation.onRevoked((principal) => {
    for (const [key, { principals }] of kept) if (principals === null || principals.has(principal)) kept.delete(key);
  });

  function ask(key: string, credential: string, origin: Origin, nowMs: number): Kept {
    const entry: Kept = { sinceMs: nowMs, known: identify(credential, origin), principals: null };
    entry.known.then(
      ({ versions = new Map() }) => (entry.principals = versions),
      () => forget(key, entry),
    );
    kept.delete(key);
    kept.set(key, entry);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_MAX) break;
      kept.delete(oldest);
    }
    return entry;
  }

  function forget(key: string, entry: Kept): void {
    if (kept.get(key) === entry) kept.delete(key);
  }

  return async (credential, origin) => {
    // An API key may be bound to networks.
    const key = `${origin.address ?? ''} ${credential}`;
    const nowMs = clock.now().getTime();
    const before = kept.get(key);
    if (before && nowMs - before.sinceMs < KEPT_MS) {
      const known = await before.known;
      if (!known.expiresAt || known.expiresAt.getTime() > nowMs) return { known, sinceMs: before.sinceMs };
    }
    const entry = ask(key, credential, origin, nowMs);
    return { known: await entry.known, sinceMs: entry.sinceMs };
  };
}
