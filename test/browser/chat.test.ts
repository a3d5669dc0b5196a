/** The welcome page and its chat, as a person uses them: real Chromium, real server, real database, no other network. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { eventually, freePort, openBench, type Bench, type ParleyProcess } from '../support/process.ts';
import { launch, photograph, until, type Tab, type TestBrowser } from './browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const QUESTION = 'How much would the premium plan cost for 30 seats?';
const WRITING = '.answer[data-status=WRITING] .words';
const COMPLETE = '.answer[data-status=COMPLETE]';

const Loaded = z.object({
  data: z.object({
    conversation: z.object({
      messages: z.object({ edges: z.array(z.object({ node: z.object({ role: z.string(), status: z.string(), text: z.string() }) })) }),
    }),
  }),
});

let bench: Bench;
let server: ParleyProcess;
let browser: TestBrowser;
let url = '';
let port = 0;

beforeAll(async () => {
  bench = await openBench();
  port = await freePort();
  server = start();
  [url, browser] = await Promise.all([server.ready(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await bench?.close();
});

function start(): ParleyProcess {
  return bench.start({ PORT: String(port), OFFLINE_TOKENS_PER_S: '25', LOG_LEVEL: 'info' });
}

/** A window of its own on the welcome page; it must end without a fault. */
async function visit(options: BrowserContextOptions & { readonly path?: string } = {}): Promise<Tab & { another(path: string): Promise<Tab> }> {
  const { path = '/', ...contextOptions } = options;
  const context = await browser.open(url, contextOptions);
  onTestFinished(() => context.close());
  const another = async (to: string): Promise<Tab> => {
    const tab = await browser.tab(context, url);
    await tab.page.goto(`${url}${to}`);
    await tab.page.waitForSelector('html[data-ready]');
    return tab;
  };
  return { ...(await another(path)), another };
}

async function ask(page: Page, text: string): Promise<void> {
  await page.fill('#chat-text', text);
  await page.press('#chat-text', 'Enter');
}

async function untilWords(page: Page, count: number): Promise<void> {
  await until(page, `(document.querySelector(${JSON.stringify(WRITING)})?.textContent.split(' ').length ?? 0) >= ${count}`);
}

