/** Statements by hand: parameters, transactions, and what happens when a connection breaks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDatabaseUnavailable } from '../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('hand-written statements', () => {
  let rows: TestDatabase;
  beforeAll(async () => {
    rows = await createTestDatabase();
  });
  afterAll(() => rows.close());

  function addPartner(id: string) {
    return rows.database.sql.execute`INSERT INTO "Partner" ("id", "name") VALUES (${id}, ${`name of ${id}`})`;
  }

  it('take every value as a parameter, whatever it contains', async () => {
    const hostile = `'; DROP TABLE "Partner"; -- $1 \\`;
    expect(await rows.database.sql.query<{ said: string; many: number }>`SELECT ${hostile}::text AS said, ${42}::int AS many`).toEqual([
      { said: hostile, many: 42 },
    ]);
  });

  it('say how many rows they changed, and are seen by the client', async () => {
    expect(await addPartner('ptn_one')).toBe(1);
    expect(await rows.database.partner.findUnique({ where: { id: 'ptn_one' } })).toMatchObject({ name: 'name of ptn_one' });
    expect(await rows.database.sql.execute`DELETE FROM "Partner" WHERE "id" = ${'nobody'}`).toBe(0);
  });

  it('are all undone when one of a transaction fails', async () => {
    await expect(
      rows.database.sql.transaction(async (tx) => {
        await tx.execute`INSERT INTO "Partner" ("id", "name") VALUES ('ptn_two', 'two')`;
        await tx.execute`INSERT INTO "Partner" ("id", "name") VALUES ('ptn_two', 'again')`;
      }),
    ).rejects.toMatchObject({ code: '23505' });
    expect(await rows.database.partner.findUnique({ where: { id: 'ptn_two' } })).toBeNull();
  });

  it('fail recognisably when the connection breaks in a transaction, and work again on the next one', async () => {
    const failure = rows.database.sql.transaction(async (tx) => {
      const [me] = await tx.query<{ pid: number }>`SELECT pg_backend_pid() AS pid`;
      await rows.database.sql.query`SELECT pg_terminate_backend(${me?.pid ?? 0}::int)`;
      await tx.execute`SELECT 1`;
    });
    const error = await failure.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(await addPartner('ptn_after')).toBe(1);
  });

  it('leave no connection taken', async () => {
    await Promise.all(Array.from({ length: 30 }, () => rows.database.sql.transaction((tx) => tx.query`SELECT 1`)));
    await Promise.allSettled(Array.from({ length: 30 }, () => rows.database.sql.transaction((tx) => tx.query`SELECT nonsense`)));
    expect(await rows.database.sql.query<{ one: number }>`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });
});
