/**
 * People of the desk who sign in with an account elsewhere. An attempt works once, within ten minutes, in the browser that began it. An
 * account elsewhere is linked to ours once, by an e-mail address that the provider has verified; from then on it is known by its own id.
 * It makes no accounts: whoever is not of the desk is refused. What a sign-in gives is a code for the front-end that asked, exchanged once
 * for a session with the verifier that only this front-end has (RFC 7636).
 */
import { createHash, randomBytes } from 'node:crypto';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, User } from '../store/generated/prisma/client.ts';
import type { Principal } from '../store/principal.ts';
import type { AccountsDeps, ExternalSignIns, SignInRefusal } from './account.ts';
import { newAttemptSecrets, type ExternalProfile, type OAuthProvider } from './oauth.ts';

export type ExternalSignInDeps = Pick<AccountsDeps, 'database' | 'clock' | 'log' | 'sessions' | 'revocation' | 'audit' | 'providers' | 'returnOrigins'>;

/** 32 bytes as base64url. */
const CHALLENGE = /^[\w-]{43}$/;
const ATTEMPT_MS = 10 * 60_000;
const CODE_MS = 60_000;
/** Attempts that are open at once: anybody may begin one. */
const ATTEMPTS_MAX = 10_000;

export function createExternalSignIns(deps: ExternalSignInDeps): ExternalSignIns {
  const { database, clock, log, sessions } = deps;
  const providers = new Map(deps.providers.map((provider) => [provider.name, provider]));
  const providerOf = (name: string): OAuthProvider => {
    const provider = providers.get(name);
    if (!provider) throw notFound('way to sign in');
    return provider;
  };

  return Object.freeze<ExternalSignIns>({
    async begin(name, returnTo, codeChallenge) {
      const provider = providerOf(name);
      if (codeChallenge === null || !CHALLENGE.test(codeChallenge))
        throw badInput('code_challenge', 'must be the base64url of the SHA-256 of a verifier that your front-end keeps.');
      const back = allowedReturn(deps.returnOrigins, returnTo);
      const now = clock.now();
      await database.signInAttempt.deleteMany({ where: { expiresAt: { lte: now } } });
      if ((await database.signInAttempt.count()) >= ATTEMPTS_MAX) throw new AppError('UNAVAILABLE', 'Too many people are signing in. Try again in a moment.');
      const { state, nonce, codeVerifier } = newAttemptSecrets();
      const browser = randomBytes(32).toString('base64url');
      const url = await provider.authorizationUrl({ state, nonce, codeVerifier }).catch((cause: unknown) => {
        log.warn({ err: cause, provider: name }, 'a sign-in provider cannot be reached');
        throw new AppError('UNAVAILABLE', 'This way to sign in does not work right now. Try again in a moment.', { cause });
      });
      await database.signInAttempt.create({
        data: {
          stateHash: hashOf(state),
          browserHash: hashOf(browser),
          provider: name,
          codeVerifier,
          nonce,
          returnTo: back.href,
          codeChallenge,
          expiresAt: new Date(now.getTime() + ATTEMPT_MS),
        },
      });
      return { url, browser };
    },

    async finish(name, query, browser) {
      const provider = providerOf(name);
      const state = query.get('state') ?? '';
      const attempt = await takeAttempt(database, name, state, browser ?? '', clock.now());
      if (!attempt) throw badInput('state', 'this sign-in was not begun in this browser, is too old, or was finished before. Begin again.');
      const returnTo = new URL(attempt.returnTo);
      if (query.get('error') === 'access_denied') return { returnTo, refusal: 'denied' };
      const answer = await provider.profile(query, { state, nonce: attempt.nonce, codeVerifier: attempt.codeVerifier }).catch((error: unknown) => {
        log.warn({ err: error, provider: name }, 'a sign-in was refused: the answer of the provider does not hold');
        return null;
      });
      if (!answer) return { returnTo, refusal: 'failed' };
      const known = await accountOf(deps, name, answer);
      if (typeof known === 'string') return { returnTo, refusal: known };
      const code = randomBytes(32).toString('base64url');
      await database.signInCode.create({
        data: {
          hash: hashOf(code),
          userId: known.id,
          provider: name,
          codeChallenge: attempt.codeChallenge,
          expiresAt: new Date(clock.now().getTime() + CODE_MS),
        },
      });
      return { returnTo, code };
    },

    async exchange(code, codeVerifier, caller) {
      const now = clock.now();
      await database.signInCode.deleteMany({ where: { expiresAt: { lte: now } } });
      const begun = await database.$transaction(async (tx) => {
        // Deleting is taking: of two that bring one code, one gets the row.
        const [taken] = await tx.$queryRaw<{ userId: string; provider: string }[]>`
          DELETE FROM "SignInCode"
           WHERE "hash" = ${hashOf(code)} AND "codeChallenge" = ${challengeOf(codeVerifier)} AND "expiresAt" > ${now}
          RETURNING "userId", "provider"`;
        const user = taken && (await tx.user.findUnique({ where: { id: taken.userId } }));
        if (!taken || !user?.active) return null;
        const tokens = await sessions.begin(tx, user, caller);
        await deps.audit(tx, null, 'account.logged_in', user.id, { sessionId: tokens.sessionId, provider: taken.provider }, now);
        return tokens;
      });
      if (!begun) throw new AppError('UNAUTHENTICATED', 'This code is not valid. Sign in again.');
      return begun;
    },
  });
}

