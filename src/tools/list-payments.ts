/** `list_payments`: what was paid, what failed and why, what came back. Why a payment failed in full and what helps is explain-payment-failure.ts. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { decimalText } from '../store/money.ts';
import { duplicatesAmong, paidAt, paymentsOf, type PaymentRow } from '../store/payment.ts';
import { defineTool } from './define-tool.ts';
import { writeMethod, writePayment, writeSum } from './money-words.ts';
import { failureOf } from './payment-failures.ts';
import { readHowMany } from './reading.ts';
import { isAboutFailedPayment, isAboutPayments } from './topics.ts';
import { paragraphs, writeBullets, writeCount, writeDate } from './words.ts';

const SHOWN_DEFAULT = 4;

const Input = z.strictObject({
  first: z.int().min(1).max(12).optional().describe('How many, newest first; 4 when left out.'),
  status: z.enum(['succeeded', 'failed', 'refunded', 'pending']).optional().describe('Only these. "refunded" includes payments given back in part.'),
});
type Input = z.infer<typeof Input>;

export function listPayments(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'list_payments',
    description:
      "Lists the customer's payments, newest first: amount, date, payment method, invoice, failures with their reason, refunds, and charges that look like duplicates. Use it for questions about what was charged or paid.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutPayments(text) ? inferInput(text) : null),
    async run({ first = SHOWN_DEFAULT, status }, _grant, { customerId }) {
      const all = await paymentsOf(database, customerId);
      const fitting = all.filter((payment) => (status === 'refunded' ? payment.refundedCents > 0 : status === undefined || payment.status === status));
      const shown = fitting.slice(0, first);
      const duplicates = duplicatesAmong(all);
      const facts = { total: fitting.length, payments: shown.map(factsOf), duplicatePaymentIds: duplicates.map((payment) => payment.id) };
      const [only] = shown;
      if (!only)
        return { summary: all.length === 0 ? 'There are no payments on your account yet.' : `There are no ${status ?? ''} payments on your account.`, facts };
      const twice = duplicates[0] && `The payment of ${writePayment(duplicates[0])} looks like the same charge made twice.`;
      if (shown.length === 1) return { summary: paragraphs(onePayment(only, fitting.length, status), twice), facts };
      const heading =
        fitting.length > shown.length
          ? `Your latest ${shown.length} ${status ?? ''} payments`
          : `Your ${writeCount(shown.length, status ? `${status} payment` : 'payment')}`;
      return { summary: paragraphs(twice, `${heading.replaceAll('  ', ' ')}, newest first:`, writeBullets(shown.map(line))), facts };
    },
  });
}

function inferInput(text: string): Input {
  const first = readHowMany(text, '(?:payment|charge|transaction)');
  const status = /\brefund(?:ed|s)\b/i.test(text) ? ('refunded' as const) : isAboutFailedPayment(text) ? ('failed' as const) : undefined;
  const last = /\b(?:last|latest|most recent) (?:\w+ )?(?:payment|charge|transaction)\b/i.test(text);
  return { ...(first !== undefined && (first > 1 || last) ? { first } : {}), ...(status ? { status } : {}) };
}

function onePayment(payment: PaymentRow, of: number, status: Input['status']): string {
  const which = status === 'failed' ? 'failed payment' : status === 'refunded' ? 'refunded payment' : 'payment';
  const subject = of === 1 ? `Your only ${which}` : `Your last ${which}`;
  const invoice = payment.invoice ? ` for invoice ${payment.invoice.number}` : '';
  const amount = `of ${writeSum(payment.amount, payment.currency)}`;
  const when = `on ${writeDate(paidAt(payment))} by ${writeMethod(payment)}${invoice}`;
  switch (payment.status) {
    case 'succeeded':
      return `${subject} ${amount} went through ${when}.${refundWords(payment)}`;
    case 'refunded':
      return `${subject} ${amount} ${when} was given back.${refundWords(payment)}`;
    case 'failed':
      return `${subject} ${amount} ${when} did not go through, because ${failureOf(payment.failureCode).because}.`;
    case 'pending':
      return `${subject} ${amount} ${when} is still being processed.`;
  }
}

function line(payment: PaymentRow): string {
  const invoice = payment.invoice ? ` for ${payment.invoice.number}` : '';
  const start = `${writeDate(paidAt(payment))}: ${writeSum(payment.amount, payment.currency)} by ${writeMethod(payment)}${invoice}`;
  switch (payment.status) {
    case 'succeeded':
      return `${start}, paid.${refundWords(payment)}`;
    case 'refunded':
      return `${start}, given back.${refundWords(payment)}`;
    case 'failed':
      return `${start}, failed: ${failureOf(payment.failureCode).because}.`;
    case 'pending':
      return `${start}, being processed.`;
  }
}

function refundWords({ refunded, refundedCents, refundedAt, currency }: PaymentRow): string {
  if (refundedCents === 0) return '';
  return ` ${writeSum(refunded, currency)} was refunded${refundedAt ? ` on ${writeDate(refundedAt)}` : ''}.`;
}

function factsOf(payment: PaymentRow): unknown {
  return {
    paymentId: payment.id,
    status: payment.status,
    amount: decimalText(payment.amountCents),
    refunded: decimalText(payment.refundedCents),
    refundedAt: payment.refundedAt?.toISOString() ?? null,
    currency: payment.currency,
    method: writeMethod(payment),
    invoice: payment.invoice?.number ?? null,
    at: paidAt(payment).toISOString(),
    attempt: payment.attempt,
    failureCode: payment.failureCode,
  };
}
