/**
 * Numbers the passages a model was offered and finds the numbers again in what it writes, also when a marker arrives in pieces.
 * The same numbering serves the request, the answer and the offline model. Judges no citation: any offered number counts.
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
