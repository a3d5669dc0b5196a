/** Money between the business and a customer: plan subscriptions, invoices, payments, credits. Read only here; nothing is computed. */
import { z } from 'zod';
import type {
  BillingCycle as BillingCycleValue,
  CreditKind as CreditKindValue,
  CreditStatus as CreditStatusValue,
  InvoiceStatus as InvoiceStatusValue,
  PaymentStatus as PaymentStatusValue,
  SubscriptionStatus as SubscriptionStatusValue,
} from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { Plan } from './customer.ts';
import { PART, own } from './rule.ts';
import { Money, moneyOf, upperCased } from './scalars.ts';

const BillingCycle = builder.enumType('BillingCycle', {
  description: 'How often a plan is invoiced.',
  values: upperCased<BillingCycleValue>({ monthly: 'Every month.', annual: 'Once a year, in advance.' }),
});

const PlanSubscriptionStatus = builder.enumType('PlanSubscriptionStatus', {
  description: 'Where a plan subscription stands.',
  values: upperCased<SubscriptionStatusValue>({
    trialing: 'Being tried out, not yet paid.',
    active: 'Running and paid.',
    past_due: 'Running, with an invoice past its due date.',
    paused: 'On hold.',
    canceled: 'Over, or to end with the period.',
  }),
});

export const InvoiceStatus = builder.enumType('InvoiceStatus', {
  description: 'Where an invoice stands.',
  values: upperCased<InvoiceStatusValue>({
    draft: 'Not sent yet.',
    open: 'Sent and to be paid.',
    paid: 'Paid in full.',
    void: 'Withdrawn.',
    uncollectible: 'Given up.',
  }),
});

export const PaymentStatus = builder.enumType('PaymentStatus', {
  description: 'Where a payment stands.',
  values: upperCased<PaymentStatusValue>({
    pending: 'On its way.',
    succeeded: 'Received.',
    failed: 'Refused; see `failureReason`.',
    refunded: 'Received and given back, in whole or in part.',
  }),
});

const CreditKind = builder.enumType('CreditKind', {
  description: 'Why a credit was given.',
  values: upperCased<CreditKindValue>({
    promotional: 'As part of an offer.',
    refund: 'Instead of money back.',
    goodwill: 'As an apology.',
    migration: 'For moving from another product or plan.',
  }),
});

const CreditStatus = builder.enumType('CreditStatus', {
  description: 'Whether a credit can still be used.',
  values: upperCased<CreditStatusValue>({ active: 'Can be used.', used: 'Used up.', expired: 'Its time is over.', canceled: 'Taken back.' }),
});

export const PlanSubscription = builder.prismaObject('PlanSubscription', {
  authScopes: own('read:customers'),
  description: 'What a customer has bought, for how many people, on which terms.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    plan: t.field({ type: Plan, description: 'The plan.', resolve: (row) => row.plan }),
    cycle: t.field({ type: BillingCycle, description: 'How often it is invoiced.', resolve: (row) => row.cycle }),
    status: t.field({ type: PlanSubscriptionStatus, description: 'Where it stands.', resolve: (row) => row.status }),
    seats: t.exposeInt('seats', { description: 'Seats paid for.' }),
    seatsUsed: t.exposeInt('seatsUsed', { description: 'Seats taken by people.' }),
    seatPrice: t.field({
      type: Money,
      description: 'List price of one seat per month, before discounts.',
      resolve: (row) => moneyOf(row.seatPrice, row.currency),
    }),
    discountPercent: t.float({ description: 'All discounts together, in percent of the list price.', resolve: (row) => row.discountPercent.toNumber() }),
    mrr: t.field({ type: Money, description: 'What it brings per month, after discounts.', resolve: (row) => moneyOf(row.mrr, row.currency) }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    currentPeriodStart: t.expose('currentPeriodStart', { type: 'DateTime', description: 'Begin of the period that is paid or being invoiced.' }),
    currentPeriodEnd: t.expose('currentPeriodEnd', { type: 'DateTime', description: 'End of that period: when it renews or ends.' }),
    trialEndsAt: t.expose('trialEndsAt', { type: 'DateTime', nullable: true, description: '`null` when there was no trial.' }),
    cancelAtPeriodEnd: t.exposeBoolean('cancelAtPeriodEnd', { description: 'True when it will not renew.' }),
    canceledAt: t.expose('canceledAt', { type: 'DateTime', nullable: true, description: 'When it was canceled; `null` when it was not.' }),
  }),
});

const InvoiceLines = z.array(z.object({ description: z.string(), quantity: z.number(), unitPrice: z.string(), amount: z.string() }));
type Line = z.infer<typeof InvoiceLines>[number] & { readonly currency: string };

