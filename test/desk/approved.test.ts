/** What people have approved is done once, exactly as it was asked for, however long they took: refunds, discounts and changes of plan. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalHash } from '../../src/desk/canonical.ts';
import { newId } from '../../src/foundation/ids.ts';
import { ApprovalNeeded } from '../../src/store/approval.ts';
import { decimalText } from '../../src/store/money.ts';
import type { Approval, Prisma } from '../../src/store/generated/prisma/client.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { addCustomer, addInvoice, addPayment, addSubscription, days, NOW, openToolbox, type Toolbox } from '../tools/fixtures.ts';
import { openTalk, type Talk } from './acting.ts';

const REFUND = { usd_max: 500, after: 'customer_yes' };
const HOUR = 3_600_000;
/** The longest that any approval stands. */
const HOLD = 72 * HOUR;

let box: Toolbox;
let clock: ManualClock;
beforeAll(async () => {
  clock = createManualClock(NOW);
  box = await openToolbox(clock);
});
afterAll(() => box.close());

/** A call that was asked for at this moment, and what people said. */
async function asked(talk: Talk, tool: string, grant: object, over: Partial<Prisma.ApprovalUncheckedCreateInput> = {}) {
  const { customerId, conversationId } = talk;
  const runId = newId('run');
  const refusal: unknown = await talk.act(tool, 'Yes please', { runId, grant, now: clock.now() }).catch((error: unknown) => error);
  if (!(refusal instanceof ApprovalNeeded)) throw new Error('this is within the grant', { cause: refusal });
  const { needed, summary, terms } = refusal;
  const createdAt = clock.now();
  await box.database.run.create({ data: { id: runId, workflow: 'reply', customerId, conversationId, input: {}, createdAt } });
  const exact = { terms } as Prisma.InputJsonObject;
  const step = `agent/${tool}/1`;
  const approval = await box.database.approval.create({
    data: {
      id: newId('appr'),
      runId,
      step,
      conversationId,
      customerId,
      agentId: 'billing_agent',
      tool,
      arguments: exact,
      argumentsShown: exact,
      argumentsHash: canonicalHash(exact),
      risk: needed.risk,
      summary,
      requestedBy: 'billing_agent',
      neededLevel: needed.level,
      peopleNeeded: needed.people,
      approvedCount: needed.people,
      status: 'approved',
      expiresAt: days(3),
      createdAt,
      decidedAt: createdAt,
      ...over,
    },
  });
  const carryOut = (change: object = {}) =>
    talk.act(tool, 'Yes please', { runId, grant, now: clock.now(), approved: { step, tool, arguments: { terms: { ...terms, ...change } } } });
  return { approval, carryOut };
}

const auditOf = ({ id }: Approval) => box.database.auditEntry.count({ where: { changes: { path: ['approvalId'], equals: id } } });

async function refundable(cents = 600_00) {
  const customer = await addCustomer(box.database);
  const subscription = await addSubscription(box.database, customer.id);
  const sum = decimalText(cents);
  const paidAt = new Date(clock.now().getTime() - 5 * 24 * HOUR);
  const invoice = await addInvoice(box.database, customer.id, { subscriptionId: subscription.id, issuedAt: paidAt, subtotal: sum, discount: '0', total: sum });
  const payment = await addPayment(box.database, customer.id, { invoiceId: invoice.id, amount: sum, createdAt: paidAt });
  const talk = await openTalk(box, customer.id, clock.now());
  await talk.ask('quote_refund', {}, { now: clock.now() });
  return { customer, payment, talk };
}