interface Attempt {
  readonly codeVerifier: string;
  readonly nonce: string;
  readonly returnTo: string;
  readonly codeChallenge: string;
}

/** Once: whoever gets the row has taken it. Another browser's state takes nothing, so that nobody can spoil somebody's attempt. */
async function takeAttempt(database: Database, provider: string, state: string, browser: string, now: Date): Promise<Attempt | null> {
  const [attempt] = await database.sql.query<Attempt>`
    DELETE FROM "SignInAttempt"
     WHERE "stateHash" = ${hashOf(state)} AND "browserHash" = ${hashOf(browser)} AND "provider" = ${provider} AND "expiresAt" > ${now}
    RETURNING "codeVerifier", "nonce", "returnTo", "codeChallenge"`;
  return attempt ?? null;
}

/** The person whose account elsewhere this is. One that is not linked yet is linked by an address that the provider has verified. */
async function accountOf(deps: ExternalSignInDeps, provider: string, { subject, verifiedEmail }: ExternalProfile): Promise<User | SignInRefusal> {
  const { database, revocation } = deps;
  const now = deps.clock.now();
  const linked = await database.externalIdentity.findUnique({ where: { provider_subject: { provider, subject } }, include: { user: true } });
  if (linked) {
    if (!linked.user.active) return 'inactive_account';
    await database.externalIdentity.update({ where: { provider_subject: { provider, subject } }, data: { lastUsedAt: now } });
    return linked.user;
  }
  if (verifiedEmail === null) return 'unverified_email';
  const found = await database.user.findMany({ where: { email: { equals: likeItself(verifiedEmail), mode: 'insensitive' } }, take: 2 });
  const [user] = found;
  // Two accounts that differ in upper case only: nobody can say which is meant.
  if (!user || found.length > 1) return 'unknown_account';
  if (!user.active) return 'inactive_account';
  const changed = await database.$transaction(async (tx) => {
    await tx.externalIdentity.createMany({ data: [{ provider, subject, userId: user.id, createdAt: now, lastUsedAt: now }], skipDuplicates: true });
    await deps.audit(tx, null, 'account.identity_linked', user.id, { provider }, now);
    return takeOver(deps, tx, user.id, now);
  });
  await revocation.tell(changed);
  return user;
}

/**
 * Whoever registered with an address that they never confirmed may be anybody: now that its owner has come, what the other set is void,
 * or they would go in and out beside the owner. Answers whom to tell.
 */
async function takeOver({ sessions, revocation, audit }: ExternalSignInDeps, tx: Prisma.TransactionClient, userId: string, now: Date): Promise<Principal[]> {
  const { count } = await tx.user.updateMany({ where: { id: userId, verifiedAt: null }, data: { passwordHash: null, verifiedAt: now } });
  if (count === 0) return [];
  await audit(tx, null, 'account.verified', userId, { passwordRemoved: true }, now);
  const own: Principal[] = [`user:${userId}`];
  await revocation.note(tx, own);
  return [...own, ...(await sessions.end(tx, { userId }, 'revoked'))];
}

/** @throws AppError BAD_INPUT: whoever could name any place would be sent the code there. */
function allowedReturn(origins: readonly string[], wished: string | null): URL {
  const url = URL.parse(wished ?? `${origins[0] ?? ''}/`);
  if (!url || !origins.includes(url.origin) || url.username !== '' || url.password !== '')
    throw badInput('return_to', 'must be an address of a front-end that is known here.');
  url.hash = '';
  return url;
}

/** Without regard to case the database matches by pattern: what stands for anything there must stand for itself. */
function likeItself(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

function challengeOf(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url');
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
