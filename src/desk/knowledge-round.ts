/**
 * One round over the articles and over what customers looked up: writes what the quality check finds and what the editors should do
 * next. One at a time per database, in one transaction, bounded in rows. Judges nothing itself: knowledge/ does.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../foundation/clock.ts';
import { newId } from '../foundation/ids.ts';
import { createKnowledge } from '../knowledge/article-search.ts';
import { clusterQuestions, type AskedQuestion } from '../knowledge/cluster.ts';
import { findFaqs, FAQ_ASKERS_MIN } from '../knowledge/faq.ts';
import { findStaleness } from '../knowledge/freshness.ts';
import { findGaps, isGap, POOR_MATCH_BELOW, type Gap } from '../knowledge/gaps.ts';
import type { Knowledge } from '../knowledge/knowledge.ts';
import { checkQuality } from '../knowledge/quality.ts';
import { SMALL_TALK, toWords } from '../knowledge/question.ts';
import { mergeSuggestions, type StaleArticle, type Suggested } from '../knowledge/suggestions.ts';
import { synthesize } from '../knowledge/synthesize.ts';
import { ADVISORY_LOCKS } from '../store/advisory-lock.ts';
import type { Database } from '../store/database.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';

export interface KnowledgeRoundDeps {
  readonly database: Database;
  readonly clock: Clock;
}

/** What one round looked at and found. */
export interface KnowledgeRound {
  readonly at: Date;
  readonly articles: number;
  /** Reports that say something new. */
  readonly reports: number;
  /** Questions of the last month. */
  readonly questions: number;
  readonly suggestions: number;
}

const ARTICLES_MAX = 2_000;
/** Newest first; a month of a busy desk may have more, and these say enough. */
const QUESTIONS_MAX = 5_000;
const WINDOW_DAYS = 30;
/** What customers asked is kept no longer. */
const KEPT_DAYS = 90;
const FORGOTTEN_PER_ROUND_MAX = 10_000;
/** Topics that are searched for once more before they are suggested. */
const CANDIDATES_MAX = 60;
const HITS = 5;
/** A decision holds this long; then the same finding is a suggestion again. */
const DECIDED_DAYS = 90;
const DAY_MS = 86_400_000;
const ROUND_MS = 60_000;
const WAIT_MS = 5_000;
const SETTING = 'knowledge_round';

/**
 * @param options.minAgeMs Nothing is done when the last round is younger: another process may have made it.
 * @returns Null when nothing was done, also when another round is under way.
 */
export async function runKnowledgeRound(
  { database, clock }: KnowledgeRoundDeps,
  options: { readonly minAgeMs: number },
  signal: AbortSignal,
): Promise<KnowledgeRound | null> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(ROUND_MS)]);
  return database.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ got: boolean }[]>`SELECT pg_try_advisory_xact_lock(${ADVISORY_LOCKS.knowledge}) AS got`;
      if (!lock?.got) return null;
      const now = clock.now();
      const last = await tx.setting.findUnique({ where: { key: SETTING } });
      if (last && options.minAgeMs > 0 && now.getTime() - last.updatedAt.getTime() < options.minAgeMs) return null;
      const knowledge = createKnowledge({ database: tx, clock });
      const { stale, ...checked } = await checkArticles(tx, now, bounded);
      const asked = await clusterAsked(tx, knowledge, now, bounded);
      const known = await tx.articleSuggestion.findMany({ select: { kind: true, topic: true } });
      const suggested = mergeSuggestions({ ...asked, stale }, known);
      await writeSuggestions(tx, suggested, now);
      await forget(tx, now);
      const value = { ...checked, questions: asked.questions, suggestions: suggested.length };
      await tx.setting.upsert({ where: { key: SETTING }, create: { key: SETTING, value, updatedAt: now }, update: { value, updatedAt: now } });
      return { ...value, at: now };
    },
    { timeout: ROUND_MS, maxWait: WAIT_MS },
  );
}

