/**
 * The people of the desk: which role somebody has, and how much they may decide for agents. Each change leaves an audit entry. How they
 * sign in is not this file's.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { ApprovalLevel, Prisma, User } from '../store/generated/prisma/client.ts';
import type { Principal, PrincipalChanges } from '../store/principal.ts';
import { holdRoleGivers, refuseLastRoleGiver } from '../store/role-givers.ts';
import type { UserRole } from '../store/roles.ts';
import type { Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';

export interface UserDesk {
  /**
   * Holds at once, also for tokens and sockets in use, on every instance.
   * @throws AppError NOT_FOUND, FORBIDDEN for one's own role, CONFLICT when nobody would be left who may give roles.
   */
  setRole(viewer: Viewer, input: { readonly userId: string; readonly role: UserRole }): Promise<{ user: User }>;
  /**
   * Takes effect at once. @param input.level Null: what the policy says of their role.
   * @throws AppError NOT_FOUND, FORBIDDEN for one's own level.
   */
  setApprovalLevel(viewer: Viewer, input: { readonly userId: string; readonly level: ApprovalLevel | null }): Promise<{ user: User }>;
}

export interface UserDeskDeps {
  readonly database: Database;
  readonly revocation: Pick<PrincipalChanges, 'note' | 'tell'>;
  readonly clock: Clock;
}

export function createUserDesk({ database, revocation, clock }: UserDeskDeps): UserDesk {
  /** Takes the row first, so that of two changes at once each sees what the other left. */
  async function change(
    viewer: Viewer,
    userId: string,
    action: string,
    write: (tx: Prisma.TransactionClient, before: User) => Promise<{ readonly data: Prisma.UserUpdateInput; readonly changes: Prisma.InputJsonObject } | null>,
  ): Promise<{ user: User }> {
    if (requireStaff(viewer, 'manage:roles').userId === userId)
      throw new AppError('FORBIDDEN', 'Nobody changes what they may do themselves: ask somebody else.');
    const principals: Principal[] = [`user:${userId}`];
    const changed = await database.$transaction(async (tx) => {
      await holdRoleGivers(tx, userId);
      const before = await tx.user.findUnique({ where: { id: userId } });
      if (!before) throw notFound('user');
      const wanted = await write(tx, before);
      if (!wanted) return { user: before };
      const user = await tx.user.update({ where: { id: userId }, data: wanted.data });
      await tx.auditEntry.create({ data: auditEntry(viewer, action, 'user', userId, wanted.changes, clock.now()) });
      await revocation.note(tx, principals);
      return { user };
    });
    await revocation.tell(principals);
    return changed;
  }

  return Object.freeze<UserDesk>({
    setRole: (viewer, { userId, role }) =>
      change(viewer, userId, 'user.role', async (tx, before) => {
        if (before.role === role) return null;
        if (before.role === 'super_admin') await refuseLastRoleGiver(tx, userId);
        return { data: { role }, changes: { from: before.role, to: role } };
      }),

    setApprovalLevel: (viewer, { userId, level }) =>
      change(viewer, userId, 'user.approval_level', async (_tx, before) =>
        before.approvalLevel === level ? null : { data: { approvalLevel: level }, changes: { from: before.approvalLevel, to: level } },
      ),
  });
}
