/** The demo data holds together: every sum, every payment and every figure follows from the same rules the tools use. */
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { prefixOf } from '../../src/foundation/ids.ts';
import type { Database } from '../../src/store/database.ts';
import type { Invoice } from '../../src/store/generated/prisma/client.ts';
import { centsOf, sumCents } from '../../src/store/money.ts';
import { DAY_MS } from '../../src/store/period.ts';
import { policyFrom, readPolicy } from '../../src/store/policy.ts';
import { duplicateOf, earlierRefundsOf, quotePlan, quoteRefund } from '../../src/store/pricing.ts';
import { makeDemo, seedDemo, type DemoIdentities, type SeedResult } from '../../src/store/seed/seed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const now = new Date('2026-03-31T15:20:00.000Z');
const log = createLogger({ level: 'silent', pretty: false });
const AGENTS = [
  'billing_agent',
  'refund_processor',
  'invoice_generator',
  'payment_troubleshooter',
  'pricing_explainer',
  'login_specialist',
  'technical_agent',
  'usage_agent',
  'feature_teacher',
  'api_agent',
];

let first: TestDatabase;
let second: TestDatabase;
let database: Database;
let seeded: SeedResult;
let demo: DemoIdentities;

beforeAll(async () => {
  [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  database = first.database;
  seeded = await seedDemo(database, { now, log });
  demo = seeded.demo;
});

afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
});

async function everything(from: Database) {
  const order = { orderBy: { id: 'asc' } } as const;
  return {
    partners: await from.partner.findMany(order),
    users: await from.user.findMany(order),
    customers: await from.customer.findMany(order),
    contacts: await from.contact.findMany(order),
    notes: await from.customerNote.findMany(order),
    subscriptions: await from.planSubscription.findMany(order),
    invoices: await from.invoice.findMany(order),
    payments: await from.payment.findMany(order),
    credits: await from.credit.findMany(order),
    usage: await from.usageRecord.findMany(order),
    healthEvents: await from.healthEvent.findMany(order),
    conversations: await from.conversation.findMany(order),
    messages: await from.message.findMany(order),
    runs: await from.run.findMany(order),
    steps: await from.runStep.findMany(order),
  };
}

const Lines = z.array(z.strictObject({ description: z.string(), quantity: z.number(), unitPrice: z.string(), amount: z.string() }));

function linesOf(invoice: Invoice): z.infer<typeof Lines> {
  return Lines.parse(invoice.lines);
}

async function paymentsOf(customerId: string) {
  const rows = await database.payment.findMany({ where: { customerId }, include: { invoice: true }, orderBy: { createdAt: 'asc' } });
  return rows.map((row) => ({ ...row, amountCents: centsOf(row.amount), refundedCents: centsOf(row.refunded) }));
}

describe('the demo data', () => {
  it('has a hundred customers over four plans, twelve of them with two partners, and five hundred conversations', async () => {
    const plans = await database.customer.groupBy({ by: ['plan'], _count: true, orderBy: { plan: 'asc' } });
    expect(plans.map((row) => [row.plan, row._count])).toEqual([
      ['free', 30],
      ['basic', 40],
      ['premium', 20],
      ['enterprise', 10],
    ]);
    expect(seeded).toMatchObject({ written: true, customers: 100, conversations: 500 });
    expect(await database.conversation.count()).toBe(500);
    const partners = await database.partner.findMany({ include: { _count: { select: { customers: true } } }, orderBy: { name: 'asc' } });
    expect(partners.map((row) => [row.name, row._count.customers])).toEqual([
      ['Brightside Agency', 6],
      ['Harbor Resellers', 6],
    ]);
  });

  it('is written once: a second time leaves everything as it is and names the same people', async () => {
    const before = await everything(database);
    const again = await seedDemo(database, { now: new Date(now.getTime() + 3 * DAY_MS), log });
    expect(again).toEqual({ ...seeded, written: false });
    expect(await everything(database)).toEqual(before);
  });

  it('is the same row for row wherever it is written at the same moment', async () => {
    expect(await seedDemo(second.database, { now, log })).toEqual(seeded);
    expect(await everything(second.database)).toEqual(await everything(database));
  });

  it('uses well-formed ids of the right kind', async () => {
    const { customers, invoices, messages, runs, usage } = await everything(database);
    for (const [rows, prefix] of [
      [customers, 'cus'],
      [invoices, 'inv'],
      [messages, 'msg'],
      [runs, 'run'],
      [usage, 'use'],
    ] as const) {
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every((row) => prefixOf(row.id) === prefix)).toBe(true);
    }
  });

  it('says nothing about the future', async () => {
    const { customers, contacts, notes, invoices, payments, credits, conversations, messages, runs } = await everything(database);
    const moments = [
      ...[...customers, ...contacts, ...notes, ...payments, ...credits, ...conversations, ...messages, ...runs].map((row) => row.createdAt),
      ...invoices.flatMap((row) => [row.issuedAt, row.paidAt]),
      ...payments.flatMap((row) => [row.processedAt, row.refundedAt]),
      ...conversations.flatMap((row) => [row.resolvedAt, row.lastMessageAt, row.updatedAt]),
      ...messages.map((row) => row.finishedAt),
      ...contacts.map((row) => row.lockedAt),
      ...customers.map((row) => row.lastSeenAt),
    ];
    expect(moments.filter((at) => at !== null && at > now)).toEqual([]);
  });
});

