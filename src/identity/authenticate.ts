/**
 * From a credential to a viewer: one place that tells tokens from API keys, and asks the rows whether what it says still holds. A token
 * of a person of the desk says who they are; their name and role come from their row, so that both change at once. Where the credential
 * stood is the gateway's business.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { UserRole } from '../store/generated/prisma/client.ts';
import { staffViewer, type StaffViewer, type Viewer } from '../store/viewer.ts';
import { verifyApiKey } from './api-key.ts';
import { readPrincipals, type Versions } from './revocation.ts';
import type { Principal } from '../store/principal.ts';
import type { Tokens } from './token.ts';

export interface Authenticated {
  readonly viewer: Viewer;
  /** When the credential stops being one; null for keys without an end. */
  readonly expiresAt: Date | null;
  /** What it stands on: when one of these changes, it is to be checked again. Left out: nothing takes it back. */
  readonly versions?: Versions;
}

/** @throws AppError UNAUTHENTICATED for anything that is neither a valid token nor a valid key. */
export type Authenticate = (credential: string) => Promise<Authenticated>;

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
  async function check(credential: string): Promise<Checked> {
    if (credential.startsWith('pk_')) {
      const { viewer, expiresAt } = await verifyApiKey(database, credential, clock);
      return { viewer, expiresAt, principals: principalsOf(viewer), issuedAt: null };
    }
    const { viewer, expiresAt, issuedAt, kid } = await tokens.verify(credential);
    const present = viewer.kind === 'staff' ? await presentStaff(database, viewer, clock.now()) : viewer;
    return { viewer: present, expiresAt, principals: [...principalsOf(viewer), `signer:${kid}`], issuedAt };
  }

  async function authenticate(credential: string, again: boolean): Promise<Authenticated> {
    const { viewer, expiresAt, principals, issuedAt } = await check(credential);
    const rows = await readPrincipals(database, principals);
    if (rows.some(({ notBefore }) => issuedAt && notBefore && issuedAt < notBefore)) throw ended();
    const justNowMs = clock.now().getTime() - JUST_NOW_MS;
    if (!again && rows.some(({ changedAt }) => changedAt.getTime() > justNowMs)) return authenticate(credential, true);
    const known = new Map(rows.map((row) => [row.principal, row.version]));
    return { viewer, expiresAt, versions: new Map(principals.map((principal) => [principal, known.get(principal) ?? 0])) };
  }

  return (credential) => authenticate(credential, false);
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

function ended(): AppError {
  return new AppError('UNAUTHENTICATED', 'This sign-in has ended. Sign in again.');
}
