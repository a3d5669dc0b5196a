/** People in the loop, on real rows: raised once, claimed by one, given back or settled, and what each of them changes for the agents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEscalationDesk } from '../../src/desk/escalation.ts';
import { DESK_CHANNEL } from '../../src/desk/escalation-events.ts';
import type { Raiser } from '../../src/desk/escalation-raise.ts';
import type { Entry } from '../../src/events/event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import type { LlmRequest } from '../../src/llm/llm.ts';
import type { Plan } from '../../src/store/generated/prisma/client.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, type House } from '../support/house.ts';
import { createScriptedLlm, type ScriptedLlm } from '../support/scripted-llm.ts';
import { REDACTION } from '../support/redaction.ts';

const silent = createLogger({ level: 'silent', pretty: false });

type Staff = Extract<Viewer, { kind: 'staff' }>;

let house: House;
let llm: ScriptedLlm;
beforeAll(async () => {
  llm = createScriptedLlm();
  house = await openHouse({ llm });
});
afterAll(() => house.close());

async function person(name: string): Promise<Staff> {
  const userId = newId('usr');
  await house.database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name, role: 'user' } });
  return staffViewer({ userId, name, role: 'user' });
}

/** A conversation of a new customer whose first question was answered. */
async function conversation(plan: Plan = 'free') {
  const { customerId, viewer } = await house.addCustomer();
  await house.database.customer.update({ where: { id: customerId }, data: { plan } });
  const started = await house.desk.conversations.start(viewer, { text: 'Hello' });
  await answer('Hello there.');
  await house.ended(started.run.id);
  return { customerId, viewer, conversationId: started.conversation.id };
}

async function answer(text: string): Promise<LlmRequest> {
  const call = await llm.nextCall();
  call.send({ type: 'text', text });
  call.send({ type: 'stop', reason: 'end_turn' });
  return call.request;
}

/** Somebody who may raise for others. */
const lead = (name: string): Staff => staffViewer({ userId: newId('usr'), name, role: 'admin' });

async function raised(by?: Raiser) {
  const { conversationId, viewer, customerId } = await conversation();
  const { escalation } = await house.desk.escalations.raise(by ?? viewer, { conversationId, reason: 'They want a person.' });
  return { conversationId, viewer, customerId, escalationId: escalation.id };
}

const rowOf = (conversationId: string) => house.database.conversation.findUniqueOrThrow({ where: { id: conversationId } });

/** What a channel says from its beginning up to the first event of this type. */
async function told(channel: `conversation:${string}` | typeof DESK_CHANNEL, until: (event: ParleyEvent) => boolean): Promise<ParleyEvent[]> {
  const events: ParleyEvent[] = [];
  const reader: AsyncIterable<Entry> = house.log.follow(channel, { startAt: 'history', signal: AbortSignal.timeout(10_000) });
  for await (const entry of reader) {
    if (entry.kind !== 'event') continue;
    events.push(entry.event);
    if (until(entry.event)) return events;
  }
  throw new Error(`never told; heard ${events.map(({ type }) => type).join(', ')}`);
}

const about = (id: string, type: string) => (event: ParleyEvent) => event.type === type && 'escalationId' in event && event.escalationId === id;

