/** The process that `npm start` starts, on its own PostgreSQL: started, asked, left and killed as people and machines do it. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAcknowledged } from '../gateway/raw-socket.ts';
import { isTerminal, isText, textOf, type FrontEnd, type StreamItem } from '../support/app.ts';
import { take, takeUntil } from '../support/collect.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const QUESTION = 'How much would the premium plan cost for 30 seats?';
/** Its answer is checked before it is said. */
const REFUND = 'I was charged twice this month. Can I get a refund?';
/** Fast enough for a test, slow enough to be in the middle of it: an answer takes a few seconds. */
const STREAMING = { OFFLINE_TOKENS_PER_S: '60', LOG_LEVEL: 'info' };
const AT_ONCE = { OFFLINE_TOKENS_PER_S: '0' };

/** The items of the last attempt that was heard of: what a client still shows. */
function lastAttempt(items: readonly StreamItem[]): StreamItem[] {
  return items.slice(items.findLastIndex((item) => item.__typename === 'MessageReset') + 1);
}

async function readUntilWords(me: FrontEnd, conversationId: string, after: string, words: number): Promise<StreamItem[]> {
  const reader = me.follow(conversationId, after);
  const items: StreamItem[] = [];
  while (textOf(lastAttempt(items).filter(isText)).split(' ').length <= words) items.push(...(await takeUntil(reader, isText)));
  await reader.return?.();
  return items;
}

async function messagesOf(
  me: FrontEnd,
  conversationId: string,
): Promise<readonly { role: string; status: string; text: string; citations: readonly unknown[] }[]> {
  const { data, errors } = await me.http(
    'query Load($id: ID!) { conversation(id: $id) { messages(first: 50) { edges { node { role status text citations { title } } } } } }',
    { id: conversationId },
  );
  if (!data) throw new Error(JSON.stringify(errors));
  return (
    data as { conversation: { messages: { edges: { node: { role: string; status: string; text: string; citations: unknown[] } }[] } } }
  ).conversation.messages.edges.map(({ node }) => node);
}

