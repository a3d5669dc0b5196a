/**
 * What an agent may not do alone, from the customer's yes to the end of the answer: people are asked, the answer waits, and goes on from
 * there with what they decided. Over the real rows, graph, saver and driver; the model is the scripted Messages API.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { addDays } from '../../src/store/period.ts';
import type { Approval, ApprovalLevel } from '../../src/store/generated/prisma/client.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { openAgentWalk, type AgentWalk, type Waits } from '../support/agent-walk.ts';
import { addCustomer, addInvoice, addPayment, addSubscription } from '../tools/fixtures.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const agentId = 'refund_processor';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk();
});
afterAll(() => walk.close());

async function paying(sum: string) {
  const customer = await addCustomer(walk.database);
  const start = addDays(new Date(), -5);
  const period = { startedAt: start, currentPeriodStart: start, currentPeriodEnd: addDays(start, 30) };
  const subscription = await addSubscription(walk.database, customer.id, { seatsUsed: 2, ...period });
  const invoice = await addInvoice(walk.database, customer.id, { subscriptionId: subscription.id, issuedAt: start, total: sum });
  await addPayment(walk.database, customer.id, { invoiceId: invoice.id, amount: sum, createdAt: start });
  return customer.id;
}

const REFUND = { quote: { name: 'quote_refund', input: {} }, act: 'issue_refund' };

/** A quote is told; the customer says yes to it, and the act is more than the agent may do. */
async function untilItWaits(customerId: string, { quote, act } = REFUND, who = agentId): Promise<Waits> {
  const first = await walk.say({ agentId: who, customerId, text: 'Please help me with this', script: [{ toolCalls: [quote] }, { text: 'One moment.' }] });
  // The sum is told as the quote says it, as a real model would repeat it.
  const text = first.tools[0]?.summary ?? '';
  await walk.database.message.updateMany({ where: { runId: first.run.id, role: 'agent' }, data: { text } });
  const { conversationId } = first;
  const script = [
    {
      text: 'Let me see. ',
      toolCalls: [
        { name: act, input: {} },
        { name: 'find_plan', input: {} },
      ],
    },
  ];
  return walk.sayUntilItWaits({ agentId: who, customerId, conversationId, text: 'Yes, please go ahead', script });
}

async function person(approvalLevel: ApprovalLevel) {
  const userId = newId('usr');
  await walk.database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name: 'Mo', role: 'user', approvalLevel } });
  return staffViewer({ userId, name: 'Mo', role: 'user' });
}

async function decide(
  { id, argumentsHash }: Approval,
  approve: boolean,
  { level = 'lead', note = '' }: { readonly level?: ApprovalLevel; readonly note?: string } = {},
) {
  return walk.desk.approvals.decide(await person(level), { approvalId: id, approve, note, argumentsHash });
}

const refundsOf = (customerId: string) => walk.database.refund.findMany({ where: { customerId } });
const answerOf = (runId: string) => walk.database.message.findFirstOrThrow({ where: { runId, role: 'agent' } });
const PASSED_ON = 'I may not decide this alone, so I have passed it on to a support lead; this answer goes on here once it is decided.';