describe('raising', () => {
  it('opens one escalation, with what it is worth by the policy, and tells both the desk and the conversation', async () => {
    const { conversationId } = await conversation('enterprise');
    const by: Raiser = { kind: 'agent', agentId: 'first_agent' };
    const input = {
      conversationId,
      reason: 'Data is lost.',
      rules: ['critical'],
      urgency: 'critical',
      sentiment: -0.9,
      snapshot: { emotion: 'angry' },
    } as const;
    const { escalation, raised: first } = await house.desk.escalations.raise(by, input);
    expect(first).toBe(true);
    // 3 for the plan, 3 for the urgency, 2 for the mood.
    expect(escalation).toMatchObject({
      status: 'waiting',
      priority: 'critical',
      team: 'specialist',
      rules: ['critical'],
      raisedByKind: 'agent',
      raisedById: 'first_agent',
    });
    expect(escalation.snapshot).toMatchObject({ emotion: 'angry', plan: 'enterprise', subject: 'Hello', messages: 1, agentId: 'first_agent' });
    expect(escalation.firstReplyDueAt.getTime() - escalation.createdAt.getTime()).toBe(30 * 60_000);
    expect(await rowOf(conversationId)).toMatchObject({ status: 'escalated', owner: 'agents', ownerVersion: 1 });
    const heard = await told(`conversation:${conversationId}`, about(escalation.id, 'EscalationQueued'));
    expect(heard.filter(({ type }) => type.startsWith('Escalation') && type !== 'EscalationDecided').map(({ type, visibility }) => [type, visibility])).toEqual(
      [
        ['EscalationRaised', 'CUSTOMER'],
        ['EscalationQueued', 'CUSTOMER'],
      ],
    );
    expect((await told(DESK_CHANNEL, about(escalation.id, 'EscalationQueued'))).at(-1)).toMatchObject({ visibility: 'STAFF', place: 0, peopleBackAt: null });
    expect(await house.database.auditEntry.count({ where: { action: 'escalation.raise', subjectId: escalation.id } })).toBe(1);
  });

  it('answers the open escalation to everybody who raises it again, also at once', async () => {
    const { conversationId, viewer } = await conversation();
    const answers = await Promise.all(Array.from({ length: 10 }, () => house.desk.escalations.raise(viewer, { conversationId, reason: 'A person, please.' })));
    expect(new Set(answers.map(({ escalation }) => escalation.id)).size).toBe(1);
    expect(answers.filter((each) => each.raised)).toHaveLength(1);
    const [first] = answers;
    if (!first) throw new Error('no answer');
    await house.desk.escalations.raise(lead('Ada'), { conversationId, reason: 'Again.' });
    const desk = await told(DESK_CHANNEL, about(first.escalation.id, 'EscalationRaised'));
    expect(desk.filter(about(first.escalation.id, 'EscalationRaised'))).toHaveLength(1);
  });

  it('says when people are back to whoever asks while nobody is there, and keeps the agents answering', async () => {
    await house.database.policyRule.upsert({
      where: { key: 'businessHours' },
      create: { key: 'businessHours', description: '', value: { days: [(new Date().getUTCDay() + 3) % 7], startHour: 8, endHour: 18 } },
      update: {},
    });
    // Read anew: a policy is kept for half a minute.
    const { seedPolicy } = await import('../../src/store/policy.ts');
    await seedPolicy(house.database);
    const { conversationId, viewer } = await conversation();
    const { escalation } = await house.desk.escalations.raise(viewer, { conversationId, reason: 'A person.' });
    const waiting = await house.desk.escalations.waiting(escalation);
    expect(waiting?.peopleBackAt?.getTime()).toBeGreaterThan(Date.now());
    const notice = await house.database.message.findFirst({ where: { conversationId, role: 'system' } });
    expect(notice).toMatchObject({ userId: null, text: expect.stringContaining('08:00') });
    const { run } = await house.desk.conversations.post(viewer, { conversationId, text: 'And until then?' });
    await answer('I am here.');
    await house.ended(run?.id ?? '');
    await house.database.policyRule.delete({ where: { key: 'businessHours' } });
    await seedPolicy(house.database);
  });
});

