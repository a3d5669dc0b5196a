/**
 * What a run writes beside its answer when it goes to somebody else: the wish for a person, raised at the desk, and each hand-over from
 * agent to agent. Decides neither; a person who holds the conversation by then ends the run, and not this.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { EscalationDesk } from '../desk/escalation.ts';
import type { PersonWanted, WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import { LeaseLost } from './lease.ts';

export interface PeopleRecorderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly escalations: Pick<EscalationDesk, 'raise'>;
}

type HandedOver = Extract<WorkflowEvent, { type: 'handed_over' }>;

export interface PeopleRecorder {
  /** Once for a conversation while it is open: the desk answers the open one. */
  raise(wanted: PersonWanted): Promise<void>;
  /** @throws LeaseLost */
  handedOver(event: HandedOver): Promise<void>;
}

/** What the desk lets a reason have. */
const REASON_CHARS_MAX = 1_000;

export function createPeopleRecorder({ database, clock, escalations }: PeopleRecorderDeps, run: Run): PeopleRecorder {
  return {
    async raise({ reason, rules, team, priority, sentiment, snapshot }) {
      if (run.conversationId === null) return;
      const raised = {
        conversationId: run.conversationId,
        reason: reason.slice(0, REASON_CHARS_MAX).toWellFormed(),
        rules,
        team: team ?? null,
        priority,
        sentiment,
        snapshot: snapshot as Prisma.InputJsonObject,
      };
      try {
        await escalations.raise({ kind: 'system' }, raised);
      } catch (error) {
        // Resolved in this moment: whoever did it is having the run stopped.
        if (!(error instanceof AppError && error.code === 'CONVERSATION_CLOSED')) throw error;
      }
    },

    async handedOver({ from, to, reason, hop, snapshot }) {
      // One statement with the run's row: an attempt that was lost must not write over what its successor has.
      const written = await database.sql.execute`
        INSERT INTO "HandOver" ("id", "runId", "conversationId", "fromAgentId", "toAgentId", "reason", "hop", "snapshot", "createdAt")
        SELECT ${newId('hop')}, r."id", r."conversationId", ${from}, ${to}, ${reason}, ${hop}, ${JSON.stringify(snapshot)}::jsonb, ${clock.now()}::timestamptz
          FROM "Run" r
         WHERE r."id" = ${run.id} AND r."leaseOwner" = ${run.leaseOwner} AND r."attempt" = ${run.attempt} AND r."status" = 'running'
           FOR SHARE
        ON CONFLICT ("runId", "hop") DO UPDATE
           SET "fromAgentId" = excluded."fromAgentId", "toAgentId" = excluded."toAgentId", "reason" = excluded."reason",
               "snapshot" = excluded."snapshot", "createdAt" = excluded."createdAt"`;
      if (written === 0) throw new LeaseLost();
    },
  };
}
