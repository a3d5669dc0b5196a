/**
 * Who has a conversation open and who is typing: what both sides see of each other. Presence follows open subscriptions, over all
 * processes, and outlives a reload by a few seconds; typing is said by the client and ends by itself. Neither is a row.
 */
import type { Clock } from '../foundation/clock.ts';
import { notFound } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Channel, EventLog } from '../events/event-log.ts';
import type { ParleyEvent, Participant, Visibility } from '../events/event.ts';
import { PRESENCE_LEASE_MS, type PresenceChange, type PresenceRegistry } from '../events/presence-registry.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo } from './access.ts';

export interface PresenceDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly registry: PresenceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long somebody who left still counts as there: a reload takes no longer. */
  readonly graceMs?: number;
}

export interface Presence {
  /** The viewer has the conversation open until the signal aborts. They must have been let in already. Never throws. */
  follow(viewer: Viewer, conversationId: string, signal: AbortSignal): void;
  /** Who has it open now, whom the viewer may know of. The caller has checked that they may see the conversation. */
  present(viewer: Viewer, conversationId: string): Promise<readonly Participant[]>;
  /** `typing` holds for `TYPING_MS` and is to be said again before. @throws AppError NOT_FOUND. */
  setTyping(viewer: Viewer, input: { readonly conversationId: string; readonly typing: boolean }): Promise<{ readonly conversationId: string }>;
  close(): Promise<void>;
}

/** How long one word about typing holds. */
const TYPING_MS = 6_000;
/** Said again sooner, it is not told again. */
const TYPING_AGAIN_MS = 2_000;
const TYPERS_MAX = 10_000;
const GRACE_MS = 5_000;
const RENEW_MS = PRESENCE_LEASE_MS / 3;

interface Place {
  readonly channel: Channel;
  readonly participant: string;
  /** Subscriptions of this process. */
  count: number;
  leaving: NodeJS.Timeout | null;
}

export function createPresence(deps: PresenceDeps): Presence {
  const { log, registry, clock, logger, graceMs = GRACE_MS } = deps;
  const places = new Map<string, Place>();
  const typers = new Map<string, number>();
  const background = new Set<Promise<void>>();
  const closing = new AbortController();

  /** One after another per place: a leave that overtakes an enter would leave somebody behind. */
  const last = new Map<string, Promise<void>>();
  function later(key: string, work: () => Promise<readonly PresenceChange[]>): void {
    const before = last.get(key) ?? Promise.resolve();
    const done: Promise<void> = before
      .then(work)
      .then(tell)
      // Heals with the next renewal, or runs out.
      .catch((error: unknown) => logger.debug({ err: error }, 'presence was not noted'))
      .finally(() => {
        background.delete(done);
        if (last.get(key) === done) last.delete(key);
      });
    last.set(key, done);
    background.add(done);
  }

  async function tell(changes: readonly PresenceChange[]): Promise<void> {
    for (const { channel, participant, present } of changes) {
      const who = parse(participant);
      if (!who) continue;
      const event: ParleyEvent = { type: 'PresenceChanged', at: clock.now().toISOString(), visibility: await seenBy(deps, channel, who), who, present };
      await log.append(channel, [event]);
    }
  }

  function enter(key: string, channel: Channel, participant: string): void {
    const known = places.get(key);
    if (known) {
      known.count += 1;
      if (known.leaving) clearTimeout(known.leaving);
      known.leaving = null;
      return;
    }
    places.set(key, { channel, participant, count: 1, leaving: null });
    later(key, () => registry.enter(channel, participant));
  }

  function leave(key: string): void {
    const place = places.get(key);
    if (!place) return;
    place.count -= 1;
    if (place.count > 0) return;
    place.leaving = setTimeout(() => forget(key, place), graceMs).unref();
  }

  function forget(key: string, place: Place): void {
    if (place.leaving) clearTimeout(place.leaving);
    if (!places.delete(key)) return;
    later(key, () => registry.leave(place.channel, place.participant));
  }

  async function renew(): Promise<readonly PresenceChange[]> {
    const entered = [...places];
    const changes = await registry.renew(entered.map(([, place]) => place));
    // Who left meanwhile may have been entered again behind their back.
    for (const [key, { channel, participant }] of entered) if (!places.has(key)) later(key, () => registry.leave(channel, participant));
    return changes;
  }

  const renewal = setInterval(() => later('renewal', renew), RENEW_MS).unref();

  return Object.freeze<Presence>({
    follow(viewer, conversationId, signal) {
      const who = participantOf(viewer);
      if (!who || signal.aborted || closing.signal.aborted) return;
      const channel = `conversation:${conversationId}` as const;
      const participant = write(who);
      const key = `${channel} ${participant}`;
      enter(key, channel, participant);
      signal.addEventListener('abort', () => leave(key), { once: true });
    },
    async present(viewer, conversationId) {
      const channel = `conversation:${conversationId}` as const;
      const everyone = (await registry.present(channel)).flatMap((word) => parse(word) ?? []);
      if (viewer.kind === 'staff') return everyone;
      const seen = await Promise.all(everyone.map(async (who) => ({ who, visibility: await seenBy(deps, channel, who) })));
      return seen.flatMap(({ who, visibility }) => (visibility === 'CUSTOMER' ? [who] : []));
    },
    async setTyping(viewer, { conversationId, typing }) {
      const found = await deps.database.conversation.findFirst({
        where: { AND: [{ id: conversationId }, conversationsVisibleTo(viewer)] },
        select: { customerId: true },
      });
      if (!found) throw notFound('conversation');
      // A partner's front end speaks for its customer.
      const who = participantOf(viewer) ?? { kind: 'customer', id: found.customerId };
      const key = `${conversationId} ${write(who)}`;
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
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      clearInterval(renewal);
      for (const [key, place] of places) forget(key, place);
      await Promise.all(background);
    },
  });
}

/** Null for who is nobody in a conversation: a partner's system relays for its customers. */
function participantOf(viewer: Viewer): Participant | null {
  switch (viewer.kind) {
    case 'staff':
      return { kind: 'person', id: viewer.userId };
    case 'customer':
      return { kind: 'customer', id: viewer.customerId };
    case 'partner':
      return null;
  }
}

/** Customers see the people who hold their conversation; who only looks on is seen by colleagues. Customers are seen by the desk. */
async function seenBy({ database }: PresenceDeps, channel: Channel, who: Participant): Promise<Visibility> {
  if (who.kind === 'customer') return 'STAFF';
  const row = await database.conversation.findUnique({ where: { id: channel.slice(channel.indexOf(':') + 1) }, select: { owner: true } });
  return row?.owner === 'people' ? 'CUSTOMER' : 'STAFF';
}

function write({ kind, id }: Participant): string {
  return `${kind}:${id}`;
}

function parse(word: string): Participant | null {
  const [kind, id] = word.split(':');
  return (kind === 'person' || kind === 'customer') && id ? { kind, id } : null;
}
