/** The form of what is said in a conversation, checked again at the desk: not every caller comes through the schema. Knows no rows. */
import { badInput } from '../foundation/errors.ts';

export function checkText(text: string, charsMax: number): string {
  if (text.trim() === '') throw badInput('input.text', 'must not be empty.');
  if (text.length > charsMax)
    throw badInput('input.text', `must have at most ${charsMax.toLocaleString('en-US')} characters; this has ${text.length.toLocaleString('en-US')}.`);
  // PostgreSQL cannot store U+0000, and a lone surrogate would change on its way through UTF-8.
  if (text.includes('\u0000') || !text.isWellFormed()) throw badInput('input.text', 'contains characters that are not text.');
  return text;
}

export function checkRating(rating: number, comment: string | null | undefined): void {
  if (!Number.isInteger(rating) || rating < 1 || rating > 5) throw badInput('input.rating', 'must be a whole number from 1 to 5.');
  if (comment && comment.length > 2_000) throw badInput('input.comment', 'must have at most 2,000 characters.');
}

export function checkClientMessageId(id: string | null | undefined): void {
  if (id === null || id === undefined) return;
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) throw badInput('input.clientMessageId', 'must have 1 to 128 visible ASCII characters.');
}

/** What a conversation is called after its first message. */
export function subjectOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79).trimEnd()}…` : line;
}
