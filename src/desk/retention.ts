/**
 * Removes what has been kept long enough, by kind of data: an hourly pass in small batches, one process at a time. What it removes
 * nobody is asked about and nobody is told; how much, the log says. Erasing one customer on request is erasure.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import { ADVISORY_LOCKS } from '../store/advisory-lock.ts';
import type { Database } from '../store/database.ts';
import type { Sql } from '../store/sql.ts';
import { startRounds, type Rounds } from './rounds.ts';

/** For how long each kind is kept: days, but where it says hours. */
export interface RetentionDays {
  /** After the last message, with messages, runs and what was found in them. */
  readonly conversationDays: number;
  readonly auditDays: number;
  /** The content of what left the house; that it did stays. */
  readonly outboxDays: number;
  readonly searchDays: number;
  readonly idempotencyDays: number;
  /**
   * Hours after the end of a run for which what it found out is kept; that it ran, and how, stays. What a reply was made from is part of
   * its conversation, and goes with that.
   */
  readonly resultHours: number;
}

export interface RetentionDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly days: RetentionDays;
  /** What else is put in order in a pass; answers how many rows. */
  readonly also?: (now: Date, signal: AbortSignal) => Promise<number>;
}

/** How many rows of each kind went, or lost their content. */
export interface RetentionPass {
  conversations: number;
  runs: number;
  results: number;
  auditEntries: number;
  outboxPayloads: number;
  searchQueries: number;
  idempotencyRecords: number;
  budgets: number;
  /** What `also` did. */
  settled: number;
}

const CONVERSATIONS_PER_BATCH = 100;
const ROWS_PER_BATCH = 2_000;
/** Batches of one kind in one pass; the next pass goes on. */
const BATCHES_MAX = 500;
/** Budgets of days are looked at as long as the usage of a quarter. */
const BUDGET_DAYS = 100;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** One pass. @returns Null when another process is at it. */
export async function applyRetention({ database, clock, days, also }: RetentionDeps, signal: AbortSignal): Promise<RetentionPass | null> {
  const now = clock.now();
  const before = (kept: number): Date => new Date(now.getTime() - kept * DAY_MS);
  let taken = false;

  /** Each batch is a transaction of its own under the lock: nobody waits long for the rows, and a pass that is cut off has lost nothing. */
  async function batches(size: number, remove: (tx: Sql) => Promise<number>): Promise<number> {
    let rows = 0;
    for (let batch = 0; batch < BATCHES_MAX && !taken; batch += 1) {
      signal.throwIfAborted();
      const removed = await database.sql.transaction(async (tx) => {
        const [lock] = await tx.query<{ got: boolean }>`SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCKS.retention}) AS got`;
        return lock?.got ? remove(tx) : null;
      });
      if (removed === null) taken = true;
      else rows += removed;
      if (removed === null || removed < size) break;
    }
    return rows;
  }

  const pass: RetentionPass = {
    conversations: await batches(CONVERSATIONS_PER_BATCH, (tx) => removeConversations(tx, before(days.conversationDays))),
    runs: await batches(CONVERSATIONS_PER_BATCH, (tx) => removeLoneRuns(tx, before(days.conversationDays))),
    results: await batches(
      ROWS_PER_BATCH,
      (tx) => tx.execute`
      UPDATE "Run" SET "result" = NULL, "resultExpiredAt" = ${now} WHERE "id" IN (
        SELECT "id" FROM "Run" WHERE "result" IS NOT NULL AND "workflow" <> 'reply' AND "finishedAt" < ${new Date(now.getTime() - days.resultHours * HOUR_MS)}
         ORDER BY "finishedAt" LIMIT ${ROWS_PER_BATCH})`,
    ),
    auditEntries: await batches(ROWS_PER_BATCH, async (tx) => {
      // The one way in which the database lets entries go.
      const [row] = await tx.query<{ gone: number }>`SELECT forget_audit_entries(${before(days.auditDays)}::timestamptz, ${ROWS_PER_BATCH}::int) AS gone`;
      return row?.gone ?? 0;
    }),
    outboxPayloads: await batches(
      ROWS_PER_BATCH,
      (tx) => tx.execute`
      UPDATE "OutboxMessage" SET "payload" = '{}', "recipient" = NULL, "lastError" = NULL
       WHERE "id" IN (SELECT "id" FROM "OutboxMessage"
                       WHERE "status" <> 'pending' AND "createdAt" < ${before(days.outboxDays)}
                         AND ("payload" <> '{}' OR "recipient" IS NOT NULL OR "lastError" IS NOT NULL) LIMIT ${ROWS_PER_BATCH})`,
    ),
    searchQueries: await batches(
      ROWS_PER_BATCH,
      (tx) => tx.execute`
      DELETE FROM "SearchQuery" WHERE "id" IN (SELECT "id" FROM "SearchQuery" WHERE "createdAt" < ${before(days.searchDays)} ORDER BY "createdAt" LIMIT ${ROWS_PER_BATCH})`,
    ),
    idempotencyRecords: await batches(
      ROWS_PER_BATCH,
      (tx) => tx.execute`
      DELETE FROM "IdempotencyRecord" WHERE ("scope", "verb", "key") IN (
        SELECT "scope", "verb", "key" FROM "IdempotencyRecord" WHERE "createdAt" < ${before(days.idempotencyDays)} ORDER BY "createdAt" LIMIT ${ROWS_PER_BATCH})`,
    ),
    budgets: await batches(
      ROWS_PER_BATCH,
      (tx) => tx.execute`
      DELETE FROM "Budget" WHERE ("scope", "key") IN (
        SELECT b."scope", b."key" FROM "Budget" b
         WHERE (b."scope" = 'day' AND b."updatedAt" < ${before(BUDGET_DAYS)})
            OR (b."scope" = 'conversation' AND NOT EXISTS (SELECT 1 FROM "Conversation" c WHERE c."id" = b."key"))
            OR (b."scope" = 'run' AND NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."id" = b."key")) LIMIT ${ROWS_PER_BATCH})`,
    ),
    settled: also && !taken ? await also(now, signal) : 0,
  };
  return taken ? null : pass;
}

