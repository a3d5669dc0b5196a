/**
 * Taking back what was granted, everywhere within a second: a version row per principal is the truth, the signal bus carries the news,
 * and a look at the rows every half minute finds what the bus lost. Who watches is told that something changed, never what: the rows of
 * user, session and key say that, and are read again (authenticate.ts). When the rows cannot be read twice in a row watchers are told
 * that too, and must treat it as a no. Closes no socket itself.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { Database } from '../store/database.ts';
import { Prisma } from '../store/generated/prisma/client.ts';
import type { Principal, PrincipalChanges } from '../store/principal.ts';

/** The version that each principal behind a credential had when it was checked. */
export type Versions = ReadonlyMap<Principal, number>;

export interface Watcher {
  /** The credential is to be checked again. May be called more than once for one change, and for a change already known. */
  changed(): void;
  /** It cannot be known any more whether the credential holds. */
  lost(): void;
}

export interface Revocation extends PrincipalChanges {
  /** Ends every token that was issued to it before now, and tells all instances. */
  revoke(principal: Principal): Promise<void>;
  /** Called with each principal that some instance told of. Returns the way to hear no more. */
  onRevoked(listener: (principal: Principal) => void): () => void;
  /**
   * Watches what a credential stands on. Returns the way to stop.
   * @param sinceMs When the check of the credential began: news since then counts too. Left out: only what comes from now on.
   */
  watch(versions: Versions, watcher: Watcher, sinceMs?: number): () => void;
  /** Looks at the rows of all that is watched: the backstop. */
  look(): Promise<void>;
  close(): void;
}

export interface RevocationDeps {
  readonly database: Database;
  readonly signals: SignalBus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often to `look`. */
export const LOOK_MS = 30_000;
const FAILED_LOOKS_MAX = 2;
/** News that came while a credential was being checked would be missed: they are kept for longer than a check can take. */
const RECENT_MS = 20_000;
const RECENT_MAX = 10_000;
const ROWS_PER_LOOK = 5_000;

export interface PrincipalRow {
  readonly principal: Principal;
  readonly version: number;
  readonly notBefore: Date | null;
  readonly changedAt: Date;
}

/** The rows there are; a principal without one has version 0. */
export async function readPrincipals(database: Database, principals: readonly Principal[]): Promise<readonly PrincipalRow[]> {
  return database.sql.query<PrincipalRow>`
    SELECT "principal", "version", "notBefore", "changedAt" FROM "PrincipalVersion" WHERE "principal" = ANY(${principals}::text[])`;
}

export function createRevocation({ database, signals, clock, log }: RevocationDeps): Revocation {
  const watchers = new Map<Principal, Map<Watcher, number>>();
  const listeners = new Set<(principal: Principal) => void>();
  const recent = new Map<Principal, number>();
  let failedLooks = 0;

  const off = signals.on('revoke', (id) => {
    if (!isPrincipal(id)) return;
    remember(id);
    for (const listener of listeners) listener(id);
    for (const watcher of watchers.get(id)?.keys() ?? []) watcher.changed();
  });

  function remember(principal: Principal): void {
    const nowMs = clock.now().getTime();
    recent.delete(principal);
    recent.set(principal, nowMs);
    for (const [oldest, atMs] of recent) {
      if (recent.size <= RECENT_MAX && nowMs - atMs <= RECENT_MS) break;
      recent.delete(oldest);
    }
  }

  async function bump(tx: Prisma.TransactionClient, principals: readonly Principal[], notBefore: Date | null): Promise<void> {
    const now = clock.now();
    // In one order, so that two changes at once cannot wait for each other.
    const rows = [...new Set(principals)].toSorted().map((one) => Prisma.sql`(${one}, 1, ${notBefore}::timestamptz, ${now}::timestamptz)`);
    if (rows.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO "PrincipalVersion" AS known ("principal", "version", "notBefore", "changedAt") VALUES ${Prisma.join(rows)}
      ON CONFLICT ("principal") DO UPDATE SET "version" = known."version" + 1, "changedAt" = EXCLUDED."changedAt",
        "notBefore" = COALESCE(EXCLUDED."notBefore", known."notBefore")`;
  }

  async function tell(principals: readonly Principal[]): Promise<void> {
    await Promise.all([...new Set(principals)].map((id) => signals.send({ kind: 'revoke', id })));
  }

  async function compare(principals: readonly Principal[]): Promise<void> {
    const versions = new Map((await readPrincipals(database, principals)).map((row) => [row.principal, row.version]));
    for (const principal of principals) {
      for (const [watcher, seen] of watchers.get(principal) ?? []) if ((versions.get(principal) ?? 0) !== seen) watcher.changed();
    }
  }

  return Object.freeze<Revocation>({
    async revoke(principal) {
      await bump(database, [principal], clock.now());
      await tell([principal]);
    },
    note: (tx, principals) => bump(tx, principals, null),
    end: (tx, principals) => bump(tx, principals, clock.now()),
    tell,
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    watch(versions, watcher, sinceMs = Infinity) {
      for (const [principal, version] of versions) {
        const known = watchers.get(principal) ?? new Map<Watcher, number>();
        watchers.set(principal, known.set(watcher, version));
      }
      if ([...versions.keys()].some((principal) => (recent.get(principal) ?? -Infinity) >= sinceMs)) watcher.changed();
      return () => {
        for (const principal of versions.keys()) {
          const known = watchers.get(principal);
          known?.delete(watcher);
          if (known?.size === 0) watchers.delete(principal);
        }
      };
    },
    async look() {
      const watched = [...watchers.keys()];
      try {
        for (let at = 0; at < watched.length; at += ROWS_PER_LOOK) await compare(watched.slice(at, at + ROWS_PER_LOOK));
        failedLooks = 0;
      } catch (error) {
        failedLooks += 1;
        log.warn({ err: error, failedLooks }, 'what was revoked could not be looked at');
        if (failedLooks < FAILED_LOOKS_MAX) return;
        const all = new Set([...watchers.values()].flatMap((known) => [...known.keys()]));
        for (const watcher of all) watcher.lost();
      }
    },
    close: off,
  });
}

function isPrincipal(id: string): id is Principal {
  return /^(?:user|session|key|customer|signer):./.test(id);
}
