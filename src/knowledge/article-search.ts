/**
 * Article search on PostgreSQL's full text. Customers write sentences, so a question needs not match in full: articles are
 * ranked by how much of its rarer words they cover, in the title before the tags before the text, then by quality, recency and
 * helpfulness. Synonyms are the tags of an article; spelling is not corrected.
 */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import type { Knowledge, KnowledgeHit } from './knowledge.ts';
import { choosePassage } from './passage.ts';

/** The database, as far as this file needs it; values become parameters of the statement. */
export interface ArticleRows {
  $queryRaw<T>(statement: TemplateStringsArray, ...values: unknown[]): Promise<T>;
  $executeRaw(statement: TemplateStringsArray, ...values: unknown[]): Promise<number>;
}

export interface KnowledgeDeps {
  readonly database: ArticleRows;
  readonly clock: Clock;
}

/** What comes later in a long message rarely changes its topic, and each word costs time. */
const QUERY_CHARS_MAX = 500;
const HITS_MAX = 20;
/** More are never shown in one turn. */
const USES_MAX = 100;

/** Stemmed words of politeness and asking: rare in articles, so they would weigh much, and they say nothing about the topic. */
const SMALL_TALK = [
  'actual',
  'advanc',
  'also',
  'anybodi',
  'anyon',
  'appreci',
  'ask',
  'bit',
  'cant',
  'could',
  'day',
  'dear',
  'dont',
  'els',
  'explain',
  'get',
  'give',
  'go',
  'good',
  'got',
  'guy',
  'hello',
  'help',
  'hey',
  'hi',
  'im',
  'issu',
  'ive',
  'keep',
  'kind',
  'know',
  'let',
  'like',
  'loomwork',
  'make',
  'mani',
  'mayb',
  'much',
  'need',
  'pleas',
  'possibl',
  'problem',
  'question',
  'realli',
  'regard',
  'right',
  'say',
  'see',
  'seem',
  'show',
  'someth',
  'sorri',
  'still',
  'sure',
  'take',
  'tell',
  'thank',
  'thing',
  'tri',
  'understand',
  'us',
  'use',
  'want',
  'way',
  'wonder',
  'work',
  'would',
  'yesterday',
  'today',
];

/** Phrases whose sense hangs on a word that the database drops ("in", "out", "down"), and what articles call it. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(loomwork|site|website|app|service|system|platform|everything)(?: is| was| went| goes)? down\b/giu, '$1 downtime'],
  [/\blog(?:s|ged|ging)? (?:me |us )?(?:out|off)\b/giu, 'signed out session'],
  [/\blog(?:ged|ging)? in(?:to)?\b/giu, 'login'],
  [/\bhow (?:long|often|many|much|big|fast)\b/giu, 'how'],
];

/** Weight of a question's word that no article knows, in shares of the rarest known one: it may be a name, or it may be the topic. */
const UNKNOWN_WORD = 0.75;
/** A question is covered when this much weight is: long messages must not need every word. About four rare words. */
const FULL_WEIGHT = 12;
/** Share of the question an article must cover. Measured on the labelled questions of the tests and on nonsense. */
const COVERED_MIN = 0.24;
/** Hits far behind the best are noise beside it. */
const OF_BEST_MIN = 0.4;

interface Row {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly category: string;
  readonly body: string;
  readonly score: number;
  readonly weights: Readonly<Record<string, number>>;
}

export function createKnowledge({ database, clock }: KnowledgeDeps): Knowledge {
  return Object.freeze<Knowledge>({
    async search(query, { first, category }) {
      const words = toWords(query);
      if (words === '') return [];
      const rows = await findArticles(database, words, {
        first: Math.min(Math.max(Math.trunc(first), 1), HITS_MAX),
        category: category ?? null,
        now: clock.now(),
      });
      return rows.map(toHit);
    },

    async recordUse(articleIds, kind, { conversationId, runId }) {
      const articles = [...new Set(articleIds)].slice(0, USES_MAX);
      if (articles.length === 0) return;
      const ids = articles.map(() => newId('use'));
      await database.$executeRaw`
        INSERT INTO "ArticleUse" ("id", "articleId", "conversationId", "runId", "kind", "createdAt")
        SELECT used.id, article."id", ${conversationId}, ${runId}, ${kind}::"ArticleUseKind", ${clock.now()}
        FROM unnest(${ids}::text[], ${articles}::text[]) AS used (id, "articleId")
        JOIN "KnowledgeArticle" article ON article."id" = used."articleId"`;
    },
  });
}