/** Those nobody is at work on, with all that hangs on them. What customers found helpful stays, without saying where. */
async function removeConversations(tx: Sql, before: Date): Promise<number> {
  const found = await tx.query<{ id: string }>`
    SELECT c."id" FROM "Conversation" c
     WHERE c."lastMessageAt" < ${before}
       AND NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."conversationId" = c."id" AND r."status" IN ('queued', 'running', 'waiting'))
       AND NOT EXISTS (SELECT 1 FROM "Escalation" e WHERE e."conversationId" = c."id" AND e."status" <> 'resolved')
     ORDER BY c."lastMessageAt" LIMIT ${CONVERSATIONS_PER_BATCH} FOR UPDATE SKIP LOCKED`;
  if (found.length === 0) return 0;
  const ids = found.map((row) => row.id);
  const runs = await tx.query<{ id: string }>`SELECT "id" FROM "Run" WHERE "conversationId" = ANY(${ids})`;
  await tx.execute`UPDATE "ArticleUse" SET "conversationId" = NULL, "runId" = NULL WHERE "conversationId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "SearchQuery" WHERE "conversationId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "Escalation" WHERE "conversationId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "Message" WHERE "conversationId" = ANY(${ids})`;
  await removeRuns(
    tx,
    runs.map((row) => row.id),
  );
  await tx.execute`DELETE FROM "Budget" WHERE "scope" = 'conversation' AND "key" = ANY(${ids})`;
  return tx.execute`DELETE FROM "Conversation" WHERE "id" = ANY(${ids})`;
}

/** Runs of single agents and workflows, which belong to no conversation. */
async function removeLoneRuns(tx: Sql, before: Date): Promise<number> {
  const found = await tx.query<{ id: string }>`
    SELECT "id" FROM "Run"
     WHERE "createdAt" < ${before} AND "conversationId" IS NULL AND "status" IN ('succeeded', 'failed', 'stopped')
     ORDER BY "createdAt" LIMIT ${CONVERSATIONS_PER_BATCH} FOR UPDATE SKIP LOCKED`;
  return removeRuns(
    tx,
    found.map((row) => row.id),
  );
}

async function removeRuns(tx: Sql, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  await tx.execute`DELETE FROM "RouteCorrection" WHERE "runId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "ApprovalDecision" WHERE "approvalId" IN (SELECT "id" FROM "Approval" WHERE "runId" = ANY(${ids}))`;
  await tx.execute`DELETE FROM "Approval" WHERE "runId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "HandOver" WHERE "runId" = ANY(${ids})`;
  await tx.execute`DELETE FROM "RunStep" WHERE "runId" = ANY(${ids})`;
  return tx.execute`DELETE FROM "Run" WHERE "id" = ANY(${ids})`;
}

export interface RetentionRoundsDeps extends RetentionDeps {
  readonly log: Logger;
  /** Milliseconds before the first pass; starting is busy enough. */
  readonly firstMs?: number;
  /** Milliseconds between two passes. */
  readonly everyMs?: number;
}

const FIRST_MS = 60_000;
const EVERY_MS = 60 * 60_000;

/** Begins at once and never throws; `close` ends the pass under way after its batch. */
export function startRetention({ log, firstMs = FIRST_MS, everyMs = EVERY_MS, ...deps }: RetentionRoundsDeps): Rounds {
  return startRounds({
    clock: deps.clock,
    log,
    firstMs,
    everyMs,
    failed: 'the retention pass failed; the next one makes up for it',
    async round(signal) {
      const pass = await applyRetention(deps, signal);
      if (pass) log.info({ ...pass }, 'what was kept long enough was removed');
    },
  });
}
