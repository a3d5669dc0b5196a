/**
 * What is known of one customer when a message of theirs is answered: from a dozen tables in one statement, because every turn waits
 * for it. Without a word of judgement; sums are in cents or decimal text, counts are of now.
 */
import { z } from 'zod';
import type { Database } from './database.ts';
import type { Plan } from './generated/prisma/client.ts';
import { centsOf } from './money.ts';

export interface CustomerFacts {
  readonly name: string;
  readonly company: string | null;
  readonly plan: Plan;
  /** "active", "past due", "suspended", "closed". */
  readonly status: string;
  readonly language: string;
  readonly since: Date;
  readonly lastSeenAt: Date | null;
  /** 0 (about to leave) to 100 (thriving). */
  readonly healthScore: number;
  /** 0 to 1. */
  readonly churnRisk: number;
  readonly monthlyValueCents: number;
  readonly subscription: SubscriptionFacts | null;
  /** Oldest due first, at most five. */
  readonly openInvoices: readonly InvoiceFacts[];
  readonly overdueInvoices: number;
  /** Within 90 days. */
  readonly failedPayments: number;
  readonly lastPaymentFailed: boolean;
  readonly openTickets: number;
  /** Conversations of the last 90 days that went to people. */
  readonly escalations: number;
  /** Mean of the latest ratings, 1 to 5; null without one. */
  readonly rating: number | null;
  /** Within 30 days; null when no sign-in was ever recorded. */
  readonly signIns: number | null;
  /** Features used in this or the last month. */
  readonly featuresUsed: readonly string[];
  /** The latest change of the health score, new minus old; null when there was none in 90 days. */
  readonly healthChange: number | null;
  /** The latest others, newest first, at most three. */
  readonly conversations: readonly ConversationFacts[];
}

export interface SubscriptionFacts {
  /** "monthly" or "annual". */
  readonly cycle: string;
  readonly status: string;
  readonly seats: number;
  readonly seatsUsed: number;
  readonly periodEnd: Date;
  readonly cancelAtPeriodEnd: boolean;
  readonly trialEndsAt: Date | null;
}

export interface InvoiceFacts {
  readonly number: string;
  /** Decimal text. */
  readonly amountDue: string;
  readonly currency: string;
  readonly dueAt: Date;
}

export interface ConversationFacts {
  readonly subject: string | null;
  readonly status: string;
  readonly at: Date;
}

const INVOICES_MAX = 5;
const CONVERSATIONS_MAX = 3;
const RATINGS_MAX = 10;

const moment = z.coerce.date();

/** What comes as JSON: decimals as text, moments as ISO 8601. */
const Details = z.object({
  subscription: z
    .object({
      cycle: z.string(),
      status: z.string(),
      seats: z.number(),
      seatsUsed: z.number(),
      periodEnd: moment,
      cancelAtPeriodEnd: z.boolean(),
      trialEndsAt: moment.nullable(),
    })
    .nullable(),
  openInvoices: z.array(z.object({ number: z.string(), amountDue: z.string(), currency: z.string(), dueAt: moment })).nullable(),
  overdueInvoices: z.number(),
  failedPayments: z.number(),
  lastPaymentFailed: z.boolean().nullable(),
  openTickets: z.number(),
  escalations: z.number(),
  rating: z.number().nullable(),
  signIns: z.number().nullable(),
  featuresUsed: z.array(z.string()).nullable(),
  healthChange: z.number().nullable(),
  conversations: z.array(z.object({ subject: z.string().nullable(), status: z.string(), at: moment })).nullable(),
});

interface Row {
  readonly name: string;
  readonly company: string | null;
  readonly plan: Plan;
  readonly status: string;
  readonly language: string;
  readonly since: Date;
  readonly lastSeenAt: Date | null;
  readonly healthScore: number;
  readonly churnRisk: number;
  readonly mrr: string;
  readonly details: unknown;
}

