/** The billing tools over real rows: what they say, to whom, and where each rule begins and ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/foundation/ids.ts';
import { addCustomer, addInvoice, addPayment, addSubscription, days, openToolbox, type Toolbox } from './fixtures.ts';

const Found = z.object({ invoices: z.array(z.object({ number: z.string() })) });

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

describe('find_customer', () => {
  it('says how the account stands and names open invoices, the overdue one as such', async () => {
    const customer = await addCustomer(box.database, { status: 'past_due', healthScore: 30 });
    const overdue = await addInvoice(box.database, customer.id, { status: 'open', amountDue: '675.00', paidAt: null, dueAt: days(-3) });
    const due = await addInvoice(box.database, customer.id, { status: 'open', amountDue: '20.50', paidAt: null, dueAt: days(5) });
    const { summary, facts } = await box.call('find_customer', customer.id);
    expect(summary).toBe(
      `Your account for Northwind Studio is past due: an invoice was not paid in time. You are on the Premium plan and have been with us since 20 September 2025. You have 2 open invoices over $695.50, 1 of them overdue:\n\n- ${overdue.number}: $675.00, overdue since 17 November 2026\n- ${due.number}: $20.50, due on 25 November 2026`,
    );
    expect(facts).toMatchObject({
      health: 'at risk',
      status: 'past_due',
      openInvoices: [
        { number: overdue.number, overdue: true },
        { number: due.number, overdue: false },
      ],
    });
  });

  it('never tells the customer about their health score', async () => {
    const customer = await addCustomer(box.database, { healthScore: 12, churnRisk: 0.9 });
    const { summary } = await box.call('find_customer', customer.id);
    expect(summary).not.toMatch(/risk|health|12/);
    expect(summary).toContain('There are no open invoices.');
  });

  it('adds up each currency by itself', async () => {
    const customer = await addCustomer(box.database, { company: null });
    await addInvoice(box.database, customer.id, { status: 'open', amountDue: '10.00', paidAt: null });
    await addInvoice(box.database, customer.id, { status: 'open', amountDue: '7.00', currency: 'EUR', paidAt: null });
    expect((await box.call('find_customer', customer.id)).summary).toContain('2 open invoices over $10.00 and €7.00');
  });

  it('refuses a customer that does not exist', async () => {
    await expect(box.call('find_customer', newId('cus'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('find_plan', () => {
  it('says plan, seats, price and renewal', async () => {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id);
    expect((await box.call('find_plan', customer.id)).summary).toBe(
      'You are on the Premium plan, billed monthly, with 30 seats, 24 of them in use. It costs $675.00 a month ($25.00 per seat and month less 10% discount). It renews on 3 December 2026.',
    );
  });

  it('prices a year at once for an annual subscription', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    await addSubscription(box.database, customer.id, {
      plan: 'basic',
      cycle: 'annual',
      seats: 10,
      seatsUsed: 10,
      seatPrice: '10.00',
      discountPercent: '30.00',
    });
    expect((await box.call('find_plan', customer.id)).summary).toContain('billed once a year, with 10 seats, 10 of them in use. It costs $840.00 a year');
  });

  it.each([
    [{ cancelAtPeriodEnd: true }, 'It is set to end on 3 December 2026 and will not renew'],
    [{ status: 'paused' as const }, 'It is paused'],
    [{ status: 'past_due' as const }, 'The last renewal has not been paid yet'],
    [
      { status: 'trialing' as const, trialEndsAt: days(7) },
      'You are trying the Premium plan with 30 seats, 24 of them in use. The trial ends on 27 November 2026. After that it costs $675.00 a month',
    ],
    [
      { status: 'canceled' as const, canceledAt: days(-40), currentPeriodEnd: days(-10) },
      'Your Premium plan was cancelled on 11 October 2026; its last period ended on 10 November 2026.',
    ],
    [{ plan: 'enterprise' as const }, 'as agreed in your contract'],
  ])('tells the state %j', async (fields, words) => {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id, fields);
    expect((await box.call('find_plan', customer.id)).summary).toContain(words);
  });

  it('prefers the running subscription to a newer cancelled one', async () => {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id);
    await addSubscription(box.database, customer.id, { plan: 'basic', status: 'canceled', startedAt: days(-1) });
    expect((await box.call('find_plan', customer.id)).summary).toContain('Premium');
  });

  it('speaks of no renewal for a subscription to the free plan', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    await addSubscription(box.database, customer.id, { plan: 'free', seats: 5, seatsUsed: 3, seatPrice: '0.00', discountPercent: '0.00', mrr: '0.00' });
    expect((await box.call('find_plan', customer.id)).summary).toBe(
      'You are on the Free plan with 5 seats, 3 of them in use. It costs nothing, so there is no renewal to pay.',
    );
  });

  it('says that nothing is billed on the free plan', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    expect((await box.call('find_plan', customer.id)).summary).toBe(
      'You are on the Free plan with up to 5 members and 3 projects. There is no paid subscription on your account, so nothing is billed and nothing renews.',
    );
  });
});

describe('list_invoices', () => {
  it('shows the lines of a single invoice and where to download it', async () => {
    const customer = await addCustomer(box.database);
    const invoice = await addInvoice(box.database, customer.id, { tax: '54.00', total: '729.00' });
    expect((await box.call('list_invoices', customer.id, { first: 1 })).summary).toBe(
      `Your latest invoice is ${invoice.number} of 3 November 2026 over $729.00, paid on 4 November 2026.\n\n- Premium plan, 30 seats, 1 month: $750.00\n- Volume discount 10%: -$75.00\n- Tax: $54.00\n\nYou can download it as a PDF under Settings > Billing.`,
    );
  });

  it('shows a discount that is no line of its own, and what is left of a part paid invoice', async () => {
    const customer = await addCustomer(box.database);
    await addInvoice(box.database, customer.id, {
      status: 'open',
      amountDue: '100.00',
      paidAt: null,
      dueAt: days(-1),
      lines: [{ description: 'premium plan, 30 seats, 1 month', quantity: 30, unitPrice: '25.00', amount: '750.00' }],
    });
    const { summary } = await box.call('list_invoices', customer.id, { first: 1 });
    expect(summary).toContain(
      'over $675.00, $100.00 of it overdue since 19 November 2026.\n\n- Premium plan, 30 seats, 1 month: $750.00\n- Discount: -$75.00\n\n',
    );
  });

  it('lists the newest first and says what is still to pay', async () => {
    const customer = await addCustomer(box.database);
    const older = await addInvoice(box.database, customer.id, { issuedAt: '2026-10-03T00:00:00Z' });
    const newer = await addInvoice(box.database, customer.id, { status: 'open', amountDue: '675.00', paidAt: null, dueAt: days(4) });
    await addInvoice(box.database, customer.id, { status: 'draft', issuedAt: '2026-11-19T00:00:00Z' });
    const { summary } = await box.call('list_invoices', customer.id);
    expect(summary).toBe(
      `You have 2 invoices here, newest first:\n\n- ${newer.number}, 3 November 2026: $675.00, due on 24 November 2026\n- ${older.number}, 3 October 2026: $675.00, paid on 4 October 2026\n\nStill to pay: $675.00. You can download each as a PDF under Settings > Billing.`,
    );
  });

  it('finds by month, by the last such month, by year, by status and by the end of the number', async () => {
    const customer = await addCustomer(box.database);
    const october = await addInvoice(box.database, customer.id, { issuedAt: '2026-10-31T23:59:59.999Z' });
    const december = await addInvoice(box.database, customer.id, { issuedAt: '2025-12-01T00:00:00Z', status: 'open', amountDue: '675.00' });
    const numbers = async (input: unknown): Promise<unknown> =>
      Found.parse((await box.call('list_invoices', customer.id, input)).facts).invoices.map((invoice) => invoice.number);
    expect(await numbers({ month: 'last' })).toEqual([october.number]);
    expect(await numbers({ month: '10' })).toEqual([october.number]);
    expect(await numbers({ month: '12' })).toEqual([december.number]);
    expect(await numbers({ month: '2025-12' })).toEqual([december.number]);
    expect(await numbers({ month: '12', year: 2024 })).toEqual([]);
    expect(await numbers({ year: 2025 })).toEqual([december.number]);
    expect(await numbers({ status: 'open' })).toEqual([december.number]);
    expect(await numbers({ number: october.number.toLowerCase() })).toEqual([october.number]);
    expect(await numbers({ number: october.number.slice(-5) })).toEqual([october.number]);
    expect(await numbers({ month: 'this' })).toEqual([]);
  });

  it("says that nothing fits, never showing somebody else's invoice", async () => {
    const customer = await addCustomer(box.database);
    const other = await addCustomer(box.database);
    const theirs = await addInvoice(box.database, other.id);
    expect((await box.call('list_invoices', customer.id, { number: theirs.number })).summary).toBe('There are no invoices on your account yet.');
    const ours = await addInvoice(box.database, customer.id);
    const { summary, facts } = await box.call('list_invoices', customer.id, { number: theirs.number });
    expect(summary).toBe(`There is no invoice ${theirs.number} on your account. Your latest invoice is ${ours.number} of 3 November 2026, $675.00.`);
    expect(facts).toMatchObject({ total: 0, invoices: [] });
    expect((await box.call('list_invoices', customer.id, { month: '2026-02' })).summary).toContain('There is no invoice from February 2026 on your account.');
  });
});

describe('list_payments', () => {
  it('says one payment in one sentence', async () => {
    const customer = await addCustomer(box.database);
    const invoice = await addInvoice(box.database, customer.id);
    await addPayment(box.database, customer.id, { amount: '750.00', invoiceId: invoice.id });
    await addPayment(box.database, customer.id, { createdAt: days(-60) });
    expect((await box.call('list_payments', customer.id, { first: 1 })).summary).toBe(
      `Your last payment of $750.00 went through on 13 November 2026 by Visa ending 4242 for invoice ${invoice.number}.`,
    );
  });

  it('tells failures with their reason, refunds, and a charge made twice first', async () => {
    const customer = await addCustomer(box.database);
    const invoice = await addInvoice(box.database, customer.id);
    await addPayment(box.database, customer.id, { invoiceId: invoice.id, createdAt: days(-9) });
    await addPayment(box.database, customer.id, { invoiceId: invoice.id, createdAt: days(-8) });
    await addPayment(box.database, customer.id, { status: 'failed', failureCode: 'expired_card', createdAt: days(-10) });
    await addPayment(box.database, customer.id, {
      status: 'refunded',
      refunded: '675.00',
      refundedAt: days(-40),
      createdAt: days(-50),
      method: 'SEPA debit',
      cardLast4: null,
    });
    const { summary } = await box.call('list_payments', customer.id);
    expect(summary).toBe(
      `The payment of $675.00 of 12 November 2026 by Visa ending 4242 for invoice ${invoice.number} looks like the same charge made twice.\n\nYour 4 payments, newest first:\n\n- 12 November 2026: $675.00 by Visa ending 4242 for ${invoice.number}, paid.\n- 11 November 2026: $675.00 by Visa ending 4242 for ${invoice.number}, paid.\n- 10 November 2026: $675.00 by Visa ending 4242, failed: the card has expired.\n- 1 October 2026: $675.00 by SEPA debit, given back. $675.00 was refunded on 11 October 2026.`,
    );
    expect((await box.call('list_payments', customer.id, { status: 'failed' })).summary).toContain('did not go through, because the card has expired.');
    expect((await box.call('list_payments', customer.id, { status: 'pending' })).summary).toBe('There are no pending payments on your account.');
  });

  it('says that there are none', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('list_payments', customer.id)).summary).toBe('There are no payments on your account yet.');
  });
});

describe('explain_payment_failure', () => {
  it('gives the reason of the latest failure and what to do', async () => {
    const customer = await addCustomer(box.database);
    await addPayment(box.database, customer.id, { status: 'failed', failureCode: 'card_declined', createdAt: days(-20) });
    const latest = await addPayment(box.database, customer.id, { status: 'failed', failureCode: 'insufficient_funds', createdAt: days(-2) });
    const { summary, facts } = await box.call('explain_payment_failure', customer.id);
    expect(summary).toMatch(
      /^Your payment of \$675\.00 of 18 November 2026 by Visa ending 4242 did not go through, because there was not enough money available on the card\.\n\n1\. Top up/,
    );
    expect(facts).toMatchObject({ failureCode: 'insufficient_funds', actor: 'customer', failedPayment: { paymentId: latest.id } });
  });

  it('says when the invoice has been paid since', async () => {
    const customer = await addCustomer(box.database);
    const invoice = await addInvoice(box.database, customer.id);
    await addPayment(box.database, customer.id, { status: 'failed', failureCode: 'expired_card', invoiceId: invoice.id, createdAt: days(-12) });
    await addPayment(box.database, customer.id, { invoiceId: invoice.id, createdAt: days(-9), attempt: 2, cardLast4: '1881' });
    expect((await box.call('explain_payment_failure', customer.id)).summary).toContain(
      'It was paid on 11 November 2026 by Visa ending 1881, so there is nothing left to do.',
    );
  });

  it.each([
    'card_declined',
    'expired_card',
    'insufficient_funds',
    'authentication_required',
    'fraud_suspected',
    'incorrect_cvc',
    'incorrect_zip',
    'processing_error',
    'rate_limited',
    'do_not_honor',
    'lost_or_stolen_card',
    'something_new',
  ])('knows %s', async (failureCode) => {
    const customer = await addCustomer(box.database);
    await addPayment(box.database, customer.id, { status: 'failed', failureCode });
    const { summary } = await box.call('explain_payment_failure', customer.id);
    expect(summary).toMatch(/because .+\.\n\n1\. .+\n2\. /);
    expect(summary.split(/\s+/).length).toBeLessThan(90);
  });

  it('explains a failure the account does not have, and names the one it has', async () => {
    const customer = await addCustomer(box.database);
    await addPayment(box.database, customer.id, { status: 'failed', failureCode: 'card_declined' });
    const { summary } = await box.call('explain_payment_failure', customer.id, { failureCode: 'incorrect_cvc' });
    expect(summary).toContain("it is because the card's security code was wrong.");
    expect(summary).toContain('The last failure I do see is $675.00 of 13 November 2026');
  });

  it("finds nothing where nothing failed, and never somebody else's failure", async () => {
    const customer = await addCustomer(box.database);
    const other = await addCustomer(box.database);
    const theirs = await addPayment(box.database, other.id, { status: 'failed', failureCode: 'card_declined' });
    expect((await box.call('explain_payment_failure', customer.id)).summary).toBe('I see no failed payment on your account.');
    await addPayment(box.database, customer.id);
    expect((await box.call('explain_payment_failure', customer.id)).summary).toContain(
      'your last one, $675.00 on 13 November 2026 by Visa ending 4242, went through.',
    );
    await expect(box.call('explain_payment_failure', customer.id, { paymentId: theirs.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
