/**
 * How events find their way to webhooks: an event log that writes down what webhooks are to be told before it appends, so that a
 * process which dies in between leaves a note. Only the log knows where an event came to stand, and whether it was told at all
 * (another may have taken the run over): partner-webhook-places.ts asks it afterwards. Sends nothing.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import { decodeEvent, encodeEvent } from '../events/codec.ts';
import type { AppendOptions, Channel, EventLog } from '../events/event-log.ts';
import type { ParleyEvent } from '../events/event.ts';
import { FencedOut } from '../events/fence.ts';
import type { Position } from '../events/position.ts';
import type { Database } from '../store/database.ts';
import { isWebhookEvent, type WebhookEvent } from './partner-webhook-events.ts';

export interface NotedLogDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly clock: Clock;
  /** Called when the log has answered for what these notes are about. */
  readonly onTold: (noteIds: readonly string[]) => void;
}

export interface NotedLog extends EventLog {
  /** Webhooks have changed: what is known of them is read again. Other instances notice within two seconds. */
  webhooksChanged(): void;
}

interface Listener {
  readonly id: string;
  readonly partnerId: string | null;
  readonly eventTypes: readonly string[];
}

/** Whose affair a channel is. */
interface Subject {
  readonly customerId: string | null;
  readonly partnerId: string | null;
}

const CACHE_MS = 2_000;
const SUBJECTS_MAX = 10_000;
/** From the event on, a delivery is tried for a day. */
export const RETRIED_MS = 24 * 60 * 60_000;

export function createNotedLog({ database, log, clock, onTold }: NotedLogDeps): NotedLog {
  let known: { readonly listeners: Promise<readonly Listener[]>; readonly untilMs: number } | null = null;
  const subjects = new Map<Channel, Subject>();
  /** Resolves when the latest append of a channel that had to be noted was handed on: what is appended after it waits, so that order holds. */
  const turns = new Map<Channel, Promise<void>>();

  function listeners(): Promise<readonly Listener[]> {
    const nowMs = clock.now().getTime();
    if (known && known.untilMs > nowMs) return known.listeners;
    const read = database.sql.query<Listener>`SELECT "id", "partnerId", "eventTypes" FROM "PartnerWebhook" WHERE "status" = 'enabled'`;
    known = { listeners: read, untilMs: nowMs + CACHE_MS };
    // A failed read must not be remembered: the next caller asks again.
    read.catch(() => (known = null));
    return read;
  }

  async function note(channel: Channel, events: readonly WebhookEvent[]): Promise<readonly string[]> {
    const types = new Set<string>(events.map(({ type }) => type));
    const interested = (await listeners()).filter(({ eventTypes }) => eventTypes.some((type) => types.has(type)));
    if (interested.length === 0) return [];
    const subject = await subjectOf(channel);
    const theirs = subject ? interested.filter(({ partnerId }) => partnerId === subject.partnerId) : [];
    const notes = theirs.flatMap(({ id, partnerId, eventTypes }) =>
      events.filter((event) => eventTypes.includes(event.type) && mayLeave(partnerId, event)).map((event) => ({ webhookId: id, event })),
    );
    if (!subject || notes.length === 0) return [];
    const after = await log.top(channel);
    return insertNotes({ database, now: clock.now(), channel, customerId: subject.customerId, after }, notes);
  }

  async function subjectOf(channel: Channel): Promise<Subject | null> {
    const before = subjects.get(channel);
    if (before) return before;
    const [kind, id] = [channel.slice(0, channel.indexOf(':')), channel.slice(channel.indexOf(':') + 1)];
    const [found] =
      kind === 'conversation'
        ? await database.sql.query<Subject>`
            SELECT c."id" AS "customerId", c."partnerId" FROM "Conversation" v JOIN "Customer" c ON c."id" = v."customerId" WHERE v."id" = ${id}`
        : await database.sql.query<Subject>`
            SELECT c."id" AS "customerId", c."partnerId" FROM "Run" r LEFT JOIN "Customer" c ON c."id" = r."customerId" WHERE r."id" = ${id}`;
    if (!found) return null;
    for (const oldest of subjects.keys()) {
      if (subjects.size < SUBJECTS_MAX) break;
      subjects.delete(oldest);
    }
    subjects.set(channel, found);
    return found;
  }

  /** @throws AppError UNAVAILABLE when it could not be noted: then it must not be told either, and whoever tells it tries again. */
  async function takeTurn(channel: Channel, events: readonly WebhookEvent[], before: Promise<void> | undefined): Promise<readonly string[]> {
    await before;
    if (events.length === 0) return [];
    try {
      return await note(channel, events);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('UNAVAILABLE', 'Events cannot be written right now. Try again in a moment.', { cause: error, retryAfterMs: 2_000 });
    }
  }

  async function appendNoted(channel: Channel, events: readonly ParleyEvent[], options: AppendOptions, noteIds: readonly string[]): Promise<Position> {
    try {
      const position = await log.append(channel, events, options);
      onTold(noteIds);
      return position;
    } catch (error) {
      // Told or refused is known now; what may still arrive late is looked for later.
      if (error instanceof FencedOut) onTold(noteIds);
      throw error;
    }
  }

  return {
    ...log,
    webhooksChanged: () => (known = null),
    append(channel, events, options = {}) {
      const before = turns.get(channel);
      const noteworthy = channel.startsWith('escalations:') ? [] : events.filter(isWebhookEvent);
      if (!before && noteworthy.length === 0) return log.append(channel, events, options);
      const turn = takeTurn(channel, noteworthy, before);
      const appended = turn.then((noteIds) => (noteIds.length === 0 ? log.append(channel, events, options) : appendNoted(channel, events, options, noteIds)));
      // Settles a step after the append above was handed on, which is what the next one waits for.
      const over = turn.then(
        () => undefined,
        () => undefined,
      );
      turns.set(channel, over);
      void over.then(() => turns.get(channel) === over && turns.delete(channel));
      return appended;
    },
  };
}

