/**
 * Writes the one message a run answers with: its row before the first word, every word to the log, the whole text at the end. A run
 * outside a conversation, or for the desk, has no row: its words are told under an id of their own, and its result keeps the text.
 */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import { worksForDesk } from '../desk/desk-run.ts';
import type { ParleyEvent } from '../events/event.ts';
import type { Position } from '../events/position.ts';
import type { Passage } from '../llm/llm.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { LeaseLost } from './lease.ts';
import { createWordTeller } from './word-teller.ts';

export interface AnswerRecorderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly tell: (...events: ParleyEvent[]) => Promise<Position>;
}

/** Thrown when people took the conversation while its words were being told: what was told before stands, and nothing more is said. */
export class Muted extends Error {
  constructor() {
    super('people have taken the conversation');
    this.name = 'Muted';
  }
}

interface Words {
  readonly step: string;
  readonly agentId: string;
  readonly text: string;
}

export interface AnswerRecorder {
  /** Takes over the message of an earlier attempt, if there is one: its text is void. */
  adopt(): Promise<ParleyEvent[]>;
  /**
   * Tells the words, or keeps them until what was told before has been written: under load many words become one event. Resolves at
   * once or, when much waits, when there is room; a telling that failed is thrown by the next call.
   */
  say(words: Words): Promise<void> | undefined;
  /** Resolves when every word is told. */
  flush(): Promise<void>;
  cite(passage: Passage): void;
  /** Writes the finished row within the transaction that ends the run; answers its id, null when there is none. */
  finish(tx: Sql, status: 'complete' | 'partial', now: Date): Promise<string | null>;
  /** For a run that waits: the row has what was said, and whoever loads it reads that. Answers its id, null without one. @throws LeaseLost */
  pause(now: Date): Promise<string | null>;
  begun(): boolean;
  /** Milliseconds from the question to the first word; null before it. */
  firstTokenMs(): number | null;
}

export function createAnswerRecorder({ database, clock, tell }: AnswerRecorderDeps, run: Run): AnswerRecorder {
  const citations = new Map<string, Passage>();
  const kept = run.conversationId !== null && !worksForDesk(run);
  let messageId: string | null = null;
  let speaker: string | null = null;
  let step = '';
  let muted = false;
  let announced = false;
  // Of an answer that waited for people: they read its first word then.
  let { firstTokenMs } = run;

  /**
   * The row before the first word: whoever hears of the message can load it. One statement with the run's row: an attempt that was
   * lost before its first word must not leave a second answer.
   */
  async function begin(agentId: string): Promise<{ messageId: string; told: ParleyEvent[] }> {
    const now = clock.now();
    firstTokenMs ??= now.getTime() - run.createdAt.getTime();
    if (!kept) {
      messageId = wordsIdOf(run);
      return { messageId, told: [] };
    }
    if (messageId !== null) {
      await database.message.update({ where: { id: messageId }, data: { agentId } });
      return { messageId, told: [] };
    }
    const id = newId('msg');
    await insertAnswer(database, run, id, agentId, now);
    messageId = id;
    return { messageId: id, told: [{ type: 'MessagePosted', at: now.toISOString(), visibility: 'CUSTOMER', messageId: id, runId: run.id }] };
  }

  /** The row, then the first words with it. */
  async function start(agentId: string): Promise<void> {
    const begun = await begin(agentId);
    await words.begin(begun.told);
    announced = true;
  }

  const words = createWordTeller({
    tell: (...events) =>
      tell(...events).catch((error: unknown) => {
        muted ||= error instanceof Muted;
        throw error;
      }),
    delta: (offset, text) => ({
      type: 'TextDelta',
      at: clock.now().toISOString(),
      visibility: 'CUSTOMER',
      runId: run.id,
      messageId: messageId ?? '',
      step,
      attempt: run.attempt,
      offset,
      text,
    }),
  });

  async function finish(tx: Sql, status: 'complete' | 'partial', now: Date): Promise<string | null> {
    if (!kept) return null;
    if (messageId === null) return closeEarlier(tx, run, now);
    if (muted && !announced) return deleteAnswer(tx, messageId);
    // What was not told when people took over never is: readers must not find it in the row either.
    const standing = muted ? words.text().slice(0, words.told()) : words.text();
    await writeAnswer(tx, { id: messageId, text: standing, agentId: speaker, status, cited: [...citations.values()], now });
    return messageId;
  }

  return {
    begun: () => kept && (muted ? words.told() > 0 : words.text() !== ''),
    firstTokenMs: () => firstTokenMs,
    async adopt() {
      if (run.attempt === 1) return [];
      if (kept) {
        messageId = await reopenAnswer(database, run);
        if (messageId === null) return [];
        announced = true;
      } else if (run.workflow !== 'agent') return [];
      else messageId = wordsIdOf(run);
      const reason = 'The answer was taken up again after an interruption.';
      return [{ type: 'MessageReset', at: clock.now().toISOString(), visibility: 'CUSTOMER', messageId, runId: run.id, attempt: run.attempt, reason }];
    },
    say(said) {
      const begins = words.text() === '' || messageId === null;
      step = said.step;
      speaker = said.agentId;
      words.say(said.text);
      return begins ? start(said.agentId) : words.go();
    },
    flush: words.flush,
    cite: (passage) => void citations.set(`${passage.slug}#${passage.section}`, passage),
    finish,
    async pause(now) {
      if (!kept) return null;
      return database.sql.transaction(async (tx) => {
        await holdRun(tx, run);
        return finish(tx, 'partial', now);
      });
    },
  };
}

