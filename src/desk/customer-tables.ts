/**
 * Every table that holds something of a customer: which rows are theirs, what an erasure does to them and who gets them in an export.
 * The one list that both stand on; a test compares it with the tables there are. In the order in which rows can go: what refers to
 * others comes before them. Runs nothing itself.
 */
import { Prisma } from '../store/generated/prisma/client.ts';

export interface CustomerTable {
  readonly name: Prisma.ModelName;
  /** The column rows are paged by. */
  readonly key: string;
  /** Which rows (`row`) belong to the customer. */
  readonly theirs: (customerId: string) => Prisma.Sql;
  /** What an erasure does: rows go, lose what tells who it was, or stay because they tell nothing, or the law wants them. */
  readonly erasure: 'delete' | 'keep' | { readonly set: Prisma.Sql };
  /** Only these of their rows; the others, if any, are the next entry's. */
  readonly only?: Prisma.Sql;
  /** Of these rows whoever is not of the staff gets only these in an export. */
  readonly forOthers?: Prisma.Sql;
  /** Who gets the rows in an export: everybody who may have one, only the staff, or nobody because the rows only serve the gateway. */
  readonly exported: 'all' | 'staff' | 'never';
}

type Theirs = CustomerTable['theirs'];

const byCustomer: Theirs = (customerId) => Prisma.sql`row."customerId" = ${customerId}`;
const byConversation: Theirs = (customerId) => Prisma.sql`row."conversationId" IN (SELECT "id" FROM "Conversation" WHERE "customerId" = ${customerId})`;
const byRun: Theirs = (customerId) => Prisma.sql`row."runId" IN (SELECT "id" FROM "Run" WHERE "customerId" = ${customerId})`;
const byEndpoint: Theirs = (customerId) => Prisma.sql`row."endpointId" IN (SELECT "id" FROM "WebhookEndpoint" WHERE "customerId" = ${customerId})`;
const byDelivery: Theirs = (customerId) => Prisma.sql`row."deliveryId" IN (SELECT "id" FROM "PartnerDelivery" WHERE "customerId" = ${customerId})`;
const askedBy: Theirs = (customerId) => Prisma.sql`(row."customerId" = ${customerId} OR ${byConversation(customerId)} OR ${byRun(customerId)})`;
const approvedFor: Theirs = (customerId) => Prisma.sql`(${byCustomer(customerId)} OR ${byRun(customerId)})`;
const byApproval: Theirs = (customerId) =>
  Prisma.sql`row."approvalId" IN (SELECT a."id" FROM "Approval" AS a JOIN "Run" AS r ON r."id" = a."runId" WHERE r."customerId" = ${customerId})`;
const usedFor: Theirs = (customerId) => Prisma.sql`(${byConversation(customerId)} OR ${byRun(customerId)})`;

/** Neither asked nor used while several agents worked for the desk. */
const ofNoWorkflow = Prisma.sql`(row."runId" IS NULL OR EXISTS (SELECT 1 FROM "Run" AS r WHERE r."id" = row."runId" AND r."workflow" IN ('reply', 'agent')))`;

function gone(name: Prisma.ModelName, exported: CustomerTable['exported'] = 'all', theirs = byCustomer): CustomerTable {
  return { name, key: 'id', theirs, erasure: 'delete', exported };
}

function kept(name: Prisma.ModelName, exported: CustomerTable['exported'] = 'all', theirs = byCustomer): CustomerTable {
  return { name, key: 'id', theirs, erasure: 'keep', exported };
}

function changed(name: Prisma.ModelName, set: Prisma.Sql, exported: CustomerTable['exported'] = 'all', theirs = byCustomer): CustomerTable {
  return { name, key: 'id', theirs, erasure: { set }, exported };
}

