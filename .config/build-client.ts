/**
 * Builds src/client/ into what can be installed: dist/client/parley.js (for bundlers and Node, graphql-ws left outside),
 * dist/client/parley.browser.js (everything inside, small, for a page without a bundler), dist/client/webhooks.js (for servers that
 * receive webhooks, on Node) and declarations beside them. Prints how large the client is, minified and compressed, without
 * graphql-ws. `buildClient` is the same for tests.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src/client');

/** What is public. The rooms have no index, so the door of the package is written here. */
const ENTRY = `
export { createParleyClient } from './client.ts';
export { ParleyError } from './error.ts';
export { RECONNECT, withResume } from './resume.ts';
export { discard, EMPTY, explain, isNew, load, notSent, reduce, sending, takeMessage, takeRun } from './thread.ts';
export { EXPLAIN, FOLLOW, LOAD, POST, START, STOP } from './operations.ts';
`;
const ENTRY_TYPES = `${ENTRY}
export type { ParleyClient, ParleyClientOptions } from './client.ts';
export type { Conversation, ConversationState, SendOptions } from './conversation.ts';
export type { ParleyErrorCode } from './error.ts';
export type { Fetch } from './http.ts';
export type { Operation, RunItem } from './operations.ts';
export type { ResumeOptions } from './resume.ts';
export type { Part, Thread, ThreadMessage, ThreadRun, ToolPart, Unsent, Why } from './thread.ts';
export type * from './types.ts';
`;
const WEBHOOKS_ENTRY = `
export { verifyWebhook, WebhookError, WEBHOOK_FAULTS } from './verify-webhook.ts';
`;
const WEBHOOKS_TYPES = `${WEBHOOKS_ENTRY}
export type { VerifiedWebhook, VerifyOptions, WebhookEvent, WebhookFault, WebhookHeaders } from './verify-webhook.ts';
`;

export interface ClientBuild {
  /** Bytes of the client without graphql-ws, minified and compressed with gzip. */
  readonly gzipBytes: number;
}

/** @param target A folder that is emptied first. */
export async function buildClient(target: string): Promise<ClientBuild> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const common: BuildOptions = {
    stdin: { contents: ENTRY, resolveDir: source, sourcefile: 'parley.ts', loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['browser'],
    legalComments: 'none',
    write: false,
  };
  const outside = { ...common, external: ['graphql-ws'] };
  writeFileSync(join(target, 'parley.js'), await bundle(outside));
  writeFileSync(join(target, 'parley.browser.js'), await bundle({ ...common, minify: true }));
  const webhooks = { ...common, platform: 'node', stdin: { ...common.stdin, contents: WEBHOOKS_ENTRY, sourcefile: 'webhooks.ts' } } satisfies BuildOptions;
  writeFileSync(join(target, 'webhooks.js'), await bundle(webhooks));
  writeDeclarations(target);
  return { gzipBytes: gzipSync(await bundle({ ...outside, minify: true }), { level: 9 }).length };
}

async function bundle(options: BuildOptions): Promise<Uint8Array> {
  const [file] = (await build(options)).outputFiles ?? [];
  if (!file) throw new Error('esbuild wrote nothing');
  return file.contents;
}

function writeDeclarations(target: string): void {
  const scratch = mkdtempSync(join(tmpdir(), 'parley-client-'));
  try {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: source,
        outDir: target,
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: [join(source, '*.ts')],
      exclude: [],
    };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(scratch, 'tsconfig.json')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  writeFileSync(join(target, 'parley.d.ts'), ENTRY_TYPES.trimStart());
  writeFileSync(join(target, 'webhooks.d.ts'), WEBHOOKS_TYPES.trimStart());
  // Node resolves the names of what was emitted, and nothing with .ts is.
  for (const name of readdirSync(target).filter((file) => file.endsWith('.d.ts'))) {
    const path = join(target, name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { gzipBytes } = await buildClient(join(root, 'dist/client'));
  process.stdout.write(`dist/client: ${(gzipBytes / 1_024).toFixed(1)} KB minified and compressed, without graphql-ws\n`);
}
