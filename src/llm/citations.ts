/**
 * Numbers the passages a model was offered and finds the numbers again in what it writes, also when a marker arrives in pieces.
 * The same numbering serves the request, the answer and the offline model. Judges no citation: any offered number counts. What is
 * quoted without its number is found too, so that the number can be added.
 */
import type { LlmMessage, Passage } from './llm.ts';

/** All passages of the request in order of appearance; the first is cited as `[1]`. A passage found twice has one number. */
export function numberPassages(messages: readonly LlmMessage[]): readonly Passage[] {
  const found = new Map<string, Passage>();
  for (const message of messages) {
    if (message.role !== 'tool') continue;
    for (const passage of message.results.flatMap((result) => result.passages ?? [])) {
      const key = passageKey(passage);
      if (!found.has(key)) found.set(key, passage);
    }
  }
  return [...found.values()];
}

/** Two passages with one key are the same piece of the same section: it is numbered and quoted once. */
export function passageKey(passage: Passage): string {
  return JSON.stringify([passage.slug, passage.section, passage.text]);
}

/** A marker that may still be growing at the end of a piece of text: `[`, `[1`, `[1, `. */
const UNFINISHED = /\[[\d, ]{0,12}$/;

/** A reader of one answer: give it each piece of text in order, it names the passages cited for the first time. */
export function createCitationScanner(passages: readonly Passage[]): (text: string) => readonly Passage[] {
  const cited = new Set<number>();
  let held = '';
  return (text) => {
    if (passages.length === 0 || (held === '' && !text.includes('['))) return [];
    const window = held + text;
    held = UNFINISHED.exec(window)?.[0] ?? '';
    const fresh: Passage[] = [];
    for (const [, numbers = ''] of window.matchAll(/\[(\d{1,3}(?:, ?\d{1,3})*)\]/g)) {
      for (const number of numbers.split(',').map(Number)) {
        const passage = passages[number - 1];
        if (!passage || cited.has(number)) continue;
        cited.add(number);
        fresh.push(passage);
      }
    }
    return fresh;
  };
}

/** As many words in a row are nobody's own: they are a quotation. */
const QUOTED_WORDS = 8;

/** Numbers of the passages that a finished text repeats word for word and nowhere cites; of several that say the same, the first. */
export function findUncited(text: string, passages: readonly Passage[]): readonly number[] {
  if (passages.length === 0) return [];
  const cited = new Set(createCitationScanner(passages)(text));
  const said = new Set(runsOf(text));
  // Articles have sentences in common: what a cited passage says too is cited.
  for (const passage of cited) for (const run of runsOf(passage.text)) said.delete(run);
  const uncited: number[] = [];
  for (const [at, passage] of passages.entries()) {
    const runs = runsOf(passage.text);
    if (cited.has(passage) || !runs.some((run) => said.has(run))) continue;
    uncited.push(at + 1);
    for (const run of runs) said.delete(run);
  }
  return uncited;
}

/** What is added to an answer that quotes without saying whom. */
export function writeSources(numbers: readonly number[], passages: readonly Passage[]): string {
  return `Sources: ${numbers.map((number) => `[${number}] ${passages[number - 1]?.title ?? ''}`).join(' · ')}`;
}

function runsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return Array.from({ length: Math.max(0, words.length - QUOTED_WORDS + 1) }, (_, at) => words.slice(at, at + QUOTED_WORDS).join(' '));
}
