/** A customer's payments as the payment tools read them: with their invoice and its period, newest first. Judges nothing. */
import type { Database } from '../store/database.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import { centsOf } from '../store/money.ts';
import { duplicateOf } from '../store/pricing.ts';

/** Payments looked at; more than ten years of monthly billing. */
const PAYMENTS_MAX = 200;

const WITH_INVOICE = {
  invoice: { select: { number: true, periodStart: true, periodEnd: true, subscription: { select: { cycle: true } } } },
} satisfies Prisma.PaymentInclude;

export type PaymentRow = Prisma.PaymentGetPayload<{ include: typeof WITH_INVOICE }> & { readonly amountCents: number; readonly refundedCents: number };

export async function paymentsOf(database: Database, customerId: string): Promise<readonly PaymentRow[]> {
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
