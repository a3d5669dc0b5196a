/**
 * Registered operations: documents that were checked once and are run by their id from then on. Their owner is a partner, or the
 * business itself for its own front-ends. Another text under the same name is another version, and both run until they are retired,
 * so that a front-end of yesterday goes on. Reads no GraphQL (`inspect` does) and runs nothing; who finds what is operation-lookup.ts.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound, type ErrorCode } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import type { Database } from '../store/database.ts';
import type { OperationKind, Prisma, RegisteredOperation } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { requireViewer } from './access.ts';
import { auditEntry, systemEntry } from './audit.ts';

/** What a document is, or what is wrong with it. */
export type Inspection =
  | { readonly ok: true; readonly name: string; readonly kind: OperationKind; readonly cost: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly problems: readonly [Problem, ...Problem[]] };

export interface Problem {
  readonly message: string;
  /** Where in the document, from 1; null where it has no place. */
  readonly line: number | null;
  readonly column: number | null;
}

/** Holds a document against the schema and the limits. Never throws. */
export type Inspect = (text: string) => Inspection;

export interface GivenOperation {
  readonly body: string;
  /** What its front-end calls it by: nothing, the SHA-256 of the body, or an id of its own. */
  readonly id?: string | null;
  /** Must be the one in the document. */
  readonly name?: string | null;
}

export interface OperationDesk {
  /**
   * All of them or none. Registered before, an operation stays as it is; retired before, it runs again.
   * @param input.partnerId For the staff: whose they are; null for the business's own.
   * @throws AppError FORBIDDEN for whoever may not, NOT_FOUND for another partner, QUOTA_REACHED, BAD_INPUT or the code of what is wrong
   * with a document, naming it and the place in it.
   */
  register(viewer: Viewer, input: { readonly partnerId: string | null; readonly operations: readonly GivenOperation[] }): Promise<Registered>;
  /** They run no more, on any instance, within a second. @param input.ids As they are called by. @throws AppError NOT_FOUND */
  retire(viewer: Viewer, input: { readonly partnerId: string | null; readonly ids: readonly string[] }): Promise<readonly RegisteredOperation[]>;
  /** The operations of the business's own front-ends, which come with the release. One that was retired stays retired. */
  registerOwn(operations: readonly GivenOperation[]): Promise<Registered>;
}

export interface Registered {
  /** In the order given. */
  readonly operations: readonly RegisteredOperation[];
  /** How many of them run now and did not before. */
  readonly added: number;
}

export interface OperationDeskDeps {
  readonly database: Database;
  readonly signals: Pick<SignalBus, 'send'>;
  readonly clock: Clock;
  readonly inspect: Inspect;
}

/** Of one call; a longer manifest comes in several. */
export const OPERATIONS_PER_CALL_MAX = 200;
/** That may be run, of one owner: far more than front-ends have, far less than would be felt. */
const OPERATIONS_MAX = 5_000;
/** Registering is rare, and writes two rows for each of up to 200. */
const TRANSACTION_MS = 15_000;
/** PostgreSQL's namespace of these locks: one registers for an owner at a time, so that versions are counted right. */
const LOCK_SPACE = 724_191;

interface Accepted extends GivenOperation {
  readonly hash: string;
  readonly name: string;
  readonly kind: OperationKind;
  readonly cost: number;
  /** Null when it is called by its hash alone. */
  readonly alias: string | null;
}

