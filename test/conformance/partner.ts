/** A partner with both kinds of keys, what a front-end of it opens with, and the command with which it registers a manifest. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import type { App } from '../support/app.ts';
import type { Access } from './six-clients.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Said {
  readonly code: number;
  readonly output: string;
}

export async function partnerOf(app: App) {
  const id = newId('ptn');
  await app.database.partner.create({ data: { id, name: 'Partner' } });
  const keyOf = async (test: boolean) => (await createApiKey(app.database, { partnerId: id, name: 'Key', test })).key;
  return { id, live: await keyOf(false), test: await keyOf(true), customerId: await app.addCustomer(id) };
}

export function accessOf(app: App, credential: string): Access {
  const headers = { authorization: `Bearer ${credential}` };
  const socket = createClient({
    url: `${app.parley.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: headers,
  });
  return { url: `${app.parley.url}/graphql`, headers, socket };
}

/** `npm run operations:...`, without npm. */
export async function command(env: Readonly<Record<string, string>>, ...words: string[]): Promise<Said> {
  const { PATH = '' } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['.config/registered-operations.ts', ...words], { cwd: root, env: { PATH, ...env } });
    return { code: 0, output: stdout };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error)) throw error;
    return { code: Number(error.code), output: String(error.stderr) };
  }
}

/** The manifest as a file, for as long as `use` takes. */
export async function withManifest<T>(manifest: object | string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-manifest-'));
  try {
    const file = join(folder, 'manifest.json');
    await writeFile(file, typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function register(app: App, manifest: object | string, key: string): Promise<Said> {
  return withManifest(manifest, (file) => command({ PARLEY_URL: app.parley.url, PARLEY_CREDENTIAL: key }, 'register', file));
}