/** Checks every article, writes the reports that say something new, and names the articles to mend. */
async function checkArticles(tx: Prisma.TransactionClient, now: Date, signal: AbortSignal) {
  const articles = await tx.knowledgeArticle.findMany({ where: { active: true }, orderBy: { id: 'asc' }, take: ARTICLES_MAX });
  const slugs = new Set(articles.map(({ slug }) => slug));
  const citedOf = await citations(tx, now);
  const reports: Prisma.ArticleReportCreateManyInput[] = [];
  const stale: StaleArticle[] = [];
  for (const article of articles) {
    // An article takes a fraction of a millisecond; tokens of answers must not wait for all of them.
    await setImmediate(undefined, { signal });
    const { score, parts, problems } = checkQuality(article, slugs);
    reports.push({
      id: newId('arep'),
      articleId: article.id,
      score,
      parts: { ...parts },
      problems: problems.map((problem) => ({ ...problem })),
      createdAt: now,
    });
    const found = findStaleness({ ...article, score, cited: citedOf.get(article.id) ?? 0 }, now);
    if (found) stale.push({ ...found, articleId: article.id, slug: article.slug, title: article.title });
  }
  const written = await tx.$executeRaw`
    WITH found AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(reports)}::jsonb) AS report ("id" text, "articleId" text, "score" int, "parts" jsonb, "problems" jsonb)
    ), latest AS (
      SELECT DISTINCT ON ("articleId") "articleId", "score", "parts", "problems" FROM "ArticleReport" ORDER BY "articleId", "createdAt" DESC
    )
    INSERT INTO "ArticleReport" ("id", "articleId", "score", "parts", "problems", "createdAt")
    SELECT found."id", found."articleId", found."score", found."parts", found."problems", ${now}
      FROM found LEFT JOIN latest USING ("articleId")
     WHERE (latest."score", latest."parts", latest."problems") IS DISTINCT FROM (found."score", found."parts", found."problems")`;
  return { articles: articles.length, reports: written, stale };
}

async function citations(tx: Prisma.TransactionClient, now: Date): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.articleUse.groupBy({ by: ['articleId'], where: { kind: 'cited', createdAt: { gte: daysBefore(now, WINDOW_DAYS) } }, _count: true });
  return new Map(rows.map((row) => [row.articleId, row._count]));
}

/** The questions of the month, put together: those that no article answers, and those that many ask. */
async function clusterAsked(tx: Prisma.TransactionClient, knowledge: Knowledge, now: Date, signal: AbortSignal) {
  const questions = await readQuestions(tx, now);
  const weights = await stemWeights(tx, questions);
  const weightOf = (stem: string): number => weights.of.get(stem) ?? weights.unknown;
  const clusters = await clusterQuestions(questions, weightOf, signal);
  const gaps = await stillOpen(findGaps(clusters, now).slice(0, CANDIDATES_MAX), knowledge, signal);
  const often = clusters.filter((cluster) => cluster.askers >= FAQ_ASKERS_MIN && !isGap(cluster)).slice(0, CANDIDATES_MAX);
  const faqs = await findFaqs(often, async (question) => {
    signal.throwIfAborted();
    return synthesize(await knowledge.search(question, { first: HITS }));
  });
  return { questions: questions.length, gaps, faqs };
}

/** A gap that an article written since has filled is none. */
async function stillOpen(gaps: readonly Gap[], knowledge: Knowledge, signal: AbortSignal): Promise<Gap[]> {
  const open: Gap[] = [];
  for (const gap of gaps) {
    signal.throwIfAborted();
    const hits = await knowledge.search(gap.cluster.canonical.text, { first: 1 });
    if (hits.every((hit) => hit.similarity < POOR_MATCH_BELOW)) open.push(gap);
  }
  return open;
}

