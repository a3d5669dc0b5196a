/** A team that has just paid for its first month: what refunds and changes of a plan are tried on. */
import { addDays } from '../../src/store/period.ts';
import type { Database } from '../../src/store/database.ts';
import { addCustomer, addInvoice, addPayment, addSubscription } from '../tools/fixtures.ts';

/** It paid five days ago. */
export async function addSmallTeam(database: Database, sum = '90.00') {
  const customer = await addCustomer(database, { mrr: sum });
  const start = addDays(new Date(), -5);
  const subscription = await addSubscription(database, customer.id, {
    seats: 4,
    seatsUsed: 2,
    discountPercent: '0.00',
    mrr: '100.00',
    startedAt: start,
    currentPeriodStart: start,
    currentPeriodEnd: addDays(start, 30),
  });
  const invoice = await addInvoice(database, customer.id, { subscriptionId: subscription.id, issuedAt: start, total: sum });
  const payment = await addPayment(database, customer.id, { invoiceId: invoice.id, amount: sum, createdAt: start });
  return { customer, subscription, invoice, payment };
}
