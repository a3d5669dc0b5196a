/**
 * Article search on PostgreSQL's full text. Customers write sentences, so a question needs not match in full: what counts is how
 * much of what it speaks of an article covers, the rarer the more, in the title before the tags before the text. What its words may
 * stand for is understand.ts, the order of what is found is rank.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import { idOfText } from './derived-id.ts';
import type { Knowledge, KnowledgeHit } from './knowledge.ts';
import { choosePassage } from './passage.ts';
import { QUERY_CHARS_MAX, SMALL_TALK, toWords } from './question.ts';
import { rankScore, type Ranked } from './rank.ts';
import { createSpelling } from './spelling.ts';
import { understand, type AskedTerm } from './understand.ts';

/** The database, as far as this file needs it; values become parameters of the statement. */
export interface ArticleRows {
  $queryRaw<T>(statement: TemplateStringsArray, ...values: unknown[]): Promise<T>;
  $executeRaw(statement: TemplateStringsArray, ...values: unknown[]): Promise<number>;
}

export interface KnowledgeDeps {
  readonly database: ArticleRows;
  readonly clock: Clock;
}

const HITS_MAX = 20;
/** Articles whose order is worth working out: what covers the question less than these is not shown. */
const CANDIDATES_MAX = 20;
/** More are never shown in one turn. */
const USES_MAX = 100;

/** How long the words of the articles are kept for mending spelling: only a misspelling of a word that is newer goes unnoticed. */
const VOCABULARY_MS = 600_000;

/** What a tag and the running text count beside the title. */
const TAG = 0.9;
const TEXT = 0.4;
/** Weight of a question's word that no article knows, in shares of the rarest known one: it may be a name, or it may be the topic. */
const UNKNOWN_WORD = 0.75;
/** A question is covered when this much weight is: long messages must not need every word. About four rare words. */
const FULL_WEIGHT = 11;
/** Share of the question an article must cover. Measured on the labelled questions of the tests and on nonsense. */
const COVERED_MIN = 0.22;
/** Hits far behind the best are noise beside it. */
const OF_BEST_MIN = 0.4;
/** Beside one whose title says it, an article whose text says it is exactly at that limit: which side of it must not hang on how the sums round. */
const ROUNDING = 1e-9;

interface Row extends Ranked {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly category: string;
  readonly body: string;
  readonly weights: Readonly<Record<string, number>>;
}

