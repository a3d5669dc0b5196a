/**
 * What is told of an approval, to the staff alone: in the channel of its run, where somebody follows the answer, and in that of the
 * desk, where dashboards show what waits. Told again within minutes under the same name, it is told once.
 */
import type { Channel, EventLog } from '../events/event-log.ts';
import type { EventOf } from '../events/event.ts';
import type { Approval } from '../store/generated/prisma/client.ts';
import { tellDesk } from './escalation-events.ts';

type Told = EventOf<'ApprovalRequested' | 'ApprovalExpiring' | 'ApprovalDecided'>;

/** Both channels; the run's first, because there somebody waits. @param once Names this word. */
export async function tellApproval(log: EventLog, { id, runId, conversationId }: Approval, event: Told, once: string): Promise<void> {
  const channel: Channel = conversationId === null ? `run:${runId}` : `conversation:${conversationId}`;
  const idempotencyKey = `approval-${once}:${id}`;
  await log.append(channel, [event], { idempotencyKey });
  await tellDesk(log, [event], idempotencyKey);
}

/** The desk's part of what a verb has told in a conversation: the approvals it closed. */
export async function tellDeskClosed(log: EventLog, events: readonly { readonly type: string }[]): Promise<void> {
  for (const event of events) if (isDecided(event)) await tellDesk(log, [event], `approval-closed:${event.approvalId}`);
}

export function requestedEvent({ id, runId }: Approval, now: Date): Told {
  return { type: 'ApprovalRequested', at: now.toISOString(), visibility: 'STAFF', runId, approvalId: id };
}

export function expiringEvent({ id, runId, expiresAt }: Approval, now: Date): Told {
  return { type: 'ApprovalExpiring', at: now.toISOString(), visibility: 'STAFF', runId, approvalId: id, expiresAt: expiresAt.toISOString() };
}

/** @param by A viewer key, or `system`. */
export function decidedEvent({ id, runId, status }: Approval, by: string, now: Date): Told {
  return { type: 'ApprovalDecided', at: now.toISOString(), visibility: 'STAFF', runId, approvalId: id, outcome: status, by };
}

function isDecided(event: { readonly type: string }): event is EventOf<'ApprovalDecided'> {
  return event.type === 'ApprovalDecided';
}