describe('the demo data of any day', () => {
  const days = [
    '2026-01-01T00:00:00Z',
    '2026-01-31T23:59:59Z',
    '2026-02-28T10:00:00Z',
    '2026-03-01T08:00:00Z',
    '2026-03-31T10:00:00Z',
    '2026-12-31T12:00:00Z',
    '2028-02-29T12:00:00Z',
    '2028-03-10T00:00:01Z',
  ];

  it.each(days)('holds together on %s', (day) => {
    const at = new Date(day);
    const policy = policyFrom(new Map());
    const { demo: whom, rows } = makeDemo(policy, at);
    const moments = [rows.payments, rows.conversations, rows.messages, rows.runs, rows.credits, rows.notes, rows.healthEvents].flatMap((table) =>
      table.map((row) => new Date(row.createdAt ?? at)),
    );
    expect(moments.filter((moment) => moment > at)).toEqual([]);
    expect(new Set(rows.usage.map((row) => `${row.customerId} ${row.metric} ${new Date(row.month).toISOString()}`)).size).toBe(rows.usage.length);
    expect(new Set(rows.invoices.map((row) => row.number)).size).toBe(rows.invoices.length);
    expect(rows.invoices.every((row) => new Date(row.periodStart) < new Date(row.periodEnd))).toBe(true);
    const open = rows.invoices.filter((row) => row.customerId === whom.customerId && row.status === 'open');
    expect(open.map((row) => new Date(row.dueAt) > at && Number(row.total) > 0)).toEqual([true]);
    const taken = rows.payments.filter((row) => row.customerId === whom.customerId && row.status === 'succeeded');
    expect(taken.length).toBe(16);
  });

  it('keeps the ids of customers, partners and staff whatever the day', () => {
    const policy = policyFrom(new Map());
    const [one, two] = ['2026-01-31T12:00:00Z', '2027-06-01T12:00:00Z'].map((day) => makeDemo(policy, new Date(day)));
    expect(one?.rows.customers.map((row) => row.id)).toEqual(two?.rows.customers.map((row) => row.id));
    expect(one?.demo).toEqual(two?.demo);
  });
});

