/**
 * `open_ticket`: work for the people behind the desk, through the desk, once per call; a known issue the customer has a ticket on
 * already is not reported twice. Promises nothing about when somebody works on it.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import type { TicketDesk } from '../desk/ticket.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { Severity, TicketKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { writeList } from './words.ts';

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

const Input = z.strictObject({
  kind: z.enum(TicketKind).describe('bug: something works wrongly; incident: many people cannot work; request: a person must do or decide something.'),
  title: z.string().trim().min(5).max(160).describe('What it is, in one line.'),
  description: z
    .string()
    .trim()
    .min(10)
    .max(5_000)
    .describe('Everything found out: what was tried, what happened, since when, where, on which device. No secrets.'),
  severity: z
    .enum(Severity)
    .describe('critical: nobody can work or work is being lost; high: a main function fails; medium: a way round exists; low: cosmetic.'),
  knownIssueId: z.string().min(1).max(64).optional().describe('The id find_known_issues gave, when this is that issue.'),
});
const Grant = z.strictObject({ kinds: z.array(z.enum(TicketKind)).min(1), severity_max: z.enum(Severity) });

export function openTicket(tickets: TicketDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'open_ticket',
    description:
      'Opens a ticket for the people behind the desk: a bug, an incident or a request. Use it when no step helps and a person must look into it. It repairs nothing: say the number, not that it is solved.',
    input: Input,
    grant: Grant,
    effect: 'write',
    redact: ['title', 'description'],
    // Only a language model can decide that something is worth a person's time.
    infer: () => null,
    async run(input, { kinds, severity_max }, { customerId, conversationId, agentId, callId }) {
      if (!kinds.includes(input.kind))
        throw new AppError('FORBIDDEN', `This agent opens only tickets of the kind ${writeList(kinds)}; another agent decides the rest.`);
      if (SEVERITIES.indexOf(input.severity) > SEVERITIES.indexOf(severity_max))
        throw new AppError('FORBIDDEN', `This agent opens tickets up to the severity ${severity_max}; more than that is for a person to decide.`);
      const ticket = await tickets.open({ ...input, customerId, conversationId, agentId, callId });
      const summary =
        ticket.callId === callId
          ? `I have opened ticket #${ticket.number} ("${ticket.title}") for our team.`
          : `This is on record already: your ticket #${ticket.number} ("${ticket.title}") covers it.`;
      return { summary, facts: { ticketId: ticket.id, number: ticket.number, kind: ticket.kind, severity: ticket.severity, status: ticket.status } };
    },
  });
}
