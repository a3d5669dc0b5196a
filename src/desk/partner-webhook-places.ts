/**
 * Asks the event log where the events stand that webhooks are to be told of. One that the log has is due from then on; one that it
 * proves not to have was never told to anybody and is forgotten; one whose history is gone is told all the same, since what it is
 * about stands in rows. So a process may die anywhere between note and log. Sends nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { isAvailable, type Channel, type Entry, type EventLog } from '../events/event-log.ts';
import { parsePosition, type Position } from '../events/position.ts';
import type { Database } from '../store/database.ts';
import type { PartnerDelivery } from '../store/generated/prisma/client.ts';
import { isUniqueViolation } from './idempotency.ts';

export interface PlacesDeps {
  readonly database: Database;
  /** The log itself, not the one that notes. */
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Places {
  /** The log has answered for these notes: they are looked up at once. */
  told(noteIds: readonly string[]): void;
  /** Begins to look every second for notes that nobody answered for. @param onDue Called when something has become due. */
  start(onDue: () => void): void;
  /** Looks up what was told until now, then ends. May be called twice. */
  close(): Promise<void>;
}

type Note = Pick<PartnerDelivery, 'id' | 'channel' | 'after' | 'event'>;
type Told = Extract<Entry, { kind: 'event' }>;

/** What the log holds after a position, or that it cannot say and where it would go on. */
type Found = { readonly told: readonly Told[] } | { readonly lost: { readonly position: Position; readonly sequence: number } };

const LEASE_MS = 30_000;
/** Whoever wrote an older note is gone, or was not told what became of it: no append waits this long. */
export const UNCLEAR_MS = 30_000;
const READ_MS = 5_000;

/** Of old notes at once, beside those that were told. */
const BATCH = 200;
/** Told and not looked up yet; beyond it the notes are found when they are old. */
const TOLD_MAX = 20_000;
const POLL_MS = 1_000;

export function createPlaces(deps: PlacesDeps): Places {
  const { clock, logger } = deps;
  const stop = new AbortController();
  const told: string[] = [];
  let nudge = new AbortController();
  let loop: Promise<void> | null = null;

  async function look(onDue: () => void): Promise<boolean> {
    const ids = told.splice(0, BATCH);
    const found = await findPlaces(deps, ids, AbortSignal.timeout(LEASE_MS));
    if (found > 0) onDue();
    return told.length > 0 || found >= BATCH + ids.length;
  }

  async function run(onDue: () => void): Promise<void> {
    while (!stop.signal.aborted || told.length > 0) {
      nudge = new AbortController();
      const more = await look(onDue).catch((error: unknown) => {
        logger.warn({ err: error }, 'what is noted for webhooks could not be read');
        return false;
      });
      if (stop.signal.aborted && !more) return;
      if (!more) await clock.sleep(POLL_MS, AbortSignal.any([stop.signal, nudge.signal])).catch(() => undefined);
    }
  }

  return Object.freeze<Places>({
    told(noteIds) {
      if (told.length < TOLD_MAX) told.push(...noteIds);
      nudge.abort();
    },
    start(onDue) {
      loop ??= run(onDue);
    },
    async close() {
      stop.abort();
      await loop;
    },
  });
}

/** @param told Notes of this process that the log has answered for. @returns How many notes are none any more. */
export async function findPlaces(deps: PlacesDeps, told: readonly string[], signal: AbortSignal): Promise<number> {
  const { database, log, clock, logger } = deps;
  // While another process is home to the conversations, it is the one that can tell.
  if (!isAvailable(log)) return 0;
  const now = clock.now();
  const notes = await database.sql.query<Note>`
    UPDATE "PartnerDelivery" SET "leaseUntil" = ${new Date(now.getTime() + LEASE_MS)}
     WHERE "id" IN (
       SELECT "id" FROM "PartnerDelivery"
        WHERE "status" = 'noted' AND ("id" = ANY(${told}) OR "createdAt" < ${new Date(now.getTime() - UNCLEAR_MS)})
          AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
        ORDER BY "id" LIMIT ${BATCH + told.length} FOR UPDATE SKIP LOCKED)
    RETURNING "id", "channel", "after", "event"`;
  for (const group of groupsOf(notes)) {
    signal.throwIfAborted();
    try {
      await settle(deps, group, await readAfter(log, group[0].channel as Channel, group[0].after, signal));
    } catch (error) {
      // The lease ends, and they are looked for again.
      logger.warn({ err: error, channel: group[0].channel, notes: group.length }, 'where events for webhooks stand could not be found out');
    }
  }
  return notes.length;
}

/** Those that were noted for one append are looked up together. */
function groupsOf(notes: readonly Note[]): readonly (readonly [Note, ...Note[]])[] {
  const groups = new Map<string, [Note, ...Note[]]>();
  for (const note of notes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const key = `${note.channel}\n${note.after}`;
    const group = groups.get(key);
    if (group) group.push(note);
    else groups.set(key, [note]);
  }
  return [...groups.values()];
}

async function readAfter(log: EventLog, channel: Channel, after: Position, signal: AbortSignal): Promise<Found> {
  const top = await log.top(channel);
  const [from, to] = [parsePosition(after), parsePosition(top)];
  if (from.epoch !== to.epoch) return { lost: { position: top, sequence: to.offset } };
  const told: Told[] = [];
  if (to.offset <= from.offset) return { told };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
  const entries = log.follow(channel, { after, startAt: 'live', signal: limit });
  try {
    for (let read = await entries.next(); !read.done; read = await entries.next()) {
      const entry = read.value;
      if (entry.kind === 'reset') return { lost: { position: entry.position, sequence: entry.sequence } };
      if (entry.kind === 'event') told.push(entry);
      if (entry.kind === 'event' && entry.sequence >= to.offset) return { told };
    }
  } finally {
    await entries.return?.();
  }
  throw limit.reason instanceof Error ? limit.reason : new Error('the event log ended before its own top');
}

async function settle({ database, clock }: PlacesDeps, notes: readonly Note[], found: Found): Promise<void> {
  const now = clock.now();
  const due = { status: 'pending', leaseUntil: null, nextAttemptAt: now } as const;
  for (const { id, event } of notes) {
    if ('lost' in found) {
      await database.partnerDelivery.updateMany({ where: { id, status: 'noted' }, data: { ...due, ...found.lost, lost: id } });
      continue;
    }
    if (!(await takePlace(found.told.filter((entry) => isDeepStrictEqual(asStored(entry), event))))) {
      await database.partnerDelivery.deleteMany({ where: { id, status: 'noted' } });
    }

    /** The first place that no other note has: what is told again under the key of the first time stands in the log once. */
    async function takePlace(places: readonly Told[]): Promise<boolean> {
      for (const { position, sequence } of places) {
        try {
          await database.partnerDelivery.updateMany({ where: { id, status: 'noted' }, data: { ...due, position, sequence } });
          return true;
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
        }
      }
      return false;
    }
  }
}

function asStored({ event }: Told): unknown {
  return JSON.parse(JSON.stringify(event)) as unknown;
}