async function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('the process of npm start', { timeout: 180_000 }, () => {
  let bench: Bench;
  let parley: ParleyProcess;
  let url: string;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  async function start(env: Readonly<Record<string, string>>): Promise<FrontEnd> {
    parley = bench.start(env);
    url = await parley.ready();
    return bench.customer(url);
  }

  async function nothingIsLeft(): Promise<void> {
    expect(await bench.postgresPid()).toBeNull();
    expect(await isOpen(url)).toBe(false);
  }

  it('says where to go, writes what to try it with, and answers a refund question from the data, with its sources', async () => {
    const me = await start(STREAMING);
    const demo = await bench.demo();
    expect(demo).toEqual({
      url,
      staffToken: expect.stringMatching(/^ey/),
      customerToken: expect.stringMatching(/^ey/),
      customerId: expect.stringMatching(/^cus_/),
      partnerId: expect.stringMatching(/^ptn_/),
      partnerKey: expect.stringMatching(/^pk_test_/),
    });
    for (const shown of [`${url}/graphql`, `${url}/api/health`, demo.staffToken, demo.customerToken, demo.partnerKey]) expect(parley.output).toContain(shown);
    expect(parley.output).not.toMatch(/warning|deprecat/i);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const { conversationId, position } = await me.ask(REFUND);
    const items = await takeUntil(me.follow(conversationId, position), isTerminal);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    const [question, answer, ...more] = await messagesOf(me, conversationId);
    expect(question).toMatchObject({ role: 'CUSTOMER', text: REFUND });
    expect(answer).toMatchObject({ role: 'AGENT', status: 'COMPLETE', text: textOf(items) });
    expect(answer?.text).toMatch(/refund/i);
    expect(answer?.text).toMatch(/\$\d/);
    expect(answer?.citations.length).toBeGreaterThan(0);
    expect(more).toEqual([]);
  });

  it('lets an answer finish at SIGTERM, tells its sockets to come back (1012), ends with 0 and leaves nothing running', async () => {
    const me = await bench.customer(url);
    const { conversationId, runId, position } = await me.ask(QUESTION);
    const { customerToken } = await bench.demo();
    const idle = await openAcknowledged(url, { authorization: `Bearer ${customerToken}` });
    const reader = me.follow(conversationId, position);
    await takeUntil(reader, isText);
    const ended = parley.end('SIGTERM');
    const rest = await takeUntil(reader, isTerminal);
    expect(rest.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { id: runId } });
    expect(await idle.closed).toMatchObject({ code: 1012 });
    expect(await ended).toEqual({ code: 0, signal: null });
    await nothingIsLeft();
  });

  it('gives an answer that takes longer than the drain time back to the queue, and the next start finishes it as attempt 2', async () => {
    const before = await start({ ...STREAMING, DRAIN_MS: '0' });
    const { conversationId, runId, position } = await before.ask(QUESTION);
    await readUntilWords(before, conversationId, position, 5);
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await nothingIsLeft();
    await before.dispose();

    const me = await start(STREAMING);
    const items = await takeUntil(me.followRun(runId), () => false);
    expect(items.find((item) => item.__typename === 'RunStarted')).toMatchObject({ attempt: 2 });
    expect(items.map((item) => item.__typename)).toContain('MessageReset');
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    const messages = await messagesOf(me, conversationId);
    expect(messages.map(({ role, status }) => [role, status])).toEqual([
      ['CUSTOMER', 'COMPLETE'],
      ['AGENT', 'COMPLETE'],
    ]);
    expect(textOf(lastAttempt(items))).toBe(messages[1]?.text);
  });

  it('ends with 0 at Ctrl-C and leaves nothing running', async () => {
    expect(await parley.end('SIGINT')).toEqual({ code: 0, signal: null });
    await nothingIsLeft();
  });

  it('has lost nothing after kill -9 in the middle of an answer, twice in a row: the run is taken up again and its text stands there once', async () => {
    let me = await start(STREAMING);
    const { conversationId, runId, position } = await me.ask(QUESTION);
    let items = await readUntilWords(me, conversationId, position, 10);
    for (const attempt of [2, 3]) {
      const [rows] = await bench.rows<{ count: string }>('SELECT count(*) FROM "Message"');
      expect(await parley.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      await me.dispose();
      me = await start(attempt === 2 ? STREAMING : AT_ONCE);
      expect(await bench.rows<{ count: string }>('SELECT count(*) FROM "Message"')).toEqual([rows]);
      const tab = me.follow(conversationId, items.at(-1)?.position);
      expect(await take(tab, 1)).toMatchObject([{ __typename: 'StreamReady', status: 'RESET' }]);
      await tab.return?.();
      const reader = me.followRun(runId);
      items = await takeUntil(reader, attempt === 2 ? isText : isTerminal);
      expect(items.find((item) => item.__typename === 'RunStarted')).toMatchObject({ attempt });
      expect(items.map((item) => item.__typename)).toContain('MessageReset');
      await reader.return?.();
    }
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    const messages = await messagesOf(me, conversationId);
    expect(messages.map(({ role, status }) => [role, status])).toEqual([
      ['CUSTOMER', 'COMPLETE'],
      ['AGENT', 'COMPLETE'],
    ]);
    expect(textOf(lastAttempt(items))).toBe(messages[1]?.text);
    const { conversationId: again, position: from } = await me.ask(QUESTION);
    await takeUntil(me.follow(again, from), isTerminal);
    expect((await messagesOf(me, again))[1]?.text).toBe(messages[1]?.text);
  });

  it('starts again after gateway and PostgreSQL were killed together, with every answered message', async () => {
    const me = await bench.customer(url);
    const { conversationId, position } = await me.ask('Where do I find my invoices?');
    await takeUntil(me.follow(conversationId, position), isTerminal);
    const messages = await messagesOf(me, conversationId);
    const pid = await bench.postgresPid();
    expect(pid).not.toBeNull();
    parley.kill('SIGKILL');
    process.kill(pid ?? 0, 'SIGKILL');
    await parley.ended;
    const after = await start(AT_ONCE);
    expect(await messagesOf(after, conversationId)).toEqual(messages);
    const next = await after.ask(QUESTION);
    expect((await takeUntil(after.follow(next.conversationId, next.position), isTerminal)).at(-1)).toMatchObject({ __typename: 'RunFinished' });
  });

  it('refuses a port that is taken in one sentence and leaves nothing behind', async () => {
    const second = bench.start({ PORT: new URL(url).port });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.output).toContain('Parley cannot start: the port is taken. Set PORT to another one.');
    expect(second.output).not.toMatch(/^ {4}at /m);
    expect(await isOpen(url)).toBe(true);
    const elsewhere = await openBench();
    try {
      const first = elsewhere.start({ PORT: new URL(url).port });
      expect(await first.ended).toEqual({ code: 1, signal: null });
      expect(await elsewhere.postgresPid()).toBeNull();
      expect(existsSync(join(elsewhere.dataDir, 'demo.json'))).toBe(false);
    } finally {
      await elsewhere.close();
    }
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await nothingIsLeft();
  });
});

