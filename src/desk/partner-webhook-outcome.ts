/**
 * What becomes of one try to deliver: a line in the log of the delivery, the next try or the end of it, and what it says about the
 * webhook. One that says it is gone is disabled at once, one that took nothing for days when it gives up another delivery.
 */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Database } from '../store/database.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import { systemEntry } from './audit.ts';
import { enqueueOutgoing } from './outbox.ts';
import type { Answer, UndeliveredReason } from './partner-webhook-request.ts';
import { nextTry } from './partner-webhook-retry.ts';

/** A delivery that was tried, with what is known of its webhook. */
export interface Tried {
  readonly id: string;
  readonly webhookId: string;
  readonly partnerId: string | null;
  readonly url: string;
  /** This one included. */
  readonly attempts: number;
  readonly expiresAt: Date;
  readonly failingSince: Date | null;
  readonly contactEmail: string | null;
}

export interface Outcome {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tried: Tried;
  /** When it was sent, and how long that took. */
  readonly at: Date;
  readonly ms: number;
  readonly random: () => number;
}

/** A webhook that took nothing for so long is disabled. */
export const FAILING_MS = 3 * 24 * 60 * 60_000;
const GONE = 410;

export async function recordAnswer(outcome: Outcome, answer: Answer): Promise<void> {
  const { database, clock, tried } = outcome;
  const response = { responseStatus: answer.status, responseBody: answer.body, error: null };
  if (answer.status < 200 || answer.status > 299) return recordTry(outcome, response, answer.status === GONE ? GONE : answer.retryAfter);
  await database.$transaction(async (tx) => {
    await tx.partnerDelivery.updateMany({
      where: mine(tried),
      data: { status: 'delivered', deliveredAt: clock.now(), leaseUntil: null },
    });
    await insertTry(tx, outcome, response);
    if (tried.failingSince !== null) await tx.partnerWebhook.updateMany({ where: { id: tried.webhookId }, data: { failingSince: null } });
  });
}

export async function recordFailure(outcome: Outcome, error: UndeliveredReason): Promise<void> {
  await recordTry(outcome, { responseStatus: null, responseBody: null, error }, null);
}

type Response = Pick<Prisma.PartnerDeliveryAttemptUncheckedCreateInput, 'responseStatus' | 'responseBody' | 'error'>;

async function recordTry(outcome: Outcome, response: Response, answered: typeof GONE | string | null): Promise<void> {
  const { database, clock, log, tried, random } = outcome;
  const now = clock.now();
  const gone = answered === GONE;
  const nextAttemptAt = gone ? null : nextTry({ ...tried, retryAfter: typeof answered === 'string' ? answered : null, now, random });
  const failing = nextAttemptAt === null && tried.failingSince !== null && tried.failingSince.getTime() <= now.getTime() - FAILING_MS;
  await database.$transaction(async (tx) => {
    const { count } = await tx.partnerDelivery.updateMany({
      where: mine(tried),
      data: nextAttemptAt ? { leaseUntil: null, nextAttemptAt } : { leaseUntil: null, status: 'failed' },
    });
    await insertTry(tx, outcome, response);
    // Asked for again in the meantime: this try says nothing about that one.
    if (count === 0) return;
    await tx.partnerWebhook.updateMany({ where: { id: tried.webhookId, failingSince: null }, data: { failingSince: now } });
    if (gone || failing) await disable(tx, outcome, gone ? 'gone' : 'failing', now);
  });
  if (nextAttemptAt === null)
    log.warn({ deliveryId: tried.id, webhookId: tried.webhookId, attempts: tried.attempts, gone, failing }, 'a webhook took a delivery at no try');
}

async function disable(tx: Prisma.TransactionClient, { tried }: Outcome, disabledReason: 'gone' | 'failing', now: Date): Promise<void> {
  const { webhookId: id, url, contactEmail, failingSince } = tried;
  const { count } = await tx.partnerWebhook.updateMany({ where: { id, status: 'enabled' }, data: { status: 'disabled', disabledReason, updatedAt: now } });
  if (count === 0) return;
  await tx.auditEntry.create({ data: systemEntry('webhook.disable', 'webhook', id, { reason: disabledReason }, now) });
  if (contactEmail === null) return;
  const payload = { webhookId: id, url, reason: disabledReason, failingSince: failingSince?.toISOString() ?? null };
  await enqueueOutgoing(tx, { kind: 'email', customerId: null, subject: 'webhook_disabled', recipient: contactEmail, payload }, now);
}

async function insertTry(tx: Prisma.TransactionClient, { tried, at, ms }: Outcome, response: Response): Promise<void> {
  // Deleted with its webhook, or with all that was known of its customer, while it was under way.
  if ((await tx.partnerDelivery.findUnique({ where: { id: tried.id }, select: { id: true } })) === null) return;
  await tx.partnerDeliveryAttempt.create({ data: { id: newId('dtry'), deliveryId: tried.id, at, ms, ...response } });
}

/** Whoever lost the lease, or was overtaken by a wish to send it again, changes nothing. */
function mine({ id, attempts }: Tried): Prisma.PartnerDeliveryWhereInput {
  return { id, status: 'pending', attempts };
}
