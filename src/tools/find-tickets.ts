/** `find_tickets`: the customer's own tickets and where they stand. Opens and changes none. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { KnownIssue, Ticket, TicketStatus } from '../store/generated/prisma/client.ts';
import { defineTool } from './define-tool.ts';
import { isAboutTickets } from './topics-technical.ts';
import { plain } from './reading.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate } from './words.ts';

const TICKETS_MAX = 50;
const SHOWN_MAX = 6;

const Input = z.strictObject({
  number: z.number().int().min(1).optional().describe('Only the ticket with this number.'),
  open: z.boolean().optional().describe('True: only those that are not resolved.'),
});
type Input = z.infer<typeof Input>;
type Row = Ticket & { readonly knownIssue: KnownIssue | null };

const STATUS: Readonly<Record<TicketStatus, string>> = {
  open: 'is open and waits for somebody to take it',
  in_progress: 'is being worked on',
  waiting: 'waits for an answer from you',
  resolved: 'is resolved',
};

export function findTickets(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_tickets',
    description:
      "Lists the customer's tickets (bugs, incidents, requests) with number, state and the known issue behind them. Use it when they ask what became of a report, or before opening another ticket on the same matter.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutTickets(text) ? inferInput(text) : null),
    async run({ number, open }, _grant, { customerId }) {
      const rows = await database.ticket.findMany({
        where: { customerId, ...(number === undefined ? {} : { number }), ...(open === true ? { status: { not: 'resolved' } } : {}) },
        include: { knownIssue: true },
        orderBy: [{ createdAt: 'desc' }, { number: 'desc' }],
        take: TICKETS_MAX,
      });
      return { summary: summaryOf(rows, number), facts: { tickets: rows.map(factsOf) } };
    },
  });
}

function inferInput(text: string): Input {
  const number = Number(/(?:#|\b(?:ticket|case|report) (?:no\.?|number|nr\.?)? ?#? ?)(\d{1,9})\b/.exec(plain(text))?.[1]);
  return Number.isInteger(number) && number > 0 ? { number } : {};
}

function summaryOf(rows: readonly Row[], number: number | undefined): string {
  const [first] = rows;
  if (!first) return number === undefined ? 'There is no ticket on your account.' : `There is no ticket #${number} on your account.`;
  if (rows.length === 1) return line(first);
  const unresolved = rows.filter((row) => row.status !== 'resolved').length;
  return paragraphs(
    `You have ${writeCount(rows.length, 'ticket')}, ${unresolved === 0 ? 'all resolved' : `${unresolved} not resolved`}:`,
    writeBullets(rows.slice(0, SHOWN_MAX).map(line)),
    rows.length > SHOWN_MAX && `${writeCount(rows.length - SHOWN_MAX, 'older ticket is', 'older tickets are')} not shown.`,
  );
}

function line({ number, title, status, createdAt, knownIssue }: Row): string {
  const fixed =
    knownIssue?.status === 'fixed' && `It goes back to a known issue that is fixed${knownIssue.fixedIn ? ` in version ${knownIssue.fixedIn}` : ''}.`;
  const known = knownIssue && knownIssue.status !== 'fixed' && 'It goes back to a known issue that our engineers work on.';
  return sentences(`Ticket #${number} ("${title}") of ${writeDate(createdAt)} ${STATUS[status]}.`, fixed, known, known && knownIssue.workaround);
}

function factsOf({ id, number, kind, title, severity, status, createdAt, knownIssueId }: Row): unknown {
  return { ticketId: id, number, kind, title, severity, status, createdAt: createdAt.toISOString(), knownIssueId };
}
