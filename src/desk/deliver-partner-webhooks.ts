/**
 * Carries events out to webhooks: takes what is due, signs and sends it, keeps what came back, and tries again for a day. Any number
 * of processes may do so on one database: a row is leased to one of them. At least once, under an id that never changes; in the order
 * of the conversation as long as everything is taken at the first try. A webhook that is slow or fails waits by itself.
 */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Database } from '../store/database.ts';
import type { PartnerDelivery } from '../store/generated/prisma/client.ts';
import { recordAnswer, recordFailure, type Outcome, type Tried } from './partner-webhook-outcome.ts';
import { Undelivered, type Answer, type WebhookSender } from './partner-webhook-request.ts';
import { signedHeaders, type SecretSeal } from './partner-webhook-secret.ts';

/** What is to be put into words for a receiver. */
export interface Deliverable extends Pick<PartnerDelivery, 'channel' | 'type' | 'event' | 'conversationId' | 'runId'> {
  /** Whose webhook it is; null: the business's own. */
  readonly partnerId: string | null;
  readonly position: string;
  readonly sequence: number;
}

export interface WebhookDeliveryDeps {
  readonly database: Database;
  readonly sender: WebhookSender;
  readonly seal: SecretSeal;
  /** The text to send. @throws When it cannot be read at the moment. */
  readonly render: (deliverable: Deliverable, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 up to but not including 1: spreads retries. */
  readonly random?: () => number;
}

export interface WebhookDelivery {
  /** Begins to look for what is due: every second, and when woken. */
  start(): void;
  /** Looks at once instead of at the next turn. */
  wake(): void;
  /** Tries once what is due now and may be tried now. @returns How many were tried. */
  deliverDue(signal: AbortSignal): Promise<number>;
  /** Begins nothing more and lets what is under way end; what is not over in time is tried again under its id by the next process. May be called twice. */
  close(withinMs: number): Promise<void>;
}

interface Claimed extends Tried {
  readonly channel: string;
  readonly type: string;
  readonly event: PartnerDelivery['event'];
  readonly conversationId: string | null;
  readonly runId: string | null;
  readonly position: string;
  readonly sequence: number;
  readonly body: string | null;
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldSecretUntil: Date | null;
}

const POLL_MS = 1_000;
/** At once and per process; of one webhook that works, and of one that fails. */
const AT_ONCE = 200;
const AT_ONCE_PER_WEBHOOK = 4;
const AT_ONCE_WHEN_FAILING = 1;
/** Longer than putting it into words and sending it may take. */
const LEASE_MS = 60_000;
/** After which a delivery that could not be put into words is looked at again; that is not the receiver's fault, and counts as no try. */
const UNREADABLE_MS = 30_000;
const EXPIRE_EVERY_MS = 60_000;

export function createWebhookDelivery(deps: WebhookDeliveryDeps): WebhookDelivery {
  const { database, clock, log } = deps;
  const stop = new AbortController();
  const cut = new AbortController();
  const underWay = new Map<string, number>();
  const sending = new Set<Promise<void>>();
  let nudge = new AbortController();
  let loop: Promise<void> | null = null;
  let closing: Promise<void> | null = null;
  let expireAtMs = 0;

  /** @returns The deliveries that were begun. */
  async function begin(signal: AbortSignal): Promise<readonly Promise<void>[]> {
    const now = clock.now();
    if (now.getTime() >= expireAtMs) {
      expireAtMs = now.getTime() + EXPIRE_EVERY_MS;
      await expire(database, now);
    }
    const rows = await claim(database, now, underWay, AT_ONCE - sending.size);
    return rows.map((row) => {
      const { webhookId } = row;
      underWay.set(webhookId, (underWay.get(webhookId) ?? 0) + 1);
      const one = deliverOne(row, signal)
        .catch((error: unknown) => log.warn({ err: error, deliveryId: row.id }, 'what became of a delivery could not be noted: it is tried again'))
        .finally(() => {
          const left = (underWay.get(webhookId) ?? 1) - 1;
          if (left === 0) underWay.delete(webhookId);
          else underWay.set(webhookId, left);
          sending.delete(one);
          nudge.abort();
        });
      sending.add(one);
      return one;
    });
  }

  async function deliverOne(row: Claimed, signal: AbortSignal): Promise<void> {
    const body = row.body ?? (await putIntoWords(row, signal));
    if (body === null || signal.aborted) return;
    const at = clock.now();
    const startedMs = performance.now();
    const outcome = (): Outcome => ({
      database,
      clock,
      log,
      tried: row,
      at,
      ms: Math.round(performance.now() - startedMs),
      random: deps.random ?? Math.random,
    });
    let answer: Answer;
    try {
      answer = await deps.sender.post(row.url, signedHeaders({ id: row.id, at, body }, secretsOf(deps.seal, row, at)), body, signal);
    } catch (error) {
      // On the way out nothing is noted: the lease ends, and another process tries it.
      if (signal.aborted) return;
      if (!(error instanceof Undelivered)) throw error;
      return recordFailure(outcome(), error.reason);
    }
    await recordAnswer(outcome(), answer);
  }

  /** Once, so that every try and every replay sends the same bytes. Null when it has to wait. */
  async function putIntoWords(row: Claimed, signal: AbortSignal): Promise<string | null> {
    const mine = { id: row.id, status: 'pending', attempts: row.attempts } as const;
    try {
      const body = await deps.render(row, signal);
      const { count } = await database.partnerDelivery.updateMany({ where: mine, data: { body } });
      return count === 0 ? null : body;
    } catch (error) {
      if (signal.aborted) return null;
      log.warn({ err: error, deliveryId: row.id, type: row.type }, 'an event for a webhook could not be put into words');
      const nextAttemptAt = new Date(clock.now().getTime() + UNREADABLE_MS);
      await database.partnerDelivery.updateMany({ where: mine, data: { attempts: row.attempts - 1, leaseUntil: null, nextAttemptAt } });
      return null;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      nudge = new AbortController();
      try {
        // What is due beyond what may be under way at once is begun as soon as something has ended.
        if ((await begin(cut.signal)).length > 0) continue;
      } catch (error) {
        log.warn({ err: error }, 'what is due to webhooks could not be read');
      }
      await clock.sleep(POLL_MS, AbortSignal.any([stop.signal, nudge.signal])).catch(() => undefined);
    }
  }

  async function finish(withinMs: number): Promise<void> {
    stop.abort();
    await loop;
    const limit = AbortSignal.timeout(withinMs);
    limit.addEventListener('abort', () => cut.abort(), { once: true });
    await Promise.all(sending);
    await deps.sender.close();
  }

  return Object.freeze<WebhookDelivery>({
    start() {
      if (closing === null) loop ??= run();
    },
    wake: () => nudge.abort(),
    async deliverDue(signal) {
      const begun = await begin(signal);
      await Promise.all(begun);
      return begun.length;
    },
    close: (withinMs) => (closing ??= finish(withinMs)),
  });
}

/** The new one first; the old one signs beside it until its time is over. */
function secretsOf(seal: SecretSeal, { webhookId, secret, oldSecret, oldSecretUntil }: Claimed, now: Date): readonly string[] {
  const valid = oldSecret !== null && oldSecretUntil !== null && oldSecretUntil > now ? [oldSecret] : [];
  return [secret, ...valid].map((sealed) => seal.open(webhookId, sealed));
}

/**
 * Takes what is due, of each webhook no more than it may have under way here, and of each conversation only what comes next: an
 * earlier one that is being tried, or was not tried yet, goes first. One that waits for another try holds nobody up.
 */
async function claim(database: Database, now: Date, underWay: ReadonlyMap<string, number>, room: number): Promise<readonly Claimed[]> {
  if (room <= 0) return [];
  return database.sql.query<Claimed>`
    UPDATE "PartnerDelivery" d SET "attempts" = d."attempts" + 1, "leaseUntil" = ${new Date(now.getTime() + LEASE_MS)}
      FROM "PartnerWebhook" w
     WHERE w."id" = d."webhookId" AND d."id" IN (
       SELECT p."id" FROM "PartnerWebhook" e CROSS JOIN LATERAL (
         SELECT n."id", n."nextAttemptAt" FROM "PartnerDelivery" n
          WHERE n."webhookId" = e."id" AND n."status" = 'pending' AND n."nextAttemptAt" <= ${now} AND n."expiresAt" > ${now}
            AND (n."leaseUntil" IS NULL OR n."leaseUntil" <= ${now})
            AND NOT EXISTS (
              SELECT 1 FROM "PartnerDelivery" o
               WHERE o."webhookId" = n."webhookId" AND o."channel" = n."channel" AND o."id" < n."id" AND o."status" = 'pending'
                 AND (o."leaseUntil" > ${now} OR o."attempts" = 0))
          ORDER BY n."nextAttemptAt", n."id"
          LIMIT greatest(0, CASE WHEN e."failingSince" IS NULL THEN ${AT_ONCE_PER_WEBHOOK}::int ELSE ${AT_ONCE_WHEN_FAILING}::int END
                            - coalesce((${JSON.stringify(Object.fromEntries(underWay))}::jsonb ->> e."id")::int, 0))
            FOR UPDATE SKIP LOCKED) p
        WHERE e."status" = 'enabled'
        ORDER BY p."nextAttemptAt", p."id" LIMIT ${room})
    RETURNING d."id", d."webhookId", d."channel", d."type", d."event", d."conversationId", d."runId", d."position", d."sequence", d."body", d."attempts",
              d."expiresAt", w."partnerId", w."url", w."secret", w."oldSecret", w."oldSecretUntil", w."failingSince", w."contactEmail"`;
}

const REMOVED_AT_ONCE = 5_000;

/** Takes away what was told, with the log of its tries, once it has been kept long enough. @returns How many deliveries. */
export async function removeDeliveries(database: Database, before: Date, signal: AbortSignal): Promise<number> {
  for (let removed = 0; ;) {
    signal.throwIfAborted();
    const rows = await database.sql.execute`
      DELETE FROM "PartnerDelivery" WHERE "id" IN (
        SELECT "id" FROM "PartnerDelivery" WHERE "status" IN ('delivered', 'failed') AND "createdAt" < ${before} ORDER BY "createdAt" LIMIT ${REMOVED_AT_ONCE})`;
    removed += rows;
    if (rows < REMOVED_AT_ONCE) return removed;
  }
}

/** What nobody tried in its time, because the webhook was switched off or because Parley was. */
async function expire(database: Database, now: Date): Promise<void> {
  await database.sql.execute`
    UPDATE "PartnerDelivery" SET "status" = 'failed', "leaseUntil" = NULL
     WHERE "id" IN (
       SELECT "id" FROM "PartnerDelivery"
        WHERE "status" = 'pending' AND "expiresAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
        ORDER BY "createdAt" LIMIT 5000 FOR UPDATE SKIP LOCKED)`;
}
