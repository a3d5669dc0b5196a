/** The subscription a customer has, and what one period of it costs as its row stands. Changes nothing. */
import type { Database } from './database.ts';
import type { PlanSubscription, Prisma } from './generated/prisma/client.ts';
import { centsOf, percentOf } from './money.ts';

/** The subscription that is running, else the last one there was, else null. */
export async function currentSubscription(database: Database | Prisma.TransactionClient, customerId: string): Promise<PlanSubscription | null> {
  const order = { orderBy: { startedAt: 'desc' } } as const;
  return (
    (await database.planSubscription.findFirst({ where: { customerId, status: { not: 'canceled' } }, ...order })) ??
    (await database.planSubscription.findFirst({ where: { customerId }, ...order }))
  );
}

/** What one billing period costs after the discounts on the row. */
export function periodPriceCents(subscription: PlanSubscription): number {
  const listCents = subscription.seats * centsOf(subscription.seatPrice) * (subscription.cycle === 'annual' ? 12 : 1);
  return listCents - percentOf(listCents, subscription.discountPercent.toNumber());
}
