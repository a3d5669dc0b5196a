/**
 * What a mailed link carries: 256 random bits, kept as a hash, good once and for a while. Making one voids what was made before of the
 * same kind for the same address, so that only the newest mail works. Knows nothing of what is done with it, and sends nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { badInput } from '../foundation/errors.ts';
import type { OneTimeKind, OneTimeToken, Prisma, UserRole } from '../store/generated/prisma/client.ts';

export interface OneTimeSubject {
  readonly email: string;
  /** Left out for an invitation. */
  readonly userId?: string;
  /** Of an invitation: what the account will be. */
  readonly role?: UserRole;
}

const HOUR_MS = 3_600_000;
/** A way into an account lasts as short as people need to open their mail. */
export const ONE_TIME_MS: Readonly<Record<OneTimeKind, number>> = { verify_email: 24 * HOUR_MS, reset_password: HOUR_MS, invitation: 7 * 24 * HOUR_MS };

/** Makes one; the answer exists nowhere else. */
export async function issueOneTime(tx: Prisma.TransactionClient, kind: OneTimeKind, subject: OneTimeSubject, now: Date): Promise<string> {
  const token = randomSecret();
  await tx.oneTimeToken.deleteMany({ where: { email: subject.email, kind, usedAt: null } });
  await tx.oneTimeToken.create({ data: { hash: secretHash(token), kind, ...subject, createdAt: now, expiresAt: new Date(now.getTime() + ONE_TIME_MS[kind]) } });
  return token;
}

/** What it is for, unused. @throws AppError BAD_INPUT, the same for one that never was, was used, is of another kind or has expired. */
export async function findOneTime(tx: Prisma.TransactionClient, field: string, kind: OneTimeKind, token: string, now: Date): Promise<OneTimeToken> {
  const row = await tx.oneTimeToken.findUnique({ where: { hash: secretHash(token) } });
  if (!row || row.kind !== kind || row.usedAt || row.expiresAt <= now) throw refusal(field);
  return row;
}

/** Uses it up: of two at once only one succeeds. @throws AppError BAD_INPUT as above. */
export async function useOneTime(tx: Prisma.TransactionClient, field: string, { hash }: OneTimeToken, now: Date): Promise<void> {
  const { count } = await tx.oneTimeToken.updateMany({ where: { hash, usedAt: null, expiresAt: { gt: now } }, data: { usedAt: now } });
  if (count === 0) throw refusal(field);
}

/** Forgets those that nobody can use any more. They stay for a day, so that a link tells the same as long as people still try it. @returns How many. */
export async function pruneOneTime(tx: Prisma.TransactionClient, now: Date): Promise<number> {
  const { count } = await tx.oneTimeToken.deleteMany({ where: { expiresAt: { lt: new Date(now.getTime() - 24 * HOUR_MS) } } });
  return count;
}

function refusal(field: string) {
  return badInput(field, 'this link does not work any more. Ask for a new one.');
}

/** 256 random bits as text. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A fast hash is enough for 256 random bits. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
