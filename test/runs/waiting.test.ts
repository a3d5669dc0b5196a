/** Runs that wait for people and are stopped: nobody drives them, so whoever stops them ends them, and closes what they asked for. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DESK_CHANNEL } from '../../src/desk/escalation-events.ts';
import type { Channel } from '../../src/events/event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { newId } from '../../src/foundation/ids.ts';
import { claimRun } from '../support/claim.ts';
import type { Approval } from '../../src/store/generated/prisma/client.ts';
import { applyRetention } from '../../src/desk/retention.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { ask as query } from '../schema/ask.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';

const ADMIN: Viewer = staffViewer({ userId: 'usr_admin', name: 'Ada', role: 'super_admin' });

let house: House;
let staff: Viewer;
beforeAll(async () => {
  house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
  const userId = newId('usr');
  staff = staffViewer({ userId, name: 'Ada', role: 'admin' });
  await house.database.user.create({ data: { id: userId, email: 'ada@desk.example', name: 'Ada', role: 'admin' } });
});
afterAll(() => house.close());

let customerId: string;
let viewer: Viewer;
let conversationId: string;
let runId: string;
let approval: Approval;
/** A run in a conversation that an attempt has suspended, having spent something. */
beforeEach(async () => {
  ({ customerId, viewer } = await house.addCustomer());
  const { conversation, run } = await house.desk.conversations.start(viewer, { text: 'I want $800 back' });
  conversationId = conversation.id;
  runId = run.id;
  const leaseOwner = newId('inst');
  const claimed = await claimRun(house.database, runId, leaseOwner);
  if (!claimed) throw new Error('a new run is to be had');
  const asked = await house.desk.approvals.request(
    {
      run: { runId, leaseOwner, attempt: claimed.attempt },
      step: 'agent',
      agentId: 'first_agent',
      tool: 'issue_refund',
      arguments: { amount: '800.00', word: 'zyxomma' },
      summary: 'Refund $800.00, word zyxomma.',
      needed: { level: 'lead', people: 1, risk: 'low' },
    },
    (tx) => tx.execute`UPDATE "Run" SET "outputTokens" = 7, "cost" = 0.0125 WHERE "id" = ${runId}`,
  );
  if (!asked) throw new Error('it is in hand');
  approval = asked;
});

async function told(channel: Channel): Promise<ParleyEvent[]> {
  const events: ParleyEvent[] = [];
  const { top } = await house.log.head(channel);
  for await (const entry of house.log.follow(channel, { startAt: 'history', signal: AbortSignal.timeout(5_000) })) {
    if (entry.kind === 'event') events.push(entry.event);
    if (entry.position === top) break;
  }
  return events;
}

const CLOSED = { type: 'ApprovalDecided', outcome: 'rejected', by: 'system', visibility: 'STAFF' } as const;

async function expectClosed(by: string): Promise<void> {
  expect(await house.database.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({
    status: 'stopped',
    stoppedBy: by,
    finishedAt: expect.any(Date),
  });
  expect(await house.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({
    status: 'rejected',
    approvedCount: 0,
    closedReason: 'Its run was stopped before anybody had decided.',
  });
  const conversation = await told(`conversation:${conversationId}`);
  const ends = conversation.filter(({ type }) => type === 'ApprovalDecided' || type === 'RunStopped');
  expect(ends).toMatchObject([
    { ...CLOSED, runId, approvalId: approval.id },
    { type: 'RunStopped', runId, by, visibility: 'CUSTOMER', usage: { outputTokens: 7, cost: '0.0125' } },
  ]);
  const desk = (await told(DESK_CHANNEL)).filter((event) => 'approvalId' in event && event.approvalId === approval.id);
  expect(desk).toMatchObject([{ type: 'ApprovalRequested' }, CLOSED]);
  const late = house.desk.approvals.decide(staff, { approvalId: approval.id, approve: true, argumentsHash: approval.argumentsHash });
  await expect(late).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('stopped') });
}

