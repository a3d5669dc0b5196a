/**
 * The web pages: the welcome page with its live chat, and the schema as a download. Reads the files once and hands them over as
 * pages; serves nothing itself and knows no GraphQL. The browser's code is plain modules, served as they stand.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The shape a server of pages asks for. */
export interface ConsolePage {
  readonly path: string;
  readonly contentType: string;
  readonly body: string | Buffer;
}

export interface PagesOptions {
  /** Chat and demo session exist only in development. */
  readonly development: boolean;
  /** Whose chat it is; null: no chat. */
  readonly demo: { readonly customerToken: string; readonly customerId: string } | null;
  /** `offline` or `anthropic`: the page says which one answers. */
  readonly modelName: string;
  readonly agents: number;
  /** Help articles in the database; null when nobody counted them. */
  readonly articles: number | null;
}

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** What the welcome page always needs. */
const STATIC: readonly (readonly [path: string, contentType: string])[] = [
  ['/welcome.css', 'text/css; charset=utf-8'],
  ['/welcome.js', SCRIPT],
  ['/favicon.svg', 'image/svg+xml'],
];

/** What the chat needs besides. */
const CHAT: readonly (readonly [path: string, contentType: string])[] = [
  ['/chat.css', 'text/css; charset=utf-8'],
  ['/chat.js', SCRIPT],
  ['/chat-view.js', SCRIPT],
  ['/connection.js', SCRIPT],
  ['/markdown.js', SCRIPT],
  ['/markdown-view.js', SCRIPT],
  ['/message-view.js', SCRIPT],
  ['/operations.js', SCRIPT],
  ['/thread-rows.js', SCRIPT],
  ['/thread.js', SCRIPT],
];

/** @throws when a file is missing: a server without its pages should not start. */
export async function createPages(options: PagesOptions): Promise<readonly ConsolePage[]> {
  const chat = options.development ? options.demo : null;
  const pages = await Promise.all([
    welcome(options, chat !== null),
    schemaPage(),
    ...STATIC.map(([path, contentType]) => fromFile(path, contentType)),
    ...(chat ? [clientPage(), ...CHAT.map(([path, contentType]) => fromFile(path, contentType))] : []),
  ]);
  return chat ? [...pages, sessionPage(chat)] : pages;
}

async function welcome({ modelName, agents, articles }: PagesOptions, chat: boolean): Promise<ConsolePage> {
  const html = await readText('welcome.html');
  const values: Readonly<Record<string, string>> = {
    agents: String(agents),
    articles: articles === null ? 'the help articles' : `${articles} help articles`,
    model: modelName === 'offline' ? 'Offline model' : 'Anthropic model',
    modelHint:
      modelName === 'offline'
        ? 'No language model is connected: answers are put together from the database and the help articles. Set ANTHROPIC_API_KEY for a real one.'
        : 'A language model of Anthropic answers, with facts from the database and the help articles.',
  };
  const shown = chat ? without(html, 'production') : without(html, 'development');
  return { path: '/', contentType: HTML, body: shown.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '') };
}

/** Leaves out what stands between `<!--mode-->` and `<!--/mode-->`. */
function without(html: string, mode: 'development' | 'production'): string {
  return html.replaceAll(new RegExp(`<!--${mode}-->.*?<!--/${mode}-->`, 'gs'), '').replaceAll(/<!--\/?(?:development|production)-->/g, '');
}

async function fromFile(path: string, contentType: string): Promise<ConsolePage> {
  return { path, contentType, body: await readText(path.slice(1)) };
}

/** The stock client as its package brings it, so that the page runs what the documentation tells others to use. */
async function clientPage(): Promise<ConsolePage> {
  // The package exports its code but not this file, so it is found beside the code.
  const entry = createRequire(import.meta.url).resolve('graphql-ws');
  return { path: '/assets/graphql-ws.min.js', contentType: SCRIPT, body: await readFile(join(dirname(entry), '../umd/graphql-ws.min.js')) };
}

async function schemaPage(): Promise<ConsolePage> {
  const body = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
  return { path: '/schema.graphql', contentType: 'text/plain; charset=utf-8', body };
}

function sessionPage({ customerToken, customerId }: NonNullable<PagesOptions['demo']>): ConsolePage {
  return { path: '/demo-session.json', contentType: 'application/json; charset=utf-8', body: JSON.stringify({ customerToken, customerId }) };
}

function readText(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8');
}
