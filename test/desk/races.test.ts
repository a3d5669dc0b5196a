/** What the desk makes of things that come twice or at the same time. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import { take } from '../support/collect.ts';
import { openHouse, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';

describe('at the desk', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
  });
  afterEach(() => house.close());

  it('a message sent five times at once with REJECT is one message, and nobody is refused because of it', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    await house.runs.stop(viewer, run.id);
    const input = { conversationId: conversation.id, text: 'Again', clientMessageId: 'c-1', onBusy: 'reject' } as const;
    const answers = await Promise.all(Array.from({ length: 5 }, () => house.desk.conversations.post(viewer, input)));
    expect(new Set(answers.map((answer) => answer.message.id)).size).toBe(1);
    expect(answers.map((answer) => answer.disposition).toSorted()).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate', 'started']);
  });

  it('a message repeated with INTERRUPT does not interrupt its own answer', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const input = { conversationId: conversation.id, text: 'Again', clientMessageId: 'c-1', onBusy: 'interrupt' } as const;
    const answers = await Promise.all(Array.from({ length: 5 }, () => house.desk.conversations.post(viewer, input)));
    const [runId] = new Set(answers.map((answer) => answer.run?.id));
    expect(await house.database.run.findMany({ where: { status: 'queued' } })).toMatchObject([{ id: runId }]);
  });

  it('posting and resolving at once leaves no run in a resolved conversation', async () => {
    const { viewer } = await house.addCustomer();
    for (let round = 0; round < 10; round += 1) {
      const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
      const input = { conversationId: conversation.id, text: 'One more', onBusy: 'queue' } as const;
      await Promise.allSettled([house.desk.conversations.post(viewer, input), house.desk.conversations.resolve(viewer, input)]);
      expect(await house.database.run.count({ where: { conversationId: conversation.id, status: 'queued' } })).toBe(0);
    }
  });

  it('a note of one call is written once, also when two attempts write it at once and in other words', async () => {
    const { customerId } = await house.addCustomer();
    const note = { customerId, kind: 'support', agentId: 'first_agent', callId: 'run_1:agent:leave_note:1' } as const;
    const written = await Promise.all(['Call back.', 'Please call back.', 'Call back!'].map((text) => house.desk.customers.addAgentNote({ ...note, text })));
    expect(new Set(written.map(({ id }) => id)).size).toBe(1);
    expect(await house.database.customerNote.count()).toBe(1);
    await house.desk.customers.addAgentNote({ ...note, callId: 'run_1:agent:leave_note:2', text: 'And this.' });
    expect(await house.database.customerNote.count()).toBe(2);
  });

  it('a message that was written and could not be told is told when it is sent again, once', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    await house.runs.stop(viewer, run.id);
    const input = { conversationId: conversation.id, text: 'Are you there?', clientMessageId: 'c-1' };
    const append = vi.spyOn(house.log, 'append').mockRejectedValueOnce(new AppError('UNAVAILABLE', 'The log is away.'));
    await expect(house.desk.conversations.post(viewer, input)).rejects.toThrow('away');
    append.mockRestore();
    const answers = await Promise.all([house.desk.conversations.post(viewer, input), house.desk.conversations.post(viewer, input)]);
    expect(answers.map((answer) => answer.disposition)).toEqual(['duplicate', 'duplicate']);
    const reader = house.log.follow(`conversation:${conversation.id}`, { startAt: 'history', signal: AbortSignal.timeout(5_000) });
    const [ready] = await take(reader, 1);
    const told = await take(reader, ready?.kind === 'ready' ? ready.replayed : 0);
    const posted = told.filter((entry) => entry.kind === 'event' && entry.event.type === 'MessagePosted' && entry.event.messageId === answers[0].message.id);
    expect(posted).toHaveLength(1);
  });
});
