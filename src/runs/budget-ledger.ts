/**
 * One kind of budget, of money or of tokens: what a run holds, what its conversation and its day have spent and promised. Every statement
 * runs in the transaction of whoever calls. Sums are whole parts, millionths of a row's number, so that adding them up is exact.
 */
import { AppError } from '../foundation/errors.ts';
import { worksForDesk } from '../desk/desk-run.ts';
import { formatMicros, type LlmUsage } from '../llm/llm.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';

export const BUDGET_SCOPES = ['run', 'conversation', 'day'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export const BUDGET_UNITS = ['usd', 'tokens'] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

/** US dollars or tokens; null is without a limit. A run's is never above a conversation's, nor that above a day's. */
export type BudgetLimits = Readonly<Record<BudgetScope, number | null>>;

/** Four fifths of a budget are used. */
export interface BudgetNote {
  readonly scope: BudgetScope;
  readonly unit: BudgetUnit;
  /** Decimal US dollars, or whole tokens. */
  readonly spent: string;
  readonly limit: string;
  readonly tokens: number;
}

/** What of a run its budgets go by. */
export type Held = Pick<Run, 'id' | 'conversationId' | 'workflow' | 'createdAt'>;
export type Used = Pick<LlmUsage, 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'outputTokens'> & { readonly cost: { toString(): string } };

export interface Ledger {
  /** False when there is nothing to hold. */
  readonly keeps: boolean;
  /** The scope of the rows of single runs. */
  readonly runScope: string;
  /** @throws AppError BUDGET_EXCEEDED */
  reserve(tx: Sql, run: Run): Promise<void>;
  settle(tx: Sql, run: Held, used: LlmUsage, last: boolean, now: Date): Promise<BudgetNote[]>;
  ofRun(run: Used): RunBudget;
}

export interface RunBudget {
  /** Takes the sum of what the run has used. @returns The warnings, each once. */
  count(used: LlmUsage): readonly BudgetNote[];
  /** @throws AppError BUDGET_EXCEEDED when the run has used all it may: it must not go on. */
  assertLeft(): void;
}

const WARN_AT = 0.8;
const PARTS = 1_000_000;
const INT_MAX = 2_147_483_647;

interface Measure {
  /** Behind the scope of a row. */
  readonly suffix: string;
  /** Parts in one of the unit: rows of tokens count thousands. */
  readonly partsPer: number;
  used(usage: Used): number;
  write(parts: number): string;
}

const MEASURES: Readonly<Record<BudgetUnit, Measure>> = {
  usd: { suffix: '', partsPer: PARTS, used: ({ cost }) => Math.round(Number(cost) * PARTS), write: (parts) => formatMicros(BigInt(parts)) },
  tokens: { suffix: '_tokens', partsPer: 1_000, used: (usage) => tokensOf(usage) * 1_000, write: (parts) => String(Math.round(parts / 1_000)) },
};

/** A budget that several runs share. */
interface Share {
  readonly scope: Exclude<BudgetScope, 'run'>;
  readonly key: string;
  /** Parts. */
  readonly limit: number;
}

export function createLedger(unit: BudgetUnit, limits: BudgetLimits, onNote: (note: BudgetNote) => void): Ledger {
  const { suffix, partsPer, used: usedOf, write } = MEASURES[unit];
  const partsOf = (limit: number | null): number | null => (limit === null ? null : Math.round(limit * partsPer));
  const [ofRun, ofConversation, ofDay] = [partsOf(limits.run), partsOf(limits.conversation), partsOf(limits.day)];
  const runScope = `run${suffix}`;

  /** The day a run counts towards is that of its question, whenever it ends. Always the conversation first: two runs cannot wait for each other. */
  function sharesOf(run: Held): Share[] {
    const { conversationId, createdAt } = run;
    const shares: Share[] = [];
    // What the desk finds out about a conversation must not use up what its customer may be answered with.
    if (ofConversation !== null && conversationId !== null && !worksForDesk(run))
      shares.push({ scope: 'conversation', key: conversationId, limit: ofConversation });
    if (ofDay !== null) shares.push({ scope: 'day', key: createdAt.toISOString().slice(0, 10), limit: ofDay });
    return shares;
  }

  function note(scope: BudgetScope, limit: number, spent: number, tokens: number): BudgetNote {
    const told = { scope, unit, spent: write(spent), limit: write(limit), tokens };
    onNote(told);
    return told;
  }

  /** Notes what this run holds. False when it holds it already, since an earlier attempt, or is not ours any more. */
  async function hold(tx: Sql, run: Run, amount: number): Promise<boolean> {
    const rows = await tx.query`
      INSERT INTO "Budget" ("scope", "key", "reserved", "updatedAt")
      SELECT ${runScope}, r."id", ${decimal(amount)}::numeric, now() FROM "Run" r
       WHERE r."id" = ${run.id} AND r."leaseOwner" = ${run.leaseOwner} AND r."attempt" = ${run.attempt} AND r."status" = 'running' FOR SHARE
      ON CONFLICT ("scope", "key") DO UPDATE SET "reserved" = excluded."reserved", "updatedAt" = excluded."updatedAt" WHERE "Budget"."reserved" = 0
      RETURNING "key"`;
    return rows.length > 0;
  }

  async function take(tx: Sql, { scope, key, limit }: Share, amount: number): Promise<boolean> {
    if (amount > limit) return false;
    const rows = await tx.query`
      INSERT INTO "Budget" ("scope", "key", "reserved", "updatedAt") VALUES (${scope + suffix}, ${key}, ${decimal(amount)}::numeric, now())
      ON CONFLICT ("scope", "key") DO UPDATE SET "reserved" = "Budget"."reserved" + excluded."reserved", "updatedAt" = excluded."updatedAt"
       WHERE "Budget"."spent" + "Budget"."reserved" + excluded."reserved" <= ${decimal(limit)}::numeric
      RETURNING "key"`;
    return rows.length > 0;
  }

  async function refusal(tx: Sql, { scope, key, limit }: Share, amount: number): Promise<AppError> {
    const [row] = await tx.query<{ spent: string }>`SELECT "spent"::text FROM "Budget" WHERE "scope" = ${scope + suffix} AND "key" = ${key}`;
    return exceeded(scope, partsIn(row?.spent) + amount <= limit);
  }

  async function settleOne(tx: Sql, share: Share, spent: number, held: string, tokens: number, now: Date): Promise<BudgetNote | null> {
    const { scope, key, limit } = share;
    const [row] = await tx.query<{ spent: string; tokens: number; warned: boolean }>`
      UPDATE "Budget" SET "spent" = "spent" + ${decimal(spent)}::numeric, "reserved" = greatest(0, "reserved" - ${held}::numeric),
             "tokens" = least(${INT_MAX}, "tokens"::bigint + ${tokens}::bigint)::int, "updatedAt" = ${now}
       WHERE "scope" = ${scope + suffix} AND "key" = ${key}
      RETURNING "spent"::text, "tokens", "warnedAt" IS NOT NULL AS "warned"`;
    if (!row || row.warned || partsIn(row.spent) < limit * WARN_AT) return null;
    await tx.execute`UPDATE "Budget" SET "warnedAt" = ${now} WHERE "scope" = ${scope + suffix} AND "key" = ${key}`;
    return note(scope, limit, partsIn(row.spent), row.tokens);
  }

  function letGo(tx: Sql, runId: string): Promise<Settled[]> {
    return tx.query<Settled>`DELETE FROM "Budget" WHERE "scope" = ${runScope} AND "key" = ${runId} RETURNING "reserved"::text, "spent"::text, "tokens"`;
  }

  /** For a run that will go on later: what it used is counted, what it held is held no more. */
  async function keepCount(tx: Sql, runId: string, used: LlmUsage, now: Date): Promise<Settled[]> {
    const before = await tx.query<Settled>`
      SELECT "reserved"::text, "spent"::text, "tokens" FROM "Budget" WHERE "scope" = ${runScope} AND "key" = ${runId} FOR UPDATE`;
    await tx.execute`
      UPDATE "Budget" SET "reserved" = 0, "spent" = ${decimal(usedOf(used))}::numeric, "tokens" = ${Math.min(INT_MAX, tokensOf(used))}, "updatedAt" = ${now}
       WHERE "scope" = ${runScope} AND "key" = ${runId}`;
    return before;
  }

  return Object.freeze<Ledger>({
    keeps: ofRun !== null && (ofConversation !== null || ofDay !== null),
    runScope,

    async reserve(tx, run) {
      const amount = Math.max(0, (ofRun ?? 0) - usedOf(run));
      if (!(await hold(tx, run, amount))) return;
      for (const share of sharesOf(run)) if (!(await take(tx, share, amount))) throw await refusal(tx, share, amount);
    },

    async settle(tx, run, used, last, now) {
      const [held] = last ? await letGo(tx, run.id) : await keepCount(tx, run.id, used, now);
      if (!held) return [];
      const spent = Math.max(0, usedOf(used) - partsIn(held.spent));
      const tokens = Math.max(0, tokensOf(used) - held.tokens);
      const notes: BudgetNote[] = [];
      for (const share of sharesOf(run)) {
        const warning = await settleOne(tx, share, spent, held.reserved, tokens, now);
        if (warning) notes.push(warning);
      }
      return notes;
    },

    ofRun(run) {
      let spent = usedOf(run);
      let warned = ofRun === null || spent >= ofRun * WARN_AT;
      return {
        count(used) {
          spent = usedOf(used);
          if (warned || ofRun === null || spent < ofRun * WARN_AT) return [];
          warned = true;
          return [note('run', ofRun, spent, tokensOf(used))];
        },
        assertLeft() {
          if (ofRun !== null && spent >= ofRun) throw exceeded('run');
        },
      };
    },
  });
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

function tokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: Used): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens + outputTokens;
}

function partsIn(sum: string | undefined): number {
  return Math.round(Number(sum ?? 0) * PARTS);
}

function decimal(parts: number): string {
  return (parts / PARTS).toFixed(6);
}
