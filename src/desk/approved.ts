/**
 * What people have approved of a call, looked for where it is acted on: in the act's own transaction, and by the hash of exactly what is
 * done now. Raises no bound by itself and asks nobody.
 */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import { refused, type AgentCall } from './agent-act.ts';
import { canonicalHash } from './canonical.ts';

export interface Approved {
  readonly approvalId: string;
  /** The moment for which what was agreed counts: people take their time, and that must not be the customer's loss. */
  readonly askedAt: Date;
  readonly terms: Readonly<Record<string, unknown>>;
}

/**
 * Null when nobody was asked.
 * @throws AppError FORBIDDEN when people have not approved exactly this.
 */
export async function findApproved(tx: Prisma.TransactionClient, { approved, runId }: AgentCall): Promise<Approved | null> {
  if (!approved) return null;
  const { step, tool, arguments: exact } = approved;
  const row = await tx.approval.findUnique({
    where: { runId_step_tool_argumentsHash: { runId, step, tool, argumentsHash: canonicalHash(exact) } },
    select: { id: true, status: true, createdAt: true },
  });
  const { terms } = exact;
  if (row?.status !== 'approved' || typeof terms !== 'object' || terms === null) throw new AppError('FORBIDDEN', 'People have not approved exactly this.');
  return { approvalId: row.id, askedAt: row.createdAt, terms: { ...terms } };
}

/** @throws AppError CONFLICT when what would be done now is not what was approved. */
export function assertTerms({ terms }: Approved, now: Readonly<Record<string, unknown>>): void {
  if (canonicalHash(terms) !== canonicalHash(now)) throw refused('What was approved is not what would be done now. Quote it again and ask once more.');
}

/** The offer that was approved, by name. */
export function offerIdOf({ terms }: Approved): string {
  const { offerId } = terms;
  if (typeof offerId !== 'string') throw new AppError('FORBIDDEN', 'What people have approved names no offer.');
  return offerId;
}
