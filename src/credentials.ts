/** What says who someone is, put together from its parts: the keys that sign, the tokens, and the rounds that keep them fresh. */
import type { Config } from './config.ts';
import { auditEntry, systemEntry } from './desk/audit.ts';
import { enqueueOutgoing } from './desk/outbox.ts';
import { startRounds } from './desk/rounds.ts';
import { keepSecret } from './development.ts';
import type { Clock } from './foundation/clock.ts';
import type { Logger } from './foundation/logger.ts';
import { FIRST_ROLE, type Accounts } from './identity/account.ts';
import { createAccounts } from './identity/accounts.ts';
import { createAuthenticate, type Authenticate } from './identity/authenticate.ts';
import { createKeySet, type KeySet } from './identity/key-set.ts';
import { createSeal, type Seal } from './identity/seal.ts';
import { createTokens, type Tokens } from './identity/token.ts';
import { createLeakedPasswords } from './identity/leaked-passwords.ts';
import { createLockout } from './identity/lockout.ts';
import { pruneOneTime } from './identity/one-time.ts';
import { createPasswords, type Passwords } from './identity/password.ts';
import { createSessions } from './identity/session.ts';
import { createRevocation, LOOK_MS, type Revocation, type RevocationDeps } from './identity/revocation.ts';
import type { SignalBus } from './jobs/signal-bus.ts';
import { signInProviders, type SignInConfig } from './sign-in.ts';
import type { Database } from './store/database.ts';
import { DAY_MS } from './store/period.ts';
import { staffViewer } from './store/viewer.ts';

export interface CredentialsDeps {
  readonly config: Pick<Config, 'jwtSecret' | 'dataDir' | 'signingKeyDays'>;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Credentials {
  readonly keys: KeySet;
  readonly tokens: Tokens;
  readonly seal: Seal;
}

const HOUR_MS = 3_600_000;

/** @param opened Receives what closes the rounds. */
export async function openCredentials({ config, database, clock, log }: CredentialsDeps, opened: (() => Promise<void> | void)[]): Promise<Credentials> {
  const seal = createSeal(config.jwtSecret ?? (await keepSecret(config.dataDir)));
  const keys = createKeySet({ database, seal, clock, log });
  // The first start makes the first key, so that the published set is never empty.
  await keys.signer();
  const rotation = startRounds({
    clock,
    log,
    everyMs: HOUR_MS,
    failed: 'the signing keys could not be looked at',
    round: () => keys.rotateWhenOlder(config.signingKeyDays * DAY_MS),
  });
  opened.push(() => rotation.close());
  return { keys, tokens: createTokens({ keys, clock }), seal };
}

export interface CallersDeps extends CredentialsDeps, Credentials {
  readonly config: CredentialsDeps['config'] & AccountsDeps['config'];
  readonly signals: SignalBus;
}

export interface Callers {
  readonly revocation: Revocation;
  readonly accounts: Accounts;
  readonly authenticate: Authenticate;
}

/** What tells who calls, and ends what they opened when it is taken back. */
export function openCallers({ keys, ...deps }: CallersDeps, opened: (() => Promise<void> | void)[]): Callers {
  const revocation = watchRevocation(deps, opened);
  revocation.onRevoked((principal) => (principal.startsWith('signer:') ? keys.forget() : undefined));
  return { revocation, accounts: openAccounts({ ...deps, revocation }, opened), authenticate: createAuthenticate(deps) };
}

/** What was granted can be taken back, here and on every other instance. */
function watchRevocation(deps: RevocationDeps, opened: (() => Promise<void> | void)[]): Revocation {
  const revocation = createRevocation(deps);
  opened.push(revocation.close);
  const { clock, log } = deps;
  const looks = startRounds({ clock, log, everyMs: LOOK_MS, failed: 'what was revoked could not be looked at', round: () => revocation.look() });
  opened.push(() => looks.close());
  return revocation;
}

export interface AccountsDeps extends Omit<CredentialsDeps, 'config'>, Pick<Credentials, 'tokens' | 'seal'> {
  readonly config: Pick<Config, 'registrationOpen' | 'passwordCharsMin' | 'leakedPasswordsUrl'> & SignInConfig;
  readonly revocation: Revocation;
  /** Left out: with the cost that OWASP asks for. */
  readonly passwords?: Passwords;
}

/** What a mail of the desk's own hides until it is delivered. */
export function mailPurpose(outboxId: string): string {
  return `mail ${outboxId}`;
}

/** The accounts of the desk, with the desk's audit entries and outbox. */
export function openAccounts(
  { config, database, tokens, seal, revocation, clock, log, ...deps }: AccountsDeps,
  opened: (() => Promise<void> | void)[],
): Accounts {
  const { leakedPasswordsUrl: url } = config;
  const isLeaked = url === null ? undefined : createLeakedPasswords({ url, log });
  const passwords = deps.passwords ?? createPasswords({ charsMin: config.passwordCharsMin, isLeaked });
  const lockout = createLockout({ database, seal, clock });
  const sessions = createSessions({
    database,
    tokens,
    revocation,
    clock,
    async onReplay(tx, userId, sessionId, now) {
      await tx.auditEntry.create({ data: systemEntry('account.token_replayed', 'user', userId, { sessionId }, now) });
    },
  });
  const accounts = createAccounts({
    database,
    passwords,
    sessions,
    lockout,
    revocation,
    clock,
    log,
    open: config.registrationOpen,
    providers: signInProviders(config),
    returnOrigins: config.oauth.returnOrigins,
    async audit(tx, viewer, action, userId, changes, now) {
      // Nobody is signed in yet: the account acts for itself.
      const actor = viewer ?? staffViewer({ userId, name: '', role: FIRST_ROLE });
      await tx.auditEntry.create({ data: auditEntry(actor, action, 'user', userId, changes, now) });
    },
    async mail(tx, { recipient, subject, payload, secret }, now) {
      const sealed = secret && { seal: (id: string) => seal.close(JSON.stringify(secret), mailPurpose(id)) };
      await enqueueOutgoing(tx, { kind: 'email', customerId: null, subject, recipient, payload, ...sealed }, now);
    },
  });
  const prune = async () => [await lockout.prune(), await sessions.prune(), await pruneOneTime(database, clock.now())];
  const rounds = startRounds({ clock, log, everyMs: HOUR_MS, failed: 'old log-ins could not be forgotten', round: prune });
  opened.push(
    () => rounds.close(),
    () => accounts.settled(),
  );
  return accounts;
}
