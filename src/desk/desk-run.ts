/**
 * Runs in a conversation that answer nobody there: several agents working on it for the people of the desk. They take no turn, nobody waits
 * for them, a person who takes the conversation does not end them, and nobody but the staff learns of them. What that means for rows and
 * events is said here, once; whoever asks for the runs of a conversation asks here which.
 */
import type { Channel } from '../events/event-log.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';

/** What runs of one agent are called. In a conversation these alone take turns; statements in SQL name them as well. */
const ONE_AGENT = ['reply', 'agent'];
export const TURNS = { workflow: { in: ONE_AGENT } } satisfies Prisma.RunWhereInput;

/** All but those that work for the desk. */
export const NOT_FOR_DESK = { OR: [{ conversationId: null }, TURNS] } satisfies Prisma.RunWhereInput;

type Placed = Pick<Run, 'conversationId' | 'workflow'>;

export function worksForDesk({ conversationId, workflow }: Placed): boolean {
  return conversationId !== null && !ONE_AGENT.includes(workflow);
}

/** Where what happens in it is told: with its conversation, if it has one. */
export function channelOf({ id, conversationId }: Pick<Run, 'id' | 'conversationId'>): Channel {
  return conversationId === null ? `run:${id}` : `conversation:${conversationId}`;
}

/** The events of a run as they may be told in its channel: of one that works for the desk to the staff alone. */
export function tellable(run: Placed, events: readonly ParleyEvent[]): readonly ParleyEvent[] {
  if (!worksForDesk(run)) return events;
  return events.map((event) => (event.visibility === 'CUSTOMER' ? { ...event, visibility: 'STAFF' as const } : event));
}
