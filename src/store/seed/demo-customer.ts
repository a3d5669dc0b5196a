/**
 * The customer whose questions the demo answers: Dana Reyes of Northwind Studio. Premium for fourteen months, paid nine days ago and
 * charged twice that day, one card that failed once and then worked, four seats added three days ago on an invoice not yet due, one
 * colleague locked out. All by the same price rules as everyone else.
 */
import { addDays, addMonths } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import { prorate, quotePlan } from '../pricing.ts';
import { STABLE_DAY } from './account.ts';
import { cardPayments, duplicateCharge, invoiceOf, refund, type PayingHabit } from './billing.ts';
import type { Account, Billing, ContactDraft, InvoiceDraft, Term } from './draft.ts';
import { createRandom } from './random.ts';
import { termEnding } from './terms.ts';

const SEATS = 30;
/** Before the four seats of three days ago. */
const SEATS_BEFORE = 26;
const MONTHS = 14;
const VISA: PayingHabit = { method: 'Visa', cardLast4: '4242', paysAfterDays: 0 };

export function makeDemoCustomer(policy: Policy, now: Date, today: Date): { account: Account; billing: Billing } {
  const random = createRandom('the demo customer');
  const lastStart = addDays(today, -9);
  const paid = termEnding(random, { plan: 'premium', cycle: 'monthly', seats: SEATS_BEFORE, count: MONTHS + 1, lastStart });
  const term: Term = { ...paid, seats: SEATS, seatsUsed: 28 };
  const createdAt = addDays(term.periods[0].start, -2);
  const account: Account = {
    id: random.id('cus', STABLE_DAY),
    random,
    partnerId: null,
    company: 'Northwind Studio',
    industry: 'marketing',
    country: 'US',
    timezone: 'America/New_York',
    plan: 'premium',
    status: 'active',
    programme: null,
    createdAt,
    lastSeenAt: addDays(today, -0.3),
    healthScore: 82,
    churnRisk: 0.14,
    contacts: contactsOf(createRandom('the demo customer at work'), createdAt, now, today),
    notes: [
      { kind: 'success', text: 'Rolled out to the whole studio; client projects run on templates with automations.', createdAt: addMonths(today, -6) },
      { kind: 'billing', text: 'Wants invoices by email to the billing contact as well.', createdAt: addMonths(today, -3) },
    ],
  };
  return { account, billing: billingOf(account, term, policy, today) };
}

function contactsOf(random: Account['random'], createdAt: Date, now: Date, today: Date): Account['contacts'] {
  const contact = (given: string, family: string, rest: Pick<ContactDraft, 'role' | 'title'> & Partial<ContactDraft>): ContactDraft => ({
    id: random.id('con', createdAt),
    name: `${given} ${family}`,
    email: `${given}.${family}@northwind-studio.example`.toLowerCase(),
    phone: null,
    signInMethod: 'password',
    twoFactor: false,
    failedSignIns: 0,
    lockedAt: null,
    lastSignInAt: addDays(today, -random.next() * 3),
    createdAt,
    ...rest,
  });
  return [
    contact('Dana', 'Reyes', { role: 'admin', title: 'Studio Director', phone: '+1 212 555 0142', twoFactor: true }),
    contact('Marcus', 'Lee', { role: 'billing', title: 'Finance Manager', signInMethod: 'google' }),
    contact('Ivy', 'Chen', { role: 'technical', title: 'Lead Developer', twoFactor: true }),
    contact('Theo', 'Brandt', {
      role: 'user',
      title: 'Project Manager',
      failedSignIns: 5,
      lockedAt: new Date(now.getTime() - 4 * 60_000),
      lastSignInAt: addDays(today, -2),
    }),
  ];
}

function billingOf(account: Account, term: Term, policy: Policy, today: Date): Billing {
  const { random } = account;
  const invoices = term.periods.map((period) => invoiceOf(account, term, period, policy, VISA, null));
  // The month before last: declined once, taken three days later.
  const payments = invoices.flatMap((invoice, index) => cardPayments(random, invoice, VISA, index === invoices.length - 3 ? 1 : 0, 'insufficient_funds'));
  const last = payments.at(-1);
  if (last) payments.push(duplicateCharge(random, last));
  // Five months ago it happened once before, and was given back after two days.
  const before = payments.find((payment) => payment.invoice === invoices.at(-6) && payment.status === 'succeeded');
  if (before) {
    const twice = duplicateCharge(createRandom('the demo customer, charged twice before'), before);
    refund(twice, twice.amountCents, addDays(twice.createdAt, 2));
    payments.push(twice);
  }
  return {
    terms: [term],
    invoices: [...invoices, ...seatsAdded(account, term, policy, today)],
    payments,
    credits: [
      {
        id: random.id('cred', addDays(today, -40)),
        amountCents: 40_00,
        usedCents: 0,
        kind: 'goodwill',
        status: 'active',
        reason: 'an export that had to be repeated',
        expiresAt: addMonths(addDays(today, -40), 12),
        createdAt: addDays(today, -40),
      },
    ],
  };
}

/** The open invoice: four more seats for the rest of the period, as the proration rule prices them. */
function seatsAdded({ random }: Account, term: Term, policy: Policy, today: Date): InvoiceDraft[] {
  const period = term.periods.at(-1);
  if (!period) return [];
  const at = addDays(today, -3);
  const paidCents = quotePlan(policy, { plan: 'premium', seats: SEATS_BEFORE, cycle: 'monthly' }).perPeriodCents;
  const change = prorate(policy, {
    paidCents,
    cycle: 'monthly',
    periodStart: period.start,
    periodEnd: period.end,
    to: { plan: 'premium', seats: SEATS, cycle: 'monthly' },
    at,
  });
  const issuedAt = new Date(at.getTime() + 14 * 3_600_000);
  return [
    {
      id: random.id('inv', issuedAt),
      term,
      seats: SEATS,
      lines: [
        {
          description: `premium plan, from ${SEATS_BEFORE} to ${SEATS} seats, ${change.daysLeft} of ${change.daysInPeriod} days`,
          quantity: 1,
          unitPriceCents: change.chargeCents,
          amountCents: change.chargeCents,
        },
      ],
      subtotalCents: change.chargeCents,
      discountCents: 0,
      totalCents: change.chargeCents,
      periodStart: at,
      periodEnd: period.end,
      issuedAt,
      dueAt: addDays(issuedAt, 14),
      number: '',
      status: 'open',
      paidAt: null,
    },
  ];
}
