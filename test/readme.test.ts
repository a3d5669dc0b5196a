/**
 * The two README files say what is true: settings with their defaults, error codes, tools, file names, and a page that works as it
 * stands there. Judges no prose.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildClient } from '../.config/build-client.ts';
import { parseAgentFile } from '../src/catalog/agent-file.ts';
import { ERROR_CODES } from '../src/foundation/errors.ts';
import { createWire, type Wire } from './client/wire.ts';
import { openApp, type App } from './support/app.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const map = readFileSync(join(root, 'src/README.md'), 'utf8');

describe('the README', () => {
  it('lists every setting of the configuration with its default', () => {
    const settings = ['src/config.ts', 'src/sign-in-settings.ts'].flatMap((file) => settingsOf(readFileSync(join(root, file), 'utf8')));
    expect(settings.length).toBeGreaterThan(35);
    const rows = new Map([...readme.matchAll(/^\| ([A-Z][A-Z_]+)\s*\| ([^|]+?)\s*\|/gm)].map(([, name = '', shown = '']) => [name, shown]));
    expect([...rows.keys()].toSorted()).toEqual(settings.map(({ name }) => name).toSorted());
    for (const { name, preset } of settings) {
      const shown = rows.get(name) ?? '';
      expect(`${name}: ${shown}`).toBe(preset === null ? `${name}: none${shown.slice(4)}` : `${name}: \`${preset}\``);
    }
  });

  it('names every error code once', () => {
    const table = readme.slice(readme.indexOf('\n## Errors'), readme.indexOf('\n## Agents'));
    const named = [...table.matchAll(/^\|(?: `[A-Z_]+`,?)+/gm)].flatMap(([cell]) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code));
    expect(named.toSorted()).toEqual([...ERROR_CODES].toSorted());
  });

  it('names every tool', () => {
    const tools = readdirSync(join(root, 'src/tools')).flatMap((file) =>
      [...readFileSync(join(root, 'src/tools', file), 'utf8').matchAll(/\bname: '([a-z]+(?:_[a-z]+)+)'/g)].map(([, name = '']) => name),
    );
    expect(tools.length).toBeGreaterThan(60);
    const section = readme.slice(readme.indexOf('\n**Tools**'), readme.indexOf('\n**Articles**'));
    const named = [...section.slice(0, section.indexOf('An agent file')).matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    expect(named.toSorted()).toEqual(tools.toSorted());
  });

  it('shows an agent file that the loader takes', () => {
    expect(parseAgentFile(block('markdown', '## Job'))).toMatchObject({ ok: true });
  });

  it('describes only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const described = [...readme.matchAll(/^\| `npm (?:run )?([a-z:]+)/gm)].map(([, name = '']) => name);
    expect(described.length).toBeGreaterThan(5);
    expect(described.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

describe('src/README.md', () => {
  it('names only files that exist', () => {
    const named = [...map.matchAll(/`((?:[\w.-]+\/)*[\w-]+(?:\.test)?\.(?:ts|js|md|prisma))`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !existsSync(join(root, 'src', path)) && !existsSync(join(root, path)))).toEqual([]);
  });

  it('gives every room a row', () => {
    const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.filter(({ name }) => !map.includes(`\`${name}/\``)).map(({ name }) => name)).toEqual([]);
  });
});

describe('the chat page in the README', () => {
  let app: App;
  let folder: string;
  let size = 0;
  beforeAll(async () => {
    app = await openApp();
    folder = await mkdtemp(join(tmpdir(), 'parley-readme-'));
    ({ gzipBytes: size } = await buildClient(join(folder, 'client')));
  });
  afterEach(() => {
    for (const client of opened.splice(0)) client.close();
    vi.unstubAllGlobals();
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The page's own script in a document of four elements, as often as it is opened. */
  async function openPage(who: Person): Promise<Page> {
    const elements = new Map(['#messages', '#ask', '#stop', '#state'].map((id) => [id, new Map<string, unknown>()]));
    const proxies = new Map([...elements].map(([id, fields]) => [id, elementOf(fields)]));
    vi.stubGlobal('document', { querySelector: (id: string) => proxies.get(id), createElement: () => ({}) });
    vi.stubGlobal('localStorage', who.stored);
    vi.stubGlobal('WebSocket', who.wire.WebSocket);
    const network = who.fetch;
    vi.stubGlobal('fetch', (address: string, init?: RequestInit) =>
      address === '/session' ? Promise.resolve(Response.json({ url: app.parley.url, token: who.token })) : network(address, init),
    );
    vi.stubGlobal('opened', opened);
    const script = /<script type="module">\n(.*?)<\/script>/s.exec(block('html', 'parley.js'))?.[1] ?? '';
    const file = join(folder, `page-${(pages += 1)}.mjs`);
    await writeFile(join(folder, 'parley.mjs'), KEEPING);
    await writeFile(file, script.replace("from '/parley.js'", "from './parley.mjs'"));
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    async function call(id: string, handler: string, event?: unknown): Promise<void> {
      const listener = elements.get(id)?.get(handler);
      if (typeof listener !== 'function') throw new Error(`the page has no ${handler} of ${id}`);
      await listener(event);
    }
    return {
      lines: () => (elements.get('#messages')?.get('children') as readonly { textContent: string }[] | undefined)?.map((line) => line.textContent) ?? [],
      state: () => elements.get('#state')?.get('textContent'),
      ask: (text) => call('#ask', 'onsubmit', { preventDefault: () => undefined, target: { elements: { text: { value: text } }, reset: () => undefined } }),
      stop: () => call('#stop', 'onclick'),
    };
  }

  async function person(): Promise<Person> {
    const { customerId } = await app.customer();
    return { token: await app.token({ kind: 'customer', customerId }), wire: createWire(), stored: {}, fetch };
  }

  it('shows an answer to its last word while its sockets are cut, and all of it again when it is opened anew', async () => {
    const me = await person();
    const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
    app.model.script({ text: words, tokenMs: 20 });
    const page = await openPage(me);
    await page.ask('Please send me a copy of my last invoice');
    for (const word of ['word5 ', 'word25 ']) {
      await expect.poll(() => page.lines().at(-1), PATIENCE).toContain(word);
      me.wire.cut();
    }
    await expect
      .poll(() => page.lines(), PATIENCE)
      .toEqual([expect.stringContaining(': Please send me a copy of my last invoice'), expect.stringMatching(/word59 $/)]);
    expect(page.lines()[1]).toContain(words.join(''));
    expect(page.state()).toBe('live');
    const again = await openPage(me);
    await expect.poll(() => again.lines(), PATIENCE).toEqual(page.lines());
  });

  it('says why its agent was chosen, and stops it', async () => {
    const page = await openPage(await person());
    app.model.script({ text: ['Let ', 'me ', 'see'], gate: (token) => (token < 2 ? undefined : new Promise<void>(() => undefined)) });
    await page.ask('How much are 30 seats of premium?');
    await expect.poll(() => page.lines().at(-1), PATIENCE).toMatch(/: Let me +\.\.\.$/);
    expect(page.state()).toContain('Pricing explainer');
    await page.stop();
    await expect.poll(() => page.lines().at(-1), PATIENCE).toMatch(/: Let me ?$/);
  });

  it('loads a client of the size that is written there', () => {
    expect(readme).toContain(`${(size / 1_024).toFixed(1)} KB minified and compressed`);
  });
});

