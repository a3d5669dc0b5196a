/**
 * Who has a conversation open: what both sides see of each other. Follows open subscriptions, over all processes, and outlives a
 * reload by a few seconds. No rows.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Channel, EventLog } from '../events/event-log.ts';
import type { ParleyEvent, Participant, Visibility } from '../events/event.ts';
import { PRESENCE_LEASE_MS, type PresenceChange, type PresenceRegistry } from '../events/presence-registry.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { participantOf, writeParticipant } from './participant.ts';
import { createTyping, type Typing } from './typing.ts';

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
  readonly setTyping: Typing;
  close(): Promise<void>;
}

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
      const participant = writeParticipant(who);
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
    setTyping: createTyping(deps),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      clearInterval(renewal);
      for (const [key, place] of places) forget(key, place);
      await Promise.all(background);
    },
  });
}

/** Customers see the people who hold their conversation; who only looks on is seen by colleagues. Customers are seen by the desk. */
async function seenBy({ database }: PresenceDeps, channel: Channel, who: Participant): Promise<Visibility> {
  if (who.kind === 'customer') return 'STAFF';
  const row = await database.conversation.findUnique({ where: { id: channel.slice(channel.indexOf(':') + 1) }, select: { owner: true } });
  return row?.owner === 'people' ? 'CUSTOMER' : 'STAFF';
}

function parse(word: string): Participant | null {
  const [kind, id] = word.split(':');
  return (kind === 'person' || kind === 'customer') && id ? { kind, id } : null;
}
