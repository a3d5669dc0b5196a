/** Claims one run by its id, as if it were the only one there is: for tests that play an instance by hand. */
import { claimNext } from '../../src/runs/lease.ts';
import type { Database } from '../../src/store/database.ts';
import type { Run } from '../../src/store/generated/prisma/client.ts';

/** Null when it is not to be had (yet). */
export async function claimRun(database: Database, runId: string, owner: string): Promise<Run | null> {
  const others = await database.run.findMany({ where: { id: { not: runId } }, select: { id: true } });
  return claimNext(
    database,
    owner,
    new Date(),
    others.map(({ id }) => id),
  );
}
