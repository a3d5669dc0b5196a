/**
 * What every verb does first that decides who answers next in a conversation: it takes the conversation for itself, and ends what is
 * under way there. Tells nobody.
 */
import type { ParleyEvent } from '../events/event.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import { closeApprovals, RUN_STOPPED } from './approval-close.ts';
import { decidedEvent } from './approval-events.ts';
import { TURNS } from './desk-run.ts';

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
  /** That the queued and the waiting ones have ended, and with them what people were asked for. */
  readonly events: readonly ParleyEvent[];
}

/**
 * Ends queued and waiting answers now and asks running ones to stop; their own driver keeps their partial text. What works for the desk goes
 * on: it says nothing in the conversation.
 * @param which `waiting: false` leaves those that wait for people: whoever says something else has not taken back what they asked for.
 */
export async function haltRuns(
  tx: Prisma.TransactionClient,
  conversationId: string,
  by: string,
  now: Date,
  { waiting = true }: { readonly waiting?: boolean } = {},
): Promise<Halted> {
  const queued = await tx.run.updateManyAndReturn({
    where: { conversationId, status: 'queued', ...TURNS },
    data: { status: 'stopped', stoppedBy: by, finishedAt: now },
  });
  const asked = await tx.run.updateManyAndReturn({
    where: { conversationId, status: { in: waiting ? ['running', 'waiting'] : ['running'] }, ...TURNS },
    data: { stopRequestedAt: now, stoppedBy: by },
  });
  const { stopped, events } = await endWaiting(tx, idsOf(asked.filter(({ status }) => status === 'waiting')), now);
  const ended = [...queued, ...stopped];
  return { running: asked.filter(({ status }) => status === 'running'), events: [...events, ...ended.map((run) => stoppedEvent(run, by, now))] };
}

export interface EndedWaiting {
  readonly stopped: readonly Run[];
  /** That what people were asked for is over. */
  readonly events: readonly ParleyEvent[];
}

/**
 * Nobody drives a run that waits for people, so that one which was asked to stop ends here, with what it asked for. Call it after
 * `stopRequestedAt` stands on the rows: from then on no run begins to wait.
 */
export async function endWaiting(tx: Prisma.TransactionClient, runIds: readonly string[], now: Date): Promise<EndedWaiting> {
  if (runIds.length === 0) return { stopped: [], events: [] };
  const stopped = await tx.run.updateManyAndReturn({
    where: { id: { in: [...runIds] }, status: 'waiting', stopRequestedAt: { not: null } },
    data: { status: 'stopped', finishedAt: now },
  });
  const closed = await closeApprovals(tx, idsOf(stopped), RUN_STOPPED, now);
  return { stopped, events: closed.map((approval) => decidedEvent(approval, 'system', now)) };
}

/** That a run ended which nobody drives; what it had used before stands on its row. */
export function stoppedEvent(run: Run, by: string, now: Date): ParleyEvent {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = run;
  const usage = { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost: run.cost.toFixed() };
  return { type: 'RunStopped', at: now.toISOString(), visibility: 'CUSTOMER', runId: run.id, by, usage };
}

function idsOf(runs: readonly Run[]): string[] {
  return runs.map(({ id }) => id);
}

export function changedEvent(conversationId: string, now: Date): ParleyEvent {
  return { type: 'ConversationChanged', at: now.toISOString(), visibility: 'CUSTOMER', conversationId };
}
