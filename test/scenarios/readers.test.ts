/**
 * Readers that come and go while an answer is written: refreshed at every token (S1), one tab of two killed (S2), cut off without a
 * word (S3), come after the end (S5) and after the history (S6), no longer reading (S14), or with a token that expires in between (S15). Whatever they do, nothing is lost or double.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTerminal, isText, type StreamItem } from '../support/app.ts';
import { take, takeUntil } from '../support/collect.ts';
import { at, load, ONE, openStage, stepped, TEXT, TWO, typesOf, WORDS, type Stage } from './stage.ts';
import { startSilentProxy } from './silent-proxy.ts';
import type { Tab } from './tab.ts';

const first = (count: number) => WORDS.slice(0, count).join('');

describe.each([ONE, TWO])('readers of $name', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology);
  });
  afterAll(() => stage.close());

  it('S1: refresh at every token, on the other instance where there is one, and have every token once', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    for (let k = 0; k <= WORDS.length; k += 1) {
      model.allow(0);
      const { conversationId, position } = await stage.ask(visitor);
      const before = await stage.tab(visitor, k, conversationId, position);
      for (let token = 1; token <= k; token += 1) {
        model.allow(token);
        await before.shows(first(token));
      }
      await before.close();
      const after = await stage.tab(visitor, k + 1, conversationId, before.position());
      expect(after.items[0]).toMatchObject({ __typename: 'StreamReady', status: 'RECOVERED' });
      model.allow(WORDS.length);
      await after.ends();
      const both = [...before.items, ...after.items];
      expect(joined(both)).toBe(TEXT);
      const numbers = both.filter((item) => item.__typename !== 'StreamReady').map((item) => item.sequence);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      expect(both.filter(isTerminal)).toHaveLength(1);
      await after.close();
    }
  });

  it('S1: load the page anew at every token, and have the text from there on once', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    for (let k = 1; k < WORDS.length; k += 2) {
      model.allow(0);
      const posted = await stage.ask(visitor);
      const { conversationId } = posted;
      const tabs = await stage.tabs(visitor, posted);
      model.allow(k);
      for (const tab of tabs) await tab.shows(first(k));
      const page = await load(at(visitor, k), conversationId);
      const again = await stage.tab(visitor, k + 1, conversationId, page.position);
      const late = await stage.tab(visitor, k, conversationId);
      await late.shows(first(k));
      model.allow(WORDS.length);
      for (const tab of [...tabs, again, late]) {
        await tab.ends();
        expect(tab.text()).toBe(TEXT);
        await tab.close();
      }
    }
  });

  it('S2: have two tabs, of which one is killed: the other notices nothing, and the killed one comes back to the same', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const { conversationId, position } = await stage.ask(visitor);
    const [one, two] = [await stage.tab(visitor, 0, conversationId, position), await stage.tab(visitor, 1, conversationId, position)];
    for (let token = 1; token <= WORDS.length; token += 1) {
      if (token % 3 === 0) one.cut();
      model.allow(token);
      await Promise.all([one.shows(first(token)), two.shows(first(token))]);
    }
    for (const tab of [one, two]) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
      expect(tab.items.filter(isTerminal)).toHaveLength(1);
      expect(typesOf(tab.items)).not.toContain('StreamReset');
    }
    expect([one.connections, two.connections]).toEqual([4, 1]);
    await Promise.all([one.close(), two.close()]);
  });

  it('S3: lose the network without a word, find out by their own pings, and go on elsewhere where they were', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const { conversationId, position } = await stage.ask(visitor);
    const [here, there] = [stage.apps.at(0), stage.apps.at(-1)];
    const proxy = await startSilentProxy(here?.parley.url ?? '');
    try {
      const other = await stage.tab(visitor, 1, conversationId, position);
      const cutOff = await stage.tab(visitor, 0, conversationId, position, { url: () => proxy.url, pingMs: 250 });
      model.allow(3);
      await cutOff.shows(first(3));
      proxy.silence();
      proxy.aim(there?.parley.url ?? '');
      model.allow(7);
      await other.shows(first(7));
      await cutOff.shows(first(7));
      expect(cutOff.connections).toBe(2);
      model.allow(WORDS.length);
      for (const tab of [cutOff, other]) {
        await tab.ends();
        expect(tab.text()).toBe(TEXT);
        expect(typesOf(tab.items)).not.toContain('StreamReset');
        await tab.close();
      }
    } finally {
      await proxy.close();
    }
  });

  it('S5: come after the end, and are told all of it, only the end, or nothing that they have', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const { conversationId, runId, position } = posted;
    const tabs = await stage.tabs(visitor, posted);
    for (const tab of tabs) await tab.ends();
    for (const [number] of stage.apps.entries()) {
      const fromTheStart = await stage.tab(visitor, number, conversationId, position);
      await fromTheStart.ends();
      expect(fromTheStart.text()).toBe(TEXT);
      expect(fromTheStart.items.slice(1).every((item) => item.replay)).toBe(true);
      const run = await takeUntil(at(visitor, number).followRun(runId), () => false);
      expect(run[0]).toMatchObject({ __typename: 'StreamReady' });
      expect(joined(run)).toBe(TEXT);
      expect(run.at(-1)).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
      const page = await load(at(visitor, number), conversationId);
      expect(page.messages.map(({ text, status }) => [text, status])).toContainEqual([TEXT, 'COMPLETE']);
      const fresh = await stage.tab(visitor, number, conversationId, page.position);
      expect(fresh.items).toMatchObject([{ __typename: 'StreamReady', status: 'RECOVERED' }]);
      await Promise.all([fromTheStart.close(), fresh.close()]);
    }
    for (const tab of tabs) await tab.close();
  });

  it('S15: bring a token that expires in the middle of an answer, come back with a fresh one, and have every token once', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const viewer = { kind: 'customer', customerId: visitor.customerId } as const;
    const { conversationId, position } = await stage.ask(visitor);
    const other = await stage.tab(visitor, 0, conversationId, position);
    const brief = await Promise.all(
      stage.apps.map((_, number) => stage.tab(visitor, number, conversationId, position, { token: () => stage.token(viewer, 2) })),
    );
    for (const [round, allowed] of [3, 6].entries()) {
      model.allow(allowed);
      for (const tab of brief) {
        await tab.shows(first(allowed));
        await expect.poll(() => tab.connections, { timeout: 20_000, interval: 20 }).toBeGreaterThan(round + 1);
      }
    }
    model.allow(WORDS.length);
    for (const tab of [other, ...brief]) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { status: 'SUCCEEDED' } });
      expect(joined(tab.items)).toBe(TEXT);
      expect(tab.items.filter(isTerminal)).toHaveLength(1);
      expect(typesOf(tab.items)).not.toContain('StreamReset');
    }
    expect([other.connections, other.closes]).toEqual([1, []]);
    // 4403: the stock client tries again.
    for (const tab of brief) expect(new Set(tab.closes)).toEqual(new Set([4403]));
    for (const tab of [other, ...brief]) await tab.close();
  });
});

/** The text of items that were received one after the other, over several connections. */
function joined(items: readonly StreamItem[]): string {
  let text = '';
  for (const item of items.filter(isText)) {
    expect(item.offset).toBe(text.length);
    text += item.text ?? '';
  }
  return text;
}

