/** What people say of articles, and the rounds over articles and questions: real rows, the real articles, one moment in time. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createArticleDesk, type ArticleDesk } from '../../src/desk/article.ts';
import { runKnowledgeRound } from '../../src/desk/knowledge-round.ts';
import { startKnowledgeRounds } from '../../src/desk/knowledge-rounds.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import { ADVISORY_LOCKS } from '../../src/store/advisory-lock.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock } from '../support/manual-clock.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const NOW = new Date('2026-10-01T12:00:00Z');
const STAFF: Viewer = staffViewer({ userId: 'usr_test', name: 'Sam', role: 'admin' });
const clock = { now: () => NOW, sleep: () => Promise.resolve() };
const signal = new AbortController().signal;

let test: TestDatabase;
let desk: ArticleDesk;
let customer: Viewer & { kind: 'customer' };
let other: Viewer & { kind: 'customer' };
let conversationId: string;
let articleId: string;

async function addCustomer(): Promise<Viewer & { kind: 'customer' }> {
  const customerId = newId('cus');
  await test.database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes' } });
  return { kind: 'customer', customerId };
}

beforeAll(async () => {
  test = await createTestDatabase();
  await seedArticles(test.database, ARTICLES, NOW);
  desk = createArticleDesk({ database: test.database, clock });
  customer = await addCustomer();
  other = await addCustomer();
  conversationId = newId('conv');
  await test.database.conversation.create({
    data: { id: conversationId, customerId: customer.customerId, subject: 'Refund', createdAt: NOW, lastMessageAt: NOW },
  });
});

afterAll(() => test?.close());

beforeEach(async () => {
  articleId = newId('art');
  await test.database.knowledgeArticle.create({
    data: { id: articleId, slug: articleId.replace('_', '-'), title: 'Zebra stripes', category: 'usage', tags: ['zebra'], body: 'Zebra.', reviewedAt: NOW },
  });
});

const votes = () => test.database.knowledgeArticle.findUniqueOrThrow({ where: { id: articleId }, select: { helpful: true, notHelpful: true } });
const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: unknown }) => error.code,
  );

describe('rating an article', () => {
  it('counts one voice for each viewer and conversation, whatever is said at once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => desk.rate(customer, { articleId, helpful: true, conversationId })));
    expect(await votes()).toEqual({ helpful: 1, notHelpful: 0 });
    await desk.rate(customer, { articleId, helpful: true });
    await desk.rate(other, { articleId, helpful: false });
    expect(await votes()).toEqual({ helpful: 2, notHelpful: 1 });
    expect(await test.database.articleUse.count({ where: { articleId, kind: 'helpful', conversationId } })).toBe(1);
    expect(await test.database.auditEntry.count({ where: { subjectId: articleId, action: 'article.rate' } })).toBe(3);
  });

  it('lets a reader change their mind', async () => {
    await desk.rate(customer, { articleId, helpful: true });
    const { article } = await desk.rate(customer, { articleId, helpful: false });
    expect(article).toMatchObject({ helpful: 0, notHelpful: 1 });
    await Promise.all([true, false, true, false, true, false].map((helpful) => desk.rate(customer, { articleId, helpful })));
    const { helpful, notHelpful } = await votes();
    expect(helpful + notHelpful).toBe(1);
  });

  it('refuses what the viewer may not see', async () => {
    expect(await code(desk.rate(other, { articleId, helpful: true, conversationId }))).toBe('NOT_FOUND');
    expect(await code(desk.rate(customer, { articleId: newId('art'), helpful: true }))).toBe('NOT_FOUND');
    expect(await votes()).toEqual({ helpful: 0, notHelpful: 0 });
  });
});

const WIDGET = [
  'Is there a zodiac horoscope widget for the dashboard?',
  'I want my horoscope on the start screen',
  'can you add horoscopes please',
  'where is the daily horoscope',
  'horoscope for our team, how?',
  'our boss asks for the horoscop widget',
];
const REFUND = [
  'How do I get a refund?',
  'refund please, how does it work',
  'How can I get my money back, I want a refund',
  'what is the way to get a refund',
  'I need a refund for last month',
  'can I have a refund?',
  'how long does a refund take to get to me',
  'refund?',
  'how to request a refund',
  'I would like a refund',
  'Get a refund for the annual plan',
];

async function lookUp(text: string, at = NOW, conversation: string | null = null): Promise<void> {
  const knowledge = createKnowledge({ database: test.database, clock: { ...clock, now: () => at } });
  await knowledge.recordSearch(text, await knowledge.search(text, { first: 5 }), {
    customerId: customer.customerId,
    conversationId: conversation,
    runId: newId('run'),
  });
}

const suggestions = (kind: 'gap' | 'faq' | 'outdated') =>
  test.database.articleSuggestion.findMany({ where: { kind, status: 'open' }, orderBy: { priority: 'desc' } });

describe('what turns looked up', () => {
  it('is noted once for each question of a run, with how well it was matched', async () => {
    const knowledge = createKnowledge({ database: test.database, clock });
    const runId = newId('run');
    const where = { customerId: customer.customerId, conversationId, runId };
    const hits = await knowledge.search('how do I get a refund', { first: 3 });
    await Promise.all(Array.from({ length: 10 }, () => knowledge.recordSearch('how do I get a refund', hits, where)));
    await knowledge.recordSearch('xylophone', [], where);
    await knowledge.recordSearch('half a pair \ud800 and \0 nothing', [], where);
    const rows = await test.database.searchQuery.findMany({ where: { runId }, orderBy: { hits: 'desc' } });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ hits: 3, conversationId });
    expect(rows[0]?.topSimilarity).toBeGreaterThan(0.4);
    expect(rows[0]?.topArticleId).not.toBeNull();
    expect(rows[1]).toMatchObject({ hits: 0, topSimilarity: 0, topArticleId: null });
    await test.database.searchQuery.deleteMany({ where: { runId } });
  });
});

describe('a round', () => {
  beforeAll(async () => {
    for (const text of [...WIDGET, ...REFUND]) await lookUp(text);
    // One conversation that asks again and again is no missing topic.
    for (let time = 0; time < 8; time += 1) await lookUp(`who sells ukuleles ${time}`, NOW, conversationId);
    await test.database.searchQuery.create({ data: { id: newId('srch'), text: 'long ago', hits: 0, topSimilarity: 0, createdAt: new Date('2026-06-01') } });
    await desk.refresh(STAFF, {}, signal);
  });

  it('suggests what at least five asked and no article answers, in one topic however it is spelt', async () => {
    const gaps = await suggestions('gap');
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ articleId: null, draft: null, reason: expect.stringMatching(/^6 conversations/) });
    expect(gaps[0]?.topic).toContain('horoscop');
    expect(gaps[0]?.title).toMatch(/horoscope/i);
    expect(gaps[0]?.questions.toSorted()).toEqual(WIDGET.toSorted());
    expect(gaps[0]?.priority).toBeGreaterThan(50);
  });

  it('makes an FAQ entry with a cited draft of what at least ten asked', async () => {
    const faqs = await suggestions('faq');
    expect(faqs).toHaveLength(1);
    expect(faqs[0]?.title).toMatch(/refund/i);
    expect(faqs[0]?.draft).toMatch(/\[1\][\s\S]*Sources: \[1\] /);
    const article = await test.database.knowledgeArticle.findUniqueOrThrow({ where: { id: faqs[0]?.articleId ?? '' } });
    expect(article.slug).toBe('refunds-and-guarantee');
  });

  it('reports on every article and names those to mend', async () => {
    await desk.refresh(STAFF, {}, signal);
    const articles = await test.database.knowledgeArticle.count({ where: { active: true } });
    const reports = await test.database.articleReport.findMany({ distinct: ['articleId'] });
    expect(reports).toHaveLength(articles);
    for (const { score, parts } of reports) expect(Object.values(parts as Record<string, number>).reduce((sum, points) => sum + points, 0)).toBe(score);
    // "Zebra." is an article with one word.
    const weak = (await suggestions('outdated')).find(({ title }) => title === 'Zebra stripes');
    expect(weak?.reason).toMatch(/quality check/);
    const old = await test.database.articleSuggestion.findFirst({ where: { kind: 'outdated', reason: { contains: 'days ago' } }, include: { article: true } });
    expect(NOW.getTime() - (old?.article?.reviewedAt.getTime() ?? 0)).toBeGreaterThan(180 * 86_400_000);
  });

  it('forgets questions older than 90 days and writes a report again only when it says something new', async () => {
    expect(await test.database.searchQuery.count({ where: { text: 'long ago' } })).toBe(0);
    await desk.refresh(STAFF, {}, signal);
    const again = await desk.refresh(STAFF, {}, signal);
    expect(again.reports).toBe(0);
    await test.database.knowledgeArticle.update({ where: { slug: 'refunds-and-guarantee' }, data: { body: 'Open the Gantt view.' } });
    expect((await desk.refresh(STAFF, {}, signal)).reports).toBe(1);
    await seedArticles(test.database, ARTICLES, NOW);
  });

  it('keeps what people decided and brings the rest up to date', async () => {
    const [gap] = await suggestions('gap');
    const suggestionId = gap?.id ?? '';
    expect(await code(desk.dismiss(customer, { suggestionId }))).toBe('FORBIDDEN');
    const decided = await Promise.all([
      code(desk.dismiss(STAFF, { suggestionId, note: 'We do not do magic.' })),
      code(desk.accept(STAFF, { suggestionId })),
      code(desk.dismiss(STAFF, { suggestionId })),
    ]);
    expect(decided.filter((one) => one === 'CONFLICT').length).toBeGreaterThanOrEqual(1);
    expect(await test.database.auditEntry.count({ where: { subjectId: suggestionId } })).toBe(1);
    for (const text of ['one more horoscope question', 'any horoscope news?']) await lookUp(text);
    await desk.refresh(STAFF, {}, signal);
    expect(await suggestions('gap')).toEqual([]);
    expect(await code(desk.accept(STAFF, { suggestionId: newId('sugg') }))).toBe('NOT_FOUND');
  });

  it('drops a gap that an article has filled since, and takes a decision up again after 90 days', async () => {
    await test.database.articleSuggestion.updateMany({ where: { kind: 'gap' }, data: { updatedAt: new Date('2026-05-01') } });
    await desk.refresh(STAFF, {}, signal);
    expect(await suggestions('gap')).toHaveLength(1);
    await test.database.knowledgeArticle.update({
      where: { id: articleId },
      data: { title: 'The horoscope widget', tags: ['zodiac', 'horoscopes', 'daily', 'team', 'widget'] },
    });
    await desk.refresh(STAFF, {}, signal);
    expect(await suggestions('gap')).toEqual([]);
  });

  it('is made once, however many processes are due', async () => {
    const rounds = await Promise.all(Array.from({ length: 4 }, () => runKnowledgeRound({ database: test.database, clock }, { minAgeMs: 1 }, signal)));
    expect(rounds.filter((round) => round !== null)).toEqual([]);
    const later = { ...clock, now: () => new Date(NOW.getTime() + 3_600_000) };
    const due = await Promise.all(Array.from({ length: 4 }, () => runKnowledgeRound({ database: test.database, clock: later }, { minAgeMs: 60_000 }, signal)));
    expect(due.filter((round) => round !== null)).toHaveLength(1);
  });

  it('says that another one is under way instead of waiting', async () => {
    await test.database.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(${ADVISORY_LOCKS.knowledge})::text`;
      expect(await code(desk.refresh(STAFF, {}, signal))).toBe('CONFLICT');
    });
    expect(await code(desk.refresh(customer, {}, signal))).toBe('FORBIDDEN');
  });

  it('leaves nothing behind when it is stopped', async () => {
    const before = await test.database.articleSuggestion.findMany({ orderBy: { id: 'asc' } });
    await lookUp('who paints murals');
    const stopped = new AbortController();
    stopped.abort();
    await expect(runKnowledgeRound({ database: test.database, clock }, { minAgeMs: 0 }, stopped.signal)).rejects.toThrow();
    expect(await test.database.articleSuggestion.findMany({ orderBy: { id: 'asc' } })).toEqual(before);
  });

  it('comes by itself and ends when asked', async () => {
    const manual = createManualClock(new Date(NOW.getTime() + 86_400_000));
    const rounds = startKnowledgeRounds({
      database: test.database,
      clock: manual,
      log: createLogger({ level: 'silent', pretty: false }),
      firstMs: 10,
      everyMs: 1_000,
    });
    manual.advance(10);
    await expect
      .poll(async () => (await test.database.setting.findUnique({ where: { key: 'knowledge_round' } }))?.updatedAt.getTime())
      .toBe(manual.now().getTime());
    await rounds.close();
    await rounds.close();
  });
});