async function readQuestions(tx: Prisma.TransactionClient, now: Date): Promise<AskedQuestion[]> {
  const rows = await tx.searchQuery.findMany({
    where: { createdAt: { gte: daysBefore(now, WINDOW_DAYS) } },
    orderBy: { createdAt: 'desc' },
    take: QUESTIONS_MAX,
    select: { id: true, text: true, conversationId: true, topSimilarity: true, topArticleId: true, createdAt: true },
  });
  const words = rows.map(({ text }) => toWords(text));
  const stemmed = await tx.$queryRaw<{ stems: string[] }[]>`
    SELECT ARRAY(SELECT lexeme FROM unnest(to_tsvector('english', asked.words)) WHERE lexeme <> ALL (${SMALL_TALK}::text[])) AS stems
      FROM unnest(${words}::text[]) WITH ORDINALITY AS asked (words, place) ORDER BY place`;
  return rows.map(({ id, text, conversationId, topSimilarity, topArticleId, createdAt }, index) => ({
    id,
    text,
    stems: stemmed[index]?.stems ?? [],
    articleId: topSimilarity >= POOR_MATCH_BELOW ? topArticleId : null,
    asker: conversationId ?? id,
    similarity: topSimilarity,
    at: createdAt,
  }));
}

/** What a stem tells: the fewer articles know it, the more. */
async function stemWeights(tx: Prisma.TransactionClient, questions: readonly AskedQuestion[]): Promise<{ of: ReadonlyMap<string, number>; unknown: number }> {
  const stems = [...new Set(questions.flatMap((question) => question.stems))];
  const articles = await tx.knowledgeArticle.count({ where: { active: true } });
  const known = await tx.$queryRaw<{ word: string; articles: number }[]>`
    SELECT word, ndoc AS articles FROM ts_stat('SELECT "search" FROM "KnowledgeArticle" WHERE "active"') WHERE word = ANY (${stems}::text[])`;
  const weigh = (holders: number): number => Math.log(1 + (articles + 1) / (holders + 0.5));
  return { of: new Map(known.map((row) => [row.word, weigh(row.articles)])), unknown: weigh(0) };
}

/** New ones are added, open ones brought up to date, and those that hold no more leave; what people decided stays for a while. */
async function writeSuggestions(tx: Prisma.TransactionClient, suggested: readonly Suggested[], now: Date): Promise<void> {
  const rows = suggested.map((one) => ({ id: newId('sugg'), ...one }));
  await tx.$executeRaw`
    DELETE FROM "ArticleSuggestion" old
     WHERE old."status" = 'open' AND NOT EXISTS (
       SELECT 1 FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS found ("kind" text, "topic" text) WHERE found."kind" = old."kind"::text AND found."topic" = old."topic")`;
  await tx.$executeRaw`
    INSERT INTO "ArticleSuggestion" AS old ("id", "kind", "topic", "title", "reason", "priority", "questions", "articleId", "draft", "createdAt", "updatedAt")
    SELECT "id", "kind", "topic", "title", "reason", "priority", "questions", "articleId", "draft", ${now}, ${now}
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS found ("id" text, "kind" "SuggestionKind", "topic" text, "title" text, "reason" text, "priority" int,
        "questions" text[], "articleId" text, "draft" text)
    ON CONFLICT ("kind", "topic") DO UPDATE SET "title" = excluded."title", "reason" = excluded."reason", "priority" = excluded."priority",
      "questions" = excluded."questions", "articleId" = excluded."articleId", "draft" = excluded."draft", "status" = 'open', "updatedAt" = excluded."updatedAt"
    WHERE old."status" = 'open' AND (old."title", old."reason", old."priority", old."questions", old."articleId", old."draft")
        IS DISTINCT FROM (excluded."title", excluded."reason", excluded."priority", excluded."questions", excluded."articleId", excluded."draft")
      OR old."status" <> 'open' AND old."updatedAt" < ${daysBefore(now, DECIDED_DAYS)}`;
}

async function forget(tx: Prisma.TransactionClient, now: Date): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM "SearchQuery" WHERE "id" IN (
      SELECT "id" FROM "SearchQuery" WHERE "createdAt" < ${daysBefore(now, KEPT_DAYS)} ORDER BY "createdAt" LIMIT ${FORGOTTEN_PER_ROUND_MAX})`;
}

function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS);
}
