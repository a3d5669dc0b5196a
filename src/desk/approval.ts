/**
 * People decide what agents may not: a call of a tool is asked for, the run waits, and people of the needed level approve or reject it.
 * What is decided is bound to the exact arguments by their hash. Whoever changes a run and its approvals takes the run first. How a
 * run is suspended and goes on is not this file's: it only moves the row between running, waiting and queued.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import { redactFields } from '../privacy/redact-value.ts';
import { expiryOf, levelOf, reaches, type Needed } from '../store/approval.ts';
import type { Database } from '../store/database.ts';
import type { Approval, Prisma, Run } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Sql } from '../store/sql.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { approvalsVisibleTo, requireStaff } from './access.ts';
import { decidedEvent, requestedEvent, tellApproval } from './approval-events.ts';
import { agentEntry, auditEntry, insertEntry } from './audit.ts';
import { canonicalHash } from './canonical.ts';

/** The attempt that asks: it must be the one that has the run. */
export interface Asker {
  readonly runId: string;
  readonly leaseOwner: string;
  readonly attempt: number;
}

export interface RequestApproval {
  readonly run: Asker;
  /** Where in the workflow; the same for every attempt of the run. */
  readonly step: string;
  readonly agentId: string;
  readonly tool: string;
  /** JSON, exactly as the tool is to be called with it. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Names of arguments that nobody reads. */
  readonly withheld?: readonly string[];
  /** What it would do, in plain words. */
  readonly summary: string;
  /** The viewer who had the agent do this, by viewer key; left out: the agent by itself. */
  readonly requestedBy?: string;
  readonly needed: Needed;
}

export interface DecideApproval {
  readonly approvalId: string;
  readonly approve: boolean;
  readonly note?: string | null;
  /** Of the arguments the person has read. */
  readonly argumentsHash: string;
}

export interface ApprovalDesk {
  /**
   * Asks, once for a run, step, tool and arguments. While it is not decided the run's row is `waiting` when this returns, its lease has
   * ended and the attempt must write nothing more to it; what was decided before is answered, and the run goes on.
   * @param also What belongs to the suspension, in the same transaction, while the row is still running. Not called when the run goes on.
   * @returns Null when the run is not that attempt's any more, or is to stop: nothing was written.
   * @throws AppError BAD_INPUT.
   */
  request(input: RequestApproval, also?: (tx: Sql) => Promise<unknown>): Promise<Approval | null>;
  /**
   * A rejection by one person is final, and so is an approval by as many as it takes; with it the run is queued again and woken.
   * @throws AppError NOT_FOUND, FORBIDDEN for whoever may not decide this or has before, CONFLICT for other arguments or when it is
   * decided, APPROVAL_EXPIRED.
   */
  decide(viewer: Viewer, input: DecideApproval): Promise<{ approval: Approval }>;
}

export interface ApprovalDeskDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly clock: Clock;
  /** What people read of an approval, and what they note, is kept without what it names. */
  readonly redaction: RedactionPolicy;
}

type Staff = Extract<Viewer, { kind: 'staff' }>;

const SUMMARY_CHARS_MAX = 1_000;
const NOTE_CHARS_MAX = 1_000;
const ARGUMENTS_CHARS_MAX = 100_000;
/** Shorter than the log remembers what it was told. */
const TOLD_AGAIN_MS = 4 * 60_000;

export function createApprovalDesk({ database, log, jobs, clock, redaction }: ApprovalDeskDeps): ApprovalDesk {
  return Object.freeze<ApprovalDesk>({
    async request(input, also) {
      log.assertAvailable();
      const now = clock.now();
      const policy = await readPolicy(database);
      const row = rowOf(input, redaction, now, expiryOf(input.needed.risk, now, policy));
      const approval = await database.sql.transaction((tx) => writeRequest(tx, input.run, row, also));
      // What the first time could not tell, because the log was away, is told now.
      if (approval?.status === 'pending' && approval.createdAt.getTime() > now.getTime() - TOLD_AGAIN_MS)
        await tellApproval(log, approval, requestedEvent(approval, now), 'requested');
      return approval;
    },

    async decide(viewer, input) {
      log.assertAvailable();
      const found = await database.approval.findFirst({ where: { id: input.approvalId, AND: [approvalsVisibleTo(viewer)] } });
      if (!found) throw notFound('approval');
      const staff = requireStaff(viewer, 'write:conversations');
      await assertMayDecide(database, staff, found);
      const note = readNote(input.note, redaction);
      const now = clock.now();
      if (input.argumentsHash !== found.argumentsHash)
        throw new AppError('CONFLICT', 'argumentsHash: what is asked for is not what you have read. Read the approval again and decide on that.', {
          field: 'input.argumentsHash',
        });
      const approval = await database.sql.transaction((tx) => writeDecision(tx, staff, found, { ...input, note }, now));
      try {
        await tellApproval(log, approval, decidedEvent(approval, viewerKey(staff), now), `decided-${approval.status}-${approval.approvedCount}`);
      } finally {
        // Also when it could not be told: the run has been waiting for long enough.
        if (approval.status !== 'pending') await jobs.enqueue({ kind: 'run', id: approval.runId });
      }
      return { approval };
    },
  });
}

