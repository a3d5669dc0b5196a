/** Migrations on a real PostgreSQL: once, together, after a crash, and as the Prisma command line would record them. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { MIGRATIONS_DIRECTORY, migrate, readMigrations } from '../../src/store/migrate.ts';
import { createEmptyDatabase } from '../support/database.ts';

const log = createLogger({ level: 'silent', pretty: false });

describe('migrating', () => {
  let empty: { url: string; close(): Promise<void> };
  let directory: string;
  beforeEach(async () => {
    empty = await createEmptyDatabase();
    directory = await mkdtemp(join(tmpdir(), 'parley migrations '));
  });
  afterEach(async () => {
    await empty.close();
    await rm(directory, { recursive: true, force: true });
  });
  const add = async (name: string, sql: string): Promise<void> => {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };
  const query = async (sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('applies all of them in order to an empty database, and nothing the second time', async () => {
    const names = [...(await readMigrations(MIGRATIONS_DIRECTORY)).keys()];
    expect(names.length).toBeGreaterThan(1);
    expect(await migrate({ url: empty.url, log })).toEqual({ applied: names });
    expect(await migrate({ url: empty.url, log })).toEqual({ applied: [] });
    const rows = await query(
      'SELECT migration_name AS name, length(checksum) AS checksum, applied_steps_count AS steps, logs FROM _prisma_migrations ORDER BY started_at',
    );
    expect(rows).toEqual(names.map((name) => ({ name, checksum: 64, steps: 1, logs: null })));
  });

  it('lets several processes migrate at once: one does, all succeed', async () => {
    const results = await Promise.all([1, 2, 3].map(() => migrate({ url: empty.url, log })));
    expect(results.filter((result) => result.applied.length > 0)).toHaveLength(1);
  });

  it('applies only what is new', async () => {
    await add('1_first', 'CREATE TABLE a (id int);');
    await migrate({ url: empty.url, log, directory });
    await add('2_second', 'CREATE TABLE b (id int);');
    expect(await migrate({ url: empty.url, log, directory })).toEqual({ applied: ['2_second'] });
  });

  it('runs a script whole, semicolons in texts and bodies included', async () => {
    await add('1_texts', `CREATE TABLE a (word text DEFAULT 'one; two'); INSERT INTO a VALUES (DEFAULT); DO $$ BEGIN INSERT INTO a VALUES ('three;'); END $$;`);
    await migrate({ url: empty.url, log, directory });
    expect(await query('SELECT word FROM a')).toEqual([{ word: 'one; two' }, { word: 'three;' }]);
  });

  it('leaves nothing of a script that fails half-way, and tries the mended one again', async () => {
    await add('1_broken', 'CREATE TABLE a (id int); CREATE TABLE b (id nothing);');
    await expect(migrate({ url: empty.url, log, directory })).rejects.toThrow('nothing');
    expect(await query(`SELECT to_regclass('a') AS a`)).toEqual([{ a: null }]);
    await add('1_broken', 'CREATE TABLE a (id int); CREATE TABLE b (id int);');
    expect(await migrate({ url: empty.url, log, directory })).toEqual({ applied: ['1_broken'] });
  });

  it('goes on after a process was killed before a script was committed', async () => {
    await add('1_first', 'CREATE TABLE a (id int);');
    await migrate({ url: empty.url, log, directory });
    await add('2_second', 'CREATE TABLE b (id int);');
    await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('x', 'y', '2_second', now())`);
    expect(await migrate({ url: empty.url, log, directory })).toEqual({ applied: ['2_second'] });
    expect(await query('SELECT count(*)::int AS n FROM b')).toEqual([{ n: 0 }]);
  });

  it('goes on after a process was killed between the commit of a script and the note that it is done', async () => {
    await add('1_first', 'CREATE TABLE a (id int);');
    await migrate({ url: empty.url, log, directory });
    await query(`UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0, logs = 'parley: committed'`);
    expect(await migrate({ url: empty.url, log, directory })).toEqual({ applied: [] });
    expect(await query('SELECT finished_at IS NOT NULL AS done, logs FROM _prisma_migrations')).toEqual([{ done: true, logs: null }]);
  });

  it('gives people the role that is what they had, and the policy of roles with it', async () => {
    const names = [...(await readMigrations(MIGRATIONS_DIRECTORY)).keys()];
    const roles = names.findIndex((name) => name.endsWith('_user_roles'));
    for (const name of names.slice(0, roles)) await cp(join(MIGRATIONS_DIRECTORY, name), join(directory, name), { recursive: true });
    await migrate({ url: empty.url, log, directory });
    await query(
      `INSERT INTO "User" ("id", "email", "name", "role") SELECT r, r || '@desk.example', r, r::"UserRole" FROM unnest(ARRAY['agent', 'lead', 'admin']) r`,
    );
    const levels = '{"warnPercent": 80, "levelOfRole": {"agent": "lead", "lead": "vp", "admin": "executive"}}';
    await query(`INSERT INTO "PolicyRule" ("key", "value", "description", "updatedAt") VALUES ('approvals', '${levels}', 'Who decides', now())`);
    await migrate({ url: empty.url, log });
    expect(await query('SELECT "name", "role" FROM "User" ORDER BY "role"')).toEqual([
      { name: 'agent', role: 'user' },
      { name: 'lead', role: 'admin' },
      { name: 'admin', role: 'super_admin' },
    ]);
    expect(await query(`SELECT "value" FROM "PolicyRule" WHERE "key" = 'approvals'`)).toEqual([
      { value: { warnPercent: 80, levelOfRole: { readonly: 'agent', user: 'lead', admin: 'vp', super_admin: 'executive' } } },
    ]);
  });
});
