/**
 * What every verb does first that decides who answers next in a conversation: it takes the conversation for itself, and ends what is
 * under way there. Tells nobody.
 */
import type { ParleyEvent } from '../events/event.ts';
import { NO_USAGE } from '../llm/llm.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';

/**
 * Serializes everything that decides who answers next in one conversation. Whoever writes to the conversation and its runs takes the
 * conversation first. Not FOR UPDATE, which would also hold up every new message that only refers to it.
 */
export async function takeConversation(tx: Prisma.TransactionClient, conversationId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM "Conversation" WHERE "id" = ${conversationId} FOR NO KEY UPDATE`;
}

export interface Halted {
  /** Asked to stop: whoever drives them is to be told. */
  readonly running: readonly Run[];
  /** That the queued ones have ended. */
  readonly events: readonly ParleyEvent[];
}

/** Ends queued runs now and asks running ones to stop; the runs' own driver keeps their partial text. */
export async function haltRuns(tx: Prisma.TransactionClient, conversationId: string, by: string, now: Date): Promise<Halted> {
  const queued = await tx.run.updateManyAndReturn({ where: { conversationId, status: 'queued' }, data: { status: 'stopped', stoppedBy: by, finishedAt: now } });
  const running = await tx.run.updateManyAndReturn({
    where: { conversationId, status: { in: ['running', 'waiting'] } },
    data: { stopRequestedAt: now, stoppedBy: by },
  });
  const at = now.toISOString();
  return { running, events: queued.map((run) => ({ type: 'RunStopped', at, visibility: 'CUSTOMER', runId: run.id, by, usage: NO_USAGE })) };
}

export function changedEvent(conversationId: string, now: Date): ParleyEvent {
  return { type: 'ConversationChanged', at: now.toISOString(), visibility: 'CUSTOMER', conversationId };
}
