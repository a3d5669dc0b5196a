/**
 * Applies the migrations of prisma/migrations with Prisma's schema engine as WebAssembly, so that nothing is downloaded, and
 * fills `_prisma_migrations` as the Prisma command line would. Writes no migration: that is .config/new-migration.ts.
 */
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { DriverAdapterError, bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type * as EngineModule from '@prisma/schema-engine-wasm';
import pg from 'pg';
import type { Logger } from '../foundation/logger.ts';
import { withAdvisoryLock } from './advisory-lock.ts';
import { migrateCheckpoints } from './checkpoints.ts';

export interface MigrateOptions {
  readonly url: string;
  readonly log: Logger;
  /** Where the migrations are; the project's own when absent. */
  readonly directory?: string;
}

export type SchemaEngine = EngineModule.SchemaEngine;

type Exports = Readonly<Record<string, unknown>>;
/** The part of the global that is used here: its types come with the browser's, which the server must not see. */
declare const WebAssembly: { instantiate(bytes: Uint8Array, imports: Record<string, Exports>): Promise<{ instance: { exports: Exports } }> };

/** No table is somebody else's. */
export const NO_FILTER = { externalTables: [], externalEnums: [] };
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../prisma/migrations/', import.meta.url));

const CONNECT_MS = 10_000;
/** Written in the same transaction as a migration's own statements, and read after a crash between them and the engine's mark. */
const COMMITTED = 'parley: committed';

/** Brings the database up to the newest migration. Any number of processes may call it at once; each returns when it is done. */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const directory = options.directory ?? MIGRATIONS_DIRECTORY;
  const migrations = await readMigrations(directory);
  const applied = await withAdvisoryLock(options.url, 'migrations', async () => {
    await migrateCheckpoints(options.url);
    if (await isCurrent(options.url, migrations)) return [];
    return withEngine(options.url, new Set(migrations.values()), async (engine) => {
      await settleInterrupted(options.url, engine, options.log);
      const result = await engine.applyMigrations({ migrationsList: toList(directory, migrations), filters: NO_FILTER });
      await withClient(options.url, (client) =>
        client.query('UPDATE _prisma_migrations SET logs = NULL WHERE finished_at IS NOT NULL AND logs = $1', [COMMITTED]),
      );
      return result.appliedMigrationNames;
    });
  });
  if (applied.length > 0) options.log.info({ migrations: applied }, 'database migrated');
  return { applied };
}

/** An engine on this database, freed afterwards. The scripts in `migrations` are run as one transaction each. */
export async function withEngine<T>(url: string, migrations: ReadonlySet<string>, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: CONNECT_MS, application_name: 'parley migrations' });
  pool.on('error', () => {});
  try {
    const engine = await SchemaEngine.new({ datamodels: undefined }, () => {}, bindMigrationAwareSqlAdapterFactory(wholeScripts(pool, migrations)));
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

/** Name to script, in order. */
export async function readMigrations(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return new Map(await Promise.all(names.toSorted().map(async (name) => [name, await readFile(join(directory, name, 'migration.sql'), 'utf8')] as const)));
}

/** Most starts find nothing to do; asking costs a millisecond, compiling the engine a tenth of a second. */
async function isCurrent(url: string, migrations: ReadonlyMap<string, string>): Promise<boolean> {
  return withClient(url, async (client) => {
    if (!(await hasHistory(client))) return false;
    const { rows } = await client.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const finished = new Set(rows.map((row) => row.name));
    return [...migrations.keys()].every((name) => finished.has(name));
  });
}

/**
 * A process killed while migrating leaves a row without an end, which the engine refuses to pass. Each script is one transaction
 * that also leaves a mark, so the mark tells whether it happened: then the row is finished, else it is taken back and tried again.
 */
async function settleInterrupted(url: string, engine: SchemaEngine, log: Logger): Promise<void> {
  const interrupted = await withClient(url, async (client) => {
    if (!(await hasHistory(client))) return [];
    await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1, logs = NULL WHERE finished_at IS NULL AND logs = $1', [
      COMMITTED,
    ]);
    const { rows } = await client.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL',
    );
    return rows.map((row) => row.name);
  });
  for (const name of interrupted) {
    log.warn({ migration: name }, 'a migration was interrupted and is tried again');
    await engine.markMigrationRolledBack({ migrationName: name });
  }
}

async function hasHistory(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found");
  return rows[0]?.found === true;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, application_name: 'parley migrations' });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * The stock adapter cuts a script at every semicolon and runs the pieces one by one. Sent as one string, PostgreSQL runs it as
 * one transaction: a migration happens whole or not at all (and CREATE INDEX CONCURRENTLY cannot be one).
 */
function wholeScripts(pool: pg.Pool, migrations: ReadonlySet<string>): SqlMigrationAwareDriverAdapterFactory {
  const stock = new PrismaPg(pool);
  const connect = async () => {
    const adapter = await stock.connect();
    adapter.executeScript = async (script) => {
      const mark = `;\nUPDATE _prisma_migrations SET logs = '${COMMITTED}' WHERE finished_at IS NULL AND rolled_back_at IS NULL`;
      await pool.query(migrations.has(script) ? script + mark : script).catch((error: unknown) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
        // In the engine's own words it ends up in the history and in what the operator reads; anything else becomes a number.
        const { message, code = '', severity = '', detail, column, hint } = error;
        throw new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint, originalCode: code, originalMessage: message });
      });
    };
    return adapter;
  };
  return { provider: stock.provider, adapterName: stock.adapterName, connect, connectToShadowDb: () => stock.connectToShadowDb() };
}

function toList(baseDir: string, migrations: ReadonlyMap<string, string>): EngineModule.MigrationList {
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: [...migrations].map(([path, value]) => ({ path, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } })),
  };
}

/** Once per process: the glue keeps views of the one memory it was given, and a second one would mix them up. */
let loading: Promise<typeof EngineModule> | null = null;

function loadEngine(): Promise<typeof EngineModule> {
  return (loading ??= instantiate());
}

/** The package's own entry imports its .wasm as a module, which Node answers with a warning; the same steps by hand do not. */
async function instantiate(): Promise<typeof EngineModule> {
  const glueFile = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue: typeof EngineModule & { __wbg_set_wasm(exports: Exports): void } = await import(pathToFileURL(glueFile).href);
  const bytes = await readFile(join(dirname(glueFile), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': withoutLingeringTimers(glue) });
  glue.__wbg_set_wasm(instance.exports);
  const begin = instance.exports['__wbindgen_start'];
  if (typeof begin === 'function') begin();
  return glue;
}

/** The engine never clears the timer of its own ten-second lock limit, which would keep a process that is done from ending. */
function withoutLingeringTimers(glue: object): Exports {
  const letGo = (name: string, value: unknown): unknown =>
    name.startsWith('__wbg_setTimeout') && typeof value === 'function'
      ? (...given: unknown[]): unknown => {
          const timer: unknown = value(...given);
          if (timer && typeof timer === 'object' && 'unref' in timer && typeof timer.unref === 'function') timer.unref();
          return timer;
        }
      : value;
  return Object.fromEntries(Object.entries(glue).map(([name, value]) => [name, letGo(name, value)]));
}
