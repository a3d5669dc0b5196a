/** What each row of PolicyRule may hold: the business's numbers, by key. Holds no number itself; policy-defaults.ts does. */
import { z } from 'zod';
import { FEATURES } from './feature.ts';
import { ApprovalLevel, Plan, Risk, UserRole } from './generated/prisma/enums.ts';

const count = z.number().int().min(0);
const cents = z.number().int().min(0);
const percent = z.number().min(0).max(100);
/** Null: without a limit. */
const limit = count.nullable();

const planTerms = z.strictObject({
  seatPriceCents: cents,
  /** The price is agreed in a contract; the seat price only serves formulas and estimates. */
  byContract: z.boolean(),
  projectsMax: limit,
  membersMax: limit,
  storageMb: limit,
  api: z.boolean(),
  apiRequestsPerMinute: limit,
  analytics: z.boolean(),
  prioritySupport: z.boolean(),
  sso: z.boolean(),
  conversationsPerDay: limit,
  firstReplyMinutes: count,
  /** Null: no promise. */
  resolutionMinutes: count.nullable(),
});

const clocks = z.strictObject({ points: count, firstReplyMinutes: count });
/** What a role may do, and whether whoever has it takes a paid seat. */
const rights = z.strictObject({ takesSeat: z.boolean(), may: z.array(z.string()), mayNot: z.array(z.string()) });
const approvalLevel = z.strictObject({ percent, amountCents: cents.nullable() });
const level = z.enum(ApprovalLevel);

export const POLICY_SCHEMAS = {
  plans: z.strictObject({ free: planTerms, basic: planTerms, premium: planTerms, enterprise: planTerms }),
  volumeDiscounts: z.array(z.strictObject({ seats: count, percent })),
  annualPercent: percent,
  discountPercentMax: percent,
  programmes: z.strictObject({ nonprofit: percent, student: percent, startup: percent, startupDaysMax: count }),
  discretionaryPercentMax: z.strictObject({ agent: percent, manager: percent, director: percent, vp: percent }),
  retention: z.strictObject({ percent, months: count, everyMonths: count }),
  discretionaryTerm: z.strictObject({ months: count, everyMonths: count }),
  refundArrival: z.strictObject({ businessDaysMin: count, businessDaysMax: count }),
  invoiceDueDays: count,
  proration: z.strictObject({ rounding: z.literal('half-even'), belowZero: z.literal('credit') }),
  refund: z.strictObject({ days: count, accountMonths: count, agentMaxCents: cents, leadMaxCents: cents, managerMaxCents: cents }),
  priority: z.strictObject({
    planPoints: z.strictObject({ free: count, basic: count, premium: count, enterprise: count }),
    sentimentBelow: z.number(),
    sentimentPoints: count,
    yearlyValueOverCents: cents,
    yearlyValuePoints: count,
    critical: clocks,
    high: clocks,
    medium: clocks,
    low: clocks,
    warnPercent: percent,
  }),
  escalation: z.strictObject({
    confidenceBelow: z.number(),
    sentimentBelow: z.number(),
    turnsMax: count,
    monthlyValueFromCents: cents,
    complexityFrom: count,
    executiveMonthlyValueOverCents: cents,
  }),
  escalationQueue: z.strictObject({ silenceMinutes: z.number().int().min(1), estimateFrom: z.number().int().min(1) }),
  contract: z.strictObject({
    representative: approvalLevel,
    manager: approvalLevel,
    director: approvalLevel,
    vp: approvalLevel,
    personFromCents: cents,
  }),
  approvals: z.strictObject({
    holdHours: z.record(z.enum(Risk), z.number().positive()),
    warnPercent: percent,
    riskOfLevel: z.record(level, z.enum(Risk)),
    /** Null: one person decides, whatever the level. */
    twoPeopleFrom: z.strictObject({ discount: level.nullable(), refund: level.nullable(), contract: level.nullable() }),
    levelOfRole: z.record(z.enum(UserRole), level),
  }),
  dispute: z.strictObject({ personFromCents: cents, personFromCount: count }),
  erasureDelayDays: count,
  businessHours: z.strictObject({ days: z.array(z.number().int().min(0).max(6)), startHour: count, endHour: count }),
  hopsMax: count,
  teams: z.strictObject({ complexityFrom: z.int().min(1).max(10), agentsMax: z.int().min(2).max(8), seconds: z.number().min(5).max(120), tokensMax: count }),
  answerCheck: z.strictObject({
    riskAreas: z.array(z.enum(['refunds', 'security', 'legal'])),
    verifiers: z.array(z.string()).max(5),
    drafts: z.int().min(1).max(5),
    seconds: z.number().min(5).max(120),
    tokensMax: count,
  }),
  signIn: z.strictObject({ failuresMax: count, lockMinutes: count, resetLinkMinutes: count }),
  webhook: z.strictObject({ attemptsMax: count, retryHours: count }),
  webhookDelivery: z.strictObject({ timeoutSeconds: count, disabledAfterDays: count, keptDays: count }),
  sync: z.strictObject({ staleMinutes: count }),
  browsers: z.strictObject({ chrome: z.number().min(0), firefox: z.number().min(0), safari: z.number().min(0), edge: z.number().min(0) }),
  performance: z.strictObject({ tasksInViewMax: count, projectsFrom: count, storageMbFrom: count, automationsFrom: count, loadSeconds: count }),
  apiKeys: z.strictObject({ expiringDays: count, unusedDays: count }),
  knownIssueShownDays: count,
  trashDays: count,
  auditLogDays: z.strictObject({ free: count, basic: count, premium: count, enterprise: count }),
  invitationDays: count,
  roles: z.strictObject({ owner: rights, admin: rights, member: rights, viewer: rights, guest: rights }),
  security: z.strictObject({
    timeoutMinutesMin: count,
    timeoutMinutesMax: count,
    passwordLengthMin: count,
    passwordLengthMax: count,
    allowListMax: count,
    allowListPlans: z.array(z.enum(Plan)),
    certificateWarnDays: count,
  }),
  exports: z.strictObject({ linkDays: count, atOnce: count }),
  dataRequests: z.strictObject({ gdprMonths: count, ccpaDays: count, hipaaDays: count, documentDays: count }),
  featurePlans: z.record(z.enum(FEATURES), z.enum(Plan)),
  projectExport: z.strictObject({ tasksAtOnce: count }),
  imports: z.strictObject({
    rowsMax: count,
    fileMbMax: count,
    undoDays: count,
    prepareMinutes: count,
    fileMinutesPerThousand: count,
    directMinutesPerThousand: count,
  }),
  guestsCountOn: z.array(z.enum(Plan)),
  workflowReview: z.strictObject({
    tasksFrom: count,
    projectsFrom: count,
    membersFrom: count,
    exportsFrom: count,
    automationsPerHundredTasks: count,
    activePercentMin: percent,
    recurringPercent: percent,
    requestPercent: percent,
    minutesPerTask: count,
    minutesPerProject: count,
    minutesPerMember: count,
    minutesPerExport: count,
  }),
  keptAfterDeletion: z.strictObject({ invoiceYears: count, auditDays: count, conversationYears: count }),
  linkHosts: z.array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a host in lower case, such as loomwork.example')),
} as const;

type Schemas = typeof POLICY_SCHEMAS;
export type PolicyKey = keyof Schemas;
export type Policy = { readonly [Key in PolicyKey]: z.infer<Schemas[Key]> };
export type PlanTerms = Policy['plans']['free'];
export type Programme = 'nonprofit' | 'student' | 'startup';
