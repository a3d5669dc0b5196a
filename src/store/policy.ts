/**
 * The business's numbers: what each row of PolicyRule may hold, what it holds at first, and how it is read. Tools compute with
 * these; no prose repeats them. Decides nothing: pricing.ts and the desk do.
 */
import { z } from 'zod';
import type { Database } from './database.ts';

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
const approvalLevel = z.strictObject({ percent, amountCents: cents.nullable() });

const SCHEMAS = {
  plans: z.strictObject({ free: planTerms, basic: planTerms, premium: planTerms, enterprise: planTerms }),
  volumeDiscounts: z.array(z.strictObject({ seats: count, percent })),
  annualPercent: percent,
  discountPercentMax: percent,
  programmes: z.strictObject({ nonprofit: percent, student: percent, startup: percent, startupDaysMax: count }),
  discretionaryPercentMax: z.strictObject({ agent: percent, manager: percent, director: percent, vp: percent }),
  retention: z.strictObject({ percent, months: count, everyMonths: count }),
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
  contract: z.strictObject({
    representative: approvalLevel,
    manager: approvalLevel,
    director: approvalLevel,
    vp: approvalLevel,
    personFromCents: cents,
  }),
  dispute: z.strictObject({ personFromCents: cents, personFromCount: count }),
  erasureDelayDays: count,
  businessHours: z.strictObject({ days: z.array(z.number().int().min(0).max(6)), startHour: count, endHour: count }),
  hopsMax: count,
  signIn: z.strictObject({ failuresMax: count, lockMinutes: count, resetLinkMinutes: count }),
  webhook: z.strictObject({ attemptsMax: count, retryHours: count }),
} as const;

type Schemas = typeof SCHEMAS;
type PolicyKey = keyof Schemas;
export type Policy = { readonly [Key in PolicyKey]: z.infer<Schemas[Key]> };
export type PlanTerms = Policy['plans']['free'];
export type Programme = 'nonprofit' | 'student' | 'startup';

type Defaults = { readonly [Key in PolicyKey]: { readonly value: Policy[Key]; readonly description: string } };

