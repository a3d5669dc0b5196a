/** Following conversations and runs: who may, what comes, and when it ends. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { TERMINAL_EVENTS, type ParleyEvent } from '../../src/events/event.ts';
import { createMemoryEventLog } from '../../src/events/memory-event-log.ts';
import { followConversation, followRun } from '../../src/runs/follow.ts';
import type { Database } from '../../src/store/database.ts';
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

  it('a run whose end was among what a reader slept through completes with its terminal item, from the row', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'A question' });
    await llm.nextCall();
    const log = createMemoryEventLog({ clock: systemClock, historyMs: 60_000, historyEventsMax: 5 });
    try {
      const reader = await followRun({ ...house, log, clock: systemClock }, viewer, run.id, undefined, signal());
      expect(typesOf(await take(reader, 1))).toEqual(['ready']);
      await house.runs.stop(viewer, run.id);
      for (let n = 0; n < 20; n += 1) await log.append(`conversation:${conversation.id}`, [changed(conversation.id)]);
      const entries = await all(reader);
      expect(typesOf(entries)).toEqual(['reset', 'RunStopped']);
      expect(entries[1]).toMatchObject({ position: entries[0]?.position, event: { runId: run.id } });
    } finally {
      await log.close();
    }
  });

  it('a conversation has no heartbeats for a run that ended while the reader came', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'A question' });
    await llm.nextCall();
    // The run ends after access was checked and before the log is followed.
    const database = new Proxy(house.database, {
      get(target, name) {
        if (name !== 'conversation') return Reflect.get(target, name);
        return {
          async findFirst(query: Parameters<Database['conversation']['findFirst']>[0]) {
            const row = await target.conversation.findFirst(query);
            await house.runs.stop(viewer, run.id);
            return row;
          },
        };
      },
    });
    const reader = await followConversation({ database, log: house.log, clock: systemClock }, viewer, conversation.id, undefined, signal());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      expect(typesOf(await take(reader, 1))).toEqual(['ready']);
      const next = reader.next();
      vi.advanceTimersByTime(11_000);
      await house.log.append(`conversation:${conversation.id}`, [changed(conversation.id)]);
      expect((await next).value).toMatchObject({ event: { type: 'ConversationChanged' } });
    } finally {
      vi.useRealTimers();
      await reader.return?.();
    }
  });
});

function changed(conversationId: string): ParleyEvent {
  return { type: 'ConversationChanged', at: '2026-01-01T00:00:00.000Z', visibility: 'CUSTOMER', conversationId };
}
