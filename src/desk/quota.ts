/**
 * How many conversations a customer may begin on one day (UTC), by plan: whoever begins them, the customer, the staff or a partner,
 * they count. Numbers are policy rows. Counts what there is and keeps no counter, so nothing can be off by a crash.
 */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import type { Plan } from '../store/generated/prisma/enums.ts';
import { addDays, startOfDay } from '../store/period.ts';
import type { Policy } from '../store/policy-schema.ts';

type Reader = Pick<Prisma.TransactionClient, 'customer' | 'conversation' | '$queryRaw'>;

interface Asked {
  readonly customerId: string;
  readonly plans: Policy['plans'];
  readonly now: Date;
}

/**
 * Looked at before anything is locked: who asks again and again after the last one holds nobody up.
 * @throws AppError QUOTA_REACHED with `retryAfterMs` until midnight UTC.
 */
export async function assertQuota(database: Reader, { customerId, plans, now }: Asked): Promise<void> {
  const plan = await planOf(database, customerId);
  const limit = plan && plans[plan].conversationsPerDay;
  if (plan && limit !== null) await assertBelow(database, customerId, plan, limit, now);
}

/**
 * The same within the transaction that begins the conversation: from here to its end nobody else begins one for this customer.
 * @throws AppError QUOTA_REACHED
 */
export async function holdQuota(tx: Reader, { customerId, plans, now }: Asked): Promise<void> {
  const plan = await planOf(tx, customerId);
  const limit = plan && plans[plan].conversationsPerDay;
  if (!plan || limit === null) return;
  await tx.$queryRaw`SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(${`quota:${customerId}`}, 0))) AS locked`;
  await assertBelow(tx, customerId, plan, limit, now);
}

/** The last conversation of the day may be the very one that was asked for twice. */
export function isQuotaReached(error: unknown): boolean {
  return error instanceof AppError && error.code === 'QUOTA_REACHED';
}

async function planOf(database: Reader, customerId: string): Promise<Plan | null> {
  return (await database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }))?.plan ?? null;
}

async function assertBelow(database: Reader, customerId: string, plan: Plan, limit: number, now: Date): Promise<void> {
  const midnight = startOfDay(now);
  const begun = await database.conversation.count({ where: { customerId, createdAt: { gte: midnight } } });
  if (begun < limit) return;
  throw new AppError(
    'QUOTA_REACHED',
    `The ${plan} plan has ${limit} conversations a day, and today's are used. Go on in one of them, or come back after midnight UTC.`,
    {
      retryAfterMs: addDays(midnight, 1).getTime() - now.getTime(),
    },
  );
}