const InvoiceLine = builder.objectRef<Line>('InvoiceLine').implement({
  ...PART,
  description: 'One line of an invoice.',
  fields: (t) => ({
    description: t.exposeString('description', { description: 'What is charged.' }),
    quantity: t.exposeFloat('quantity', { description: 'How many.' }),
    unitPrice: t.field({ type: Money, description: 'Price of one.', resolve: (line) => ({ amount: line.unitPrice, currency: line.currency }) }),
    amount: t.field({ type: Money, description: 'The sum of the line.', resolve: (line) => ({ amount: line.amount, currency: line.currency }) }),
  }),
});

export const Invoice = builder.prismaObject('Invoice', {
  authScopes: own('read:customers'),
  description: 'An invoice to a customer.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    number: t.exposeString('number', { description: 'The number printed on it.' }),
    status: t.field({ type: InvoiceStatus, description: 'Where it stands.', resolve: (row) => row.status }),
    subtotal: t.field({ type: Money, description: 'The lines together, before discount and tax.', resolve: (row) => moneyOf(row.subtotal, row.currency) }),
    discount: t.field({ type: Money, description: 'Taken off the subtotal.', resolve: (row) => moneyOf(row.discount, row.currency) }),
    tax: t.field({ type: Money, description: 'Added after the discount.', resolve: (row) => moneyOf(row.tax, row.currency) }),
    total: t.field({ type: Money, description: 'What it comes to.', resolve: (row) => moneyOf(row.total, row.currency) }),
    amountDue: t.field({ type: Money, description: 'What is still to be paid.', resolve: (row) => moneyOf(row.amountDue, row.currency) }),
    lines: t.field({
      type: [InvoiceLine],
      description: 'What is charged, line by line.',
      resolve: (row) => InvoiceLines.parse(row.lines).map((line) => ({ ...line, currency: row.currency })),
    }),
    periodStart: t.expose('periodStart', { type: 'DateTime', description: 'Begin of the time it covers.' }),
    periodEnd: t.expose('periodEnd', { type: 'DateTime', description: 'End of the time it covers.' }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime', description: 'Its date.' }),
    dueAt: t.expose('dueAt', { type: 'DateTime', description: 'When it is to be paid by.' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', nullable: true, description: '`null` until it is paid in full.' }),
    planSubscription: t.relation('subscription', { nullable: true, description: 'What it invoices; `null` for single charges.' }),
    payments: t.relation('payments', {
      description: 'The tries to pay it, oldest first; at most 50.',
      query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 50 },
    }),
  }),
});

export const Payment = builder.prismaObject('Payment', {
  authScopes: own('read:customers'),
  description: 'One try to pay.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    amount: t.field({ type: Money, description: 'What was charged.', resolve: (row) => moneyOf(row.amount, row.currency) }),
    refunded: t.field({ type: Money, description: 'What of it was given back.', resolve: (row) => moneyOf(row.refunded, row.currency) }),
    refundedAt: t.expose('refundedAt', { type: 'DateTime', nullable: true, description: 'When something was last given back; `null` when nothing was.' }),
    status: t.field({ type: PaymentStatus, description: 'Where it stands.', resolve: (row) => row.status }),
    method: t.exposeString('method', { description: 'What was charged, as a customer knows it: "Visa", "SEPA debit".' }),
    cardLast4: t.exposeString('cardLast4', { nullable: true, description: 'Last four digits of the card; `null` when it was none.' }),
    failureCode: t.exposeString('failureCode', {
      nullable: true,
      description: 'The processor’s word for the failure: "card_declined". `null` unless it failed.',
    }),
    failureReason: t.exposeString('failureReason', { nullable: true, description: 'The failure in a sentence. `null` unless it failed.' }),
    attempt: t.exposeInt('attempt', { description: '1 for the first try at an invoice, one more for each retry.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    processedAt: t.expose('processedAt', { type: 'DateTime', nullable: true, description: '`null` while it is pending.' }),
    invoice: t.relation('invoice', { nullable: true, description: 'What it pays; `null` for payments without an invoice.' }),
  }),
});

export const Credit = builder.prismaObject('Credit', {
  authScopes: own('read:customers'),
  description: 'An amount that will be taken off coming invoices.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    amount: t.field({ type: Money, description: 'What was given.', resolve: (row) => moneyOf(row.amount, row.currency) }),
    used: t.field({ type: Money, description: 'What of it has been used.', resolve: (row) => moneyOf(row.used, row.currency) }),
    kind: t.field({ type: CreditKind, description: 'Why it was given.', resolve: (row) => row.kind }),
    status: t.field({ type: CreditStatus, description: 'Whether it can still be used.', resolve: (row) => row.status }),
    reason: t.exposeString('reason', { nullable: true, description: 'The reason in words; `null` when none was noted.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: '`null` when it does not expire.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was given.' }),
  }),
});