describe('a run that waits for people', () => {
  it('says so to whoever comes and hears nothing: to its followers and to those of its conversation', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { top } = await house.log.head(`conversation:${conversationId}`);
      const signal = new AbortController().signal;
      const readers = [await house.runs.followRun(viewer, runId, top, signal), await house.runs.followConversation(viewer, conversationId, undefined, signal)];
      for (const reader of readers) {
        expect(await reader.next()).toMatchObject({ value: { kind: 'ready' } });
        const next = reader.next();
        vi.advanceTimersByTime(10_000);
        expect(await next).toMatchObject({ value: { event: { type: 'Heartbeat', phase: 'waiting_for_person' } } });
        await reader.return?.();
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('is stopped at once, with what it had used, however many stop it', async () => {
    const results = await Promise.all([house.runs.stop(viewer, runId), house.runs.stop(viewer, runId), house.runs.stop(viewer, runId)]);
    for (const { run } of results) expect(run.status).toBe('stopped');
    await expectClosed(`customer:${customerId}`);
    expect(await house.runs.stop(viewer, runId)).toMatchObject({ alreadyFinished: true });
  });

  it('ends when a person takes the conversation', async () => {
    const { escalation } = await house.desk.escalations.raise(viewer, { conversationId, reason: 'A person, please.' });
    await house.desk.escalations.claim(staff, { escalationId: escalation.id });
    await expectClosed(`user:${staff.kind === 'staff' ? staff.userId : ''}`);
  });

  it('ends with its conversation', async () => {
    await house.desk.conversations.resolve(viewer, { conversationId });
    await expectClosed(`customer:${customerId}`);
  });

  it.each(['queue', 'reject', 'interrupt'] as const)('is in nobody’s way and goes on waiting: a later message (%s) is answered at once', async (onBusy) => {
    const { run, disposition } = await house.desk.conversations.post(viewer, { conversationId, text: 'And another thing', onBusy });
    expect(disposition).toBe('started');
    expect(await claimRun(house.database, run?.id ?? '', newId('inst'))).toMatchObject({ status: 'running' });
    expect(await house.database.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'waiting', stopRequestedAt: null });
    expect(await house.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'pending' });
  });

  it('is told to the people of the desk who interrupt nothing by writing in its conversation', async () => {
    const { disposition } = await house.desk.conversations.post(staff, { conversationId, text: 'We are looking into it.' });
    expect(disposition).toBe('started');
    expect(await house.database.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'waiting' });
  });

  it('goes on, once it is decided, when nothing else of its conversation is at work, and before what came later', async () => {
    const owner = newId('inst');
    const second = await house.desk.conversations.post(viewer, { conversationId, text: 'And another thing' });
    const third = await house.desk.conversations.post(viewer, { conversationId, text: 'And a third' });
    expect(third.disposition).toBe('queued');
    const secondId = second.run?.id ?? '';
    expect(await claimRun(house.database, secondId, owner)).toMatchObject({ status: 'running' });
    await house.desk.approvals.decide(staff, { approvalId: approval.id, approve: true, argumentsHash: approval.argumentsHash });
    expect(await claimRun(house.database, runId, owner)).toBeNull();
    await house.database.run.update({ where: { id: secondId }, data: { status: 'succeeded', finishedAt: new Date(), leaseUntil: null } });
    expect(await claimRun(house.database, third.run?.id ?? '', owner)).toBeNull();
    expect(await claimRun(house.database, runId, owner)).toMatchObject({ status: 'running', attempt: 2 });
  });

  it('is the active run of its conversation only while nothing is written and nothing is next', async () => {
    const ACTIVE = 'query ($id: ID!) { conversation(id: $id) { activeRun { id } } }';
    const active = async () => (await query(house, viewer, ACTIVE, { id: conversationId }))?.['conversation'];
    expect(await active()).toEqual({ activeRun: { id: runId } });
    const { run } = await house.desk.conversations.post(viewer, { conversationId, text: 'And another thing' });
    expect(await active()).toEqual({ activeRun: { id: run?.id } });
    await claimRun(house.database, run?.id ?? '', newId('inst'));
    await house.desk.approvals.decide(staff, { approvalId: approval.id, approve: true, argumentsHash: approval.argumentsHash });
    expect(await active()).toEqual({ activeRun: { id: run?.id } });
  });

  it('is none when its attempt is asked to stop in the same moment: then either nothing is asked, or it is closed', async () => {
    for (let round = 0; round < 10; round += 1) {
      const next = await house.addCustomer();
      const { run, conversation } = await house.desk.conversations.start(next.viewer, { text: 'Hello' });
      const leaseOwner = newId('inst');
      await claimRun(house.database, run.id, leaseOwner);
      const ask = () =>
        house.desk.approvals.request({
          run: { runId: run.id, leaseOwner, attempt: 1 },
          step: 'agent',
          agentId: 'first_agent',
          tool: 'issue_refund',
          arguments: {},
          summary: 'It.',
          needed: { level: 'lead', people: 1, risk: 'low' },
        });
      const asking = round % 2 ? ask() : null;
      const stopping = house.desk.conversations.resolve(next.viewer, { conversationId: conversation.id });
      const [asked] = await Promise.all([asking ?? ask(), stopping]);
      const row = await house.database.run.findUniqueOrThrow({ where: { id: run.id }, include: { approvals: true } });
      expect(row.stopRequestedAt).not.toBeNull();
      if (asked === null) expect(row).toMatchObject({ status: 'running', approvals: [] });
      else expect(row).toMatchObject({ status: 'stopped', approvals: [{ status: 'rejected' }] });
    }
  });
});