describe.each([ONE, TWO])('readers of $name that keep its history for a second', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology, { HISTORY_MS: '1000' });
  });
  afterAll(() => stage.close());

  it('S6: come after it has expired: the run ends all the same, a gap is announced, and who missed nothing is told so', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const { conversationId, runId, position } = posted;
    const tabs = await stage.tabs(visitor, posted);
    for (const tab of tabs) await tab.ends();
    const last = tabs[0]?.position() ?? '';
    for (const [number] of stage.apps.entries()) {
      await expect
        .poll(async () => typesOf(await takeUntil(at(visitor, number).followRun(runId), () => false)), { timeout: 10_000, interval: 100 })
        .toEqual(['StreamReady', 'RunFinished']);
      const early = at(visitor, number).follow(conversationId, position);
      expect(await take(early, 2)).toMatchObject([
        { __typename: 'StreamReady', status: 'RESET' },
        { __typename: 'StreamReset', reason: 'TRIMMED' },
      ]);
      await early.return?.();
      const complete = at(visitor, number).follow(conversationId, last);
      expect(await take(complete, 1)).toMatchObject([{ __typename: 'StreamReady', status: 'RECOVERED' }]);
      await complete.return?.();
      expect((await load(at(visitor, number), conversationId)).messages.at(-1)).toMatchObject({ text: TEXT, status: 'COMPLETE' });
    }
    for (const tab of tabs) await tab.close();
  });
});

/** Each piece of text, and how often a reader asks for it: what it does not take is far more than the system keeps for it. */
const PIECES = 300;
const PIECE = `${'x'.repeat(1_990)} word `;
const COPIES = Array.from({ length: 20 }, (_, copy) => `copy${copy}: text`).join(' ');
const HEAVY = `__typename position sequence replay ... on StreamReset { reason } ... on MessageFinished { message { id role text status } }
  ... on RunFinished { run { id status } } ... on TextDelta { messageId attempt offset text ${COPIES} } ... on TextSnapshot { messageId attempt text }`;

describe.each([ONE, TWO])('readers of $name that keeps a hundred events', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology, { HISTORY_EVENTS_MAX: '100', OPERATION_ALIASES_MAX: '100', ANSWER_TOKENS_MAX: '32000' });
  });
  afterAll(() => stage.close());

  it('S14: stop reading, and hold up nobody; what they missed is announced, and what is fetched then is right', async () => {
    const pieces = Array.from({ length: PIECES }, () => PIECE);
    const model = stepped(stage, pieces);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const { conversationId, position } = posted;
    const others = await stage.tabs(visitor, posted);
    const stuck: Tab[] = [];
    for (const [number] of stage.apps.entries()) stuck.push(await stage.tab(visitor, number, conversationId, position, { selection: HEAVY }));
    for (const tab of stuck) tab.pause();
    model.allow(PIECES);
    for (const tab of others) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished' });
      expect(tab.text() === PIECE.repeat(PIECES)).toBe(true);
    }
    for (const tab of stuck) {
      expect(tab.items.some(isTerminal)).toBe(false);
      tab.resume();
      const reset = (items: readonly StreamItem[]) => items.some((item) => item.__typename === 'StreamReset');
      await tab.until((items) => items.some(isTerminal) || reset(items), 'a reset or the end');
      if (!reset(tab.items)) expect(tab.text() === PIECE.repeat(PIECES)).toBe(true);
      else expect(tab.items.findLast((item) => item.__typename === 'StreamReset')).toMatchObject({ reason: 'SLOW' });
      const page = await load(at(visitor, 1), conversationId);
      expect(page.messages.at(-1)?.text === PIECE.repeat(PIECES)).toBe(true);
    }
    for (const tab of [...others, ...stuck]) await tab.close();
  });
});