type NewApproval = Omit<Approval, 'conversationId' | 'customerId' | 'approvedCount' | 'status' | 'closedReason' | 'warnedAt' | 'decidedAt'>;

function rowOf(input: RequestApproval, redaction: RedactionPolicy, createdAt: Date, expiresAt: Date): NewApproval {
  const { run, step, agentId, tool, requestedBy = agentId, needed } = input;
  const exact = readArguments(input.arguments);
  const withheld = new Set(input.withheld);
  const open = Object.fromEntries(Object.entries(exact).map(([name, value]) => [name, withheld.has(name) ? '[redacted]' : value]));
  return {
    id: newId('appr'),
    runId: run.runId,
    step,
    agentId,
    tool,
    arguments: exact,
    argumentsShown: redactFields(open, redaction) as Prisma.JsonObject,
    argumentsHash: canonicalHash(exact),
    risk: needed.risk,
    summary: redact(readText('summary', input.summary, SUMMARY_CHARS_MAX), redaction).text,
    requestedBy,
    neededLevel: needed.level,
    peopleNeeded: needed.people,
    expiresAt,
    createdAt,
  };
}

/** What is hashed is what will be read back from the row. */
function readArguments(given: Readonly<Record<string, unknown>>): Prisma.JsonObject {
  const json = JSON.stringify(given);
  if (json.length > ARGUMENTS_CHARS_MAX) throw badInput('arguments', `are longer than ${ARGUMENTS_CHARS_MAX.toLocaleString('en-US')} characters of JSON.`);
  // PostgreSQL stores neither U+0000 nor half a surrogate pair; JSON writes both as escapes.
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i.test(json)) throw badInput('arguments', 'contain characters that are not text.');
  return JSON.parse(json) as Prisma.JsonObject;
}

function readText(field: string, value: string, charsMax: number): string {
  const text = value.trim();
  if (text === '' || text.length > charsMax || text.includes('\u0000') || !text.isWellFormed())
    throw badInput(field, `must have 1 to ${charsMax.toLocaleString('en-US')} characters of text.`);
  return text;
}

function readNote(note: string | null | undefined, redaction: RedactionPolicy): string | null {
  return note == null || note.trim() === '' ? null : redact(readText('input.note', note, NOTE_CHARS_MAX), redaction).text;
}

async function writeRequest(tx: Sql, { runId, leaseOwner, attempt }: Asker, row: NewApproval, also?: (tx: Sql) => Promise<unknown>): Promise<Approval | null> {
  // Side by side steps of one attempt ask one after the other: the first leaves the row waiting, with the name of its last owner.
  const [run] = await tx.query<Pick<Run, 'status'>>`
    SELECT "status" FROM "Run"
     WHERE "id" = ${runId} AND "leaseOwner" = ${leaseOwner} AND "attempt" = ${attempt} AND "status" IN ('running', 'waiting')
       AND "stopRequestedAt" IS NULL
       FOR NO KEY UPDATE`;
  if (!run) return null;
  const inserted = await insertApproval(tx, row);
  const [approval] = await tx.query<Approval>`
    SELECT * FROM "Approval"
     WHERE "runId" = ${runId} AND "step" = ${row.step} AND "tool" = ${row.tool} AND "argumentsHash" = ${row.argumentsHash}`;
  if (!approval) throw new Error('an approval that was neither written nor there');
  const { agentId, tool, requestedBy } = row;
  if (inserted) await insertEntry(tx, agentEntry(agentId, 'approval.request', 'approval', approval.id, { tool, requestedBy }, row.createdAt));
  if (approval.status === 'pending' && run.status === 'running') {
    await also?.(tx);
    await tx.execute`UPDATE "Run" SET "status" = 'waiting', "leaseUntil" = NULL WHERE "id" = ${runId}`;
  }
  return approval;
}

async function insertApproval(tx: Sql, row: NewApproval): Promise<boolean> {
  const count = await tx.execute`
    INSERT INTO "Approval" ("id", "runId", "step", "conversationId", "customerId", "agentId", "tool", "arguments", "argumentsShown",
                            "argumentsHash", "risk", "summary", "requestedBy", "neededLevel", "peopleNeeded", "expiresAt", "createdAt")
    SELECT ${row.id}, r."id", ${row.step}, r."conversationId", r."customerId", ${row.agentId}, ${row.tool},
           ${JSON.stringify(row.arguments)}::jsonb, ${JSON.stringify(row.argumentsShown)}::jsonb, ${row.argumentsHash}, ${row.risk}::"Risk",
           ${row.summary}, ${row.requestedBy}, ${row.neededLevel}::"ApprovalLevel", ${row.peopleNeeded}::int, ${row.expiresAt}::timestamptz,
           ${row.createdAt}::timestamptz
      FROM "Run" r WHERE r."id" = ${row.runId}
    ON CONFLICT ("runId", "step", "tool", "argumentsHash") DO NOTHING`;
  return count > 0;
}

