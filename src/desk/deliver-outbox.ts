/**
 * Carries the outbox out of the house: takes what is due in batches, tries each once, and tries again later what failed. Any number
 * of processes may run it on one database. Delivers at least once: a process that dies between delivering and noting it leaves the
 * row to be delivered again under the same id, by which the receiver knows it.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Database } from '../store/database.ts';
import type { OutboxMessage } from '../store/generated/prisma/client.ts';
import type { Transport } from './outbox-transport.ts';
import { openTicket } from './ticket.ts';

export interface OutboxDelivery {
  /** Begins to look for what is due: every two seconds, and when woken. */
  start(): void;
  /** Looks at once instead of at the next turn. */
  wake(): void;
  /** One batch of what is due now. @returns How many were tried. */
  deliverDue(signal: AbortSignal): Promise<number>;
  /** Takes what is still due along, then ends; what is under way when the time is over stays for the next process. May be called twice. */
  close(withinMs: number): Promise<void>;
}

export interface OutboxDeliveryDeps {
  readonly database: Database;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 up to but not including 1: spreads retries. */
  readonly random?: () => number;
  /** Opens what was sealed for the row with this id: JSON. Left out: rows with secrets cannot be delivered. */
  readonly unseal?: (sealed: string, id: string) => string;
}

const POLL_MS = 2_000;
const BATCH = 20;
const DELIVER_MS = 10_000;
/** While a row is being tried nobody else takes it; longer than one try may last. */
const LEASE_MS = 60_000;
export const ATTEMPTS_MAX = 8;
/** Eight tries are spread over about a day: after 30 s, then each time 3.6 times as long. */
const FIRST_RETRY_MS = 30_000;
const GROWTH = 3.6;
const ERROR_CHARS_MAX = 200;

export function createOutboxDelivery({ database, transport, clock, log, random = Math.random, unseal }: OutboxDeliveryDeps): OutboxDelivery {
  const stop = new AbortController();
  let nudge = new AbortController();
  let loop: Promise<void> | null = null;
  let closing: Promise<void> | null = null;

  async function deliverDue(signal: AbortSignal): Promise<number> {
    const rows = await claim(database, clock.now());
    await Promise.all(rows.map((row) => deliverOne(row, signal)));
    return rows.length;
  }

  async function deliverOne(row: OutboxMessage, signal: AbortSignal): Promise<void> {
    const { id, attempts } = row;
    try {
      // A row whose last try nobody noted is not tried a ninth time.
      if (attempts > ATTEMPTS_MAX) throw new Error('The last try was never noted');
      const { receipt } = await transport.deliver(opened(row), AbortSignal.any([signal, AbortSignal.timeout(DELIVER_MS)]));
      await database.outboxMessage.updateMany({
        where: { id, status: 'pending' },
        data: { status: 'delivered', receipt, sealed: null, lastError: null, deliveredAt: clock.now() },
      });
    } catch (error) {
      // On the way out nothing is noted: the lease ends, and another process tries it.
      if (signal.aborted) return;
      const lastError = (error instanceof Error ? error.message : 'unknown').slice(0, ERROR_CHARS_MAX);
      if (attempts >= ATTEMPTS_MAX) return giveUp(row, lastError);
      const nextAttemptAt = new Date(clock.now().getTime() + retryAfterMs(attempts, random));
      await database.outboxMessage.updateMany({ where: { id, status: 'pending', attempts }, data: { lastError, nextAttemptAt } });
    }
  }

  /** With its secrets among the payload, for the receiver alone. */
  function opened(row: OutboxMessage): OutboxMessage {
    if (row.sealed === null) return row;
    if (!unseal) throw new Error('The secrets of this message cannot be opened here');
    const secrets = JSON.parse(unseal(row.sealed, row.id)) as Record<string, string>;
    return { ...row, payload: { ...(row.payload as object), ...secrets } };
  }

  /** The customer was told that it is on its way, so people must know that it is not. */
  async function giveUp({ id, kind, subject, customerId, conversationId, attempts }: OutboxMessage, lastError: string): Promise<void> {
    log.error({ outboxId: id, kind, subject, attempts, lastError }, 'an outgoing message could not be delivered');
    const now = clock.now();
    await database.$transaction(async (tx) => {
      const { count } = await tx.outboxMessage.updateMany({ where: { id, status: 'pending', attempts }, data: { status: 'failed', sealed: null, lastError } });
      // Mail to people of the desk and of partners has no customer behind it: the log line above is what is left, and who asked for it asks again.
      if (count === 0 || customerId === null) return;
      const title = `Could not be delivered: ${kind} ${subject}`;
      const description = `The outgoing message ${id} was tried ${ATTEMPTS_MAX} times and not taken: ${lastError}. The customer was told that it is on its way.`;
      await openTicket(
        tx,
        { customerId, conversationId, kind: 'incident', title, description, severity: 'high', agentId: 'outbox', callId: `outbox:${id}` },
        now,
      );
    });
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      let tried = 0;
      try {
        tried = await deliverDue(stop.signal);
      } catch (error) {
        log.warn({ err: error }, 'the outbox could not be read');
      }
      if (tried === BATCH) continue;
      await clock.sleep(POLL_MS, AbortSignal.any([stop.signal, nudge.signal])).catch(() => undefined);
      if (nudge.signal.aborted) nudge = new AbortController();
    }
  }

  async function finish(withinMs: number): Promise<void> {
    const limit = AbortSignal.timeout(withinMs);
    const outOfTime = new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve(), { once: true }));
    // What the last runs wrote goes out as well, as far as the time allows.
    const last = (async () => {
      while (!limit.aborted && (await deliverDue(limit)) === BATCH);
    })().catch((error: unknown) => log.warn({ err: error }, 'the outbox was not emptied on leaving'));
    await Promise.race([last, outOfTime]);
    stop.abort();
    await Promise.all([last, loop]);
  }

  return Object.freeze<OutboxDelivery>({
    start() {
      if (closing === null) loop ??= run();
    },
    wake: () => nudge.abort(),
    deliverDue,
    close: (withinMs) => (closing ??= finish(withinMs)),
  });
}

/** Takes what is due for one try each; rows that another process is taking at this moment are left to it. */
async function claim(database: Database, now: Date): Promise<OutboxMessage[]> {
  const until = new Date(now.getTime() + LEASE_MS);
  return database.sql.query<OutboxMessage>`
    UPDATE "OutboxMessage" SET "attempts" = "attempts" + 1, "nextAttemptAt" = ${until}
    WHERE "id" IN (
      SELECT "id" FROM "OutboxMessage" WHERE "status" = 'pending' AND "nextAttemptAt" <= ${now}
      ORDER BY "nextAttemptAt", "id" LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
    )
    RETURNING *`;
}

/** @param attempts Tries made so far. */
export function retryAfterMs(attempts: number, random: () => number): number {
  // Up to a fifth earlier, so that what failed together does not come back together.
  return Math.round(FIRST_RETRY_MS * GROWTH ** (attempts - 1) * (1 - random() * 0.2));
}