describe('a start that is interrupted', { timeout: 180_000 }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  async function leavesNothing(parley: ParleyProcess): Promise<void> {
    expect((await parley.end('SIGINT')).code).toBe(0);
    expect(await bench.postgresPid()).toBeNull();
  }

  it('by Ctrl-C, at whatever moment, leaves nothing running, and the next start works', async () => {
    const making = bench.start();
    await eventually('PostgreSQL is being made', async () => (await readdir(bench.dataDir)).some((name) => name.startsWith('postgres-new-')));
    await leavesNothing(making);
    await rm(bench.dataDir, { recursive: true, force: true });

    const starting = bench.start();
    await eventually('PostgreSQL is starting', async () => existsSync(join(bench.dataDir, 'postgres/postmaster.pid')));
    await leavesNothing(starting);
    await rm(bench.dataDir, { recursive: true, force: true });

    const filling = bench.start();
    await filling.said(/database migrated/);
    await leavesNothing(filling);

    const next = bench.start();
    await next.ready();
    await leavesNothing(next);
  });
});

describe('a start that cannot be', { timeout: 180_000 }, () => {
  it('in production names every missing secret at once and makes no demo data', async () => {
    const bench = await openBench();
    try {
      const parley = bench.start({ NODE_ENV: 'production' });
      expect(await parley.ended).toEqual({ code: 1, signal: null });
      for (const name of ['DATABASE_URL', 'JWT_SECRET', 'ANTHROPIC_API_KEY', 'PUBLIC_URL']) expect(parley.output).toMatch(new RegExp(`- ${name}: `));
      expect(parley.output).not.toMatch(/^ {4}at /m);
      expect(existsSync(bench.dataDir)).toBe(false);
    } finally {
      await bench.close();
    }
  });

  it('names every bad setting at once', async () => {
    const bench = await openBench();
    try {
      const parley = bench.start({ PORT: 'http', DRAIN_MS: '-1', LOG_LEVEL: 'loud' });
      expect(await parley.ended).toEqual({ code: 1, signal: null });
      for (const name of ['PORT', 'DRAIN_MS', 'LOG_LEVEL']) expect(parley.output).toMatch(new RegExp(`- ${name}: `));
      expect(existsSync(bench.dataDir)).toBe(false);
    } finally {
      await bench.close();
    }
  });

  it('on another Node is refused in one sentence', async () => {
    const bench = await openBench({ nodeOptions: ['--import', 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"22.18.0"})'] });
    try {
      const parley = bench.start();
      expect(await parley.ended).toEqual({ code: 1, signal: null });
      expect(parley.output.trim()).toBe('Parley runs on Node 24, and this is Node 22.18.0: start it with "npm start", which brings its own.');
      expect(existsSync(bench.dataDir)).toBe(false);
    } finally {
      await bench.close();
    }
  });

  it('with a bad agent file names file and line and leaves nothing running', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'parley copy '));
    for (const name of ['package.json', 'src', 'prisma', 'agents']) await cp(join(ROOT, name), join(copy, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    await writeFile(join(copy, 'agents/essential/support/billing/bad_agent.md'), '---\ntitle: Bad\ncolour: red\n---\n');
    const bench = await openBench({ root: copy });
    try {
      const parley = bench.start();
      expect(await parley.ended).toEqual({ code: 1, signal: null });
      expect(parley.output).toMatch(/Parley cannot start with these agent files:\n[^]*bad_agent\.md:3.*colour/);
      expect(parley.output).not.toMatch(/^ {4}at /m);
      expect(await bench.postgresPid()).toBeNull();
    } finally {
      await bench.close();
      await rm(copy, { recursive: true, force: true });
    }
  });
});