/** The row of the person decides, not the token: a level that was taken away is gone at once. */
async function assertMayDecide(database: Database, staff: Staff, { neededLevel, peopleNeeded, requestedBy }: Approval): Promise<void> {
  const user = await database.user.findFirst({ where: { id: staff.userId, active: true } });
  if (!user) throw new AppError('FORBIDDEN', 'Only people of the desk who are on record decide.');
  if (!reaches(levelOf(user, await readPolicy(database)), neededLevel))
    throw new AppError('FORBIDDEN', `This needs somebody who may decide as ${neededLevel} or above.`);
  if (peopleNeeded > 1 && requestedBy === viewerKey(staff)) throw new AppError('FORBIDDEN', 'You asked for this yourself: two others have to decide.');
}

interface Decision extends Pick<DecideApproval, 'approve' | 'argumentsHash'> {
  readonly note: string | null;
}

async function writeDecision(tx: Sql, staff: Staff, { id, runId }: Approval, { approve, note, argumentsHash }: Decision, now: Date): Promise<Approval> {
  const [run] = await tx.query<Pick<Run, 'finishedAt'>>`SELECT "finishedAt" FROM "Run" WHERE "id" = ${runId} FOR NO KEY UPDATE`;
  // The one update that decides: of many people at once as many come through as it takes.
  const [approval] = await tx.query<Approval>`
    UPDATE "Approval"
       SET "approvedCount" = "approvedCount" + ${approve ? 1 : 0}::int,
           "status" = CASE WHEN NOT ${approve}::boolean THEN 'rejected'::"ApprovalStatus"
                           WHEN "approvedCount" + 1 >= "peopleNeeded" THEN 'approved'::"ApprovalStatus" ELSE "status" END,
           "decidedAt" = CASE WHEN NOT ${approve}::boolean OR "approvedCount" + 1 >= "peopleNeeded" THEN ${now}::timestamptz END
     WHERE "id" = ${id} AND "status" = 'pending' AND "argumentsHash" = ${argumentsHash} AND "expiresAt" > ${now}::timestamptz
           AND ${run?.finishedAt === null}::boolean
    RETURNING *`;
  if (!approval) throw await whyNot(tx, id);
  const written = await tx.execute`
    INSERT INTO "ApprovalDecision" ("id", "approvalId", "userId", "approve", "note", "at")
    VALUES (${newId('adec')}, ${id}, ${staff.userId}, ${approve}::boolean, ${note}, ${now}::timestamptz)
    ON CONFLICT ("approvalId", "userId") DO NOTHING`;
  if (written === 0) throw new AppError('FORBIDDEN', 'You have approved this already: somebody else has to decide as well.');
  await insertEntry(tx, auditEntry(staff, approve ? 'approval.approve' : 'approval.reject', 'approval', id, { argumentsHash }, now));
  if (approval.status !== 'pending') await resumeRun(tx, runId);
  return approval;
}

/** Its run can be taken up again, to do what was approved or to end without it. A run that goes on meanwhile is left alone. */
export async function resumeRun(tx: Sql, runId: string): Promise<void> {
  await tx.execute`UPDATE "Run" SET "status" = 'queued', "leaseOwner" = NULL, "leaseUntil" = NULL WHERE "id" = ${runId} AND "status" = 'waiting'`;
}

async function whyNot(tx: Sql, id: string): Promise<AppError> {
  const [row] = await tx.query<Pick<Approval, 'status' | 'closedReason'>>`SELECT "status", "closedReason" FROM "Approval" WHERE "id" = ${id}`;
  const over = new AppError('APPROVAL_EXPIRED', 'The time to decide this is over.');
  switch (row?.status) {
    case undefined:
      return notFound('approval');
    case 'expired':
      return over;
    case 'approved':
    case 'rejected': {
      if (row.closedReason) return new AppError('CONFLICT', row.closedReason);
      const [last] = await tx.query<{ name: string }>`
        SELECT u."name" FROM "ApprovalDecision" d JOIN "User" u ON u."id" = d."userId" WHERE d."approvalId" = ${id} ORDER BY d."at" DESC, d."id" DESC LIMIT 1`;
      return new AppError('CONFLICT', `${last?.name ?? 'Somebody'} has ${row.status} this already.`);
    }
    case 'pending': {
      const [run] = await tx.query<Pick<Run, 'finishedAt'>>`
        SELECT r."finishedAt" FROM "Run" r JOIN "Approval" a ON a."runId" = r."id" WHERE a."id" = ${id}`;
      return run?.finishedAt ? new AppError('CONFLICT', 'Its run has ended: there is nothing left to decide.') : over;
    }
  }
}
