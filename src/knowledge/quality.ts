/**
 * How good an article is, from what a machine can see in it: is it whole, clear, right, shown by example and well formed. Every
 * point that is lost is a problem with its sentence. Whether what it says is true is an editor's to judge.
 */
import { splitSections, type Section } from './passage.ts';
import { findDeadNames } from './product-names.ts';

/** Points of each part; together 100. */
export const QUALITY_PARTS = { completeness: 25, clarity: 25, accuracy: 20, examples: 15, formatting: 15 } as const;
export type QualityPart = keyof typeof QUALITY_PARTS;

export interface QualityProblem {
  readonly part: QualityPart;
  readonly sentence: string;
  /** In the body, from 1; null when it is about the whole. */
  readonly line: number | null;
}

export interface QualityReport {
  /** 0 to 100: the sum of the parts. */
  readonly score: number;
  readonly parts: Readonly<Record<QualityPart, number>>;
  readonly problems: readonly QualityProblem[];
}

export interface CheckedArticle {
  readonly title: string;
  readonly tags: readonly string[];
  readonly body: string;
}

interface Loss extends QualityProblem {
  readonly points: number;
}

interface Text extends CheckedArticle {
  readonly sections: readonly Section[];
  /** Running text without code, tables and marks. */
  readonly sentences: readonly string[];
}

/** @param slugs Slugs of all articles: what a link may point to. */
export function checkQuality(article: CheckedArticle, slugs: ReadonlySet<string>): QualityReport {
  const text: Text = { ...article, sections: splitSections(article.body), sentences: sentencesOf(article.body) };
  const losses = [...completeness(text), ...clarity(text), ...accuracy(text, slugs), ...examples(text), ...formatting(text)];
  const left = (part: QualityPart): number => Math.max(0, QUALITY_PARTS[part] - losses.reduce((sum, loss) => sum + (loss.part === part ? loss.points : 0), 0));
  const parts = {
    completeness: left('completeness'),
    clarity: left('clarity'),
    accuracy: left('accuracy'),
    examples: left('examples'),
    formatting: left('formatting'),
  };
  const score = Object.values(parts).reduce((sum, points) => sum + points, 0);
  return { score, parts, problems: losses.map(({ part, sentence, line }) => ({ part, sentence, line })) };
}

const OPENING_WORDS_MIN = 12;
const BODY_WORDS_MIN = 80;
const SECTION_WORDS_MIN = 12;
const TAGS_MIN = 3;

function completeness({ body, sections, tags }: Text): Loss[] {
  const part = 'completeness';
  const losses: Loss[] = [];
  const [opening, ...headed] = sections;
  const words = countWords(body);
  if (countWords(opening?.text ?? '') < OPENING_WORDS_MIN)
    losses.push({ part, points: 6, line: 1, sentence: 'The opening does not say what the article is about.' });
  if (headed.length < 2) losses.push({ part, points: 8, line: null, sentence: 'It has fewer than two sections, so there is little to quote.' });
  if (words < BODY_WORDS_MIN) losses.push({ part, points: words < BODY_WORDS_MIN / 2 ? 12 : 7, line: null, sentence: `It has only ${words} words.` });
  for (const { heading, text, line } of headed)
    if (countWords(text) < SECTION_WORDS_MIN) losses.push({ part, points: 4, line, sentence: `The section "${heading}" says too little to answer anything.` });
  if (tags.length < TAGS_MIN) losses.push({ part, points: 4, line: null, sentence: 'It has too few tags to be found by other words.' });
  return losses;
}

const SENTENCE_WORDS_MEAN_MAX = 22;
const SENTENCE_WORDS_MAX = 40;
const PARAGRAPH_WORDS_MAX = 110;
const LONG_WORD_CHARS = 13;

function clarity({ body, sentences, title }: Text): Loss[] {
  const part = 'clarity';
  const losses: Loss[] = [];
  const lengths = sentences.map(countWords);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  if (mean > SENTENCE_WORDS_MEAN_MAX)
    losses.push({
      part,
      points: Math.min(10, Math.ceil(mean - SENTENCE_WORDS_MEAN_MAX)),
      line: null,
      sentence: `Its sentences have ${Math.round(mean)} words on average.`,
    });
  for (const sentence of sentences) {
    if (countWords(sentence) > SENTENCE_WORDS_MAX)
      losses.push({ part, points: 3, line: lineOf(body, sentence), sentence: `A sentence has ${countWords(sentence)} words: "${sentence.slice(0, 60)}…"` });
  }
  for (const paragraph of proseOf(body))
    if (countWords(paragraph) > PARAGRAPH_WORDS_MAX)
      losses.push({ part, points: 4, line: lineOf(body, paragraph), sentence: `A paragraph has ${countWords(paragraph)} words: nobody reads that in a chat.` });
  const words = sentences.join(' ').match(/[a-z]+/gi) ?? [];
  if (words.filter((word) => word.length >= LONG_WORD_CHARS).length > words.length * 0.08)
    losses.push({ part, points: 5, line: null, sentence: 'Many of its words are long.' });
  if (countWords(title) > 12) losses.push({ part, points: 3, line: null, sentence: 'Its title is a sentence, not a name.' });
  return losses;
}

