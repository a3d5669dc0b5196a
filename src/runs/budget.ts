/**
 * What models may cost: per run, per conversation and per day (UTC). A run holds its whole budget before it starts and is settled with
 * what it really used in the transaction that ends it, so that runs side by side never promise themselves the same money. A hold
 * belongs to the run, not to an attempt: one that was cut off leaves it to the next. Money only: who may ask how often is the desk's.
 */
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import { formatMicros, type LlmUsage } from '../llm/llm.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';

export const BUDGET_SCOPES = ['run', 'conversation', 'day'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** US dollars; null is without a limit. A run's is never above a conversation's, nor that above a day's. */
export type BudgetLimits = Readonly<Record<BudgetScope, number | null>>;

/** Four fifths of a budget are used. */
export interface BudgetNote {
  readonly scope: BudgetScope;
  /** Decimal US dollars. */
  readonly spent: string;
  readonly limit: string;
  readonly tokens: number;
}

export interface RunBudget {
  /** Takes the sum of what the run has used. @returns The warning, once. */
  count(used: LlmUsage): BudgetNote | null;
  /** @throws AppError BUDGET_EXCEEDED when the run has used all it may: it must not go on. */
  assertLeft(): void;
}

type Held = Pick<Run, 'id' | 'conversationId' | 'createdAt'>;

export interface Budgets {
  /** One run's own budget, as far as it was used before this attempt. Reads no row. */
  ofRun(run: Pick<Run, 'cost'>): RunBudget;
  /**
   * Holds what the run may use in the budgets of its conversation and its day, all or none; again is the same.
   * @throws AppError BUDGET_EXCEEDED naming which; `retryable` when others only hold it and have not spent it.
   */
  reserve(run: Run): Promise<void>;
  /**
   * Counts what was used and lets go of the rest, in the transaction that ends the run, or gives it back to the queue (`last` false).
   * @returns Warnings to tell once the transaction has been committed.
   */
  settle(tx: Sql, run: Held, used: LlmUsage, last: boolean, now: Date): Promise<BudgetNote[]>;
  /** Settles runs that ended without it. @returns How many. */
  reconcile(now: Date, signal: AbortSignal): Promise<number>;
}

export interface BudgetsDeps {
  readonly database: Database;
  readonly logger: Logger;
  readonly limits: BudgetLimits;
}

export const NO_LIMITS: BudgetLimits = { run: null, conversation: null, day: null };

const WARN_AT = 0.8;
const MICROS = 1_000_000;
const INT_MAX = 2_147_483_647;
const RECONCILED_MAX = 500;

export function createBudgets({ database, logger, limits }: BudgetsDeps): Budgets {
  const runMicros = limits.run === null ? null : micros(limits.run);
  const keeps = runMicros !== null && (limits.conversation !== null || limits.day !== null);

  function note(scope: BudgetScope, limit: number, spent: number, tokens: number): BudgetNote {
    logger.warn({ scope, spent: spent / MICROS, limit }, 'four fifths of a budget are used');
    return { scope, spent: formatMicros(BigInt(spent)), limit: formatMicros(BigInt(micros(limit))), tokens };
  }

  async function settleOne(tx: Sql, share: Share, spent: number, held: string, tokens: number, now: Date): Promise<BudgetNote | null> {
    const { scope, key, limit } = share;
    const [row] = await tx.query<{ spent: string; tokens: number; warned: boolean }>`
      UPDATE "Budget" SET "spent" = "spent" + ${decimal(spent)}::numeric, "reserved" = greatest(0, "reserved" - ${held}::numeric),
             "tokens" = least(${INT_MAX}, "tokens"::bigint + ${tokens}::bigint)::int, "updatedAt" = ${now}
       WHERE "scope" = ${scope} AND "key" = ${key}
      RETURNING "spent"::text, "tokens", "warnedAt" IS NOT NULL AS "warned"`;
    if (!row || row.warned || micros(Number(row.spent)) < micros(limit) * WARN_AT) return null;
    await tx.execute`UPDATE "Budget" SET "warnedAt" = ${now} WHERE "scope" = ${scope} AND "key" = ${key}`;
    return note(scope, limit, micros(Number(row.spent)), row.tokens);
  }

  async function settle(tx: Sql, run: Held, used: LlmUsage, last: boolean, now: Date): Promise<BudgetNote[]> {
    if (!keeps) return [];
    const [held] = last ? await letGo(tx, run.id) : await keepCount(tx, run.id, used, now);
    if (!held) return [];
    const spent = Math.max(0, micros(Number(used.cost)) - micros(Number(held.spent)));
    const tokens = Math.max(0, tokensOf(used) - held.tokens);
    const notes: BudgetNote[] = [];
    for (const share of sharesOf(run, limits)) {
      const warning = await settleOne(tx, share, spent, held.reserved, tokens, now);
      if (warning) notes.push(warning);
    }
    return notes;
  }

  return Object.freeze<Budgets>({
    ofRun: (run) => createRunBudget(runMicros, micros(Number(run.cost)), (spent, tokens) => note('run', limits.run ?? 0, spent, tokens)),

    async reserve(run) {
      if (!keeps) return;
      const amount = decimal(Math.max(0, runMicros - micros(Number(run.cost))));
      await database.sql.transaction(async (tx) => {
        if (!(await hold(tx, run, amount))) return;
        // Always the conversation before the day, as whoever settles does: two runs cannot wait for each other.
        for (const share of sharesOf(run, limits)) if (!(await take(tx, share, amount))) throw await refusal(tx, share, amount);
      });
    },

    settle,

    async reconcile(now, signal) {
      if (!keeps) return 0;
      const rows = await database.sql.query<Held & LlmUsage>`
        SELECT r."id", r."conversationId", r."createdAt", r."inputTokens", r."cacheReadTokens", r."cacheWriteTokens", r."outputTokens", r."cost"::text
          FROM "Budget" b JOIN "Run" r ON r."id" = b."key"
         WHERE b."scope" = 'run' AND r."status" IN ('succeeded', 'failed', 'stopped') LIMIT ${RECONCILED_MAX}`;
      for (const row of rows) {
        signal.throwIfAborted();
        await database.sql.transaction((tx) => settle(tx, row, row, true, now));
      }
      return rows.length;
    },
  });
}

function createRunBudget(limit: number | null, before: number, warn: (spent: number, tokens: number) => BudgetNote): RunBudget {
  let spent = before;
  let warned = limit === null || before >= limit * WARN_AT;
  return {
    count(used) {
      spent = micros(Number(used.cost));
      if (warned || limit === null || spent < limit * WARN_AT) return null;
      warned = true;
      return warn(spent, tokensOf(used));
    },
    assertLeft() {
      if (limit !== null && spent >= limit) throw exceeded('run');
    },
  };
}

/** A budget that several runs share. */
interface Share {
  readonly scope: Exclude<BudgetScope, 'run'>;
  readonly key: string;
  readonly limit: number;
}

/** The day a run counts towards is that of its question, whenever it ends. */
function sharesOf({ conversationId, createdAt }: Held, { conversation, day }: BudgetLimits): Share[] {
  const shares: Share[] = [];
  if (conversation !== null && conversationId !== null) shares.push({ scope: 'conversation', key: conversationId, limit: conversation });
  if (day !== null) shares.push({ scope: 'day', key: createdAt.toISOString().slice(0, 10), limit: day });
  return shares;
}

/** Notes what this run holds. False when it holds it already, since an earlier attempt, or is not ours any more. */
async function hold(tx: Sql, run: Run, amount: string): Promise<boolean> {
  const rows = await tx.query`
    INSERT INTO "Budget" ("scope", "key", "reserved", "updatedAt")
    SELECT 'run', r."id", ${amount}::numeric, now() FROM "Run" r
     WHERE r."id" = ${run.id} AND r."leaseOwner" = ${run.leaseOwner} AND r."attempt" = ${run.attempt} AND r."status" = 'running' FOR SHARE
    ON CONFLICT ("scope", "key") DO UPDATE SET "reserved" = excluded."reserved", "updatedAt" = excluded."updatedAt" WHERE "Budget"."reserved" = 0
    RETURNING "key"`;
  return rows.length > 0;
}

async function take(tx: Sql, { scope, key, limit }: Share, amount: string): Promise<boolean> {
  if (Number(amount) > limit) return false;
  const rows = await tx.query`
    INSERT INTO "Budget" ("scope", "key", "reserved", "updatedAt") VALUES (${scope}, ${key}, ${amount}::numeric, now())
    ON CONFLICT ("scope", "key") DO UPDATE SET "reserved" = "Budget"."reserved" + excluded."reserved", "updatedAt" = excluded."updatedAt"
     WHERE "Budget"."spent" + "Budget"."reserved" + excluded."reserved" <= ${decimal(micros(limit))}::numeric
    RETURNING "key"`;
  return rows.length > 0;
}

async function refusal(tx: Sql, { scope, key, limit }: Share, amount: string): Promise<AppError> {
  const [row] = await tx.query<{ spent: string }>`SELECT "spent"::text FROM "Budget" WHERE "scope" = ${scope} AND "key" = ${key}`;
  const heldByOthers = micros(Number(row?.spent ?? 0)) + micros(Number(amount)) <= micros(limit);
  return exceeded(scope, heldByOthers);
}

const SENTENCES: Readonly<Record<BudgetScope, string>> = {
  run: 'The budget of this answer is used up: what was written so far is kept.',
  conversation: 'The budget of this conversation is used up: no more answers are written in it.',
  day: 'The budget of this day is used up: answers are written again after midnight UTC.',
};

function exceeded(scope: BudgetScope, heldByOthers = false): AppError {
  if (!heldByOthers) return new AppError('BUDGET_EXCEEDED', SENTENCES[scope]);
  return new AppError('BUDGET_EXCEEDED', 'What is left of the budget is held by answers being written. Try again in a moment.', {
    retryable: true,
    retryAfterMs: 5_000,
  });
}

interface Settled {
  readonly reserved: string;
  /** What was counted of this run before. */
  readonly spent: string;
  readonly tokens: number;
}

function letGo(tx: Sql, runId: string): Promise<Settled[]> {
  return tx.query<Settled>`DELETE FROM "Budget" WHERE "scope" = 'run' AND "key" = ${runId} RETURNING "reserved"::text, "spent"::text, "tokens"`;
}

/** For a run that will go on later: what it used is counted, what it held is held no more. */
async function keepCount(tx: Sql, runId: string, used: LlmUsage, now: Date): Promise<Settled[]> {
  const before = await tx.query<Settled>`
    SELECT "reserved"::text, "spent"::text, "tokens" FROM "Budget" WHERE "scope" = 'run' AND "key" = ${runId} FOR UPDATE`;
  await tx.execute`
    UPDATE "Budget" SET "reserved" = 0, "spent" = ${used.cost}::numeric, "tokens" = ${Math.min(INT_MAX, tokensOf(used))}, "updatedAt" = ${now}
     WHERE "scope" = 'run' AND "key" = ${runId}`;
  return before;
}

function tokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: LlmUsage): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens + outputTokens;
}

/** Millionths of a dollar: exact as whole numbers up to billions of dollars. */
function micros(usd: number): number {
  return Math.round(usd * MICROS);
}

function decimal(sum: number): string {
  return (sum / MICROS).toFixed(6);
}
