/**
 * What a customer does while an answer is written, from any instance: stops it at a token (S7) or before anybody took it up (S8),
 * writes on while it is busy (S9), sends the same thing twice at once (S10); and what they see when the model fails (S12).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, load, ONE, openStage, post, stepped, stop, TEXT, THREE, typesOf, WORDS, type Stage } from './stage.ts';

const first = (count: number) => WORDS.slice(0, count).join('');

describe.each([ONE, THREE])('a customer of $name', (topology) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(topology);
  });
  afterAll(() => stage.close());

  it('S7: stops an answer at token k, on an instance that does not write it, and keeps exactly k tokens', async () => {
    for (let k = 0; k < WORDS.length; k += 1) {
      const model = stepped(stage);
      const visitor = await stage.visitor();
      const posted = await stage.ask(visitor);
      const tabs = await stage.tabs(visitor, posted);
      const request = await model.request();
      model.allow(k);
      for (const tab of tabs) await tab.shows(first(k));
      const stopped = await stop(at(visitor, stage.driverOf(request) + 1), posted.runId);
      expect(stopped).toMatchObject({ run: { status: 'STOPPED' }, alreadyFinished: false });
      expect(stopped.message).toEqual(k === 0 ? null : { text: first(k), status: 'PARTIAL' });
      expect(await request.ended).toBe('aborted');
      for (const tab of tabs) {
        expect(await tab.ends()).toMatchObject({ __typename: 'RunStopped', run: { id: posted.runId, status: 'STOPPED' } });
        expect(tab.text()).toBe(first(k));
        await tab.close();
      }
      expect(await stop(at(visitor, 0), posted.runId)).toMatchObject({ run: { status: 'STOPPED' }, alreadyFinished: true });
      const page = await load(at(visitor, k), posted.conversationId);
      expect(page.activeRun).toBeNull();
      expect(page.messages.filter(({ role }) => role === 'AGENT').map(({ text }) => text)).toEqual(k === 0 ? [] : [first(k)]);
    }
  });

  it('S8: stops an answer that nobody has taken up yet: it is never begun, and what was being written goes on', async () => {
    const model = stepped(stage);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const tabs = await stage.tabs(visitor, posted);
    await model.request();
    const asked = stage.model.requests.length;
    model.allow(2);
    for (const tab of tabs) await tab.shows(first(2));
    const queued = await post(at(visitor, 1), { conversationId: posted.conversationId, text: 'And as PDF?', onBusy: 'QUEUE' });
    expect(queued).toMatchObject({ disposition: 'QUEUED', run: { status: 'QUEUED' } });
    const runId = queued.run?.id ?? '';
    expect(await stop(at(visitor, 2), runId)).toMatchObject({ run: { status: 'STOPPED' }, message: null, usage: { outputTokens: 0 }, alreadyFinished: false });
    for (const tab of tabs) expect(await tab.ends(runId)).toMatchObject({ __typename: 'RunStopped' });
    model.allow(WORDS.length);
    for (const tab of tabs) {
      expect(await tab.ends(posted.runId)).toMatchObject({ __typename: 'RunFinished' });
      expect(tab.text()).toBe(TEXT);
      expect(tab.items.filter((item) => item.__typename === 'RunStarted' && item.run?.id === runId)).toEqual([]);
      await tab.close();
    }
    expect(stage.model.requests).toHaveLength(asked);
  });

  describe('S9: writes on, elsewhere, while an answer is written, and', () => {
    async function busy() {
      const model = stepped(stage);
      const visitor = await stage.visitor();
      const posted = await stage.ask(visitor);
      const tabs = await stage.tabs(visitor, posted);
      const driver = stage.driverOf(await model.request());
      model.allow(4);
      for (const tab of tabs) await tab.shows(first(4));
      return { model, visitor, posted, tabs, more: { conversationId: posted.conversationId, text: 'And as PDF?' }, elsewhere: at(visitor, driver + 1) };
    }

    it('QUEUE: is answered after it', async () => {
      const { model, posted, tabs, more, elsewhere } = await busy();
      const { disposition, run } = await post(elsewhere, { ...more, onBusy: 'QUEUE' });
      expect(disposition).toBe('QUEUED');
      for (const tab of tabs) await tab.until((items) => items.some((item) => item.message?.text === more.text), 'the second question');
      model.allow(WORDS.length);
      for (const tab of tabs) {
        expect(await tab.ends(posted.runId)).toMatchObject({ __typename: 'RunFinished' });
        expect(await tab.ends(run?.id)).toMatchObject({ __typename: 'RunFinished' });
        const order = tab.items.flatMap(({ __typename, run: of }) => (/^Run(?:Started|Finished)$/.test(__typename) ? [`${__typename} ${of?.id}`] : []));
        expect(order).toEqual([posted.runId, run?.id].flatMap((id) => [`RunStarted ${id}`, `RunFinished ${id}`]));
        expect(tab.items.filter((item) => item.__typename === 'MessageFinished').map((item) => item.message?.text)).toEqual([TEXT, TEXT]);
        await tab.close();
      }
    });

    it('INTERRUPT: stops it with what it has, and is answered at once', async () => {
      const { model, posted, tabs, more, elsewhere, visitor } = await busy();
      const { disposition, run } = await post(elsewhere, { ...more, onBusy: 'INTERRUPT' });
      expect(disposition).toBe('INTERRUPTED');
      for (const tab of tabs) expect(await tab.ends(posted.runId)).toMatchObject({ __typename: 'RunStopped' });
      model.allow(WORDS.length);
      for (const tab of tabs) {
        expect(await tab.ends(run?.id)).toMatchObject({ __typename: 'RunFinished' });
        expect(tab.text()).toBe(TEXT);
        await tab.close();
      }
      const answers = (await load(at(visitor, 0), posted.conversationId)).messages.filter(({ role }) => role === 'AGENT');
      expect(answers.map(({ text, status }) => [text, status])).toEqual([
        [first(4), 'PARTIAL'],
        [TEXT, 'COMPLETE'],
      ]);
    });

    it('REJECT: is refused, and nothing is written', async () => {
      const { model, posted, tabs, more, elsewhere, visitor } = await busy();
      await expect(post(elsewhere, { ...more, onBusy: 'REJECT' })).rejects.toMatchObject({ code: 'RUN_ACTIVE' });
      model.allow(WORDS.length);
      for (const tab of tabs) {
        expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished', run: { id: posted.runId } });
        expect(tab.text()).toBe(TEXT);
        await tab.close();
      }
      expect((await load(at(visitor, 0), posted.conversationId)).messages.map(({ text }) => text)).not.toContain(more.text);
    });
  });

  it('S10: sends the same message twice at once, to two instances: it is one message, answered once', async () => {
    const model = stepped(stage);
    model.allow(WORDS.length);
    const visitor = await stage.visitor();
    const posted = await stage.ask(visitor);
    const tabs = await stage.tabs(visitor, posted);
    for (const tab of tabs) await tab.ends();
    for (let round = 0; round < 5; round += 1) {
      const asked = stage.model.requests.length;
      const input = { conversationId: posted.conversationId, text: `Question ${round}`, clientMessageId: `client-${round}` };
      const answers = await Promise.all([0, 1, 0, 1].map((number) => post(at(visitor, number), input)));
      expect(answers.map(({ disposition }) => disposition).toSorted()).toEqual(['DUPLICATE', 'DUPLICATE', 'DUPLICATE', 'STARTED']);
      expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1);
      expect(new Set(answers.map(({ run }) => run?.id)).size).toBe(1);
      for (const tab of tabs) {
        await tab.ends(answers[0]?.run?.id);
        expect(tab.items.filter((item) => item.__typename === 'MessagePosted' && item.message?.text === input.text)).toHaveLength(1);
      }
      expect(stage.model.requests).toHaveLength(asked + 1);
    }
    expect(await stage.database.message.count({ where: { conversationId: posted.conversationId, role: 'customer' } })).toBe(6);
    for (const tab of tabs) await tab.close();
  });

  it('S12: is told once when the model fails before its first token, and can go on', async () => {
    const visitor = await stage.visitor();
    stage.model.otherwise(() => ({ status: 529, retryAfterS: 60 }));
    const posted = await stage.ask(visitor);
    const tabs = await stage.tabs(visitor, posted);
    for (const tab of tabs) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFailed', code: 'MODEL_OVERLOADED', retryable: true, partialKept: false });
      expect(typesOf(tab.items)).not.toContain('TextDelta');
    }
    stepped(stage).allow(WORDS.length);
    const { run } = await post(at(visitor, 1), { conversationId: posted.conversationId, text: 'Again, please' });
    for (const tab of tabs) {
      expect(await tab.ends(run?.id)).toMatchObject({ __typename: 'RunFinished' });
      expect(tab.text()).toBe(TEXT);
      await tab.close();
    }
  });

  it('S12: hears nothing of a failure that another try mends before the first token', async () => {
    const visitor = await stage.visitor();
    stage.model.script({ status: 529, retryAfterS: 0 }, { text: WORDS });
    const tabs = await stage.tabs(visitor, await stage.ask(visitor));
    for (const tab of tabs) {
      expect(await tab.ends()).toMatchObject({ __typename: 'RunFinished' });
      expect(tab.text()).toBe(TEXT);
      expect(tab.items.filter((item) => item.__typename === 'RunStarted')).toMatchObject([{ attempt: 1 }]);
      await tab.close();
    }
  });

  it('S12: keeps the k tokens that came before the model failed', async () => {
    for (const [k, kind] of [
      [1, 'error_event'],
      [4, 'cut'],
      [WORDS.length - 1, 'error_event'],
    ] as const) {
      const visitor = await stage.visitor();
      stage.model.script({ text: WORDS, fault: { kind, afterTokens: k } });
      const posted = await stage.ask(visitor);
      const tabs = await stage.tabs(visitor, posted);
      for (const tab of tabs) {
        expect(await tab.ends()).toMatchObject({ __typename: 'RunFailed', code: 'MODEL_OVERLOADED', retryable: true, partialKept: true });
        expect(tab.text()).toBe(first(k));
        expect(tab.items.filter((item) => item.__typename === 'MessageFinished')).toMatchObject([{ message: { text: first(k), status: 'PARTIAL' } }]);
        await tab.close();
      }
      expect((await load(at(visitor, 1), posted.conversationId)).messages.at(-1)).toMatchObject({ text: first(k), status: 'PARTIAL' });
    }
  });
});
