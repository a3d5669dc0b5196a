/** The README's commands for partners, as they stand there: only the address and the folder of the demo credentials are the test's own. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { openApp, type App } from '../support/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let app: App;
let folder: string;
let customerId: string;
beforeAll(async () => {
  app = await openApp();
  const partnerId = newId('ptn');
  customerId = await app.addCustomer(partnerId);
  const { key: partnerKey } = await createApiKey(app.database, { partnerId, name: 'Demo', test: true });
  const staffToken = await app.token(staffViewer({ userId: newId('usr'), name: 'Sam Okafor', role: 'admin' }));
  folder = await mkdtemp(join(tmpdir(), 'parley-commands-'));
  await mkdir(join(folder, '.data'));
  await writeFile(join(folder, '.data/demo.json'), JSON.stringify({ staffToken, customerId, partnerId, partnerKey }));
  for (const name of ['package.json', 'node_modules', '.config']) await symlink(join(root, name), join(folder, name));
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the one block of shell commands that says this. */
async function run(containing: string): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, text = '']) => (text.includes(containing) ? [text] : []));
  expect(blocks).toHaveLength(1);
  const commands = (blocks[0] ?? '').replaceAll('localhost:4000', new URL(app.parley.url).host);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, timeout: 60_000 });
  return stdout;
}

it('make a live key for a partner’s back end, which runs what is registered, within what it was given', async () => {
  const { data } = JSON.parse(await run('createApiKey')) as { data: { createApiKey: { key: string } } };
  const { key } = data.createApiKey;
  expect(key).toMatch(/^pk_live_/);
  expect(await app.database.apiKey.findFirst({ where: { prefix: key.slice(0, 16) } })).toMatchObject({
    scopes: ['read:conversations', 'write:conversations'],
    allowList: ['127.0.0.0/8', '::1/128'],
  });
  expect((await app.frontEnd(key).http('{ conversations { edges { cursor } } }')).errors).toMatchObject([{ extensions: { code: 'OPERATION_NOT_ALLOWED' } }]);
});

it('get a token for one customer’s front-end', async () => {
  const { data } = JSON.parse(await run('createCustomerToken')) as { data: { createCustomerToken: { token: string } } };
  expect((await app.frontEnd(data.createCustomerToken.token).http('{ viewer { kind id } }')).data).toEqual({ viewer: { kind: 'CUSTOMER', id: customerId } });
});

it('register a partner’s operations and run one', async () => {
  const lines = (await run('operations:register')).trim().split('\n');
  expect(lines).toContain('1 registered, 1 of them new');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ data: { viewer: { kind: 'PARTNER' } } });
});
