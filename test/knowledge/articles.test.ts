/** The articles as files: the real ones are sound, bad ones are refused by name and line, and the rows follow the files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ARTICLE_CATEGORIES } from '../../src/knowledge/article-file.ts';
import { ArticlesError, loadArticles, seedArticles } from '../../src/knowledge/articles.ts';
import { choosePassage, PASSAGE_CHARS_MAX, splitSections } from '../../src/knowledge/passage.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const NOW = new Date('2026-10-01T08:00:00Z');

const WORDS = 'One plain sentence about weaving that a reader understands at once. '.repeat(5);
const GOOD = `---
title: Change the colour of a thread
tags: [colour, thread]
quality: 0.8
reviewed: 2026-03-31
---

${WORDS}

## Pick a colour

${WORDS}

## It does not change

Reload the page.
`;

let dir: string;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'parley-articles-')), 'knowledge');
  await mkdir(dir);
});

afterEach(async () => {
  await rm(dirname(dir), { recursive: true, force: true });
});

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

async function problemsOf(): Promise<readonly string[]> {
  const error: unknown = await loadArticles(dir).catch((reason: unknown) => reason);
  if (!(error instanceof ArticlesError)) throw new Error('These articles should have been refused.');
  return error.problems;
}

describe('the articles of the product', () => {
  it('are at least 66, in every category, and each section can be quoted whole', async () => {
    const articles = await loadArticles(ARTICLES);
    expect(articles.length).toBeGreaterThanOrEqual(66);
    for (const category of ARTICLE_CATEGORIES) expect(articles.filter((article) => article.category === category).length).toBeGreaterThan(10);
    for (const section of articles.flatMap((article) => splitSections(article.body))) expect(section.text.length).toBeLessThanOrEqual(PASSAGE_CHARS_MAX);
  });
});

describe('loading articles', () => {
  it('reads a good file', async () => {
    await write('usage/thread-colour.md', GOOD.replaceAll('\n', '\r\n'));
    const [article] = await loadArticles(dir);
    expect(article).toMatchObject({
      slug: 'thread-colour',
      category: 'usage',
      title: 'Change the colour of a thread',
      tags: ['colour', 'thread'],
      quality: 0.8,
      reviewedAt: new Date('2026-03-31T00:00:00Z'),
    });
    expect(article?.body.startsWith('One plain sentence')).toBe(true);
  });

  it('reports every fault of every file at once, with its line', async () => {
    await write('usage/one.md', GOOD.replace('quality: 0.8', 'quality: 1.8\ncolour: blue').replace('[colour, thread]', '[colour, Thread]'));
    await write('billing/two.md', GOOD.replace('2026-03-31', '2026-02-30').replace('Change the colour', 'Keep the colour'));
    expect(await problemsOf()).toEqual([
      expect.stringMatching(/^knowledge\/billing\/two\.md:5: reviewed: must be a date/),
      expect.stringMatching(/^knowledge\/usage\/one\.md:3: tags\.1: must be in lower case/),
      expect.stringMatching(/^knowledge\/usage\/one\.md:4: quality: must be from 0 to 1/),
      'knowledge/usage/one.md:5: Unknown key "colour".',
    ]);
  });

  it.each([
    ['no front matter', 'Only text', ':1: The file must begin with front matter'],
    ['front matter that never ends', '---\ntitle: A\n', ':1: The file must begin with front matter'],
    ['broken YAML', GOOD.replace('title: Change', 'title: "Change'), ': The front matter is not valid YAML'],
    ['front matter that is a list', '---\n- a\n---\n', ':1: The front matter: '],
    ['a missing key', GOOD.replace('quality: 0.8\n', ''), ':1: quality: '],
    ['a repeated tag', GOOD.replace('[colour, thread]', '[colour, colour]'), ':3: tags: must not name a tag twice'],
    ['no opening', GOOD.replace(`---\n\n${WORDS}\n`, `---\n\n`), ':7: The opening is missing'],
    ['one section only', GOOD.replace('## It does not change\n', ''), ':7: An article has at least 2 sections'],
    ['an empty section', GOOD.replace('Reload the page.', ''), ':14: The section "It does not change" is empty'],
    ['the same heading twice', GOOD.replace('It does not change', 'Pick a colour'), ':14: The heading "Pick a colour" stands here twice'],
    ['a heading of another level', GOOD.replace('Reload the page.', '### Reload\n\nNow.'), ':16: Only "##" headings'],
    ['an open code block', GOOD.replace('Reload the page.', '```js\nreload()'), ':16: The code block is not closed'],
    ['a section too long to quote', GOOD.replace('Reload the page.', 'word '.repeat(250)), ':14: The section "It does not change" has 1249 characters'],
    ['too few words', '---\ntitle: Short one\ntags: [a]\nquality: 1\nreviewed: 2026-01-01\n---\nHello.\n## A\nOne.\n## B\nTwo.\n', ':7: The body has 7 words'],
  ])('refuses %s', async (_, text, expected) => {
    await write('usage/thread-colour.md', text);
    expect((await problemsOf()).join('\n')).toContain(expected);
  });

  it('refuses what does not belong into the folders', async () => {
    await write('usage/Thread Colour.md', GOOD);
    await write('usage/picture.png', 'x');
    await write('weaving/thread.md', GOOD);
    await write('notes.md', GOOD);
    expect(await problemsOf()).toEqual([
      expect.stringContaining('knowledge/notes.md:1: Only the folders billing, account, usage, technical, integration belong here'),
      expect.stringContaining('knowledge/usage/Thread Colour.md:1: The file name must be in kebab-case'),
      expect.stringContaining('knowledge/usage/picture.png:1: An article is a file that ends in ".md"'),
      expect.stringContaining('knowledge/weaving:1: Only the folders'),
    ]);
  });

  it('refuses two articles with one name or title, and an empty folder', async () => {
    expect(await problemsOf()).toEqual([expect.stringContaining('There is no article')]);
    await write('usage/thread.md', GOOD);
    await write('billing/thread.md', GOOD.replace('Change the', 'Pay for the'));
    await write('billing/yarn.md', GOOD);
    expect(await problemsOf()).toEqual([
      'knowledge/billing/yarn.md:1: The title "Change the colour of a thread" is taken by usage/thread.md.',
      'knowledge/usage/thread.md:1: The slug "thread" is taken by billing/thread.md.',
    ]);
  });
});

describe('seeding articles', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(async () => {
    await test?.close();
  });

  it('creates, leaves alone and updates by slug, and keeps ids, ratings and the switch', async () => {
    await write('usage/thread-colour.md', GOOD);
    expect(await seedArticles(test.database, dir, NOW)).toEqual({ created: 1, updated: 0, unchanged: 0 });
    const first = await test.database.knowledgeArticle.update({ where: { slug: 'thread-colour' }, data: { helpful: 3, active: false } });
    expect(await seedArticles(test.database, dir, NOW)).toEqual({ created: 0, updated: 0, unchanged: 1 });

    await write('usage/thread-colour.md', GOOD.replace('Reload the page.', 'Reload the whole page.'));
    await write('usage/yarn.md', GOOD.replace('of a thread', 'of a yarn'));
    const later = new Date('2026-10-02T08:00:00Z');
    expect(await seedArticles(test.database, dir, later)).toEqual({ created: 1, updated: 1, unchanged: 0 });
    const row = await test.database.knowledgeArticle.findUniqueOrThrow({ where: { slug: 'thread-colour' } });
    expect(row).toMatchObject({ id: first.id, helpful: 3, active: false, createdAt: NOW, updatedAt: later });
    expect(row.body).toContain('the whole page');
  });

  it('gives every database the same ids', async () => {
    await write('usage/thread-colour.md', GOOD);
    const other = await createTestDatabase();
    try {
      await seedArticles(test.database, dir, NOW);
      await seedArticles(other.database, dir, new Date('2027-01-01T00:00:00Z'));
      const idIn = async ({ database }: TestDatabase): Promise<string> =>
        (await database.knowledgeArticle.findUniqueOrThrow({ where: { slug: 'thread-colour' } })).id;
      expect(await idIn(other)).toBe(await idIn(test));
    } finally {
      await other.close();
    }
  });

  it('writes nothing when one file is bad', async () => {
    const before = await test.database.knowledgeArticle.count();
    await write('usage/good-one.md', GOOD);
    await write('usage/bad-one.md', 'nothing');
    await expect(seedArticles(test.database, dir, NOW)).rejects.toThrow(/bad-one\.md:1/);
    expect(await test.database.knowledgeArticle.count()).toBe(before);
  });
});

describe('passages', () => {
  const weights = { code: 1, second: 1 };

  it('takes a "##" inside a code block for code', () => {
    expect(splitSections('Start\n```sh\n## not a heading\n```\n## Real\nText').map((section) => section.heading)).toEqual(['', 'Real']);
  });

  it('cuts at a paragraph and never inside a code block', () => {
    const block = `\`\`\`js\n${'first();\n'.repeat(90)}\n${'second();\n'.repeat(90)}\`\`\``;
    expect(choosePassage(`Opening\n\n## Code\n\nBefore the code.\n\n${block}`, weights)).toEqual({ section: 'Code', text: 'Before the code.' });
  });

  it('cuts one endless paragraph at a word', () => {
    const { text } = choosePassage(`## Code\n\n${'threads '.repeat(400)}`, weights);
    expect(text.length).toBeLessThanOrEqual(PASSAGE_CHARS_MAX);
    expect(text.endsWith('threads…')).toBe(true);
  });

  it('has the first section stand for an article that fits by its title only', () => {
    expect(choosePassage('Opening.\n\n## First steps\n\nDo this.', { unheard: 2 })).toEqual({ section: 'First steps', text: 'Do this.' });
    expect(choosePassage('', weights)).toEqual({ section: '', text: '' });
  });
});