export function createOperationDesk({ database, signals, clock, inspect }: OperationDeskDeps): OperationDesk {
  async function write(actor: Viewer | null, partnerId: string | null, accepted: readonly Accepted[], revives: boolean): Promise<Registered> {
    const now = clock.now();
    const by = actor ? viewerKey(actor) : 'system';
    const result = await database.$transaction(
      async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK_SPACE}::int, hashtext(${ownerKey(partnerId)}))`;
        const known = new Map((await tx.registeredOperation.findMany({ where: { partnerId, hash: { in: accepted.map(({ hash }) => hash) } } })).map(byHash));
        const added = await addVersions(tx, partnerId, distinct(accepted.filter(({ hash }) => !known.has(hash))), by, now);
        const revived = revives ? [...known.values()].filter(({ retiredAt }) => retiredAt !== null).map(({ id }) => id) : [];
        await tx.registeredOperation.updateMany({ where: { id: { in: revived } }, data: { retiredAt: null, retiredBy: null } });
        if ((await tx.registeredOperation.count({ where: { partnerId, retiredAt: null } })) > OPERATIONS_MAX)
          throw new AppError('QUOTA_REACHED', `More than ${OPERATIONS_MAX} operations would be registered: retire those that are not used any more.`);
        const rows = new Map((await tx.registeredOperation.findMany({ where: { partnerId, hash: { in: accepted.map(({ hash }) => hash) } } })).map(byHash));
        const operations = accepted.map(({ hash }) => rows.get(hash)).filter((row) => row !== undefined);
        await nameAliases(tx, partnerId, accepted, rows);
        const changed = operations.filter(({ id }) => added.includes(id) || revived.includes(id));
        await tx.auditEntry.createMany({ data: changed.map((row) => entryOf(actor, 'operation.register', row, now)) });
        return { operations, added: new Set(changed.map(({ id }) => id)).size };
      },
      { timeout: TRANSACTION_MS, maxWait: TRANSACTION_MS },
    );
    await signals.send({ kind: 'operations', id: ownerKey(partnerId) });
    return result;
  }

  return Object.freeze<OperationDesk>({
    async register(viewer, { partnerId, operations }) {
      const owner = await ownerFor(database, viewer, partnerId);
      if (operations.length > OPERATIONS_PER_CALL_MAX) throw badInput('input.operations', `at most ${OPERATIONS_PER_CALL_MAX} at a time.`);
      return write(viewer, owner, accept(operations, inspect), true);
    },

    async retire(viewer, { partnerId, ids }) {
      const owner = await ownerFor(database, viewer, partnerId);
      if (ids.length > OPERATIONS_PER_CALL_MAX) throw badInput('input.ids', `at most ${OPERATIONS_PER_CALL_MAX} at a time.`);
      const now = clock.now();
      const retired = await database.$transaction(
        async (tx) => {
          const rows: RegisteredOperation[] = [];
          for (const [index, id] of ids.entries()) {
            const row = await findByAnyId(tx, owner, id);
            if (!row) throw new AppError('NOT_FOUND', `There is no registered operation "${id}".`, { field: `input.ids.${index}` });
            rows.push(row);
          }
          const running = distinct(rows.filter(({ retiredAt }) => retiredAt === null));
          await tx.registeredOperation.updateMany({
            where: { id: { in: running.map(({ id }) => id) }, retiredAt: null },
            data: { retiredAt: now, retiredBy: viewerKey(viewer) },
          });
          await tx.auditEntry.createMany({ data: running.map((row) => entryOf(viewer, 'operation.retire', row, now)) });
          return tx.registeredOperation.findMany({ where: { id: { in: rows.map(({ id }) => id) } } });
        },
        { timeout: TRANSACTION_MS, maxWait: TRANSACTION_MS },
      );
      await signals.send({ kind: 'operations', id: ownerKey(owner) });
      return retired;
    },

    registerOwn: (operations) => write(null, null, accept(operations, inspect), false),
  });
}

/** The name of an owner in signals, caches and locks. */
export function ownerKey(partnerId: string | null): string {
  return partnerId ?? 'own';
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What an operation is called by, in the form it is looked up in; null for what cannot be an id. `sha256:` before a hash is taken off. */
export function operationIdOf(id: string): string | null {
  const hash = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(id)?.[1];
  if (hash) return hash.toLowerCase();
  return /^[\x21-\x7e]{1,128}$/.test(id) && !/^sha256:/i.test(id) ? id : null;
}

export function isHash(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

/**
 * Who may register, and for whom. Of a partner only its test keys may: they belong to its build, and are in no front-end. A live key
 * that leaks can therefore run what was registered, and nothing can be registered with it.
 */
async function ownerFor(database: Database, viewer: Viewer, partnerId: string | null): Promise<string | null> {
  switch (requireViewer(viewer).kind) {
    case 'staff':
      if (partnerId !== null && !(await database.partner.findUnique({ where: { id: partnerId }, select: { id: true } }))) throw notFound('partner');
      return partnerId;
    case 'partner': {
      if (viewer.kind !== 'partner') break;
      const key = viewer.keyId === null ? null : await database.apiKey.findUnique({ where: { id: viewer.keyId }, select: { test: true } });
      if (!key?.test) throw new AppError('FORBIDDEN', 'Operations are registered with a test key (pk_test_...) of the partner, or by the staff.');
      if (partnerId !== null && partnerId !== viewer.partnerId) throw notFound('partner');
      return viewer.partnerId;
    }
    case 'customer':
      break;
  }
  throw new AppError('FORBIDDEN', 'Customers may not do this.');
}

/** Every one inspected, or a refusal that names the first at fault and its place. */
function accept(operations: readonly GivenOperation[], inspect: Inspect): readonly Accepted[] {
  const texts = new Map<string, string>();
  return operations.map((given, index) => {
    const at = `input.operations.${index}`;
    const called = given.name ?? given.id;
    const inspected = inspect(given.body);
    if (!inspected.ok) {
      const [{ message, line, column }] = inspected.problems;
      const place = line === null ? '' : `line ${line}, column ${column ?? 1}: `;
      const more = inspected.problems.length > 1 ? ` (and ${inspected.problems.length - 1} more)` : '';
      throw new AppError(inspected.code, `${at}${called ? ` (${called})` : ''}: ${place}${message}${more}`, { field: `${at}.body` });
    }
    const { name, kind, cost } = inspected;
    const hash = hashOf(given.body);
    if (given.name && given.name !== name) throw badInput(`${at}.name`, `"${given.name}" is called "${name}" in its document.`);
    if ((texts.get(name) ?? hash) !== hash) throw badInput(`${at}.body`, `another document here is called "${name}" too; each name is used once.`);
    texts.set(name, hash);
    return { ...given, hash, name, kind, cost, alias: aliasOf(given.id ?? null, hash, `${at}.id`, name) };
  });
}

function aliasOf(id: string | null, hash: string, field: string, name: string): string | null {
  if (id === null) return null;
  const read = operationIdOf(id);
  if (read === null) throw badInput(field, 'must be 1 to 128 visible ASCII characters without spaces, or a SHA-256.');
  if (!isHash(read)) return read;
  if (read !== hash) throw badInput(field, `this is not the SHA-256 of the document "${name}", which is ${hash}.`);
  return null;
}

type Tx = Prisma.TransactionClient;

/** Writes rows for texts that are new to their owner. @returns Their ids. */
async function addVersions(tx: Tx, partnerId: string | null, fresh: readonly Accepted[], by: string, now: Date): Promise<readonly string[]> {
  const latest = new Map<string, { readonly id: string; readonly version: number }>();
  const earlier = await tx.registeredOperation.findMany({
    where: { partnerId, name: { in: fresh.map(({ name }) => name) } },
    orderBy: { version: 'asc' },
    select: { id: true, name: true, version: true },
  });
  for (const { id, name, version } of earlier) latest.set(name, { id, version });
  const rows = fresh.map(({ hash, name, kind, cost, body }) => {
    const version = (latest.get(name)?.version ?? 0) + 1;
    return { id: newId('oper'), partnerId, hash, name, kind, version, text: body, cost, registeredBy: by, createdAt: now };
  });
  await tx.registeredOperation.createMany({ data: rows });
  for (const { id, name } of rows) {
    const before = latest.get(name);
    if (before) await tx.registeredOperation.update({ where: { id: before.id }, data: { replacedById: id } });
  }
  return rows.map(({ id }) => id);
}

/** An id of the owner's own stands for the text that came with it last. */
async function nameAliases(tx: Tx, partnerId: string | null, accepted: readonly Accepted[], rows: ReadonlyMap<string, RegisteredOperation>): Promise<void> {
  const wanted = new Map(accepted.flatMap(({ alias, hash }) => (alias === null ? [] : [[alias, rows.get(hash)?.id ?? ''] as const])));
  const known = await tx.operationAlias.findMany({ where: { partnerId, alias: { in: [...wanted.keys()] } } });
  for (const { id, alias, operationId } of known) {
    const now = wanted.get(alias) ?? operationId;
    if (now !== operationId) await tx.operationAlias.update({ where: { id }, data: { operationId: now } });
    wanted.delete(alias);
  }
  await tx.operationAlias.createMany({ data: [...wanted].map(([alias, operationId]) => ({ id: newId('opal'), partnerId, alias, operationId })) });
}

/** By the id of its row, by hash, or by an id of the owner's own. */
async function findByAnyId(tx: Tx, partnerId: string | null, given: string): Promise<RegisteredOperation | null> {
  const id = operationIdOf(given);
  if (id === null) return null;
  if (isHash(id)) return tx.registeredOperation.findFirst({ where: { partnerId, hash: id } });
  const row = await tx.registeredOperation.findFirst({ where: { partnerId, id } });
  return row ?? (await tx.operationAlias.findFirst({ where: { partnerId, alias: id }, include: { operation: true } }))?.operation ?? null;
}

function entryOf(actor: Viewer | null, action: string, row: RegisteredOperation, now: Date): Prisma.AuditEntryCreateManyInput {
  const changes = { partnerId: row.partnerId, name: row.name, version: row.version, hash: row.hash };
  return actor ? auditEntry(actor, action, 'operation', row.id, changes, now) : systemEntry(action, 'operation', row.id, changes, now);
}

function byHash(row: RegisteredOperation): readonly [string, RegisteredOperation] {
  return [row.hash, row];
}

/** The same text under two ids is one operation. */
function distinct<T extends { readonly hash: string }>(rows: readonly T[]): readonly T[] {
  return [...new Map(rows.map((row) => [row.hash, row])).values()];
}
