/**
 * A customer's payments as everything that judges them reads them: with their invoice and its period, newest first, and what the
 * refund rule says of one. Moves no money.
 */
import type { Database } from './database.ts';
import type { CustomerStatus, Prisma } from './generated/prisma/client.ts';
import { centsOf, sumCents } from './money.ts';
import type { Policy } from './policy-schema.ts';
import { duplicateOf, earlierRefundsOf, quoteRefund, type RefundQuote } from './pricing.ts';

/** Payments looked at; more than ten years of monthly billing. */
const PAYMENTS_MAX = 200;

const WITH_INVOICE = {
  invoice: { select: { number: true, periodStart: true, periodEnd: true, subscription: { select: { cycle: true } } } },
} satisfies Prisma.PaymentInclude;

export type PaymentRow = Prisma.PaymentGetPayload<{ include: typeof WITH_INVOICE }> & { readonly amountCents: number; readonly refundedCents: number };

export async function paymentsOf(database: Database | Prisma.TransactionClient, customerId: string): Promise<readonly PaymentRow[]> {
  const rows = await database.payment.findMany({
    where: { customerId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: PAYMENTS_MAX,
    include: WITH_INVOICE,
  });
  return rows.map((row) => ({ ...row, amountCents: centsOf(row.amount), refundedCents: centsOf(row.refunded) }));
}

/** The payments that repeat an earlier one of the same invoice, newest first. */
export function duplicatesAmong(payments: readonly PaymentRow[]): readonly PaymentRow[] {
  return payments.filter((payment) => duplicateOf(payment, payments) !== null);
}

/** True when the payment is for this invoice: its number, or the digits it ends with. */
export function isForInvoice(payment: PaymentRow, number: string): boolean {
  return payment.invoice?.number.toLowerCase().endsWith(number.toLowerCase()) ?? false;
}

/** When the money moved: the day it was processed, else the day it was asked for. */
export function paidAt(payment: { readonly processedAt: Date | null; readonly createdAt: Date }): Date {
  return payment.processedAt ?? payment.createdAt;
}

interface GivenCredit {
  readonly amountCents: number;
  readonly createdAt: Date;
}

/** The credits that plan changes gave out of what was paid. */
export async function changeCreditsOf(database: Database | Prisma.TransactionClient, customerId: string): Promise<readonly GivenCredit[]> {
  const rows = await database.credit.findMany({
    where: { customerId, kind: 'refund', status: { not: 'canceled' } },
    select: { amount: true, createdAt: true },
  });
  return rows.map(({ amount, createdAt }) => ({ amountCents: centsOf(amount), createdAt }));
}

export interface RefundStanding {
  readonly payments: readonly PaymentRow[];
  readonly credits: readonly GivenCredit[];
  readonly status: CustomerStatus;
}

/** What the refund rule says of one of these payments, as of `now`. */
export function refundOf(policy: Policy, payment: PaymentRow, { payments, credits, status }: RefundStanding, now: Date): RefundQuote {
  const { invoice } = payment;
  return quoteRefund(policy, {
    payment: {
      status: payment.status,
      amountCents: payment.amountCents,
      refundedCents: payment.refundedCents,
      currency: payment.currency,
      paidAt: paidAt(payment),
    },
    subscription: invoice?.subscription ? { cycle: invoice.subscription.cycle, periodStart: invoice.periodStart, periodEnd: invoice.periodEnd } : null,
    account: { status },
    creditedCents: sumCents(credits.filter(({ createdAt }) => createdAt >= paidAt(payment)).map(({ amountCents }) => amountCents)),
    earlierRefunds: earlierRefundsOf(payments),
    duplicateOf: duplicateOf(payment, payments),
    now,
  });
}