/** Null when there is no such customer. @param conversationId The present one, which is not among the earlier ones. */
export async function readCustomerFacts(database: Database, customerId: string, conversationId: string | null, now: Date): Promise<CustomerFacts | null> {
  const [row] = await database.sql.query<Row>`
    WITH ago AS (SELECT ${now}::timestamptz AS "now", ${now}::timestamptz - interval '30 days' AS "month", ${now}::timestamptz - interval '90 days' AS "quarter")
    SELECT u."name", u."company", u."plan"::text, u."status"::text, u."language", u."createdAt" AS "since", u."lastSeenAt", u."healthScore", u."churnRisk",
           u."mrr"::text, json_build_object(
      'subscription', (SELECT json_build_object('cycle', s."cycle", 'status', s."status", 'seats', s."seats", 'seatsUsed', s."seatsUsed",
                              'periodEnd', s."currentPeriodEnd", 'cancelAtPeriodEnd', s."cancelAtPeriodEnd", 'trialEndsAt', s."trialEndsAt")
                         FROM "PlanSubscription" s WHERE s."customerId" = u."id" AND s."status" <> 'canceled' ORDER BY s."startedAt" DESC LIMIT 1),
      'openInvoices', (SELECT json_agg(json_build_object('number', i."number", 'amountDue', i."amountDue"::text, 'currency', i."currency", 'dueAt', i."dueAt") ORDER BY i."dueAt")
                         FROM (SELECT * FROM "Invoice" WHERE "customerId" = u."id" AND "status" = 'open' ORDER BY "dueAt" LIMIT ${INVOICES_MAX}) i),
      'overdueInvoices', (SELECT count(*)::int FROM "Invoice" i WHERE i."customerId" = u."id" AND i."status" = 'open' AND i."dueAt" < ago."now"),
      'failedPayments', (SELECT count(*)::int FROM "Payment" p WHERE p."customerId" = u."id" AND p."status" = 'failed' AND p."createdAt" > ago."quarter"),
      'lastPaymentFailed', (SELECT p."status" = 'failed' FROM "Payment" p WHERE p."customerId" = u."id" AND p."status" <> 'pending' ORDER BY p."createdAt" DESC LIMIT 1),
      'openTickets', (SELECT count(*)::int FROM "Ticket" t WHERE t."customerId" = u."id" AND t."status" <> 'resolved'),
      'escalations', (SELECT count(*)::int FROM "Conversation" c WHERE c."customerId" = u."id" AND c."status" = 'escalated' AND c."lastMessageAt" > ago."quarter"),
      'rating', (SELECT avg(r."rating")::float8 FROM (SELECT "rating" FROM "Conversation" WHERE "customerId" = u."id" AND "rating" IS NOT NULL
                   ORDER BY "lastMessageAt" DESC LIMIT ${RATINGS_MAX}) r),
      'signIns', (SELECT CASE WHEN count(*) = 0 THEN NULL ELSE count(*) FILTER (WHERE g."createdAt" > ago."month") END::int FROM "SignInSession" g WHERE g."customerId" = u."id"),
      'featuresUsed', (SELECT json_agg(DISTINCT f."feature") FROM "FeatureUse" f
                        WHERE f."customerId" = u."id" AND f."uses" > 0 AND f."month" >= date_trunc('month', ago."now") - interval '1 month'),
      'healthChange', (SELECT h."newValue" - h."oldValue" FROM "HealthEvent" h
                        WHERE h."customerId" = u."id" AND h."kind" = 'health_score_change' AND h."createdAt" > ago."quarter" ORDER BY h."createdAt" DESC LIMIT 1),
      'conversations', (SELECT json_agg(json_build_object('subject', c."subject", 'status', c."status", 'at', c."lastMessageAt") ORDER BY c."lastMessageAt" DESC)
                          FROM (SELECT * FROM "Conversation" WHERE "customerId" = u."id" AND "id" IS DISTINCT FROM ${conversationId} ORDER BY "lastMessageAt" DESC
                                 LIMIT ${CONVERSATIONS_MAX}) c)
           ) AS "details"
      FROM "Customer" u, ago WHERE u."id" = ${customerId}`;
  if (!row) return null;
  const { details, mrr, status, ...known } = row;
  const { openInvoices, lastPaymentFailed, featuresUsed, conversations, ...read } = Details.parse(details);
  return {
    ...known,
    ...read,
    status: status.replace('_', ' '),
    monthlyValueCents: centsOf(mrr),
    openInvoices: openInvoices ?? [],
    lastPaymentFailed: lastPaymentFailed ?? false,
    featuresUsed: featuresUsed ?? [],
    conversations: conversations ?? [],
  };
}
