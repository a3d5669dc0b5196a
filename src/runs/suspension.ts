/**
 * What a run does when people have to decide: asks the desk of approvals, and leaves. The row waits, without a lease; when it is decided it
 * is queued again, and the next attempt knows what was decided. Decides nothing.
 */
import type { ApprovalDesk } from '../desk/approval.ts';
import type { Decided } from '../orchestration/participant.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { LeaseLost } from './lease.ts';

/** Thrown when the run waits for people, or has what they decided already and must be taken up again to know it. */
export class Suspended extends Error {
  readonly decided: boolean;
  constructor(decided: boolean) {
    super('people have to decide');
    this.name = 'Suspended';
    this.decided = decided;
  }
}

/**
 * @param also What this attempt has still to write to the run's row.
 * @throws Suspended always, unless the run is lost: LeaseLost.
 */
export async function suspend(
  approvals: Pick<ApprovalDesk, 'request'>,
  run: Run,
  wanted: Extract<WorkflowEvent, { type: 'approval_wanted' }>,
  also: (tx: Sql) => Promise<unknown>,
): Promise<never> {
  const { path: step, agentId, tool, summary, needed } = wanted;
  const by = { runId: run.id, leaseOwner: run.leaseOwner ?? '', attempt: run.attempt };
  const approval = await approvals.request({ run: by, step, agentId, tool, arguments: wanted.arguments, summary, needed }, also);
  if (!approval) throw new LeaseLost();
  throw new Suspended(approval.status !== 'pending');
}

/** By the path that asked; of several the latest. */
export async function readDecided(database: Database, run: Run): Promise<Decided> {
  if (run.attempt === 1) return () => null;
  const rows = await database.approval.findMany({ where: { runId: run.id }, orderBy: { createdAt: 'asc' }, select: { step: true, status: true } });
  const known = new Map(rows.map(({ step, status }) => [step, status]));
  return (path) => {
    const status = known.get(path);
    if (status === 'approved' || status === 'expired') return status;
    return status === 'rejected' ? 'refused' : null;
  };
}
