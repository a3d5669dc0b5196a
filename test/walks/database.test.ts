/** The embedded PostgreSQL dies under a running gateway, which stays, says so, and goes on when it is back: all by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTerminal, isText, textOf, type Answer, type FrontEnd, type StreamItem } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';

const QUESTION = 'How much would the premium plan cost for 30 seats?';
/** A request may wait five seconds for a connection; the rest is for a busy machine. */
const ANSWER_MS = 15_000;

describe('a gateway whose PostgreSQL is killed', { timeout: 180_000 }, () => {
  let bench: Bench;
  let parley: ParleyProcess;
  let url: string;
  let me: FrontEnd;
  beforeAll(async () => {
    bench = await openBench({ filled: true });
    parley = bench.start({ OFFLINE_TOKENS_PER_S: '60' });
    url = await parley.ready();
    me = await bench.customer(url);
  });
  afterAll(() => bench.close());

  async function killPostgres(): Promise<number> {
    const pid = await bench.postgresPid();
    if (pid === null) throw new Error('no PostgreSQL runs');
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  const readiness = async () => (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_MS) })).status;

  async function answered(text: string): Promise<StreamItem[]> {
    const { conversationId, position } = await me.ask(text);
    const reader = me.follow(conversationId, position);
    const items = await takeUntil(reader, isTerminal);
    await reader.return?.();
    return items;
  }

  async function nothingHalfWritten(): Promise<void> {
    expect(await bench.rows('SELECT "id" FROM "Message" WHERE "status" = \'writing\'')).toEqual([]);
    expect(await bench.rows('SELECT "id", "status" FROM "Run" WHERE "status" IN (\'queued\', \'running\')')).toEqual([]);
    expect(await bench.rows('SELECT "id", "path" FROM "RunStep" WHERE "status" = \'running\'')).toEqual([]);
  }

  it('refuses requests with UNAVAILABLE in bounded time, is not ready, and recovers by itself', async () => {
    const before = await killPostgres();
    const seen = new Set<string>();
    await eventually('an answer from the new server', async () => {
      const asked = Date.now();
      const [answer, ready] = await Promise.all([me.http('{ viewer { __typename } customers(first: 1) { edges { node { id } } } }'), readiness()]);
      expect(Date.now() - asked).toBeLessThan(ANSWER_MS);
      for (const refusal of refusalsOf(answer)) seen.add(`${refusal.extensions.code} ${String(refusal.extensions.retryable)}`);
      return !answer.errors && ready === 200;
    });
    expect([...seen].filter((refusal) => refusal !== 'UNAVAILABLE true')).toEqual([]);
    expect(await bench.postgresPid()).not.toBe(before);
    await eventually('a conversation can be started', async () => {
      const items = await answered('Where do I find my invoices?').catch((error: unknown) => {
        expect(String(error)).toContain('UNAVAILABLE');
        return null;
      });
      return items?.at(-1)?.__typename === 'RunFinished';
    });
    await nothingHalfWritten();
  });

  it('is alive but not ready while PostgreSQL answers nobody, and ready again when it does', async () => {
    // Stopped, not dead: a server that answers nobody is the worse fault.
    const pid = await bench.postgresPid();
    if (pid === null) throw new Error('no PostgreSQL runs');
    const backends = (await bench.rows<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'parley%'")).map((row) => row.pid);
    for (const one of [pid, ...backends]) process.kill(one, 'SIGSTOP');
    try {
      await eventually('503', async () => (await readiness()) === 503);
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
    } finally {
      for (const one of [pid, ...backends]) process.kill(one, 'SIGCONT');
    }
    await eventually('ready again', async () => (await readiness()) === 200);
  });

  it('finishes an answer that was streaming, in a second attempt if need be, and leaves no message half written', async () => {
    const { conversationId, runId, position } = await eventually('a conversation can be started', () => me.ask(QUESTION));
    const reader = me.follow(conversationId, position);
    const items: StreamItem[] = [];
    while (items.filter(isText).length < 5) items.push(...(await takeUntil(reader, isText)));
    const before = await killPostgres();
    items.push(...(await takeUntil(reader, isTerminal)));
    await reader.return?.();
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { id: runId, status: 'SUCCEEDED' } });
    expect(await bench.postgresPid()).not.toBe(before);
    const rows = await bench.rows<{ role: string; status: string; text: string }>(
      'SELECT "role", "status", "text" FROM "Message" WHERE "conversationId" = $1 ORDER BY "createdAt", "id"',
      [conversationId],
    );
    expect(rows.map(({ role, status }) => [role, status])).toEqual([
      ['customer', 'complete'],
      ['agent', 'complete'],
    ]);
    const shown = items.slice(items.findLastIndex((item) => item.__typename === 'MessageReset' || item.__typename === 'StreamReset') + 1);
    expect(textOf(shown)).toBe(rows[1]?.text);
    await nothingHalfWritten();
  });

  it('answers the next message as if nothing had happened, and leaves cleanly', async () => {
    const { runId } = await me.ask(QUESTION);
    const items = await takeUntil(me.followRun(runId), () => false);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished' });
    expect(items.find((item) => item.__typename === 'RunStarted')).toMatchObject({ attempt: 1 });
    expect(parley.output).not.toMatch(/"level":(50|60)|unhandled/);
    expect(await parley.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBeNull();
  });
});

function refusalsOf(answer: Answer): NonNullable<Answer['errors']> {
  return answer.errors ?? [];
}
