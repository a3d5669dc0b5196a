/**
 * The help articles that a draft can be held against: those that fit the question and the draft's own statements, whole. Notes no search
 * and no use, because nobody was answered with them.
 */
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { Reviewed } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { contentOf, sentencesOf, withoutCode } from './draft.ts';
import { quantitiesIn, type Quantity } from './quantities.ts';

export interface Source {
  readonly slug: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** One sentence of an article. */
export interface Evidence {
  readonly slug: string;
  readonly text: string;
  /** Of the sentence, its heading and the title. */
  readonly words: ReadonlySet<string>;
  readonly quantities: readonly Quantity[];
}

export interface SourceDeps {
  readonly database: Database;
  readonly knowledge: Pick<Knowledge, 'search'>;
}

const QUERIES_MAX = 8;
const HITS_EACH = 3;
const QUERY_CHARS_MAX = 300;

/** Best fitting first. */
export async function readSources({ database, knowledge }: SourceDeps, { question, answer }: Reviewed): Promise<readonly Source[]> {
  const stated = sentencesOf(withoutCode(answer)).filter(({ text }) => quantitiesIn(text).length > 0 || /\[\d/.test(text));
  const queries = [question, ...stated.map(({ text }) => text), ...(stated.length === 0 ? [answer] : [])].map((text) => text.slice(0, QUERY_CHARS_MAX).trim());
  const hits = await Promise.all(
    [...new Set(queries)]
      .filter((query) => query !== '')
      .slice(0, QUERIES_MAX)
      .map((query) => knowledge.search(query, { first: HITS_EACH })),
  );
  const slugs = [...new Set(hits.flat().map(({ slug }) => slug))];
  const rows = await database.knowledgeArticle.findMany({ where: { slug: { in: slugs }, active: true }, select: { slug: true, title: true, body: true } });
  return slugs.flatMap((slug) => rows.filter((row) => row.slug === slug));
}

/** The sentences of these articles, each with the words of its heading and title. */
export function evidenceOf(sources: readonly Source[]): Evidence[] {
  return sources.flatMap(({ slug, title, body }) => {
    let heading = '';
    return sentencesOf(body).flatMap(({ text }) => {
      if (/^#{1,6} /.test(text)) {
        heading = text;
        return [];
      }
      return [{ slug, text, words: contentOf(`${title} ${heading} ${text}`), quantities: quantitiesIn(text) }];
    });
  });
}
