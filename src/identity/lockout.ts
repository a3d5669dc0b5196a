/**
 * Slows down those who guess passwords, without a way to lock anybody else out. Tries are counted before they are made, in four places:
 * by the device, when it brings the token of an earlier log-in of this account; otherwise by account and network (IPv4 /24, IPv6 /64)
 * together, by network, and by account. The first three grow from a second to a limit. The last, which strangers anywhere can drive
 * up, never refuses: it makes each try take some seconds longer. So whoever guesses blocks their own network at most; the owner
 * comes in from a known device at once, and from anywhere else within seconds. Accounts are known here by a hash of their address,
 * whether they exist or not, so that nothing here tells which do.
 */
import { createHash, randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { Seal } from './seal.ts';

export interface Origin {
  /** The caller's IP address; null when it is not known. */
  readonly address: string | null;
  /** What an earlier log-in of this account gave to the device. */
  readonly deviceToken?: string | null | undefined;
}

export interface Try {
  /** It was the right person: what counts against them is forgotten. */
  succeeded(): Promise<void>;
}

export interface Lockout {
  /** Counts a try and waits as long as it has to. @throws AppError RATE_LIMITED with `retryAfterMs`, the same whether the account exists or not. */
  begin(account: string, origin: Origin, signal?: AbortSignal): Promise<Try>;
  /** For the device to bring at its next log-in of this account. Grants nothing. */
  deviceToken(account: string): string;
  /** Forgets what is old. */
  prune(): Promise<number>;
}

export interface LockoutDeps {
  readonly database: Database;
  readonly seal: Seal;
  readonly clock: Clock;
}

export interface Rule {
  /** Tries that cost nothing. */
  readonly free: number;
  /** After the first that costs; each further one doubles it. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export interface Count {
  readonly tries: number;
  readonly lastAtMs: number;
  readonly blockedToMs: number;
}

const DEVICE: Rule = { free: 10, firstMs: 1_000, mostMs: 15 * 60_000 };
export const ACCOUNT_AND_NETWORK: Rule = { free: 5, firstMs: 1_000, mostMs: 15 * 60_000 };
/** An office behind one address has many people. */
const NETWORK: Rule = { free: 50, firstMs: 1_000, mostMs: 60_000 };
/** Never refuses: what would be the block is how long the try takes. */
const ACCOUNT: Rule = { free: 20, firstMs: 100, mostMs: 3_000 };
/** Who has not tried for so long begins anew. */
const FORGOTTEN_MS = 24 * 60 * 60_000;

interface Row {
  readonly key: string;
  readonly tries: number;
  readonly lastAt: Date;
  readonly blockedTo: Date;
}

interface Place {
  readonly key: string;
  readonly rule: Rule;
  readonly slows?: boolean;
}

export function createLockout({ database, seal, clock }: LockoutDeps): Lockout {
  function placesOf(account: string, { address, deviceToken }: Origin): Place[] {
    const device = deviceToken ? deviceIn(deviceToken, account) : null;
    if (device !== null) return [{ key: hashed('device', account, device), rule: DEVICE }];
    const network = networkOf(address);
    return [
      { key: hashed('account', account), rule: ACCOUNT, slows: true },
      { key: hashed('account and network', account, network), rule: ACCOUNT_AND_NETWORK },
      { key: hashed('network', network), rule: NETWORK },
    ];
  }

  /** Null for anything but a token of this very account. */
  function deviceIn(token: string, account: string): string | null {
    try {
      return seal.open(token, devicePurpose(account));
    } catch {
      return null;
    }
  }

  /** Counts in all places, or in none when one refuses. @returns How long the try has to take, in milliseconds. */
  async function count(places: readonly Place[], now: Date): Promise<number> {
    const nowMs = now.getTime();
    const keys = places.map(({ key }) => key).toSorted();
    return database.$transaction(async (tx) => {
      await tx.logInThrottle.createMany({ data: keys.map((key) => ({ key, tries: 0, lastAt: now, blockedTo: now })), skipDuplicates: true });
      const rows = await tx.$queryRaw<Row[]>`SELECT * FROM "LogInThrottle" WHERE "key" = ANY(${keys}) ORDER BY "key" FOR UPDATE`;
      const known = new Map(rows.map((row) => [row.key, { tries: row.tries, lastAtMs: row.lastAt.getTime(), blockedToMs: row.blockedTo.getTime() }]));
      let delayMs = 0;
      let waitMs = 0;
      const counted: { key: string; data: Omit<Row, 'key'> }[] = [];
      for (const { key, rule, slows = false } of places) {
        const before = known.get(key) ?? { tries: 0, lastAtMs: nowMs, blockedToMs: nowMs };
        if (!slows) waitMs = Math.max(waitMs, before.blockedToMs - nowMs);
        const after = countOne(before, rule, nowMs);
        if (slows) delayMs = Math.max(delayMs, after.blockedToMs - nowMs);
        counted.push({ key, data: { tries: after.tries, lastAt: now, blockedTo: new Date(after.blockedToMs) } });
      }
      if (waitMs > 0) throw new AppError('RATE_LIMITED', `Too many tries. Wait ${Math.ceil(waitMs / 1_000)} seconds.`, { retryAfterMs: waitMs });
      for (const { key, data } of counted) await tx.logInThrottle.update({ where: { key }, data });
      return delayMs;
    });
  }

  return Object.freeze<Lockout>({
    async begin(account, origin, signal) {
      const places = placesOf(account, origin);
      const delayMs = await count(places, clock.now());
      if (delayMs > 0) await clock.sleep(delayMs, signal);
      const keysOf = (own: boolean) => places.filter(({ rule }) => (rule === DEVICE || rule === ACCOUNT_AND_NETWORK) === own).map(({ key }) => key);
      return {
        async succeeded() {
          await database.logInThrottle.deleteMany({ where: { key: { in: keysOf(true) } } });
          // One of many who share these counts: only this try is taken back.
          await database.logInThrottle.updateMany({ where: { key: { in: keysOf(false) }, tries: { gt: 0 } }, data: { tries: { decrement: 1 } } });
        },
      };
    },
    deviceToken: (account) => seal.close(randomBytes(16).toString('base64url'), devicePurpose(account)),
    async prune() {
      const { count: gone } = await database.logInThrottle.deleteMany({ where: { lastAt: { lt: new Date(clock.now().getTime() - FORGOTTEN_MS) } } });
      return gone;
    },
  });
}

/** One more try at this moment. */
export function countOne(before: Count, { free, firstMs, mostMs }: Rule, nowMs: number): Count {
  const tries = nowMs - before.lastAtMs >= FORGOTTEN_MS ? 1 : before.tries + 1;
  // Beyond 30 doublings every limit is reached.
  const blockMs = tries < free ? 0 : Math.min(mostMs, firstMs * 2 ** Math.min(tries - free, 30));
  return { tries, lastAtMs: nowMs, blockedToMs: nowMs + blockMs };
}

/** What one caller can easily have all addresses of. */
export function networkOf(address: string | null): string {
  const bare = address?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? '';
  if (isIPv4(bare)) return `${bare.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(bare)) return 'unknown';
  // The URL parser writes the short form; filled up again, the first four groups are the network.
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const [start, end] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const filled =
    tail === undefined ? (start ?? []) : [...(start ?? []), ...Array<string>(8 - (start?.length ?? 0) - (end?.length ?? 0)).fill('0'), ...(end ?? [])];
  return `${filled.slice(0, 4).join(':')}::/64`;
}

function hashed(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function devicePurpose(account: string): string {
  return `device of ${account}`;
}
