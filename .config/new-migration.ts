/**
 * Writes the next migration: `npm run migration -- <name>` puts the step from the schema of the last migration (kept beside the
 * migrations as schema.prisma) to prisma/schema.prisma into a new directory. With `--empty` the directory gets a place for SQL
 * written by hand instead. Applies nothing to any database that matters.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLogger } from '../src/foundation/logger.ts';
import { openEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { MIGRATIONS_DIRECTORY } from '../src/store/migrate.ts';
import { schemaStep } from '../src/store/schema-step.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { empty: { type: 'boolean', default: false } } });
const name = positionals
  .join('_')
  .toLowerCase()
  .replaceAll(/[^a-z0-9]+/g, '_');
if (name === '') {
  process.stderr.write('Name the migration: npm run migration -- add_invoice_notes\n');
  process.exit(1);
}

const wanted = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));
const last = join(MIGRATIONS_DIRECTORY, 'schema.prisma');
const sql = values.empty ? '-- Written by hand: what the Prisma schema cannot express. List it in test/store/hand-written.ts.\n' : await step();
if (sql.trim() === '' || sql.includes('This is an empty migration')) {
  process.stdout.write('The schema has not changed since the last migration.\n');
} else {
  const moment = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const directory = join(MIGRATIONS_DIRECTORY, `${moment}_${name}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'migration.sql'), sql.endsWith('\n') ? sql : `${sql}\n`);
  if (!values.empty) await copyFile(wanted, last);
  process.stdout.write(`${join(directory, 'migration.sql')}\n`);
}

/** The engine insists on a server to talk to, so it gets one of its own for the moment. */
async function step(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-migration-'));
  try {
    const postgres = await openEmbeddedPostgres({ dataDir, log: createLogger({ level: 'warn', pretty: true }) });
    try {
      return await schemaStep(postgres.url, await readFile(last, 'utf8').catch(() => null), await readFile(wanted, 'utf8'));
    } finally {
      await postgres.leave();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
