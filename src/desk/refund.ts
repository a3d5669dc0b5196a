/**
 * Refunds by an agent: quoted as an offer, then issued on the customer's yes by the same rule and to the cent, in one transaction with
 * the payment's row, the order to the processor and the audit entry. Never more than was paid; what the rule is, is store/pricing.ts.
 */
import { z } from 'zod';
import { AppError, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Offer, Refund } from '../store/generated/prisma/client.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { changeCreditsOf, paidAt, paymentsOf, refundOf, type PaymentRow } from '../store/payment.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import type { RefundQuote } from '../store/pricing.ts';
import { actOnce, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertTerms, findApproved, offerIdOf } from './approved.ts';
import { orAsk, refuseBeyondGrant } from './beyond-grant.ts';
import { acceptedOffer, approvedOffer, hasTerms, makeOffer, useOffer } from './offer.ts';
import { enqueueOutgoing } from './outbox.ts';

/** What grants and policy count in. */
const CURRENCY = 'USD';

export interface RefundDesk {
  /** Records the offer of a refund the rules allow. Binds nobody, and moves nothing. */
  offer(call: AgentCall, payment: PaymentRow, quote: RefundQuote): Promise<void>;
  /**
   * Issues the refund the customer has just agreed to. Once per call and per offer.
   * @param amountCentsMax The agent's grant; the policy's own bound for agents holds as well.
   * @throws AppError CONFLICT without a plain yes to this exact sum; ApprovalNeeded beyond the grant, until people have approved it;
   * FORBIDDEN in a currency nobody limits, after leaving a request for them.
   */
  issue(call: AgentCall, amountCentsMax: number): Promise<Refund>;
}

const Terms = z.object({ paymentId: z.string(), amountCents: z.number(), rule: z.string() });

export function createRefundDesk(deps: AgentActDeps): RefundDesk {
  const { database, clock } = deps;
  return Object.freeze<RefundDesk>({
    async offer({ customerId, conversationId, runId }, payment, quote) {
      const { currency } = payment;
      const offer = {
        kind: 'refund',
        customerId,
        conversationId,
        runId,
        terms: termsOf(payment.id, quote),
        amountCents: -quote.amountCents,
        currency,
      } as const;
      await makeOffer(database, offer, clock.now());
    },

    async issue(call, amountCentsMax) {
      const policy = await readPolicy(database);
      const request = { title: 'A refund beyond what an agent may issue', description: `The customer agreed to it in writing: "${call.said.slice(0, 200)}"` };
      const refundId = await orAsk(deps, call, request, () => actOnce(deps, call, 'refund.issue', (scope) => issueRefund(scope, call, amountCentsMax, policy)));
      return database.refund.findUniqueOrThrow({ where: { id: refundId } });
    },
  });
}

async function issueRefund({ tx, customer, now }: ActScope, call: AgentCall, amountCentsMax: number, policy: Policy) {
  const { conversationId, runId, said, agentId } = call;
  const approved = await findApproved(tx, call);
  const offer = approved
    ? await approvedOffer(tx, 'refund', customer.id, offerIdOf(approved))
    : await acceptedOffer(tx, { kind: 'refund', customerId: customer.id, conversationId, runId, said, now });
  const { paymentId, amountCents } = Terms.parse(offer.terms);
  // The customer's row is locked: nothing changes a payment of theirs between this look and the write.
  const payments = await paymentsOf(tx, customer.id);
  const payment = payments.find((one) => one.id === paymentId);
  if (!payment) throw notFound('payment');
  const credits = await changeCreditsOf(tx, customer.id);
  // As of when people were asked; what was given back since then is seen all the same.
  const quote = refundOf(policy, payment, { payments, credits, status: customer.status }, approved?.askedAt ?? now);
  if (!quote.eligible || !hasTerms(offer, termsOf(paymentId, quote)))
    throw new AppError('CONFLICT', 'What can be refunded has changed since it was offered. Quote it again and ask once more.', { retryable: false });
  const exact = exactly(offer, payment, quote);
  if (approved) assertTerms(approved, exact);
  else assertGranted(quote, payment, Math.min(amountCentsMax, policy.refund.agentMaxCents), policy, exact);
  const refundedCents = payment.refundedCents + amountCents;
  if (amountCents <= 0 || refundedCents > payment.amountCents) throw new Error('a refund larger than its payment');
  const amount = decimalText(amountCents);
  const id = newId('ref');
  const { currency } = payment;
  await tx.refund.create({
    data: {
      id,
      paymentId,
      customerId: customer.id,
      offerId: offer.id,
      amount,
      currency,
      rule: quote.rule,
      byKind: 'agent',
      byId: agentId,
      conversationId,
      createdAt: now,
    },
  });
  const whole = refundedCents === payment.amountCents;
  await tx.payment.update({
    where: { id: paymentId },
    data: { refunded: decimalText(refundedCents), refundedAt: now, ...(whole ? { status: 'refunded' } : {}) },
  });
  const payload = { refundId: id, paymentId, amount, currency, rule: quote.rule, invoiceNumber: payment.invoice?.number ?? null };
  await enqueueOutgoing(tx, { kind: 'refund', customerId: customer.id, subject: 'refund', payload, conversationId }, now);
  await useOffer(tx, offer, now);
  const fields = ['refunded', 'refundedAt', ...(whole ? ['status'] : [])];
  return { subjectId: id, subjectKind: 'refund', changes: { paymentId, offerId: offer.id, ...(approved ? { approvalId: approved.approvalId } : {}), fields } };
}

const APPROVERS = { agent: 'the billing team', lead: 'a support lead', manager: 'a customer success manager', executive: 'an executive' } as const;

function assertGranted(quote: RefundQuote, payment: PaymentRow, centsMax: number, policy: Policy, terms: ReturnType<typeof exactly>): void {
  const { amountCents, currency, rule } = quote;
  if (currency === CURRENCY && amountCents <= centsMax) return;
  const sum = formatMoney({ amountCents, currency });
  const sentence = `A refund of ${sum} is decided by ${APPROVERS[quote.approver ?? 'agent']}; it has not been issued yet.`;
  // The policy limits dollars: nobody's level says anything about another currency.
  if (currency !== CURRENCY) throw new AppError('FORBIDDEN', sentence);
  const paid = formatMoney({ amountCents: payment.amountCents, currency });
  const invoice = payment.invoice ? `, invoice ${payment.invoice.number}` : '';
  const summary = `Refund ${sum} from the payment of ${paid} of ${paidAt(payment).toISOString().slice(0, 10)}${invoice}, by the rule "${rule}". The customer has said yes to it.`;
  refuseBeyondGrant({ kind: 'refund', amountCents }, policy, sentence, { summary, terms });
}

function exactly(offer: Offer, { id: paymentId }: PaymentRow, { amountCents, currency, rule }: RefundQuote) {
  return { offerId: offer.id, paymentId, amount: decimalText(amountCents), currency, rule };
}

function termsOf(paymentId: string, { amountCents, rule }: RefundQuote) {
  return { paymentId, amountCents, rule };
}