/** Letters and digits only: no operator, quotation mark or path reaches the parser of the database, and `card_declined` is two words. Contractions ("can't", "what's") say nothing. */
function toWords(query: string): string {
  const words = query
    .slice(0, QUERY_CHARS_MAX)
    .toWellFormed()
    .replace(/\b\p{L}+n['’]t\b|['’](?:s|re|ve|ll|d|m)\b/giu, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return PHRASES.reduce((text, [pattern, meaning]) => text.replace(pattern, meaning), words);
}

function findArticles(
  database: ArticleRows,
  words: string,
  { first, category, now }: { readonly first: number; readonly category: string | null; readonly now: Date },
): Promise<Row[]> {
  return database.$queryRaw<Row[]>`
    WITH asked AS MATERIALIZED (
      -- Quoted as the input syntax of tsquery wants it, so that any lexeme stands for itself.
      SELECT lexeme, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS quoted
      FROM unnest(to_tsvector('english', ${words})) WHERE lexeme <> ALL (${SMALL_TALK}::text[])
    ), queries AS MATERIALIZED (
      SELECT lexeme, quoted::tsquery AS anywhere, (quoted || ':A')::tsquery AS title, (quoted || ':AB')::tsquery AS label FROM asked
    ), matches AS MATERIALIZED (
      SELECT article."id", queries.lexeme,
        CASE WHEN article."search" @@ queries.title THEN 1.0 WHEN article."search" @@ queries.label THEN 0.9 ELSE 0.4 END AS place
      FROM queries JOIN "KnowledgeArticle" article ON article."search" @@ queries.anywhere
      WHERE article."active"
    ), total AS (
      SELECT count(*)::float8 AS articles FROM "KnowledgeArticle" WHERE "active"
    ), weights AS MATERIALIZED (
      SELECT lexeme, known, CASE WHEN known = 0 THEN ${UNKNOWN_WORD}::float8 ELSE 1 END * ln(1 + (articles - known + 0.5) / (known + 0.5)) AS weight
      FROM (SELECT queries.lexeme, count(matches."id")::float8 AS known FROM queries LEFT JOIN matches USING (lexeme) GROUP BY queries.lexeme) counted, total
    ), covered AS (
      SELECT matches."id", sum(weight * place) / (SELECT least(sum(weight), ${FULL_WEIGHT}::float8) FROM weights) AS share
      FROM matches JOIN weights USING (lexeme) GROUP BY matches."id"
    ), ranked AS (
      SELECT article.*, covered.share,
        least(1, covered.share
          * (0.8 + 0.2 * article."quality")
          * (0.9 + 0.1 * exp(-greatest(0, extract(epoch FROM ${now}::timestamptz - article."reviewedAt")::float8) / 63072000))
          * (0.9 + 0.2 * (article."helpful" + 2)::float8 / (article."helpful" + article."notHelpful" + 4))) AS score
      FROM covered JOIN "KnowledgeArticle" article USING ("id")
      WHERE covered.share >= ${COVERED_MIN}::float8 AND (${category}::text IS NULL OR article."category" = ${category})
    )
    SELECT "id", "slug", "title", "category", "body", score::float8 AS score, (SELECT jsonb_object_agg(lexeme, weight) FROM weights WHERE known > 0) AS weights
    FROM ranked WHERE share >= ${OF_BEST_MIN}::float8 * (SELECT max(share) FROM ranked)
    ORDER BY score DESC, "slug" LIMIT ${first}`;
}

function toHit({ id, slug, title, category, body, score, weights }: Row): KnowledgeHit {
  return { articleId: id, slug, title, category, ...choosePassage(body, weights), score };
}
