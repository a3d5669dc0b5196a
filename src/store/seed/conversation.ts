/** Five hundred past conversations: which customer, when, about what, how it went, and the runs that wrote the answers. */
import type { Channel, ConversationStatus, UsageMetric } from '../generated/prisma/client.ts';
import { addDays, startOfMonth } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Account, Billing, SeedAgent, UsageDraft } from './draft.ts';
import { createRandom, type Random } from './random.ts';
import type { Facts, Script, Turn } from './script.ts';
import { INVOICE_SCRIPTS, PAYMENT_SCRIPTS, PRICING_SCRIPTS, REFUND_SCRIPTS } from './scripts-billing.ts';
import { API_SCRIPTS, FEATURE_SCRIPTS, USAGE_SCRIPTS } from './scripts-product.ts';
import { BUG_SCRIPTS, LOGIN_SCRIPTS } from './scripts-support.ts';

export interface Member {
  readonly account: Account;
  readonly billing: Billing;
  readonly usage: readonly UsageDraft[];
}

export interface ConversationDraft {
  readonly id: string;
  readonly account: Account;
  readonly status: ConversationStatus;
  readonly channel: Channel;
  readonly agentId: SeedAgent;
  /** A person of the desk took part. */
  readonly handed: boolean;
  readonly rating: number | null;
  readonly ratingComment: string | null;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
  readonly messages: readonly [MessageDraft, ...MessageDraft[]];
}

export interface MessageDraft {
  readonly id: string;
  readonly by: Turn['by'];
  readonly text: string;
  readonly createdAt: Date;
  readonly finishedAt: Date;
  /** The run that wrote it or that it started. */
  readonly runId: string | null;
}

const CONVERSATIONS = 500;
/** Of the demo customer, so that its own history shows something. */
const CONVERSATIONS_OF_DEMO = 7;
const SUBJECTS: readonly [readonly Script[], ...(readonly Script[])[]] = [
  REFUND_SCRIPTS,
  INVOICE_SCRIPTS,
  PAYMENT_SCRIPTS,
  PRICING_SCRIPTS,
  LOGIN_SCRIPTS,
  BUG_SCRIPTS,
  USAGE_SCRIPTS,
  FEATURE_SCRIPTS,
  FEATURE_SCRIPTS,
  API_SCRIPTS,
];
/** How often customers of a plan write, relative to each other. */
const WEIGHTS = { free: 2, basic: 5, premium: 7, enterprise: 9 } as const;

/** @param members The demo customer first. */
export function makeConversations(members: readonly [Member, ...Member[]], policy: Policy, today: Date): ConversationDraft[] {
  const random = createRandom('conversations');
  const [demo, ...others] = members;
  const lots = others.flatMap((member) => Array.from({ length: WEIGHTS[member.account.plan] }, () => member));
  return Array.from({ length: CONVERSATIONS }, (_, index) => {
    const member = index < CONVERSATIONS_OF_DEMO ? demo : (lots[random.int(0, lots.length - 1)] ?? demo);
    return makeConversation(createRandom(`conversation ${index}`), member, policy, today);
  });
}

function makeConversation(random: Random, member: Member, policy: Policy, today: Date): ConversationDraft {
  const { account } = member;
  const createdAt = momentFor(random, member, today);
  const turns = turnsFor(factsAt(random, member, policy, createdAt));
  const messages = timeMessages(random, turns, createdAt);
  const last = messages.at(-1) ?? messages[0];
  const young = createdAt > addDays(today, -4);
  const handed = turns.some((turn) => turn.by === 'person');
  const open = handed ? 'escalated' : 'active';
  const status = young && random.chance(0.4) ? open : 'resolved';
  const resolvedAt = status === 'resolved' ? new Date(last.finishedAt.getTime() + random.int(1, 90) * 60_000) : null;
  const rating = resolvedAt && random.chance(0.45) ? ratingOf(random, handed) : null;
  return {
    id: random.id('conv', createdAt),
    account,
    status,
    channel: random.pick(['web', 'web', 'web', 'email', 'mobile', 'api']),
    agentId: turns.findLast((turn): turn is Turn & { by: SeedAgent } => turn.by !== 'customer' && turn.by !== 'person')?.by ?? 'billing_agent',
    handed,
    rating: rating?.stars ?? null,
    ratingComment: rating?.comment ?? null,
    createdAt,
    resolvedAt,
    messages,
  };
}

/** A working hour of the past year, more often of late, while the account existed. */
function momentFor(random: Random, { account, billing }: Member, today: Date): Date {
  const ended = billing.terms.at(-1)?.canceledAt;
  const end = ended && ended < today ? ended : addDays(today, -1);
  const days = Math.max(0, Math.min(365, Math.floor((end.getTime() - account.createdAt.getTime()) / 86_400_000) - 3));
  const date = addDays(end, -Math.floor(days * random.next() ** 1.6));
  return new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000 + random.int(8 * 3_600, 19 * 3_600) * 1_000);
}

