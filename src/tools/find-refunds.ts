/** `find_refunds`: what came back or is on its way back, and how far it is. Whether something can be refunded is quote-refund.ts. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { OutboxMessage } from '../store/generated/prisma/client.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { paymentsOf, type PaymentRow } from '../store/payment.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { writePayment } from './money-words.ts';
import { plain } from './reading.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate } from './words.ts';

const SHOWN_MAX = 4;

export function findRefunds(database: Database): AnyTool {
  return defineTool({
    name: 'find_refunds',
    description:
      "Lists the customer's refunds, newest first: amount, payment, day, and whether the order is on its way or was handed to the bank. Use it when the customer asks where a refund is.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutRefundState(text) ? {} : null),
    async run(_input, _grant, { customerId }) {
      const [payments, orders, policy] = await Promise.all([
        paymentsOf(database, customerId),
        database.outboxMessage.findMany({ where: { customerId, kind: 'refund' }, orderBy: { createdAt: 'desc' }, take: 50 }),
        readPolicy(database),
      ]);
      const refunded = payments
        .filter((payment) => payment.refundedCents > 0)
        .toSorted((a, b) => (b.refundedAt?.getTime() ?? 0) - (a.refundedAt?.getTime() ?? 0));
      const states = refunded.map((payment) => stateOf(payment, orders));
      const facts = { total: states.length, refunds: states.slice(0, SHOWN_MAX).map(factsOf) };
      if (states.length === 0) return { summary: 'There is no refund on your account, neither made nor on its way.', facts };
      const { businessDaysMin, businessDaysMax } = policy.refundArrival;
      const fresh = states.some(({ state }) => state !== 'failed');
      return {
        summary: paragraphs(
          `There ${states.length === 1 ? 'is 1 refund' : `are ${writeCount(states.length, 'refund')}`} on your account:`,
          writeBullets(states.slice(0, SHOWN_MAX).map(write)),
          sentences(fresh && `Banks take ${businessDaysMin} to ${businessDaysMax} business days from that day to show the money.`),
        ),
        facts,
      };
    },
  });
}

function isAboutRefundState(text: string): boolean {
  const said = plain(text);
  return (
    /\b(?:where|when|status|state|still|yet|not (?:here|arrived|received)|n't (?:arrived|received|seen|gotten|got)|how long|waiting|pending|track\w*|receiv\w*|arriv\w*|see|show(?:ing|s)?|earlier|previous|last|promised|issued|approved|list|history)\b[^?!]{0,80}\b(?:refund\w*|money back|reimburs\w*)\b/.test(
      said,
    ) ||
    /\b(?:refund\w*|money back|reimburs\w*)\b[^?!]{0,80}\b(?:status|still|yet|arriv\w*|receiv\w*|where|when|take|long|pending|issued|ago|promised|processed|shown?|track)\b/.test(
      said,
    )
  );
}

interface RefundState {
  readonly payment: PaymentRow;
  readonly state: 'on_its_way' | 'handed_over' | 'failed';
}

function stateOf(payment: PaymentRow, orders: readonly OutboxMessage[]): RefundState {
  const order = orders.find(({ payload }) => typeof payload === 'object' && payload !== null && !Array.isArray(payload) && payload['paymentId'] === payment.id);
  // What people refunded, or an earlier system did, has no order here and is with the bank.
  const state = order === undefined || order.status === 'delivered' ? 'handed_over' : order.status === 'failed' ? 'failed' : 'on_its_way';
  return { payment, state };
}

const STATES: Readonly<Record<RefundState['state'], string>> = {
  on_its_way: 'issued, the order to the bank is on its way',
  handed_over: 'handed to the bank',
  failed: 'could not be handed to the bank yet; the billing team looks after it',
};

function write({ payment, state }: RefundState): string {
  const sum = formatMoney({ amountCents: payment.refundedCents, currency: payment.currency });
  return `${sum}${payment.refundedAt ? ` on ${writeDate(payment.refundedAt)}` : ''}, from your payment of ${writePayment(payment)}: ${STATES[state]}.`;
}

function factsOf({ payment, state }: RefundState): unknown {
  return {
    paymentId: payment.id,
    amount: decimalText(payment.refundedCents),
    currency: payment.currency,
    at: payment.refundedAt?.toISOString() ?? null,
    state,
  };
}