function accuracy({ title, body }: Text, slugs: ReadonlySet<string>): Loss[] {
  const part = 'accuracy';
  const losses: Loss[] = findDeadNames({ title, body }).map(({ name, line, now }) => ({
    part,
    points: 7,
    line,
    sentence: now === null ? `"${name}" is not a name the product has.` : `"${name}" is called "${now}" now.`,
  }));
  for (const [, target = ''] of body.matchAll(/\]\(([^)\s]*)\)/g)) {
    const slug = target.replace(/^.*\//, '').replace(/\.md$/, '');
    if (!/^https?:/.test(target) && !slugs.has(slug))
      losses.push({ part, points: 7, line: lineOf(body, target), sentence: `The link "${target}" leads nowhere.` });
  }
  if (/\b(?:TODO|TBD|FIXME|lorem ipsum|coming soon)\b/i.test(body)) losses.push({ part, points: 10, line: null, sentence: 'It holds a note to its writer.' });
  return losses;
}

function examples({ body }: Text): Loss[] {
  const part = 'examples';
  const shown = [
    { present: /^\d+[.)] /m.test(body) || /^[-*] /m.test(body), points: 5, sentence: 'It has no steps or points to follow.' },
    { present: /\*\*[^*\n]+\*\*|`[^`\n]+`/.test(body), points: 5, sentence: 'It names nothing the reader sees on the screen.' },
    { present: /```|^\|.*\|$|\bfor example\b|\bsuch as\b|\be\.g\.|"[^"\n]{2,}"|\d/im.test(body), points: 5, sentence: 'It gives no example and no figure.' },
  ];
  return shown.filter(({ present }) => !present).map(({ points, sentence }) => ({ part, points, sentence, line: null }));
}

const HEADING_CHARS_MAX = 60;

function formatting({ body, sections }: Text): Loss[] {
  const part = 'formatting';
  const losses: Loss[] = [];
  const seen = new Set<string>();
  for (const { heading, line } of sections.slice(1)) {
    if (heading.length > HEADING_CHARS_MAX) losses.push({ part, points: 3, line, sentence: `The heading "${heading}" is too long.` });
    if (seen.has(heading.toLowerCase())) losses.push({ part, points: 4, line, sentence: `The heading "${heading}" stands here twice.` });
    seen.add(heading.toLowerCase());
  }
  if ((body.match(/^```/gm)?.length ?? 0) % 2 === 1) losses.push({ part, points: 8, line: null, sentence: 'A code block is not closed.' });
  const plain = withoutCode(body);
  if (/^#\s|^#{3,}\s/m.test(plain)) losses.push({ part, points: 4, line: null, sentence: 'It uses headings other than "##".' });
  if (/<\/?[a-z][^>]*>/i.test(plain.replaceAll(/`[^`\n]*`|<https?:[^>]*>/g, ''))) losses.push({ part, points: 4, line: null, sentence: 'It holds HTML.' });
  if (/\*\*[^*\n]*$/m.test(plain.replaceAll(/\*\*[^*\n]+\*\*/g, ''))) losses.push({ part, points: 3, line: null, sentence: 'A bold mark is not closed.' });
  return losses;
}

function withoutCode(body: string): string {
  return body.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** Paragraphs of running text: no lists, tables, headings or code. */
function proseOf(body: string): string[] {
  return withoutCode(body)
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '' && !/^(?:[-*|#]|\d+[.)] )/.test(paragraph));
}

function sentencesOf(body: string): string[] {
  return withoutCode(body)
    .split('\n')
    .filter((line) => !/^(?:#|\|)/.test(line.trim()))
    .flatMap((line) => line.replace(/^\s*(?:[-*]|\d+[.)]) /, '').split(/(?<=[.!?:;])\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

function lineOf(body: string, text: string): number | null {
  const at = body.indexOf(text);
  return at < 0 ? null : body.slice(0, at).split('\n').length;
}