describe('a refund beyond the grant', () => {
  it('waits for a lead while later messages are answered, and goes on in the same message without asking the model again', async () => {
    const customerId = await paying('600.00');
    const { runId, conversationId, approval } = await untilItWaits(customerId);
    const waits = await answerOf(runId);
    // The words of the agent are held back until they are checked; that people decide is said at once.
    expect(waits).toMatchObject({ status: 'partial', text: `${PASSED_ON}\n\n` });
    expect(approval).toMatchObject({
      step: 'agent/issue_refund/1',
      tool: 'issue_refund',
      agentId,
      requestedBy: agentId,
      customerId,
      neededLevel: 'lead',
      peopleNeeded: 1,
      argumentsShown: { terms: { amount: '600.00', currency: 'USD', rule: 'monthly' } },
      summary: expect.stringContaining('Refund $600.00 from the payment of $600.00'),
    });
    expect(await walk.database.ticket.count({ where: { customerId } })).toBe(0);

    const meanwhile = await walk.say({ agentId, customerId, conversationId, text: 'What does my plan cost?', script: [{ text: 'It costs $675.00 a month.' }] });
    expect(meanwhile.text).toBe('It costs $675.00 a month.');
    // What was told before stands where it began: before the message that came meanwhile.
    const read = JSON.stringify(walk.model.requests.at(-1)?.body?.messages);
    expect(read.indexOf(PASSED_ON)).toBeGreaterThan(0);
    expect(read.indexOf(PASSED_ON)).toBeLessThan(read.indexOf('What does my plan cost?'));

    const before = walk.model.requests.length;
    const walked = await walk.goOn(runId, [{ text: 'It is on its way back to your card.' }], () => decide(approval, true));
    expect(walked.run).toMatchObject({ status: 'succeeded', attempt: 2, agentId });
    expect(walked.text).toBe(`${PASSED_ON}\n\nLet me see.\n\nIt is on its way back to your card.`);
    expect((await answerOf(runId)).id).toBe(waits.id);
    expect(walk.model.requests.length).toBe(before + 1);
    // The model reads what came of its own calls, as if nobody had waited.
    const messages = JSON.stringify(walk.model.requests.at(-1)?.body?.messages.at(-1));
    expect(messages).toContain('The refund of $600.00');
    expect(messages.match(/tool_result/g)).toHaveLength(2);
    expect(messages).not.toContain('What does my plan cost?');
    expect(walked.tools.filter(({ tool }) => tool === 'find_plan')).toHaveLength(1);
    expect(walked.tools.filter(({ tool }) => tool === 'issue_refund')).toMatchObject([
      { failed: false, summary: expect.stringContaining('It waits for their approval.') },
      { failed: false, summary: expect.stringContaining('The refund of $600.00') },
    ]);
    expect((await refundsOf(customerId)).map(({ amount, byId }) => [amount.toFixed(2), byId])).toEqual([['600.00', agentId]]);
    const audit = await walk.database.auditEntry.findFirstOrThrow({ where: { action: 'refund.issue', actorId: agentId }, orderBy: { at: 'desc' } });
    expect(audit.changes).toMatchObject({ approvalId: approval.id });
    const steps = await walk.database.runStep.findMany({ where: { runId }, orderBy: { startedAt: 'asc' } });
    const ways = steps.map(({ path, status }) => `${path} ${status}`);
    expect(ways.filter((way) => /^(?:understand|route|agent|check)/.test(way))).toEqual([
      'understand succeeded',
      'route succeeded',
      'agent stopped',
      'agent succeeded',
      'check succeeded',
    ]);
    await expect.poll(() => kept(runId), PATIENCE).toBe(0);
  });

  it('is told to readers as one message that stands, and is taken up again from its beginning', async () => {
    const { runId, approval } = await untilItWaits(await paying('600.00'));
    const { events } = await walk.goOn(runId, [{ text: 'Done.' }], () => decide(approval, true));
    const told = events.map(({ type }) => type).filter((type) => /^(?:Message|Approval|Run)/.test(type));
    expect(told).toEqual([
      'MessagePosted',
      'RunQueued',
      'RunStarted',
      'MessagePosted',
      'MessageFinished',
      'ApprovalRequested',
      'ApprovalDecided',
      'RunStarted',
      'MessageReset',
      'MessageFinished',
      'RunFinished',
    ]);
    const again = events.filter((event) => event.type === 'TextDelta' && event.attempt === 2);
    expect(again[0]).toMatchObject({ offset: 0, text: expect.stringContaining(PASSED_ON) });
  });

  it('is not issued when a lead refuses: the model reads the note, and the answer goes on', async () => {
    const customerId = await paying('700.00');
    const { runId, approval } = await untilItWaits(customerId);
    const walked = await walk.goOn(runId, [{ text: 'They have said no, sorry.' }], () => decide(approval, false, { note: 'Used all month.' }));
    expect(walked.run).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(walked.text).toMatch(/They have said no, sorry\.$/);
    expect(JSON.stringify(walk.model.requests.at(-1)?.body?.messages.at(-1))).toContain(
      'People have decided against it, so it was not done. Their note: Used all month.',
    );
    expect(walked.events).toContainEqual(expect.objectContaining({ type: 'ToolReturned', failed: true, code: 'FORBIDDEN' }));
    expect(await refundsOf(customerId)).toEqual([]);
  });

  it('is not issued when nobody decides in time, and the answer says so', async () => {
    const customerId = await paying('700.00');
    const { runId, approval } = await untilItWaits(customerId);
    const late = () => walk.look(new Date(approval.expiresAt.getTime() + 1));
    const walked = await walk.goOn(runId, [{ text: 'Nobody came to it in time.' }], late);
    expect(walked.run.status).toBe('succeeded');
    expect(JSON.stringify(walk.model.requests.at(-1)?.body?.messages.at(-1))).toContain('Nobody decided in time');
    expect(walked.events).toContainEqual(expect.objectContaining({ type: 'ToolReturned', failed: true, code: 'APPROVAL_EXPIRED' }));
    expect(await refundsOf(customerId)).toEqual([]);
  });

  it('goes on in another process when the first is gone, and is issued once when that dies after it was', async () => {
    const customerId = await paying('600.00');
    const { runId, approval } = await untilItWaits(customerId);
    await walk.anotherProcess();
    // The model is away after the refund was issued: the attempt is cut off in the middle, and made once more.
    const gate = Promise.withResolvers<void>();
    const asked = walk.model.requests.length;
    const walked = await walk.goOn(runId, [{ text: 'Never read.', gate: () => gate.promise }, { text: 'It is on its way.' }], async () => {
      await decide(approval, true);
      await walk.model.request(asked);
      expect(await refundsOf(customerId)).toHaveLength(1);
      await walk.anotherProcess();
      gate.resolve();
    });
    expect(walked.run).toMatchObject({ status: 'succeeded', attempt: 3 });
    expect(walked.text).toMatch(/on to a support lead[^]*\n\nLet me see\.[^]*\n\nIt is on its way\.$/);
    expect(walk.model.requests.length).toBe(asked + 2);
    expect(await refundsOf(customerId)).toHaveLength(1);
  });

  it('of much more waits for two people', async () => {
    const customerId = await paying('1500.00');
    const { runId, approval } = await untilItWaits(customerId);
    expect(approval).toMatchObject({ neededLevel: 'manager', peopleNeeded: 2 });
    expect((await answerOf(runId)).text).toContain('passed it on to two managers');
    await decide(approval, true, { level: 'manager' });
    expect(await walk.database.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'waiting' });
    await walk.goOn(runId, [{ text: 'Done.' }], () => decide(approval, true, { level: 'executive' }));
    expect(await refundsOf(customerId)).toHaveLength(1);
  });

  it('is refused when what was kept is not what people approved', async () => {
    const customerId = await paying('600.00');
    const { runId, approval } = await untilItWaits(customerId);
    const changed = await walk.database.sql.execute`
      UPDATE "Approval" SET "argumentsHash" = ${'0'.repeat(64)} WHERE "id" = ${approval.id}`;
    expect(changed).toBe(1);
    const walked = await walk.goOn(runId, [{ text: 'That could not be done.' }], () => decide({ ...approval, argumentsHash: '0'.repeat(64) }, true));
    expect(walked.tools.at(-1)).toMatchObject({ tool: 'issue_refund', failed: true, summary: 'People have not approved exactly this.' });
    expect(await refundsOf(customerId)).toEqual([]);
  });

  it('is taken back by stopping the run, which keeps what was said', async () => {
    const customerId = await paying('600.00');
    const { runId, approval } = await untilItWaits(customerId);
    await walk.stop({ kind: 'customer', customerId }, runId);
    expect(await walk.database.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'stopped', partialKept: true });
    expect(await walk.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'rejected' });
    expect(await answerOf(runId)).toMatchObject({ status: 'partial', text: expect.stringContaining(PASSED_ON) });
  });
});