describe('billing', () => {
  it('has invoices whose lines make the subtotal and whose parts make the total', async () => {
    const invoices = await database.invoice.findMany();
    expect(invoices.length).toBeGreaterThan(700);
    for (const invoice of invoices) {
      const lines = linesOf(invoice);
      expect(sumCents(lines.map((line) => centsOf(line.amount)))).toBe(centsOf(invoice.subtotal));
      expect(lines.every((line) => line.quantity * centsOf(line.unitPrice) === centsOf(line.amount))).toBe(true);
      expect(centsOf(invoice.subtotal) - centsOf(invoice.discount) + centsOf(invoice.tax)).toBe(centsOf(invoice.total));
      expect(centsOf(invoice.amountDue)).toBe(invoice.status === 'paid' ? 0 : centsOf(invoice.total));
    }
  });

  it('charges what the price rules say for the seats of the period', async () => {
    const policy = await readPolicy(database);
    const invoices = await database.invoice.findMany({ include: { subscription: true } });
    for (const invoice of invoices) {
      const [seats, ...others] = linesOf(invoice);
      const { subscription } = invoice;
      if (!seats || !subscription || subscription.customerId === demo.customerId) continue;
      const programme = subscription.discountPercent.toNumber() === 50 ? 'nonprofit' : null;
      const quote = quotePlan(policy, { plan: subscription.plan, seats: seats.quantity, cycle: subscription.cycle, programme });
      const credit = sumCents(others.map((line) => centsOf(line.amount)));
      expect(centsOf(invoice.total)).toBe(quote.perPeriodCents + credit);
      expect(quote.fits).toBe(true);
    }
  });

  it('numbers invoices in the order of issue, none twice', async () => {
    const invoices = await database.invoice.findMany({ orderBy: { number: 'asc' }, select: { number: true, issuedAt: true } });
    const issued = invoices.map((invoice) => invoice.issuedAt.getTime());
    expect(issued).toEqual(issued.toSorted((a, b) => a - b));
    expect(new Set(invoices.map((invoice) => invoice.number)).size).toBe(invoices.length);
  });

  it('has for every paid invoice one payment of its total, besides failed tries and duplicates', async () => {
    const invoices = await database.invoice.findMany({ include: { payments: { orderBy: { createdAt: 'asc' } } } });
    for (const invoice of invoices) {
      const taken = invoice.payments.filter((payment) => payment.status === 'succeeded' || payment.status === 'refunded');
      if (invoice.status === 'paid') expect(taken.length).toBeGreaterThanOrEqual(1);
      else expect(taken).toEqual([]);
      expect(taken.length).toBeLessThanOrEqual(2);
      expect(invoice.payments.every((payment) => payment.amount.equals(invoice.total) && payment.customerId === invoice.customerId)).toBe(true);
      if (taken[0]) expect(invoice.paidAt).toEqual(taken[0].processedAt);
    }
  });

  it('gives every failed payment a code and a reason, and no other one', async () => {
    const payments = await database.payment.findMany();
    expect(
      payments.every(
        (payment) => (payment.status === 'failed') === (payment.failureCode !== null) && (payment.failureCode === null) === (payment.failureReason === null),
      ),
    ).toBe(true);
    expect(new Set(payments.flatMap((payment) => payment.failureCode ?? [])).size).toBe(7);
  });

  it('has refunds no larger than their payments, made within thirty days, and a few duplicates still to give back', async () => {
    const payments = await database.payment.findMany();
    const refunded = payments.filter((payment) => payment.refundedAt !== null);
    expect(refunded.length).toBeGreaterThan(5);
    for (const payment of refunded) {
      expect(payment.refunded.lessThanOrEqualTo(payment.amount)).toBe(true);
      expect((payment.refundedAt?.getTime() ?? 0) - payment.createdAt.getTime()).toBeLessThanOrEqual(30 * DAY_MS);
    }
    const all = payments.map((payment) => ({ ...payment, amountCents: centsOf(payment.amount), refundedCents: centsOf(payment.refunded) }));
    expect(all.filter((payment) => duplicateOf(payment, all) !== null).length).toBeGreaterThan(1);
  });

  it('leaves overdue invoices only with accounts that are past due or suspended', async () => {
    const overdue = await database.invoice.findMany({ where: { status: 'open', dueAt: { lt: now } }, include: { customer: true } });
    expect(new Set(overdue.map((invoice) => invoice.customer.status))).toEqual(new Set(['past_due', 'suspended']));
    const behind = await database.customer.findMany({
      where: { status: { in: ['past_due', 'suspended'] } },
      include: { invoices: { where: { status: 'open', dueAt: { lt: now } } }, payments: { where: { status: 'failed' } } },
    });
    expect(behind.length).toBe(7);
    expect(behind.every((customer) => customer.invoices.length > 0 && customer.payments.length > 0)).toBe(true);
  });

  it('keeps one running subscription per customer that earns what the customer is worth a month', async () => {
    const policy = await readPolicy(database);
    const customers = await database.customer.findMany({ include: { subscriptions: true } });
    for (const { plan, status, mrr, subscriptions } of customers) {
      const running = subscriptions.filter((subscription) => subscription.status !== 'canceled');
      expect(running.length).toBe(status === 'closed' ? 0 : 1);
      expect(sumCents(running.map((subscription) => centsOf(subscription.mrr)))).toBe(centsOf(mrr));
      if (running[0]) expect(running[0].plan).toBe(plan);
      for (const { seats, seatsUsed, plan: planThen, currentPeriodStart, currentPeriodEnd, status: state } of subscriptions) {
        expect(seatsUsed).toBeLessThanOrEqual(seats);
        expect(seats).toBeLessThanOrEqual(policy.plans[planThen].membersMax ?? seats);
        if (state !== 'canceled') expect(currentPeriodStart <= now && currentPeriodEnd > now).toBe(true);
      }
    }
  });
});

