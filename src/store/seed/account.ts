/** The hundred accounts: who they are, who works there and how they sign in. Their money is billing.ts, their past talks conversation.ts. */
import type { ContactRole, CustomerStatus, Plan } from '../generated/prisma/client.ts';
import { addDays } from '../period.ts';
import type { Programme } from '../policy-schema.ts';
import type { Account, Billing, ContactDraft, NoteDraft } from './draft.ts';
import { COMPANY_FIRST, COMPANY_SECOND, FAMILY_NAMES, GIVEN_NAMES, INDUSTRIES, PLACES, TITLES, slugOf } from './names.ts';
import { createRandom, type Random } from './random.ts';
import { termsOf } from './terms.ts';

const PLAN_COUNTS = { free: 30, basic: 40, premium: 20, enterprise: 10 } as const;

/** Customers, users and partners keep their ids whatever the day of seeding, so that these belong to a fixed moment. */
export const STABLE_DAY = new Date(Date.UTC(2024, 0, 1));

interface Wish {
  readonly plan: Plan;
  readonly status: CustomerStatus;
  readonly trial: boolean;
  readonly programme: Programme | null;
  readonly partnerId: string | null;
  readonly company: string;
}

/** All accounts but the demo customer, which takes one of the premium places. */
export function makeAccounts(partnerIds: readonly [string, string], now: Date, today: Date): { account: Account; terms: Billing['terms'] }[] {
  return wishes(partnerIds).map((wish, index) => makeAccount(createRandom(`account ${index}`), wish, now, today));
}

function wishes(partnerIds: readonly [string, string]): Wish[] {
  const random = createRandom('accounts');
  const plans = random.shuffled(
    (['free', 'basic', 'premium', 'enterprise'] as const).flatMap((plan) =>
      Array.from({ length: PLAN_COUNTS[plan] - (plan === 'premium' ? 1 : 0) }, () => plan),
    ),
  );
  const companies = random.shuffled(COMPANY_FIRST.flatMap((first) => COMPANY_SECOND.map((second) => `${first} ${second}`)));
  // In the order of the list: five behind with a payment, two suspended, two gone, three nonprofits, two on trial.
  const cardPayers = plans.flatMap((plan, index) => (plan === 'basic' || plan === 'premium' ? [index] : []));
  const statuses = new Map<number, CustomerStatus>(
    cardPayers.slice(0, 9).map((index, place) => [index, place < 5 ? 'past_due' : place < 7 ? 'suspended' : 'closed']),
  );
  const nonprofits = new Set(cardPayers.slice(9, 12));
  const trials = new Set(cardPayers.filter((index) => plans[index] === 'premium').slice(-2));
  return plans.map((plan, index) => ({
    plan,
    status: statuses.get(index) ?? 'active',
    trial: trials.has(index) && !statuses.has(index),
    programme: nonprofits.has(index) && !trials.has(index) ? 'nonprofit' : null,
    partnerId: index % 8 === 4 ? partnerIds[index % 16 === 4 ? 0 : 1] : null,
    company: companies[index] ?? `Customer ${index}`,
  }));
}

function makeAccount(random: Random, wish: Wish, now: Date, today: Date): { account: Account; terms: Billing['terms'] } {
  const { plan, status, programme, partnerId, company } = wish;
  const terms = termsOf(random, wish, today);
  const place = random.pick(PLACES);
  const createdAt = new Date(addDays(terms[0].periods[0].start, -random.int(0, 3)).getTime() - random.int(1, 10) * 3_600_000);
  const healthScore = { active: random.int(45, 96), past_due: random.int(25, 50), suspended: random.int(10, 30), closed: random.int(5, 20) }[status];
  const account: Account = {
    id: random.id('cus', STABLE_DAY),
    random,
    partnerId,
    company,
    industry: programme === 'nonprofit' ? 'nonprofit' : random.pick(INDUSTRIES),
    country: place.country,
    timezone: place.timezone,
    plan,
    status,
    programme,
    createdAt,
    lastSeenAt: addDays(today, -(status === 'closed' ? random.int(40, 70) : random.next() * 9)),
    healthScore,
    churnRisk: Math.round(Math.min(0.98, Math.max(0.02, 1 - healthScore / 100 + (random.next() - 0.5) * 0.2)) * 100) / 100,
    contacts: makeContacts(random, { plan, company, phone: place.phone, createdAt }, now, today),
    notes: makeNotes(random, wish, createdAt, today),
  };
  return { account, terms };
}

