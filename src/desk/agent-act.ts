/**
 * What an agent does at the desk, done once: the same call gives what the first one did, acts on one customer never overlap, and each
 * leaves an audit entry in its own transaction. Knows no particular act, and checks no grant: the verb does.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { Customer, Prisma } from '../store/generated/prisma/client.ts';
import { agentEntry } from './audit.ts';
import { lockCustomer, openTicket } from './ticket.ts';

/** Acts of one customer wait for each other; one that waits longer than this gives up. */
const TRANSACTION = { maxWait: 10_000, timeout: 10_000 } as const;

/** Who acts, for whom, in answer to what: a tool's context has all of it. */
export interface AgentCall {
  readonly customerId: string;
  readonly conversationId: string | null;
  readonly runId: string;
  readonly agentId: string;
  /** The same for a repeated call of the same step. */
  readonly callId: string;
  /** The customer's message being answered. */
  readonly said: string;
  /** Their earlier messages in this conversation, oldest first. */
  readonly earlier: readonly string[];
  /** What people were asked for this call and are said to have approved; the act looks for it itself. */
  readonly approved?: ApprovedCall | undefined;
}

/** A call that people were asked about: which, and with what exactly. */
export interface ApprovedCall {
  /** Where in the workflow it was asked for. */
  readonly step: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface AgentActDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export interface ActScope {
  readonly tx: Prisma.TransactionClient;
  /** Locked until the act ends. */
  readonly customer: Customer;
  readonly now: Date;
}

export interface Done {
  /** What the act is about; a repeated call gets this id. */
  readonly subjectId: string;
  readonly subjectKind: string;
  /** Names of fields and ids of rows, never what stands in them. */
  readonly changes?: Prisma.InputJsonObject;
}

/**
 * The id of what was done, by this call or by an earlier one of the same id. `act` throws to refuse; then nothing is written.
 * @param action As the audit tells it, such as `member.invite`.
 */
export async function actOnce({ database, clock }: AgentActDeps, call: AgentCall, action: string, act: (scope: ActScope) => Promise<Done>): Promise<string> {
  const key = { scope: `customer:${call.customerId}`, verb: action, key: call.callId };
  return database.$transaction(async (tx) => {
    await lockCustomer(tx, call.customerId);
    const before = await tx.idempotencyRecord.findUnique({ where: { scope_verb_key: key } });
    if (before) return before.subjectId;
    const customer = await tx.customer.findUniqueOrThrow({ where: { id: call.customerId } });
    const now = clock.now();
    const { subjectId, subjectKind, changes = {} } = await act({ tx, customer, now });
    // The words of the call are left out: another attempt of the run may put the same wish differently.
    await tx.idempotencyRecord.create({ data: { ...key, bodyHash: '', subjectId, createdAt: now } });
    await tx.auditEntry.create({ data: agentEntry(call.agentId, action, subjectKind, subjectId, changes, now) });
    return subjectId;
  }, TRANSACTION);
}

/** How often an action was taken in this run: what a grant "so many a turn" is counted by. */
export async function countInRun({ tx, customer }: ActScope, call: AgentCall, action: string): Promise<number> {
  return tx.idempotencyRecord.count({ where: { scope: `customer:${customer.id}`, verb: action, key: { startsWith: `${call.runId}:` } } });
}

/** How often an action was taken about this subject since then. */
export async function countSince({ tx }: ActScope, action: string, subjectId: string, since: Date): Promise<number> {
  return tx.auditEntry.count({ where: { action, subjectId, at: { gt: since } } });
}

/**
 * Refuses what is beyond the agent's grant, and leaves the wish as a ticket for those who decide.
 * @throws AppError FORBIDDEN with this sentence, always.
 */
export async function refuseForPeople({ database, clock }: AgentActDeps, call: AgentCall, title: string, sentence: string): Promise<never> {
  const { customerId, conversationId, agentId, callId } = call;
  const ticket = { customerId, conversationId, agentId, callId, kind: 'request', severity: 'medium', title, description: sentence } as const;
  const { number } = await database.$transaction((tx) => openTicket(tx, ticket, clock.now()), TRANSACTION);
  throw new AppError('FORBIDDEN', `${sentence} I have opened ticket ${number} for them.`);
}

/** A refusal that the state of things makes; asking again changes nothing before they change. */
export function refused(sentence: string): AppError {
  return new AppError('CONFLICT', sentence, { retryable: false });
}
