/**
 * Reads the text of one article (YAML front matter, an opening, sections under `##`) and names every fault with its line. Opens
 * no files; what needs two articles to judge is articles.ts.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { PASSAGE_CHARS_MAX, splitSections } from './passage.ts';

export const ARTICLE_CATEGORIES = ['billing', 'account', 'usage', 'technical', 'integration'] as const;
export type ArticleCategory = (typeof ARTICLE_CATEGORIES)[number];

export interface Article {
  readonly slug: string;
  readonly title: string;
  readonly category: ArticleCategory;
  readonly tags: readonly string[];
  /** Markdown, without the front matter. */
  readonly body: string;
  readonly quality: number;
  readonly reviewedAt: Date;
}

/** One fault: where, and one sentence about it. */
export interface Problem {
  readonly line: number;
  readonly sentence: string;
}

type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

const TITLE_CHARS_MAX = 80;
const TAG_CHARS_MAX = 40;
/** Below this an article explains nothing; above, it is two articles. */
const BODY_WORDS_MIN = 80;
const BODY_WORDS_MAX = 400;
const HEADINGS_MIN = 2;

const FrontMatter = z.strictObject({
  title: z.string().trim().min(3, 'must have at least 3 characters').max(TITLE_CHARS_MAX, `must have at most ${TITLE_CHARS_MAX} characters`),
  tags: z
    .array(z.string().trim().min(1, 'must not be empty').max(TAG_CHARS_MAX, `must have at most ${TAG_CHARS_MAX} characters`).lowercase('must be in lower case'))
    .min(1, 'must have at least one entry')
    .max(20, 'must have at most 20 entries')
    .refine((tags) => new Set(tags).size === tags.length, 'must not name a tag twice'),
  quality: z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1'),
  reviewed: z.iso.date('must be a date like 2026-03-31'),
});

export function parseArticle(category: ArticleCategory, slug: string, text: string): Parsed<Article> {
  const named = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug) && slug.length <= 60;
  const problems: Problem[] = named ? [] : [{ line: 1, sentence: 'The file name must be in kebab-case and have at most 60 characters.' }];
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---' || end < 0)
    return { ok: false, problems: [...problems, { line: 1, sentence: 'The file must begin with front matter between two lines of "---".' }] };
  const front = parseFrontMatter(lines.slice(1, end).join('\n'));
  const body = lines.slice(end + 1).join('\n');
  problems.push(...(front.ok ? [] : front.problems), ...bodyProblems(body, end + 1));
  if (!front.ok || problems.length > 0) return { ok: false, problems };
  const { title, tags, quality, reviewed } = front.value;
  return { ok: true, value: { slug, title, category, tags, body: body.trim(), quality, reviewedAt: new Date(`${reviewed}T00:00:00Z`) } };
}

function parseFrontMatter(yaml: string): Parsed<z.output<typeof FrontMatter>> {
  const counter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  // The YAML begins on the second line of the file.
  const lineAt = (offset: number | null): number => (offset === null ? 1 : counter.linePos(offset).line + 1);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return { ok: false, problems: faults.map((fault) => ({ line: lineAt(fault.pos[0]), sentence: `The front matter is not valid YAML: ${fault.message}.` })) };
  const parsed = FrontMatter.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ line: lineAt(offsetOf(document, [key])), sentence: `Unknown key "${key}".` }));
    const name = issue.path.join('.') || 'The front matter';
    return [{ line: lineAt(offsetOf(document, issue.path)), sentence: `${name}: ${issue.message}.` }];
  });
  return { ok: false, problems };
}

/** Where the deepest part of this path that exists is written. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (!pair) return offset;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = isScalar(node) ? (node.range?.[0] ?? offset) : offset;
    } else return offset;
  }
  return offset;
}

/** @param linesBefore Lines of the file in front of the body. */
function bodyProblems(body: string, linesBefore: number): Problem[] {
  const problems: Problem[] = [];
  const sections = splitSections(body);
  const [opening, ...headed] = sections;
  const seen = new Set<string>();
  for (const { heading, text, line } of headed) {
    const at = linesBefore + line;
    if (heading === '') problems.push({ line: at, sentence: 'The heading has no words.' });
    if (seen.has(heading.toLowerCase())) problems.push({ line: at, sentence: `The heading "${heading}" stands here twice.` });
    seen.add(heading.toLowerCase());
    if (text === '') problems.push({ line: at, sentence: `The section "${heading}" is empty.` });
  }
  if (opening?.text === '')
    problems.push({ line: linesBefore + 1, sentence: 'The opening is missing: say before the first heading what the article is about.' });
  if (headed.length < HEADINGS_MIN)
    problems.push({ line: linesBefore + 1, sentence: `An article has at least ${HEADINGS_MIN} sections under "##" headings; this has ${headed.length}.` });
  for (const { heading, text, line } of sections) {
    if (text.length > PASSAGE_CHARS_MAX)
      problems.push({
        line: linesBefore + line,
        sentence: `${heading === '' ? 'The opening' : `The section "${heading}"`} has ${text.length} characters; a passage has at most ${PASSAGE_CHARS_MAX}.`,
      });
  }
  const words = body.split(/\s+/).filter((word) => word !== '').length;
  if (words < BODY_WORDS_MIN || words > BODY_WORDS_MAX)
    problems.push({ line: linesBefore + 1, sentence: `The body has ${words} words; it must have ${BODY_WORDS_MIN} to ${BODY_WORDS_MAX}.` });
  return [...problems, ...markProblems(body, linesBefore)];
}

/** Marks that would break a passage when it is shown alone. */
function markProblems(body: string, linesBefore: number): Problem[] {
  const problems: Problem[] = [];
  let fenceLine: number | null = null;
  for (const [index, line] of body.split('\n').entries()) {
    const at = linesBefore + index + 1;
    if (line.startsWith('```')) fenceLine = fenceLine === null ? at : null;
    else if (fenceLine === null && /^(#|#{3,})\s/.test(line))
      problems.push({ line: at, sentence: 'Only "##" headings are used: the title stands in the front matter.' });
  }
  if (fenceLine !== null) problems.push({ line: fenceLine, sentence: 'The code block is not closed.' });
  return problems;
}
