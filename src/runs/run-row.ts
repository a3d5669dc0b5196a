/**
 * The row of a run in the hands of one attempt: every write is fenced by the lease, so that an attempt that was replaced changes
 * nothing. Tells nobody; what is written beside the run comes from the caller, within the same transaction.
 */
import type { Database } from '../store/database.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import { LeaseLost } from './lease.ts';

export interface Ended {
  /** The answer, whole or partial; null when there is none. */
  readonly messageId: string | null;
}

export interface RunEnd {
  readonly status: 'succeeded' | 'failed' | 'stopped';
  readonly data: Prisma.RunUncheckedUpdateManyInput;
  readonly agentId: string | null;
  readonly now: Date;
}

/** Writes what belongs to the run beside its row; resolves to the id of its answer. */
export type Finish = (tx: Prisma.TransactionClient) => Promise<string | null>;

export interface RunRow {
  /** @throws LeaseLost */
  note(data: Prisma.RunUncheckedUpdateManyInput): Promise<void>;
  /** Resolves to null when the row is no longer ours. May be repeated after an error: what was written then is not written again. */
  end(end: RunEnd, finish: Finish): Promise<Ended | null>;
  /** Gives it back to the queue; false when it is no longer ours. */
  park(data: Prisma.RunUncheckedUpdateManyInput, finish: Finish): Promise<boolean>;
}

export function createRunRow(database: Database, run: Run): RunRow {
  const fence = { id: run.id, leaseOwner: run.leaseOwner, attempt: run.attempt, status: 'running' } as const;
  /** How the row was told to end. The answer to the write may have been lost, so that a repetition looks whether it was ours. */
  let written: RunEnd['status'] | null = null;

  return {
    async note(data) {
      const { count } = await database.run.updateMany({ where: fence, data });
      if (count === 0) throw new LeaseLost();
    },
    async end({ status, data, agentId, now }, finish) {
      const repeated = written === status;
      written = status;
      try {
        const messageId = await database.$transaction(async (tx) => {
          // The conversation before its runs, as whoever posts does: the other way round the two could wait for each other.
          if (run.conversationId)
            await tx.conversation.update({ where: { id: run.conversationId }, data: { lastMessageAt: now, ...(agentId ? { agentId } : {}) } });
          const { count } = await tx.run.updateMany({ where: fence, data: { ...data, status, agentId, finishedAt: now, leaseUntil: null } });
          if (count === 0) throw new LeaseLost();
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
    async park(data, finish) {
      return database.$transaction(async (tx) => {
        const { count } = await tx.run.updateMany({ where: fence, data: { ...data, status: 'queued', leaseOwner: null, leaseUntil: null } });
        if (count > 0) await finish(tx);
        return count > 0;
      });
    },
  };
}
