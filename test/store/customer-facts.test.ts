/** What is known of a customer in front of every answer: the right rows, only theirs, in one statement. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { readCustomerFacts } from '../../src/store/customer-facts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const ago = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);

let rows: TestDatabase;
beforeAll(async () => {
  rows = await createTestDatabase();
});
afterAll(() => rows.close());

async function addCustomer(): Promise<string> {
  const id = newId('cus');
  await rows.database.customer.create({
    data: {
      id,
      email: `${id}@acme.example`,
      name: 'Dana Reyes',
      company: 'Acme',
      plan: 'premium',
      status: 'past_due',
      mrr: '675.00',
      createdAt: ago(400),
      lastSeenAt: ago(2),
    },
  });
  return id;
}

async function fill(customerId: string): Promise<string> {
  const { database } = rows;
  const payment = (status: 'failed' | 'succeeded', days: number) => ({
    id: newId('pay'),
    customerId,
    amount: '10.00',
    method: 'Visa',
    status,
    createdAt: ago(days),
  });
  const invoice = (number: string, due: number) => {
    const period = { periodStart: ago(40), periodEnd: ago(10), issuedAt: ago(40), dueAt: ago(due) };
    return {
      id: newId('inv'),
      number: `${number}-${customerId}`,
      customerId,
      status: 'open' as const,
      subtotal: '50.00',
      total: '50.00',
      amountDue: '50.00',
      lines: [],
      ...period,
    };
  };
  const talk = (days: number, changes: object) => ({
    id: newId('conv'),
    customerId,
    subject: `${days} days ago`,
    lastMessageAt: ago(days),
    createdAt: ago(days),
    ...changes,
  });
  const contactId = newId('con');
  const session = (days: number) => ({
    id: newId('sess'),
    customerId,
    contactId,
    device: 'Mac',
    browser: 'Chrome',
    country: 'US',
    createdAt: ago(days),
    lastSeenAt: ago(days),
  });
  const ticket = (status: 'open' | 'resolved') => ({
    id: newId('tkt'),
    kind: 'bug' as const,
    customerId,
    title: 'T',
    description: 'D',
    severity: 'low' as const,
    status,
    createdAt: ago(1),
  });
  const current = newId('conv');
  await database.planSubscription.create({
    data: {
      id: newId('sub'),
      customerId,
      plan: 'premium',
      cycle: 'annual',
      status: 'active',
      seats: 30,
      seatsUsed: 24,
      seatPrice: '25.00',
      mrr: '675.00',
      startedAt: ago(400),
      currentPeriodStart: ago(30),
      currentPeriodEnd: ago(-335),
    },
  });
  await database.invoice.createMany({ data: [invoice('LATE', 3), invoice('NEXT', -9)] });
  await database.payment.createMany({ data: [payment('failed', 1), payment('failed', 80), payment('failed', 95), payment('succeeded', 30)] });
  await database.conversation.createMany({
    data: [
      { ...talk(0, {}), id: current },
      talk(1, { rating: 5, status: 'resolved' }),
      talk(2, { rating: 2, status: 'escalated' }),
      talk(3, {}),
      talk(200, { status: 'escalated' }),
    ],
  });
  await database.contact.create({ data: { id: contactId, customerId, name: 'Dana', email: 'd@acme.example', role: 'admin' } });
  await database.signInSession.createMany({ data: [session(1), session(29), session(31)] });
  await database.ticket.createMany({ data: [ticket('open'), ticket('resolved')] });
  await database.featureUse.createMany({
    data: [
      { id: newId('feat'), customerId, feature: 'docs', month: new Date('2026-10-01'), uses: 3 },
      { id: newId('feat'), customerId, feature: 'goals', month: new Date('2026-09-01'), uses: 3 },
      { id: newId('feat'), customerId, feature: 'forms', month: new Date('2026-11-01'), uses: 0 },
    ],
  });
  await database.healthEvent.create({
    data: { id: newId('hev'), customerId, kind: 'health_score_change', oldValue: 70, newValue: 76, reason: 'More use.', severity: 'low', createdAt: ago(5) },
  });
  return current;
}

describe('the facts of a customer', () => {
  it('come from the rows of that customer, with the present conversation left out', async () => {
    const customerId = await addCustomer();
    const current = await fill(customerId);
    await fill(await addCustomer());
    const facts = await readCustomerFacts(rows.database, customerId, current, NOW);
    expect(facts).toMatchObject({
      name: 'Dana Reyes',
      company: 'Acme',
      plan: 'premium',
      status: 'past due',
      monthlyValueCents: 675_00,
      lastSeenAt: ago(2),
      subscription: { cycle: 'annual', seats: 30, seatsUsed: 24, cancelAtPeriodEnd: false, trialEndsAt: null, periodEnd: ago(-335) },
      overdueInvoices: 1,
      failedPayments: 2,
      lastPaymentFailed: true,
      openTickets: 1,
      escalations: 1,
      rating: 3.5,
      signIns: 2,
      featuresUsed: ['docs'],
      healthChange: 6,
    });
    expect(facts?.openInvoices.map(({ number, amountDue }) => [number.split('-')[0], amountDue])).toEqual([
      ['LATE', '50.00'],
      ['NEXT', '50.00'],
    ]);
    expect(facts?.conversations.map(({ subject }) => subject)).toEqual(['1 days ago', '2 days ago', '3 days ago']);
  });

  it('are empty where there are no rows, and null for nobody', async () => {
    const facts = await readCustomerFacts(rows.database, await addCustomer(), null, NOW);
    expect(facts).toMatchObject({
      subscription: null,
      openInvoices: [],
      lastPaymentFailed: false,
      rating: null,
      signIns: null,
      featuresUsed: [],
      healthChange: null,
      conversations: [],
    });
    expect(await readCustomerFacts(rows.database, newId('cus'), null, NOW)).toBeNull();
  });
});
