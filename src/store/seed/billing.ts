/**
 * Years of billing for one account: what each period cost by the price rules of pricing.ts, how each invoice was paid, what was
 * charged twice, refunded or credited. Invents histories, never prices.
 */
import { DAY_MS, addDays, addMonths } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import { quotePlan } from '../pricing.ts';
import {
  FAILURE_CODES,
  type Account,
  type Billing,
  type CreditDraft,
  type FailureCode,
  type InvoiceDraft,
  type PaymentDraft,
  type Period,
  type Term,
} from './draft.ts';
import type { Random } from './random.ts';

/** How an account pays: by card at once, or by transfer some days after the invoice. */
export interface PayingHabit {
  readonly method: string;
  readonly cardLast4: string | null;
  /** Days between invoice and payment; 0 for cards. */
  readonly paysAfterDays: number;
}

/** Days after the invoice on which a failed card is tried again. */
const RETRY_DAYS = [0, 3, 5, 7] as const;

export function billAccount(account: Account, terms: Billing['terms'], policy: Policy, today: Date): Billing {
  const { random } = account;
  const habit = habitOf(account);
  const creditTo = random.chance(0.12) ? random.int(1, 6) : -1;
  const billing: Billing = { terms, invoices: [], payments: [], credits: [] };
  const unpaid = { active: 0, past_due: 1, suspended: 2, closed: 0 }[account.status];
  for (const term of terms) {
    for (const [index, period] of term.periods.entries()) {
      if (term.plan === 'free' || term.status === 'trialing') continue;
      const credit = index === creditTo && term.cycle === 'monthly' ? usedCredit(random, period) : null;
      const invoice = invoiceOf(account, term, period, policy, habit, credit);
      billing.invoices.push(invoice);
      if (credit) billing.credits.push(credit);
      const owed = term === terms.at(-1) && index >= term.periods.length - unpaid;
      billing.payments.push(...(owed ? failToPay(random, invoice, habit, today) : payInvoice(random, invoice, habit, today)));
    }
  }
  mishaps(random, billing, today);
  return billing;
}

export function invoiceOf(account: Account, term: Term, period: Period, policy: Policy, habit: PayingHabit, credit: CreditDraft | null): InvoiceDraft {
  const quote = quotePlan(policy, { plan: term.plan, seats: period.seats, cycle: term.cycle, programme: account.programme });
  const creditCents = credit?.amountCents ?? 0;
  const creditLine = credit ? [{ description: `Credit: ${credit.reason}`, quantity: 1, unitPriceCents: -creditCents, amountCents: -creditCents }] : [];
  const issuedAt = new Date(period.start.getTime() + 6 * 3_600_000);
  return {
    id: account.random.id('inv', issuedAt),
    term,
    seats: period.seats,
    // Discounts stand in the invoice's own column; its lines are the list price and applied credits.
    lines: [...quote.lines.slice(0, 1), ...creditLine],
    subtotalCents: quote.listPerPeriodCents - creditCents,
    discountCents: quote.savingsCents,
    totalCents: quote.perPeriodCents - creditCents,
    periodStart: period.start,
    periodEnd: period.end,
    issuedAt,
    dueAt: addDays(issuedAt, habit.paysAfterDays > 0 ? 30 : 14),
    number: '',
    status: 'open',
    paidAt: null,
  };
}

/** Payments of an invoice that is paid in the end; it stays open when the day of payment has not come yet. */
function payInvoice(random: Random, invoice: InvoiceDraft, habit: PayingHabit, today: Date): PaymentDraft[] {
  if (invoice.totalCents === 0) {
    settle(invoice, invoice.issuedAt);
    return [];
  }
  const failures = habit.cardLast4 !== null && random.chance(0.07) ? random.int(1, 2) : 0;
  const paysOn = addDays(invoice.issuedAt, habit.paysAfterDays + (RETRY_DAYS[failures] ?? 0));
  if (paysOn >= today) return habit.paysAfterDays > 0 ? [] : cardPayments(random, invoice, habit, 0);
  return cardPayments(random, invoice, habit, failures);
}

/** @param failures Tries that failed before the one that succeeded. */
export function cardPayments(random: Random, invoice: InvoiceDraft, habit: PayingHabit, failures: number, code = random.pick(FAILURE_CODES)): PaymentDraft[] {
  const failed = Array.from({ length: failures }, (_, index) => attempt(random, invoice, habit, index + 1, code));
  const last = attempt(random, invoice, habit, failures + 1, null);
  settle(invoice, last.processedAt);
  return [...failed, last];
}

function failToPay(random: Random, invoice: InvoiceDraft, habit: PayingHabit, today: Date): PaymentDraft[] {
  if (habit.cardLast4 === null) return [];
  const code = random.pick(FAILURE_CODES);
  return RETRY_DAYS.flatMap((days, index) => (addDays(invoice.issuedAt, days) < today ? [attempt(random, invoice, habit, index + 1, code)] : []));
}