interface Workplace {
  readonly plan: Plan;
  readonly company: string;
  readonly phone: string;
  readonly createdAt: Date;
}

function makeContacts(random: Random, place: Workplace, now: Date, today: Date): Account['contacts'] {
  const count = { free: random.int(1, 2), basic: random.int(1, 3), premium: random.int(2, 4), enterprise: random.int(3, 6) }[place.plan];
  const roles: readonly ContactRole[] = ['billing', 'technical', 'user', 'user', 'user'];
  const given = random.shuffled(GIVEN_NAMES);
  const rest = roles.slice(0, count - 1).map((role, index) => makeContact(random, place, role, given[index + 1] ?? 'Alex', now, today));
  return [makeContact(random, place, 'admin', given[0] ?? 'Alex', now, today), ...rest];
}

function makeContact(random: Random, { plan, company, phone, createdAt }: Workplace, role: ContactRole, given: string, now: Date, today: Date): ContactDraft {
  const family = random.pick(FAMILY_NAMES);
  const signInMethod = plan === 'enterprise' && random.chance(0.8) ? 'sso' : random.chance(0.3) ? 'google' : 'password';
  const locked = signInMethod === 'password' && random.chance(0.08);
  return {
    id: random.id('con', createdAt),
    name: `${given} ${family}`,
    email: `${given}.${family}@${slugOf(company)}.example`.toLowerCase(),
    phone: random.chance(0.6) ? `${phone}${String(random.int(10, 99))}` : null,
    title: random.pick(TITLES[role]),
    role,
    signInMethod,
    twoFactor: signInMethod === 'password' && random.chance(plan === 'free' ? 0.15 : 0.45),
    failedSignIns: locked ? 5 : signInMethod === 'password' && random.chance(0.1) ? random.int(1, 4) : 0,
    // A lock lasts minutes: only one set just before the real now is a lock at all.
    lockedAt: locked ? new Date(now.getTime() - random.int(1, 20) * 60_000) : null,
    lastSignInAt: addDays(today, -random.next() * 20),
    createdAt,
  };
}

const NOTES = [
  ['sales', 'Came through the spring webinar; compared us with two other tools before signing up.'],
  ['sales', 'Asked about a larger team next year. Worth a call before the renewal.'],
  ['success', 'Onboarding finished: import from Trello went well, automations explained in a second session.'],
  ['success', 'Uses timeline and dashboards every week; would speak as a reference.'],
  ['support', 'Prefers short written answers over calls.'],
  ['support', 'Reported slow boards in the past; a browser extension was the cause.'],
  ['billing', 'Invoices must carry the purchase order number the finance team sends in January.'],
  ['technical', 'Runs an own integration for time sheets against the API.'],
  ['general', 'Office closed in the last two weeks of the year.'],
] as const;

function makeNotes(random: Random, { status, programme }: Wish, createdAt: Date, today: Date): NoteDraft[] {
  const days = Math.max(1, Math.floor((today.getTime() - createdAt.getTime()) / 86_400_000) - 1);
  const notes: NoteDraft[] = random
    .shuffled(NOTES)
    .slice(0, random.int(0, 3))
    .map(([kind, text]) => ({ kind, text, createdAt: addDays(createdAt, random.int(1, days)) }));
  if (programme === 'nonprofit')
    notes.push({ kind: 'billing', text: 'Proof of nonprofit status is on file; the programme discount applies.', createdAt: addDays(createdAt, 1) });
  if (status === 'suspended')
    notes.push({ kind: 'billing', text: 'Suspended after two unpaid invoices; reminders were sent to the billing contact.', createdAt: addDays(today, -2) });
  if (status === 'closed')
    notes.push({ kind: 'success', text: 'Left for budget reasons. Data was exported before the account was closed.', createdAt: addDays(today, -30) });
  return notes;
}