/** What is meant for the desk leaves to no partner, whatever its webhook asks for; what is for debugging leaves to nobody. */
function mayLeave(partnerId: string | null, { visibility }: WebhookEvent): boolean {
  return visibility === 'CUSTOMER' || (visibility === 'STAFF' && partnerId === null);
}

interface NoteOptions {
  readonly database: Database;
  readonly now: Date;
  readonly channel: Channel;
  readonly customerId: string | null;
  readonly after: Position;
}

async function insertNotes(
  { database, now, channel, customerId, after }: NoteOptions,
  notes: readonly { readonly webhookId: string; readonly event: WebhookEvent }[],
): Promise<readonly string[]> {
  const conversationId = channel.startsWith('conversation:') ? channel.slice('conversation:'.length) : null;
  const rows = notes.map(({ webhookId, event }) => ({
    id: newId('dlv'),
    webhookId,
    type: event.type,
    // As it comes back from the log, so that it is found there again.
    event: decodeEvent(encodeEvent(event)),
    runId: 'runId' in event ? (event.runId ?? null) : null,
  }));
  const inserted = await database.sql.query<{ id: string }>`
    INSERT INTO "PartnerDelivery" ("id", "webhookId", "channel", "type", "event", "after", "customerId", "conversationId", "runId", "nextAttemptAt", "expiresAt", "createdAt")
    SELECT n."id", n."webhookId", ${channel}, n."type", n."event", ${after}, ${customerId}, ${conversationId}, n."runId", ${now}::timestamptz,
           ${new Date(now.getTime() + RETRIED_MS)}::timestamptz, ${now}::timestamptz
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS n("id" text, "webhookId" text, "type" text, "event" jsonb, "runId" text)
      JOIN "PartnerWebhook" w ON w."id" = n."webhookId" AND w."status" = 'enabled'
    RETURNING "PartnerDelivery"."id"`;
  return inserted.map(({ id }) => id);
}
