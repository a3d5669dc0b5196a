/** Writes the one message a run answers with: its row before the first word, every word to the log, the whole text at the end. */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import type { ParleyEvent } from '../events/event.ts';
import { parsePosition, type Position } from '../events/position.ts';
import type { Passage } from '../llm/llm.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { LeaseLost } from './lease.ts';

export interface AnswerRecorderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly tell: (...events: ParleyEvent[]) => Promise<Position>;
}

export interface AnswerRecorder {
  /** Takes over the message of an earlier attempt, if there is one: its text is void. */
  adopt(): Promise<ParleyEvent[]>;
  say(words: { readonly step: string; readonly agentId: string; readonly text: string }): Promise<void>;
  cite(passage: Passage): void;
  /** Writes the finished row within the transaction that ends the run; answers its id, null when there is none. */
  finish(tx: Sql, status: 'complete' | 'partial', now: Date): Promise<string | null>;
  begun(): boolean;
  /** Milliseconds from the question to the first word; null before it. */
  firstTokenMs(): number | null;
}

export function createAnswerRecorder({ database, clock, tell }: AnswerRecorderDeps, run: Run): AnswerRecorder {
  const citations = new Map<string, Passage>();
  let messageId: string | null = null;
  let text = '';
  let firstTokenMs: number | null = null;
  /** The life of the log in which this text can be read from its beginning. */
  let toldIn = '';

  /**
   * The row before the first word: whoever hears of the message can load it. One statement with the run's row: an attempt that was
   * lost before its first word must not leave a second answer.
   */
  async function begin(agentId: string): Promise<{ messageId: string; told: ParleyEvent[] }> {
    const now = clock.now();
    firstTokenMs = now.getTime() - run.createdAt.getTime();
    if (messageId !== null) {
      await database.message.update({ where: { id: messageId }, data: { agentId } });
      return { messageId, told: [] };
    }
    const id = newId('msg');
    const written = await database.sql.execute`
      INSERT INTO "Message" ("id", "conversationId", "role", "agentId", "runId", "status", "text", "createdAt")
      SELECT ${id}, r."conversationId", 'agent'::"MessageRole", ${agentId}, r."id", 'writing'::"MessageStatus", '', ${now}::timestamptz
        FROM "Run" r
       WHERE r."id" = ${run.id} AND r."leaseOwner" = ${run.leaseOwner} AND r."attempt" = ${run.attempt} AND r."status" = 'running'
         FOR SHARE`;
    if (written === 0) throw new LeaseLost();
    messageId = id;
    return { messageId: id, told: [{ type: 'MessagePosted', at: now.toISOString(), visibility: 'CUSTOMER', messageId: id, runId: run.id }] };
  }

  return {
    begun: () => text !== '',
    firstTokenMs: () => firstTokenMs,
    async adopt() {
      const before = run.attempt === 1 ? null : await database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
      if (!before) return [];
      messageId = before.id;
      await database.message.update({ where: { id: before.id }, data: { status: 'writing', text: '', finishedAt: null } });
      const reason = 'The answer was taken up again after an interruption.';
      return [{ type: 'MessageReset', at: clock.now().toISOString(), visibility: 'CUSTOMER', messageId, runId: run.id, attempt: run.attempt, reason }];
    },
    async say(words) {
      const begun = text === '' || messageId === null ? await begin(words.agentId) : { messageId, told: [] };
      const offset = text.length;
      text += words.text;
      const delta = (from: number): ParleyEvent => ({
        type: 'TextDelta',
        at: clock.now().toISOString(),
        visibility: 'CUSTOMER',
        runId: run.id,
        messageId: begun.messageId,
        step: words.step,
        attempt: run.attempt,
        offset: from,
        text: text.slice(from),
      });
      const { epoch } = parsePosition(await tell(...begun.told, delta(offset)));
      if (offset === 0 || epoch === toldIn) toldIn = epoch;
      // The log began anew: readers were told to start over, and the row has no text yet. So the whole of it is said again.
      else toldIn = parsePosition(await tell(delta(0))).epoch;
    },
    cite: (passage) => void citations.set(`${passage.slug}#${passage.section}`, passage),
    async finish(tx, status, now) {
      if (messageId === null) {
        // Ended before this attempt began: what an earlier one had left open is closed as it is.
        const [left] = await tx.query<{ id: string }>`
          UPDATE "Message" SET "status" = 'partial', "finishedAt" = ${now}
           WHERE "runId" = ${run.id} AND "role" = 'agent' AND "status" = 'writing' RETURNING "id"`;
        return left?.id ?? null;
      }
      const cited = [...citations.values()].map(({ articleId, slug, title, section }) => ({ articleId, slug, title, section }));
      await tx.execute`
        UPDATE "Message" SET "text" = ${text}, "status" = ${status}::"MessageStatus", "finishedAt" = ${now}, "citations" = ${JSON.stringify(cited)}::jsonb
         WHERE "id" = ${messageId}`;
      return messageId;
    },
  };
}
