/** A gateway and a worker, each a process as `npm start` starts it: who answers clients, who drives runs, and what one is without the other. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createFrontEnd, isTerminal, isText, textOf, type FrontEnd } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { eventually, openBench, type Bench, type ParleyProcess } from '../support/process.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const QUESTION = 'How much would the premium plan cost for 30 seats?';

describe('a gateway and a worker', { timeout: 180_000 }, () => {
  let bench: Bench;
  let redis: RedisServer;
  let gateway: ParleyProcess;
  let gatewayUrl: string;
  let worker: ParleyProcess;
  let workerUrl: string;
  let me: FrontEnd;
  beforeAll(async () => {
    bench = await openBench({ filled: true });
    redis = await startRedis();
  });
  afterAll(async () => {
    await bench.close();
    await redis.close();
  });

  function start(role: 'gateway' | 'worker', tokensPerS = '0'): ParleyProcess {
    return bench.start({ PARLEY_ROLE: role, REDIS_URL: redis.url, OFFLINE_TOKENS_PER_S: tokensPerS, LOG_LEVEL: 'info', DRAIN_MS: '0' });
  }

  const statusOf = async (runId: string) => (await bench.rows<{ status: string }>('SELECT "status" FROM "Run" WHERE "id" = $1', [runId]))[0]?.status;
  const drove = (parley: ParleyProcess, runId: string): boolean =>
    parley.output.split('\n').some((line) => line.includes('"run finished"') && line.includes(runId));

  it('do not start without Redis, and say so before anything is made', async () => {
    const elsewhere = await openBench();
    try {
      for (const role of ['gateway', 'worker']) {
        const alone = elsewhere.start({ PARLEY_ROLE: role });
        expect(await alone.ended).toEqual({ code: 1, signal: null });
        expect(alone.output).toContain(`- PARLEY_ROLE: ${role} needs REDIS_URL`);
      }
      expect(existsSync(elsewhere.dataDir)).toBe(false);
    } finally {
      await elsewhere.close();
    }
  });

  it('share the work: what the gateway takes waits for the worker, and is heard at the gateway', async () => {
    gateway = start('gateway');
    gatewayUrl = await gateway.ready();
    me = await bench.customer(gatewayUrl);
    const asked = [await me.ask(QUESTION), await me.ask(QUESTION), await me.ask(QUESTION)];
    for (const { runId } of asked) expect(await statusOf(runId)).toBe('queued');
    const [first] = asked;
    const reader = me.follow(first?.conversationId ?? '', first?.position);
    worker = start('worker');
    workerUrl = await worker.ready();
    const items = await takeUntil(reader, isTerminal);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    expect(textOf(items)).toMatch(/premium/i);
    for (const { runId } of asked) {
      await eventually('the worker has answered', async () => (await statusOf(runId)) === 'succeeded');
      await eventually('the worker says so', async () => drove(worker, runId));
      expect(drove(gateway, runId)).toBe(false);
    }
  });

  it('differ in their doors: the worker has health and nothing else', async () => {
    for (const url of [gatewayUrl, workerUrl]) {
      for (const path of ['/health/live', '/health/ready', '/api/health']) expect((await fetch(`${url}${path}`)).status).toBe(200);
    }
    expect((await fetch(`${gatewayUrl}/`)).status).toBe(200);
    for (const path of ['/', '/graphql', '/chat', '/favicon.svg']) expect((await fetch(`${workerUrl}${path}`)).status).toBe(404);
    const { staffToken, url } = await bench.demo();
    const posted = await fetch(`${workerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${staffToken}` },
      body: JSON.stringify({ query: '{ viewer { __typename } }' }),
    });
    expect(posted.status).toBe(404);
    const refused = new Promise<number | undefined>((resolve, reject) => {
      const socket = new WebSocket(`${workerUrl.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode);
        socket.terminate();
      });
      socket.once('open', () => reject(new Error('a worker took a socket')));
      socket.on('error', () => undefined);
    });
    expect(await refused).toBe(404);
    // What people are told to try goes to the gateway, although the worker came last.
    expect(url).toBe(gatewayUrl);
    expect(worker.output).toContain('it drives runs and takes no clients');
    expect(worker.output).not.toContain(staffToken);
    expect(gateway.output).toContain(staffToken);
  });

  it('start what is scheduled, once, at the worker', async () => {
    const { staffToken, customerId } = await bench.demo();
    const staff = createFrontEnd(() => gatewayUrl, staffToken);
    const { data, errors } = await staff.http(`mutation($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule { id } } }`, {
      input: {
        name: 'Once a year',
        cron: '0 0 1 1 *',
        timeZone: 'UTC',
        workflow: 'agent',
        input: { agentId: 'refund_processor', text: QUESTION },
        customerId,
      },
    });
    expect(errors).toBeUndefined();
    const { id } = (data as { createSchedule: { schedule: { id: string } } }).createSchedule.schedule;
    await bench.rows('UPDATE "Schedule" SET "nextRunAt" = now() WHERE "id" = $1', [id]);
    const [run] = await eventually('the worker has started and driven it', async () => {
      const rows = await bench.rows<{ id: string }>(`SELECT "id" FROM "Run" WHERE "scheduleId" = $1 AND "status" = 'succeeded'`, [id]);
      return rows.length > 0 ? rows : null;
    });
    expect(await bench.rows('SELECT "id" FROM "Run" WHERE "scheduleId" = $1', [id])).toHaveLength(1);
    const { data: shown } = await staff.http('query($id: ID!) { job(id: $id) { progress attempts schedule { id } result } }', { id: run?.id });
    expect(shown).toMatchObject({ job: { progress: 100, attempts: 1, schedule: { id }, result: { agentId: 'refund_processor' } } });
    await staff.dispose();
  });

  it('stop together: the gateway is asked, the worker breaks off, and the text so far is kept', async () => {
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
    worker = start('worker', '20');
    await worker.ready();
    const { conversationId, runId, position } = await me.ask(QUESTION);
    const reader = me.follow(conversationId, position);
    await takeUntil(reader, isText);
    const { data } = await me.http('mutation($id: ID!) { cancelJob(input: { jobId: $id }) { job { status } message { status } alreadyFinished } }', {
      id: runId,
    });
    expect(data).toEqual({ cancelJob: { job: { status: 'STOPPED' }, message: { status: 'PARTIAL' }, alreadyFinished: false } });
    expect((await takeUntil(reader, isTerminal)).at(-1)).toMatchObject({ __typename: 'RunStopped' });
  });

  it('replace each other: a worker that is killed leaves its run to the next, and the gateway tells its readers', async () => {
    const { conversationId, runId, position } = await me.ask(QUESTION);
    const reader = me.follow(conversationId, position);
    await takeUntil(reader, isText);
    expect(await worker.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    worker = start('worker');
    const items = await takeUntil(reader, isTerminal);
    expect(items.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { id: runId, status: 'SUCCEEDED' } });
    expect(items.map(({ __typename }) => __typename)).toContain('MessageReset');
    await worker.ready();
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await me.dispose();
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await bench.postgresPid()).toBeNull();
  });
});