describe('a refund that people approved', () => {
  it('is issued once, three days later too, and its audit entry names the approval', async () => {
    const { customer, talk } = await refundable();
    const { approval, carryOut } = await asked(talk, 'issue_refund', REFUND);
    await talk.tell('Something else was said meanwhile.', newId('run'));
    clock.advance(HOLD);
    const [first, second] = [await carryOut(), await carryOut()];
    expect(first.summary).toContain('The refund of $600.00');
    expect(second.facts).toEqual(first.facts);
    expect(await box.database.refund.count({ where: { customerId: customer.id } })).toBe(1);
    expect(await auditOf(approval)).toBe(1);
  });

  it.each(['pending', 'rejected', 'expired'] as const)('is not issued when it is %s', async (status) => {
    const { customer, talk } = await refundable();
    const { carryOut } = await asked(talk, 'issue_refund', REFUND, { status, approvedCount: 0, decidedAt: status === 'pending' ? null : NOW });
    await expect(carryOut()).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'People have not approved exactly this.' });
    expect(await box.database.refund.count({ where: { customerId: customer.id } })).toBe(0);
  });

  it('is not issued for other terms than those that were hashed, nor by another run', async () => {
    const { customer, talk } = await refundable();
    const { carryOut } = await asked(talk, 'issue_refund', REFUND);
    await expect(carryOut({ amount: '9000.00' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const other = await refundable();
    const theirs = await asked(other.talk, 'issue_refund', REFUND, {
      runId: (await box.database.run.findFirstOrThrow({ where: { customerId: customer.id } })).id,
    });
    await expect(theirs.carryOut()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await box.database.refund.count({ where: { customerId: { in: [customer.id, other.customer.id] } } })).toBe(0);
  });

  it('is refused when less is left of the payment, or the account was suspended since', async () => {
    for (const change of ['refunded', 'suspended'] as const) {
      const { customer, payment, talk } = await refundable();
      const { carryOut } = await asked(talk, 'issue_refund', REFUND);
      if (change === 'refunded') await box.database.payment.update({ where: { id: payment.id }, data: { refunded: '200.00', refundedAt: clock.now() } });
      else await box.database.customer.update({ where: { id: customer.id }, data: { status: 'suspended' } });
      await expect(carryOut()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('has changed since it was offered') });
      expect(await box.database.refund.count({ where: { customerId: customer.id } })).toBe(0);
    }
  });
});

it('a discount that people approved is given from the day that was told, unless the account has got one since', async () => {
  for (const meanwhile of [false, true]) {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id);
    const talk = await openTalk(box, customer.id, clock.now());
    await talk.ask('quote_discount', { kind: 'discretionary', percent: 12 }, { now: clock.now(), grant: { kinds: ['discretionary'], percent_max: 5 } });
    const { approval, carryOut } = await asked(talk, 'apply_discount', { kinds: ['discretionary'], percent_max: 5, after: 'customer_yes' });
    expect(approval.neededLevel).toBe('manager');
    if (meanwhile)
      await box.database.discount.create({
        data: { id: newId('disc'), customerId: customer.id, kind: 'retention', percent: 20, reason: 'To stay', startsAt: NOW, createdAt: clock.now() },
      });
    clock.advance(2 * HOUR);
    if (meanwhile) await expect(carryOut()).rejects.toMatchObject({ code: 'CONFLICT' });
    else expect((await carryOut()).summary).toContain('12% are taken off from your next invoice on 3 December 2026');
    expect(await auditOf(approval)).toBe(meanwhile ? 0 : 1);
  }
});

it('a change of plan that people approved costs what was agreed, although days have passed, unless the subscription changed since', async () => {
  for (const meanwhile of [false, true]) {
    const customer = await addCustomer(box.database, { mrr: '675.00' });
    const now = clock.now();
    const period = { currentPeriodStart: new Date(now.getTime() - 240 * HOUR), currentPeriodEnd: new Date(now.getTime() + 480 * HOUR) };
    const subscription = await addSubscription(box.database, customer.id, period);
    const talk = await openTalk(box, customer.id, now);
    await talk.ask('quote_plan_change', { changeSeatsBy: 10 }, { now, grant: { changes: ['seats_up'], usd_max: 500 } });
    const { approval, carryOut } = await asked(talk, 'change_plan', { changes: ['seats_up'], usd_max: 10, after: 'customer_yes' });
    clock.advance(HOLD);
    if (meanwhile) await box.database.planSubscription.update({ where: { id: subscription.id }, data: { seats: 31 } });
    const invoices = () => box.database.invoice.findMany({ where: { customerId: customer.id } });
    if (meanwhile) await expect(carryOut()).rejects.toMatchObject({ code: 'CONFLICT' });
    else expect((await carryOut()).summary).toContain('Done: you are on the Premium plan with 40 seats');
    // 20 of 30 days when it was agreed; 17 by now.
    expect((await invoices()).map(({ total }) => total.toFixed(2))).toEqual(meanwhile ? [] : ['150.00']);
    expect(await auditOf(approval)).toBe(meanwhile ? 0 : 1);
  }
});
