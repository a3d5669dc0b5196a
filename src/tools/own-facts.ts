/**
 * What the customer's own rows say that a draft may state: plan, seats, sums, dates, numbers, and what was really done lately. Read once
 * for a check and kept nowhere; judges nothing.
 */
import { notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { BillingCycle, Plan } from '../store/generated/prisma/client.ts';
import { centsOf, sumCents, type DecimalLike } from '../store/money.ts';

/** What an agent may say it has done, and where a row of it stands. */
export const DEEDS = ['refund', 'discount', 'ticket', 'escalation', 'mail'] as const;
export type Deed = (typeof DEEDS)[number];

export interface OwnInvoice {
  readonly number: string;
  /** Every sum on it. */
  readonly cents: ReadonlySet<number>;
}

export interface OwnFacts {
  readonly plan: Plan;
  /** Null without a running subscription; so are cycle and renewal. */
  readonly seats: number | null;
  readonly cycle: BillingCycle | null;
  /** YYYY-MM-DD. */
  readonly renewal: string | null;
  /** Every sum of money on their rows, in cents. */
  readonly cents: ReadonlySet<number>;
  readonly percents: ReadonlySet<number>;
  /** YYYY-MM-DD. */
  readonly days: ReadonlySet<string>;
  /** Numbers of invoices and tickets, ids of rows and the last digits of cards, in capitals. */
  readonly numbers: ReadonlySet<string>;
  readonly invoices: readonly OwnInvoice[];
  /** Addresses of their own, in lower case. */
  readonly emails: ReadonlySet<string>;
  /** Done for them within the last day. */
  readonly deeds: ReadonlySet<Deed>;
}

const ROWS_MAX = 100;
const LATELY_MS = 86_400_000;

/** @throws AppError NOT_FOUND when there is no such customer. */
export async function readOwnFacts(database: Database, customerId: string, now: Date): Promise<OwnFacts> {
  const where = { customerId };
  const latest = { where, orderBy: { createdAt: 'desc' }, take: ROWS_MAX } as const;
  const [customer, subscription, invoices, payments, credits, discounts, refunds, offers, tickets, escalations, mails, keys, contacts, members] =
    await Promise.all([
      database.customer.findUnique({ where: { id: customerId }, select: { plan: true, email: true, mrr: true, createdAt: true } }),
      database.planSubscription.findFirst({ where: { customerId, status: { not: 'canceled' } }, orderBy: { startedAt: 'desc' } }),
      database.invoice.findMany({ where, orderBy: { issuedAt: 'desc' }, take: ROWS_MAX }),
      database.payment.findMany(latest),
      database.credit.findMany(latest),
      database.discount.findMany({ where, orderBy: { startsAt: 'desc' }, take: ROWS_MAX }),
      database.refund.findMany(latest),
      database.offer.findMany(latest),
      database.ticket.findMany(latest),
      database.escalation.findMany(latest),
      database.outboxMessage.findMany({ where: { customerId, kind: 'email' }, orderBy: { createdAt: 'desc' }, take: ROWS_MAX }),
      database.workspaceApiKey.findMany(latest),
      database.contact.findMany({ where, select: { email: true }, take: ROWS_MAX }),
      database.member.findMany({ where, select: { email: true }, take: ROWS_MAX }),
    ]);
  if (!customer) throw notFound('customer');
  const lately = (rows: readonly { readonly createdAt: Date }[]): boolean => rows.some(({ createdAt }) => now.getTime() - createdAt.getTime() < LATELY_MS);
  const done: Readonly<Record<Deed, boolean>> = {
    refund: lately(refunds),
    discount: lately(discounts),
    ticket: lately(tickets),
    escalation: lately(escalations),
    mail: lately(mails),
  };
  const sums = [
    ...invoices.flatMap(sumsOf),
    ...payments.flatMap(({ amount, refunded }) => [amount, refunded]),
    ...credits.flatMap(({ amount, used }) => [amount, used]),
    ...[...refunds, ...offers].map(({ amount }) => amount),
    customer.mrr,
    ...(subscription ? [subscription.mrr, subscription.seatPrice] : []),
  ];
  return {
    plan: subscription?.plan ?? customer.plan,
    seats: subscription?.seats ?? null,
    cycle: subscription?.cycle ?? null,
    renewal: subscription ? dayOf(subscription.currentPeriodEnd) : null,
    cents: new Set([...sums.map((sum) => Math.abs(centsOf(sum))), ...invoices.flatMap(({ lines }) => centsOfLines(lines)), ...totalsOf(invoices)]),
    percents: new Set([...discounts.map(({ percent }) => percent.toNumber()), ...(subscription ? [subscription.discountPercent.toNumber()] : [])]),
    days: daysOf([customer, subscription, ...invoices, ...payments, ...credits, ...discounts, ...refunds, ...tickets, ...escalations, ...keys]),
    numbers: new Set(
      [
        ...invoices.flatMap(({ id, number }) => [id, number]),
        ...payments.flatMap(({ id, cardLast4 }) => [id, cardLast4 ?? '']),
        ...tickets.flatMap(({ id, number }) => [id, String(number)]),
        ...[...refunds, ...escalations, ...mails, ...credits, ...offers].map(({ id }) => id),
      ].map((number) => number.toUpperCase()),
    ),
    invoices: invoices.map((invoice) => ({
      number: invoice.number.toUpperCase(),
      cents: new Set([...sumsOf(invoice).map((sum) => centsOf(sum)), ...centsOfLines(invoice.lines)]),
    })),
    emails: new Set([customer, ...contacts, ...members].map(({ email }) => email.toLowerCase())),
    deeds: new Set(DEEDS.filter((deed) => done[deed])),
  };
}

interface Sums {
  readonly subtotal: DecimalLike;
  readonly discount: DecimalLike;
  readonly tax: DecimalLike;
  readonly total: DecimalLike;
  readonly amountDue: DecimalLike;
}

function sumsOf({ subtotal, discount, tax, total, amountDue }: Sums): DecimalLike[] {
  return [subtotal, discount, tax, total, amountDue];
}

/** What invoices come to together: a year's, what is open, and all of them. */
function totalsOf(invoices: readonly (Sums & { readonly issuedAt: Date })[]): number[] {
  const years = new Set(invoices.map(({ issuedAt }) => issuedAt.getUTCFullYear()));
  const groups = [invoices, ...[...years].map((year) => invoices.filter(({ issuedAt }) => issuedAt.getUTCFullYear() === year))];
  return groups.flatMap((group) =>
    (['subtotal', 'discount', 'tax', 'total', 'amountDue'] as const).map((sum) => sumCents(group.map((invoice) => centsOf(invoice[sum])))),
  );
}

/** Lines are JSON with sums as text; anything else among them is no sum. */
function centsOfLines(lines: unknown): number[] {
  if (!Array.isArray(lines)) return [];
  return lines.flatMap((line: unknown) =>
    line !== null && typeof line === 'object'
      ? Object.values(line).flatMap((value: unknown) => (typeof value === 'string' && /^-?\d+(?:\.\d{1,2})?$/.test(value) ? [Math.abs(centsOf(value))] : []))
      : [],
  );
}

function daysOf(rows: readonly (object | null)[]): ReadonlySet<string> {
  return new Set(rows.flatMap((row) => (row ? Object.values(row).flatMap((value: unknown) => (value instanceof Date ? [dayOf(value)] : [])) : [])));
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