describe('usage', () => {
  it('stays within the limits of the plan', async () => {
    const policy = await readPolicy(database);
    const customers = await database.customer.findMany({ include: { usage: { orderBy: { month: 'asc' } }, subscriptions: { orderBy: { startedAt: 'asc' } } } });
    for (const { plan, usage, subscriptions } of customers) {
      const { projectsMax, storageMb, api } = policy.plans[plan];
      const seats = subscriptions.at(-1)?.seats ?? 0;
      const of = (metric: string) => usage.filter((record) => record.metric === metric).map((record) => record.quantity);
      expect(usage.length).toBeGreaterThan(0);
      expect(Math.max(...of('projects'))).toBeLessThanOrEqual(projectsMax ?? Number.MAX_SAFE_INTEGER);
      expect(Math.max(...of('storage_mb'))).toBeLessThanOrEqual(storageMb ?? Number.MAX_SAFE_INTEGER);
      expect(Math.max(...of('members'))).toBeLessThanOrEqual(Math.max(seats, ...subscriptions.map((subscription) => subscription.seats)));
      if (!api) expect(of('api_calls')).toEqual([]);
      expect(usage.every((record) => record.quantity >= 0)).toBe(true);
    }
  });
});

describe('past conversations', () => {
  it('have two to eight messages, begin with the customer, and are answered by the ten agents', async () => {
    const conversations = await database.conversation.findMany({ include: { messages: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] } } });
    for (const { messages, createdAt, lastMessageAt, agentId, rating, status } of conversations) {
      expect(messages.length).toBeGreaterThanOrEqual(2);
      expect(messages.length).toBeLessThanOrEqual(8);
      expect(messages[0]).toMatchObject({ role: 'customer', createdAt });
      expect(messages.at(-1)?.createdAt).toEqual(lastMessageAt);
      expect(messages.every((message) => (message.role === 'agent') === (message.agentId !== null))).toBe(true);
      expect(AGENTS).toContain(agentId);
      if (rating !== null) expect(status).toBe('resolved');
    }
    const spoken = await database.message.groupBy({ by: ['agentId'], where: { role: 'agent' }, _count: true });
    expect(new Set(spoken.map((row) => row.agentId))).toEqual(new Set(AGENTS));
  });

  it('differ from each other', async () => {
    const messages = await database.message.findMany({ where: { role: 'agent' } });
    expect(new Set(messages.map((message) => message.text)).size).toBeGreaterThan(450);
    expect(messages.every((message) => !/undefined|NaN|null|\[object/.test(message.text))).toBe(true);
  });

  it('have one succeeded run for each answer, about the message before it', async () => {
    const answers = await database.message.findMany({ where: { role: 'agent' } });
    const runs = new Map((await database.run.findMany({ include: { steps: true } })).map((run) => [run.id, run]));
    const asked = new Map((await database.message.findMany({ where: { role: 'customer' } })).map((message) => [message.id, message]));
    expect(runs.size).toBe(answers.length);
    for (const message of answers) {
      const run = runs.get(message.runId ?? '');
      expect(run).toMatchObject({ status: 'succeeded', agentId: message.agentId, conversationId: message.conversationId, finishedAt: message.finishedAt });
      expect(asked.get(run?.messageId ?? '')).toMatchObject({ runId: message.runId, conversationId: message.conversationId });
      expect(run?.steps.length).toBe(1);
    }
  });

  it('speak of the amounts and invoices of their own customer only', async () => {
    const messages = await database.message.findMany({ where: { text: { contains: 'LW-' } }, include: { conversation: true } });
    const owners = new Map((await database.invoice.findMany()).map((invoice) => [invoice.number, invoice.customerId]));
    expect(messages.length).toBeGreaterThan(50);
    for (const message of messages) {
      for (const number of message.text.match(/LW-\d{4}-\d{5}/g) ?? []) expect(owners.get(number)).toBe(message.conversation.customerId);
    }
  });
});

