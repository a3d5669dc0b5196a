/**
 * One cited answer from what a search found: the best passage at length, then what up to four others add, each with its number, and
 * the sources at the end. Says how far the answer is to be trusted. Writes nothing of its own: every sentence is an article's.
 */
import type { KnowledgeHit } from './knowledge.ts';
import { shorten } from './passage.ts';

export interface Synthesis {
  /** Markdown; `[n]` is the n-th of `sources`. Empty when nothing was found. */
  readonly text: string;
  readonly sources: readonly KnowledgeHit[];
  /** 0 to 1 in hundredths; 0 when nothing was found. */
  readonly confidence: number;
}

const PASSAGES_MAX = 5;
const BEST_CHARS_MAX = 900;
const OTHER_CHARS_MAX = 320;
/** Share of the best match that another article must reach to be part of the answer. */
const OF_BEST_MIN = 0.75;

const CONFIDENCE = { similarity: 0.7, length: 0.2, source: 0.03, sourcesMax: 0.15 } as const;
/** An answer of this many words has room for what to do and for what to watch. */
const FULL_WORDS = 120;

export function synthesize(hits: readonly KnowledgeHit[]): Synthesis {
  const [best, ...others] = hits;
  if (!best) return { text: '', sources: [], confidence: 0 };
  const fitting = others.filter((hit) => hit.articleId !== best.articleId && hit.similarity >= OF_BEST_MIN * best.similarity);
  const sources = [best, ...fitting.slice(0, PASSAGES_MAX - 1)];
  const parts = sources.map((hit, index) => {
    const heading = `**${hit.section === '' ? hit.title : hit.section}** [${index + 1}]`;
    return `${heading}\n\n${shorten(hit.text, index === 0 ? BEST_CHARS_MAX : OTHER_CHARS_MAX)}`;
  });
  const listed = `Sources: ${sources.map(({ title }, index) => `[${index + 1}] ${title}`).join(' · ')}`;
  return { text: [...parts, listed].join('\n\n'), sources, confidence: confidenceOf(parts.join(' '), sources) };
}

/** How well the best article covers the question, how much there is to say, and how many articles say it; a match counts most. */
function confidenceOf(text: string, sources: readonly KnowledgeHit[]): number {
  const similarity = Math.max(...sources.map((hit) => hit.similarity));
  const length = Math.min(1, text.split(/\s+/).length / FULL_WORDS);
  const breadth = Math.min(CONFIDENCE.sourcesMax, CONFIDENCE.source * sources.length);
  return Math.round(100 * Math.min(1, CONFIDENCE.similarity * similarity + CONFIDENCE.length * length + breadth)) / 100;
}
