/** Following conversations and runs: who may, what comes, and when it ends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS } from '../../src/events/event.ts';
import { applyText, take, takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createScriptedLlm, type ScriptedLlm } from '../support/scripted-llm.ts';

function typesOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind));
}

async function all(iterator: AsyncIterableIterator<Entry>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of iterator) entries.push(entry);
  return entries;
}

describe('following', () => {
  let house: House;
  let llm: ScriptedLlm;
  const signal = () => AbortSignal.timeout(10_000);
  beforeEach(async () => {
    llm = createScriptedLlm();
    house = await openHouse({ llm });
  });
  afterEach(() => house.close());

  async function answered() {
    const { viewer } = await house.addCustomer();
    const started = await house.desk.conversations.start(viewer, { text: 'A question' });
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'An ' });
    call.send({ type: 'text', text: 'answer.' });
    call.send({ type: 'stop', reason: 'end_turn' });
    await house.ended(started.run.id);
    return { viewer, ...started };
  }

  it('is refused alike for what does not exist and for what is somebody else’s', async () => {
    const { conversation, run } = await answered();
    const { viewer: other } = await house.addCustomer();
    const refusal = expect.objectContaining({ code: 'NOT_FOUND' });
    await expect(house.runs.followConversation(other, conversation.id, undefined, signal())).rejects.toThrow(refusal);
    await expect(house.runs.followConversation(other, newId('conv'), undefined, signal())).rejects.toThrow(refusal);
    await expect(house.runs.followRun(other, run.id, undefined, signal())).rejects.toThrow(refusal);
    await expect(house.runs.followRun(other, newId('run'), undefined, signal())).rejects.toThrow(refusal);
    await expect(house.runs.followRun(STAFF, run.id, 'garbage', signal())).rejects.toThrow(expect.objectContaining({ code: 'BAD_INPUT', field: 'after' }));
  });

  it('a finished run gives its whole history and completes', async () => {
    const { viewer, run } = await answered();
    const entries = await all(await house.runs.followRun(viewer, run.id, undefined, signal()));
    expect(typesOf(entries)).toEqual([
      'ready',
      'MessagePosted',
      'RunQueued',
      'RunStarted',
      'AgentChosen',
      'MessagePosted',
      'TextDelta',
      'MessageFinished',
      'RunFinished',
    ]);
  });

  it('a finished run completes with its terminal item also after everything was seen, and without any history', async () => {
    const { viewer, run, conversation } = await answered();
    const head = await house.log.head(`conversation:${conversation.id}`);
    expect(typesOf(await all(await house.runs.followRun(viewer, run.id, head.top, signal())))).toEqual(['ready', 'RunFinished']);
    expect(typesOf(await all(await house.runs.followRun(viewer, run.id, 'otherlife.7', signal())))).toEqual(['ready', 'reset', 'RunFinished']);
  });

  it('an active run completes by itself after its terminal event and tells nothing of other runs', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'First' });
    const call = await llm.nextCall();
    const following = all(await house.runs.followRun(viewer, run.id, undefined, signal()));
    const second = await house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Second' });
    call.send({ type: 'text', text: 'Done.' });
    call.send({ type: 'stop', reason: 'end_turn' });
    const entries = await following;
    expect(entries.at(-1)).toMatchObject({ event: { type: 'RunFinished', runId: run.id } });
    expect(entries.filter((entry) => entry.kind === 'event' && 'runId' in entry.event && entry.event.runId === second.run?.id)).toEqual([]);
    (await llm.nextCall()).send({ type: 'stop', reason: 'end_turn' });
  });

  it('loading the rows and then following from the conversation’s position gives every token once', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'A question' });
    const call = await llm.nextCall();
    const first = await house.runs.followConversation(viewer, conversation.id, undefined, signal());
    const words = ['a ', 'b ', 'c ', 'd ', 'e.'];
    for (const text of words.slice(0, 3)) {
      call.send({ type: 'text', text });
      await takeUntil(first, (entry) => entry.kind === 'event' && entry.event.type === 'TextDelta');
    }
    const { resume } = await house.runs.conversationHead(conversation.id);
    const rows = await house.database.message.findMany({ where: { conversationId: conversation.id } });
    expect(rows).toHaveLength(2);
    const late = await house.runs.followConversation(viewer, conversation.id, resume, signal());
    for (const text of words.slice(3)) call.send({ type: 'text', text });
    call.send({ type: 'stop', reason: 'end_turn' });
    const entries = await takeUntil(late, (entry) => entry.kind === 'event' && TERMINAL_EVENTS.has(entry.event.type));
    const message = await house.database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
    expect(entries.filter((entry) => entry.kind === 'event' && entry.event.type === 'TextSnapshot')).toEqual([]);
    expect(applyText(entries, message?.id ?? '')).toBe('a b c d e.');
  });

  it('leaves nothing behind when the follower leaves', async () => {
    const { viewer, conversation } = await answered();
    const before = house.log.counts().followers;
    const leaving = new AbortController();
    const one = await house.runs.followConversation(viewer, conversation.id, undefined, leaving.signal);
    const two = await house.runs.followConversation(viewer, conversation.id, undefined, signal());
    await take(one, 1);
    await take(two, 1);
    expect(house.log.counts().followers).toBe(before + 2);
    const parked = one.next();
    leaving.abort();
    expect(await parked).toMatchObject({ done: true });
    await two.return?.();
    expect(house.log.counts().followers).toBe(before);
  });
});
