/**
 * `ask_for_person`: passes the customer's wish for a person on to the desk, as a request with what they wrote, once for a conversation
 * while it is open. Connects nobody and promises no hour. Needs no model's judgement: who asks for a person gets one.
 */
import { z } from 'zod';
import type { TicketDesk } from '../desk/ticket.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { sentences } from './words.ts';

const TITLE = 'Customer asks for a person';
const WORDS_CHARS_MAX = 2_000;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const Input = z.strictObject({
  reason: z.string().trim().min(3).max(500).optional().describe('What the person should know beside the message itself, in one or two sentences.'),
});

/** Words of somebody who wants a person; generous, because only who was sent here is asked. */
const WANTED =
  /\b(?:humans?|persons?|people|someone|somebody|anyone|anybody|managers?|supervisors?|boss|superior|representatives?|reps?|agents?|operators?|advis[eo]rs?|colleagues?|staff|leads?|call|phone|ring|complain\w*|complaint|escalate|bots?|robots?|automated|live (?:chat|support)|real|mensch|mitarbeiter|persona|humano|humain|personne|conseiller|pessoa|atendente)\b/i;

export interface AskForPersonDeps {
  readonly database: Database;
  readonly tickets: TicketDesk;
}

export function askForPerson({ database, tickets }: AskForPersonDeps): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'ask_for_person',
    description:
      "Passes the customer's wish to deal with a person on to the people of the desk, with the message. Use it as soon as a customer asks for a person, or when a rule says that a person must decide. It connects nobody at once: say that the wish is passed on.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'write',
    unattended: true,
    redact: ['reason'],
    infer: ({ text }) => (WANTED.test(text) ? {} : null),
    async run({ reason }, _grant, { customerId, conversationId, agentId, callId, said }) {
      const { businessHours } = await readPolicy(database);
      const waiting =
        conversationId &&
        (await database.ticket.findFirst({ where: { customerId, conversationId, title: TITLE, status: { not: 'resolved' } }, orderBy: { createdAt: 'asc' } }));
      const words = said.slice(0, WORDS_CHARS_MAX).replaceAll('\u0000', '').trim();
      const description = [`The customer wrote: "${words}"`, ...(reason ? [`The agent adds: ${reason}`] : [])].join('\n\n');
      const ticket =
        waiting || (await tickets.open({ customerId, conversationId, agentId, callId, kind: 'request', severity: 'medium', title: TITLE, description }));
      return {
        summary: sentences(
          waiting
            ? `Your wish to deal with a person is with our team already, as request #${ticket.number}.`
            : `I have passed your wish to deal with a person on to our team, as request #${ticket.number}.`,
          'A colleague will read it together with this conversation; I cannot connect you at this moment.',
          hours(businessHours),
        ),
        facts: { ticketId: ticket.id, number: ticket.number, status: ticket.status },
      };
    },
  });
}

function hours({ days, startHour, endHour }: Policy['businessHours']): string {
  const first = DAYS[days[0] ?? 1] ?? '';
  const last = DAYS[days.at(-1) ?? 5] ?? '';
  const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;
  return `The team works ${first} to ${last}, ${clock(startHour)} to ${clock(endHour)}.`;
}
