/** The refund tool over real rows: which payment it picks, where each rule begins and ends, what it says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { addCustomer, addInvoice, addPayment, addSubscription, days, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

/** A customer on a monthly plan with one paid invoice. */
async function monthlyPayment(paidDaysAgo: number, account: Parameters<typeof addCustomer>[1] = {}) {
  const customer = await addCustomer(box.database, account);
  const subscription = await addSubscription(box.database, customer.id);
  const invoice = await addInvoice(box.database, customer.id, { subscriptionId: subscription.id, issuedAt: days(-paidDaysAgo) });
  const payment = await addPayment(box.database, customer.id, { invoiceId: invoice.id, createdAt: days(-paidDaysAgo) });
  return { customer, invoice, payment };
}

describe('quote_refund', () => {
  it('grants the latest payment of a monthly plan in full and asks for a yes', async () => {
    const { customer, invoice, payment } = await monthlyPayment(9);
    const { summary, facts } = await box.call('quote_refund', customer.id);
    expect(summary).toBe(
      `Yes: your payment of $675.00 of 11 November 2026 by Visa ending 4242 for invoice ${invoice.number} can be refunded in full. The payment was made 9 days ago, within the 30 days in which a payment is refunded. A refund of this size is decided by a support lead; answer with a plain yes and I pass it on.`,
    );
    expect(facts).toMatchObject({ eligible: true, amount: '675.00', rule: 'monthly', approver: 'lead', payment: { paymentId: payment.id } });
  });

  it('grants on day 30 and declines on day 31', async () => {
    expect((await box.call('quote_refund', (await monthlyPayment(30)).customer.id)).facts).toMatchObject({ eligible: true, rule: 'monthly' });
    const late = await box.call('quote_refund', (await monthlyPayment(31)).customer.id);
    expect(late.facts).toMatchObject({ eligible: false, rule: 'too_late', amount: '0.00' });
    expect(late.summary).toContain('cannot be refunded. The payment was made 31 days ago; refunds are possible within 30 days of a payment.');
  });

  it.each(['past_due', 'suspended'] as const)('declines for an account that is %s', async (status) => {
    expect((await box.call('quote_refund', (await monthlyPayment(2, { status })).customer.id)).facts).toMatchObject({ eligible: false, rule: status });
  });

  it('declines a second refund within twelve months and writes its date in words', async () => {
    const { customer } = await monthlyPayment(3);
    await addPayment(box.database, customer.id, {
      status: 'refunded',
      refunded: '675.00',
      createdAt: days(-200),
      refundedAt: new Date('2026-05-10T10:00:00Z'),
    });
    const { summary, facts } = await box.call('quote_refund', customer.id);
    expect(facts).toMatchObject({ eligible: false, rule: 'once_per_account' });
    expect(summary).toMatch(/had a refund on .*\b2026\b/);
    expect(summary).not.toMatch(/\d{4}-\d{2}-\d{2}/);
  });

  it('grants again when the earlier refund is more than twelve months ago', async () => {
    const { customer } = await monthlyPayment(3);
    await addPayment(box.database, customer.id, { status: 'refunded', refunded: '675.00', createdAt: days(-400), refundedAt: days(-366) });
    expect((await box.call('quote_refund', customer.id)).facts).toMatchObject({ eligible: true });
  });

  it('picks a duplicate before the latest payment, at any age and standing', async () => {
    const { customer, invoice } = await monthlyPayment(70, { status: 'past_due' });
    const twice = await addPayment(box.database, customer.id, { invoiceId: invoice.id, createdAt: days(-69) });
    await addPayment(box.database, customer.id, { createdAt: days(-2) });
    for (const input of [{}, { about: 'duplicate' }, { invoiceNumber: invoice.number }]) {
      const { summary, facts } = await box.call('quote_refund', customer.id, input);
      expect(facts).toMatchObject({ eligible: true, rule: 'duplicate', amount: '675.00', payment: { paymentId: twice.id } });
      expect(summary).toContain('a duplicate charge is always refunded in full');
    }
    expect((await box.call('quote_refund', customer.id, { about: 'latest' })).facts).toMatchObject({ eligible: false, rule: 'past_due' });
  });

  it('does not take a retry after a failure for a duplicate, and says that it looked', async () => {
    const { customer, invoice } = await monthlyPayment(5);
    await addPayment(box.database, customer.id, { invoiceId: invoice.id, status: 'failed', failureCode: 'card_declined', createdAt: days(-6) });
    const { summary, facts } = await box.call('quote_refund', customer.id, { about: 'duplicate' });
    expect(summary).toMatch(/^I found no second charge for the same invoice among your payments, so I looked at your latest one\. Yes:/);
    expect(facts).toMatchObject({ rule: 'monthly' });
  });

  it('gives back the unused days of an annual plan', async () => {
    const customer = await addCustomer(box.database);
    const subscription = await addSubscription(box.database, customer.id, { cycle: 'annual' });
    const start = days(-10, new Date('2026-11-20T00:00:00Z'));
    const invoice = await addInvoice(box.database, customer.id, {
      subscriptionId: subscription.id,
      issuedAt: start,
      periodStart: start,
      periodEnd: days(365, start),
      total: '3650.00',
    });
    await addPayment(box.database, customer.id, { invoiceId: invoice.id, amount: '3650.00', createdAt: start });
    const { summary, facts } = await box.call('quote_refund', customer.id);
    // Noon of the eleventh day: 354 whole days are left.
    expect(facts).toMatchObject({ eligible: true, amount: '3540.00', rule: 'annual_unused', approver: 'manager' });
    expect(summary).toContain('you can get $3,540.00 back');
  });

  it('says that a refunded payment came back already, and that there is nothing to refund', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('quote_refund', customer.id)).summary).toBe('There is no payment on your account that could be refunded.');
    await addPayment(box.database, customer.id, { status: 'refunded', refunded: '675.00', refundedAt: days(-1) });
    expect((await box.call('quote_refund', customer.id)).facts).toMatchObject({ eligible: false, rule: 'already_refunded' });
  });

  it("treats somebody else's payment like one that does not exist", async () => {
    const { payment, invoice } = await monthlyPayment(1);
    const stranger = await addCustomer(box.database);
    await expect(box.call('quote_refund', stranger.id, { paymentId: payment.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(box.call('quote_refund', stranger.id, { paymentId: newId('pay') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await box.call('quote_refund', stranger.id, { invoiceNumber: invoice.number })).summary).toBe(
      `There is no payment for invoice ${invoice.number} on your account.`,
    );
  });

  it('quotes at the moment of the turn, not of the clock on the wall', async () => {
    const { customer } = await monthlyPayment(9);
    expect((await box.call('quote_refund', customer.id, {}, { now: days(22, NOW) })).facts).toMatchObject({ eligible: false, rule: 'too_late' });
  });
});
