/**
 * From a credential to a viewer: one place that tells tokens from API keys, and asks the rows whether what it says still holds. A token
 * of a person of the desk says who they are; their name and role come from their row, so that both change at once. A token of a customer
 * holds no longer than whoever made it. Where the credential stood is the gateway's business.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { UserRole } from '../store/generated/prisma/client.ts';
import { staffViewer, type StaffViewer, type Viewer } from '../store/viewer.ts';
import { verifyApiKey } from './api-key.ts';
import { readPrincipals, type Versions } from './revocation.ts';
import type { Principal } from '../store/principal.ts';
import type { Maker, Tokens } from './token.ts';

export interface Authenticated {
  readonly viewer: Viewer;
  /** When the credential stops being one; null for keys without an end. */
  readonly expiresAt: Date | null;
  /** What it stands on: when one of these changes, it is to be checked again. Left out: nothing takes it back. */
  readonly versions?: Versions;
}

export interface Caller {
  /** The IP address that the credential came from; null when it is not known. */
  readonly address: string | null;
}

/** @throws AppError UNAUTHENTICATED for anything that is neither a valid token nor a key that is valid there. */
export type Authenticate = (credential: string, caller: Caller) => Promise<Authenticated>;

export interface AuthenticateDeps {
  readonly tokens: Tokens;
  readonly database: Database;
  readonly clock: Clock;
}

/** What changed this lately may have changed between the reading of two rows: all are read once more. */
const JUST_NOW_MS = 5_000;

interface Checked {
  readonly viewer: Viewer;
  readonly expiresAt: Date | null;
  readonly principals: readonly Principal[];
  /** Null for keys, whose row says everything. */
  readonly issuedAt: Date | null;
}

export function createAuthenticate({ tokens, database, clock }: AuthenticateDeps): Authenticate {
  async function check(credential: string, { address }: Caller): Promise<Checked> {
    if (credential.startsWith('pk_')) {
      const { viewer, expiresAt } = await verifyApiKey(database, credential, clock, address);
      return { viewer, expiresAt, principals: principalsOf(viewer), issuedAt: null };
    }
    const { viewer, expiresAt, issuedAt, kid, madeBy } = await tokens.verify(credential);
    const principals: Principal[] = [...principalsOf(viewer), `signer:${kid}`, ...(madeBy === null ? [] : [madeBy])];
    if (viewer.kind === 'customer') {
      const endsAt = await presentCustomer(database, viewer.customerId, madeBy, clock.now());
      return { viewer, expiresAt: endsAt && endsAt < expiresAt ? endsAt : expiresAt, principals, issuedAt };
    }
    const present = viewer.kind === 'staff' ? await presentStaff(database, viewer, clock.now()) : viewer;
    return { viewer: present, expiresAt, principals, issuedAt };
  }

  async function authenticate(credential: string, caller: Caller, again: boolean): Promise<Authenticated> {
    const { viewer, expiresAt, principals, issuedAt } = await check(credential, caller);
    const rows = await readPrincipals(database, principals);
    if (rows.some(({ notBefore }) => issuedAt && notBefore && issuedAt < notBefore)) throw ended();
    const justNowMs = clock.now().getTime() - JUST_NOW_MS;
    if (!again && rows.some(({ changedAt }) => changedAt.getTime() > justNowMs)) return authenticate(credential, caller, true);
    const known = new Map(rows.map((row) => [row.principal, row.version]));
    return { viewer, expiresAt, versions: new Map(principals.map((principal) => [principal, known.get(principal) ?? 0])) };
  }

  return (credential, caller) => authenticate(credential, caller, false);
}

function principalsOf(viewer: Viewer): Principal[] {
  switch (viewer.kind) {
    case 'staff':
      return viewer.sessionId ? [`user:${viewer.userId}`, `session:${viewer.sessionId}`] : [`user:${viewer.userId}`];
    case 'customer':
      return [`customer:${viewer.customerId}`];
    case 'partner':
      return viewer.keyId === null ? [] : [`key:${viewer.keyId}`];
  }
}

interface StaffRow {
  readonly name: string;
  readonly role: UserRole;
  readonly active: boolean;
  /** Null without a session. */
  readonly sessionEndsAt: Date | null;
}

async function presentStaff(database: Database, viewer: StaffViewer, now: Date): Promise<Viewer> {
  const { userId, sessionId = null } = viewer;
  const [row] = await database.sql.query<StaffRow>`
    SELECT u."name", u."role", u."active", LEAST(s."expiresAt", s."endedAt") AS "sessionEndsAt"
      FROM "User" AS u LEFT JOIN "StaffSession" AS s ON s."id" = ${sessionId} AND s."userId" = u."id"
     WHERE u."id" = ${userId}`;
  if (!row?.active) throw ended();
  if (sessionId !== null && (row.sessionEndsAt === null || row.sessionEndsAt <= now)) throw ended();
  return staffViewer({ userId, name: row.name, role: row.role, sessionId });
}

interface CustomerRow {
  readonly erased: boolean;
  readonly makerActive: boolean | null;
  readonly keyKnown: boolean;
  readonly keyEndsAt: Date | null;
}

/** When the key that made the token ends; null where none does. @throws AppError UNAUTHENTICATED when the customer or the maker is no more. */
async function presentCustomer(database: Database, customerId: string, madeBy: Maker | null, now: Date): Promise<Date | null> {
  const [userId, keyId] = ['user:', 'key:'].map((kind) => (madeBy?.startsWith(kind) ? madeBy.slice(kind.length) : null));
  const [row] = await database.sql.query<CustomerRow>`
    SELECT EXISTS (SELECT 1 FROM "Erasure" WHERE "customerId" = ${customerId}) AS "erased", u."active" AS "makerActive",
           k."id" IS NOT NULL AS "keyKnown", LEAST(k."expiresAt", k."revokedAt") AS "keyEndsAt"
      FROM (VALUES (1)) AS one LEFT JOIN "User" AS u ON u."id" = ${userId ?? null} LEFT JOIN "ApiKey" AS k ON k."id" = ${keyId ?? null}`;
  if (!row || row.erased || (userId && !row.makerActive) || (keyId && !row.keyKnown)) throw ended();
  if (row.keyEndsAt && row.keyEndsAt <= now) throw ended();
  return row.keyEndsAt;
}

function ended(): AppError {
  return new AppError('UNAUTHENTICATED', 'This sign-in has ended. Sign in again.');
}
