/**
 * Who runs what: a run belongs to the instance whose name stands on its row until the lease ends. Only a queued run, or one whose
 * lease has expired, can be claimed, and only one run of a conversation at a time, the oldest first. Time is the database's, so
 * that instances with different clocks agree.
 */
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';

/** How long a run is safe from others without a renewal; three renewals fit, so one lost round trip costs nothing. */
export const LEASE_MS = 10_000;
export const RENEW_MS = 3_000;

/** The run, now ours and one attempt further; null when it is not to be had (yet). */
export async function claimRun(database: Database, runId: string, owner: string): Promise<Run | null> {
  const claimed = await database.$queryRaw<{ id: string }[]>`
    UPDATE "Run" AS r
       SET "status" = 'running', "attempt" = r."attempt" + 1, "leaseOwner" = ${owner},
           "leaseUntil" = now() + ${LEASE_MS} * interval '1 millisecond', "startedAt" = coalesce(r."startedAt", now())
     WHERE r."id" = ${runId}
       AND (r."status" = 'queued' OR (r."status" = 'running' AND r."leaseUntil" < now()))
       AND NOT EXISTS (SELECT 1 FROM "Run" o
                        WHERE o."conversationId" = r."conversationId" AND o."id" <> r."id"
                          AND (o."status" IN ('running', 'waiting') OR (o."status" = 'queued' AND (o."createdAt", o."id") < (r."createdAt", r."id"))))
    RETURNING r."id"`;
  return claimed.length === 0 ? null : database.run.findUnique({ where: { id: runId } });
}

export interface Renewed {
  readonly id: string;
  readonly stopRequestedAt: Date | null;
}

/** Extends the leases that are still ours, in one statement; a run missing from the answer was lost. */
export async function renewLeases(database: Database, runIds: readonly string[], owner: string): Promise<readonly Renewed[]> {
  return database.$queryRaw<Renewed[]>`
    UPDATE "Run" SET "leaseUntil" = now() + ${LEASE_MS} * interval '1 millisecond'
     WHERE "id" = ANY(${runIds}) AND "leaseOwner" = ${owner} AND "status" = 'running'
    RETURNING "id", "stopRequestedAt"`;
}

/** Runs that somebody should be working on: queued ones and those whose owner went silent, oldest first. */
export async function findRunnable(database: Database, limit: number): Promise<readonly string[]> {
  const rows = await database.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "Run"
     WHERE "status" = 'queued' OR ("status" = 'running' AND "leaseUntil" < now())
     ORDER BY "createdAt", "id" LIMIT ${limit}`;
  return rows.map((row) => row.id);
}