describe('claiming', () => {
  it('hands the conversation to one person: agents fall silent, what was queued ends, and customers still reach the desk', async () => {
    const { conversationId, viewer, escalationId } = await raised();
    const ada = await person('Ada');
    const busy = await house.desk.conversations.post(viewer, { conversationId, text: 'One more thing' });
    const call = await llm.nextCall();
    const queued = await house.desk.conversations.post(viewer, { conversationId, text: 'And another' });
    const { escalation } = await house.desk.escalations.claim(ada, { escalationId });
    expect(escalation).toMatchObject({ status: 'claimed', claimedById: ada.userId });
    expect(await rowOf(conversationId)).toMatchObject({ status: 'escalated', owner: 'people', ownerVersion: 2 });
    await house.ended(busy.run?.id ?? '');
    expect(call.signal.aborted).toBe(true);
    const runs = await house.database.run.findMany({ where: { id: { in: [busy.run?.id ?? '', queued.run?.id ?? ''] } } });
    expect(runs.map(({ status, stoppedBy }) => [status, stoppedBy])).toEqual(Array.from({ length: 2 }, () => ['stopped', `user:${ada.userId}`]));
    const { run, message } = await house.desk.conversations.post(viewer, { conversationId, text: 'Hello, Ada' });
    expect(run).toBeNull();
    const desk = await told(DESK_CHANNEL, (event) => event.type === 'MessagePosted' && event.messageId === message.id);
    expect(desk.at(-1)?.visibility).toBe('STAFF');
  });

  it.each([0, 1, 3])('lets no late word through after %i were told, also to a driver that was told nothing of it', async (count) => {
    const words = ['One ', 'two ', 'three ', 'four.'];
    const { conversationId, viewer } = await conversation();
    const { run } = await house.desk.conversations.post(viewer, { conversationId, text: 'Tell me' });
    const call = await llm.nextCall();
    const before = words.slice(0, count).join('');
    for (const text of words.slice(0, count)) call.send({ type: 'text', text });
    if (count > 0)
      await told(
        `conversation:${conversationId}`,
        (event) => event.type === 'TextDelta' && event.runId === run?.id && event.offset + event.text.length === before.length,
      );
    const deaf = createEscalationDesk({
      database: house.database,
      log: house.log,
      signals: { ...createMemorySignalBus({ log: silent }), send: async () => undefined },
      clock: systemClock,
      timeZone: 'UTC',
      redaction: REDACTION,
    });
    const { escalation } = await deaf.raise(viewer, { conversationId, reason: 'A person.' });
    const ada = await person('Ada');
    await deaf.claim(ada, { escalationId: escalation.id });
    for (const text of words.slice(count)) call.send({ type: 'text', text });
    call.send({ type: 'stop', reason: 'end_turn' });
    await house.ended(run?.id ?? '');
    expect(await house.database.run.findUnique({ where: { id: run?.id ?? '' } })).toMatchObject({
      status: 'stopped',
      stoppedBy: `user:${ada.userId}`,
      partialKept: count > 0,
    });
    const kept = await house.database.message.findMany({ where: { runId: run?.id ?? '', role: 'agent' }, select: { text: true, status: true } });
    expect(kept).toEqual(count > 0 ? [{ text: before, status: 'partial' }] : []);
    const heard = await told(`conversation:${conversationId}`, (event) => event.type === 'RunStopped' && event.runId === run?.id);
    const taken = heard.findIndex(({ type }) => type === 'EscalationClaimed');
    expect(heard.slice(taken).map(({ type }) => type)).not.toEqual(expect.arrayContaining(['TextDelta']));
    expect(heard.flatMap((event) => (event.type === 'TextDelta' && event.runId === run?.id ? [event.text] : [])).join('')).toBe(before);
  });

  it('answers the same to the winner who asks again, and the winner’s name to all others', async () => {
    const { escalationId, conversationId } = await raised();
    const [ada, grace] = [await person('Ada'), await person('Grace')];
    await house.desk.escalations.claim(ada, { escalationId });
    expect((await house.desk.escalations.claim(ada, { escalationId })).escalation.claimedById).toBe(ada.userId);
    await expect(house.desk.escalations.claim(grace, { escalationId })).rejects.toMatchObject({
      code: 'ALREADY_CLAIMED',
      message: expect.stringContaining('Ada'),
    });
    expect(await rowOf(conversationId)).toMatchObject({ ownerVersion: 2 });
  });

  it('is won by one of fifty at once', async () => {
    const { escalationId } = await raised();
    const people = await Promise.all(Array.from({ length: 50 }, (_, number) => person(`Person ${number}`)));
    const outcomes = await Promise.allSettled(people.map((each) => house.desk.escalations.claim(each, { escalationId })));
    const won = outcomes.flatMap((each, number) => (each.status === 'fulfilled' ? [number] : []));
    expect(won).toHaveLength(1);
    for (const each of outcomes)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'ALREADY_CLAIMED', message: expect.stringContaining(`Person ${won[0]} `) });
    expect(await house.database.auditEntry.count({ where: { action: 'escalation.claim', subjectId: escalationId } })).toBe(1);
  });

  it('tells those behind that they moved up', async () => {
    await house.database.escalation.updateMany({ where: { status: 'waiting' }, data: { status: 'resolved', resolvedAt: new Date() } });
    const first = await raised();
    const second = await raised();
    const waiting = await house.database.escalation.findUniqueOrThrow({ where: { id: second.escalationId } });
    expect(await house.desk.escalations.waiting(waiting)).toMatchObject({ place: 1 });
    await house.desk.escalations.claim(await person('Ada'), { escalationId: first.escalationId });
    const heard = await told(`conversation:${second.conversationId}`, (event) => event.type === 'EscalationQueued' && event.place === 0);
    expect(heard.filter(({ type }) => type === 'EscalationQueued')).toMatchObject([{ place: 1 }, { place: 0 }]);
  });
});