/** The last message of the conversation as the database has it, asked for over GraphQL. */
async function lastRow(page: Page): Promise<{ role: string; status: string; text: string }> {
  const { customerToken } = await bench.demo();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${customerToken}` },
    body: JSON.stringify({
      query: 'query ($id: ID!) { conversation(id: $id) { messages(last: 1) { edges { node { role status text } } } } }',
      variables: { id: new URL(page.url()).hash.slice(1) },
    }),
  });
  const { data } = Loaded.parse(await response.json());
  const node = data.conversation.messages.edges[0]?.node;
  if (!node) throw new Error('the conversation has no message');
  return node;
}

/** What the page shows of the last answer, and what it would show of exactly this text. */
async function shownAndMeant(page: Page, text: string): Promise<{ shown: string; meant: string }> {
  return page.evaluate(`(async () => {
    const { showMarkdown } = await import('/markdown-view.js');
    const meant = document.createElement('div');
    showMarkdown(meant, ${JSON.stringify(text)});
    return { shown: [...document.querySelectorAll('.answer .words')].at(-1).innerHTML, meant: meant.innerHTML };
  })()`);
}

async function expectExactly(page: Page, status: string): Promise<void> {
  const row = await lastRow(page);
  expect(row).toMatchObject({ role: 'AGENT', status });
  const { shown, meant } = await shownAndMeant(page, row.text);
  expect(shown).toBe(meant);
}

describe('the welcome page', () => {
  it('says what this is, links what there is, and serves the schema', async () => {
    const { page, faults } = await visit();
    expect(await page.title()).toBe('Parley');
    for (const path of ['/graphql', '/schema.graphql', '/api/health']) expect(await page.locator(`nav a[href="${path}"]`).count()).toBe(1);
    expect(await (await fetch(`${url}/schema.graphql`)).text()).toContain('type Subscription {');
    expect(await page.locator('#chat-suggestions button').count()).toBe(6);
    await photograph(page, 'welcome-light', { fullPage: true });
    expect(faults).toEqual([]);
  });

  it('shows samples that work as they stand', async () => {
    const { page } = await visit();
    const asked = z.object({ data: z.object({ startConversation: z.object({ conversation: z.object({ id: z.string(), position: z.string() }) }) }) });
    const curl = await run('bash', ['-c', await page.locator('#sample-curl').innerText()], () => false);
    const { id, position } = asked.parse(JSON.parse(curl)).data.startConversation.conversation;
    const sample = (await page.locator('#sample-js').innerText()).replace('CONVERSATION_ID', id).replace('after: null', `after: '${position}'`);
    const output = await run(process.execPath, ['--input-type=module', '--eval', sample], (text) => text.includes('MessageFinished'));
    for (const word of ['StreamReady', 'AgentChosen', 'TextDelta', 'MessageFinished']) expect(output).toContain(word);
  });

  it.each([
    ['welcome-dark', { colorScheme: 'dark' }],
    ['welcome-phone', { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2 }],
    ['welcome-phone-dark', { viewport: { width: 320, height: 640 }, deviceScaleFactor: 2, colorScheme: 'dark' }],
  ] as const)('fits: %s', async (name, options) => {
    const { page, faults } = await visit(options);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await photograph(page, name, { fullPage: true });
    await page.click('#chat-suggestions button >> nth=3');
    await untilWords(page, 20);
    await photograph(page, `${name}-writing`);
    await page.waitForSelector(COMPLETE);
    await photograph(page, `${name}-answered`);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(faults).toEqual([]);
  });
});

describe('the chat', () => {
  it('shows who answers and why, and the words as they come', async () => {
    const { page, faults } = await visit();
    await page.evaluate(`(() => {
      window.lengths = [];
      new MutationObserver(() => window.lengths.push(document.querySelector('.answer .words')?.textContent.length ?? 0))
        .observe(document.querySelector('#chat-log'), { childList: true, subtree: true, characterData: true });
    })()`);
    await ask(page, QUESTION);
    await untilWords(page, 15);
    expect(await page.locator('.answer .who').innerText()).toMatch(/^Pricing explainer\s+\d+% sure$/);
    expect((await page.locator('.answer .why').innerText()).length).toBeGreaterThan(20);
    await photograph(page, 'chat-writing');
    await page.waitForSelector(COMPLETE);
    await photograph(page, 'chat-answered');
    const lengths = z.array(z.number()).parse(await page.evaluate('window.lengths'));
    expect(new Set(lengths).size).toBeGreaterThan(20);
    expect(lengths.toSorted((a, b) => a - b)).toEqual(lengths);
    await expectExactly(page, 'COMPLETE');
    expect(await page.locator('.answer .sources li').count()).toBeGreaterThan(0);
    expect(await page.locator('#chat-stop').isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it('goes on after a refresh in the middle, and ends with exactly the text of the database', async () => {
    const { page, faults } = await visit();
    await ask(page, QUESTION);
    for (const words of [8, 20, 35]) {
      await untilWords(page, words);
      await page.reload();
      await page.waitForSelector(WRITING);
    }
    expect(await page.locator('.question').count()).toBe(1);
    await page.waitForSelector('.answer .why');
    await page.waitForSelector(COMPLETE);
    expect(await page.locator('.answer').count()).toBe(1);
    await expectExactly(page, 'COMPLETE');
    await page.reload();
    await page.waitForSelector(COMPLETE);
    await expectExactly(page, 'COMPLETE');
    expect(faults).toEqual([]);
  });

  it('keeps what was written when it is stopped, says so, and asks again on request', async () => {
    const { page, faults } = await visit();
    await ask(page, QUESTION);
    await untilWords(page, 10);
    await page.click('#chat-stop');
    await page.waitForSelector('.answer[data-status=PARTIAL]');
    expect(await page.locator('.answer .state').innerText()).toContain('Stopped: what was written is kept.');
    const before = await lastRow(page);
    expect(before.text.split(' ').length).toBeGreaterThanOrEqual(10);
    await expectExactly(page, 'PARTIAL');
    await photograph(page, 'chat-stopped');
    await page.reload();
    await page.waitForSelector('.answer[data-status=PARTIAL]');
    await expectExactly(page, 'PARTIAL');
    await page.click('.answer .state button');
    await page.waitForSelector(COMPLETE);
    expect(await page.locator('.question').allInnerTexts()).toHaveLength(2);
    await expectExactly(page, 'COMPLETE');
    expect(faults).toEqual([]);
  });

  it('shows the same words in a second tab that joins in the middle', async () => {
    const first = await visit();
    await ask(first.page, QUESTION);
    await untilWords(first.page, 10);
    const second = await first.another(`/${new URL(first.page.url()).hash}`);
    await untilWords(second.page, 20);
    for (const { page } of [first, second]) await page.waitForSelector(COMPLETE);
    for (const { page } of [first, second]) await expectExactly(page, 'COMPLETE');
    // What one tab says, the other hears.
    await ask(second.page, 'Thank you!');
    await until(first.page, `document.querySelectorAll('.answer[data-status=COMPLETE]').length === 2`);
    expect(await first.page.locator('.question').last().innerText()).toContain('Thank you!');
    expect([...first.faults, ...second.faults]).toEqual([]);
  });

  it('answers what is asked during an answer afterwards, in order', async () => {
    const { page, faults } = await visit();
    await ask(page, QUESTION);
    await untilWords(page, 5);
    await ask(page, 'And what would 30 seats cost per year?');
    await page.waitForSelector('.pending .state');
    await photograph(page, 'chat-queued');
    await until(page, `document.querySelectorAll('${COMPLETE}').length === 2`);
    expect(
      await page.evaluate(`[...document.querySelectorAll('.message')].map((message) => message.classList.contains('question') ? 'question' : 'answer')`),
    ).toEqual(['question', 'answer', 'question', 'answer']);
    await expectExactly(page, 'COMPLETE');
    expect(faults).toEqual([]);
  });

  it('begins a new conversation, and the way back leads to the old one', async () => {
    const { page, faults } = await visit();
    await ask(page, 'Hello!');
    await page.waitForSelector(COMPLETE);
    await page.click('#chat-new');
    await until(page, `document.querySelectorAll('.message').length === 0`);
    expect(new URL(page.url()).hash).toBe('');
    await page.goBack();
    await page.waitForSelector(COMPLETE);
    expect(await page.locator('.question').innerText()).toContain('Hello!');
    expect(faults).toEqual([]);
  });

  it('says that a conversation is closed, here as elsewhere, and opens it again', async () => {
    const { page, faults } = await visit();
    await ask(page, 'Hello!');
    await page.waitForSelector(COMPLETE);
    const { customerToken } = await bench.demo();
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${customerToken}` },
      body: JSON.stringify({
        query: 'mutation ($input: ResolveConversationInput!) { resolveConversation(input: $input) { conversation { status } } }',
        variables: { input: { conversationId: new URL(page.url()).hash.slice(1) } },
      }),
    });
    await page.click('#chat-notice:has-text("This conversation is closed.") button');
    await page.locator('#chat-notice').waitFor({ state: 'hidden' });
    await ask(page, 'Thank you!');
    await until(page, `document.querySelectorAll('${COMPLETE}').length === 2`);
    expect(faults).toEqual([]);
  });

  it('makes no markup of what people write', async () => {
    const { page, faults } = await visit();
    const text = '<img src="/x" onerror="document.title=1"> **bold** <script>document.title=2</script>';
    await ask(page, text);
    await page.waitForSelector(COMPLETE);
    expect(await page.locator('.question .words').innerText()).toBe(text);
    expect(await page.locator('#chat-log img, #chat-log script').count()).toBe(0);
    expect(await page.title()).toBe('Parley');
    expect(faults).toEqual([]);
  });

  it('says in plain words and with the code what is wrong', async () => {
    const { page } = await visit({ path: '/#conv_01h455vb4pex5vsknk084sn02q' });
    const notice = page.locator('#chat-notice');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(/^[A-Z][^()]+\. \(NOT_FOUND\)/);
    await photograph(page, 'chat-refused');
    await notice.getByRole('button').click();
    await notice.waitFor({ state: 'hidden' });
    await ask(page, 'Hello!');
    await page.waitForSelector(COMPLETE);
  });
});

