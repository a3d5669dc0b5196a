/**
 * Redis goes away under two instances that write and read, stands still, or comes back with nothing: readiness says so, writes are
 * refused, readers are told what they cannot be given, no wrong text is shown, and all heals without a restart.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGround, type StreamItem } from '../support/app.ts';
import { startRedis } from '../support/redis-server.ts';
import { eventually, freePort, openBench } from '../support/process.ts';
import { at, load, openStage, post, QUESTION, stepped, stop, TEXT, TWO, typesOf, WORDS, type Posted, type Stage, type Visitor } from './stage.ts';
import type { Tab } from './tab.ts';

const first = (count: number) => WORDS.slice(0, count).join('');
const PATIENCE = { timeout: 15_000, interval: 50 };
const REFUSED = 'Hello?';
const PLAIN = `query Plain($id: ID!) { conversation(id: $id) { id status } }`;

describe.each([TWO])('$name that goes away', { timeout: 60_000 }, (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology);
  });
  afterAll(() => stage.close());

  const readiness = () => Promise.all(stage.apps.map(async (app) => (await fetch(`${app.parley.url}/health/ready`)).status));
  const redis = () => {
    if (!stage.redis) throw new Error('this stage has no Redis');
    return stage.redis;
  };

  /** Refused, it may have been written all the same: only its id makes it safe to send again. */
  const refusable = ({ conversationId }: Posted) => ({ conversationId, text: REFUSED, clientMessageId: REFUSED });

  async function answering() {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const tabs = await stage.tabs(visitor, posted);
    model.allow(4);
    for (const tab of tabs) await tab.shows(first(4));
    return { model, visitor, posted, tabs };
  }

  /** What was on the screen at any time, from the last reset on, was the beginning of the answer. */
  function neverWrong(items: readonly StreamItem[]): void {
    for (const item of items) {
      if (item.__typename === 'TextDelta') expect(TEXT.slice(item.offset ?? 0).startsWith(item.text ?? '')).toBe(true);
      if (item.__typename === 'TextSnapshot') expect(TEXT.startsWith(item.text ?? '')).toBe(true);
      if (item.__typename === 'MessageFinished' && item.message?.role === 'AGENT') expect(item.message.text).toBe(TEXT);
    }
  }

  /** The answer came, whole and once; and so does the one to what was refused meanwhile, once that is sent again. */
  async function endsWell(tabs: readonly Tab[], visitor: Visitor, { runId, conversationId }: Posted, refused?: string): Promise<void> {
    for (const tab of tabs) {
      expect(await tab.ends(runId)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
      expect(tab.items.filter((item) => item.__typename === 'MessageFinished' && item.message?.role === 'AGENT')[0]).toMatchObject({ message: { text: TEXT } });
    }
    await expect.poll(readiness, PATIENCE).toEqual([200, 200]);
    if (refused !== undefined) {
      const again = await eventually('it is taken now', () => post(at(visitor, 0), { conversationId, text: refused, clientMessageId: refused }));
      for (const tab of tabs) expect(await tab.ends(again.run?.id)).toMatchObject({ __typename: 'RunFinished' });
    }
    const { messages } = await load(at(visitor, 1), conversationId);
    const said = [QUESTION, ...(refused === undefined ? [] : [refused])].flatMap((text) => [text, TEXT]);
    expect(messages.map(({ text, status }) => [text, status])).toEqual(said.map((text) => [text, 'COMPLETE']));
    for (const tab of tabs) {
      neverWrong(tab.items);
      await tab.close();
    }
  }

  it('stands still in the middle of an answer: unready, writes refused, rows still read; then it goes on, and the text comes once', async () => {
    const { model, visitor, posted, tabs } = await answering();
    redis().pause();
    try {
      await expect.poll(readiness, PATIENCE).toEqual([503, 503]);
      for (const [number, app] of stage.apps.entries()) {
        await expect(at(visitor, number).ask('Anybody there?')).rejects.toThrow('UNAVAILABLE');
        await expect(post(at(visitor, number), refusable(posted))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        await expect(stop(at(visitor, number), posted.runId)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        expect(await at(visitor, number).http(PLAIN, { id: posted.conversationId })).toMatchObject({ data: { conversation: { status: 'ACTIVE' } } });
        expect((await fetch(`${app.parley.url}/health/live`)).status).toBe(200);
      }
      model.allow(6);
    } finally {
      redis().resume();
    }
    model.allow(WORDS.length);
    await endsWell(tabs, visitor, posted, REFUSED);
    for (const tab of tabs) {
      expect(typesOf(tab.items)).not.toContain('StreamReset');
      expect(tab.text()).toBe(TEXT);
    }
  });

  it('ends and stays away for a while, then comes back with nothing: every reader is told, and the answer is whole', async () => {
    const { model, visitor, posted, tabs } = await answering();
    await redis().stop();
    await expect.poll(readiness, PATIENCE).toEqual([503, 503]);
    await expect(post(at(visitor, 1), refusable(posted))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    model.allow(6);
    await redis().start();
    for (const tab of tabs) await tab.until((items) => items.some((item) => item.__typename === 'StreamReset'), 'the reset');
    model.allow(WORDS.length);
    await endsWell(tabs, visitor, posted, REFUSED);
    for (const tab of tabs) expect(tab.items.filter((item) => item.__typename === 'StreamReset').every((item) => item.reason === 'EPOCH')).toBe(true);
  });

  it('is restarted with nothing between two tokens: every reader is told, and what is shown is never wrong', async () => {
    const { model, visitor, posted, tabs } = await answering();
    await redis().restartEmpty();
    for (const tab of tabs) await tab.until((items) => items.some((item) => item.__typename === 'StreamReset'), 'the reset');
    for (const tab of tabs) expect(tab.items.findLast((item) => item.__typename === 'StreamReset')).toMatchObject({ reason: 'EPOCH' });
    // A page that is loaded in this moment, and one that follows before there is any text.
    const page = await load(at(visitor, 1), posted.conversationId);
    const late = await stage.tab(visitor, 0, posted.conversationId, page.position);
    const fresh = await stage.tab(visitor, 1, posted.conversationId);
    model.allow(6);
    for (const tab of [...tabs, late, fresh]) {
      await tab.until((items) => items.filter((item) => item.__typename === 'TextDelta').length > 0, 'more text');
    }
    model.allow(WORDS.length);
    await endsWell([...tabs, late, fresh], visitor, posted);
  });

  it('is restarted with nothing while nobody writes: a message afterwards is heard and answered everywhere', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const tabs = await stage.tabs(visitor, posted);
    for (const tab of tabs) await tab.ends();
    await redis().restartEmpty();
    await expect.poll(readiness, PATIENCE).toEqual([200, 200]);
    for (const tab of tabs) await tab.until((items) => items.some((item) => item.__typename === 'StreamReset'), 'the reset');
    const { run } = await post(at(visitor, 1), { conversationId: posted.conversationId, text: 'Again?' });
    for (const tab of tabs) {
      expect(await tab.ends(run?.id)).toMatchObject({ __typename: 'RunFinished' });
      expect(tab.text()).toBe(TEXT);
      await tab.close();
    }
  });
});

it('Redis that cannot be reached at the start ends it with 1 and a sentence that names REDIS_URL and the address', async () => {
  const ground = await openGround();
  const bench = await openBench();
  try {
    const port = await freePort();
    const started = bench.start(ground.environment({ REDIS_URL: `redis://parley:secret@127.0.0.1:${port}` }));
    expect(await started.ended).toEqual({ code: 1, signal: null });
    expect(started.output).toMatch(new RegExp(`Parley cannot start: .*Redis at 127\\.0\\.0\\.1:${port} cannot be reached.*REDIS_URL`));
    expect(started.output).not.toContain('secret');
  } finally {
    await bench.close();
    await ground.close();
  }
});

it('Redis that comes later is waited for with --wait', async () => {
  const ground = await openGround();
  const bench = await openBench();
  const redis = await startRedis();
  try {
    await redis.stop();
    const started = bench.start(ground.environment({ REDIS_URL: redis.url, LOG_LEVEL: 'info' }), ['--wait']);
    await started.said(/waiting for a service that does not answer yet/);
    await redis.start();
    await started.ready();
    expect(await started.end('SIGTERM')).toEqual({ code: 0, signal: null });
  } finally {
    await bench.close();
    await redis.close();
    await ground.close();
  }
});
