/** Reads what an agent needs in front of it for one message: the customer's row, the open invoices, and what was said before. */
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Turn, TurnCustomer, TurnMessage } from '../orchestration/turn.ts';

/** Messages looked at; the token budget cuts further. */
const HISTORY_MESSAGES_MAX = 100;
const INVOICES_MAX = 5;

interface Question {
  readonly text: string;
  readonly lastAgentId: string | null;
  readonly customerId: string;
  readonly name: string;
  readonly company: string | null;
  readonly plan: string;
  readonly status: string;
  readonly healthScore: number;
  readonly language: string;
  readonly since: Date;
  readonly invoices: unknown;
}

const Invoices = z.array(z.object({ number: z.string(), amountDue: z.number(), currency: z.string(), dueAt: z.string() }));

/** Two statements side by side: a turn is waited for, and each round trip of its preparation is seen. */
export async function loadTurn(database: Database, run: Run, now: Date): Promise<Turn> {
  const { conversationId, messageId } = run;
  if (!conversationId || !messageId) throw new Error(`run ${run.id} answers no message`);
  const [questions, said] = await Promise.all([readQuestion(database, messageId), readHistory(database, run.id, conversationId, messageId)]);
  const question = questions[0];
  if (!question) throw new Error(`run ${run.id} answers a message that is gone`);
  return {
    runId: run.id,
    attempt: run.attempt,
    conversationId,
    customerId: question.customerId,
    customer: describe(question),
    text: question.text,
    history: said.toReversed(),
    lastAgentId: question.lastAgentId,
    now,
  };
}

function readQuestion(database: Database, messageId: string): Promise<Question[]> {
  return database.sql.query<Question>`
    SELECT m."text", c."agentId" AS "lastAgentId", u."id" AS "customerId", u."name", u."company", u."plan"::text, u."status"::text,
           u."healthScore", u."language", u."createdAt" AS "since",
           (SELECT json_agg(json_build_object('number', i."number", 'amountDue', i."amountDue", 'currency', i."currency", 'dueAt', i."dueAt") ORDER BY i."dueAt")
              FROM (SELECT * FROM "Invoice" WHERE "customerId" = u."id" AND "status" = 'open' ORDER BY "dueAt" LIMIT ${INVOICES_MAX}) i) AS "invoices"
      FROM "Message" m JOIN "Conversation" c ON c."id" = m."conversationId" JOIN "Customer" u ON u."id" = c."customerId"
     WHERE m."id" = ${messageId}`;
}

/** Newest first. Later questions wait in the queue and are not part of this turn; every answer so far is, but not this run's own. */
function readHistory(database: Database, runId: string, conversationId: string, messageId: string): Promise<TurnMessage[]> {
  return database.sql.query<TurnMessage>`
    SELECT m."role"::text, m."text" FROM "Message" m
     WHERE m."conversationId" = ${conversationId} AND m."id" <> ${messageId} AND m."text" <> ''
       AND (m."role" = 'person' OR (m."role" = 'agent' AND m."runId" IS DISTINCT FROM ${runId})
            OR (m."role" = 'customer' AND m."createdAt" <= (SELECT "createdAt" FROM "Message" WHERE "id" = ${messageId})))
     ORDER BY m."createdAt" DESC, m."id" DESC LIMIT ${HISTORY_MESSAGES_MAX}`;
}

function describe(question: Question): TurnCustomer {
  const { name, company, plan, status, healthScore, language, since } = question;
  const invoices = Invoices.parse(question.invoices ?? []);
  return {
    name,
    company,
    plan,
    status: status.replace('_', ' '),
    health: `${healthWord(healthScore)} (${healthScore} of 100)`,
    language,
    since: since.toISOString().slice(0, 10),
    openInvoices: invoices.map((invoice) => `${invoice.number} over ${invoice.amountDue.toFixed(2)} ${invoice.currency}, due ${invoice.dueAt.slice(0, 10)}`),
  };
}

function healthWord(score: number): string {
  if (score >= 80) return 'excellent';
  if (score >= 60) return 'good';
  return score >= 40 ? 'fair' : 'poor';
}