it('leaves nothing of what it kept when its customer is erased', async () => {
  const thread = `${runId}/reply`;
  await house.database.pool.query(`INSERT INTO langgraph.checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ($1, 'kept', '{"said":"zyxomma"}')`, [
    thread,
  ]);
  await house.desk.erasures.erase(ADMIN, { customerId, idempotencyKey: newId('req') });
  const left = await house.database.pool.query('SELECT 1 FROM langgraph.checkpoints WHERE thread_id = $1', [thread]);
  expect(left.rows).toEqual([]);
});

describe('what was asked for', () => {
  it('goes with an erasure, which stops the run first', async () => {
    await house.desk.approvals.decide(staff, { approvalId: approval.id, approve: true, note: 'zyxomma', argumentsHash: approval.argumentsHash });
    await house.database.run.update({ where: { id: runId }, data: { status: 'waiting' } });
    await house.desk.erasures.erase(ADMIN, { customerId, idempotencyKey: newId('req') });
    const row = await house.database.approval.findUniqueOrThrow({ where: { id: approval.id }, include: { decisions: true, run: true } });
    expect(row).toMatchObject({ arguments: {}, argumentsShown: {}, summary: '', status: 'approved', run: { status: 'stopped' } });
    expect(row.decisions).toMatchObject([{ note: null, approve: true }]);
    expect(row.argumentsHash).not.toBe(approval.argumentsHash);
    expect(JSON.stringify(row)).not.toContain('zyxomma');
  });

  it('is closed by an erasure while it is open, and the desk hears of it', async () => {
    await house.desk.erasures.erase(ADMIN, { customerId, idempotencyKey: newId('req') });
    expect(await house.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'rejected', summary: '' });
    expect((await told(DESK_CHANNEL)).filter((event) => 'approvalId' in event && event.approvalId === approval.id).at(-1)).toMatchObject(CLOSED);
  });

  it('is in an export for the staff and not in one for the customer', async () => {
    const read = async (as: Viewer): Promise<string> => JSON.stringify(await house.desk.exports.page(as, { customerId, after: null }));
    const staffs = await read(STAFF);
    expect(staffs).toContain('argumentsShown');
    expect(staffs).not.toContain('"arguments"');
    expect(await read(viewer)).not.toContain('argumentsShown');
  });

  it('goes with its run when that has been kept long enough', async () => {
    await house.desk.approvals.decide(staff, { approvalId: approval.id, approve: false, argumentsHash: approval.argumentsHash });
    await house.runs.stop(viewer, runId);
    await house.database.conversation.update({ where: { id: conversationId }, data: { lastMessageAt: new Date('2020-01-01') } });
    const days = { conversationDays: 365, auditDays: 10_000, outboxDays: 10_000, searchDays: 10_000, idempotencyDays: 10_000, resultHours: 24 };
    await applyRetention({ database: house.database, clock: systemClock, days }, AbortSignal.timeout(20_000));
    expect(await house.database.approval.findUnique({ where: { id: approval.id } })).toBeNull();
    expect(await house.database.run.findUnique({ where: { id: runId } })).toBeNull();
  });
});
