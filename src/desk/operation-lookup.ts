/**
 * Finds the registered operation behind an id, for whoever asks: a partner's key finds its own alone, everybody else those of the
 * business, and a customer of a partner that partner's too. What was found, or not, is remembered: a signal forgets an owner's when it
 * changes, and since signals may get lost everything is read again after some seconds. Registers and runs nothing.
 */
import type { Clock } from '../foundation/clock.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { Database } from '../store/database.ts';
import type { RegisteredOperation } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { isHash, ownerKey } from './registered-operation.ts';

export type FoundOperation = Pick<RegisteredOperation, 'id' | 'hash' | 'name' | 'version' | 'text'>;

export interface OperationLookup {
  /** Null also for what is somebody else's, or retired. @param id In the form of `operationIdOf`. */
  find(viewer: Viewer | null, id: string): Promise<FoundOperation | null>;
  /** Whether a partner's key is one for development. */
  isTestKey(keyId: string | null): Promise<boolean>;
  close(): void;
}

export interface OperationLookupDeps {
  readonly database: Database;
  readonly signals: Pick<SignalBus, 'on'>;
  readonly clock: Clock;
  /** Milliseconds that what was read is good for where no signal comes: the longest that a retired operation may run on. */
  readonly keptMs: number;
}

/** Of operations, with their texts; of keys and customers, which are two ids each. */
const OPERATIONS_KEPT_MAX = 2_000;
const IDS_KEPT_MAX = 10_000;

export function createOperationLookup({ database, signals, clock, keptMs }: OperationLookupDeps): OperationLookup {
  const operations = createKept<FoundOperation | null>(OPERATIONS_KEPT_MAX);
  // Neither ever changes, so these are only bounded.
  const testKeys = createKept<boolean>(IDS_KEPT_MAX);
  const partners = createKept<string | null>(IDS_KEPT_MAX);
  const forget = signals.on('operations', (owner) => operations.drop(`${owner}\n`));

  function findOf(partnerId: string | null, id: string): Promise<FoundOperation | null> {
    const nowMs = clock.now().getTime();
    return operations.get(`${ownerKey(partnerId)}\n${id}`, nowMs + keptMs, nowMs, () => read(database, partnerId, id));
  }

  return Object.freeze<OperationLookup>({
    async find(viewer, id) {
      if (viewer?.kind === 'partner') return findOf(viewer.partnerId, id);
      const own = await findOf(null, id);
      if (own || viewer?.kind !== 'customer') return own;
      const { customerId } = viewer;
      const partnerId = await partners.get(customerId, Infinity, 0, async () => {
        const customer = await database.customer.findUnique({ where: { id: customerId }, select: { partnerId: true } });
        return customer?.partnerId ?? null;
      });
      return partnerId === null ? null : findOf(partnerId, id);
    },
    async isTestKey(keyId) {
      if (keyId === null) return false;
      return testKeys.get(keyId, Infinity, 0, async () => (await database.apiKey.findUnique({ where: { id: keyId }, select: { test: true } }))?.test ?? false);
    },
    close: forget,
  });
}

async function read(database: Database, partnerId: string | null, id: string): Promise<FoundOperation | null> {
  const select = { id: true, hash: true, name: true, version: true, text: true } as const;
  if (isHash(id)) return database.registeredOperation.findFirst({ where: { partnerId, hash: id, retiredAt: null }, select });
  return database.registeredOperation.findFirst({ where: { partnerId, retiredAt: null, aliases: { some: { partnerId, alias: id } } }, select });
}

interface Kept<T> {
  /** What is kept and still good, or what `read` answers; those who ask at once wait for one answer. */
  get(key: string, untilMs: number, nowMs: number, read: () => Promise<T>): Promise<T>;
  /** Forgets what begins with this, also what is being read. */
  drop(start: string): void;
}

function createKept<T>(entriesMax: number): Kept<T> {
  const entries = new Map<string, { readonly answer: Promise<T>; readonly untilMs: number }>();
  return {
    get(key, untilMs, nowMs, readNow) {
      const known = entries.get(key);
      if (known) entries.delete(key);
      if (known && known.untilMs > nowMs) {
        entries.set(key, known);
        return known.answer;
      }
      const entry = { answer: readNow(), untilMs };
      entries.set(key, entry);
      // A failed read must not be remembered: the next caller asks again.
      entry.answer.catch(() => entries.get(key) === entry && entries.delete(key));
      for (const oldest of entries.keys()) {
        if (entries.size <= entriesMax) break;
        entries.delete(oldest);
      }
      return entry.answer;
    },
    drop(start) {
      for (const key of entries.keys()) if (key.startsWith(start)) entries.delete(key);
    },
  };
}
