/**
 * The parts of an article that are quoted: splits Markdown at its `##` headings and chooses the section that says most about
 * the words of a question. Knows no rows and ranks no articles.
 */

export interface Section {
  /** The heading without its marks; empty for what stands before the first one. */
  readonly heading: string;
  readonly text: string;
  /** Line of the heading within the body, from 1. */
  readonly line: number;
}

/** A passage is read in a chat: longer ones are cut at a paragraph. */
export const PASSAGE_CHARS_MAX = 1200;

/** An opening says what an article is about; the steps people need stand under the headings. */
const OPENING_WEIGHT = 0.6;
/** A word in running text says less about a section than one in its heading. */
const TEXT_WEIGHT = 0.6;
/** Longest ending that the stemmer of the database takes off a word (`authent|ication`). */
const ENDING_CHARS_MAX = 7;

/** The sections in order, the opening first. A `##` inside a code block is code. */
export function splitSections(body: string): Section[] {
  const sections: { heading: string; lines: string[]; line: number }[] = [{ heading: '', lines: [], line: 1 }];
  let fenced = false;
  for (const [index, line] of body.split('\n').entries()) {
    if (line.startsWith('```')) fenced = !fenced;
    if (!fenced && line.startsWith('## ')) sections.push({ heading: line.slice(3).trim(), lines: [], line: index + 1 });
    else sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ heading, lines, line }) => ({ heading, text: lines.join('\n').trim(), line }));
}

/**
 * The section that covers the most of these words, cut to PASSAGE_CHARS_MAX.
 * @param weights Stemmed word to its weight, as the search computed them.
 */
export function choosePassage(body: string, weights: Readonly<Record<string, number>>): { section: string; text: string } {
  const sections = splitSections(body).filter((section) => section.text !== '');
  // Where only the title or the tags fit, the first section with a heading answers better than the opening.
  const fallback = sections.find((section) => section.heading !== '') ?? sections[0];
  let best = { section: fallback, score: 0 };
  for (const section of sections) {
    const score = scoreOf(section, weights);
    if (score > best.score) best = { section, score };
  }
  return { section: best.section?.heading ?? '', text: shorten(best.section?.text ?? '', PASSAGE_CHARS_MAX) };
}

function scoreOf(section: Section, weights: Readonly<Record<string, number>>): number {
  const heading = wordsOf(section.heading);
  const text = wordsOf(section.text);
  let score = 0;
  for (const [lexeme, weight] of Object.entries(weights)) {
    if (heading.some((word) => fits(word, lexeme))) score += weight;
    else if (text.some((word) => fits(word, lexeme))) score += weight * TEXT_WEIGHT;
  }
  return section.heading === '' ? score * OPENING_WEIGHT : score;
}

function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))];
}

/** Whether a word may have been stemmed to this lexeme: the stemmer shortens, and writes a final y as i. */
function fits(word: string, lexeme: string): boolean {
  if (word === lexeme) return true;
  if (/\d/.test(lexeme) || word.length - lexeme.length > ENDING_CHARS_MAX) return false;
  if (lexeme.length < 4) return [`${lexeme}s`, `${lexeme}es`, `${lexeme}ed`, `${lexeme}ing`].includes(word);
  return word.startsWith(lexeme) || (lexeme.endsWith('i') && word.startsWith(`${lexeme.slice(0, -1)}y`));
}

/** The paragraphs that fit. A code block is one paragraph, so that none is left open. */
export function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  let kept = '';
  for (const paragraph of paragraphsOf(text)) {
    const longer = kept === '' ? paragraph : `${kept}\n\n${paragraph}`;
    if (longer.length > charsMax) break;
    kept = longer;
  }
  if (kept !== '') return kept;
  // One paragraph alone is too long: end at a word, and never inside a surrogate pair.
  const start = text.slice(0, charsMax - 1);
  const space = start.lastIndexOf(' ');
  return `${(space > 0 ? start.slice(0, space) : start).toWellFormed()}…`;
}

function paragraphsOf(text: string): string[] {
  const paragraphs: string[] = [];
  let open = false;
  for (const part of text.split(/\n{2,}/)) {
    const previous = paragraphs.at(-1);
    if (open && previous !== undefined) paragraphs[paragraphs.length - 1] = `${previous}\n\n${part}`;
    else paragraphs.push(part);
    if ((part.match(/^```/gm)?.length ?? 0) % 2 === 1) open = !open;
  }
  return paragraphs;
}
