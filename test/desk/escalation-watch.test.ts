/** What the desk does by itself with escalations that wait or are held in silence, on a clock that the test moves; and dashboards that slept. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createConversationDesk } from '../../src/desk/conversation.ts';
import { createEscalationDesk, type EscalationDesk } from '../../src/desk/escalation.ts';
import { DESK_CHANNEL } from '../../src/desk/escalation-events.ts';
import { startEscalationWatch, watchEscalations } from '../../src/desk/escalation-watch.ts';
import type { ConversationDesk } from '../../src/desk/desk.ts';
import type { Entry } from '../../src/events/event-log.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import { followEscalations } from '../../src/runs/follow.ts';
import type { Plan } from '../../src/store/generated/prisma/client.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { take } from '../support/collect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { REDACTION } from '../support/redaction.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const log = createLogger({ level: 'silent', pretty: false });
const never = new AbortController().signal;

let rows: TestDatabase;
let clock: ManualClock;
let events: MemoryEventLog;
let escalations: EscalationDesk;
let conversations: ConversationDesk;
beforeAll(async () => {
  rows = await createTestDatabase();
});
afterAll(() => rows.close());
beforeEach(async () => {
  // A Monday, an hour after the desk has opened.
  clock = createManualClock(new Date('2026-11-23T09:00:00Z'));
  events = createMemoryEventLog({ clock, historyMs: { conversation: 15 * MINUTE, run: 15 * MINUTE, escalations: DAY }, historyEventsMax: 10_000 });
  const signals = createMemorySignalBus({ log });
  escalations = createEscalationDesk({ database: rows.database, log: events, signals, clock, timeZone: 'UTC', redaction: REDACTION });
  conversations = createConversationDesk({
    database: rows.database,
    log: events,
    jobs: createMemoryJobQueue({ log }),
    signals,
    clock,
    messageCharsMax: 1_000,
    redaction: REDACTION,
  });
  await rows.database.escalation.deleteMany();
  return () => events.close();
});

const look = () => watchEscalations({ database: rows.database, log: events, clock, timeZone: 'UTC' }, never);

async function raised(plan: Plan = 'basic') {
  const customerId = newId('cus');
  await rows.database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes', plan } });
  const viewer: Viewer = { kind: 'customer', customerId };
  const { conversation } = await conversations.start(viewer, { text: 'Hello' });
  const { escalation } = await escalations.raise(viewer, { conversationId: conversation.id, reason: 'A person, please.' });
  return { customerId, viewer, conversationId: conversation.id, escalationId: escalation.id, escalation };
}

async function person(name: string): Promise<Viewer & { readonly userId: string }> {
  const userId = newId('usr');
  await rows.database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name, role: 'user' } });
  return staffViewer({ userId, name, role: 'user' });
}

const rowOf = (id: string) => rows.database.escalation.findUniqueOrThrow({ where: { id } });

/** What the desk was told of one escalation so far. */
async function heard(escalationId: string) {
  const entries: Entry[] = [];
  const { top } = await events.head(DESK_CHANNEL);
  const reader = events.follow(DESK_CHANNEL, { startAt: 'history', signal: never });
  for await (const entry of reader) {
    entries.push(entry);
    if (entry.position === top) break;
  }
  return entries.flatMap((entry) =>
    entry.kind === 'event' && 'escalationId' in entry.event && entry.event.escalationId === escalationId ? [entry.event] : [],
  );
}
const typesOf = async (escalationId: string) => (await heard(escalationId)).map(({ type }) => type);

