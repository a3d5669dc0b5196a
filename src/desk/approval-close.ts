/**
 * Closes the approvals of runs that end without them: nobody has to decide what will never be done. They count as rejected, by nobody
 * in particular, and say why: expired would claim that the people were too slow. Ends no run and tells nobody.
 */
import type { Approval, Prisma } from '../store/generated/prisma/client.ts';
import { systemEntry } from './audit.ts';

export const RUN_STOPPED = 'Its run was stopped before anybody had decided.';
export const RUN_ENDED = 'Its run had ended before anybody decided.';

/** Within the transaction that ends the runs. @returns What was closed: to be told. */
export async function closeApprovals(tx: Prisma.TransactionClient, runIds: readonly string[], reason: string, now: Date): Promise<readonly Approval[]> {
  if (runIds.length === 0) return [];
  const closed = await tx.approval.updateManyAndReturn({
    where: { runId: { in: [...runIds] }, status: 'pending' },
    data: { status: 'rejected', closedReason: reason, decidedAt: now },
  });
  if (closed.length > 0) await tx.auditEntry.createMany({ data: closed.map(({ id }) => systemEntry('approval.close', 'approval', id, {}, now)) });
  return closed;
}
