/** `explain_payment_failure`: why a payment did not go through and what to do, or that it has been paid since. Charges nothing. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { decimalText } from '../store/money.ts';
import { isForInvoice, paidAt, paymentsOf, type PaymentRow } from '../store/payment.ts';
import { defineTool } from './define-tool.ts';
import { writeMethod, writePayment, writeSum } from './money-words.ts';
import { FAILURE_CODES, failureOf } from './payment-failures.ts';
import { INVOICE_NUMBER, readInvoiceNumber } from './reading.ts';
import { isAboutFailedPayment, readFailureWord } from './topics.ts';
import { paragraphs, writeDate } from './words.ts';

const Input = z.strictObject({
  paymentId: z.string().min(1).max(64).optional().describe('The failed payment meant; the latest one when left out.'),
  invoiceNumber: INVOICE_NUMBER.optional().describe('The invoice whose payment failed.'),
  failureCode: z.enum(FAILURE_CODES).optional().describe('The failure the customer names, to be explained when it is not on their account.'),
});
type Input = z.infer<typeof Input>;

export function explainPaymentFailure(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'explain_payment_failure',
    description:
      'Explains why a payment of the customer failed (the latest failed one, or one named by id or invoice) and what to do, and says whether it has been paid since. Use it when a payment, card or renewal was declined or did not go through.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutFailedPayment(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId }) {
      const payments = await paymentsOf(database, customerId);
      if (input.paymentId !== undefined && !payments.some((payment) => payment.id === input.paymentId)) throw notFound('payment');
      const failed = choose(payments, input);
      if (!failed) return { summary: noFailure(payments, input), facts: { failedPayment: null, explained: input.failureCode ?? null } };
      const since = paidSince(failed, payments);
      const failure = failureOf(failed.failureCode);
      return {
        summary: paragraphs(
          `Your payment of ${writePayment(failed)} did not go through, because ${failure.because}.`,
          since
            ? `It was paid on ${writeDate(paidAt(since))} by ${writeMethod(since)}, so there is nothing left to do. If you mean a later attempt, none has reached us.`
            : numbered(failure.steps),
        ),
        facts: {
          failedPayment: {
            paymentId: failed.id,
            amount: decimalText(failed.amountCents),
            currency: failed.currency,
            at: paidAt(failed).toISOString(),
            attempt: failed.attempt,
            invoice: failed.invoice?.number ?? null,
          },
          failureCode: failed.failureCode,
          actor: failure.actor,
          steps: failure.steps,
          paidSince: since ? paidAt(since).toISOString() : null,
        },
      };
    },
  });
}

function inferInput(text: string): Input {
  const invoiceNumber = readInvoiceNumber(text);
  const word = readFailureWord(text);
  const failureCode = FAILURE_CODES.find((code) => code === word);
  return { ...(invoiceNumber ? { invoiceNumber } : {}), ...(failureCode ? { failureCode } : {}) };
}

/** The failed payment meant: the named one, else the latest with the named code, else the latest. */
function choose(payments: readonly PaymentRow[], { paymentId, invoiceNumber, failureCode }: Input): PaymentRow | undefined {
  const failed = payments.filter(
    (payment) =>
      payment.status === 'failed' &&
      (paymentId === undefined || payment.id === paymentId) &&
      (invoiceNumber === undefined || isForInvoice(payment, invoiceNumber)),
  );
  if (paymentId !== undefined || failureCode === undefined) return failed[0];
  return failed.find((payment) => payment.failureCode === failureCode);
}

/** The payment of the same invoice that went through later. */
function paidSince(failed: PaymentRow, payments: readonly PaymentRow[]): PaymentRow | undefined {
  if (failed.invoiceId === null) return undefined;
  return payments.find((payment) => payment.invoiceId === failed.invoiceId && payment.status === 'succeeded' && payment.createdAt >= failed.createdAt);
}

function noFailure(payments: readonly PaymentRow[], { paymentId, invoiceNumber, failureCode }: Input): string {
  if (failureCode !== undefined) {
    const { because, steps } = failureOf(failureCode);
    const other = payments.find((payment) => payment.status === 'failed');
    return paragraphs(
      `I see no payment on your account that failed this way. When it happens, it is because ${because}.`,
      numbered(steps),
      other && `The last failure I do see is ${writePayment(other)}, because ${failureOf(other.failureCode).because}.`,
    );
  }
  if (paymentId !== undefined) return 'That payment did not fail.';
  if (invoiceNumber !== undefined) return `I see no failed payment for invoice ${invoiceNumber} on your account.`;
  const last = payments.find((payment) => payment.status === 'succeeded');
  if (!last) return 'I see no failed payment on your account.';
  return `I see no failed payment on your account: your last one, ${writeSum(last.amount, last.currency)} on ${writeDate(paidAt(last))} by ${writeMethod(last)}, went through. If your bank shows an attempt that is missing here, it was stopped before it reached us.`;
}

function numbered(steps: readonly string[]): string {
  return steps.map((step, index) => `${index + 1}. ${step}`).join('\n');
}