describe('a promise', () => {
  it('is warned of at four fifths and called broken when it is, each once, however many look', async () => {
    const { escalationId, escalation } = await raised();
    // Basic: a first reply within eight hours in which the desk is open.
    expect(escalation.firstReplyDueAt).toEqual(new Date('2026-11-23T17:00:00Z'));
    await look();
    expect(await typesOf(escalationId)).toEqual(['EscalationRaised', 'EscalationQueued']);
    clock.advance(6.4 * HOUR);
    await Promise.all([look(), look(), look()]);
    await look();
    expect((await heard(escalationId)).slice(2)).toMatchObject([{ type: 'EscalationSlaWarning', clock: 'first_reply', dueAt: '2026-11-23T17:00:00.000Z' }]);
    clock.advance(1.6 * HOUR);
    await Promise.all([look(), look(), look()]);
    await look();
    expect((await typesOf(escalationId)).slice(2)).toEqual(['EscalationSlaWarning', 'EscalationSlaBreached']);
    expect(await rowOf(escalationId)).toMatchObject({ breachedAt: clock.now(), firstReplyAt: null });
  });

  it('of the solution runs once a person has answered', async () => {
    const { escalationId, conversationId } = await raised('premium');
    const ada = await person('Ada');
    clock.advance(1.7 * HOUR);
    await look();
    await escalations.claim(ada, { escalationId });
    await conversations.post(ada, { conversationId, text: 'I am looking into it.' });
    expect(await rowOf(escalationId)).toMatchObject({ warnedAt: null, firstReplyAt: clock.now() });
    clock.advance(20 * HOUR);
    await look();
    expect((await heard(escalationId)).filter(({ type }) => type.includes('Sla'))).toMatchObject([{ type: 'EscalationSlaWarning', clock: 'first_reply' }]);
    // Premium: settled within 24 hours in which the desk is open, which is on the third day.
    clock.advance(2 * DAY);
    await Promise.all([look(), look()]);
    expect((await heard(escalationId)).filter(({ type }) => type.includes('Sla'))).toMatchObject([{ type: 'EscalationSlaBreached', clock: 'resolution' }]);
  });

  it('comes earlier when the customer moves to a plan that promises more', async () => {
    const { escalationId, customerId } = await raised('free');
    clock.advance(HOUR);
    await look();
    const before = await rowOf(escalationId);
    await rows.database.customer.update({ where: { id: customerId }, data: { plan: 'enterprise' } });
    await look();
    expect(await rowOf(escalationId)).toMatchObject({
      firstReplyDueAt: new Date(clock.now().getTime() + 30 * MINUTE),
      resolutionDueAt: new Date(clock.now().getTime() + 4 * HOUR),
    });
    await rows.database.customer.update({ where: { id: customerId }, data: { plan: 'free' } });
    await look();
    expect((await rowOf(escalationId)).firstReplyDueAt.getTime()).toBeLessThan(before.firstReplyDueAt.getTime());
  });
});

describe('whoever holds a conversation', () => {
  it('loses it after a quarter of an hour without a first word, once, and no agent speaks for them', async () => {
    const { escalationId, conversationId, viewer } = await raised();
    const ada = await person('Ada');
    await escalations.claim(ada, { escalationId });
    clock.advance(14 * MINUTE);
    await look();
    expect(await rowOf(escalationId)).toMatchObject({ status: 'claimed', claimedById: ada.userId });
    clock.advance(MINUTE);
    await Promise.all([look(), look(), look()]);
    expect(await rowOf(escalationId)).toMatchObject({ status: 'waiting', claimedById: null, requeues: 1 });
    expect((await heard(escalationId)).slice(3)).toMatchObject([
      { type: 'EscalationReleased', by: 'system' },
      { type: 'EscalationQueued', place: 0 },
    ]);
    expect((await conversations.post(viewer, { conversationId, text: 'Is anybody there?' })).run).toBeNull();
    await expect(conversations.post(ada, { conversationId, text: 'Sorry!' })).rejects.toMatchObject({ code: 'NOT_CLAIMED' });
  });

  it('keeps it while the customer has had the last word’s answer, and loses it when what they write stays unanswered', async () => {
    const { escalationId, conversationId, viewer } = await raised();
    const ada = await person('Ada');
    await escalations.claim(ada, { escalationId });
    await conversations.post(ada, { conversationId, text: 'What can I do?' });
    clock.advance(2 * HOUR);
    await look();
    await conversations.post(viewer, { conversationId, text: 'The export is empty.' });
    clock.advance(14 * MINUTE);
    await look();
    expect(await rowOf(escalationId)).toMatchObject({ status: 'claimed' });
    clock.advance(MINUTE);
    await look();
    expect(await rowOf(escalationId)).toMatchObject({ status: 'waiting', requeues: 1 });
  });
});

