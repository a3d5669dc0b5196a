/**
 * Who is writing: said by the client again and again, told at most every two seconds, and over by itself when it is said no more.
 * No rows and no timers: each word carries the moment it ends.
 */
import type { Clock } from '../foundation/clock.ts';
import { notFound } from '../foundation/errors.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo } from './access.ts';
import { participantOf, writeParticipant } from './participant.ts';

export interface TypingDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
}

/** `typing` holds for six seconds and is to be said again before. @throws AppError NOT_FOUND. */
export type Typing = (viewer: Viewer, input: { readonly conversationId: string; readonly typing: boolean }) => Promise<{ readonly conversationId: string }>;

/** How long one word about typing holds. */
const TYPING_MS = 6_000;
/** Said again sooner, it is not told again. */
const TYPING_AGAIN_MS = 2_000;
const TYPERS_MAX = 10_000;

export function createTyping({ database, log, clock }: TypingDeps): Typing {
  const typers = new Map<string, number>();
  return async (viewer, { conversationId, typing }) => {
    const found = await database.conversation.findFirst({
      where: { AND: [{ id: conversationId }, conversationsVisibleTo(viewer)] },
      select: { customerId: true },
    });
    if (!found) throw notFound('conversation');
    // A partner's front end speaks for its customer.
    const who = participantOf(viewer) ?? { kind: 'customer', id: found.customerId };
    const key = `${conversationId} ${writeParticipant(who)}`;
    const now = clock.now();
    const until = typing ? new Date(now.getTime() + TYPING_MS) : null;
    const said = typers.get(key);
    if (typing ? said !== undefined && now.getTime() - said < TYPING_AGAIN_MS : said === undefined) return { conversationId };
    typers.delete(key);
    if (typing) typers.set(key, now.getTime());
    for (const oldest of typers.keys()) {
      if (typers.size <= TYPERS_MAX) break;
      typers.delete(oldest);
    }
    await log.append(`conversation:${conversationId}`, [
      {
        type: 'TypingChanged',
        at: now.toISOString(),
        visibility: who.kind === 'customer' ? 'STAFF' : 'CUSTOMER',
        who,
        until: until?.toISOString() ?? null,
      },
    ]);
    return { conversationId };
  };
}
