/**
 * What is told of an escalation, and to whom: the desk hears everything in its own channel, the conversation what its customer may
 * know. A word that is told again within minutes, because the first time could not be answered for, is told once.
 */
import type { EventLog, Fence } from '../events/event-log.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { Escalation } from '../store/generated/prisma/client.ts';
import type { Waiting } from './escalation-queue.ts';

export const DESK_CHANNEL = 'escalations:desk';

type Told = Extract<ParleyEvent, { type: `Escalation${string}` }>;
type Subject = Pick<Escalation, 'id' | 'conversationId'>;

export interface Telling {
  /** Names this word: told again under the same name, it is told once. */
  readonly once: string;
  /** What belongs to it in the conversation. */
  readonly before?: readonly ParleyEvent[];
  readonly after?: readonly ParleyEvent[];
  readonly fence?: Fence;
}

/** Everything about one step, in both channels; the conversation first, because there somebody waits. */
export async function tellBoth(
  log: EventLog,
  { id, conversationId }: Subject,
  events: readonly Told[],
  { once, before = [], after = [], fence }: Telling,
): Promise<void> {
  const idempotencyKey = `${once}:${id}`;
  const seen = events.map((event): ParleyEvent => ({ ...event, visibility: 'CUSTOMER' }));
  await log.append(`conversation:${conversationId}`, [...before, ...seen, ...after], { idempotencyKey, ...(fence ? { fence } : {}) });
  await tellDesk(log, events, idempotencyKey);
}

export async function tellDesk(log: EventLog, events: readonly ParleyEvent[], idempotencyKey: string): Promise<void> {
  await log.append(
    DESK_CHANNEL,
    events.map((event): ParleyEvent => ({ ...event, visibility: 'STAFF' })),
    { idempotencyKey },
  );
}

export function queuedEvent(escalationId: string, { place, expectedWaitS, peopleBackAt }: Waiting, now: Date): Told {
  return { type: 'EscalationQueued', ...head(now), escalationId, place, expectedWaitS, peopleBackAt: peopleBackAt?.toISOString() ?? null };
}

export function raisedEvent(escalationId: string, now: Date): Told {
  return { type: 'EscalationRaised', ...head(now), escalationId };
}

export function claimedEvent(escalationId: string, userId: string, now: Date): Told {
  return { type: 'EscalationClaimed', ...head(now), escalationId, userId };
}

export function releasedEvent(escalationId: string, by: string, now: Date): Told {
  return { type: 'EscalationReleased', ...head(now), escalationId, by };
}

export function resolvedEvent(escalationId: string, now: Date): Told {
  return { type: 'EscalationResolved', ...head(now), escalationId };
}

function head(now: Date): { readonly at: string; readonly visibility: 'STAFF' } {
  return { at: now.toISOString(), visibility: 'STAFF' };
}
