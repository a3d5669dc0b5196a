/**
 * The two README files say what is true: settings with their defaults, error codes, tools, file names, and a client that works as it
 * stands there. Judges no prose.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { parseAgentFile } from '../src/catalog/agent-file.ts';
import { ERROR_CODES } from '../src/foundation/errors.ts';
import { openApp, type App } from './support/app.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const map = readFileSync(join(root, 'src/README.md'), 'utf8');

describe('the README', () => {
  it('lists every setting of the configuration with its default', () => {
    const settings = settingsOf(readFileSync(join(root, 'src/config.ts'), 'utf8'));
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
    const tools = readdirSync(join(root, 'src/tools')).flatMap(
      (file) => /^ {4}name: '(\w+)'/m.exec(readFileSync(join(root, 'src/tools', file), 'utf8'))?.[1] ?? [],
    );
    expect(tools.length).toBeGreaterThan(10);
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

describe('the front-end in the README', () => {
  let app: App;
  beforeAll(async () => {
    app = await openApp();
  });
  afterAll(() => app.close());

  it('shows an answer to its last word while its socket is cut again and again', async () => {
    const watch = await readmeClient();
    const me = await app.customer();
    const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
    app.model.script({ text: words, tokenMs: 3 });
    const { conversationId } = await me.ask('Tell me a lot');
    let socket: { terminate(): void } | null = null;
    me.client.on('connected', (opened) => (socket = opened as { terminate(): void }));
    let shown = 0;
    let cuts = 0;
    const seen = await until(watch, me.client, conversationId, ({ text }) => {
      shown += 1;
      if (shown % 6 !== 0 || cuts === 4 || text.endsWith('word59 ')) return;
      cuts += 1;
      socket?.terminate();
    });
    expect(seen).toMatchObject({ role: 'AGENT', status: 'COMPLETE', text: words.join('') });
    expect(cuts).toBeGreaterThan(1);
  });

  it('loads again and goes on when the server has lost what it had', async () => {
    const watch = await readmeClient();
    const me = await app.customer();
    app.model.script({ text: 'First.' });
    const { conversationId } = await me.ask('One?');
    // As the README advises for a page that stays open.
    const client = createClient({
      url: () => `${app.parley.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ authorization: `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}` }),
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: () => delay(20),
    });
    const restarts: Promise<unknown>[] = [];
    const restart = async () => {
      await app.restart();
      app.model.script({ text: 'Second.' });
      return me.http('mutation ($id: ID!) { postMessage(input: { conversationId: $id, text: "Two?" }) { disposition } }', { id: conversationId });
    };
    const onShow = ({ status }: Shown) => {
      if (status === 'COMPLETE' && restarts.length === 0) restarts.push(restart());
    };
    const seen = await until(watch, client, conversationId, onShow, 'Second.').finally(() => client.dispose());
    expect(await Promise.all(restarts)).toMatchObject([{ data: { postMessage: { disposition: 'STARTED' } } }]);
    expect(seen).toMatchObject({ status: 'COMPLETE', text: 'Second.' });
  });

  it('throws what the server refuses', async () => {
    const watch = await readmeClient();
    const [mine, theirs] = [await app.customer(), await app.customer()];
    app.model.script({ text: 'Private.' });
    const { conversationId } = await theirs.ask('A secret?');
    const refused = watch(mine.client, conversationId, () => undefined, AbortSignal.timeout(20_000));
    await expect(refused).rejects.toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });
});

interface Shown {
  readonly role: string;
  readonly status: string;
  readonly text: string;
}

type Watch = (client: Client, id: string, show: (messages: readonly Shown[]) => void, signal: AbortSignal) => Promise<void>;

/** The module in the README, as it stands there. */
async function readmeClient(): Promise<Watch> {
  const code = block('js', 'watchConversation');
  const loaded = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as { watchConversation: Watch };
  return loaded.watchConversation;
}

/** Watches until the agent's last message is complete (with this text, when given); `onShow` is called with each state of it. */
async function until(watch: Watch, client: Client, id: string, onShow: (answer: Shown) => void, text?: string): Promise<Shown | undefined> {
  const done = new AbortController();
  let last: Shown | undefined;
  const show = (messages: readonly Shown[]): void => {
    const answer = messages.findLast((message) => message.role === 'AGENT');
    if (!answer) return;
    last = answer;
    onShow(answer);
    if (answer.status === 'COMPLETE' && (text === undefined || answer.text === text)) done.abort();
  };
  await watch(client, id, show, AbortSignal.any([done.signal, AbortSignal.timeout(25_000)]));
  return last;
}

function block(language: string, containing: string): string {
  const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, name, text = '']) => name === language && text.includes(containing));
  expect(blocks).toHaveLength(1);
  return blocks[0]?.[2] ?? '';
}

/** Names and defaults of the settings, read from the source: a default is a literal or a product of numbers. */
function settingsOf(source: string): readonly { readonly name: string; readonly preset: string | null }[] {
  const start = source.indexOf('const Environment = z.object({');
  const entries = source
    .slice(start, source.indexOf('\n});', start))
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
