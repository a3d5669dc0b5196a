/**
 * Tickets: work for the people behind the desk, opened by agents. One per call however often it is repeated, and one per customer and
 * known issue while that is open. Works on none of them and promises nothing about when somebody does.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Severity, Ticket, TicketKind } from '../store/generated/prisma/client.ts';
import { agentEntry } from './audit.ts';

const TITLE_CHARS_MAX = 160;
const DESCRIPTION_CHARS_MAX = 5_000;

export interface NewTicket {
  readonly customerId: string;
  readonly conversationId: string | null;
  readonly kind: TicketKind;
  readonly title: string;
  readonly description: string;
  readonly severity: Severity;
  readonly knownIssueId?: string | undefined;
  readonly agentId: string;
  readonly callId: string;
}

export interface TicketDesk {
  /**
   * The ticket of this call; the customer's open ticket on the same known issue when there is one (its `callId` is another then).
   * @throws AppError NOT_FOUND for a known issue that does not exist; BAD_INPUT for words that are too long or none.
   */
  open(ticket: NewTicket): Promise<Ticket>;
}

export function createTicketDesk({ database, clock }: { readonly database: Database; readonly clock: Clock }): TicketDesk {
  return Object.freeze<TicketDesk>({ open: (ticket) => database.$transaction((tx) => openTicket(tx, ticket, clock.now())) });
}

/** The same inside a transaction, for verbs that leave a ticket where they may not act. A ticket must not be undone with the refusal: commit, then refuse. */
export async function openTicket(tx: Prisma.TransactionClient, ticket: NewTicket, now: Date): Promise<Ticket> {
  const { customerId, conversationId, kind, severity, knownIssueId, agentId, callId } = ticket;
  const title = checkWords('title', ticket.title, TITLE_CHARS_MAX);
  const description = checkWords('description', ticket.description, DESCRIPTION_CHARS_MAX);
  // Two calls of one customer wait for each other here; without it both would find no ticket and open one.
  await lockCustomer(tx, customerId);
  const repeated = await tx.ticket.findUnique({ where: { callId } });
  if (repeated && repeated.customerId !== customerId) throw new AppError('CONFLICT', 'This call opened a ticket for somebody else.');
  if (repeated) return repeated;
  if (knownIssueId !== undefined) {
    if (!(await tx.knownIssue.findUnique({ where: { id: knownIssueId }, select: { id: true } }))) throw notFound('known issue');
    const same = await tx.ticket.findFirst({ where: { customerId, knownIssueId, status: { not: 'resolved' } }, orderBy: { createdAt: 'asc' } });
    if (same) return same;
  }
  const row = await tx.ticket.create({
    data: {
      id: newId('tkt'),
      kind,
      customerId,
      conversationId,
      title,
      description,
      severity,
      knownIssueId: knownIssueId ?? null,
      callId,
      createdAt: now,
    },
  });
  await tx.auditEntry.create({ data: agentEntry(agentId, 'ticket.open', 'ticket', row.id, { fields: ['kind', 'title', 'description', 'severity'] }, now) });
  return row;
}

/**
 * Makes the acts of one customer follow each other until the transaction ends; others are not kept waiting.
 * @throws AppError NOT_FOUND for a customer that does not exist.
 */
export async function lockCustomer(tx: Prisma.TransactionClient, customerId: string): Promise<void> {
  const rows = await tx.$queryRaw<{ id: string }[]>`SELECT "id" FROM "Customer" WHERE "id" = ${customerId} FOR NO KEY UPDATE`;
  if (rows.length === 0) throw notFound('customer');
}

function checkWords(field: string, text: string, charsMax: number): string {
  const words = text.trim();
  if (words === '' || words.length > charsMax || words.includes('\u0000'))
    throw badInput(`input.${field}`, `must have 1 to ${charsMax.toLocaleString('en-US')} characters.`);
  return words;
}
