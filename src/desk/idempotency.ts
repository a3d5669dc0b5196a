/**
 * One answer per key: the same viewer, verb and idempotency key with the same body gets what the first call got; with another
 * body it is a CONFLICT. The record is written in the transaction of the thing it stands for.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../foundation/errors.ts';
import { Prisma } from '../store/generated/prisma/client.ts';
import type { Database } from '../store/database.ts';

export interface IdempotentCall {
  /** Who calls: `viewerKey(viewer)`. */
  readonly scope: string;
  readonly verb: string;
  readonly key: string;
  /** What was asked, without the key. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The id the first call with this key made, or null when there was none. */
export async function findFirstAnswer(database: Database, call: IdempotentCall): Promise<string | null> {
  const { scope, verb, key } = call;
  const record = await database.idempotencyRecord.findUnique({ where: { scope_verb_key: { scope, verb, key } } });
  if (!record) return null;
  if (record.bodyHash !== hashOf(call.body))
    throw new AppError('CONFLICT', `idempotencyKey: this key was used before with other content.`, { field: 'input.idempotencyKey' });
  return record.subjectId;
}

export async function recordFirstAnswer(tx: Prisma.TransactionClient, call: IdempotentCall, subjectId: string, now: Date): Promise<void> {
  const { scope, verb, key } = call;
  await tx.idempotencyRecord.create({ data: { scope, verb, key, bodyHash: hashOf(call.body), subjectId, createdAt: now } });
}

/** True when a write lost a race for a unique value. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

function hashOf(body: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(body)
    .filter(([, value]) => value !== undefined && value !== null)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
