/**
 * Erases a customer on request: everything that tells who they were and what they said goes or is replaced, in one transaction; what
 * the law wants kept stays without a name. Leaves a record of how much, and none of what. What each table loses stands in
 * customer-tables.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Channel, EventLog } from '../events/event-log.ts';
import type { SignalBus } from '../jobs/signal-bus.ts';
import { eraseCheckpoints } from '../store/checkpoints.ts';
import type { Database } from '../store/database.ts';
import { Prisma, type Customer, type Erasure } from '../store/generated/prisma/client.ts';
import type { PrincipalChanges } from '../store/principal.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { tellDeskClosed } from './approval-events.ts';
import { auditEntry } from './audit.ts';
import { endWaiting } from './conversation-lock.ts';
import { CUSTOMER_TABLES, type CustomerTable } from './customer-tables.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer, type IdempotentCall } from './idempotency.ts';

export interface EraseCustomer {
  readonly customerId: string;
  readonly idempotencyKey: string;
}

export interface ErasureDesk {
  /**
   * Staff who may delete customers. Runs of the customer are stopped first. The same key answers the same, and makes up for what could
   * not be told the first time.
   * @throws AppError CONFLICT while a person holds an escalation of the customer, money is on its way, or an answer is still being
   * written; each says which.
   */
  erase(viewer: Viewer, input: EraseCustomer): Promise<{ customer: Customer; erasure: Erasure }>;
}

export interface ErasureDeskDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly signals: SignalBus;
  readonly revocation: Pick<PrincipalChanges, 'end' | 'tell'>;
  readonly clock: Clock;
}

type Tx = Prisma.TransactionClient;
type Counts = Record<string, { erased?: number; pseudonymised?: number }>;

const BATCH = 2_000;
const TRANSACTION_MS = 120_000;
const WAIT_MS = 5_000;
/** How long answers being written get to hear that they are to stop. */
const STOP_MS = 10_000;
const STOP_POLL_MS = 100;
const CHANNELS_AT_ONCE = 20;

export function createErasureDesk(deps: ErasureDeskDeps): ErasureDesk {
  const { database, log, clock } = deps;

  async function answer(erasureId: string): Promise<{ customer: Customer; erasure: Erasure }> {
    const erasure = await database.erasure.findUniqueOrThrow({ where: { id: erasureId } });
    await deps.revocation.tell([`customer:${erasure.customerId}`]);
    await forgetChannels(deps, erasure.customerId);
    return { customer: await database.customer.findUniqueOrThrow({ where: { id: erasure.customerId } }), erasure };
  }

  return Object.freeze<ErasureDesk>({
    async erase(viewer, { customerId, idempotencyKey }) {
      const staff = requireStaff(viewer, 'delete:customers');
      log.assertAvailable();
      const call: IdempotentCall = { scope: viewerKey(viewer), verb: 'eraseCustomer', key: idempotencyKey, body: { customerId } };
      const before = await findFirstAnswer(database, call);
      if (before) return answer(before);
      if (!(await database.customer.findUnique({ where: { id: customerId }, select: { id: true } }))) throw notFound('customer');
      await assertErasable(database, customerId);
      await stopRuns(deps, customerId, viewerKey(viewer));
      const id = newId('ers');
      try {
        await database.$transaction(
          async (tx) => {
            await lock(tx, customerId);
            await assertErasable(tx, customerId);
            await assertSilent(tx, customerId);
            const counts = await eraseRows(tx, customerId, call);
            const now = clock.now();
            await tx.erasure.create({ data: { id, customerId, requestedById: staff.userId, counts, createdAt: now } });
            await tx.auditEntry.create({ data: auditEntry(viewer, 'customer.erase', 'customer', customerId, { erasureId: id }, now) });
            // Tokens of the customer end, and what was opened with them.
            await deps.revocation.end(tx, [`customer:${customerId}`]);
            await recordFirstAnswer(tx, call, id, now);
          },
          { timeout: TRANSACTION_MS, maxWait: WAIT_MS },
        );
      } catch (error) {
        const winner = isUniqueViolation(error) ? await findFirstAnswer(database, call) : null;
        if (winner) return answer(winner);
        throw error;
      }
      return answer(id);
    },
  });
}

