/**
 * Reads what an agent needs in front of it for one message: the customer with what hangs on them, and what was said before. A run
 * that answers in no conversation carries its message itself; one that works on a conversation for the desk reads it.
 */
import { z } from 'zod';
import { worksForDesk } from '../desk/desk-run.ts';
import type { Turn, TurnMessage } from '../orchestration/turn.ts';
import { WorkflowInput } from '../orchestration/workflow-input.ts';
import { readCustomerFacts } from '../store/customer-facts.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';

/** Messages looked at; the token budget cuts further. */
const HISTORY_MESSAGES_MAX = 100;

/** What a run of one agent was started with. */
const AgentInput = z.object({ agentId: z.string(), text: z.string() });
/** What a workflow of several agents was started with. */
export const PatternRunInput = z.object({ text: z.string(), workflow: WorkflowInput });

interface Spoken extends TurnMessage {
  readonly asked: boolean;
  readonly lastAgentId: string | null;
  readonly escalated: boolean;
}

/** Statements side by side: a turn is waited for, and each round trip of its preparation is seen. */
export async function loadTurn(database: Database, run: Run, now: Date): Promise<Turn> {
  const { customerId, conversationId } = run;
  if (!customerId) throw new Error(`run ${run.id} serves no customer`);
  const [customer, asked] = await Promise.all([readCustomerFacts(database, customerId, conversationId, now), readAsked(database, run)]);
  if (!customer) throw new Error(`run ${run.id} serves a customer who is gone`);
  // Where it does not answer nobody could have agreed to anything with it, and its tools must not act there.
  const place = worksForDesk(run) ? { conversationId: null, beside: conversationId } : { conversationId };
  return { runId: run.id, attempt: run.attempt, ...place, customerId, customer, ...asked, now };
}

type Asked = Pick<Turn, 'text' | 'history' | 'lastAgentId' | 'agentId' | 'escalated'>;

async function readAsked(database: Database, run: Run): Promise<Asked> {
  const { conversationId, messageId } = run;
  if (run.workflow === 'agent') {
    const { agentId, text } = AgentInput.parse(run.input);
    return { text, history: [], lastAgentId: null, agentId, escalated: false };
  }
  if (run.workflow !== 'reply') {
    const { text } = PatternRunInput.parse(run.input);
    const history = conversationId ? await readTold(database, conversationId, run.createdAt) : [];
    return { text, history, lastAgentId: null, agentId: null, escalated: false };
  }
  if (!conversationId || !messageId) throw new Error(`run ${run.id} answers no message`);
  const [question, ...before] = await readSpoken(database, run.id, conversationId, messageId);
  if (!question?.asked) throw new Error(`run ${run.id} answers a message that is gone`);
  const history = before.map(({ role, text }) => ({ role, text })).toReversed();
  return { text: question.text, history, lastAgentId: question.lastAgentId, agentId: null, escalated: question.escalated };
}

/** What had been said when the workflow was started, oldest first: another attempt reads the same. What people noted for the desk is part of it. */
async function readTold(database: Database, conversationId: string, until: Date): Promise<TurnMessage[]> {
  const rows = await database.sql.query<TurnMessage>`
    SELECT CASE "role" WHEN 'system' THEN 'person' ELSE "role"::text END AS "role", "text" FROM "Message"
     WHERE "conversationId" = ${conversationId} AND "text" <> '' AND "createdAt" <= ${until} AND ("role" <> 'system' OR "userId" IS NOT NULL)
     ORDER BY "createdAt" DESC, "id" DESC LIMIT ${HISTORY_MESSAGES_MAX}`;
  return rows.toReversed();
}

/**
 * The message being answered, then what was said before it, newest first. Later questions wait in the queue and are not part of this
 * turn; every answer so far is, but not this run's own.
 */
function readSpoken(database: Database, runId: string, conversationId: string, messageId: string): Promise<Spoken[]> {
  return database.sql.query<Spoken>`
    SELECT CASE m."role" WHEN 'system' THEN 'person' ELSE m."role"::text END AS "role",
           CASE m."role" WHEN 'system' THEN 'Summary, on handing back to the agents: ' || m."text" ELSE m."text" END AS "text", m."id" = ${messageId} AS "asked", c."agentId" AS "lastAgentId",
           c."status" = 'escalated' AS "escalated"
      FROM "Message" m JOIN "Conversation" c ON c."id" = m."conversationId"
     WHERE m."conversationId" = ${conversationId} AND (m."id" = ${messageId} OR (m."text" <> ''
       AND (m."role" = 'person' OR (m."role" = 'system' AND m."userId" IS NOT NULL) OR (m."role" = 'agent' AND m."runId" IS DISTINCT FROM ${runId})
            OR (m."role" = 'customer' AND m."createdAt" <= (SELECT "createdAt" FROM "Message" WHERE "id" = ${messageId})))))
     ORDER BY m."id" = ${messageId} DESC, m."createdAt" DESC, m."id" DESC LIMIT ${HISTORY_MESSAGES_MAX + 1}`;
}
