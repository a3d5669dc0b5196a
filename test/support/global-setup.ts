/**
 * One PostgreSQL for a whole test run: started in a temporary directory, with a migrated template that createTestDatabase
 * copies. Stops it and removes everything afterwards; if the run itself is killed, reaper.ts does.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openRoutingModel } from '../../src/catalog/kept-routing.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { reachableAgents } from '../../src/catalog/local-router.ts';
import { openSignalReader } from '../../src/orchestration/understand/kept-signals.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { openEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { requireProgram } from './debian.ts';
import { AGENTS } from './signals.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server of this run, as its superuser, database `parley` (empty). */
    postgresUrl: string;
    /** A migrated database without rows, to be copied and never connected to. */
    postgresTemplate: string;
    /** A directory for the data of a first start, made by the first file that needs it (process.ts). */
    filledHome: string;
  }
}

const TEMPLATE = 'parley_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Once, before many files ask for it at the same time.
  await requireProgram('redis-server', '--version', 'redis-server');
  await learn();
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
  const filledHome = await mkdtemp(join(tmpdir(), 'parley-filled-'));
  const log = createLogger({ level: 'silent', pretty: false });
  const reaper = spawn(process.execPath, [fileURLToPath(new URL('reaper.ts', import.meta.url)), dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  const postgres = await openEmbeddedPostgres({ dataDir, log });
  const teardown = async (): Promise<void> => {
    await postgres.leave();
    await rm(dataDir, { recursive: true, force: true });
    await rm(filledHome, { recursive: true, force: true });
    reaper.stdin.end();
  };
  try {
    await prepare(postgres.url);
    const templateUrl = new URL(postgres.url);
    templateUrl.pathname = `/${TEMPLATE}`;
    await migrate({ url: templateUrl.href, log });
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('filledHome', filledHome);
  project.provide('postgresUrl', postgres.url);
  project.provide('postgresTemplate', TEMPLATE);
  return teardown;
}

/** Seconds of work that every process of the run would do otherwise. */
async function learn(): Promise<void> {
  const agents = reachableAgents(await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined }));
  await Promise.all([openRoutingModel(agents), openSignalReader(AGENTS, agents)]);
}

/** Nothing here outlives the run, so nothing needs to reach the disk. The suites that kill a server start their own. */
async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) await client.query(`ALTER SYSTEM SET ${setting} = off`);
    await client.query('SELECT pg_reload_conf()');
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
  } finally {
    await client.end();
  }
}
