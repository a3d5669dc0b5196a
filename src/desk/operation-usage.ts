/**
 * Counts how often each registered operation is run: in memory, and every few seconds as one statement into a row for each operation
 * and day (UTC). What a killed process had counted since is lost; nothing is ever waited for.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Database } from '../store/database.ts';
import { startRounds } from './rounds.ts';

export interface OperationUsage {
  count(operationId: string): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

export interface OperationUsageDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

const WRITE_MS = 5_000;
/** Operations and days counted between two writes; while the database is away no more are begun. */
const COUNTS_MAX = 10_000;
/** For how long the days are kept. */
const KEPT_DAYS = 400;
const DAY_MS = 86_400_000;

export function createOperationUsage({ database, clock, log }: OperationUsageDeps): OperationUsage {
  let counts = new Map<string, number>();
  let uncounted = 0;

  function add(key: string, calls: number): void {
    const known = counts.get(key);
    if (known === undefined && counts.size >= COUNTS_MAX) uncounted += calls;
    else counts.set(key, (known ?? 0) + calls);
  }

  async function write(): Promise<void> {
    if (counts.size === 0) return;
    const written = counts;
    counts = new Map();
    try {
      // In one order everywhere: two instances that count the same operations never wait for each other in a circle.
      const rows = [...written].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, calls]) => ({ day: key.slice(0, 10), id: key.slice(11), calls }));
      await database.sql.execute`
        INSERT INTO "OperationUsage" ("operationId", "day", "calls")
        SELECT * FROM unnest(${rows.map(({ id }) => id)}::text[], ${rows.map(({ day }) => day)}::date[], ${rows.map(({ calls }) => calls)}::bigint[])
        ON CONFLICT ("operationId", "day") DO UPDATE SET "calls" = "OperationUsage"."calls" + excluded."calls"`;
    } catch (error) {
      for (const [key, calls] of written) add(key, calls);
      throw error;
    }
    if (uncounted > 0) log.warn({ calls: uncounted }, 'calls of registered operations were not counted');
    uncounted = 0;
  }

  const rounds = startRounds({ clock, log, everyMs: WRITE_MS, failed: 'the calls of registered operations could not be written; they are kept', round: write });

  return Object.freeze<OperationUsage>({
    count: (operationId) => add(`${clock.now().toISOString().slice(0, 10)} ${operationId}`, 1),
    async close() {
      await rounds.close();
      await write().catch((error: unknown) => log.warn({ err: error }, 'the last calls of registered operations were not written'));
    },
  });
}

/** Removes the days nobody looks at any more. @returns How many rows. */
export async function pruneOperationUsage({ sql }: Pick<Database, 'sql'>, now: Date): Promise<number> {
  return sql.execute`DELETE FROM "OperationUsage" WHERE "day" < ${new Date(now.getTime() - KEPT_DAYS * DAY_MS)}`;
}