/** @throws LeaseLost when the run is no longer this attempt's. */
async function holdRun(tx: Sql, run: Run): Promise<void> {
  const held = await tx.query`
    SELECT 1 FROM "Run" WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running' FOR SHARE`;
  if (held.length === 0) throw new LeaseLost();
}

/** @throws LeaseLost when the run is no longer this attempt's. */
async function insertAnswer(database: Database, run: Run, id: string, agentId: string, now: Date): Promise<void> {
  const written = await database.sql.execute`
      INSERT INTO "Message" ("id", "conversationId", "role", "agentId", "runId", "status", "text", "createdAt")
      SELECT ${id}, r."conversationId", 'agent'::"MessageRole", ${agentId}, r."id", 'writing'::"MessageStatus", '', ${now}::timestamptz
        FROM "Run" r
       WHERE r."id" = ${run.id} AND r."leaseOwner" = ${run.leaseOwner} AND r."attempt" = ${run.attempt} AND r."status" = 'running'
         FOR SHARE`;
  if (written === 0) throw new LeaseLost();
}

/** The message of an earlier attempt, empty again; null when there is none. */
async function reopenAnswer(database: Database, run: Run): Promise<string | null> {
  const before = await database.message.findFirst({ where: { runId: run.id, role: 'agent' }, select: { id: true } });
  if (before) await database.message.update({ where: { id: before.id }, data: { status: 'writing', text: '', finishedAt: null } });
  return before?.id ?? null;
}

/** Nobody heard of it. */
async function deleteAnswer(tx: Sql, id: string): Promise<null> {
  await tx.execute`DELETE FROM "Message" WHERE "id" = ${id}`;
  return null;
}

interface Answer {
  readonly id: string;
  readonly text: string;
  readonly agentId: string | null;
  readonly status: 'complete' | 'partial';
  readonly cited: readonly Passage[];
  readonly now: Date;
}

async function writeAnswer(tx: Sql, { id, text, agentId, status, cited, now }: Answer): Promise<void> {
  const citations = JSON.stringify(cited.map(({ articleId, slug, title, section }) => ({ articleId, slug, title, section })));
  await tx.execute`
    UPDATE "Message" SET "text" = ${text}, "agentId" = coalesce(${agentId}, "agentId"), "status" = ${status}::"MessageStatus", "finishedAt" = ${now}, "citations" = ${citations}::jsonb
     WHERE "id" = ${id}`;
}

/** Ended before this attempt began: what an earlier one had left open is closed as it is. */
async function closeEarlier(tx: Sql, run: Run, now: Date): Promise<string | null> {
  const [left] = await tx.query<{ id: string }>`
    UPDATE "Message" SET "status" = 'partial', "finishedAt" = ${now}
     WHERE "runId" = ${run.id} AND "role" = 'agent' AND "status" = 'writing' RETURNING "id"`;
  return left?.id ?? null;
}

/** The same for every attempt, so that a reader knows what was taken back. */
function wordsIdOf(run: Run): string {
  return run.id.replace(/^run_/, 'msg_');
}
