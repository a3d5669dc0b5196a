/** Plan changes that are made: on a yes to these very terms, once, within the grant, with everything that belongs to them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import { addCustomer, addSubscription, openToolbox, type Toolbox } from '../tools/fixtures.ts';
import { openTalk } from './acting.ts';

const UP = { changes: ['upgrade', 'seats_up', 'cycle', 'resume'], usd_max: 2_000, after: 'customer_yes' };
const DOWN = { changes: ['downgrade', 'seats_down', 'cycle', 'cancel', 'resume'], usd_max: 500, after: 'customer_yes' };

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

async function subscribed(fields: Partial<Prisma.PlanSubscriptionUncheckedCreateInput> = {}) {
  const customer = await addCustomer(box.database, { mrr: '675.00' });
  const subscription = await addSubscription(box.database, customer.id, fields);
  return { customer, subscription, talk: await openTalk(box, customer.id) };
}

async function rowsOf(customerId: string) {
  const where = { where: { customerId } };
  const { database } = box;
  return {
    customer: await database.customer.findUniqueOrThrow({ where: { id: customerId } }),
    subscriptions: await database.planSubscription.findMany(where),
    invoices: await database.invoice.findMany(where),
    credits: await database.credit.findMany(where),
    orders: await database.outboxMessage.findMany({ ...where, orderBy: { id: 'asc' } }),
    tickets: await database.ticket.findMany(where),
  };
}

describe('change_plan', () => {
  it('adds seats: subscription, customer, invoice with lines, charge and order to the product', async () => {
    const { customer, talk } = await subscribed();
    const quote = await talk.ask('quote_plan_change', { changeSeatsBy: 10 }, { grant: { changes: ['seats_up'], usd_max: 500 } });
    // 12 of 30 days left: 900.00 * 12/30 - 675.00 * 12/30.
    expect(quote.summary).toBe(
      'This would change Premium with 30 seats, billed monthly to Premium with 40 seats, billed monthly. You would pay $90.00 now ($360.00 for the 12 of 30 days left less $270.00 already paid for them). From 3 December 2026 it costs $900.00 a month, 10% off the list price. If you want this, answer with a plain yes and I make the change.',
    );
    const { summary } = await talk.act('change_plan', 'Yes please, add them', { grant: UP });
    const rows = await rowsOf(customer.id);
    expect(rows.subscriptions).toMatchObject([{ plan: 'premium', seats: 40, cycle: 'monthly' }]);
    expect(rows.subscriptions[0]?.mrr.toFixed(2)).toBe('900.00');
    expect(rows.customer.mrr.toFixed(2)).toBe('900.00');
    expect(rows.invoices.map(({ status, total, amountDue }) => [status, total.toFixed(2), amountDue.toFixed(2)])).toEqual([['open', '90.00', '90.00']]);
    expect(rows.invoices[0]?.lines).toMatchObject([{ amount: '360.00' }, { amount: '-270.00' }]);
    expect(rows.orders.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['product', 'plan_change'],
      ['charge', 'charge'],
    ]);
    expect(rows.orders[1]?.payload).toMatchObject({ amount: '90.00', invoiceNumber: rows.invoices[0]?.number });
    expect(summary).toBe(
      `Done: you are on the Premium plan with 40 seats, billed monthly. The charge of $90.00 for invoice ${rows.invoices[0]?.number} is on its way to your payment method on file.`,
    );
    expect(await box.database.auditEntry.findMany({ where: { action: 'plan.change', actorId: 'billing_agent' } })).toMatchObject([
      { actorKind: 'agent', subjectKind: 'offer' },
    ]);
  });

  it('downgrades to a credit, and moves the customer to the plan', async () => {
    const { customer, talk } = await subscribed({ seats: 20, seatsUsed: 8, discountPercent: '10.00' });
    await talk.ask('quote_plan_change', { plan: 'basic', seats: 9 }, { grant: DOWN_QUOTE });
    const { summary } = await talk.act('change_plan', 'Yes, downgrade us to basic', { grant: DOWN });
    const rows = await rowsOf(customer.id);
    expect(rows.customer).toMatchObject({ plan: 'basic' });
    // 450.00 * 12/30 - 90.00 * 12/30.
    expect(rows.credits.map(({ amount, kind, status }) => [amount.toFixed(2), kind, status])).toEqual([['144.00', 'refund', 'active']]);
    expect(rows.invoices).toEqual([]);
    expect(rows.orders.map(({ kind }) => kind)).toEqual(['product']);
    expect(summary).toContain('$144.00 stand on your account as a credit');
  });

  it('ends the renewal and takes that back, each on its own yes', async () => {
    const { customer, talk } = await subscribed();
    expect((await talk.ask('quote_plan_change', { renewal: 'cancel' }, { grant: DOWN_QUOTE })).summary).toMatch(/would end on 3 December 2026 and not renew/);
    await talk.act('change_plan', 'yes, cancel it', { grant: DOWN });
    expect((await rowsOf(customer.id)).subscriptions).toMatchObject([{ cancelAtPeriodEnd: true, status: 'active' }]);
    await talk.ask('quote_plan_change', { renewal: 'resume' });
    await talk.act('change_plan', 'yes, keep it', { grant: DOWN });
    const rows = await rowsOf(customer.id);
    expect(rows.subscriptions).toMatchObject([{ cancelAtPeriodEnd: false }]);
    expect(rows).toMatchObject({ invoices: [], credits: [] });
    expect(rows.customer.mrr.toFixed(2)).toBe('675.00');
  });

  it('starts a subscription for who had none, and a new year for who pays by the month', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    const talk = await openTalk(box, customer.id);
    await talk.ask('quote_plan_change', { plan: 'basic', seats: 5 });
    await talk.act('change_plan', 'yes, upgrade', { grant: UP });
    expect((await rowsOf(customer.id)).subscriptions).toMatchObject([{ plan: 'basic', seats: 5, status: 'active', cycle: 'monthly' }]);
    const yearly = await subscribed({ seats: 4, seatsUsed: 3, seatPrice: '25.00', discountPercent: '0.00' });
    await yearly.talk.ask('quote_plan_change', { cycle: 'annual' });
    await yearly.talk.act('change_plan', 'Yes, yearly please', { grant: UP });
    const rows = await rowsOf(yearly.customer.id);
    // Noon of the 20th: twelve whole days are left, so the year begins on the 21st.
    expect(rows.subscriptions).toMatchObject([
      { cycle: 'annual', currentPeriodStart: new Date('2026-11-21T00:00:00Z'), currentPeriodEnd: new Date('2027-11-21T00:00:00Z') },
    ]);
    expect(rows.invoices[0]?.total.toFixed(2)).toBe('920.00');
  });

  it('does nothing on a yes to something else, after the terms changed, or without a yes', async () => {
    const { customer, subscription, talk } = await subscribed();
    await talk.ask('quote_plan_change', { changeSeatsBy: 10 });
    for (const said of ['yes, cancel our plan', 'Yes, 50 seats', 'yes if it is free', 'no'])
      await expect(talk.act('change_plan', said, { grant: UP })).rejects.toMatchObject({ code: 'CONFLICT' });
    await box.database.planSubscription.update({ where: { id: subscription.id }, data: { seats: 31 } });
    await expect(talk.act('change_plan', 'yes', { grant: UP })).rejects.toThrow('has changed since it was offered');
    await expect(talk.act('change_plan', 'yes', { grant: UP, now: new Date('2026-11-25T12:00:00Z') })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await rowsOf(customer.id)).toMatchObject({ invoices: [], orders: [], tickets: [], subscriptions: [{ seats: 31 }] });
  });

  it('of a kind beyond its grant is a request for people, one that costs more is theirs to approve, and neither changes anything', async () => {
    const { customer, talk } = await subscribed();
    for (const [wish, grant] of [
      [{ renewal: 'cancel' }, UP],
      [{ seats: 35 }, { ...UP, usd_max: 10 }],
    ] as const) {
      const { summary } = await talk.ask('quote_plan_change', wish, { grant: { changes: grant.changes, usd_max: grant.usd_max } });
      expect(summary).toContain('The billing team makes this change');
      const runId = newId('run');
      for (let time = 0; time < 2; time += 1) {
        const refused = expect(talk.act('change_plan', 'yes', { grant, runId })).rejects;
        await refused.toMatchObject({ code: 'FORBIDDEN', ...('seats' in wish ? { needed: { level: 'agent', people: 1 }, terms: { charge: '45.00' } } : {}) });
      }
    }
    const rows = await rowsOf(customer.id);
    expect(rows).toMatchObject({ invoices: [], orders: [], subscriptions: [{ seats: 30, cancelAtPeriodEnd: false }] });
    expect(rows.tickets.map(({ kind }) => kind)).toEqual(['request']);
  });

  it('has one effect when it is asked for twenty times at once', async () => {
    const { customer, talk } = await subscribed();
    await talk.ask('quote_plan_change', { changeSeatsBy: 1 });
    const same = newId('run');
    const ended = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => talk.act('change_plan', 'yes', { grant: UP, runId: index % 2 ? same : newId('run') })),
    );
    expect(ended.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const one of ended) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
    const rows = await rowsOf(customer.id);
    expect([rows.invoices.length, rows.orders.length, rows.subscriptions[0]?.seats]).toEqual([1, 2, 31]);
  });

  it('numbers invoices without a double when many customers change at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => subscribed()));
    for (const { talk } of all) await talk.ask('quote_plan_change', { changeSeatsBy: 5 });
    await Promise.all(all.map(({ talk }) => talk.act('change_plan', 'yes', { grant: UP })));
    const numbers = (await Promise.all(all.map(({ customer }) => rowsOf(customer.id)))).flatMap(({ invoices }) => invoices.map(({ number }) => number));
    expect(new Set(numbers).size).toBe(8);
    expect(numbers.every((number) => /^LW-2026-\d{5}$/.test(number))).toBe(true);
  });
});

const DOWN_QUOTE = { changes: ['downgrade', 'seats_down', 'cancel'], usd_max: 500 };