describe('the escalations of the demo data', () => {
  it('stand behind every conversation in which a person took part, open where it is and settled where it is', async () => {
    const conversations = await database.conversation.findMany({ where: { messages: { some: { role: 'person' } } }, include: { escalations: true } });
    expect(conversations.length).toBeGreaterThan(3);
    for (const { status, owner, resolvedAt, escalations } of conversations) {
      expect(escalations).toHaveLength(1);
      const [escalation] = escalations;
      if (!escalation) continue;
      expect(escalation).toMatchObject({ status: status === 'resolved' ? 'resolved' : 'claimed', resolvedAt });
      expect(owner).toBe(status === 'resolved' ? 'agents' : 'people');
      const { createdAt, claimedAt, firstReplyAt } = escalation;
      expect(claimedAt && firstReplyAt && createdAt <= claimedAt && claimedAt <= firstReplyAt).toBe(true);
    }
    expect(await database.escalation.count()).toBe(conversations.length);
    expect(await database.conversation.count({ where: { status: 'escalated', escalations: { none: {} } } })).toBe(0);
  });
});

describe('the demo customer', () => {
  it('is Dana Reyes of Northwind Studio on premium with thirty seats, paid nine days ago', async () => {
    const customer = await database.customer.findUniqueOrThrow({
      where: { id: demo.customerId },
      include: { subscriptions: true, contacts: true, conversations: true },
    });
    expect(customer).toMatchObject({ name: 'Dana Reyes', company: 'Northwind Studio', plan: 'premium', status: 'active' });
    expect(centsOf(customer.mrr)).toBe(675_00);
    expect(customer.subscriptions).toMatchObject([{ seats: 30, seatsUsed: 28, cycle: 'monthly', status: 'active' }]);
    expect(customer.conversations.length).toBeGreaterThan(5);
    expect(customer.contacts.filter((contact) => contact.lockedAt !== null)).toMatchObject([{ name: 'Theo Brandt', failedSignIns: 5 }]);
    const payments = await paymentsOf(demo.customerId);
    expect(payments.filter((payment) => payment.status === 'failed')).toMatchObject([{ failureCode: 'insufficient_funds', attempt: 1 }]);
    const last = payments.at(-1);
    expect(Math.floor((now.getTime() - (last?.createdAt.getTime() ?? 0)) / DAY_MS)).toBe(9);
  });

  it('was charged twice and can have that back, and owes one invoice that is not yet due', async () => {
    const policy = await readPolicy(database);
    const payments = await paymentsOf(demo.customerId);
    const twice = payments.filter((payment) => duplicateOf(payment, payments) !== null);
    expect(twice.length).toBe(1);
    for (const payment of twice) {
      const quote = quoteRefund(policy, {
        payment: { ...payment, paidAt: payment.processedAt ?? payment.createdAt },
        subscription: null,
        account: { status: 'active' },
        earlierRefunds: earlierRefundsOf(payments),
        duplicateOf: duplicateOf(payment, payments),
        now,
      });
      expect(quote).toMatchObject({ eligible: true, rule: 'duplicate', amountCents: payment.amountCents });
    }
    const open = await database.invoice.findMany({ where: { customerId: demo.customerId, status: 'open' } });
    expect(open.length).toBe(1);
    expect(open.every((invoice) => invoice.dueAt > now && centsOf(invoice.amountDue) > 0)).toBe(true);
  });
});