/** The conversations before the customer, as whoever posts does. From then on nothing new can come to refer to the customer. */
async function lock(tx: Tx, customerId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM "Conversation" WHERE "customerId" = ${customerId} ORDER BY "id" FOR NO KEY UPDATE`;
  await tx.$queryRaw`SELECT 1 FROM "Customer" WHERE "id" = ${customerId} FOR UPDATE`;
}

async function assertErasable(database: Tx, customerId: string): Promise<void> {
  const escalation = await database.escalation.findFirst({
    where: { customerId, status: 'claimed' },
    select: { id: true, claimedBy: { select: { name: true } } },
  });
  if (escalation) {
    throw new AppError(
      'CONFLICT',
      `${escalation.claimedBy?.name ?? 'Somebody'} is at work on the escalation ${escalation.id} of this customer: resolve it first.`,
    );
  }
  const money = await database.outboxMessage.findFirst({
    where: { customerId, status: 'pending', kind: { in: ['charge', 'refund'] } },
    select: { id: true, kind: true },
  });
  if (money) throw new AppError('CONFLICT', `A ${money.kind} of this customer is still on its way (${money.id}): erase when it has arrived.`);
}

async function assertSilent(database: Tx, customerId: string): Promise<void> {
  const run = await database.run.findFirst({ where: { customerId, status: { in: ['queued', 'running', 'waiting'] } }, select: { id: true } });
  if (run)
    throw new AppError('CONFLICT', `An answer to this customer is still being written (${run.id}). Try again in a moment.`, {
      retryable: true,
      retryAfterMs: 2_000,
    });
}

/** Whoever writes an answer could write it after the erasure: so nobody may. */
async function stopRuns({ database, log, signals, clock }: ErasureDeskDeps, customerId: string, by: string): Promise<void> {
  const now = clock.now();
  await database.run.updateMany({ where: { customerId, status: 'queued' }, data: { status: 'stopped', stoppedBy: by, finishedAt: now } });
  const running = await database.run.updateManyAndReturn({
    where: { customerId, status: { in: ['running', 'waiting'] } },
    data: { stopRequestedAt: now, stoppedBy: by },
    select: { id: true },
  });
  const ids = running.map(({ id }) => id);
  const { events } = await database.$transaction((tx) => endWaiting(tx, ids, now));
  await tellDeskClosed(log, events);
  for (const { id } of running) await signals.send({ kind: 'stop', id });
  const deadline = performance.now() + STOP_MS;
  while (performance.now() < deadline && (await database.run.count({ where: { customerId, status: { in: ['running', 'waiting'] } } })) > 0) {
    await clock.sleep(STOP_POLL_MS);
  }
}

async function eraseRows(tx: Tx, customerId: string, call: IdempotentCall): Promise<Counts> {
  const counts: Counts = {};
  const count = (table: string, how: 'erased' | 'pseudonymised', rows: number): void => {
    if (rows > 0) counts[table] = { ...counts[table], [how]: (counts[table]?.[how] ?? 0) + rows };
  };
  await eraseCheckpoints(tx, customerId);
  count('ArticleSuggestion', 'pseudonymised', await eraseQuestions(tx, customerId));
  count('IdempotencyRecord', 'erased', await eraseAnswers(tx, customerId, call));
  for (const table of CUSTOMER_TABLES) {
    if (table.erasure === 'keep') continue;
    count(table.name, table.erasure === 'delete' ? 'erased' : 'pseudonymised', await eraseTable(tx, table, customerId));
  }
  return counts;
}

async function eraseTable(tx: Tx, { name, key, theirs, only, erasure }: CustomerTable, customerId: string): Promise<number> {
  const table = Prisma.raw(`"${name}"`);
  const column = Prisma.raw(`"${key}"`);
  const which = only ? Prisma.sql`${theirs(customerId)} AND ${only}` : theirs(customerId);
  let rows = 0;
  for (let after = ''; ;) {
    const found = await tx.$queryRaw<{ key: string }[]>`
      SELECT row.${column} AS "key" FROM ${table} AS row WHERE ${which} AND row.${column} > ${after} ORDER BY row.${column} LIMIT ${BATCH}`;
    const keys = found.map((one) => one.key);
    const last = keys.at(-1);
    if (last === undefined || erasure === 'keep') return rows;
    if (erasure === 'delete') rows += await tx.$executeRaw`DELETE FROM ${table} WHERE ${column} = ANY(${keys})`;
    else rows += await tx.$executeRaw`UPDATE ${table} SET ${erasure.set} WHERE ${column} = ANY(${keys})`;
    if (keys.length < BATCH) return rows;
    after = last;
  }
}

/** What the customer asked may stand, word for word, in what the editors were told to write about. */
async function eraseQuestions(tx: Tx, customerId: string): Promise<number> {
  return tx.$executeRaw`
    WITH asked AS (
      SELECT "text" FROM "SearchQuery" WHERE "customerId" = ${customerId}
         OR "conversationId" IN (SELECT "id" FROM "Conversation" WHERE "customerId" = ${customerId})
      UNION SELECT m."text" FROM "Message" m JOIN "Conversation" c ON c."id" = m."conversationId" WHERE c."customerId" = ${customerId}
    )
    UPDATE "ArticleSuggestion" SET "title" = "topic", "draft" = NULL,
           "questions" = ARRAY(SELECT q FROM unnest("questions") AS q WHERE q NOT IN (SELECT "text" FROM asked))
     WHERE "questions" && ARRAY(SELECT "text" FROM asked)`;
}

/** Answers remembered for a repeated call would name what is gone. */
async function eraseAnswers(tx: Tx, customerId: string, { scope, verb, key }: IdempotentCall): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM "IdempotencyRecord"
     WHERE NOT ("scope" = ${scope} AND "verb" = ${verb} AND "key" = ${key})
       AND ("scope" = ${`customer:${customerId}`} OR "subjectId" IN (
         SELECT "id" FROM "Conversation" WHERE "customerId" = ${customerId} UNION ALL SELECT "id" FROM "Run" WHERE "customerId" = ${customerId}))`;
}

/** What was said lives in the log for minutes more: it goes at once, and readers are told to start over. */
async function forgetChannels({ database, log }: ErasureDeskDeps, customerId: string): Promise<void> {
  const rows = await database.sql.query<{ channel: Channel }>`
    SELECT 'conversation:' || "id" AS "channel" FROM "Conversation" WHERE "customerId" = ${customerId}
    UNION ALL SELECT 'run:' || "id" FROM "Run" WHERE "customerId" = ${customerId} AND "conversationId" IS NULL`;
  const channels = rows.map((row) => row.channel);
  while (channels.length > 0) await Promise.all(channels.splice(0, CHANNELS_AT_ONCE).map((channel) => log.forget(channel)));
}
