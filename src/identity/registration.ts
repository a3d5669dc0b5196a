/**
 * Making an account: by invitation, or openly where that is allowed, and the confirmation of its address. Whoever comes without an
 * invitation has the least role. What would tell whether an address has an account happens after the answer.
 */
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import { FIRST_ROLE, localPart, lower, OUR_NAME, requireScope, type Accounts, type AccountsDeps, type Afterwards } from './account.ts';
import { findOneTime, issueOneTime, useOneTime } from './one-time.ts';
import type { Principal } from '../store/principal.ts';

export function createRegistration(deps: AccountsDeps, afterwards: Afterwards): Pick<Accounts, 'register' | 'verifyEmail' | 'invite'> {
  const { database, passwords, lockout, revocation, clock } = deps;

  async function registerInvited(invitation: string, name: string, password: string): Promise<void> {
    const invited = await findOneTime(database, 'input.invitation', 'invitation', invitation, clock.now());
    await passwords.refuseWeak('input.password', password, [localPart(invited.email), name, OUR_NAME]);
    const passwordHash = await passwords.hash(password);
    const changed = await database.$transaction(async (tx) => {
      const now = clock.now();
      await useOneTime(tx, 'input.invitation', invited, now);
      const role = invited.role ?? FIRST_ROLE;
      const known = await tx.user.findUnique({ where: { email: invited.email } });
      // Whoever registered with this address before its owner was invited never proved that it is theirs.
      if (known?.verifiedAt) throw new AppError('CONFLICT', 'This address has an account. Log in, or reset its password.');
      const data = { name, role, passwordHash, verifiedAt: now };
      const user = known
        ? await tx.user.update({ where: { id: known.id }, data })
        : await tx.user.create({ data: { id: newId('usr'), email: invited.email, ...data } });
      await deps.audit(tx, null, 'account.registered', user.id, { role, invited: true }, now);
      const principals: Principal[] = [`user:${user.id}`];
      await revocation.note(tx, principals);
      return principals;
    });
    await revocation.tell(changed);
  }

  async function registerOpenly(email: string, name: string, passwordHash: string): Promise<void> {
    await database.$transaction(async (tx) => {
      const now = clock.now();
      const known = await tx.user.findUnique({ where: { email } });
      if (known?.verifiedAt) return deps.mail(tx, { recipient: email, subject: 'account_exists', payload: { name: known.name } }, now);
      const data = { name, passwordHash };
      const user = known
        ? // Confirmed meanwhile: it has an owner, and nothing is changed.
          await tx.user.update({ where: { id: known.id, verifiedAt: null }, data })
        : await tx.user.create({ data: { id: newId('usr'), email, role: FIRST_ROLE, ...data } });
      await deps.audit(tx, null, 'account.registered', user.id, { role: user.role, invited: false }, now);
      const token = await issueOneTime(tx, 'verify_email', { email, userId: user.id }, now);
      await deps.mail(tx, { recipient: email, subject: 'verify_email', payload: { name }, secret: { token } }, now);
    });
  }

  return {
    async register({ email, name, password, invitation }, caller) {
      if (invitation !== null) return registerInvited(invitation, name, password);
      if (!deps.open) throw new AppError('FORBIDDEN', 'Accounts are made by invitation. Ask somebody who administers the desk.');
      if (email === null) throw badInput('input.email', 'say the address of the account.');
      const account = lower(email);
      await passwords.refuseWeak('input.password', password, [localPart(account), name, OUR_NAME]);
      await lockout.begin(`register ${account}`, { address: caller.address });
      const passwordHash = await passwords.hash(password);
      afterwards(() => registerOpenly(account, name, passwordHash));
    },
    async verifyEmail(token) {
      await database.$transaction(async (tx) => {
        const now = clock.now();
        const found = await findOneTime(tx, 'input.token', 'verify_email', token, now);
        await useOneTime(tx, 'input.token', found, now);
        if (found.userId === null) throw notFound('account');
        await tx.user.updateMany({ where: { id: found.userId, email: found.email, verifiedAt: null }, data: { verifiedAt: now } });
        await deps.audit(tx, null, 'account.verified', found.userId, {}, now);
      });
    },
    async invite(viewer, { email, role }) {
      requireScope(viewer, 'write:users');
      if (role !== FIRST_ROLE) requireScope(viewer, 'manage:roles');
      await database.$transaction(async (tx) => {
        const now = clock.now();
        const account = lower(email);
        const token = await issueOneTime(tx, 'invitation', { email: account, role }, now);
        await deps.audit(tx, viewer, 'account.invited', viewer.userId, { role }, now);
        await deps.mail(tx, { recipient: account, subject: 'invitation', payload: { by: viewer.name }, secret: { token } }, now);
      });
    },
  };
}
