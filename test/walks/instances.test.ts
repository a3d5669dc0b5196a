/** Two gateways on one data directory without Redis: one database, one of them home to the conversations, the other standing by. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTerminal, isText, textOf, type FrontEnd } from '../support/app.ts';
import { take, takeUntil } from '../support/collect.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';

const QUESTION = 'How much would the premium plan cost for 30 seats?';

interface Instance {
  readonly parley: ParleyProcess;
  readonly url: string;
  readonly me: FrontEnd;
}

// Each walk has a data directory of its own: one that fails leaves nothing to the next, and is walked once more.
describe('a second instance on the same data directory', { timeout: 60_000, retry: 1 }, () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench({ filled: true });
  });
  afterEach(() => bench.close());

  async function start(): Promise<Instance> {
    const parley = bench.start({ OFFLINE_TOKENS_PER_S: '60' });
    const url = await parley.ready();
    return { parley, url, me: await bench.customer(url) };
  }

  async function answers({ me }: Instance): Promise<string> {
    // The run's own stream ends whatever happens to the log; a conversation's says StreamReset when its home changes in between.
    const { runId } = await me.ask(QUESTION);
    const reader = me.followRun(runId);
    const items = await takeUntil(reader, isTerminal);
    await reader.return?.();
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished' });
    return textOf(items);
  }

  it('shares the database and serves rows, refuses what needs the home of the conversations, takes over when that leaves, and the last one stops PostgreSQL', async () => {
    const first = await start();
    expect(first.parley.output).not.toContain('REDIS_URL');
    const pid = await bench.postgresPid();
    const { conversationId, runId, position } = await first.me.ask(QUESTION);
    const reader = first.me.follow(conversationId, position);
    await takeUntil(reader, isText);

    const second = await start();
    expect(await bench.postgresPid()).toBe(pid);
    expect(second.url).not.toBe(first.url);
    expect(second.parley.output).toMatch(/Another Parley on this database owns the conversations[^]*REDIS_URL/);
    expect((await fetch(`${second.url}/health/ready`)).status).toBe(200);

    const rows = await second.me.http('query Rows($id: ID!) { viewer { __typename } run(id: $id) { id status } agents(first: 3) { edges { node { id } } } }', {
      id: runId,
    });
    expect(rows.errors).toBeUndefined();
    expect(rows.data).toMatchObject({ run: { id: runId } });
    const { customerId, staffToken } = await bench.demo();
    const changed = await ask(
      second.url,
      staffToken,
      'mutation Note($id: ID!) { addCustomerNote(input: { customerId: $id, text: "Called back." }) { customer { id } } }',
      { id: customerId },
    );
    expect(changed).toMatchObject({ data: { addCustomerNote: { customer: { id: customerId } } } });

    const refusal = { message: expect.stringContaining('REDIS_URL'), extensions: { code: 'UNAVAILABLE', retryable: true } };
    for (const verb of [
      'startConversation(input: { text: "Hello" }) { run { id } }',
      `postMessage(input: { conversationId: "${conversationId}", text: "Hello" }) { run { id } }`,
      `stopRun(input: { runId: "${runId}" }) { run { id } }`,
    ]) {
      expect(await second.me.http(`mutation { ${verb} }`)).toMatchObject({ errors: [refusal] });
    }
    for (const following of [second.me.follow(conversationId), second.me.followRun(runId)]) {
      await expect(following.next()).rejects.toMatchObject([refusal]);
    }

    // The home goes on as if nobody had come, and the other one does not touch its runs.
    await reader.return?.();
    expect((await takeUntil(first.me.followRun(runId), isTerminal)).at(-1)).toMatchObject({ __typename: 'RunFinished', run: { id: runId } });
    expect(await bench.rows('SELECT "attempt" FROM "Run" WHERE "id" = $1', [runId])).toEqual([{ attempt: 1 }]);

    expect(await first.parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBe(pid);
    expect(await eventually('the second answers', () => answers(second).catch(unlessUnavailable))).toContain('$');
    expect(await second.parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBeNull();
  });

  it('leaves without disturbing the first, which stops PostgreSQL when it leaves too', async () => {
    const first = await start();
    const second = await start();
    const pid = await bench.postgresPid();
    expect(await second.parley.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBe(pid);
    expect(await answers(first)).toContain('$');
    expect(await first.parley.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBeNull();
  });

  it('takes up the answer of a first that was killed', async () => {
    const first = await start();
    const second = await start();
    const { runId, conversationId } = await first.me.ask(QUESTION);
    await takeUntil(first.me.follow(conversationId), isText);
    await first.parley.end('SIGKILL');
    const items = await eventually('the second follows the run', () => takeUntil(second.me.followRun(runId), () => false).catch(unlessUnavailable));
    expect(items.find((item) => item.__typename === 'RunStarted')).toMatchObject({ attempt: 2 });
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    expect(textOf(items.slice(items.findLastIndex((item) => item.__typename === 'MessageReset') + 1))).toContain('$');
    expect(await second.parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('may become home when PostgreSQL dies under both: exactly one answers, and readers of the other are told', async () => {
    const both = [await start(), await start()] as const;
    const { conversationId } = await both[0].me.ask(QUESTION);
    await takeUntil(both[0].me.follow(conversationId), isTerminal);
    const reader = both[0].me.follow(conversationId);
    expect(await take(reader, 1)).toMatchObject([{ __typename: 'StreamReady' }]);
    const interrupted = reader.next().then(
      (result) => (result.done ? 'ended' : result.value.__typename),
      (error: unknown) => JSON.stringify(error),
    );
    process.kill((await bench.postgresPid()) ?? 0, 'SIGKILL');
    const homes = await eventually('one of them answers', async () => {
      const texts = await Promise.all(both.map((one) => answers(one).catch(unlessUnavailable)));
      return texts.some(Boolean) && texts.map(Boolean);
    });
    expect(homes.filter(Boolean)).toHaveLength(1);
    if (homes[0]) expect(await interrupted).toBe('StreamReset');
    else expect(await interrupted).toMatch(/UNAVAILABLE.*REDIS_URL|REDIS_URL.*UNAVAILABLE/);
    for (const { parley } of both) expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBeNull();
  });
});

/** For asking again later; anything else that went wrong is a fault. */
function unlessUnavailable(error: unknown): null {
  if (!/UNAVAILABLE/.test(error instanceof Error ? error.message : JSON.stringify(error))) throw error;
  return null;
}

async function ask(url: string, token: string, query: string, variables: object): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}
