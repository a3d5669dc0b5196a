/** One customer with something of every kind that can hang on one, all of it marked: whatever shows the mark shows what is theirs. */
import { newId } from '../../src/foundation/ids.ts';
import type { Database } from '../../src/store/database.ts';

export interface Belongings {
  readonly customerId: string;
  readonly mark: string;
  readonly email: string;
  /** Ids by the name of their type in the schema. */
  readonly ids: Readonly<Record<string, string>>;
}

export interface BelongingsOf {
  readonly partnerId: string | null;
  /** A word that stands in every text. */
  readonly mark: string;
  /** Who holds its conversation; nobody without. */
  readonly holderId?: string | undefined;
}

const AT = new Date('2026-03-01T10:00:00Z');

export async function addBelongings(database: Database, { partnerId, mark, holderId }: BelongingsOf): Promise<Belongings> {
  const customerId = newId('cus');
  const email = `${mark}@${mark}.example`;
  if (partnerId) await database.partner.upsert({ where: { id: partnerId }, create: { id: partnerId, name: 'Partner' }, update: {} });
  await database.customer.create({ data: { id: customerId, email, name: `${mark} Studio`, company: `${mark} Ltd`, partnerId } });
  const ids = { Customer: customerId, ...(await addRecords(database, customerId, mark, email)), ...(await addTalk(database, customerId, mark, holderId)) };
  return { customerId, mark, email, ids };
}

async function addRecords(database: Database, customerId: string, mark: string, email: string): Promise<Record<string, string>> {
  const contact = { id: newId('con'), customerId, name: `${mark} Wolf`, email: `lea.${email}`, phone: '+1 212 555 0142', role: 'admin' } as const;
  const note = { id: newId('note'), customerId, text: `${mark} noted, write to lea.${email}`, authorKind: 'user', authorId: 'user:usr_test' } as const;
  const money = { subtotal: 10, total: 10, amountDue: 10 };
  const period = { currentPeriodStart: AT, currentPeriodEnd: new Date('2026-04-01T10:00:00Z') };
  const sub = { id: newId('sub'), customerId, plan: 'basic', cycle: 'monthly', status: 'active', seats: 1, seatsUsed: 1, seatPrice: 10, mrr: 10 } as const;
  const invoice = { id: newId('inv'), number: `INV-${mark}`, customerId, status: 'open', lines: [], periodStart: AT, periodEnd: AT, issuedAt: AT } as const;
  const payment = { id: newId('pay'), customerId, amount: 10, status: 'succeeded', method: 'Visa', createdAt: AT } as const;
  const credit = { id: newId('cred'), customerId, amount: 5, kind: 'goodwill', status: 'active', reason: mark, createdAt: AT } as const;
  const used = { id: newId('use'), customerId, metric: 'api_calls', quantity: 1, month: AT } as const;
  await database.contact.create({ data: contact });
  await database.customerNote.create({ data: note });
  await database.planSubscription.create({ data: { ...sub, ...period, startedAt: AT } });
  await database.invoice.create({ data: { ...invoice, ...money, dueAt: AT } });
  await database.payment.create({ data: payment });
  await database.credit.create({ data: credit });
  await database.usageRecord.create({ data: used });
  return {
    Contact: contact.id,
    CustomerNote: note.id,
    PlanSubscription: sub.id,
    Invoice: invoice.id,
    Payment: payment.id,
    Credit: credit.id,
    UsageRecord: used.id,
  };
}

/** A conversation in which a person was asked for, and an act that waits for one. */
async function addTalk(database: Database, customerId: string, mark: string, holderId?: string): Promise<Record<string, string>> {
  const conversation = { id: newId('conv'), customerId, subject: `${mark} asks`, status: 'escalated', lastMessageAt: AT, createdAt: AT } as const;
  const message = { id: newId('msg'), conversationId: conversation.id, role: 'customer', text: `${mark} says hello`, createdAt: AT } as const;
  const run = { id: newId('run'), workflow: 'reply', conversationId: conversation.id, customerId, messageId: message.id, input: {}, createdAt: AT } as const;
  const step = { id: newId('step'), runId: run.id, path: 'agent', role: 'agent', attempt: 1, output: { text: mark }, startedAt: AT } as const;
  const words = { reason: `${mark} wants a person`, snapshot: { about: mark }, team: 'tier2_support' } as const;
  const raised = { raisedByKind: 'customer', raisedById: `customer:${customerId}`, firstReplyDueAt: AT, createdAt: AT } as const;
  const escalation = { id: newId('esc'), conversationId: conversation.id, customerId, priority: 'medium', ...words, ...raised } as const;
  await database.conversation.create({ data: { ...conversation, owner: holderId ? 'people' : 'agents' } });
  await database.message.create({ data: message });
  await database.run.create({ data: { ...run, status: 'waiting', result: { text: mark } } });
  await database.runStep.create({ data: step });
  const held = holderId ? ({ status: 'claimed', claimedById: holderId, claimedAt: AT, lastReplyAt: AT } as const) : {};
  await database.escalation.create({ data: { ...escalation, ...held } });
  const approval = {
    id: newId('appr'),
    runId: run.id,
    step: 'agent',
    conversationId: conversation.id,
    customerId,
    agentId: 'first_agent',
    tool: 'issue_refund',
    arguments: { to: mark },
    argumentsShown: { to: mark },
    argumentsHash: 'hash',
    risk: 'low',
    summary: `Refund ${mark}`,
    requestedBy: 'first_agent',
    neededLevel: 'agent',
    peopleNeeded: 1,
    expiresAt: new Date('2100-01-01T00:00:00Z'),
    createdAt: AT,
  } as const;
  await database.approval.create({ data: approval });
  return {
    Conversation: conversation.id,
    Message: message.id,
    Run: run.id,
    RunStep: step.id,
    Escalation: escalation.id,
    Approval: approval.id,
  };
}
