/** Those who may give roles: one of them must always be left, or nobody could ever let anybody in again. Changes no row. */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from './generated/prisma/client.ts';

/**
 * Takes their rows and that of this person, all in one order: of two who take it from each other at once, the second sees what the
 * first left.
 */
export async function holdRoleGivers(tx: Prisma.TransactionClient, userId: string): Promise<void> {
  await tx.$queryRaw`SELECT "id" FROM "User" WHERE "role" = 'super_admin' OR "id" = ${userId} ORDER BY "id" FOR UPDATE`;
}

/** @throws AppError CONFLICT when nobody but this person may give roles. */
export async function refuseLastRoleGiver(tx: Prisma.TransactionClient, userId: string): Promise<void> {
  if ((await tx.user.count({ where: { role: 'super_admin', active: true, id: { not: userId } } })) === 0)
    throw new AppError('CONFLICT', 'This is the last one who may give roles: give that role to somebody else first.');
}