function attempt(random: Random, invoice: InvoiceDraft, habit: PayingHabit, number: number, failureCode: FailureCode | null): PaymentDraft {
  const days = habit.paysAfterDays + (RETRY_DAYS[number - 1] ?? 0);
  const createdAt = new Date(invoice.issuedAt.getTime() + days * DAY_MS + random.int(2, 50) * 60_000);
  return {
    id: random.id('pay', createdAt),
    invoice,
    amountCents: invoice.totalCents,
    method: habit.method,
    cardLast4: habit.cardLast4,
    failureCode,
    attempt: number,
    createdAt,
    processedAt: new Date(createdAt.getTime() + random.int(2, 20) * 1_000),
    status: failureCode ? 'failed' : 'succeeded',
    refundedCents: 0,
    refundedAt: null,
  };
}

function settle(invoice: InvoiceDraft, paidAt: Date): void {
  invoice.status = 'paid';
  invoice.paidAt = paidAt;
}

/** The same amount of the same invoice, taken again some minutes later. */
export function duplicateCharge(random: Random, payment: PaymentDraft): PaymentDraft {
  const createdAt = new Date(payment.createdAt.getTime() + 4 * 60_000);
  return { ...payment, id: random.id('pay', createdAt), createdAt, processedAt: new Date(createdAt.getTime() + 5_000) };
}

export function refund(payment: PaymentDraft, cents: number, refundedAt: Date): void {
  payment.refundedCents = cents;
  payment.refundedAt = refundedAt;
  if (cents === payment.amountCents) payment.status = 'refunded';
}

/** What goes wrong now and then: refunds within their thirty days, charges taken twice, credits that were given. */
function mishaps(random: Random, billing: Billing, today: Date): void {
  const taken = billing.payments.filter((payment) => payment.status === 'succeeded' && payment.createdAt < addDays(today, -2));
  const older = taken.filter((payment) => payment.createdAt < addDays(today, -25));
  const [first, ...rest] = older;
  if (first && random.chance(0.22)) {
    const payment = random.pick([first, ...rest]);
    refund(payment, payment.amountCents, addDays(payment.createdAt, random.int(2, 24)));
  } else if (taken[0] && random.chance(0.14)) {
    const last = taken.at(-1) ?? taken[0];
    const twice = duplicateCharge(random, last);
    if (last.createdAt < addDays(today, -20)) refund(twice, twice.amountCents, addDays(twice.createdAt, random.int(1, 6)));
    billing.payments.push(twice);
  }
  if (billing.invoices.length > 0 && random.chance(0.25)) billing.credits.push(unusedCredit(random, today));
}

function usedCredit(random: Random, period: Period): CreditDraft {
  const createdAt = addDays(period.start, -random.int(5, 20));
  const amountCents = random.pick([5_00, 10_00]);
  const id = random.id('cred', createdAt);
  return {
    id,
    amountCents,
    usedCents: amountCents,
    kind: 'goodwill',
    status: 'used',
    reason: 'slow loading on the days of the incident',
    expiresAt: addMonths(createdAt, 12),
    createdAt,
  };
}

const CREDITS = [
  ['promotional', 25_00, 'referral of another team'],
  ['promotional', 50_00, 'welcome offer of the annual plan'],
  ['goodwill', 20_00, 'late reply to a support request'],
  ['goodwill', 40_00, 'an export that had to be repeated'],
  ['migration', 100_00, 'move from another tool'],
] as const;

function unusedCredit(random: Random, today: Date): CreditDraft {
  const [kind, amountCents, reason] = random.pick(CREDITS);
  const createdAt = addDays(today, -random.int(10, 500));
  const expiresAt = addMonths(createdAt, 12);
  return { id: random.id('cred', createdAt), amountCents, usedCents: 0, kind, status: expiresAt < today ? 'expired' : 'active', reason, expiresAt, createdAt };
}

function habitOf({ plan, random }: Account): PayingHabit {
  if (plan === 'enterprise') return { method: 'bank transfer', cardLast4: null, paysAfterDays: random.int(6, 24) };
  const last4 = String(random.int(1_000, 9_999));
  return { method: random.pick(['Visa', 'Visa', 'Mastercard', 'American Express']), cardLast4: last4, paysAfterDays: 0 };
}

/** Numbers in the order of issue, counted per year; called once for all accounts. */
export function numberInvoices(invoices: readonly InvoiceDraft[]): void {
  const counts = new Map<number, number>();
  for (const invoice of invoices.toSorted((a, b) => a.issuedAt.getTime() - b.issuedAt.getTime() || (a.id < b.id ? -1 : 1))) {
    const year = invoice.issuedAt.getUTCFullYear();
    const count = (counts.get(year) ?? 0) + 1;
    counts.set(year, count);
    invoice.number = `LW-${year}-${String(count).padStart(5, '0')}`;
  }
}
