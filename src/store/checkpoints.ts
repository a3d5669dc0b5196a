/**
 * Where LangGraph keeps the state of workflows between their steps: its own saver on our database, in a schema of its own. What a run left
 * there is of no use once it has ended, and is removed with it.
 */
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import pg from 'pg';
import type { Database } from './database.ts';
import type { Prisma } from './generated/prisma/client.ts';
import type { Sql } from './sql.ts';

export const CHECKPOINT_SCHEMA = 'langgraph';

/** Shares the pool of the rows: it is closed with them, never by the saver. */
export function createCheckpoints(database: Database): PostgresSaver {
  return new PostgresSaver(database.pool, undefined, { schema: CHECKPOINT_SCHEMA });
}

/** Removes what a run left there: the state of its workflow, and with `whole` what its steps kept while they waited for people too. */
export async function forgetCheckpoints(saver: PostgresSaver, { sql }: Database, runId: string, whole: boolean): Promise<void> {
  await saver.deleteThread(runId);
  if (whole) await deleteThreads(sql, `${runId}/%`);
}

async function deleteThreads(sql: Sql, like: string): Promise<void> {
  await sql.execute`DELETE FROM langgraph.checkpoint_writes WHERE thread_id LIKE ${like}`;
  await sql.execute`DELETE FROM langgraph.checkpoint_blobs WHERE thread_id LIKE ${like}`;
  await sql.execute`DELETE FROM langgraph.checkpoints WHERE thread_id LIKE ${like}`;
}

/** Removes what runs that have ended, or are gone, left there: whoever ended them could not. @returns How many rows. */
export async function pruneCheckpoints({ sql }: Database): Promise<number> {
  const left = [
    await sql.execute`DELETE FROM langgraph.checkpoint_writes c WHERE NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."id" = split_part(c.thread_id, '/', 1) AND r."finishedAt" IS NULL)`,
    await sql.execute`DELETE FROM langgraph.checkpoint_blobs c WHERE NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."id" = split_part(c.thread_id, '/', 1) AND r."finishedAt" IS NULL)`,
    await sql.execute`DELETE FROM langgraph.checkpoints c WHERE NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."id" = split_part(c.thread_id, '/', 1) AND r."finishedAt" IS NULL)`,
  ];
  return left.reduce((sum, count) => sum + count, 0);
}

/** What waiting answers to this customer kept holds their words: it goes in the transaction that erases them. */
export async function eraseCheckpoints(tx: Prisma.TransactionClient, customerId: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM langgraph.checkpoint_writes WHERE split_part(thread_id, '/', 1) IN (SELECT "id" FROM "Run" WHERE "customerId" = ${customerId})`;
  await tx.$executeRaw`DELETE FROM langgraph.checkpoint_blobs WHERE split_part(thread_id, '/', 1) IN (SELECT "id" FROM "Run" WHERE "customerId" = ${customerId})`;
  await tx.$executeRaw`DELETE FROM langgraph.checkpoints WHERE split_part(thread_id, '/', 1) IN (SELECT "id" FROM "Run" WHERE "customerId" = ${customerId})`;
}

/** Its tables, by its own migrations. Not for several processes at once: called under the lock of the migrations. */
export async function migrateCheckpoints(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1, application_name: 'parley migrations' });
  pool.on('error', () => {});
  try {
    await new PostgresSaver(pool, undefined, { schema: CHECKPOINT_SCHEMA }).setup();
  } finally {
    await pool.end();
  }
}
