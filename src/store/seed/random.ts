/** Repeatable chance for the demo data: the same name gives the same numbers on every machine. Not for secrets. */
import { idAt, type IdPrefix } from '../../foundation/ids.ts';

export interface Random {
  /** 0 up to but not including 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<const T extends readonly [unknown, ...unknown[]]>(from: T): T[number];
  shuffled<T>(from: readonly T[]): T[];
  /** An id of this kind that belongs to this moment. */
  id(prefix: IdPrefix, at: Date): string;
}

/** Each name has a sequence of its own, so that more draws for one customer leave the others as they are. */
export function createRandom(name: string): Random {
  const next = sequence(name);
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (from) => from[int(0, from.length - 1)] ?? from[0],
    shuffled: (from) =>
      from
        .map((item) => ({ item, key: next() }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ item }) => item),
    id: (prefix, at) =>
      idAt(
        prefix,
        at.getTime(),
        Uint8Array.from({ length: 10 }, () => int(0, 255)),
      ),
  };
}

/** Mulberry32 over the FNV-1a hash of the name: 32 bits of state are plenty for rows nobody guesses at. */
function sequence(name: string): () => number {
  let state = 0x811c9dc5;
  for (const char of name) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
