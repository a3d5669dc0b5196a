/** What can happen to a conversation, on real rows. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { takeUntil } from '../support/collect.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm, createScriptedLlm, type ScriptedLlm } from '../support/scripted-llm.ts';
import { partnerViewer } from '../../src/store/viewer.ts';

function refusal(code: string, field?: string) {
  return expect.objectContaining({ code, ...(field ? { field } : {}) });
}

describe('a conversation at the desk', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello ', 'there.']), started: false });
  });
  afterEach(() => house.close());

  it('starts with one message and one queued run, and tells both', async () => {
    const { viewer, customerId } = await house.addCustomer();
    const { conversation, message, run } = await house.desk.conversations.start(viewer, { text: 'Where is my invoice?' });
    expect(conversation).toMatchObject({ customerId, status: 'active', subject: 'Where is my invoice?', owner: 'agents' });
    expect(message).toMatchObject({ role: 'customer', text: 'Where is my invoice?', runId: run.id });
    expect(run).toMatchObject({ status: 'queued', workflow: 'reply', messageId: message.id, attempt: 0 });
    const reader = house.log.follow(`conversation:${conversation.id}`, { startAt: 'history', signal: AbortSignal.timeout(5_000) });
    const told = await takeUntil(reader, (entry) => entry.kind === 'event' && entry.event.type === 'RunQueued');
    expect(told.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind))).toEqual(['ready', 'MessagePosted', 'RunQueued']);
  });

  it.each([
    ['an empty text', ''],
    ['only blanks', '   \n'],
    ['a text over the limit', 'x'.repeat(1_001)],
    ['a null character', 'null\u0000byte'],
    ['half a surrogate pair', 'half \ud800 pair'],
  ])('refuses %s as a message and writes nothing', async (_what, text) => {
    const { viewer } = await house.addCustomer();
    await expect(house.desk.conversations.start(viewer, { text })).rejects.toThrow(refusal('BAD_INPUT', 'input.text'));
    expect(await house.database.conversation.count()).toBe(0);
    expect(await house.database.run.count()).toBe(0);
  });

  it('starts once for one idempotency key, also when both calls come at once', async () => {
    const { viewer } = await house.addCustomer();
    const input = { text: 'Hello', idempotencyKey: 'key-1' };
    const [one, two] = await Promise.all([house.desk.conversations.start(viewer, input), house.desk.conversations.start(viewer, input)]);
    expect(two.conversation.id).toBe(one.conversation.id);
    expect(two.run.id).toBe(one.run.id);
    expect(await house.database.conversation.count()).toBe(1);
    await expect(house.desk.conversations.start(viewer, { ...input, text: 'Other' })).rejects.toThrow(refusal('CONFLICT'));
  });

  it('lets a customer speak only for themselves, and a partner only for its own', async () => {
    const { viewer } = await house.addCustomer();
    const other = await house.addCustomer('ptn_one');
    await expect(house.desk.conversations.start(viewer, { customerId: other.customerId, text: 'Hi' })).rejects.toThrow(refusal('NOT_FOUND'));
    const stranger = partnerViewer({ partnerId: 'ptn_two', keyId: null });
    await expect(house.desk.conversations.start(stranger, { customerId: other.customerId, text: 'Hi' })).rejects.toThrow(refusal('NOT_FOUND'));
    const owner = partnerViewer({ partnerId: 'ptn_one', keyId: null });
    const { conversation } = await house.desk.conversations.start(owner, { customerId: other.customerId, text: 'Hi' });
    await expect(house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Hi' })).rejects.toThrow(refusal('NOT_FOUND'));
    await expect(house.desk.conversations.post(viewer, { conversationId: newId('conv'), text: 'Hi' })).rejects.toThrow(refusal('NOT_FOUND'));
  });

  it('finds or creates a customer by e-mail within the viewer’s own customers', async () => {
    const partner = partnerViewer({ partnerId: 'ptn_one', keyId: null });
    await house.addCustomer('ptn_one');
    const [one, two] = await Promise.all([
      house.desk.conversations.start(partner, { customerEmail: 'New@Example.test', text: 'Hi' }),
      house.desk.conversations.start(partner, { customerEmail: 'new@example.test', text: 'Hi' }),
    ]);
    expect(two.conversation.customerId).toBe(one.conversation.customerId);
    const mine = await house.desk.conversations.start(STAFF, { customerEmail: 'new@example.test', text: 'Hi' });
    expect(mine.conversation.customerId).not.toBe(one.conversation.customerId);
    await expect(house.desk.conversations.start(STAFF, { text: 'Hi' })).rejects.toThrow(refusal('BAD_INPUT', 'input.customerId'));
    await expect(house.desk.conversations.start(STAFF, { customerEmail: 'nonsense', text: 'Hi' })).rejects.toThrow(refusal('BAD_INPUT', 'input.customerEmail'));
  });

  it('keeps one message and one run for a clientMessageId sent ten times at once', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const input = { conversationId: conversation.id, text: 'Again', clientMessageId: 'c-1' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => house.desk.conversations.post(viewer, input)));
    expect(new Set(answers.map((answer) => answer.message.id)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.run?.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.disposition === 'duplicate')).toHaveLength(9);
    expect(await house.database.message.count()).toBe(2);
    await expect(house.desk.conversations.post(viewer, { ...input, text: 'Different' })).rejects.toThrow(refusal('CONFLICT', 'input.clientMessageId'));
  });

  it('refuses a message to a resolved conversation and takes it after reopening', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const resolved = await house.desk.conversations.resolve(viewer, { conversationId: conversation.id });
    expect(resolved.conversation).toMatchObject({ status: 'resolved', resolvedAt: expect.any(Date) });
    expect(await house.database.run.findUnique({ where: { id: run.id } })).toMatchObject({ status: 'stopped' });
    const input = { conversationId: conversation.id, text: 'One more thing' };
    await expect(house.desk.conversations.post(viewer, input)).rejects.toThrow(refusal('CONVERSATION_CLOSED'));
    expect(await house.database.message.count()).toBe(1);
    await house.desk.conversations.reopen(viewer, { conversationId: conversation.id });
    expect(await house.desk.conversations.post(viewer, input)).toMatchObject({ disposition: 'started', message: { text: 'One more thing' } });
  });

  it('takes a rating of 1 to 5 from the customer alone', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    for (const rating of [0, 6, 2.5]) {
      await expect(house.desk.conversations.rate(viewer, { conversationId: conversation.id, rating })).rejects.toThrow(refusal('BAD_INPUT', 'input.rating'));
    }
    await expect(house.desk.conversations.rate(STAFF, { conversationId: conversation.id, rating: 5 })).rejects.toThrow(refusal('FORBIDDEN'));
    const rated = await house.desk.conversations.rate(viewer, { conversationId: conversation.id, rating: 4, comment: 'Quick' });
    expect(rated.conversation).toMatchObject({ rating: 4, ratingComment: 'Quick' });
  });

  it('lets the desk write into the conversation without starting an agent', async () => {
    const { viewer } = await house.addCustomer();
    const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    const { message, run } = await house.desk.conversations.post(STAFF, { conversationId: conversation.id, text: 'I am looking into it.' });
    expect(message).toMatchObject({ role: 'person', userId: 'usr_test' });
    expect(run).toBeNull();
  });
});

describe('a message while an agent is answering', () => {
  let house: House;
  let llm: ScriptedLlm;
  beforeEach(async () => {
    llm = createScriptedLlm();
    house = await openHouse({ llm });
  });
  afterEach(() => house.close());

  async function answering() {
    const { viewer } = await house.addCustomer();
    const started = await house.desk.conversations.start(viewer, { text: 'First question' });
    const call = await llm.nextCall();
    return { viewer, started, call, conversationId: started.conversation.id };
  }

  it('waits its turn with QUEUE and is answered after it, with the first answer in its history', async () => {
    const { viewer, started, call, conversationId } = await answering();
    const posted = await house.desk.conversations.post(viewer, { conversationId, text: 'And the second?', onBusy: 'queue' });
    expect(posted.disposition).toBe('queued');
    call.send({ type: 'text', text: 'First answer.' });
    call.send({ type: 'stop', reason: 'end_turn' });
    const next = await llm.nextCall();
    expect(next.request.messages).toEqual([
      { role: 'user', text: 'First question' },
      { role: 'assistant', text: 'First answer.' },
      { role: 'user', text: 'And the second?' },
    ]);
    next.send({ type: 'text', text: 'Second answer.' });
    next.send({ type: 'stop', reason: 'end_turn' });
    await house.ended(posted.run?.id ?? '');
    expect(await house.database.run.findUnique({ where: { id: started.run.id } })).toMatchObject({ status: 'succeeded' });
  });

  it('stops the answer with INTERRUPT, keeps its text, and answers the newer message', async () => {
    const { viewer, started, call, conversationId } = await answering();
    const waiting = await house.desk.conversations.post(viewer, { conversationId, text: 'Waiting', onBusy: 'queue' });
    const reader = await house.runs.followConversation(viewer, conversationId, undefined, AbortSignal.timeout(10_000));
    call.send({ type: 'text', text: 'Half an ' });
    await takeUntil(reader, (entry) => entry.kind === 'event' && (entry.event.type === 'TextDelta' || entry.event.type === 'TextSnapshot'));
    const posted = await house.desk.conversations.post(viewer, { conversationId, text: 'Stop, rather this', onBusy: 'interrupt' });
    expect(posted.disposition).toBe('interrupted');
    const next = await llm.nextCall();
    expect(call.signal.aborted).toBe(true);
    expect(next.request.messages.at(-1)).toMatchObject({ text: expect.stringContaining('Stop, rather this') });
    next.send({ type: 'text', text: 'Yes.' });
    next.send({ type: 'stop', reason: 'end_turn' });
    await house.ended(posted.run?.id ?? '');
    expect(await house.database.message.findFirst({ where: { runId: started.run.id, role: 'agent' } })).toMatchObject({ text: 'Half an ', status: 'partial' });
    expect(await house.database.run.findUnique({ where: { id: started.run.id } })).toMatchObject({ status: 'stopped' });
    expect(await house.database.run.findUnique({ where: { id: waiting.run?.id ?? '' } })).toMatchObject({ status: 'stopped' });
  });

  it('is refused with REJECT, and nothing is written', async () => {
    const { viewer, call, conversationId } = await answering();
    await expect(house.desk.conversations.post(viewer, { conversationId, text: 'Now', onBusy: 'reject' })).rejects.toThrow(refusal('RUN_ACTIVE'));
    expect(await house.database.message.count()).toBe(1);
    call.send({ type: 'stop', reason: 'end_turn' });
  });
});