export const CUSTOMER_TABLES: readonly CustomerTable[] = [
  gone('NotificationSetting'),
  gone('SignInSession'),
  gone('Contact'),
  gone('CustomerNote', 'staff'),
  gone('HealthEvent', 'staff'),
  gone('UsageRecord'),
  gone('FeatureUse'),
  gone('OnboardingStep'),
  gone('ApiUsageDay'),
  // What partners were told of them, and were not told yet.
  gone('PartnerDeliveryAttempt', 'never', byDelivery),
  gone('PartnerDelivery', 'never'),
  gone('WebhookAttempt', 'all', byEndpoint),
  gone('WebhookEndpoint'),
  gone('WorkspaceApiKey'),
  gone('OAuthApp'),
  gone('Connection'),
  gone('WorkspaceEvent'),
  gone('Member'),
  { ...gone('WorkspaceSetting'), key: 'customerId' },
  gone('RestoreRequest'),
  gone('DeletedItem'),
  gone('ExportRequest'),
  gone('ProgrammeProof'),
  // Nothing is started any more for who is gone.
  gone('Schedule', 'staff'),
  // What was asked for under the law, and when it was answered, has to be shown later.
  changed('DeletionRequest', Prisma.sql`"reason" = NULL, "requestedBy" = ''`),
  changed('DataRequest', Prisma.sql`"details" = ''`),
  // Accounts are kept by tax law.
  kept('PlanSubscription'),
  kept('Invoice'),
  changed('Payment', Prisma.sql`"cardLast4" = NULL, "failureReason" = NULL`),
  kept('Refund'),
  changed('Credit', Prisma.sql`"reason" = NULL`),
  changed('Discount', Prisma.sql`"reason" = ''`),
  { ...gone('Offer'), only: Prisma.sql`row."usedAt" IS NULL` },
  { ...changed('Offer', Prisma.sql`"terms" = '{}', "termsHash" = ''`), only: Prisma.sql`row."usedAt" IS NOT NULL` },
  changed('Ticket', Prisma.sql`"title" = 'Erased', "description" = ''`),
  // What was still to be sent has nobody to go to; that money moved stays known.
  { ...gone('OutboxMessage'), only: Prisma.sql`row."status" = 'pending'` },
  { ...changed('OutboxMessage', Prisma.sql`"payload" = '{}', "recipient" = NULL, "lastError" = NULL`), only: Prisma.sql`row."status" <> 'pending'` },
  { ...gone('SearchQuery', 'all', askedBy), forOthers: ofNoWorkflow },
  gone('RouteCorrection', 'staff', byRun),
  changed('HandOver', Prisma.sql`"reason" = '', "snapshot" = '{}'`, 'staff', byRun),
  changed('ApprovalDecision', Prisma.sql`"note" = NULL`, 'staff', byApproval),
  changed('Approval', Prisma.sql`"arguments" = '{}', "argumentsShown" = '{}', "argumentsHash" = "id", "summary" = ''`, 'staff', approvedFor),
  changed('RunStep', Prisma.sql`"output" = NULL, "errorMessage" = NULL`, 'staff', byRun),
  { ...kept('ArticleUse', 'all', usedFor), forOthers: ofNoWorkflow },
  changed(
    'Escalation',
    Prisma.sql`"reason" = '', "snapshot" = '{}', "summary" = NULL, "status" = 'resolved', "resolvedAt" = coalesce("resolvedAt", now())`,
    'staff',
  ),
  gone('Message', 'all', byConversation),
  // Runs and conversations stay as numbers: what they cost and how they ended.
  // What several agents say to each other about a customer is the desk's.
  {
    ...changed('Run', Prisma.sql`"input" = '{}', "result" = NULL, "errorMessage" = NULL, "messageId" = NULL`),
    forOthers: Prisma.sql`row."workflow" IN ('reply', 'agent')`,
  },
  changed(
    'Conversation',
    Prisma.sql`"subject" = NULL, "ratingComment" = NULL, "status" = 'resolved', "owner" = 'agents', "resolvedAt" = coalesce("resolvedAt", now())`,
  ),
  kept('Erasure', 'staff'),
  {
    ...changed(
      'Customer',
      Prisma.sql`
      "email" = 'erased-' || lower("id") || '@erased.invalid', "name" = 'Erased customer', "company" = NULL, "industry" = NULL, "timezone" = 'UTC',
      "language" = 'en', "status" = 'closed', "foundedAt" = NULL, "lastSeenAt" = NULL, "healthScore" = 0, "churnRisk" = 1`,
    ),
    theirs: (customerId) => Prisma.sql`row."id" = ${customerId}`,
  },
];

/** Columns that are the desk's own assessment, or the gateway's own housekeeping; the first only the staff gets, the second nobody. */
export const STAFF_COLUMNS: readonly string[] = ['healthScore', 'churnRisk', 'decision', 'decisionRules', 'scheduleId'];
export const OWN_COLUMNS: readonly string[] = [
  'leaseOwner',
  'leaseUntil',
  'termsHash',
  'attempts',
  'nextAttemptAt',
  'callId',
  'arguments',
  'notBefore',
  'retriesLeft',
];
/** Columns with sums, which leave as decimal text and never as floating-point numbers. */
export const SUM_COLUMNS: readonly string[] = [
  'amount',
  'amountDue',
  'cost',
  'discount',
  'discountPercent',
  'mrr',
  'percent',
  'refunded',
  'seatPrice',
  'subtotal',
  'tax',
  'total',
  'used',
];
