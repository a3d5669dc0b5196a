/**
 * The rows of a message that agents are to answer, straight to the driver: every turn writes them, and the client's query engine takes
 * ten times as long. Only what every turn does stands here; whatever is unusual is conversation.ts's.
 */
import { newId } from '../foundation/ids.ts';
import { Prisma, type Conversation, type Message, type Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';

export interface Question {
  readonly message: Message;
  readonly run: Run;
}

interface Asked {
  readonly text: string;
  readonly clientMessageId: string | null;
  readonly now: Date;
}

/** The conversation's row as it is now, locked as `takeConversation` of conversation-lock.ts does; null when it is not this customer's. */
export async function lockConversation(tx: Sql, conversationId: string, customerId: string): Promise<Conversation | null> {
  const [row] = await tx.query<Conversation>`
    SELECT * FROM "Conversation" WHERE "id" = ${conversationId} AND "customerId" = ${customerId} FOR NO KEY UPDATE`;
  return row ?? null;
}

/** How many answers are under way in the conversation (one that waits for people is not), and whether this message was written before. */
export async function readBusy(
  tx: Sql,
  conversationId: string,
  clientMessageId: string | null,
): Promise<{ readonly active: number; readonly written: boolean }> {
  const [row] = await tx.query<{ active: number; written: boolean }>`
    SELECT (SELECT count(*)::int FROM "Run" WHERE "conversationId" = ${conversationId} AND "workflow" IN ('reply', 'agent') AND "status" IN ('queued', 'running')) AS "active",
           EXISTS (SELECT 1 FROM "Message" WHERE "conversationId" = ${conversationId} AND "clientMessageId" = ${clientMessageId}) AS "written"`;
  return row ?? { active: 0, written: false };
}

/** The message, its run and the conversation's clock, in one statement. */
export async function insertQuestion(
  tx: Sql,
  conversation: Pick<Conversation, 'id' | 'customerId' | 'ownerVersion'>,
  { text, clientMessageId, now }: Asked,
): Promise<Question> {
  const message = messageOf(conversation.id, newId('run'), { text, clientMessageId, now });
  const [run] = await tx.query<StoredRun>`
    WITH "said" AS (
      INSERT INTO "Message" ("id", "conversationId", "role", "runId", "text", "clientMessageId", "createdAt", "finishedAt")
      VALUES (${message.id}, ${conversation.id}, 'customer', ${message.runId}, ${text}, ${clientMessageId}, ${now}, ${now})
    ), "touched" AS (
      UPDATE "Conversation" SET "lastMessageAt" = ${now}, "updatedAt" = ${now} WHERE "id" = ${conversation.id}
    )
    INSERT INTO "Run" ("id", "workflow", "conversationId", "customerId", "messageId", "input", "ownerVersion", "createdAt")
    VALUES (${message.runId}, 'reply', ${conversation.id}, ${conversation.customerId}, ${message.id}, '{}', ${conversation.ownerVersion}, ${now})
    RETURNING *`;
  return { message, run: toRun(run) };
}

type StoredRun = Omit<Run, 'cost'> & { readonly cost: string | number };

function messageOf(conversationId: string, runId: string, { text, clientMessageId, now }: Asked): Message & { readonly runId: string } {
  return {
    id: newId('msg'),
    conversationId,
    role: 'customer',
    agentId: null,
    userId: null,
    runId,
    text,
    status: 'complete',
    clientMessageId,
    citations: [],
    createdAt: now,
    finishedAt: now,
  };
}

function toRun(stored: StoredRun | undefined): Run {
  if (!stored) throw new Error('a run was not written');
  return { ...stored, cost: new Prisma.Decimal(stored.cost) };
}
