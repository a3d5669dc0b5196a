/**
 * Checks of what clients send, at the door of each verb: a refusal is BAD_INPUT naming the field and comes before anything is
 * written. Only the form is checked; whether something may be done is the desk's.
 */
import { z } from 'zod';
import { badInput, notFound } from '../foundation/errors.ts';
import { prefixOf, type IdPrefix } from '../foundation/ids.ts';

const Email = z.email().max(254);

/** Text of people, kept as it was written. */
export function text(field: string, value: string, charsMax: number): string {
  if (value.trim() === '') throw badInput(field, 'must not be empty.');
  if (value.length > charsMax) throw badInput(field, `has ${value.length} characters; at most ${charsMax} are allowed.`);
  // PostgreSQL cannot store U+0000, and half a surrogate pair would become another character on its way there.
  if (value.includes('\0') || !value.isWellFormed()) throw badInput(field, 'contains characters that are not text.');
  return value;
}

/** A name or a short phrase: one line, without surrounding space. */
export function line(field: string, value: string, charsMax: number): string {
  const trimmed = text(field, value, charsMax).trim();
  if (/\p{Cc}/u.test(trimmed)) throw badInput(field, 'must be one line without control characters.');
  return trimmed;
}

/** A key that a client made: kept exactly, so that the same key is found again. */
export function key(field: string, value: string): string {
  if (!/^[\x21-\x7e]{1,128}$/.test(value)) throw badInput(field, 'must be 1 to 128 visible ASCII characters without spaces.');
  return value;
}

export function email(field: string, value: string): string {
  const parsed = Email.safeParse(value.trim());
  if (!parsed.success) throw badInput(field, 'this is not an e-mail address.');
  return parsed.data;
}

export function idOf(field: string, prefix: IdPrefix, value: string): string {
  if (prefixOf(value) !== prefix) throw badInput(field, `this is not an id that begins with "${prefix}_".`);
  return value;
}

/** An agent's id is a file name; one that no agent has is not found, one that no agent could have is malformed. */
export function agentIdOf(field: string, value: string): string {
  if (!/^[a-z][a-z0-9_]{0,79}$/.test(value)) throw badInput(field, 'this is not the id of an agent, like "refund_processor".');
  return value;
}

export function wholeNumber(field: string, value: number, min: number, max: number): number {
  if (value < min || value > max) throw badInput(field, `must be ${min} to ${max}.`);
  return value;
}

/** Applies a check where a value was given; null and absent pass as they are. */
export function given<In extends string | number, Out>(value: In | null | undefined, check: (value: In) => Out): Out | null | undefined {
  if (value === null) return null;
  return value === undefined ? undefined : check(value);
}

/** The row, or NOT_FOUND: also what somebody else owns. */
export function found<Row>(noun: string, row: Row | null): Row {
  if (row === null) throw notFound(noun);
  return row;
}
