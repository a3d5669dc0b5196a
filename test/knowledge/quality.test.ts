/** What the quality check, the check of freshness and the list of names find in articles made for it, and in the real ones. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadArticles } from '../../src/knowledge/articles.ts';
import { findStaleness, type FreshnessInput } from '../../src/knowledge/freshness.ts';
import { findDeadNames } from '../../src/knowledge/product-names.ts';
import { checkQuality, QUALITY_PARTS, type QualityPart } from '../../src/knowledge/quality.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const NOW = new Date('2026-11-20T12:00:00Z');

const GOOD = `A shared link lets people outside of your workspace read one project without an account of their own.

## Make a link

1. Open the project and press **Share**.
2. Choose **Link for guests** and press **Copy**.
3. Send the link, for example by mail.

The link shows what the project shows, as it is at that moment. People who open it cannot change anything, and they do not take a seat.

## End a link

Open **Settings > Workspace > Sharing** and press **End** beside the link. Whoever opens it afterwards reads that it has ended. A new link has another address, so that an old one never works again.`;
const TAGS = ['share', 'link', 'guest'];
const SLUGS = new Set(['share-a-link']);

const check = (body: string, change: { title?: string; tags?: string[] } = {}) =>
  checkQuality({ title: 'Share a project by link', tags: TAGS, body, ...change }, SLUGS);
const sentences = (body: string, part: QualityPart): string[] =>
  check(body)
    .problems.filter((problem) => problem.part === part)
    .map(({ sentence }) => sentence);

describe('the quality check', () => {
  it('gives a whole, clear article every point', () => {
    expect(check(GOOD)).toEqual({ score: 100, parts: QUALITY_PARTS, problems: [] });
    expect(Object.values(QUALITY_PARTS).reduce((sum, points) => sum + points, 0)).toBe(100);
  });

  it.each<[QualityPart, string, string]>([
    ['completeness', 'a stub', 'Press it.'],
    ['clarity', 'an endless sentence', GOOD.replace('The link shows', `${'and then you go on and on '.repeat(12)} The link shows`)],
    ['accuracy', 'a menu that is gone', GOOD.replace('Settings > Workspace', 'Settings > Subscription')],
    ['accuracy', 'a link that leads nowhere', `${GOOD}\n\nSee [the other one](no-such-article).`],
    ['examples', 'nothing to follow', 'Some words about sharing that name no button and give no figure and have no steps either.'],
    ['formatting', 'a code block that is not closed', `${GOOD}\n\n\`\`\`\ncurl`],
    ['formatting', 'a heading twice', `${GOOD}\n\n## End a link\n\nOpen the project, press Share, and look for the list of links at the end of it there.`],
  ])('takes points of %s for %s', (part, _, body) => {
    const { parts, score, problems } = check(body);
    expect(parts[part]).toBeLessThan(QUALITY_PARTS[part]);
    expect(problems.some((problem) => problem.part === part)).toBe(true);
    expect(score).toBe(Object.values(parts).reduce((sum, points) => sum + points, 0));
  });

  it('says where', () => {
    expect(check(GOOD.replace('Settings > Workspace > Sharing', 'Settings > Users')).problems).toEqual([
      { part: 'accuracy', sentence: '"Settings > Users" is called "Settings > Members" now.', line: 13 },
    ]);
  });

  it('knows the settings of browsers and systems from the product’s own', () => {
    expect(sentences(GOOD.replace('**Settings > Workspace > Sharing**', 'Chrome, then **Settings > System**'), 'accuracy')).toEqual([]);
    expect(findDeadNames({ title: 'Loomwork in Safari', body: 'Open **Settings > Apps**.' })).toEqual([]);
    expect(findDeadNames({ title: 'Sharing', body: 'Open **Settings > Apps** at https://old.loomwork.example/x.' }).map(({ name }) => name)).toEqual([
      'Settings > Apps',
      'old.loomwork.example',
    ]);
  });

  it('finds the real articles good, and no dead name in any', async () => {
    const articles = await loadArticles(ARTICLES);
    const slugs = new Set(articles.map(({ slug }) => slug));
    const weak = articles.filter((article) => checkQuality(article, slugs).score < 80).map(({ slug }) => slug);
    const dead = articles.flatMap((article) => findDeadNames(article).map(({ name }) => `${article.slug}: ${name}`));
    expect(weak).toEqual([]);
    expect(dead).toEqual([]);
  });
});

describe('freshness', () => {
  const fresh: FreshnessInput = { title: 'Sharing', body: GOOD, reviewedAt: new Date('2026-10-01'), helpful: 8, notHelpful: 2, score: 95, cited: 0 };
  const stale = (change: Partial<FreshnessInput>) => findStaleness({ ...fresh, ...change }, NOW);

  it('leaves a good article alone, also on the 180th day', () => {
    expect(stale({})).toBeNull();
    expect(stale({ reviewedAt: new Date(NOW.getTime() - 180 * 86_400_000) })).toBeNull();
  });

  it.each<[string, Partial<FreshnessInput>, RegExp]>([
    ['181 days without a review', { reviewedAt: new Date(NOW.getTime() - 181 * 86_400_000) }, /181 days/],
    ['a quality below 70', { score: 69 }, /69 of 100/],
    ['fewer than half of its readers helped', { helpful: 4, notHelpful: 5 }, /4 of 9/],
    ['a name the product no longer has', { body: 'Open the Gantt view.' }, /Gantt view/],
  ])('flags %s', (_, change, reason) => {
    const found = stale(change);
    expect(found?.reasons).toHaveLength(1);
    expect(found?.reasons[0]).toMatch(reason);
    expect(found?.priority).toBeGreaterThan(0);
  });

  it('waits for five votes before it listens to them', () => {
    expect(stale({ helpful: 0, notHelpful: 4 })).toBeNull();
  });

  it('puts what is worse, older and more read first, up to 100', () => {
    const year = { reviewedAt: new Date('2025-11-01') };
    expect(stale(year)?.priority).toBeGreaterThan(stale({ reviewedAt: new Date('2026-05-01') })?.priority ?? 100);
    expect(stale({ ...year, cited: 10 })?.priority).toBeGreaterThan(stale(year)?.priority ?? 100);
    expect(stale({ ...year, score: 10, helpful: 0, notHelpful: 50, body: 'The Gantt view.', cited: 900 })).toMatchObject({ priority: 100, effort: 'large' });
  });
});
