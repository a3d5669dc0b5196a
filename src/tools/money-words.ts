/** How sums, payments and billing periods read in a sentence. Computes nothing: amounts come from rows or from store/pricing.ts. */
import { centsOf, formatMoney, sumCents, type DecimalLike } from '../store/money.ts';
import type { BillingCycle } from '../store/generated/prisma/client.ts';
import { paidAt } from '../store/payment.ts';
import { writeDate, writeList } from './words.ts';

/** "$1,250.00" for a stored sum. */
export function writeSum(sum: DecimalLike, currency: string): string {
  return formatMoney({ amountCents: centsOf(sum), currency });
}

/** "$50.00" or "$50.00 and €20.00": sums of different currencies are never added up. */
export function writeTotals(sums: readonly { readonly amountCents: number; readonly currency: string }[]): string {
  const currencies = [...new Set(sums.map((sum) => sum.currency))];
  return writeList(
    currencies.map((currency) =>
      formatMoney({ amountCents: sumCents(sums.filter((sum) => sum.currency === currency).map((sum) => sum.amountCents)), currency }),
    ),
  );
}

/** "Visa ending 4242", "SEPA debit". */
export function writeMethod(payment: { readonly method: string; readonly cardLast4: string | null }): string {
  return payment.cardLast4 === null ? payment.method : `${payment.method} ending ${payment.cardLast4}`;
}

/** "$750.00 of 13 November 2026 by Visa ending 4242 for invoice INV-2026-00417". */
export function writePayment(payment: PaymentWords): string {
  const invoice = payment.invoice ? ` for invoice ${payment.invoice.number}` : '';
  return `${writeSum(payment.amount, payment.currency)} of ${writeDate(paidAt(payment))} by ${writeMethod(payment)}${invoice}`;
}

interface PaymentWords {
  readonly amount: DecimalLike;
  readonly currency: string;
  readonly method: string;
  readonly cardLast4: string | null;
  readonly processedAt: Date | null;
  readonly createdAt: Date;
  readonly invoice: { readonly number: string } | null;
}

/** "a month", "a year". */
export function writeEvery(cycle: BillingCycle): string {
  return cycle === 'annual' ? 'a year' : 'a month';
}
