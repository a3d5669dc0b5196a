/**
 * The accounts of the people of the desk: register, confirm, log in and out, change and reset passwords, invite, switch off. Registering
 * is by invitation unless it is opened, since everybody of the desk sees customers; whoever comes without an invitation has the least
 * role. Nothing here tells whether an address has an account: what would, happens after the answer. Audit entries and mails are written
 * by whoever opens this room, in our transactions.
 */
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { lower, requireScope, type Accounts, type AccountsDeps, type Caller, type LoggedIn } from './account.ts';
import { createExternalSignIns } from './external-sign-in.ts';
import { createPasswordChange } from './password-change.ts';
import { createRegistration } from './registration.ts';
import type { Principal } from '../store/principal.ts';
import { holdRoleGivers, refuseLastRoleGiver } from '../store/role-givers.ts';

/** What happens after an answer; more are refused, since nobody waits for them. */
const LATER_MAX = 100;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { database, passwords, sessions, lockout, revocation, clock, log } = deps;
  const later = new Set<Promise<void>>();

  /** Goes on after the answer: who measures the answer learns nothing of what is found. */
  function afterwards(work: () => Promise<void>): void {
    if (later.size >= LATER_MAX) throw new AppError('UNAVAILABLE', 'Too many ask for this at the moment. Try again in a minute.', { retryAfterMs: 60_000 });
    const done: Promise<void> = Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.error({ err: error }, 'what was asked for an account was not done'))
      .finally(() => later.delete(done));
    later.add(done);
  }

  async function logIn({ email, password }: { readonly email: string; readonly password: string }, caller: Caller): Promise<LoggedIn> {
    const account = lower(email);
    const attempt = await lockout.begin(account, caller);
    const user = await database.user.findUnique({ where: { email: account } });
    const verdict = await passwords.verify(password, user?.passwordHash ?? null);
    if (!user?.active || verdict === 'wrong') throw new AppError('UNAUTHENTICATED', 'The address or the password is not right.');
    // They know the password: it is their account, and telling them gives nothing away.
    if (!user.verifiedAt) throw new AppError('FORBIDDEN', 'Confirm your address first: open the link in the mail we sent to it.');
    await attempt.succeeded();
    const upgraded = verdict === 'stale' ? await passwords.hash(password) : null;
    const tokens = await database.$transaction(async (tx) => {
      if (upgraded) await tx.user.updateMany({ where: { id: user.id, passwordHash: user.passwordHash }, data: { passwordHash: upgraded } });
      const begun = await sessions.begin(tx, user, caller);
      await deps.audit(tx, null, 'account.logged_in', user.id, { sessionId: begun.sessionId }, clock.now());
      return begun;
    });
    return { ...tokens, user, deviceToken: lockout.deviceToken(account) };
  }

  return Object.freeze<Accounts>({
    ...createRegistration(deps, afterwards),
    ...createPasswordChange(deps, afterwards),
    logIn,
    external: createExternalSignIns(deps),
    refresh: sessions.refresh,
    async logOut(viewer, { all, sessionId }) {
      const id = sessionId ?? viewer.sessionId ?? null;
      if (!all && id === null) throw badInput('input.sessionId', 'this token belongs to no log-in. Say which to end, or all.');
      const ended = await database.$transaction(async (tx) => {
        const { userId } = viewer;
        const principals = await sessions.end(tx, { userId, ...(all || id === null ? {} : { id }) }, sessionId === null ? 'logged_out' : 'revoked');
        await deps.audit(tx, viewer, 'account.logged_out', userId, { sessions: principals.length }, clock.now());
        return principals;
      });
      await revocation.tell(ended);
      return ended.length;
    },
    async setActive(viewer, { userId, active }) {
      requireScope(viewer, 'write:users');
      if (userId === viewer.userId) throw badInput('input.userId', 'you cannot switch off yourself.');
      const { user, principals } = await database.$transaction(async (tx) => {
        const now = clock.now();
        await holdRoleGivers(tx, userId);
        const before = await tx.user.findUnique({ where: { id: userId } });
        if (!before) throw notFound('user');
        if (before.role === 'super_admin') {
          requireScope(viewer, 'manage:roles');
          if (!active) await refuseLastRoleGiver(tx, userId);
        }
        const changed = await tx.user.update({ where: { id: userId }, data: { active } });
        const own: Principal[] = [`user:${userId}`];
        await revocation.note(tx, own);
        await deps.audit(tx, viewer, active ? 'account.enabled' : 'account.disabled', userId, { active }, now);
        return { user: changed, principals: active ? own : [...own, ...(await sessions.end(tx, { userId }, 'disabled'))] };
      });
      await revocation.tell(principals);
      return user;
    },
    async settled() {
      while (later.size > 0) await Promise.all(later);
    },
  });
}
