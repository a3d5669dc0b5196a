/**
 * What the scripts of past conversations are made from: the facts of one customer on one day, and the phrases all of them share.
 * The scripts themselves are beside this file, by subject.
 */
import type { BillingCycle, Plan, UsageMetric } from '../generated/prisma/client.ts';
import { formatMoney } from '../money.ts';
import type { Policy } from '../policy-schema.ts';
import type { Account, InvoiceDraft, PaymentDraft, SeedAgent } from './draft.ts';
import type { Random } from './random.ts';

/** What was true of the customer at the moment of the conversation. */
export interface Facts {
  readonly at: Date;
  readonly random: Random;
  readonly policy: Policy;
  readonly account: Account;
  readonly givenName: string;
  readonly plan: Plan;
  readonly cycle: BillingCycle;
  readonly seats: number;
  readonly periodEnd: Date;
  readonly cancelAtPeriodEnd: boolean;
  /** The newest payment that had gone through and was not given back, with its invoice. */
  readonly lastPaid: PaymentDraft | null;
  /** The newest invoice and the one before it. */
  readonly lastInvoice: InvoiceDraft | null;
  readonly invoiceBefore: InvoiceDraft | null;
  /** A failed payment of the three weeks before, and the try that worked, if it had come by then. */
  readonly failed: PaymentDraft | null;
  readonly retried: PaymentDraft | null;
  /** Every refund until then, and whether an invoice was overdue. */
  readonly refundsBefore: readonly { readonly refundedAt: Date; readonly duplicate: boolean }[];
  readonly overdue: boolean;
  /** A refund of the two weeks before. */
  readonly refunded: PaymentDraft | null;
  /** A charge taken twice in the days before, given back later. */
  readonly duplicate: PaymentDraft | null;
  /** The last complete month. */
  readonly usage: ReadonlyMap<UsageMetric, number>;
  readonly usageMonth: Date | null;
}

export interface Turn {
  readonly by: 'customer' | 'person' | SeedAgent;
  readonly text: string;
}

/** One way a conversation can go; null when it does not fit these facts. */
export type Script = (facts: Facts) => readonly Turn[] | null;

/** Customer and agent in turn, the customer first. */
export function talk(agent: SeedAgent, ...texts: readonly string[]): Turn[] {
  return texts.map((text, index) => ({ by: index % 2 === 0 ? 'customer' : agent, text }));
}

/** A customer's first words, sometimes with a greeting. */
export function ask({ random }: Facts, sentence: string): string {
  return `${random.pick(['', '', '', 'Hi, quick question. ', 'Hello! ', 'Hi there. ', 'Good morning. '])}${sentence}`;
}

/** An agent's first words, sometimes with the customer's name. */
export function answer({ random, givenName }: Facts, sentence: string): string {
  return `${random.pick([`Hi ${givenName}. `, `Hello ${givenName}, thanks for writing. `, `Thanks for your message, ${givenName}. `, ''])}${sentence}`;
}

export function money(amountCents: number): string {
  return formatMoney({ amountCents, currency: 'USD' });
}

const longDate = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' });
const monthName = new Intl.DateTimeFormat('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });

export function day(at: Date): string {
  return longDate.format(at);
}

export function month(at: Date): string {
  return monthName.format(at);
}

export function title(plan: Plan): string {
  return { free: 'Free', basic: 'Basic', premium: 'Premium', enterprise: 'Enterprise' }[plan];
}

export function count(quantity: number, noun: string): string {
  return `${quantity.toLocaleString('en-US')} ${quantity === 1 ? noun : `${noun}s`}`;
}

/** The card or the account a payment came from: "your Visa ending in 4242". */
export function meansOf(payment: PaymentDraft): string {
  return payment.cardLast4 === null ? `your ${payment.method}` : `your ${payment.method} ending in ${payment.cardLast4}`;
}