const PATIENCE = { timeout: 20_000, interval: 10 };
/** The built client, which remembers what a page opened: a page has no end of its own here. */
const KEEPING = `import { createParleyClient as create } from './client/parley.browser.js';
export function createParleyClient(options) { const client = create(options); globalThis.opened.push(client); return client; }`;

const opened: { close(): void }[] = [];
let pages = 0;

interface Person {
  readonly token: string;
  readonly wire: Wire;
  readonly stored: Record<string, string>;
  readonly fetch: typeof fetch;
}

interface Page {
  lines(): readonly string[];
  state(): unknown;
  ask(text: string): Promise<void>;
  stop(): Promise<void>;
}

/** An element that keeps whatever is written to it. */
function elementOf(fields: Map<string, unknown>): object {
  fields.set('replaceChildren', (...children: readonly unknown[]) => fields.set('children', children));
  return new Proxy({}, { get: (_target, name) => fields.get(String(name)), set: (_target, name, value) => Boolean(fields.set(String(name), value)) });
}

function block(language: string, containing: string): string {
  const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name, text = '']) => name === language && text.includes(containing));
  expect(blocks).toHaveLength(1);
  return blocks[0]?.[2] ?? '';
}

/** Names and defaults of the settings, read from the source: a default is a literal or a product of numbers. */
function settingsOf(source: string): readonly { readonly name: string; readonly preset: string | null }[] {
  const start = source.search(/^(?:export )?const \w+ = (?:z\.object\()?\{$/m);
  const entries = source
    .slice(start, start + source.slice(start).search(/^\}\)?;$/m))
    .split(/\n {2}(?=[A-Z][A-Z_]+:)/)
    .slice(1);
  return entries.map((entry) => {
    const name = entry.slice(0, entry.indexOf(':'));
    const preset = /\.default\(([^)]*)\)/.exec(entry)?.[1];
    if (preset === undefined || preset === "''") return { name, preset: null };
    if (preset.startsWith("'")) return { name, preset: preset.slice(1, -1) };
    return { name, preset: String(preset.split('*').reduce((product, factor) => product * Number(factor.trim().replaceAll('_', '')), 1)) };
  });
}
