/**
 * Who runs what, and what goes next: a run belongs to the instance whose name stands on its row until the lease ends. Only a queued run
 * whose moment has come, or one whose lease has expired, can be claimed, and only one answer in a conversation at a time, the oldest first;
 * what works on it for the desk waits for nobody and holds nobody up.
 * One that waits for people is in nobody's way: that may take days, and once they have decided it is queued again, and the oldest.
 * Of those, higher priorities go first; of one priority the customer of whom the fewest are running; then the oldest. Leases are in the
 * database's time, so that instances with different clocks agree; the moment of a run is in ours, where a second changes nothing.
 */
import type { Database } from '../store/database.ts';
import { Prisma, type Run } from '../store/generated/prisma/client.ts';

/**
 * How long a run is safe from others without a renewal; three renewals fit, so one lost round trip costs nothing. With the time until
 * somebody looks (SCAN_MS in driver.ts) it is less than ten seconds: that is how long readers of a killed instance wait at most.
 */
export const LEASE_MS = 7_000;
export const RENEW_MS = 2_000;

/** Thrown by a write that found the run in other hands: whoever gets it writes nothing more. */
export class LeaseLost extends Error {
  constructor() {
    super('the run belongs to another attempt');
    this.name = 'LeaseLost';
  }
}

/**
 * The run that goes next, now ours and one attempt further; null when none is to be had (yet). A run whose stop was asked for need not
 * wait for its moment.
 * @param except Runs the owner still has in hand, whatever their rows say: an attempt that is just ending, or whose lease ran out unnoticed.
 */
export async function claimNext(database: Database, owner: string, now: Date, except: readonly string[] = []): Promise<Run | null> {
  const [claimed] = await database.sql.query<Omit<Run, 'cost'> & { readonly cost: string }>`
    WITH "busy" AS (
      SELECT "customerId", count(*) AS "runs" FROM "Run" WHERE "status" = 'running' AND "leaseUntil" >= now() GROUP BY "customerId"
    ), "next" AS (
      SELECT r."id" FROM "Run" r LEFT JOIN "busy" b ON b."customerId" = r."customerId"
       WHERE ((r."status" = 'queued' AND (r."notBefore" IS NULL OR r."notBefore" <= ${now} OR r."stopRequestedAt" IS NOT NULL))
              OR (r."status" = 'running' AND r."leaseUntil" < now()))
         AND r."id" <> ALL(${[...except]})
         AND NOT EXISTS (SELECT 1 FROM "Run" o
                          WHERE r."workflow" IN ('reply', 'agent') AND o."workflow" IN ('reply', 'agent')
                            AND o."conversationId" = r."conversationId" AND o."id" <> r."id" AND o."status" IN ('queued', 'running')
                            AND (o."status" = 'running' OR (o."status" = 'queued' AND (o."createdAt", o."id") < (r."createdAt", r."id"))))
       ORDER BY r."priority" DESC, coalesce(b."runs", 0), r."createdAt", r."id" LIMIT 1
         FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE "Run" AS r
       SET "status" = 'running', "attempt" = r."attempt" + 1, "leaseOwner" = ${owner}, "progress" = 0,
           "leaseUntil" = now() + ${LEASE_MS} * interval '1 millisecond', "startedAt" = coalesce(r."startedAt", now())
      FROM "next" WHERE r."id" = "next"."id"
    RETURNING r.*`;
  return claimed ? { ...claimed, cost: new Prisma.Decimal(claimed.cost) } : null;
}

/** Ends the leases of all others, whose runs can then be claimed at once. Only for who knows that no other instance may drive runs. */
export async function endOtherLeases(database: Database, owner: string): Promise<void> {
  await database.run.updateMany({ where: { status: 'running', leaseOwner: { not: owner } }, data: { leaseUntil: new Date(0) } });
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

/**
 * Runs that somebody should be working on: queued ones whose turn it is and those whose owner went silent, in the order in which they
 * would be claimed. Those that wait behind another of their conversation are left out: a long queue in one must not hide the others.
 */
export async function findRunnable(database: Database, limit: number, now: Date): Promise<readonly string[]> {
  const rows = await database.$queryRaw<{ id: string }[]>`
    WITH "busy" AS (
      SELECT "customerId", count(*) AS "runs" FROM "Run" WHERE "status" = 'running' AND "leaseUntil" >= now() GROUP BY "customerId"
    )
    SELECT r."id" FROM "Run" r LEFT JOIN "busy" b ON b."customerId" = r."customerId"
     WHERE (r."status" = 'running' AND r."leaseUntil" < now())
        OR (r."status" = 'queued' AND (r."notBefore" IS NULL OR r."notBefore" <= ${now} OR r."stopRequestedAt" IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM "Run" o
                             WHERE r."workflow" IN ('reply', 'agent') AND o."workflow" IN ('reply', 'agent')
                            AND o."conversationId" = r."conversationId" AND o."id" <> r."id" AND o."status" IN ('queued', 'running')
                               AND (o."status" = 'running' OR (o."status" = 'queued' AND (o."createdAt", o."id") < (r."createdAt", r."id")))))
     ORDER BY r."priority" DESC,
              coalesce(b."runs", 0) + row_number() OVER (PARTITION BY r."priority", r."customerId" ORDER BY r."createdAt", r."id"),
              r."createdAt", r."id" LIMIT ${limit}`;
  return rows.map((row) => row.id);
}
