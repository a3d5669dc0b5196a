/**
 * What a run does when people have to decide: asks the desk of approvals, and leaves. The row waits, without a lease; when it is decided it
 * is queued again, and the next attempt knows what was decided. Decides nothing.
 */
import { z } from 'zod';
import type { ApprovalDesk } from '../desk/approval.ts';
import { NOTHING_ASKED, type Decision, type Decisions } from '../orchestration/waiting.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { ApprovalStatus, Run } from '../store/generated/prisma/client.ts';
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
  const { path: step, type: _, ...asked } = wanted;
  const by = { runId: run.id, leaseOwner: run.leaseOwner ?? '', attempt: run.attempt };
  const starter = Started.safeParse(run.input);
  const requestedBy = starter.success ? { requestedBy: starter.data.startedBy } : {};
  const approval = await approvals.request({ run: by, step, ...asked, ...requestedBy }, also);
  if (!approval) throw new LeaseLost();
  throw new Suspended(approval.status !== 'pending');
}

/** Of a run that somebody started by hand: in whose name its agents ask. */
const Started = z.object({ startedBy: z.string() });

/** By the path that asked; of several the latest. */
export async function readDecisions(database: Database, run: Run): Promise<Decisions> {
  if (run.attempt === 1) return NOTHING_ASKED;
  const rows = await database.approval.findMany({
    where: { runId: run.id },
    orderBy: { createdAt: 'asc' },
    select: { step: true, status: true, closedReason: true, decisions: { where: { approve: false }, select: { note: true }, take: 1 } },
  });
  const known = new Map(rows.map((row) => [row.step, decisionOf(row)]));
  return { asked: rows.length > 0, of: (path) => known.get(path) ?? null };
}

interface Row {
  readonly status: ApprovalStatus;
  readonly closedReason: string | null;
  readonly decisions: readonly { readonly note: string | null }[];
}

function decisionOf({ status, closedReason, decisions }: Row): Decision | null {
  switch (status) {
    case 'pending':
      return null;
    case 'approved':
    case 'expired':
      return { outcome: status, note: null };
    case 'rejected':
      return { outcome: 'refused', note: decisions[0]?.note ?? closedReason };
  }
}
