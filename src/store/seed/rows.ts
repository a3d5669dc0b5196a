/** From drafts to rows: one list per table, in the order in which they can be written. Decides nothing. */
import type { Prisma } from '../generated/prisma/client.ts';
import { decimalText } from '../money.ts';
import type { Policy } from '../policy-schema.ts';
import { quotePlan } from '../pricing.ts';
import { FAILURES, type Account, type Billing, type InvoiceDraft, type PaymentDraft, type Term } from './draft.ts';
import type { ConversationDraft, Member, MessageDraft } from './conversation.ts';
import { createRandom } from './random.ts';
import { healthOf } from './usage.ts';

interface SeedRows {
  readonly customers: Prisma.CustomerCreateManyInput[];
  readonly contacts: Prisma.ContactCreateManyInput[];
  readonly notes: Prisma.CustomerNoteCreateManyInput[];
  readonly subscriptions: Prisma.PlanSubscriptionCreateManyInput[];
  readonly invoices: Prisma.InvoiceCreateManyInput[];
  readonly payments: Prisma.PaymentCreateManyInput[];
  readonly credits: Prisma.CreditCreateManyInput[];
  readonly usage: Prisma.UsageRecordCreateManyInput[];
  readonly healthEvents: Prisma.HealthEventCreateManyInput[];
}

export function customerRows(members: readonly Member[], policy: Policy, staffUserId: string, today: Date): SeedRows {
  return {
    customers: members.map(({ account, billing }) => customerRow(account, billing, policy, today)),
    contacts: members.flatMap(({ account }) => contactRows(account)),
    notes: members.flatMap(({ account }) =>
      account.notes.map(({ kind, text, createdAt }) => ({
        id: account.random.id('note', createdAt),
        customerId: account.id,
        kind,
        text,
        authorKind: 'user' as const,
        authorId: staffUserId,
        createdAt,
      })),
    ),
    subscriptions: members.flatMap(({ account, billing }) => billing.terms.map((term) => subscriptionRow(account, term, policy))),
    invoices: members.flatMap(({ account, billing }) => billing.invoices.map((invoice) => invoiceRow(account, invoice))),
    payments: members.flatMap(({ account, billing }) => billing.payments.map((payment) => paymentRow(account, payment))),
    credits: members.flatMap(({ account, billing }) =>
      billing.credits.map(({ amountCents, usedCents, ...credit }) => ({
        ...credit,
        customerId: account.id,
        amount: decimalText(amountCents),
        used: decimalText(usedCents),
      })),
    ),
    usage: members.flatMap(({ account, usage }) => usage.map((record) => ({ ...record, id: account.random.id('use', record.month), customerId: account.id }))),
    healthEvents: members.flatMap(({ account, billing }) =>
      healthOf(account, billing, today).map((event) => ({ ...event, id: account.random.id('hev', event.createdAt), customerId: account.id })),
    ),
  };
}

function customerRow(account: Account, { terms }: Billing, policy: Policy, today: Date): Prisma.CustomerCreateManyInput {
  const { id, partnerId, company, industry, country, timezone, plan, status, healthScore, churnRisk, lastSeenAt, createdAt, contacts } = account;
  const mrr = decimalText(mrrCents(account, terms.at(-1) ?? terms[0], policy));
  const { email, name } = contacts[0];
  return {
    id,
    partnerId,
    email,
    name,
    company,
    industry,
    country,
    timezone,
    plan,
    status,
    healthScore,
    churnRisk,
    mrr,
    lastSeenAt,
    createdAt,
    updatedAt: today,
  };
}

function contactRows(account: Account): Prisma.ContactCreateManyInput[] {
  return account.contacts.map((contact, index) => ({ ...contact, customerId: account.id, primary: index === 0 }));
}

function subscriptionRow(account: Account, term: Term, policy: Policy): Prisma.PlanSubscriptionCreateManyInput {
  const { id, plan, cycle, status, seats, seatsUsed, trialEndsAt, cancelAtPeriodEnd, canceledAt, periods } = term;
  const quote = quotePlan(policy, { plan, seats, cycle, programme: account.programme });
  const running = periods.at(-1) ?? periods[0];
  return {
    id,
    customerId: account.id,
    plan,
    cycle,
    status,
    seats,
    seatsUsed,
    seatPrice: decimalText(quote.listPerSeatCents),
    discountPercent: quote.totalPercent.toFixed(2),
    mrr: decimalText(mrrCents(account, term, policy)),
    startedAt: periods[0].start,
    currentPeriodStart: running.start,
    currentPeriodEnd: running.end,
    trialEndsAt,
    cancelAtPeriodEnd,
    canceledAt,
  };
}

/** What a subscription brings per month; nothing while it is tried out or once it has ended. */
function mrrCents({ programme }: Account, { plan, seats, cycle, status }: Term, policy: Policy): number {
  return status === 'trialing' || status === 'canceled' ? 0 : quotePlan(policy, { plan, seats, cycle, programme }).perMonthCents;
}

