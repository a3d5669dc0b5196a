/** The migrations make exactly what the schema says, and what was written by hand is what the list says. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { MIGRATIONS_DIRECTORY, migrate } from '../../src/store/migrate.ts';
import { schemaStep } from '../../src/store/schema-step.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { HAND_WRITTEN } from './hand-written.ts';

const schemaFile = fileURLToPath(new URL('../../prisma/schema.prisma', import.meta.url));

describe('the migrations', () => {
  it('make what the schema says, and beyond it only what the list of hand-written objects allows', async () => {
    const [migrated, declared] = await Promise.all([createEmptyDatabase(), createEmptyDatabase()]);
    try {
      await migrate({ url: migrated.url, log: createLogger({ level: 'silent', pretty: false }) });
      await run(declared.url, await schemaStep(declared.url, null, await readFile(schemaFile, 'utf8')));
      const [made, wanted] = [await catalogue(migrated.url), await catalogue(declared.url)];
      expect(wanted.length).toBeGreaterThan(300);
      const has = new Set(made);
      const wants = new Set(wanted);
      expect(
        wanted.filter((line) => !has.has(line)),
        'in the schema, not in the migrations',
      ).toEqual([]);
      expect(made.filter((line) => !wants.has(line)).toSorted(), 'in the migrations, not in the schema').toEqual([...HAND_WRITTEN].toSorted());
    } finally {
      await Promise.all([migrated.close(), declared.close()]);
    }
  });

  it('were written from the schema as it stands', async () => {
    expect(await readFile(`${MIGRATIONS_DIRECTORY}schema.prisma`, 'utf8')).toBe(await readFile(schemaFile, 'utf8'));
  });
});

describe('the rows', () => {
  let rows: TestDatabase;
  beforeAll(async () => {
    rows = await createTestDatabase();
    await run(rows.url, `INSERT INTO "Partner" (id, name) VALUES ('p1', 'One');`);
    await run(rows.url, customer('c1', null, 'Ada@example.com'));
    await run(rows.url, `INSERT INTO "Conversation" (id, "customerId", "lastMessageAt", "createdAt", "updatedAt") VALUES ('v1', 'c1', now(), now(), now())`);
  });
  afterAll(() => rows.close());

  it('hold one customer per address, whatever its case, within a partner and within the business itself', async () => {
    await expect(run(rows.url, customer('c2', null, 'ADA@EXAMPLE.COM'))).rejects.toThrow('Customer_partner_email_key');
    await run(rows.url, customer('c3', 'p1', 'ada@example.com'));
    await expect(run(rows.url, customer('c4', 'p1', 'Ada@Example.com'))).rejects.toThrow('Customer_partner_email_key');
  });

  it('let one reply at a time be written in a conversation, and any number be queued, ended or waiting for people', async () => {
    for (const [id, status] of [
      ['r1', 'running'],
      ['r2', 'queued'],
      ['r3', 'succeeded'],
      ['r4', 'queued'],
      ['r7', 'waiting'],
      ['r8', 'waiting'],
    ] as const)
      await run(rows.url, reply(id, status));
    await expect(run(rows.url, reply('r5', 'running'))).rejects.toThrow('Run_active_reply_key');
    await expect(run(rows.url, `UPDATE "Run" SET status = 'running' WHERE id = 'r2'`)).rejects.toThrow('Run_active_reply_key');
    await run(rows.url, reply('r6', 'running').replace(`'reply'`, `'expert_panel'`));
    await run(rows.url, `UPDATE "Run" SET status = 'failed' WHERE id = 'r1'; UPDATE "Run" SET status = 'running' WHERE id = 'r2'`);
  });

  it('refuse a rating outside 1 to 5, a negative amount, and a refund above the payment', async () => {
    await expect(run(rows.url, `UPDATE "Conversation" SET rating = 6`)).rejects.toThrow('Conversation_rating_check');
    await expect(run(rows.url, `UPDATE "Conversation" SET rating = 0`)).rejects.toThrow('Conversation_rating_check');
    await run(rows.url, `UPDATE "Conversation" SET rating = 5`);
    const payment = (id: string, amount: number, refunded: number) =>
      `INSERT INTO "Payment" (id, "customerId", amount, refunded, status, method, "createdAt") VALUES ('${id}', 'c1', ${amount}, ${refunded}, 'succeeded', 'Visa', now())`;
    await expect(run(rows.url, payment('y1', -1, 0))).rejects.toThrow('Payment_amounts_check');
    await expect(run(rows.url, payment('y2', 10, 10.01))).rejects.toThrow('Payment_amounts_check');
    await run(rows.url, payment('y3', 10, 10));
  });

  it('find an article by a word of its title before one by a word of its tags before one by a word of its body', async () => {
    const article = (id: string, title: string, tags: string, body: string) =>
      `INSERT INTO "KnowledgeArticle" (id, slug, title, category, tags, body, "reviewedAt", "updatedAt") VALUES ('${id}', '${id}', '${title}', 'x', ARRAY['${tags}'], '${body}', now(), now())`;
    await run(rows.url, article('a3', 'Other', 'other', 'All about refunding'));
    await run(rows.url, article('a2', 'Other', 'refunds', 'Other'));
    await run(rows.url, article('a1', 'How a refund works', 'other', 'Other'));
    const found = await rows.database.$queryRaw<{ id: string }[]>`
      SELECT id FROM "KnowledgeArticle", websearch_to_tsquery('english', 'refunded') AS query
      WHERE search @@ query ORDER BY ts_rank(search, query) DESC`;
    expect(found.map((row) => row.id)).toEqual(['a1', 'a2', 'a3']);
  });

  it('keep a moment as it was, whatever zone the server is in', async () => {
    const at = new Date('2024-07-01T12:34:56.789Z');
    await run(rows.url, `ALTER DATABASE ${new URL(rows.url).pathname.slice(1)} SET timezone = 'Asia/Tokyo'`);
    await rows.database.$disconnect();
    await rows.database.conversation.update({ where: { id: 'v1' }, data: { lastMessageAt: at } });
    expect((await rows.database.conversation.findUniqueOrThrow({ where: { id: 'v1' } })).lastMessageAt).toEqual(at);
    expect(await rows.database.$queryRaw`SELECT extract(epoch FROM "lastMessageAt")::float8 AS s FROM "Conversation"`).toEqual([{ s: at.getTime() / 1000 }]);
  });
});

function customer(id: string, partnerId: string | null, email: string): string {
  return `INSERT INTO "Customer" (id, "partnerId", email, name, "updatedAt") VALUES ('${id}', ${partnerId ? `'${partnerId}'` : 'NULL'}, '${email}', 'Ada', now())`;
}

function reply(id: string, status: string): string {
  return `INSERT INTO "Run" (id, workflow, status, "conversationId", input, "createdAt") VALUES ('${id}', 'reply', '${status}', 'v1', '{}', now())`;
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Everything in the schema `public` as one line each, in any order: columns are compared by name, not by position. */
async function catalogue(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: lines } = await client.query<{ line: string }>(CATALOGUE);
    return lines.map((row) => row.line.replaceAll(/\s+/g, ' ')).filter((line) => !line.includes('_prisma_migrations'));
  } finally {
    await client.end();
  }
}

const CATALOGUE = `
  SELECT format('column %s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
    CASE a.attgenerated WHEN 's' THEN ' generated' END, ' ' || pg_get_expr(d.adbin, d.adrelid)) AS line
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT format('%s %s', CASE relkind WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' ELSE 'relation ' || relkind::text END, relname)
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'I', 't', 'c')
  UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
  UNION ALL SELECT format('enum %s %s', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder))
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname
  UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL SELECT format('trigger %s.%s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal`;
