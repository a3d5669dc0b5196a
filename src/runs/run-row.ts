/**
 * The row of a run in the hands of one attempt: every write is fenced by the lease, so that an attempt that was replaced changes
 * nothing. Tells nobody; what is written beside the run comes from the caller, within the same transaction.
 */
import { worksForDesk } from '../desk/desk-run.ts';
import type { EscalationDecision } from '../events/event.ts';
import type { LlmUsage } from '../llm/llm.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { LeaseLost } from './lease.ts';

export interface Ended {
  /** The answer, whole or partial; null when there is none. */
  readonly messageId: string | null;
}

/** What was judged of the message a run answers. */
export interface Decided {
  readonly decision: EscalationDecision;
  /** Names of the rules that fired. */
  readonly rules: readonly string[];
}

/** What is known of a run besides its status; what is left out stays as it is, but for an error, an outcome or a result. */
export interface RunFacts extends LlmUsage {
  readonly model: string | null;
  readonly firstTokenMs: number | null;
  readonly agentId: string | null;
  /** Null when this attempt did not come so far. */
  readonly decided: Decided | null;
  readonly partialKept: boolean;
  readonly stoppedBy?: string;
  readonly outcome?: string;
  readonly finishReason?: string | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
}

export interface RunEnd {
  readonly status: 'succeeded' | 'failed' | 'stopped';
  readonly facts: RunFacts;
  readonly now: Date;
}

/** Writes what belongs to the run beside its row; resolves to the id of its answer. */
export type Finish = (tx: Sql) => Promise<string | null>;

export interface RunRow {
  /** @throws LeaseLost */
  note(facts: LlmUsage & Pick<RunFacts, 'model' | 'agentId'>): Promise<void>;
  /** Resolves to null when the row is no longer ours. May be repeated after an error: what was written then is not written again. */
  end(end: RunEnd, finish: Finish): Promise<Ended | null>;
  /** Gives it back to the queue, at the cost of a try when it is for later; false when it is no longer ours. */
  park(facts: LlmUsage & Pick<RunFacts, 'model' | 'partialKept'>, notBefore: Date | null, finish: Finish): Promise<boolean>;
}

export function createRunRow(database: Database, run: Run): RunRow {
  const fence = { id: run.id, leaseOwner: run.leaseOwner, attempt: run.attempt, status: 'running' } as const;
  /** How the row was told to end. The answer to the write may have been lost, so that a repetition looks whether it was ours. */
  let written: RunEnd['status'] | null = null;

  return {
    async note({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost, model, agentId }) {
      const count = await database.sql.execute`
        UPDATE "Run" SET "inputTokens" = ${inputTokens}, "cacheReadTokens" = ${cacheReadTokens}, "cacheWriteTokens" = ${cacheWriteTokens},
               "outputTokens" = ${outputTokens}, "cost" = ${cost}, "model" = ${model}, "agentId" = ${agentId}
         WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running'`;
      if (count === 0) throw new LeaseLost();
    },
    async end({ status, facts, now }, finish) {
      const repeated = written === status;
      written = status;
      try {
        const messageId = await database.sql.transaction(async (tx) => {
          // The conversation before its runs, as whoever posts does: the other way round the two could wait for each other.
          if (run.conversationId && !worksForDesk(run)) {
            await tx.execute`
              UPDATE "Conversation" SET "lastMessageAt" = ${now}, "updatedAt" = ${now}, "agentId" = coalesce(${facts.agentId}, "agentId")
               WHERE "id" = ${run.conversationId}`;
          }
          if ((await endRow(tx, run, status, facts, now)) === 0) throw new LeaseLost();
          return finish(tx);
        });
        return { messageId };
      } catch (error) {
        if (!(error instanceof LeaseLost)) throw error;
        if (!repeated || !(await database.run.findFirst({ where: { ...fence, status } }))) return null;
        const answer = await database.message.findFirst({ where: { runId: run.id, role: 'agent' } });
        return { messageId: answer?.id ?? null };
      }
    },
    async park({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost, model, partialKept }, notBefore, finish) {
      return database.sql.transaction(async (tx) => {
        const count = await tx.execute`
          UPDATE "Run" SET "status" = 'queued', "leaseOwner" = NULL, "leaseUntil" = NULL, "partialKept" = ${partialKept}, "model" = ${model},
                 "inputTokens" = ${inputTokens}, "cacheReadTokens" = ${cacheReadTokens}, "cacheWriteTokens" = ${cacheWriteTokens},
                 "outputTokens" = ${outputTokens}, "cost" = ${cost}, "notBefore" = coalesce(${notBefore}::timestamptz, "notBefore"),
                 "retriesLeft" = "retriesLeft" - ${notBefore ? 1 : 0}::int
           WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running'`;
        if (count > 0) await finish(tx);
        return count > 0;
      });
    },
  };
}

/** What a run has used and found out, for one that leaves its row to wait: another attempt does not do it again. */
export function writeSuspended(tx: Sql, run: Run, facts: Omit<RunFacts, 'stoppedBy' | 'outcome' | 'finishReason' | 'result' | 'error'>): Promise<number> {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost, model, agentId, decided, firstTokenMs, partialKept } = facts;
  return tx.execute`
    UPDATE "Run" SET "inputTokens" = ${inputTokens}, "cacheReadTokens" = ${cacheReadTokens}, "cacheWriteTokens" = ${cacheWriteTokens},
           "outputTokens" = ${outputTokens}, "cost" = ${cost}, "model" = ${model}, "agentId" = coalesce(${agentId}, "agentId"),
           "decision" = coalesce(${decided?.decision ?? null}, "decision"),
           "decisionRules" = coalesce(${decided ? [...decided.rules] : null}::text[], "decisionRules"), "firstTokenMs" = ${firstTokenMs}::int,
           "partialKept" = ${partialKept}
     WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt}`;
}

function endRow(tx: Sql, run: Run, status: RunEnd['status'], facts: RunFacts, now: Date): Promise<number> {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost, model, firstTokenMs, agentId, decided, partialKept, error } = facts;
  const result = facts.result === undefined ? null : JSON.stringify(facts.result);
  return tx.execute`
    UPDATE "Run" SET "status" = ${status}::"RunStatus", "outcome" = ${facts.outcome ?? null}, "finishReason" = ${facts.finishReason ?? null},
           "result" = ${result}::jsonb, "errorCode" = ${error?.code ?? null}, "errorMessage" = ${error?.message ?? null},
           "errorRetryable" = ${error?.retryable ?? null}, "stoppedBy" = coalesce(${facts.stoppedBy ?? null}, "stoppedBy"),
           "partialKept" = ${partialKept}, "inputTokens" = ${inputTokens}, "cacheReadTokens" = ${cacheReadTokens},
           "cacheWriteTokens" = ${cacheWriteTokens}, "outputTokens" = ${outputTokens}, "cost" = ${cost}, "model" = ${model},
           "firstTokenMs" = ${firstTokenMs}, "agentId" = ${agentId}, "decision" = coalesce(${decided?.decision ?? null}, "decision"),
           "decisionRules" = coalesce(${decided ? [...decided.rules] : null}::text[], "decisionRules"), "finishedAt" = ${now}, "leaseUntil" = NULL,
           "progress" = coalesce(${status === 'succeeded' ? 100 : null}::int, "progress")
     WHERE "id" = ${run.id} AND "leaseOwner" = ${run.leaseOwner} AND "attempt" = ${run.attempt} AND "status" = 'running'`;
}
