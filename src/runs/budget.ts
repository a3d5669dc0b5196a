/**
 * What models may cost and how many tokens they may use: per run, per conversation and per day (UTC). A run holds its whole budget before
 * it starts and is settled with what it really used in the transaction that ends it, so that runs side by side never promise themselves
 * the same twice. A hold belongs to the run, not to an attempt: one that was cut off leaves it to the next. Who may ask how often is the desk's.
 */
import type { Logger } from '../foundation/logger.ts';
import type { LlmUsage } from '../llm/llm.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Sql } from '../store/sql.ts';
import { createLedger, type BudgetLimits, type BudgetNote, type Held, type RunBudget, type Used } from './budget-ledger.ts';

export interface Budgets {
  /** One run's own budgets, as far as they were used before this attempt. Reads no row. */
  ofRun(run: Used): RunBudget;
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
  /** In US dollars. */
  readonly limits: BudgetLimits;
  /** Without: no limit. */
  readonly tokenLimits?: BudgetLimits | undefined;
}

export const NO_LIMITS: BudgetLimits = { run: null, conversation: null, day: null };

const RECONCILED_MAX = 500;

export function createBudgets({ database, logger, limits, tokenLimits = NO_LIMITS }: BudgetsDeps): Budgets {
  const onNote = ({ scope, unit, spent, limit }: BudgetNote) => logger.warn({ scope, unit, spent, limit }, 'four fifths of a budget are used');
  // Always money before tokens: two runs cannot wait for each other.
  const all = [createLedger('usd', limits, onNote), createLedger('tokens', tokenLimits, onNote)];
  const kept = all.filter(({ keeps }) => keeps);
  const runScopes = kept.map(({ runScope }) => runScope);

  async function settle(tx: Sql, run: Held, used: LlmUsage, last: boolean, now: Date): Promise<BudgetNote[]> {
    const notes: BudgetNote[] = [];
    for (const ledger of kept) notes.push(...(await ledger.settle(tx, run, used, last, now)));
    return notes;
  }

  return Object.freeze<Budgets>({
    ofRun(run) {
      const budgets = all.map((ledger) => ledger.ofRun(run));
      return {
        count: (used) => budgets.flatMap((budget) => budget.count(used)),
        assertLeft: () => budgets.forEach((budget) => budget.assertLeft()),
      };
    },

    async reserve(run) {
      if (kept.length === 0) return;
      await database.sql.transaction(async (tx) => {
        for (const ledger of kept) await ledger.reserve(tx, run);
      });
    },

    settle,

    async reconcile(now, signal) {
      if (kept.length === 0) return 0;
      const rows = await database.sql.query<Held & LlmUsage>`
        SELECT r."id", r."conversationId", r."workflow", r."createdAt", r."inputTokens", r."cacheReadTokens", r."cacheWriteTokens", r."outputTokens", r."cost"::text
          FROM "Run" r
         WHERE r."status" IN ('succeeded', 'failed', 'stopped')
           AND r."id" IN (SELECT b."key" FROM "Budget" b WHERE b."scope" = ANY(${runScopes})) LIMIT ${RECONCILED_MAX}`;
      for (const row of rows) {
        signal.throwIfAborted();
        await database.sql.transaction((tx) => settle(tx, row, row, true, now));
      }
      return rows.length;
    },
  });
}
