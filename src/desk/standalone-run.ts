/**
 * Starting a run that answers no message: for a customer there is, once per key. Row first, event second, then the job that wakes it. On a
 * conversation it works for the desk. What is run, and whether the viewer may, is checked by whoever calls.
 */
import type { Clock } from '../foundation/clock.ts';
import { badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { Database } from '../store/database.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { conversationsVisibleTo, customersVisibleTo } from './access.ts';
import { channelOf, tellable } from './desk-run.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer, type IdempotentCall } from './idempotency.ts';
import { requireNamingByAddress } from './personal-data.ts';
import { capped, type Capped } from './run-caps.ts';

export interface ForCustomer {
  /** One of the two; a customer may leave both out. */
  readonly customerId?: string | null;
  readonly customerEmail?: string | null;
  readonly idempotencyKey?: string | null;
}

/** For a customer, or on one of their conversations, which may be resolved: it says nothing there. */
export interface ForWhom extends ForCustomer {
  /** Says the customer as well; one that is given beside it must be theirs. */
  readonly conversationId?: string | null;
}

/** When it is to begin, and what happens when it fails. */
export interface Timing {
  /** Higher goes first; 0 is normal, -1000 to 1000. */
  readonly priority?: number;
  /** Left out: at once. */
  readonly notBefore?: Date | null;
  /** How often a failure that may pass is tried again, 0 to 9. */
  readonly retries?: number;
}

export interface StandaloneRunDeps extends Capped {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}

export interface StandaloneRun {
  /** The mutation's name: keys of different ones do not meet. */
  readonly verb: string;
  readonly workflow: string;
  readonly input: Prisma.InputJsonObject;
  readonly about: ForWhom;
  readonly timing?: Timing;
}

/** @throws AppError NOT_FOUND for a customer or conversation that is not there (for this viewer), BAD_INPUT when they do not belong together, CONFLICT for a key used before with other content, RATE_LIMITED when too many are in flight. */
export async function startStandalone(
  { database, log, jobs, clock, runCaps }: StandaloneRunDeps,
  viewer: Viewer,
  { verb, workflow, input, about, timing = {} }: StandaloneRun,
): Promise<{ run: Run }> {
  const { idempotencyKey: key, conversationId, ...whom } = about;
  const where = conversationId ? { conversationId } : {};
  const call: IdempotentCall | null =
    key === null || key === undefined ? null : { scope: viewerKey(viewer), verb, key, body: { workflow, input, ...whom, ...where, ...timed(timing) } };
  const before = call && (await findFirstAnswer(database, call));
  if (before) return { run: await database.run.findUniqueOrThrow({ where: { id: before } }) };
  const place = await findPlace(database, viewer, about);
  const { priority = 0, notBefore = null, retries: retriesLeft = 0 } = timing;
  const now = clock.now();
  const id = newId('run');
  try {
    const write = capped({ runCaps }, viewer, async (tx: Prisma.TransactionClient) => {
      if (call) await recordFirstAnswer(tx, call, id, now);
      // In whose name its agents ask people for what they may not do.
      const asked = { ...input, startedBy: viewerKey(viewer) };
      return { run: await tx.run.create({ data: { id, workflow, ...place, input: asked, priority, notBefore, retriesLeft, createdAt: now } }) };
    });
    const { run } = await database.$transaction(write);
    await log.append(channelOf(run), tellable(run, [{ type: 'RunQueued', at: now.toISOString(), visibility: 'CUSTOMER', runId: id, place: 0 }]));
    await jobs.enqueue({ kind: 'run', id, priority, delayMs: Math.max(0, (notBefore?.getTime() ?? 0) - now.getTime()) });
    return { run };
  } catch (error) {
    // Two calls with one key at once: the one that lost answers what the winner made.
    const winner = call && isUniqueViolation(error) ? await findFirstAnswer(database, call) : null;
    if (winner) return { run: await database.run.findUniqueOrThrow({ where: { id: winner } }) };
    throw error;
  }
}

/** Part of what a key stands for, where anything was said of it. */
function timed({ priority = 0, notBefore = null, retries = 0 }: Timing): object {
  return priority === 0 && notBefore === null && retries === 0 ? {} : { priority, notBefore: notBefore?.toISOString() ?? null, retries };
}

async function findPlace(database: Database, viewer: Viewer, about: ForWhom) {
  const { conversationId, customerId, customerEmail } = about;
  if (!conversationId) return { customerId: await findCustomer(database, viewer, about) };
  const conversation = await database.conversation.findFirst({
    where: { AND: [{ id: conversationId }, conversationsVisibleTo(viewer)] },
    select: { customerId: true, ownerVersion: true, customer: { select: { email: true } } },
  });
  if (!conversation) throw notFound('conversation');
  const theirs = conversation.customer.email.toLowerCase();
  if ((customerId && customerId !== conversation.customerId) || (customerEmail && customerEmail.trim().toLowerCase() !== theirs))
    throw badInput('input.conversationId', 'is a conversation of another customer.');
  return { conversationId, customerId: conversation.customerId, ownerVersion: conversation.ownerVersion };
}

/** Whom it is about. Nobody is created for it: what is run by hand serves customers there are. */
async function findCustomer(database: Database, viewer: Viewer, { customerId, customerEmail }: ForCustomer): Promise<string> {
  if (viewer.kind === 'customer' && !customerId && !customerEmail) return viewer.customerId;
  if (!customerId && !customerEmail) throw badInput('input.customerId', 'say who it is about: customerId or customerEmail.');
  if (!customerId) requireNamingByAddress(viewer);
  const named = customerId ? { id: customerId } : { email: { equals: customerEmail?.trim() ?? '', mode: 'insensitive' as const } };
  // Partners may have a customer of the same address: our own comes first.
  const found = await database.customer.findFirst({
    where: { AND: [named, customersVisibleTo(viewer)] },
    orderBy: [{ partnerId: { sort: 'asc', nulls: 'first' } }, { createdAt: 'asc' }],
    select: { id: true },
  });
  if (!found) throw notFound('customer');
  return found.id;
}
