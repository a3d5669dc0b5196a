/**
 * What an open escalation means for whoever writes to its conversation or closes it: only the person who holds it speaks for the desk.
 * Called within the transactions of conversations; raises and claims nothing.
 */
import { AppError } from '../foundation/errors.ts';
import type { Escalation, Prisma } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';

export const OPEN: Prisma.EscalationWhereInput = { status: { in: ['waiting', 'claimed'] } };

/** The open escalation of a conversation, with the name of who holds it. The conversation is locked. */
export async function openEscalation(tx: Prisma.TransactionClient, conversationId: string) {
  return tx.escalation.findFirst({ where: { conversationId, ...OPEN }, include: { claimedBy: { select: { name: true } } } });
}

type Held = NonNullable<Awaited<ReturnType<typeof openEscalation>>>;

/** @throws AppError NOT_CLAIMED for a person of the desk who does not hold it. */
export function assertHolds(viewer: Viewer, escalation: Held): void {
  if (viewer.kind !== 'staff' || escalation.claimedById === viewer.userId) return;
  throw notClaimed(escalation);
}

export function notClaimed({ claimedBy }: Pick<Held, 'claimedBy'>): AppError {
  return new AppError(
    'NOT_CLAIMED',
    claimedBy ? `${claimedBy.name} holds this conversation.` : 'Nobody holds this conversation yet. Claim it with claimEscalation first.',
  );
}

/** That the person who holds it has spoken. The clock of the first reply ends with the first word; that of the solution runs on. */
export async function noteReply(tx: Prisma.TransactionClient, { id, firstReplyAt }: Escalation, now: Date): Promise<void> {
  const first = firstReplyAt ? {} : { firstReplyAt: now, warnedAt: null, breachedAt: null };
  await tx.escalation.update({ where: { id }, data: { lastReplyAt: now, ...first } });
}

/** Ends it with the conversation. */
export async function endWithConversation(tx: Prisma.TransactionClient, { id }: Escalation, viewer: Viewer, now: Date): Promise<Escalation> {
  return tx.escalation.update({ where: { id }, data: { status: 'resolved', resolvedAt: now, resolvedById: viewerKey(viewer) } });
}
