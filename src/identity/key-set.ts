/**
 * The keys that sign tokens, as rows that all instances share: one signs, those before it still verify until what they signed has
 * expired. The private half stands sealed in its row and not in a file beside the data, since instances share a database and no disk;
 * whoever has only one of database and JWT_SECRET can sign nothing. A key's algorithm is fixed with it, and a key is found by its
 * exact id among those that are known: what a caller writes into a header chooses nothing else. Knows no tokens.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { ADVISORY_LOCKS } from '../store/advisory-lock.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, SigningKey } from '../store/generated/prisma/client.ts';
import type { Seal } from './seal.ts';

export const SIGNING_ALGS = ['EdDSA', 'ES256'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export interface Signer {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly privateKey: CryptoKey;
}

export interface Verifier {
  readonly alg: SigningAlg;
  readonly publicKey: CryptoKey;
}

export interface KeySet {
  /** The key that signs now; the first one is made when there is none. */
  signer(): Promise<Signer>;
  /** The key with exactly this id, unless it is retired; null for any other text. */
  verifier(kid: string): Promise<Verifier | null>;
  /** The public halves of all that are not retired, as a JWK Set (RFC 7517). */
  published(): Promise<{ readonly keys: readonly JWK[] }>;
  /** Makes the next key. With `revoke` it signs at once and all others are retired at once; answers the ids of those. */
  rotate(options?: { readonly alg?: SigningAlg; readonly revoke?: boolean }): Promise<{ readonly kid: string; readonly revoked: readonly string[] }>;
  /** Reads the rows again before the next use: a key was revoked elsewhere. */
  forget(): void;
  /** Rotates when the newest key is older than this; true when it did. Any number of instances may ask at once. */
  rotateWhenOlder(ageMs: number): Promise<boolean>;
}