/** What a new database starts with. A changed row keeps its value over restarts. */
export const POLICY_DEFAULTS: Defaults = {
  plans: {
    description: 'Each plan: price of a seat per month, limits (null: none), conversations a day, minutes to a first reply and to a resolution.',
    value: {
      free: {
        seatPriceCents: 0,
        byContract: false,
        projectsMax: 3,
        membersMax: 5,
        storageMb: 100,
        api: false,
        apiRequestsPerMinute: 0,
        analytics: false,
        prioritySupport: false,
        sso: false,
        conversationsPerDay: 10,
        firstReplyMinutes: 72 * 60,
        resolutionMinutes: null,
      },
      basic: {
        seatPriceCents: 10_00,
        byContract: false,
        projectsMax: null,
        membersMax: 25,
        storageMb: 10 * 1_024,
        api: false,
        apiRequestsPerMinute: 0,
        analytics: false,
        prioritySupport: false,
        sso: false,
        conversationsPerDay: 100,
        firstReplyMinutes: 8 * 60,
        resolutionMinutes: 48 * 60,
      },
      premium: {
        seatPriceCents: 25_00,
        byContract: false,
        projectsMax: null,
        membersMax: null,
        storageMb: 100 * 1_024,
        api: true,
        apiRequestsPerMinute: 600,
        analytics: true,
        prioritySupport: true,
        sso: false,
        conversationsPerDay: null,
        firstReplyMinutes: 2 * 60,
        resolutionMinutes: 24 * 60,
      },
      enterprise: {
        seatPriceCents: 50_00,
        byContract: true,
        projectsMax: null,
        membersMax: null,
        storageMb: null,
        api: true,
        apiRequestsPerMinute: 3_000,
        analytics: true,
        prioritySupport: true,
        sso: true,
        conversationsPerDay: null,
        firstReplyMinutes: 30,
        resolutionMinutes: 4 * 60,
      },
    },
  },
  volumeDiscounts: {
    description: 'Percent off the list price from this many seats; the highest step reached applies.',
    value: [
      { seats: 10, percent: 10 },
      { seats: 50, percent: 15 },
      { seats: 100, percent: 20 },
    ],
  },
  annualPercent: { description: 'Percent off for paying a year at once.', value: 20 },
  discountPercentMax: { description: 'The most that volume and annual discounts add up to, in percent.', value: 35 },
  programmes: {
    description: 'Percent off with proof on file; the best one applies and does not add to other discounts. Startups: founded within this many days.',
    value: { nonprofit: 50, student: 50, startup: 30, startupDaysMax: 730 },
  },
  discretionaryPercentMax: {
    description: 'The most each level may take off by choice, in percent; above the last: refused.',
    value: { agent: 5, manager: 15, director: 25, vp: 35 },
  },
  retention: {
    description: 'The offer on a downgrade for price: percent, for how many months, at most once in how many months.',
    value: { percent: 20, months: 6, everyMonths: 12 },
  },
  proration: {
    description: 'A plan or seat change costs the new price for the days left minus the unused part of what was paid; below zero becomes a credit.',
    value: { rounding: 'half-even', belowZero: 'credit' },
  },
  refund: {
    description:
      'Days after a payment, once per account in this many months; what an agent (after the customer agreed), a support lead and a customer-success manager may pay out. Above: an executive.',
    value: { days: 30, accountMonths: 12, agentMaxCents: 500_00, leadMaxCents: 1_000_00, managerMaxCents: 5_000_00 },
  },
  priority: {
    description:
      'Points that make the priority of an escalation, the points each level starts at and its minutes to a first reply; warn at this percent of the time.',
    value: {
      planPoints: { free: 0, basic: 1, premium: 2, enterprise: 3 },
      sentimentBelow: -0.5,
      sentimentPoints: 2,
      yearlyValueOverCents: 10_000_00,
      yearlyValuePoints: 1,
      critical: { points: 7, firstReplyMinutes: 60 },
      high: { points: 5, firstReplyMinutes: 4 * 60 },
      medium: { points: 3, firstReplyMinutes: 24 * 60 },
      low: { points: 0, firstReplyMinutes: 72 * 60 },
      warnPercent: 80,
    },
  },
  escalation: {
    description:
      'When a person takes over: confidence or sentiment below these, more turns than this without progress, a valuable account with a complex question.',
    value: {
      confidenceBelow: 0.4,
      sentimentBelow: -0.7,
      turnsMax: 5,
      monthlyValueFromCents: 5_000_00,
      complexityFrom: 7,
      executiveMonthlyValueOverCents: 10_000_00,
    },
  },
  contract: {
    description: 'Who may sign a contract: discount in percent and value (null: without a limit). Total value from which a person decides.',
    value: {
      representative: { percent: 10, amountCents: 50_000_00 },
      manager: { percent: 20, amountCents: 250_000_00 },
      director: { percent: 30, amountCents: 1_000_000_00 },
      vp: { percent: 40, amountCents: null },
      personFromCents: 100_000_00,
    },
  },
  dispute: {
    description: 'A dispute goes to a person from this sum or from this many by one customer.',
    value: { personFromCents: 5_000_00, personFromCount: 3 },
  },
  erasureDelayDays: { description: 'Days between the request to delete an account and its deletion; invoices stay by law.', value: 30 },
  businessHours: {
    description: "Days of the week (0 is Sunday) and hours in the desk's time zone. Critical escalations and enterprise: always.",
    value: { days: [1, 2, 3, 4, 5], startHour: 8, endHour: 18 },
  },
  hopsMax: { description: 'The most hand-overs between agents in one turn; never twice to the same.', value: 5 },
  signIn: {
    description: 'Failed tries that lock an account, minutes it stays locked, minutes a reset link is valid.',
    value: { failuresMax: 5, lockMinutes: 30, resetLinkMinutes: 60 },
  },
  webhook: { description: 'Attempts to deliver a webhook and the hours they are spread over.', value: { attemptsMax: 8, retryHours: 24 } },
};

const POLICY_KEYS = Object.keys(SCHEMAS).filter((key): key is PolicyKey => key in SCHEMAS);

/** How long a read serves everyone on this handle: a changed row takes effect within this time. */
const CACHE_MS = 30_000;
const cached = new WeakMap<Database, { readonly until: number; readonly policy: Promise<Policy> }>();

/**
 * The policy as it stands, at most 30 s old. A key without a row has its default.
 * @throws Error naming the key whose row holds something else than it may.
 */
export async function readPolicy(database: Database): Promise<Policy> {
  const known = cached.get(database);
  if (known && performance.now() < known.until) return known.policy;
  const policy = loadPolicy(database);
  cached.set(database, { until: performance.now() + CACHE_MS, policy });
  // A failed read must not be remembered: the next caller tries again.
  policy.catch(() => cached.delete(database));
  return policy;
}

/** Inserts the rows that are missing and leaves the others as they are. Runs at every start. */
export async function seedPolicy(database: Database): Promise<void> {
  await database.policyRule.createMany({
    data: POLICY_KEYS.map((key) => ({ key, value: POLICY_DEFAULTS[key].value, description: POLICY_DEFAULTS[key].description })),
    skipDuplicates: true,
  });
  cached.delete(database);
}

/** The policy that these stored values make, with the default for each key not among them. */
export function policyFrom(values: ReadonlyMap<string, unknown>): Policy {
  const parsed = z
    .strictObject(SCHEMAS)
    .safeParse(Object.fromEntries(POLICY_KEYS.map((key) => [key, values.has(key) ? values.get(key) : POLICY_DEFAULTS[key].value])));
  if (!parsed.success) {
    const paths = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The business policy cannot be used: ${paths.join('; ')}`, { cause: parsed.error });
  }
  return Object.freeze(parsed.data);
}

async function loadPolicy(database: Database): Promise<Policy> {
  const rows = await database.policyRule.findMany({ select: { key: true, value: true } });
  return policyFrom(new Map(rows.map((row) => [row.key, row.value])));
}
