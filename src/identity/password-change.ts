/** Setting another password: with the one of before, or with a link from a mail. Either ends the log-ins that stood on the old one. */
import { badInput, notFound } from '../foundation/errors.ts';
import type { Prisma, User } from '../store/generated/prisma/client.ts';
import { localPart, lower, OUR_NAME, type Accounts, type AccountsDeps, type Afterwards } from './account.ts';
import { findOneTime, issueOneTime, useOneTime } from './one-time.ts';
import type { Principal } from '../store/principal.ts';

type Verbs = Pick<Accounts, 'requestPasswordReset' | 'resetPassword' | 'changePassword'>;

export function createPasswordChange(deps: AccountsDeps, afterwards: Afterwards): Verbs {
  const { database, passwords, sessions, lockout, revocation, clock } = deps;

  async function sendReset(email: string): Promise<void> {
    await database.$transaction(async (tx) => {
      const now = clock.now();
      const user = await tx.user.findUnique({ where: { email } });
      if (!user?.active) return;
      const token = await issueOneTime(tx, 'reset_password', { email, userId: user.id }, now);
      await deps.audit(tx, null, 'account.reset_asked', user.id, {}, now);
      await deps.mail(tx, { recipient: email, subject: 'reset_password', payload: { name: user.name }, secret: { token } }, now);
    });
  }

  /** Everybody who was signed in with the old one is out, but for `keep`. */
  async function setPassword(tx: Prisma.TransactionClient, user: User, passwordHash: string, keep: string | null, now: Date): Promise<Principal[]> {
    await tx.user.update({ where: { id: user.id }, data: { passwordHash, verifiedAt: user.verifiedAt ?? now } });
    // A link that was mailed for the old password must not change the new one.
    await tx.oneTimeToken.deleteMany({ where: { email: user.email, kind: 'reset_password', usedAt: null } });
    await deps.mail(tx, { recipient: user.email, subject: 'password_changed', payload: { name: user.name } }, now);
    return sessions.end(tx, { userId: user.id, except: keep }, 'password_changed');
  }

  return {
    async requestPasswordReset(email, caller) {
      const account = lower(email);
      await lockout.begin(`reset ${account}`, { address: caller.address });
      afterwards(() => sendReset(account));
    },
    async resetPassword({ token, password }) {
      const found = await findOneTime(database, 'input.token', 'reset_password', token, clock.now());
      const user = found.userId === null ? null : await database.user.findUnique({ where: { id: found.userId } });
      if (!user?.active) throw notFound('account');
      await passwords.refuseWeak('input.password', password, [localPart(user.email), user.name, OUR_NAME]);
      const passwordHash = await passwords.hash(password);
      const ended = await database.$transaction(async (tx) => {
        const now = clock.now();
        await useOneTime(tx, 'input.token', found, now);
        await deps.audit(tx, null, 'account.password_reset', user.id, {}, now);
        return setPassword(tx, user, passwordHash, null, now);
      });
      await revocation.tell(ended);
    },
    async changePassword(viewer, { current, next }, caller) {
      const user = await database.user.findUniqueOrThrow({ where: { id: viewer.userId } });
      const attempt = await lockout.begin(user.email, caller);
      if ((await passwords.verify(current, user.passwordHash)) === 'wrong') throw badInput('input.currentPassword', 'is not your password.');
      await attempt.succeeded();
      await passwords.refuseWeak('input.newPassword', next, [localPart(user.email), user.name, OUR_NAME]);
      if ((await passwords.verify(next, user.passwordHash)) !== 'wrong') throw badInput('input.newPassword', 'is the password you have.');
      const passwordHash = await passwords.hash(next);
      const ended = await database.$transaction(async (tx) => {
        const now = clock.now();
        await deps.audit(tx, viewer, 'account.password_changed', user.id, {}, now);
        return setPassword(tx, user, passwordHash, viewer.sessionId ?? null, now);
      });
      await revocation.tell(ended);
    },
  };
}