describe('speaking', () => {
  it('is for the person who holds the conversation, and ends the clock of the first reply', async () => {
    const { escalationId, conversationId } = await raised();
    const [ada, grace] = [await person('Ada'), await person('Grace')];
    const say = (who: Viewer) => house.desk.conversations.post(who, { conversationId, text: 'Good morning' });
    await expect(say(ada)).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
    await house.desk.escalations.claim(ada, { escalationId });
    await expect(say(grace)).rejects.toMatchObject({ code: 'NOT_CLAIMED', message: expect.stringContaining('Ada') });
    await expect(house.desk.conversations.resolve(grace, { conversationId })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
    expect(await house.database.message.count({ where: { conversationId, role: 'person' } })).toBe(0);
    expect(await house.database.escalation.findUnique({ where: { id: escalationId } })).toMatchObject({ firstReplyAt: null });
    await say(ada);
    const { firstReplyAt } = await house.database.escalation.findUniqueOrThrow({ where: { id: escalationId } });
    expect(firstReplyAt).not.toBeNull();
    await say(ada);
    expect(await house.database.escalation.findUnique({ where: { id: escalationId } })).toMatchObject({ firstReplyAt });
  });
});

describe('giving back', () => {
  it('leaves people to answer, unless the agents are asked to', async () => {
    const { escalationId, conversationId, viewer } = await raised();
    const ada = await person('Ada');
    await house.desk.escalations.claim(ada, { escalationId });
    const { escalation } = await house.desk.escalations.release(ada, { escalationId });
    expect(escalation).toMatchObject({ status: 'waiting', claimedById: null, claimedAt: null });
    expect(await rowOf(conversationId)).toMatchObject({ owner: 'people', ownerVersion: 2 });
    expect((await house.desk.conversations.post(viewer, { conversationId, text: 'Anybody?' })).run).toBeNull();
    await house.desk.escalations.claim(await person('Grace'), { escalationId }).then(({ escalation: taken }) => taken);
    const { claimedById } = await house.database.escalation.findUniqueOrThrow({ where: { id: escalationId } });
    const grace: Staff = staffViewer({ userId: claimedById ?? '', name: 'Grace', role: 'user' });
    await house.desk.escalations.release(grace, { escalationId, toAgents: true });
    expect(await rowOf(conversationId)).toMatchObject({ owner: 'agents', ownerVersion: 4, status: 'escalated' });
    const { run } = await house.desk.conversations.post(viewer, { conversationId, text: 'And now?' });
    await answer('I am back.');
    await house.ended(run?.id ?? '');
    expect(await house.database.message.findFirst({ where: { runId: run?.id ?? '', role: 'agent' } })).toMatchObject({ text: 'I am back.' });
  });

  it('settles it: the agents go on and know what was said, the customer does not see the summary', async () => {
    const { escalationId, conversationId, viewer } = await raised();
    const ada = await person('Ada');
    await house.desk.escalations.claim(ada, { escalationId });
    await house.desk.conversations.post(ada, { conversationId, text: 'I have moved your date to Friday.' });
    const { escalation } = await house.desk.escalations.resolve(ada, { escalationId, summary: 'Due date moved to Friday, as a favour.' });
    expect(escalation).toMatchObject({ status: 'resolved', resolvedById: `user:${ada.userId}`, summary: 'Due date moved to Friday, as a favour.' });
    expect(await rowOf(conversationId)).toMatchObject({ owner: 'agents', ownerVersion: 3, status: 'active' });
    const { run } = await house.desk.conversations.post(viewer, { conversationId, text: 'Which day was that?' });
    const request = await answer('Friday.');
    await house.ended(run?.id ?? '');
    const known = JSON.stringify(request.messages);
    expect(known).toContain('I have moved your date to Friday.');
    expect(known).toContain('Due date moved to Friday, as a favour.');
    const note = await house.database.message.findFirstOrThrow({ where: { conversationId, role: 'system', userId: ada.userId } });
    const heard = await told(`conversation:${conversationId}`, (event) => event.type === 'RunFinished' && event.runId === run?.id);
    expect(heard.filter((event) => event.type === 'MessagePosted' && event.messageId === note.id)).toMatchObject([{ visibility: 'STAFF' }]);
  });

  it('is done by closing the conversation, too', async () => {
    const { escalationId, conversationId, viewer } = await raised();
    await house.desk.escalations.claim(await person('Ada'), { escalationId });
    await house.desk.conversations.resolve(viewer, { conversationId });
    expect(await house.database.escalation.findUnique({ where: { id: escalationId } })).toMatchObject({
      status: 'resolved',
      resolvedById: `customer:${viewer.kind === 'customer' ? viewer.customerId : ''}`,
    });
    expect(await rowOf(conversationId)).toMatchObject({ owner: 'agents', ownerVersion: 3, status: 'resolved' });
  });
});

describe('what may not be', () => {
  const empty = async (conversationId: string) => expect(await house.database.escalation.count({ where: { conversationId } })).toBe(0);

  it('is refused, and changes nothing', async () => {
    const { escalations } = house.desk;
    const [ada, grace] = [await person('Ada'), await person('Grace')];
    const mine = await conversation();
    const other = await house.addCustomer('ptn_one');
    const { conversationId } = mine;
    await expect(escalations.raise(other.viewer, { conversationId, reason: 'Hi' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(escalations.raise(partnerViewer({ partnerId: 'ptn_one', keyId: null }), { conversationId, reason: 'Hi' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(escalations.raise(ada, { conversationId, reason: 'Hi' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(escalations.raise(mine.viewer, { conversationId, reason: 'Hi', priority: 'critical' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(escalations.raise(mine.viewer, { conversationId, reason: ' ' })).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.reason' });
    await empty(conversationId);
    const { escalation } = await escalations.raise(mine.viewer, { conversationId, reason: 'Hi' });
    const escalationId = escalation.id;
    await expect(escalations.claim(mine.viewer, { escalationId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(escalations.claim({ ...ada, userId: newId('usr') }, { escalationId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(escalations.claim(ada, { escalationId: newId('esc') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(escalations.release(ada, { escalationId })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
    await escalations.claim(ada, { escalationId });
    await expect(escalations.release(grace, { escalationId })).rejects.toMatchObject({ code: 'NOT_CLAIMED', message: expect.stringContaining('Ada') });
    await expect(escalations.resolve(grace, { escalationId, summary: 'Done' })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
    await expect(escalations.resolve(ada, { escalationId, summary: '' })).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.summary' });
    expect(await house.database.escalation.findUnique({ where: { id: escalationId } })).toMatchObject({
      status: 'claimed',
      claimedById: ada.userId,
      summary: null,
    });
    await escalations.resolve(ada, { escalationId, summary: 'Done' });
    const settled = await rowOf(conversationId);
    await expect(escalations.claim(grace, { escalationId })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(escalations.resolve(ada, { escalationId, summary: 'Done again' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(escalations.release(ada, { escalationId })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await rowOf(conversationId)).toEqual(settled);
    await house.desk.conversations.resolve(mine.viewer, { conversationId });
    await expect(escalations.raise(mine.viewer, { conversationId, reason: 'Again' })).rejects.toMatchObject({ code: 'CONVERSATION_CLOSED' });
  });
});
