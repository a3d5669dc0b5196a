/**
 * Chooses the article passage that fits a question and shortens it for an answer: whole paragraphs and whole list items, never half
 * a step. Searches nothing itself; it only ranks what the tools found.
 */
import type { Passage } from './llm.ts';
import { subjectsOf } from './offline-words.ts';

export interface RankedPassage {
  readonly passage: Passage;
  /** What the answer cites it by. */
  readonly number: number;
  /** 0 to 1; comparable within one question only. */
  readonly score: number;
}

/** Best first. A word counts three times in a title, twice in a heading; words that all passages share count little. */
export function rankPassages(passages: readonly Passage[], question: string): readonly RankedPassage[] {
  const asked = [...subjectsOf(question)];
  const read = passages.map((passage) => ({
    passage,
    title: subjectsOf(passage.title),
    section: subjectsOf(passage.section),
    text: subjectsOf(passage.text),
  }));
  const weights = new Map(
    asked.map((word) => {
      const holders = read.filter(({ title, section, text }) => title.has(word) || section.has(word) || text.has(word)).length;
      return [word, Math.log(1 + passages.length / Math.max(holders, 1))] as const;
    }),
  );
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const ranked = read.map(({ passage, title, section, text }, at): RankedPassage => {
    let score = 0;
    for (const [word, weight] of weights) {
      score += weight * (title.has(word) ? 1 : section.has(word) ? 0.7 : text.has(word) ? 0.35 : 0);
    }
    // The search has its own order, by more than words; among passages that fit alike it decides.
    const order = 0.2 * (1 - at / passages.length);
    if (total > 0) score = score === 0 ? 0 : 0.8 * (score / total) + order;
    return { passage, number: at + 1, score: total > 0 ? score : order };
  });
  return ranked.toSorted((a, b) => b.score - a.score || a.number - b.number);
}

/** The passage as part of an answer: without its heading, at most about `wordsMax` words. */
export function shortenPassage(text: string, wordsMax: number): string {
  const kept: string[] = [];
  let left = wordsMax;
  for (const block of splitBlocks(text)) {
    const words = countWords(block);
    if (words <= left) {
      kept.push(block);
      left -= words;
      continue;
    }
    // An opening is cut rather than dropped; later blocks are cut only where a useful part fits. Half a program helps nobody.
    if (!block.startsWith(FENCE) && (kept.length === 0 || left >= 25)) kept.push(cut(block, left));
    break;
  }
  // "Do this:" without what follows is worse than silence.
  if (kept.length > 1 && kept.at(-1)?.endsWith(':')) kept.pop();
  return kept.join('\n\n');
}

const FENCE = '```';

/** Paragraphs, lists and whole code blocks, without headings. */
function splitBlocks(text: string): string[] {
  // A passage may end in the middle of a program: an unclosed fence would swallow the rest of the answer.
  const fences = text.match(/^```/gm)?.length ?? 0;
  const closed = fences % 2 === 0 ? text : text.slice(0, text.lastIndexOf(FENCE));
  return closed
    .replaceAll('\r\n', '\n')
    .split(/(^```[^\n]*\n[\s\S]*?^```$)/m)
    .flatMap((part) => (part.startsWith(FENCE) ? [part] : part.replaceAll(/^#{1,6} .*$/gm, '').split(/\n{2,}/)))
    .map((block) => block.trim())
    .filter((block) => block !== '');
}

export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** The items or sentences of a block that fit, at least the first. */
function cut(block: string, wordsMax: number): string {
  const pieces = LIST_ITEM.test(block) ? block.split(/\n(?=(?:[-*]|\d+[.)]|\|) ?)/) : block.split(/(?<=[.!?]) +/);
  const kept: string[] = [];
  let left = wordsMax;
  for (const piece of pieces) {
    left -= countWords(piece);
    if (left < 0 && kept.length > 0) break;
    kept.push(piece);
  }
  return kept.join(LIST_ITEM.test(block) ? '\n' : ' ').trim();
}

const LIST_ITEM = /^(?:[-*]|\d+[.)]|\|) ?/m;
