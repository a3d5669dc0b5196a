/** The rows of a new escalation: what it is worth, who takes it, what is promised, what a person must know, and what the customer reads when nobody is there. */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Database } from '../store/database.ts';
import { priorityOf, teamOf, type Team } from '../store/escalation.ts';
import type { Customer, Escalation, Message, Prisma, Priority } from '../store/generated/prisma/client.ts';
import { centsOf } from '../store/money.ts';
import { readPolicy } from '../store/policy.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { agentEntry, auditEntry, systemEntry } from './audit.ts';
import { takeConversation } from './conversation-lock.ts';
import { OPEN } from './escalation-hold.ts';
import { calendarOf, termsFrom } from './escalation-terms.ts';
import { nextOpening } from './sla-clock.ts';

/** Who raises: somebody who was let in, or an agent or a rule on behalf of the customer it serves. */
export type Raiser = Viewer | { readonly kind: 'agent'; readonly agentId: string } | { readonly kind: 'system' };

export interface RaiseEscalation {
  readonly conversationId: string;
  /** One or two sentences for a support lead. */
  readonly reason: string;
  /** The rules that fired, by name. */
  readonly rules?: readonly string[];
  /** Left out: by the rules and the policy. */
  readonly team?: Team | null;
  /** Left out: by the policy's points. */
  readonly priority?: Priority | null;
  /** What the words say; medium when left out. Counts for the priority. */
  readonly urgency?: Priority;
  /** -1 to 1; 0 when left out. Counts for the priority. */
  readonly sentiment?: number;
  /** What a person must know at a glance, besides what the desk knows itself. */
  readonly snapshot?: Prisma.InputJsonObject;
}

export interface Raised {
  readonly escalation: Escalation;
  /** False when there was an open one, which is answered then. */
  readonly raised: boolean;
  /** What was said to the customer because nobody is there. */
  readonly notice: Message | null;
}

export interface RaiseDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly redaction: RedactionPolicy;
}

const REASON_CHARS_MAX = 1_000;

export async function writeRaised(
  { database, clock, timeZone, redaction }: RaiseDeps,
  tx: Prisma.TransactionClient,
  by: Raiser,
  input: RaiseEscalation,
): Promise<Raised> {
  const { conversationId } = input;
  const reason = redact(checkReason(input.reason), redaction).text;
  const policy = await readPolicy(database);
  await takeConversation(tx, conversationId);
  const open = await tx.escalation.findFirst({ where: { conversationId, ...OPEN } });
  if (open) return { escalation: open, raised: false, notice: null };
  const { customer, ...conversation } = await tx.conversation.findUniqueOrThrow({ where: { id: conversationId }, include: { customer: true } });
  if (conversation.status === 'resolved') throw new AppError('CONVERSATION_CLOSED', 'This conversation is resolved. Reopen it with reopenConversation first.');
  const now = clock.now();
  const monthlyValueCents = centsOf(customer.mrr);
  const urgency = input.urgency ?? 'medium';
  const rules = input.rules ?? [];
  const priority = input.priority ?? priorityOf({ plan: customer.plan, urgency, sentiment: input.sentiment ?? 0, monthlyValueCents }, policy);
  const promised = { plan: customer.plan, priority };
  const asked = await tx.message.findMany({
    where: { conversationId, role: 'customer' },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: 100,
    select: { id: true },
  });
  const known = {
    plan: customer.plan,
    accountStatus: customer.status,
    monthlyValue: customer.mrr.toFixed(2),
    subject: conversation.subject,
    agentId: conversation.agentId,
    messages: asked.length,
    lastMessageId: asked[0]?.id ?? null,
  };
  const escalation = await tx.escalation.create({
    data: {
      id: newId('esc'),
      conversationId,
      customerId: customer.id,
      priority,
      team: input.team ?? teamOf(rules, input.priority ?? urgency, monthlyValueCents, policy),
      reason,
      rules: [...rules],
      snapshot: { ...input.snapshot, ...known },
      ...raisedBy(by),
      ...termsFrom(now, promised, policy, timeZone),
      createdAt: now,
    },
  });
  await tx.conversation.update({ where: { id: conversationId }, data: { status: 'escalated' } });
  await tx.auditEntry.create({ data: entryOf(by, escalation.id, now) });
  const backAt = nextOpening(now, calendarOf(promised, policy, timeZone));
  return { escalation, raised: true, notice: backAt && (await writeNotice(tx, conversationId, noticeOf(backAt, customer, timeZone), now)) };
}

function writeNotice(tx: Prisma.TransactionClient, conversationId: string, text: string, now: Date): Promise<Message> {
  return tx.message.create({ data: { id: newId('msg'), conversationId, role: 'system', text, createdAt: now, finishedAt: now } });
}

/** In the customer's own time, where that is known. */
function noticeOf(backAt: Date, { timezone }: Customer, timeZone: string): string {
  return `A person will take this over. Our people are not there at the moment: they are back on ${when(backAt, timezone) ?? when(backAt, timeZone) ?? backAt.toISOString()}. What you write until then reaches them.`;
}

function when(at: Date, timeZone: string): string | null {
  try {
    const shown = { weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit', timeZone, timeZoneName: 'short' } as const;
    return new Intl.DateTimeFormat('en-GB', shown).format(at);
  } catch {
    // No name of a time zone: whoever registered the customer wrote something else.
    return null;
  }
}

function raisedBy(by: Raiser): Pick<Escalation, 'raisedByKind' | 'raisedById'> {
  switch (by.kind) {
    case 'agent':
      return { raisedByKind: 'agent', raisedById: by.agentId };
    case 'system':
      return { raisedByKind: 'system', raisedById: 'system' };
    case 'staff':
      return { raisedByKind: 'user', raisedById: viewerKey(by) };
    case 'customer':
    case 'partner':
      return { raisedByKind: by.kind, raisedById: viewerKey(by) };
  }
}

function entryOf(by: Raiser, escalationId: string, now: Date): Prisma.AuditEntryCreateInput {
  const changes = { fields: ['priority', 'team', 'reason', 'snapshot'] };
  if (by.kind === 'agent') return agentEntry(by.agentId, 'escalation.raise', 'escalation', escalationId, changes, now);
  if (by.kind === 'system') return systemEntry('escalation.raise', 'escalation', escalationId, changes, now);
  return auditEntry(by, 'escalation.raise', 'escalation', escalationId, changes, now);
}

function checkReason(reason: string): string {
  const text = reason.trim();
  if (text === '' || text.length > REASON_CHARS_MAX || text.includes('\u0000') || !text.isWellFormed())
    throw badInput('input.reason', `must have 1 to ${REASON_CHARS_MAX.toLocaleString('en-US')} characters of text.`);
  return text;
}