export interface KeySetDeps {
  readonly database: Database;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** No token may be valid for longer; a key is kept for as long after it has signed its last. */
export const TOKEN_S_MAX = 30 * 24 * 60 * 60;
/** For how long whoever fetches the published keys may keep them. */
export const PUBLISHED_S = 300;
/** A new key is published this long before it signs, so that nobody meets a token with a key they have not heard of. */
const PUBLISHED_FIRST_MS = 2 * PUBLISHED_S * 1_000;
/** Clocks of instances differ, and one may sign with the old key a moment longer. */
const SLACK_MS = 60_000;
/** Rows are read again after this: a key that was revoked elsewhere is refused here by then. */
const READ_MS = 5_000;
/** An unknown id may be a key made a moment ago; asking more often would let anybody make us read rows. */
const UNKNOWN_MS = 1_000;

const AnyJwk = z.looseObject({ kty: z.string() });

interface Known {
  readonly row: SigningKey;
  readonly alg: SigningAlg;
  readonly publicKey: CryptoKey;
}

export function createKeySet({ database, seal, clock, log }: KeySetDeps): KeySet {
  let known = new Map<string, Known>();
  const signers = new Map<string, Promise<Signer | null>>();
  let readAtMs = -Infinity;
  let reading: Promise<void> | null = null;
  let making: Promise<unknown> | null = null;

  async function readRows(from: Prisma.TransactionClient = database): Promise<void> {
    const startedMs = clock.now().getTime();
    const rows = await from.signingKey.findMany({ where: alive(clock.now()), orderBy: [{ signsFrom: 'desc' }, { kid: 'desc' }] });
    const read = new Map<string, Known>();
    for (const row of rows) {
      const before = known.get(row.kid);
      const one = before ? { ...before, row } : await importPublic(row);
      if (one) read.set(row.kid, one);
      else log.error({ kid: row.kid }, 'a signing key cannot be read and is left out');
    }
    known = read;
    readAtMs = startedMs;
  }

  async function fresh(withinMs: number): Promise<void> {
    if (clock.now().getTime() - readAtMs < withinMs) return;
    await (reading ??= readRows().finally(() => (reading = null)));
  }

  /** Null when its private half was sealed with another secret: it verifies, and signs no more. */
  function signerOf({ row: { kid, sealed }, alg }: Known): Promise<Signer | null> {
    const made =
      signers.get(kid) ??
      openPrivate(seal, kid, sealed, alg).catch((error: unknown) => {
        log.warn({ err: error, kid }, 'a signing key cannot be opened with this JWT_SECRET: it verifies and signs no more');
        return null;
      });
    signers.set(kid, made);
    return made;
  }

  /** @param early Also one that is to sign later. */
  async function current(early = false): Promise<Signer | null> {
    const nowMs = clock.now().getTime();
    // The newest first.
    for (const one of known.values()) {
      if ((one.row.signsFrom.getTime() > nowMs && !early) || !isAlive(one, nowMs)) continue;
      const signer = await signerOf(one);
      if (signer) return signer;
    }
    return null;
  }

  async function make(alg: SigningAlg, revoke: boolean, wanted: Wanted) {
    const made = await makeKey({ database, seal, clock }, alg, revoke, wanted);
    readAtMs = -Infinity;
    if (made) log.info({ kid: made.kid, alg, revoked: made.revoked.length }, 'a signing key was made');
    return made;
  }

  return Object.freeze<KeySet>({
    async signer() {
      await fresh(READ_MS);
      const signer = await current();
      if (signer) return signer;
      // Under the lock somebody else may have made it meanwhile; a key that this secret does not open is none to sign with.
      const makeFirst = () =>
        make('EdDSA', false, async (_newest, tx) => {
          await readRows(tx);
          return (await current()) === null;
        });
      await (making ??= makeFirst().finally(() => (making = null)));
      await fresh(READ_MS);
      // After a change of the secret no key of before can be opened, and the new one cannot wait.
      const first = (await current()) ?? (await current(true));
      if (!first) throw new Error('there is no key to sign with');
      return first;
    },
    async verifier(kid) {
      await fresh(known.has(kid) ? READ_MS : UNKNOWN_MS);
      const found = known.get(kid);
      return found && isAlive(found, clock.now().getTime()) ? { alg: found.alg, publicKey: found.publicKey } : null;
    },
    async published() {
      await fresh(READ_MS);
      const nowMs = clock.now().getTime();
      const kept = [...known.values()].filter((one) => isAlive(one, nowMs));
      return { keys: kept.map(({ row: { kid, publicJwk }, alg }) => ({ ...AnyJwk.parse(publicJwk), kid, alg, use: 'sig' })) };
    },
    async rotate({ alg = 'EdDSA', revoke = false } = {}) {
      const made = await make(alg, revoke, () => true);
      if (!made) throw new Error('no key was made');
      return made;
    },
    forget() {
      readAtMs = -Infinity;
    },
    async rotateWhenOlder(ageMs) {
      const isDue = (newest: SigningKey | null) => newest === null || clock.now().getTime() - newest.createdAt.getTime() >= ageMs;
      const newest = await database.signingKey.findFirst({ where: alive(clock.now()), orderBy: { createdAt: 'desc' } });
      return isDue(newest) && (await make('EdDSA', false, isDue)) !== null;
    },
  });
}

/** Asked under the lock: whether a key is to be made after all. */
type Wanted = (newest: SigningKey | null, tx: Prisma.TransactionClient) => boolean | Promise<boolean>;

async function makeKey({ database, seal, clock }: Omit<KeySetDeps, 'log'>, alg: SigningAlg, revoke: boolean, wanted: Wanted) {
  const { kid, publicJwk, privateText } = await newPair(alg);
  return database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.signingKeys}::bigint)::text`;
    const now = clock.now();
    const newest = await tx.signingKey.findFirst({ where: alive(now), orderBy: { createdAt: 'desc' } });
    if (!(await wanted(newest, tx))) return null;
    const signsFrom = revoke || !newest ? now : new Date(now.getTime() + PUBLISHED_FIRST_MS);
    const retiresAt = revoke ? now : new Date(signsFrom.getTime() + TOKEN_S_MAX * 1_000 + SLACK_MS);
    const others = await tx.signingKey.findMany({ where: revoke ? alive(now) : { retiresAt: null }, select: { kid: true } });
    await tx.signingKey.updateMany({ where: { kid: { in: others.map((one) => one.kid) } }, data: { retiresAt } });
    await tx.signingKey.deleteMany({ where: { retiresAt: { lt: new Date(now.getTime() - TOKEN_S_MAX * 1_000) } } });
    await tx.signingKey.create({ data: { kid, alg, publicJwk, sealed: seal.close(privateText, sealedFor(kid)), createdAt: now, signsFrom } });
    return { kid, revoked: revoke ? others.map((one) => one.kid) : [] };
  });
}

function alive(now: Date) {
  return { OR: [{ retiresAt: null }, { retiresAt: { gt: now } }] };
}

function isAlive({ row }: Known, nowMs: number): boolean {
  return row.retiresAt === null || row.retiresAt.getTime() > nowMs;
}

/** @throws Error when it was sealed with another secret. */
async function openPrivate(seal: Seal, kid: string, sealed: string, alg: SigningAlg): Promise<Signer | null> {
  const privateKey = await importJWK(AnyJwk.parse(JSON.parse(seal.open(sealed, sealedFor(kid)))), alg, { extractable: false });
  return isCryptoKey(privateKey) ? { kid, alg, privateKey } : null;
}

function sealedFor(kid: string): string {
  return `signing key ${kid}`;
}

async function newPair(alg: SigningAlg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const { kty = '', crv = '', x = '', y } = await exportJWK(publicKey);
  const publicJwk = { kty, crv, x, ...(y === undefined ? {} : { y }) };
  return { kid: await calculateJwkThumbprint(publicJwk), publicJwk, privateText: JSON.stringify(await exportJWK(privateKey)) };
}

async function importPublic(row: SigningKey): Promise<Known | null> {
  const alg = SIGNING_ALGS.find((one) => one === row.alg);
  const jwk = AnyJwk.safeParse(row.publicJwk);
  if (!alg || !jwk.success) return null;
  const publicKey = await importJWK(jwk.data, alg).catch(() => null);
  return publicKey && isCryptoKey(publicKey) ? { row, alg, publicKey } : null;
}

/** jose answers bytes for symmetric keys, which are none of ours. */
function isCryptoKey(key: CryptoKey | Uint8Array): key is CryptoKey {
  return !(key instanceof Uint8Array);
}
