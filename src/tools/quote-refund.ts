/** `quote_refund`: whether a payment comes back, how much, and by which rule. Moves no money: people of billing issue what is agreed. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { CustomerStatus } from '../store/generated/prisma/client.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { readPolicy, type Policy } from '../store/policy.ts';
import { duplicateOf, earlierRefundsOf, quoteRefund as quote, type RefundQuote } from '../store/pricing.ts';
import { defineTool } from './define-tool.ts';
import { paidAt, writePayment } from './money-words.ts';
import { duplicatesAmong, isForInvoice, paymentsOf, type PaymentRow } from './payment-rows.ts';
import { INVOICE_NUMBER, readInvoiceNumber } from './reading.ts';
import { isAboutDuplicate, isAboutRefund } from './topics.ts';
import { sentences } from './words.ts';

const Input = z.strictObject({
  paymentId: z.string().min(1).max(64).optional().describe('The payment meant. Left out: a duplicate charge if there is one, else the latest payment.'),
  invoiceNumber: INVOICE_NUMBER.optional().describe('The invoice whose payment is meant.'),
  about: z.enum(['duplicate', 'latest']).optional().describe('What the customer speaks of: something charged twice, or their latest payment.'),
});
type Input = z.infer<typeof Input>;

export function quoteRefund(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'quote_refund',
    description:
      'Checks by the refund rules whether a payment of the customer can be refunded and computes the amount, or says which rule is against it. Use it before saying anything about a refund, a duplicate charge or the money-back guarantee. It does not issue the refund.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutRefund(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId, now }) {
      const [customer, payments, policy] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { status: true } }),
        paymentsOf(database, customerId),
        readPolicy(database),
      ]);
      if (!customer) throw notFound('customer');
      if (input.paymentId !== undefined && !payments.some((payment) => payment.id === input.paymentId)) throw notFound('payment');
      const payment = choose(payments, input);
      if (!payment) return { summary: nothingMeant(input), facts: { eligible: false, payment: null } };
      const result = quoteFor(policy, payment, payments, customer.status, now);
      const preface =
        input.about === 'duplicate' && result.rule !== 'duplicate'
          ? 'I found no second charge for the same invoice among your payments, so I looked at your latest one.'
          : '';
      const others = duplicatesAmong(payments).filter((other) => other.id !== payment.id).length;
      const more =
        result.rule === 'duplicate' && others > 0
          ? `There ${others === 1 ? 'is 1 more duplicate charge' : `are ${others} more duplicate charges`} besides.`
          : '';
      return { summary: sentences(preface, write(payment, result), more), facts: factsOf(payment, result) };
    },
  });
}

function inferInput(text: string): Input {
  const invoiceNumber = readInvoiceNumber(text);
  if (invoiceNumber) return { invoiceNumber };
  if (isAboutDuplicate(text)) return { about: 'duplicate' };
  return /\b(?:last|latest|most recent|newest|this month's|today's|yesterday's) (?:payment|charge|invoice|renewal|bill)\b/i.test(text)
    ? { about: 'latest' }
    : {};
}

/** The payment meant: a named one, else a duplicate, else the latest that went through, else the latest that was given back. */
function choose(payments: readonly PaymentRow[], { paymentId, invoiceNumber, about }: Input): PaymentRow | undefined {
  if (paymentId !== undefined) return payments.find((payment) => payment.id === paymentId);
  const meant = invoiceNumber === undefined ? payments : payments.filter((payment) => isForInvoice(payment, invoiceNumber));
  const duplicate = about === 'latest' ? undefined : duplicatesAmong(payments).find((payment) => meant.includes(payment));
  return (
    duplicate ??
    meant.find((payment) => payment.status === 'succeeded') ??
    meant.find((payment) => payment.status === 'refunded') ??
    (invoiceNumber === undefined ? undefined : meant[0])
  );
}

function quoteFor(policy: Policy, payment: PaymentRow, payments: readonly PaymentRow[], status: CustomerStatus, now: Date): RefundQuote {
  const { invoice } = payment;
  return quote(policy, {
    payment: {
      status: payment.status,
      amountCents: payment.amountCents,
      refundedCents: payment.refundedCents,
      currency: payment.currency,
      paidAt: paidAt(payment),
    },
    subscription: invoice?.subscription ? { cycle: invoice.subscription.cycle, periodStart: invoice.periodStart, periodEnd: invoice.periodEnd } : null,
    account: { status },
    earlierRefunds: earlierRefundsOf(payments),
    duplicateOf: duplicateOf(payment, payments),
    now,
  });
}

function nothingMeant({ invoiceNumber }: Input): string {
  return invoiceNumber === undefined
    ? 'There is no payment on your account that could be refunded.'
    : `There is no payment for invoice ${invoiceNumber} on your account.`;
}

function write(payment: PaymentRow, result: RefundQuote): string {
  const subject = `our payment of ${writePayment(payment)}`;
  if (!result.eligible) return `Y${subject} cannot be refunded. ${result.reason}`;
  const amount = formatMoney({ amountCents: result.amountCents, currency: result.currency });
  const whole = result.amountCents === payment.amountCents ? `Yes: y${subject} can be refunded in full.` : `Yes: from y${subject} you can get ${amount} back.`;
  return sentences(whole, result.reason, 'If you would like that, tell me so and the billing team will issue it.');
}

function factsOf(payment: PaymentRow, result: RefundQuote): unknown {
  return {
    eligible: result.eligible,
    amount: decimalText(result.amountCents),
    currency: result.currency,
    rule: result.rule,
    approver: result.approver,
    payment: {
      paymentId: payment.id,
      status: payment.status,
      amount: decimalText(payment.amountCents),
      refunded: decimalText(payment.refundedCents),
      at: paidAt(payment).toISOString(),
      invoice: payment.invoice?.number ?? null,
    },
  };
}