it('a discount beyond the grant waits for a manager and is given once', async () => {
  const customerId = await paying('90.00');
  const discount = { quote: { name: 'quote_discount', input: { kind: 'discretionary', percent: 12 } }, act: 'apply_discount' };
  const { runId, approval } = await untilItWaits(customerId, discount, 'discount_negotiator');
  expect(approval).toMatchObject({ tool: 'apply_discount', neededLevel: 'manager', argumentsShown: { terms: { percent: 12 } } });
  await walk.goOn(runId, [{ text: 'You have it.' }], () => decide(approval, true, { level: 'manager' }));
  expect((await walk.database.discount.findMany({ where: { customerId } })).map(({ percent }) => percent.toNumber())).toEqual([12]);
});

it('a change of plan that charges more than the grant waits, and is made once', async () => {
  const customerId = await paying('675.00');
  const change = { quote: { name: 'quote_plan_change', input: { seats: 500, cycle: 'annual' } }, act: 'change_plan' };
  const { runId, approval } = await untilItWaits(customerId, change, 'billing_agent');
  expect(approval).toMatchObject({
    tool: 'change_plan',
    summary: expect.stringMatching(/^Change to premium with 500 seats, billed once a year, and charge \$/),
  });
  await walk.goOn(runId, [{ text: 'Done.' }], () => decide(approval, true, { level: 'vp' }));
  expect(await walk.database.planSubscription.findFirstOrThrow({ where: { customerId } })).toMatchObject({ seats: 500, cycle: 'annual' });
});

async function kept(runId: string): Promise<number> {
  const { rows } = await walk.database.pool.query('SELECT count(*) AS n FROM langgraph.checkpoints WHERE thread_id LIKE $1', [`${runId}%`]);
  return Number(rows[0]?.n);
}