export function createKnowledge({ database, clock }: KnowledgeDeps): Knowledge {
  const spelling = keepSpelling(database, clock);
  return Object.freeze<Knowledge>({
    async search(query, { first, category }) {
      if (toWords(query) === '') return [];
      const now = clock.now();
      const rows = await findArticles(database, understand(query, await spelling()), category ?? null);
      const best = Math.max(...rows.map((row) => row.similarity));
      return rows
        .map((row) => ({ row, score: rankScore({ ...row, similarity: amongFound(row.similarity, best) }, now) }))
        .toSorted((a, b) => b.score - a.score || (a.row.slug < b.row.slug ? -1 : 1))
        .slice(0, Math.min(Math.max(Math.trunc(first), 1), HITS_MAX))
        .map(({ row, score }) => toHit(row, score));
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

    async recordSearch(query, hits, { customerId, conversationId, runId }) {
      const text = query.slice(0, QUERY_CHARS_MAX).toWellFormed().replaceAll('\0', ' ').trim();
      if (text === '') return;
      const [best] = hits.toSorted((a, b) => b.similarity - a.similarity);
      // Another attempt of a run asks the same again: it is one question.
      const id = idOfText('srch', `${runId}:${text}`);
      await database.$executeRaw`
        INSERT INTO "SearchQuery" ("id", "text", "customerId", "conversationId", "runId", "hits", "topSimilarity", "topArticleId", "createdAt")
        VALUES (${id}, ${text}, ${customerId}, ${conversationId}, ${runId}, ${hits.length}, ${best?.similarity ?? 0}, ${best?.articleId ?? null}, ${clock.now()})
        ON CONFLICT ("id") DO NOTHING`;
    },
  });
}

/** The spelling of the articles' words, read at the first question and again when it is old; questions that come meanwhile share one reading. */
function keepSpelling(database: ArticleRows, clock: Clock): () => Promise<(word: string) => string> {
  let kept: { readonly at: number; readonly spelling: Promise<(word: string) => string> } | null = null;
  return () => {
    const at = clock.now().getTime();
    if (kept && at - kept.at < VOCABULARY_MS) return kept.spelling;
    const reading = { at, spelling: readSpelling(database) };
    kept = reading;
    // What failed is not kept: the next question tries again. The failure itself reaches whoever asked.
    reading.spelling.catch(() => {
      if (kept === reading) kept = null;
    });
    return reading.spelling;
  };
}

async function readSpelling(database: ArticleRows): Promise<(word: string) => string> {
  const words = await database.$queryRaw<{ word: string; count: number }[]>`
    SELECT word, nentry AS count FROM ts_stat('
      SELECT to_tsvector(''simple'', "title" || '' '' || article_tags_text("tags") || '' '' || "body") FROM "KnowledgeArticle" WHERE "active"')
    WHERE word ~ '^[a-z]+$'`;
  return createSpelling(new Map(words.map(({ word, count }) => [word, count])));
}

function findArticles(database: ArticleRows, asked: readonly AskedTerm[], category: string | null): Promise<Row[]> {
  return database.$queryRaw<Row[]>`
    WITH asked AS MATERIALIZED (
      SELECT thing, certainty, phraseto_tsquery('english', term) AS phrase, lexemes.words, lexemes.title::tsquery AS title, lexemes.label::tsquery AS label
      FROM unnest(${asked.map(({ thing }) => thing)}::int[], ${asked.map(({ certainty }) => certainty)}::float8[], ${asked.map(({ text }) => text)}::text[]) AS given (thing, certainty, term),
      LATERAL (
        SELECT array_agg(lexeme) AS words, string_agg(quoted || ':A', ' & ') AS title, string_agg(quoted || ':AB', ' & ') AS label
        -- Quoted as the input syntax of tsquery wants it, so that any lexeme stands for itself.
        FROM (SELECT lexeme, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS quoted FROM unnest(to_tsvector('english', term))) one
      ) AS lexemes
      WHERE cardinality(lexemes.words) > 1 OR lexemes.words[1] <> ALL (${SMALL_TALK}::text[])
    ), queries AS MATERIALIZED (
      -- In title and tags the words of a phrase may stand apart; in the text they must follow each other.
      SELECT label, title, words, label || phrase AS anywhere FROM (SELECT DISTINCT ON (label) label, title, words, phrase FROM asked) AS different
    ), matches AS MATERIALIZED (
      SELECT article."id", queries.label,
        CASE WHEN article."search" @@ queries.title THEN 1.0 WHEN article."search" @@ queries.label THEN ${TAG}::float8 ELSE ${TEXT}::float8 END AS place
      FROM queries JOIN "KnowledgeArticle" article ON article."search" @@ queries.anywhere
      WHERE article."active"
    ), total AS (
      SELECT count(*)::float8 AS articles FROM "KnowledgeArticle" WHERE "active"
    ), weights AS MATERIALIZED (
      SELECT label, words, known, CASE WHEN known = 0 THEN ${UNKNOWN_WORD}::float8 ELSE 1 END * ln(1 + (articles - known + 0.5) / (known + 0.5)) AS weight
      FROM (SELECT label, words, count(matches."id")::float8 AS known FROM queries LEFT JOIN matches USING (label) GROUP BY label, words) counted, total
    ), things AS (
      SELECT coalesce(max(weight * certainty) FILTER (WHERE known > 0), max(weight * certainty)) AS weight FROM asked JOIN weights USING (label) GROUP BY thing
    ), parts AS (
      SELECT matches."id", max(weight * certainty * place) AS part FROM matches JOIN weights USING (label) JOIN asked USING (label) GROUP BY matches."id", thing
    ), covered AS (
      SELECT parts."id", sum(part) / (SELECT least(sum(weight), ${FULL_WEIGHT}::float8) FROM things) AS share
      FROM parts JOIN "KnowledgeArticle" article USING ("id")
      WHERE ${category}::text IS NULL OR article."category" = ${category}
      GROUP BY parts."id"
    )
    SELECT article."id", article."slug", article."title", article."category", article."body", article."quality", article."helpful", article."notHelpful", article."reviewedAt",
      least(1, covered.share)::float8 AS similarity,
      (SELECT jsonb_object_agg(word, weight) FROM (SELECT word, max(weight) AS weight FROM weights, unnest(words) AS word WHERE known > 0 GROUP BY word) said) AS weights
    FROM covered JOIN "KnowledgeArticle" article USING ("id")
    WHERE covered.share >= greatest(${COVERED_MIN}::float8, ${OF_BEST_MIN - ROUNDING}::float8 * (SELECT max(share) FROM covered))
    ORDER BY covered.share DESC, article."slug" LIMIT ${CANDIDATES_MAX}`;
}

/**
 * What is found lies between OF_BEST_MIN of the best and the best; spread over 0 to 1, so that half of the weight decides between
 * close articles. Measured 2026-11-23 on 280 fresh questions beside the share as it is: 225 instead of 222 in the first place.
 */
function amongFound(similarity: number, best: number): number {
  return Math.max(0, similarity / best - OF_BEST_MIN) / (1 - OF_BEST_MIN);
}

function toHit({ id, slug, title, category, body, weights, similarity }: Row, score: number): KnowledgeHit {
  return { articleId: id, slug, title, category, ...choosePassage(body, weights), similarity, score };
}