function factsAt(random: Random, { account, billing, usage }: Member, policy: Policy, at: Date): Facts {
  const term = billing.terms.findLast((candidate) => candidate.periods[0].start <= at) ?? billing.terms[0];
  const period = term.periods.findLast((candidate) => candidate.start <= at) ?? term.periods[0];
  const done = billing.payments.filter((payment) => payment.processedAt < at);
  const invoices = billing.invoices.filter((invoice) => invoice.issuedAt < at);
  const failed = done.findLast((payment) => payment.status === 'failed' && payment.processedAt > addDays(at, -21)) ?? null;
  const lastMonth = usage.findLast((record) => record.month < startOfMonth(at))?.month ?? null;
  const records = usage.filter((record) => record.month.getTime() === lastMonth?.getTime());
  return {
    at,
    random,
    policy,
    account,
    givenName: account.contacts[0].name.split(' ')[0] ?? account.contacts[0].name,
    plan: term.plan,
    cycle: term.cycle,
    seats: period.seats,
    periodEnd: period.end,
    cancelAtPeriodEnd: term.cancelAtPeriodEnd,
    lastPaid: done.findLast((payment) => payment.failureCode === null && payment.refundedCents === 0) ?? null,
    lastInvoice: invoices.at(-1) ?? null,
    invoiceBefore: invoices.at(-2) ?? null,
    failed,
    retried: done.find((payment) => payment.status === 'succeeded' && payment.invoice === failed?.invoice) ?? null,
    refundsBefore: done.flatMap((payment) =>
      payment.refundedAt !== null && payment.refundedAt < at ? [{ refundedAt: payment.refundedAt, duplicate: isDuplicate(payment, done) }] : [],
    ),
    overdue: invoices.some((invoice) => invoice.dueAt < at && (invoice.paidAt === null || invoice.paidAt > at)),
    refunded: done.find((payment) => payment.refundedAt !== null && payment.refundedAt < at && payment.refundedAt > addDays(at, -14)) ?? null,
    duplicate: done.find((payment) => isDuplicate(payment, done) && payment.refundedAt !== null && payment.refundedAt > at) ?? null,
    usage: new Map<UsageMetric, number>(records.map((record) => [record.metric, record.quantity])),
    usageMonth: lastMonth,
  };
}

function isDuplicate(payment: Billing['payments'][number], payments: Billing['payments']): boolean {
  return payments.some((other) => other !== payment && other.invoice === payment.invoice && other.status === 'succeeded');
}

/** The turns of a subject that fits; how-to questions fit everyone, so that the search ends. */
function turnsFor(facts: Facts): readonly [Turn, ...Turn[]] {
  const { random } = facts;
  // What is troubling this customer these days comes first.
  const urgent = [facts.duplicate ? REFUND_SCRIPTS : [], facts.failed ? PAYMENT_SCRIPTS : [], facts.refunded ? REFUND_SCRIPTS : []].filter(
    (scripts) => scripts.length > 0 && random.chance(0.7),
  );
  for (const scripts of [...urgent, random.pick(SUBJECTS), random.pick(SUBJECTS), FEATURE_SCRIPTS]) {
    for (const script of random.shuffled(scripts)) {
      const [first, ...rest] = script(facts) ?? [];
      if (first) return [first, ...rest, ...farewell(facts, [first, ...rest])];
    }
  }
  throw new Error('no script fits this customer');
}

function farewell({ random, givenName }: Facts, turns: readonly Turn[]): Turn[] {
  const last = turns.at(-1);
  if (!last || last.by === 'customer' || last.by === 'person' || turns.length > 6 || !random.chance(0.4)) return [];
  const thanks = random.pick([
    'Thanks!',
    'Perfect, thank you.',
    'That helps, thanks a lot.',
    'Great, that is all I needed.',
    'OK, thank you for the quick answer.',
  ]);
  const bye = random.pick([
    `You're welcome, ${givenName}.`,
    'Happy to help. Have a good day!',
    'Any time. Just write here if something else comes up.',
    "You're welcome. Good luck with your projects!",
  ]);
  return [
    { by: 'customer', text: thanks },
    { by: last.by, text: bye },
  ];
}

function timeMessages(random: Random, turns: readonly [Turn, ...Turn[]], createdAt: Date): readonly [MessageDraft, ...MessageDraft[]] {
  let at = createdAt.getTime();
  let runId: string | null = null;
  const [first, ...rest] = turns.map((turn, index): MessageDraft => {
    const next = turns[index + 1]?.by;
    const byAgent = turn.by !== 'customer' && turn.by !== 'person';
    const created = new Date(at);
    // An agent writes for some seconds; the others send at once.
    const finished = byAgent ? new Date(at + 900 + turn.text.length * random.int(12, 22)) : created;
    if (turn.by === 'customer') runId = next !== undefined && next !== 'person' && next !== 'customer' ? random.id('run', created) : null;
    const message = {
      id: random.id('msg', created),
      by: turn.by,
      text: turn.text,
      createdAt: created,
      finishedAt: finished,
      runId: turn.by === 'person' ? null : runId,
    };
    const wait =
      turn.by === 'customer' && next !== 'person' ? random.int(700, 2_400) : next === 'person' ? random.int(4, 40) * 60_000 : random.int(40, 420) * 1_000;
    at = finished.getTime() + wait;
    return message;
  });
  if (!first) throw new Error('a conversation needs a message');
  return [first, ...rest];
}

const COMMENTS = {
  5: ['Fast and clear.', 'Exactly what I needed.', 'Better than waiting on the phone!', null, null, null],
  4: ['Good answer.', 'Solved, took two questions.', null, null, null],
  3: ['It works now, but I had to ask twice.', 'OK.', null],
  2: ['Not the answer I hoped for.', 'Too general.', null],
  1: ['Did not solve my problem.', null],
} as const;

function ratingOf(random: Random, byPerson: boolean): { stars: 1 | 2 | 3 | 4 | 5; comment: string | null } {
  const stars = byPerson ? random.pick([5, 5, 4]) : random.pick([5, 5, 5, 5, 4, 4, 4, 3, 2, 1]);
  return { stars, comment: random.pick(COMMENTS[stars]) };
}
