/** What is published: small, plain JavaScript with declarations, usable from Node and from a page without anything of the server. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildClient, type ClientBuild } from '../../.config/build-client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let scratch: string;
let built: ClientBuild;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'parley-client-'));
  built = await buildClient(join(scratch, 'node_modules/parley'));
  // As npm would install it, beside graphql-ws.
  const manifest = {
    name: 'parley',
    type: 'module',
    exports: {
      './client': { types: './parley.d.ts', default: './parley.js' },
      './webhooks': { types: './webhooks.d.ts', default: './webhooks.js' },
    },
  };
  writeFileSync(join(scratch, 'node_modules/parley/package.json'), JSON.stringify(manifest));
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  for (const name of ['graphql-ws', 'graphql']) symlinkSync(join(root, 'node_modules', name), join(scratch, 'node_modules', name));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the built client', () => {
  it('has at most 8 KB minified and compressed without graphql-ws', () => {
    expect(built.gzipBytes).toBeLessThanOrEqual(8 * 1_024);
    expect(built.gzipBytes).toBeGreaterThan(1_024);
  });

  it('takes nothing but graphql-ws from outside', () => {
    // Statements only: error messages quote imports too.
    const imports = (name: string) => [
      ...readFileSync(join(scratch, 'node_modules/parley', name), 'utf8').matchAll(/(?:^|[;}])import\b[^;'"]*["']([^"']+)["']/gm),
    ];
    expect([...new Set(imports('parley.js').map((match) => match[1]))]).toEqual(['graphql-ws']);
    expect(imports('parley.browser.js')).toEqual([]);
  });

  it('is imported by Node where it lies in node_modules', async () => {
    const script =
      "import { createParleyClient, reduce, withResume, EMPTY } from 'parley/client'; createParleyClient({ url: 'http://127.0.0.1:1/graphql', token: 't' }).close(); console.log(typeof reduce, typeof withResume, EMPTY.sequence)";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: scratch });
    expect(stdout.trim()).toBe('function function -1');
  });

  it('brings what servers verify webhooks with, which takes nothing from outside but Node', async () => {
    const text = readFileSync(join(scratch, 'node_modules/parley/webhooks.js'), 'utf8');
    expect([...text.matchAll(/^import\b[^;'"]*["']([^"']+)["']/gm)].map((match) => match[1])).toEqual(['node:crypto']);
    const script = "import { verifyWebhook } from 'parley/webhooks'; try { verifyWebhook('{}', {}, 'whsec_x') } catch (error) { console.log(error.fault) }";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: scratch });
    expect(stdout.trim()).toBe('MISSING_HEADER');
  });

  it('has declarations of it that compile strictly on Node', async () => {
    const file = join(scratch, 'receive.ts');
    writeFileSync(
      file,
      `import { verifyWebhook, WebhookError, type VerifiedWebhook, type WebhookHeaders } from 'parley/webhooks';
       export function read(body: Uint8Array, headers: WebhookHeaders): VerifiedWebhook | null {
         try { return verifyWebhook(body, headers, ['whsec_new', 'whsec_old'], { toleranceS: 60 }); }
         catch (error) { if (error instanceof WebhookError && error.fault === 'WRONG_SIGNATURE') return null; throw error; }
       }
       export const ofFetch = (request: Request, body: string): string => verifyWebhook(body, request.headers, 'whsec_x').event.position;`,
    );
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--types', '', '--ignoreConfig', '--module', 'nodenext', '--lib', 'es2022,dom'];
    const compile = run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags, file], { cwd: scratch });
    expect(
      await compile.then(
        () => '',
        (error: unknown) => (error !== null && typeof error === 'object' && 'stdout' in error ? String(error.stdout) : String(error)),
      ),
    ).toBe('');
  });

  it.each([
    ['a page', ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom']],
    ['Node', ['--module', 'nodenext', '--lib', 'es2022,dom']],
  ])('has declarations that compile strictly in %s', async (_where, flags) => {
    mkdirSync(join(scratch, 'app'), { recursive: true });
    const file = join(scratch, 'app/chat.ts');
    writeFileSync(
      file,
      `import { createParleyClient, ParleyError, reduce, EMPTY, type ConversationItem, type Thread, type ThreadMessage } from 'parley/client';
       export const parley = createParleyClient({ url: '/graphql', token: async () => 'token', webSocketImpl: WebSocket, fetch });
       export async function chat(): Promise<readonly ThreadMessage[]> {
         const { conversation } = await parley.startConversation({ text: 'Hello' });
         const live = parley.conversation(conversation.id);
         let own: Thread = EMPTY;
         for await (const item of live.events()) {
           own = reduce(own, item satisfies ConversationItem);
           if (item.__typename === 'TextDelta') item.text.slice(item.offset);
           // @ts-expect-error -- a snapshot has no offset
           if (item.__typename === 'TextSnapshot') item.offset;
         }
         return live.error instanceof ParleyError ? [] : live.thread.messages;
       }`,
    );
    const compile = run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', '--types', '', '--ignoreConfig', ...flags, file],
      { cwd: scratch },
    );
    expect(
      await compile.then(
        () => '',
        (error: unknown) => (error !== null && typeof error === 'object' && 'stdout' in error ? String(error.stdout) : String(error)),
      ),
    ).toBe('');
  });
});
