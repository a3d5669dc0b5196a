/** Reads what an agent needs in front of it for one message: the customer's row, the open invoices, and what was said before. */
import type { Database } from '../store/database.ts';
import type { Customer, Invoice, Run } from '../store/generated/prisma/client.ts';
import type { Turn, TurnCustomer, TurnMessage } from '../orchestration/turn.ts';

/** Messages looked at; the token budget cuts further. */
const HISTORY_MESSAGES_MAX = 100;
const INVOICES_MAX = 5;

export async function loadTurn(database: Database, run: Run, now: Date): Promise<Turn> {
  const { conversationId, messageId } = run;
  if (!conversationId || !messageId) throw new Error(`run ${run.id} answers no message`);
  const question = await database.message.findUniqueOrThrow({
    where: { id: messageId },
    include: {
      conversation: { include: { customer: { include: { invoices: { where: { status: 'open' }, orderBy: { dueAt: 'asc' }, take: INVOICES_MAX } } } } },
    },
  });
  const { conversation } = question;
  // Later questions wait in the queue and are not part of this turn; every answer so far is.
  const said = await database.message.findMany({
    where: {
      conversationId,
      id: { not: messageId },
      OR: [{ role: { in: ['agent', 'person'] } }, { role: 'customer', createdAt: { lte: question.createdAt } }],
      NOT: { role: 'agent', runId: run.id },
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: HISTORY_MESSAGES_MAX,
    select: { role: true, text: true },
  });
  const history = said.toReversed().flatMap(({ role, text }): TurnMessage[] => (role === 'system' || text === '' ? [] : [{ role, text }]));
  const { customer } = conversation;
  return {
    runId: run.id,
    attempt: run.attempt,
    conversationId,
    customerId: customer.id,
    customer: describe(customer, customer.invoices),
    text: question.text,
    history,
    lastAgentId: conversation.agentId,
    now,
  };
}

function describe(customer: Customer, invoices: readonly Invoice[]): TurnCustomer {
  return {
    name: customer.name,
    company: customer.company,
    plan: customer.plan,
    status: customer.status.replace('_', ' '),
    health: `${healthWord(customer.healthScore)} (${customer.healthScore} of 100)`,
    language: customer.language,
    since: customer.createdAt.toISOString().slice(0, 10),
    openInvoices: invoices.map(
      (invoice) => `${invoice.number} over ${invoice.amountDue.toFixed(2)} ${invoice.currency}, due ${invoice.dueAt.toISOString().slice(0, 10)}`,
    ),
  };
}

function healthWord(score: number): string {
  if (score >= 80) return 'excellent';
  if (score >= 60) return 'good';
  return score >= 40 ? 'fair' : 'poor';
}
