/** The words that the verbs of accounts share: what they take, what they stand on, and small rules about addresses. Does nothing by itself. */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, User } from '../store/generated/prisma/client.ts';
import type { Scope, UserRole } from '../store/roles.ts';
import { hasScope, type StaffViewer } from '../store/viewer.ts';
import type { Lockout, Origin } from './lockout.ts';
import type { OAuthProvider } from './oauth.ts';
import type { Passwords } from './password.ts';
import type { Revocation } from './revocation.ts';
import type { Sessions, SessionTokens } from './session.ts';

export type Staff = StaffViewer;

/** Who calls, as far as the door knows. */
export interface Caller extends Origin {
  readonly userAgent: string | null;
}

export interface Mail {
  readonly recipient: string;
  /** In snake_case: `verify_email`, `reset_password`. */
  readonly subject: string;
  readonly payload: Prisma.InputJsonObject;
  /** For the receiver's eyes alone. */
  readonly secret?: { readonly token: string };
}

export interface LoggedIn extends SessionTokens {
  readonly user: User;
  /** For the device to keep and bring at its next log-in: strangers' tries do not count against it. */
  readonly deviceToken: string;
}

export interface Accounts {
  register(
    input: { readonly email: string | null; readonly name: string; readonly password: string; readonly invitation: string | null },
    caller: Caller,
  ): Promise<void>;
  verifyEmail(token: string): Promise<void>;
  logIn(input: { readonly email: string; readonly password: string }, caller: Caller): Promise<LoggedIn>;
  refresh(refreshToken: string): Promise<SessionTokens>;
  /** Ends this log-in, another one, or all of theirs. @returns How many ended. */
  logOut(viewer: Staff, which: { readonly all: boolean; readonly sessionId: string | null }): Promise<number>;
  requestPasswordReset(email: string, caller: Caller): Promise<void>;
  resetPassword(input: { readonly token: string; readonly password: string }): Promise<void>;
  changePassword(viewer: Staff, input: { readonly current: string; readonly next: string }, caller: Caller): Promise<void>;
  /** Takes `write:users`, and for any role but the least `manage:roles`. */
  invite(viewer: Staff, input: { readonly email: string; readonly role: UserRole }): Promise<void>;
  /** Takes `write:users`, and for those who may give roles `manage:roles`. @throws AppError CONFLICT for the last of them. */
  setActive(viewer: Staff, input: { readonly userId: string; readonly active: boolean }): Promise<User>;
  /** By accounts elsewhere. */
  readonly external: ExternalSignIns;
  /** Resolves when what happens after answers has happened. */
  settled(): Promise<void>;
}

/** Why somebody comes back without a code. */
export const SIGN_IN_REFUSALS = ['denied', 'failed', 'unverified_email', 'unknown_account', 'inactive_account'] as const;
export type SignInRefusal = (typeof SIGN_IN_REFUSALS)[number];

export interface ExternalSignIns {
  /**
   * Where to send the browser, and what it has to keep until it comes back.
   * @param codeChallenge Of the front-end (RFC 7636, S256): what comes back is worth nothing without its verifier, so that nobody can be
   * logged in as somebody else by an address they were sent.
   * @throws AppError NOT_FOUND for a provider there is not, BAD_INPUT for a challenge that is none or a place to return to that is not
   * allowed, UNAVAILABLE.
   */
  begin(provider: string, returnTo: string | null, codeChallenge: string | null): Promise<{ url: URL; browser: string }>;
  /**
   * What to do with a browser that came back: send it to its front-end with a code or a refusal.
   * @throws AppError BAD_INPUT when it began nothing that is still open: nothing is known of where it belongs.
   */
  finish(provider: string, query: URLSearchParams, browser: string | null): Promise<{ returnTo: URL } & ({ code: string } | { refusal: SignInRefusal })>;
  /** Once, within a minute, with the verifier of the challenge. @throws AppError UNAUTHENTICATED */
  exchange(code: string, codeVerifier: string, caller: Caller): Promise<SessionTokens>;
}

/** What the verbs of accounts stand on. */
export interface AccountsDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly lockout: Lockout;
  readonly revocation: Pick<Revocation, 'note' | 'tell'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether anybody may register. */
  readonly open: boolean;
  /** Where else people may have an account to sign in with. */
  readonly providers: readonly OAuthProvider[];
  /** Origins that browsers may be sent back to; the first is where those go who name no place. */
  readonly returnOrigins: readonly string[];
  /** @param viewer Null: the account itself, which nobody is signed in to yet. */
  audit(tx: Prisma.TransactionClient, viewer: Staff | null, action: string, userId: string, changes: Prisma.InputJsonObject, now: Date): Promise<void>;
  mail(tx: Prisma.TransactionClient, mail: Mail, now: Date): Promise<void>;
}

/** Hands over what happens after an answer. @throws AppError UNAVAILABLE when too much of it waits. */
export type Afterwards = (work: () => Promise<void>) => void;

/** Known to be tried in passwords for this very place. */
export const OUR_NAME = 'parley';

/** Of those who register by themselves; somebody raises it when it is too little. */
export const FIRST_ROLE = 'readonly' satisfies UserRole;

/** @throws AppError FORBIDDEN for whoever lacks the scope. */
export function requireScope(viewer: Staff, scope: Scope): void {
  if (!hasScope(viewer, scope)) throw new AppError('FORBIDDEN', `This takes the scope \`${scope}\`, which you do not have.`);
}

/** Addresses are the same in any case: nobody has two accounts by writing theirs differently. */
export function lower(email: string): string {
  return email.trim().toLowerCase();
}

export function localPart(email: string): string {
  return email.slice(0, email.lastIndexOf('@'));
}
