/**
 * The people of the desk: which role somebody has, and how much they may decide for agents. Each change leaves an audit entry. How they
 * sign in is not this file's.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { ApprovalLevel, Prisma, User } from '../store/generated/prisma/client.ts';
import type { UserRole } from '../store/roles.ts';
import type { Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';

export interface UserDesk {
  /**
   * What somebody signs in with from now on carries the scopes of this role.
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
  readonly clock: Clock;
}

export function createUserDesk({ database, clock }: UserDeskDeps): UserDesk {
  /** Takes the row first, so that of two changes at once each sees what the other left. */
  async function change(
    viewer: Viewer,
    userId: string,
    action: string,
    write: (tx: Prisma.TransactionClient, before: User) => Promise<{ readonly data: Prisma.UserUpdateInput; readonly changes: Prisma.InputJsonObject } | null>,
  ): Promise<{ user: User }> {
    if (requireStaff(viewer, 'manage:roles').userId === userId)
      throw new AppError('FORBIDDEN', 'Nobody changes what they may do themselves: ask somebody else.');
    return database.$transaction(async (tx) => {
      // All who may give roles, in one order: two of them who take it from each other at once must not both succeed.
      await tx.$queryRaw`SELECT "id" FROM "User" WHERE "role" = 'super_admin' OR "id" = ${userId} ORDER BY "id" FOR UPDATE`;
      const before = await tx.user.findUnique({ where: { id: userId } });
      if (!before) throw notFound('user');
      const wanted = await write(tx, before);
      if (!wanted) return { user: before };
      const user = await tx.user.update({ where: { id: userId }, data: wanted.data });
      await tx.auditEntry.create({ data: auditEntry(viewer, action, 'user', userId, wanted.changes, clock.now()) });
      return { user };
    });
  }

  return Object.freeze<UserDesk>({
    setRole: (viewer, { userId, role }) =>
      change(viewer, userId, 'user.role', async (tx, before) => {
        if (before.role === role) return null;
        if (before.role === 'super_admin' && (await tx.user.count({ where: { role: 'super_admin', active: true, id: { not: userId } } })) === 0)
          throw new AppError('CONFLICT', 'This is the last one who may give roles: give that role to somebody else first.');
        return { data: { role }, changes: { from: before.role, to: role } };
      }),

    setApprovalLevel: (viewer, { userId, level }) =>
      change(viewer, userId, 'user.approval_level', async (_tx, before) =>
        before.approvalLevel === level ? null : { data: { approvalLevel: level }, changes: { from: before.approvalLevel, to: level } },
      ),
  });
}
