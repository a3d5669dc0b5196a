/**
 * `ask_for_person`: raises the conversation to the people of the desk, once while that is open; outside a conversation it leaves them a
 * request. Connects nobody and promises no hour. Needs no model's judgement: who asks for a person gets one.
 */
import { z } from 'zod';
import type { EscalationDesk } from '../desk/escalation.ts';
import type { TicketDesk } from '../desk/ticket.ts';
import { takeOverSentence } from '../orchestration/people.ts';
import type { AnyTool, ToolContext, ToolOutcome } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { sentences } from './words.ts';

const TITLE = 'Customer asks for a person';
const WORDS_CHARS_MAX = 2_000;
/** Of their words, in the reason that the queue shows. */
const REASON_CHARS_MAX = 400;
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
  readonly escalations: Pick<EscalationDesk, 'raise' | 'waiting'>;
}

export function askForPerson(deps: AskForPersonDeps): AnyTool {
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
    run: ({ reason }, _grant, context) =>
      context.conversationId === null ? leaveRequest(deps, context, reason) : raise(deps, context, context.conversationId, reason),
  });
}

async function raise(
  { database, escalations }: AskForPersonDeps,
  { agentId, said }: ToolContext,
  conversationId: string,
  reason?: string,
): Promise<ToolOutcome> {
  const { businessHours } = await readPolicy(database);
  const wanted = {
    conversationId,
    reason: sentences(`The customer asks for a person: "${wordsOf(said, REASON_CHARS_MAX)}".`, reason ? `The agent adds: ${reason}` : ''),
    rules: ['explicit_request'],
    snapshot: { message: wordsOf(said, WORDS_CHARS_MAX) },
  };
  const { escalation, raised } = await escalations.raise({ kind: 'agent', agentId }, wanted);
  const waiting = await escalations.waiting(escalation);
  return {
    summary: sentences(
      raised ? 'I have passed your wish to deal with a person on to our team.' : 'Your wish to deal with a person is with our team already.',
      waiting ? takeOverSentence(waiting) : 'One of them has taken this conversation.',
      'They read what was said here; I cannot connect you at this moment.',
      hours(businessHours),
    ),
    facts: { escalationId: escalation.id, status: escalation.status, place: waiting?.place ?? null },
  };
}

async function leaveRequest({ database, tickets }: AskForPersonDeps, { customerId, conversationId, agentId, callId, said }: ToolContext, reason?: string) {
  const { businessHours } = await readPolicy(database);
  const description = [`The customer wrote: "${wordsOf(said, WORDS_CHARS_MAX)}"`, ...(reason ? [`The agent adds: ${reason}`] : [])].join('\n\n');
  const ticket = await tickets.open({ customerId, conversationId, agentId, callId, kind: 'request', severity: 'medium', title: TITLE, description });
  return {
    summary: sentences(
      `I have passed your wish to deal with a person on to our team, as request #${ticket.number}.`,
      'A colleague will read it; I cannot connect you at this moment.',
      hours(businessHours),
    ),
    facts: { ticketId: ticket.id, number: ticket.number, status: ticket.status },
  };
}

function wordsOf(said: string, charsMax: number): string {
  return said.slice(0, charsMax).toWellFormed().replaceAll('\u0000', '').trim();
}

function hours({ days, startHour, endHour }: Policy['businessHours']): string {
  const first = DAYS[days[0] ?? 1] ?? '';
  const last = DAYS[days.at(-1) ?? 5] ?? '';
  const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;
  return `The team works ${first} to ${last}, ${clock(startHour)} to ${clock(endHour)}.`;
}
