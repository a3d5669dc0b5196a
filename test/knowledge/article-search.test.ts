/** Article search over the real articles in a real PostgreSQL: what customers ask, what nobody should find, and what attackers send. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import { loadArticles, seedArticles } from '../../src/knowledge/articles.ts';
import type { Knowledge } from '../../src/knowledge/knowledge.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { FRESH_QUESTIONS } from './fresh-questions.ts';
import { NONSENSE, QUESTIONS } from './questions.ts';
import { DEVELOPMENT_QUESTIONS, HELD_OUT_QUESTIONS, WORDED_ELSEWHERE } from './unseen-questions.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const ALL_QUESTIONS = [...QUESTIONS, ...FRESH_QUESTIONS];

let test: TestDatabase;
let knowledge: Knowledge;

beforeAll(async () => {
  test = await createTestDatabase();
  await seedArticles(test.database, ARTICLES, new Date('2026-10-01T08:00:00Z'));
  knowledge = createKnowledge({ database: test.database, clock: systemClock });
});

afterAll(async () => {
  await test?.close();
});

const slugsFor = async (question: string): Promise<string[]> => (await knowledge.search(question, { first: 3 })).map((hit) => hit.slug);

describe('article search', () => {
  // The names of misses are for development; of the questions held out only the number is told, so that nobody mends the search for them.
  it.each([
    { name: 'first', questions: QUESTIONS, shareMin: 0.9, told: true },
    { name: 'fresh', questions: FRESH_QUESTIONS, shareMin: 0.9, told: true },
    { name: 'development', questions: DEVELOPMENT_QUESTIONS, shareMin: 0.9, told: true },
    { name: 'held-out', questions: HELD_OUT_QUESTIONS, shareMin: 0.85, told: false },
    { name: 'elsewhere worded', questions: WORDED_ELSEWHERE, shareMin: 0.7, told: false },
  ])('finds an article that answers $name questions among the first three, in a share of at least $shareMin', async ({ name, questions, shareMin, told }) => {
    const missed: string[] = [];
    let best = 0;
    for (const [question, ...expected] of questions) {
      const slugs = await slugsFor(question);
      if (expected.includes(slugs[0] ?? '')) best += 1;
      if (!slugs.some((slug) => expected.includes(slug))) missed.push(`${question} -> ${slugs.join(', ') || 'nothing'}`);
    }
    const found = questions.length - missed.length;
    const lines = told ? missed.map((line) => `  missed: ${line}\n`).join('') : '';
    process.stdout.write(`article search, ${name} questions: ${found} of ${questions.length} in the first three, ${best} in the first place\n${lines}`);
    expect(found / questions.length).toBeGreaterThanOrEqual(shareMin);
  });

  it('keeps what it is measured by apart: 160 further questions in two halves, none of them in another set', () => {
    const unseen = [...DEVELOPMENT_QUESTIONS, ...HELD_OUT_QUESTIONS];
    expect(unseen).toHaveLength(160);
    const all = [...ALL_QUESTIONS, ...unseen, ...WORDED_ELSEWHERE].map(([question]) => question.toLowerCase());
    expect(new Set(all).size).toBe(all.length);
  });

  it('is asked about every article, in more than 260 questions of which at least 200 are fresh', async () => {
    const slugs = (await loadArticles(ARTICLES)).map((article) => article.slug);
    const labels = new Set(ALL_QUESTIONS.flatMap(([, ...expected]) => expected));
    expect(slugs.length).toBeGreaterThanOrEqual(150);
    expect(FRESH_QUESTIONS.length).toBeGreaterThanOrEqual(200);
    expect(ALL_QUESTIONS.length).toBeGreaterThanOrEqual(260);
    expect(new Set(ALL_QUESTIONS.map(([question]) => question.toLowerCase())).size).toBe(ALL_QUESTIONS.length);
    expect([...labels].toSorted()).toEqual(slugs.toSorted());
  });

  it.each(NONSENSE)('finds nothing for "%s"', async (nonsense) => {
    expect(await slugsFor(nonsense)).toEqual([]);
  });

  it('still finds the topic in a long message', async () => {
    const story = `Hi there, I hope you are well. We have been using your product since spring with our small studio in Porto and everybody likes it a lot, my partner even more than me.
      Yesterday evening while I was preparing the books I noticed something odd on the statement: it looks as if you have charged us twice for October. Could you have a look please? Best wishes, Marta`;
    expect(await slugsFor(story)).toContain('duplicate-charges');
  });

  it('quotes the section that answers, not just the beginning of the article', async () => {
    const [hit] = await knowledge.search('the password reset e-mail did not arrive', { first: 1 });
    expect(hit).toMatchObject({ slug: 'forgotten-password', section: 'The reset e-mail did not arrive', category: 'account' });
    expect(hit?.text).toContain('spam folder');
  });

  it('gives at most one passage per article, best first, scores from 0 to 1, texts of at most 1,200 characters', async () => {
    const hits = await knowledge.search('api error token webhook invoice payment', { first: 20 });
    expect(hits.length).toBeGreaterThan(3);
    expect(new Set(hits.map((hit) => hit.articleId)).size).toBe(hits.length);
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).toSorted((a, b) => b - a));
    for (const hit of hits) {
      expect(hit.score).toBeGreaterThan(0);
      expect(hit.score).toBeLessThanOrEqual(1);
      expect(hit.text.length).toBeGreaterThan(0);
      expect(hit.text.length).toBeLessThanOrEqual(1200);
    }
  });

  it('keeps to the category and the number asked for', async () => {
    const hits = await knowledge.search('token scope error', { first: 2, category: 'integration' });
    expect(hits).toHaveLength(2);
    expect(hits.every((hit) => hit.category === 'integration')).toBe(true);
    expect(await knowledge.search('token scope error', { first: 5, category: 'no such category' })).toEqual([]);
  });

  it('prefers what readers found helpful and leaves out articles that are switched off', async () => {
    const question = 'pull requests of github';
    const before = (await knowledge.search(question, { first: 1 }))[0];
    expect(before?.slug).toBe('github');
    await test.database.knowledgeArticle.update({ where: { slug: 'github' }, data: { notHelpful: 50 } });
    const disliked = (await knowledge.search(question, { first: 1 }))[0];
    expect(disliked?.score).toBeLessThan(before?.score ?? 0);
    await test.database.knowledgeArticle.update({ where: { slug: 'github' }, data: { active: false } });
    expect(await slugsFor(question)).not.toContain('github');
    await test.database.knowledgeArticle.update({ where: { slug: 'github' }, data: { active: true, notHelpful: 0 } });
  });
});

describe('hostile questions', () => {
  it.each([
    ['a statement', `money back, refund'); DROP TABLE "User"; --`],
    ['a condition', "refund ' OR 1=1 --"],
    ['the operators of full text', 'refund & | ! ( ) <-> :* :A \\ \' " `'],
    ['quotation marks and backslashes', "'''\\'\\\\'' refund \\"],
    ['markup', '<script>alert(1)</script> refund'],
    ['a null byte', 'refund\u0000password'],
    ['half surrogate pairs', '\ud800 refund \udfff'],
    ['emoji', '💸💸💸 refund 😡'],
    ['one word 2,000 times', 'refund '.repeat(2000)],
    ['placeholders', '%s %d ${refund} {{refund}} $1 $2 ? refund'],
  ])('takes %s as words only', async (_, question) => {
    expect(await slugsFor(question)).toContain('refunds-and-guarantee');
  });

  it.each([
    ['one word of 10,000 letters', 'a'.repeat(10_000)],
    ['3,000 different words', Array.from({ length: 3000 }, (_, index) => `w${index}`).join(' ')],
  ])('finds nothing in %s', async (_, question) => {
    expect(await slugsFor(question)).toEqual([]);
  });

  it('finds the same, however many other articles there are', async () => {
    const before = await slugsFor('how do I get a refund');
    expect(before).toHaveLength(3);
    const ids: string[] = [];
    try {
      for (let more = 0; more < 12; more += 1) {
        const id = newId('art');
        ids.push(id);
        const slug = id.replace('_', '-');
        await test.database.knowledgeArticle.create({
          data: { id, slug, title: 'Zebra stripes', category: 'usage', tags: ['zebra'], body: 'Zebra.', reviewedAt: new Date('2026-10-01') },
        });
        expect(await slugsFor('how do I get a refund'), `beside ${ids.length} more`).toEqual(before);
      }
    } finally {
      await test.database.knowledgeArticle.deleteMany({ where: { id: { in: ids } } });
    }
  });

  it('never throws, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ maxLength: 200 })),
        async (question) => {
          expect((await knowledge.search(question, { first: 20 })).length).toBeLessThanOrEqual(20);
        },
      ),
      { numRuns: 150 },
    );
    expect(await test.database.knowledgeArticle.count()).toBeGreaterThanOrEqual(150);
  });

  it('holds the number of hits to its limits', async () => {
    expect(await knowledge.search('task', { first: 0 })).toHaveLength(1);
    expect((await knowledge.search('project task', { first: 1000 })).length).toBeLessThanOrEqual(20);
  });
});

describe('the use of articles', () => {
  it('is noted once per article, and unknown articles are passed over', async () => {
    const [hit] = await knowledge.search('refund', { first: 1 });
    const runId = newId('run');
    const articleId = hit?.articleId ?? '';
    await knowledge.recordUse([articleId, articleId, newId('art')], 'cited', { conversationId: null, runId });
    await knowledge.recordUse([], 'retrieved', { conversationId: null, runId });
    const uses = await test.database.articleUse.findMany({ where: { runId } });
    expect(uses).toHaveLength(1);
    expect(uses[0]).toMatchObject({ articleId, kind: 'cited', conversationId: null });
  });
});
