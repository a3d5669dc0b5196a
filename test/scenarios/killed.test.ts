/**
 * S4: instances that are killed, with -9, while they write an answer. Another takes the run up, its readers are told to drop what they
 * have of it, and the text comes once. However often that happens, the run finishes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd, openApp, openGround, type Ground } from '../support/app.ts';
import { openBench, type Bench, type ParleyProcess } from '../support/process.ts';
import { startRedis } from '../support/redis-server.ts';
import { closeAll, load, QUESTION, stepped, TEXT, WORDS } from './stage.ts';
import { openTab, type TabOptions } from './tab.ts';

/** From the end of one instance to another going on with its runs. */
const TAKEN_OVER_MS = 10_000;
const KILLS = 5;

const first = (count: number) => WORDS.slice(0, count).join('');

/** Everything one test opens, closed in reverse when it is over: the tests wait for leases at the same time. */
function scene(bench: Bench, onTestFinished: (close: () => Promise<void>) => void) {
  const opened: { close(): Promise<void> }[] = [];
  onTestFinished(() => closeAll(opened));
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  return {
    keep,
    ground: async () => keep(await openGround()),
    redis: async () => keep(await startRedis()),
    start(ground: Ground, redisUrl: string | null): ParleyProcess {
      const started = bench.start(ground.environment(redisUrl === null ? {} : { REDIS_URL: redisUrl }));
      keep({ close: async () => void (await started.end('SIGKILL')) });
      return started;
    },
    async customer(ground: Ground, url: () => string) {
      const token = await ground.token({ kind: 'customer', customerId: await ground.addCustomer() });
      const me = createFrontEnd(url, token);
      keep({ close: me.dispose });
      return { token, me };
    },
    tab: async (options: TabOptions) => keep(await openTab(options)),
  };
}

describe('an instance that is killed while it writes an answer', { timeout: 120_000, concurrent: true }, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  it('is replaced by another within ten seconds: the readers there see a second attempt, and the text once', async ({ onTestFinished }) => {
    const play = scene(bench, onTestFinished);
    const [ground, redis] = [await play.ground(), await play.redis()];
    const victim = play.start(ground, redis.url);
    let url = await victim.ready();
    const { token, me } = await play.customer(ground, () => url);
    const model = stepped(ground);
    const { conversationId, runId, position } = await me.ask(QUESTION);
    await model.request();
    // Only now, so that the run is the victim's.
    const survivor = play.keep(await openApp({}, { redisUrl: redis.url, shareDatabaseWith: ground }));
    const [there, here] = [
      await play.tab({ url: () => url, token, conversationId, after: position }),
      await play.tab({ url: () => survivor.parley.url, token, conversationId, after: position }),
    ];
    model.allow(4);
    for (const tab of [there, here]) await tab.shows(first(4));
    const killedAtMs = performance.now();
    victim.kill('SIGKILL');
    url = survivor.parley.url;
    await here.until((items) => items.some((item) => item.__typename === 'RunStarted' && item.attempt === 2), 'the second attempt');
    expect(performance.now() - killedAtMs).toBeLessThan(TAKEN_OVER_MS);
    model.allow(WORDS.length);
    for (const tab of [there, here]) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { id: runId, status: 'SUCCEEDED' } });
      expect(tab.text()).toBe(TEXT);
      const told = tab.items.map(({ __typename }) => __typename).filter((name) => /^(?:RunStarted|MessageReset|MessageFinished|RunFinished)$/.test(name));
      expect(told).toEqual(['RunStarted', 'RunStarted', 'MessageReset', 'MessageFinished', 'RunFinished']);
    }
    expect((await load(me, conversationId)).messages).toMatchObject([{ text: QUESTION }, { text: TEXT, status: 'COMPLETE' }]);
  });

  it('is killed again and again, five instances in a row: the sixth finishes what they began', async ({ onTestFinished }) => {
    const play = scene(bench, onTestFinished);
    const [ground, redis] = [await play.ground(), await play.redis()];
    let instance = play.start(ground, redis.url);
    let url = await instance.ready();
    const { token, me } = await play.customer(ground, () => url);
    const model = stepped(ground);
    const { conversationId, runId, position } = await me.ask(QUESTION);
    const tab = await play.tab({ url: () => url, token, conversationId, after: position });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      model.allow(kill);
      const begun = () => tab.items.findLast((item) => item.__typename === 'RunStarted')?.attempt === kill;
      await tab.until(() => begun() && tab.text() === first(kill), `the words of attempt ${kill}`);
      await instance.end('SIGKILL');
      model.allow(0);
      instance = play.start(ground, redis.url);
      url = await instance.ready();
      // The time of the lease, which the test above waits for, is the database's to say.
      await ground.database.$executeRaw`UPDATE "Run" SET "leaseUntil" = now() - interval '1 second' WHERE "id" = ${runId}`;
    }
    model.allow(WORDS.length);
    expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
    expect(tab.text()).toBe(TEXT);
    expect(tab.items.filter((item) => item.__typename === 'RunStarted').map((item) => item.attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await load(me, conversationId)).messages).toMatchObject([{ text: QUESTION }, { text: TEXT, status: 'COMPLETE' }]);
    expect(await ground.database.run.findUnique({ where: { id: runId } })).toMatchObject({ attempt: KILLS + 1, status: 'succeeded' });
    expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('alone and without Redis: its next start takes the run up at once, and who comes back is told that the log began anew', async ({ onTestFinished }) => {
    const play = scene(bench, onTestFinished);
    const ground = await play.ground();
    let instance = play.start(ground, null);
    let url = await instance.ready();
    const { token, me } = await play.customer(ground, () => url);
    const model = stepped(ground);
    const { conversationId, runId, position } = await me.ask(QUESTION);
    const tab = await play.tab({ url: () => url, token, conversationId, after: position });
    model.allow(4);
    await tab.shows(first(4));
    await instance.end('SIGKILL');
    instance = play.start(ground, null);
    url = await instance.ready();
    await tab.until((items) => items.some((item) => item.__typename === 'StreamReset'), 'the reset');
    expect(tab.items.find((item) => item.__typename === 'StreamReset')).toMatchObject({ reason: 'EPOCH' });
    await model.request();
    model.allow(WORDS.length);
    expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { id: runId, status: 'SUCCEEDED' } });
    expect((await load(me, conversationId)).messages).toMatchObject([{ text: QUESTION }, { text: TEXT, status: 'COMPLETE' }]);
    expect(await ground.database.run.findUnique({ where: { id: runId } })).toMatchObject({ attempt: 2, status: 'succeeded' });
    expect(await instance.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
