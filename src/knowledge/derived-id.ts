/** Ids that follow from a text: the same text gives the same id, so that writing it twice is writing it once. */
import { createHash } from 'node:crypto';
import { idAt, type IdPrefix } from '../foundation/ids.ts';

/** The moment is part of an id and must be the same everywhere: the start of the product, before anything it holds. */
const START_MS = Date.UTC(2025, 0, 1);

export function idOfText(prefix: IdPrefix, text: string): string {
  return idAt(prefix, START_MS, createHash('sha256').update(text).digest());
}
