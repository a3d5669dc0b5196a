/** Questions that name themselves, and the one right answer to each: however often a model is asked, every word can be told. */
import type { MessagesBody } from '../support/messages-api.ts';

/** Some are longer in UTF-16 than in bytes they look like, and the other way round: offsets must count as JavaScript does. */
const WORDS = ['task', 'börd', 'seat', '日程', 'plan', '🚀', 'invoice', 'naïve', 'token', 'x'] as const;

export function questionText(name: string): string {
  return `How do I export my tasks? Please answer question ${name} too.`;
}

/** The name of the question that was asked last; empty when there is none. */
export function questionIn({ messages }: MessagesBody): string {
  const asked = messages.filter(({ role }) => role === 'user').map(({ content }) => JSON.stringify(content));
  return [...asked.join(' ').matchAll(/question (q[\d-]+)/g)].at(-1)?.[1] ?? '';
}

/** One element per token. */
export function wordsFor(name: string, tokens: number): readonly string[] {
  return Array.from({ length: tokens }, (_, n) => `${name}:${n}${WORDS[n % WORDS.length] ?? ''}${n === tokens - 1 ? '.' : ' '}`);
}