describe('the connection', () => {
  it('may be cut in the middle: the answer goes on without a lost or doubled word', async () => {
    const context = await browser.open(url);
    onTestFinished(() => context.close());
    const sockets: WebSocketRoute[] = [];
    await context.routeWebSocket(/\/graphql$/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    const { page } = await browser.tab(context, url);
    await page.goto(url);
    await ask(page, QUESTION);
    for (const words of [8, 20]) {
      await untilWords(page, words);
      await sockets.at(-1)?.close({ code: 1012, reason: 'cut' });
      await untilWords(page, words + 5);
    }
    await page.waitForSelector(COMPLETE);
    expect(sockets).toHaveLength(3);
    await expectExactly(page, 'COMPLETE');
  });

  it('comes back after the server was killed in the middle, and the answer is written anew', async () => {
    const { page } = await visit();
    await ask(page, QUESTION);
    await untilWords(page, 12);
    await server.end('SIGKILL');
    await page.waitForSelector('#chat-state[data-state=offline], #chat-state[data-state=connecting]');
    await ask(page, 'Are you still there?');
    await page.waitForSelector('.unsent .cut');
    expect(await page.locator('.unsent .cut').innerText()).toContain('The server cannot be reached at the moment. (UNAVAILABLE)');
    await photograph(page, 'chat-unsent');
    server = start();
    await server.ready();
    await page.waitForSelector('#chat-state[data-state=connected]');
    await page.waitForSelector(COMPLETE);
    await page.click('.unsent button');
    await until(page, `document.querySelectorAll('${COMPLETE}').length === 2`);
    expect(await page.locator('.question').count()).toBe(2);
    await expectExactly(page, 'COMPLETE');
  });
});

it('leaves when asked to, with a page still open', async () => {
  const { page } = await visit();
  await ask(page, 'Hello!');
  await page.waitForSelector(COMPLETE);
  expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await eventually('PostgreSQL has stopped', async () => (await bench.postgresPid()) === null);
});

/** Runs a program in the project until its output has what was waited for, or until it ends by itself. */
async function run(program: string, programArguments: readonly string[], enough: (output: string) => boolean): Promise<string> {
  const child = spawn(program, [...programArguments], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  let output = '';
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (enough(output)) child.kill();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 && !enough(output)) throw new Error(`${program} ended with ${code}: ${complaint}`);
  return output;
}
