/** A migrated, empty database of its own for a test file, on the PostgreSQL of the run; dropped on close. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/store/database.ts';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  close(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const url = await createDatabase(inject('postgresTemplate'));
  const database = openDatabase({ url, connectionsMax: 5, connectMs: 5000, statementMs: 20_000 });
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await database.$disconnect();
    await dropDatabase(url);
  };
  return Object.freeze({ url, database, close: () => (closed ??= close()) });
}

/** A database without tables, for tests of migrations. */
export async function createEmptyDatabase(): Promise<{ url: string; close(): Promise<void> }> {
  const url = await createDatabase('template1');
  return { url, close: () => dropDatabase(url) };
}

async function createDatabase(template: string): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdministrator(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(url: string): Promise<void> {
  await asAdministrator(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

async function asAdministrator(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