describe('the queue', () => {
  it('takes first what is due first, and estimates the wait by what it took lately, without the hours in which nobody was there', async () => {
    for (const minutes of [20, 30, 90]) {
      const { escalationId } = await raised();
      clock.advance(minutes * MINUTE);
      const ada = await person('Ada');
      await escalations.claim(ada, { escalationId });
      await escalations.resolve(ada, { escalationId, summary: 'Done.' });
    }
    const patient = await raised('free');
    const hurried = await raised('premium');
    expect(await escalations.waiting(await rowOf(patient.escalationId))).toEqual({ place: 1, expectedWaitS: 30 * 60, peopleBackAt: null });
    expect(await escalations.waiting(await rowOf(hurried.escalationId))).toMatchObject({ place: 0 });
    // A quarter of an hour before the desk closes: half of the wait falls into the next morning.
    clock.advance(new Date('2026-11-23T17:45:00Z').getTime() - clock.now().getTime());
    expect(await escalations.waiting(await rowOf(patient.escalationId))).toMatchObject({
      expectedWaitS: (14 * HOUR + 30 * MINUTE) / 1_000,
      peopleBackAt: null,
    });
    clock.advance(HOUR);
    expect(await escalations.waiting(await rowOf(patient.escalationId))).toMatchObject({ peopleBackAt: new Date('2026-11-24T08:00:00Z') });
  });
});

describe('a dashboard', () => {
  it('that slept for an hour hears all it missed, from where it was', async () => {
    const staff = await person('Ada');
    const awake = await followEscalations({ database: rows.database, log: events, clock }, staff, undefined, never);
    const [ready] = await take(awake, 1);
    await awake.return?.();
    clock.advance(20 * MINUTE);
    const { escalationId } = await raised();
    clock.advance(40 * MINUTE);
    events.sweep();
    await escalations.claim(staff, { escalationId });
    const back = await followEscalations({ database: rows.database, log: events, clock }, staff, ready?.position, never);
    const entries = await take(back, 4);
    await back.return?.();
    expect(entries[0]).toMatchObject({ kind: 'ready', status: 'RECOVERED', replayed: 3 });
    expect(entries.slice(1).map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind))).toEqual([
      'EscalationRaised',
      'EscalationQueued',
      'EscalationClaimed',
    ]);
  });

  it('that slept for more than a day is told that something is missing', async () => {
    const staff = await person('Ada');
    const awake = await followEscalations({ database: rows.database, log: events, clock }, staff, undefined, never);
    const [ready] = await take(awake, 1);
    await awake.return?.();
    await raised();
    clock.advance(DAY + HOUR);
    events.sweep();
    await raised();
    const back = await followEscalations({ database: rows.database, log: events, clock }, staff, ready?.position, never);
    expect(await take(back, 2)).toMatchObject([
      { kind: 'ready', status: 'RESET' },
      { kind: 'reset', reason: 'TRIMMED' },
    ]);
    await back.return?.();
  });
});

describe('the watch', () => {
  it('looks again and again until it is closed, and closes at once', async () => {
    const { escalationId } = await raised('enterprise');
    const watch = startEscalationWatch({ database: rows.database, log: events, clock, logger: log, timeZone: 'UTC', everyMs: 1_000 });
    const told = followEscalations({ database: rows.database, log: events, clock }, await person('Ada'), undefined, never);
    const reader = await told;
    await take(reader, 1);
    clock.advance(31 * MINUTE);
    const [entry] = await take(reader, 1);
    expect(entry).toMatchObject({ event: { type: 'EscalationSlaBreached', escalationId } });
    await watch.close();
    await reader.return?.();
  });
});
