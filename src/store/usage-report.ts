/**
 * What runs used of models in a stretch of time, added up by one thing at a time. One statement each, along the index on the moment of
 * the run. Knows no viewer: whoever asks says whose customers count.
 */
import type { Database } from './database.ts';

export const USAGE_GROUPINGS = ['agent', 'model', 'customer', 'partner', 'day'] as const;
export type UsageGrouping = (typeof USAGE_GROUPINGS)[number];

export interface UsageRow {
  /** The id of the agent, customer or partner, the name of the model, or the day (UTC). Null: none, or all of it together. */
  readonly key: string | null;
  readonly runs: number;
  readonly conversations: number;
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** Decimal US dollars. */
  readonly cost: string;
  /** Null without conversations. */
  readonly costPerThousandConversations: string | null;
}

export interface UsageQuestion {
  readonly from: Date;
  /** Not included. */
  readonly to: Date;
  /** Null: one row of everything. */
  readonly by: UsageGrouping | null;
  /** Only this partner's customers; null: all. */
  readonly partnerId: string | null;
}

/** The dearest ones; nobody reads further. */
export const USAGE_ROWS_MAX = 1_000;

/** Days in their order, everything else the dearest first. Counts beyond 2^53 are not to be feared. */
export async function readUsage({ sql }: Pick<Database, 'sql'>, { from, to, by, partnerId }: UsageQuestion): Promise<UsageRow[]> {
  const rows = await sql.query<
    Record<Exclude<keyof UsageRow, 'key' | 'costPerThousandConversations'>, string> & Pick<UsageRow, 'key' | 'costPerThousandConversations'>
  >`
    SELECT "key", count(*)::text AS "runs", count(DISTINCT "conversationId")::text AS "conversations", coalesce(sum("inputTokens"), 0)::text AS "inputTokens",
           coalesce(sum("cacheReadTokens"), 0)::text AS "cacheReadTokens", coalesce(sum("cacheWriteTokens"), 0)::text AS "cacheWriteTokens",
           coalesce(sum("outputTokens"), 0)::text AS "outputTokens", trim_scale(coalesce(sum("cost"), 0))::text AS "cost",
           trim_scale(round(sum("cost") * 1000 / nullif(count(DISTINCT "conversationId"), 0), 6))::text AS "costPerThousandConversations"
      FROM (SELECT r.*, CASE ${by}::text WHEN 'agent' THEN r."agentId" WHEN 'model' THEN r."model" WHEN 'customer' THEN r."customerId"
                                   WHEN 'partner' THEN c."partnerId" WHEN 'day' THEN to_char(r."createdAt", 'YYYY-MM-DD') END AS "key"
              FROM "Run" r LEFT JOIN "Customer" c ON c."id" = r."customerId"
             WHERE r."createdAt" >= ${from} AND r."createdAt" < ${to} AND (${partnerId}::text IS NULL OR c."partnerId" = ${partnerId})) AS used
     GROUP BY "key"
     ORDER BY CASE WHEN ${by}::text = 'day' THEN "key" END, coalesce(sum("cost"), 0) DESC, "key" NULLS LAST LIMIT ${USAGE_ROWS_MAX}`;
  return rows.map((row) => ({
    ...row,
    runs: Number(row.runs),
    conversations: Number(row.conversations),
    inputTokens: Number(row.inputTokens),
    cacheReadTokens: Number(row.cacheReadTokens),
    cacheWriteTokens: Number(row.cacheWriteTokens),
    outputTokens: Number(row.outputTokens),
  }));
}
