/**
 * Makes the generated client code (src/store/generated) when the schema or a generator changed, and is silent when it did not.
 * Run before start, test and image build. Applies no migration and never downloads anything.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = join(root, 'src/store/generated');
const stamp = join(generated, 'made-from.txt');
const lock = join(generated, 'lock');
/** A generation takes about a second; a lock much older than that belongs to a process that was killed. */
const LOCK_STALE_MS = 60_000;
const WAIT_MS = 120_000;

await generate();

async function generate(): Promise<void> {
  const wanted = fingerprint();
  if (isMade(wanted)) return;
  const until = Date.now() + WAIT_MS;
  while (!takeLock()) {
    if (Date.now() > until) throw new Error(`Another process has been generating for two minutes; remove ${lock} if none is.`);
    await delay(100);
  }
  try {
    if (isMade(wanted)) return;
    rmSync(stamp, { force: true });
    await runPrisma();
    writeFileSync(stamp, `${wanted}\n`);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isMade(wanted: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted;
}

/** What the output depends on: the schema, this configuration and the versions of the generators. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of ['prisma/schema.prisma', '.config/prisma.ts']) hash.update(readFileSync(join(root, file)));
  for (const name of ['prisma', '@prisma/client', '@pothos/plugin-prisma']) {
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    hash.update(`${name}@${manifest && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : ''}\n`);
  }
  return hash.digest('hex');
}

/** mkdir is atomic: of several processes starting at once exactly one generates and the others find the result. */
function takeLock(): boolean {
  try {
    mkdirSync(generated, { recursive: true });
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

async function runPrisma(): Promise<void> {
  const cli = join(root, 'node_modules/prisma/build/index.js');
  // The generators are found on the PATH by name, which npm provides and a bare `node .config/generate.ts` does not.
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', NO_COLOR: '1' };
  try {
    await promisify(execFile)(process.execPath, [cli, 'generate', '--config', '.config/prisma.ts', '--no-hints'], { cwd: root, env, timeout: WAIT_MS });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error && 'stdout' in error ? `\n${String(error.stdout)}${String(error.stderr)}` : '';
    throw new Error(`Generating the database client failed.${output}`, { cause: error });
  }
}
