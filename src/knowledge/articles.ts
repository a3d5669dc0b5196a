/**
 * The articles as files: reads `<category>/<slug>.md` below a folder, checks every file and names all faults at once, and brings
 * the rows in line with them. Rows without a file are left alone: they belong to whoever wrote them. Watches nothing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ArticleRows } from './article-search.ts';
import { ARTICLE_CATEGORIES, parseArticle, type Article, type Problem } from './article-file.ts';
import { idOfText } from './derived-id.ts';

/** Articles that cannot be used; each line of the message is `file:line: sentence`. */
export class ArticlesError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ArticlesError';
    this.problems = problems;
  }
}

interface Fault extends Problem {
  readonly file: string;
}

/**
 * Every article below `dir`, by slug.
 * @throws ArticlesError naming every fault with its file and line.
 */
export async function loadArticles(dir: string): Promise<readonly Article[]> {
  const faults: Fault[] = [];
  const articles: { file: string; article: Article }[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const category = ARTICLE_CATEGORIES.find((known) => known === entry.name);
    if (!entry.isDirectory() || !category) {
      faults.push({ file: entry.name, line: 1, sentence: `Only the folders ${ARTICLE_CATEGORIES.join(', ')} belong here.` });
      continue;
    }
    for (const name of await readdir(join(dir, category))) {
      const file = `${category}/${name}`;
      const parsed = name.endsWith('.md') ? parseArticle(category, basename(name, '.md'), await readFile(join(dir, file), 'utf8')) : notMarkdown;
      if (parsed.ok) articles.push({ file, article: parsed.value });
      else faults.push(...parsed.problems.map((problem) => ({ file, ...problem })));
    }
  }
  articles.sort((a, b) => (a.article.slug < b.article.slug ? -1 : 1));
  faults.push(...findDoubles(articles, 'slug'), ...findDoubles(articles, 'title'));
  if (articles.length === 0 && faults.length === 0) faults.push({ file: '.', line: 1, sentence: 'There is no article in this folder.' });
  if (faults.length > 0) {
    faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
    throw new ArticlesError(faults.map(({ file, line, sentence }) => `${basename(dir)}/${file}:${line}: ${sentence}`));
  }
  return articles.map(({ article }) => article);
}

const notMarkdown = { ok: false, problems: [{ line: 1, sentence: 'An article is a file that ends in ".md".' }] } as const;

/** Two articles that nobody could tell apart in a citation. */
function findDoubles(articles: readonly { file: string; article: Article }[], key: 'slug' | 'title'): Fault[] {
  const first = new Map<string, string>();
  const faults: Fault[] = [];
  for (const { file, article } of articles) {
    const known = first.get(article[key].toLowerCase());
    if (known === undefined) first.set(article[key].toLowerCase(), file);
    else faults.push({ file, line: 1, sentence: `The ${key} "${article[key]}" is taken by ${known}.` });
  }
  return faults;
}

/**
 * Inserts new articles and updates changed ones, by slug, in one statement; ratings and the switch `active` are kept. Ids follow
 * from the slug, so every database has the same.
 * @throws ArticlesError before anything is written.
 */
export async function seedArticles(
  database: ArticleRows,
  dir: string,
  now: Date,
): Promise<{ readonly created: number; readonly updated: number; readonly unchanged: number }> {
  const articles = await loadArticles(dir);
  const rows = articles.map((article) => ({ ...article, id: idOfText('art', `article:${article.slug}`) }));
  const written = await database.$queryRaw<{ created: boolean }[]>`
    INSERT INTO "KnowledgeArticle" AS old ("id", "slug", "title", "category", "tags", "body", "quality", "reviewedAt", "createdAt", "updatedAt")
    SELECT file.id, file.slug, file.title, file.category, file.tags, file.body, file.quality, file."reviewedAt", ${now}, ${now}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS file (id text, slug text, title text, category text, tags text[], body text, quality float8, "reviewedAt" timestamptz)
    ON CONFLICT ("slug") DO UPDATE SET "title" = excluded."title", "category" = excluded."category", "tags" = excluded."tags", "body" = excluded."body",
      "quality" = excluded."quality", "reviewedAt" = excluded."reviewedAt", "updatedAt" = excluded."updatedAt"
    WHERE (old."title", old."category", old."tags", old."body", old."quality", old."reviewedAt")
      IS DISTINCT FROM (excluded."title", excluded."category", excluded."tags", excluded."body", excluded."quality", excluded."reviewedAt")
    RETURNING (xmax = 0) AS created`;
  const created = written.filter((row) => row.created).length;
  return { created, updated: written.length - created, unchanged: articles.length - written.length };
}