function invoiceRow(account: Account, invoice: InvoiceDraft): Prisma.InvoiceCreateManyInput {
  const { id, number, term, status, periodStart, periodEnd, issuedAt, dueAt, paidAt } = invoice;
  return {
    id,
    number,
    customerId: account.id,
    subscriptionId: term.id,
    status,
    subtotal: decimalText(invoice.subtotalCents),
    discount: decimalText(invoice.discountCents),
    total: decimalText(invoice.totalCents),
    amountDue: decimalText(status === 'paid' ? 0 : invoice.totalCents),
    lines: invoice.lines.map(({ description, quantity, unitPriceCents, amountCents }) => ({
      description,
      quantity,
      unitPrice: decimalText(unitPriceCents),
      amount: decimalText(amountCents),
    })),
    periodStart,
    periodEnd,
    issuedAt,
    dueAt,
    paidAt,
  };
}

function paymentRow(account: Account, payment: PaymentDraft): Prisma.PaymentCreateManyInput {
  const { id, invoice, amountCents, refundedCents, refundedAt, status, method, cardLast4, failureCode, attempt, createdAt, processedAt } = payment;
  return {
    id,
    customerId: account.id,
    invoiceId: invoice.id,
    amount: decimalText(amountCents),
    refunded: decimalText(refundedCents),
    refundedAt,
    status,
    method,
    cardLast4,
    failureCode,
    failureReason: failureCode ? FAILURES[failureCode] : null,
    attempt,
    createdAt,
    processedAt,
  };
}

interface TalkRows {
  readonly conversations: Prisma.ConversationCreateManyInput[];
  readonly messages: Prisma.MessageCreateManyInput[];
  readonly runs: Prisma.RunCreateManyInput[];
  readonly steps: Prisma.RunStepCreateManyInput[];
}

export function talkRows(conversations: readonly ConversationDraft[], staffUserId: string): TalkRows {
  const rows: TalkRows = { conversations: [], messages: [], runs: [], steps: [] };
  for (const conversation of conversations) {
    rows.conversations.push(conversationRow(conversation));
    for (const [index, message] of conversation.messages.entries()) {
      rows.messages.push(messageRow(conversation, message, staffUserId));
      const asked = conversation.messages[index - 1];
      if (message.by === 'customer' || message.by === 'person' || !asked || message.runId === null) continue;
      const { run, step } = runRows(conversation, message, message.runId, message.by, asked);
      rows.runs.push(run);
      rows.steps.push(step);
    }
  }
  return rows;
}

function conversationRow(conversation: ConversationDraft): Prisma.ConversationCreateManyInput {
  const { id, account, status, channel, agentId, handed, rating, ratingComment, createdAt, resolvedAt, messages } = conversation;
  const [first] = messages;
  const last = messages.at(-1) ?? first;
  return {
    id,
    customerId: account.id,
    status,
    channel,
    subject: first.text.length > 80 ? `${first.text.slice(0, 79).trimEnd()}…` : first.text,
    owner: status === 'escalated' ? 'people' : 'agents',
    // Handed to people once, and back to the agents when it was resolved.
    ownerVersion: handed ? (resolvedAt ? 3 : 2) : 1,
    agentId,
    rating,
    ratingComment,
    resolvedAt,
    lastMessageAt: last.createdAt,
    createdAt,
    updatedAt: resolvedAt ?? last.finishedAt,
  };
}

function messageRow(conversation: ConversationDraft, message: MessageDraft, staffUserId: string): Prisma.MessageCreateManyInput {
  const { id, by, text, createdAt, finishedAt, runId } = message;
  const author =
    by === 'customer'
      ? ({ role: 'customer', agentId: null, userId: null } as const)
      : by === 'person'
        ? ({ role: 'person', agentId: null, userId: staffUserId } as const)
        : ({ role: 'agent', agentId: by, userId: null } as const);
  return { id, conversationId: conversation.id, ...author, runId, text, citations: [], createdAt, finishedAt };
}

/** Millionths of a dollar per token of the model that answered: in, out. */
const PRICE_MICROS = { input: 1, output: 5 };

function runRows(
  { id: conversationId, account }: ConversationDraft,
  message: MessageDraft,
  runId: string,
  agentId: string,
  asked: MessageDraft,
): { run: Prisma.RunCreateManyInput; step: Prisma.RunStepCreateManyInput } {
  const random = createRandom(runId);
  const startedAt = new Date(asked.createdAt.getTime() + random.int(20, 120));
  const usage = { inputTokens: random.int(1_900, 4_800), outputTokens: Math.ceil(message.text.length / 4) };
  const micros = usage.inputTokens * PRICE_MICROS.input + usage.outputTokens * PRICE_MICROS.output;
  const paid = { ...usage, cost: (micros / 1_000_000).toFixed(6) };
  const { finishedAt } = message;
  const run: Prisma.RunCreateManyInput = {
    id: runId,
    workflow: 'reply',
    status: 'succeeded',
    conversationId,
    customerId: account.id,
    messageId: asked.id,
    agentId,
    input: {},
    result: { agentId, citations: [] },
    outcome: 'answered',
    finishReason: 'end_turn',
    progress: 100,
    attempt: 1,
    model: 'claude-haiku-4-5',
    ...paid,
    firstTokenMs: message.createdAt.getTime() - startedAt.getTime(),
    createdAt: asked.createdAt,
    startedAt,
    finishedAt,
  };
  const step: Prisma.RunStepCreateManyInput = {
    id: random.id('step', startedAt),
    runId,
    path: 'agent',
    attempt: 1,
    agentId,
    role: 'specialist',
    status: 'succeeded',
    ...paid,
    startedAt: new Date(startedAt.getTime() + 5),
    finishedAt,
  };
  return { run, step };
}
