/** What a storm counts: how much came, what was announced, and what went wrong, with a few examples of each. Decides nothing. */

export const FAULTS = ['lost', 'doubled', 'disordered', 'unannounced', 'unfinished'] as const;
export type Fault = (typeof FAULTS)[number];

export const HARMS = [
  'sockets terminated',
  'pub/sub connections killed',
  'other Redis connections killed',
  'Redis paused',
  'Redis restarted empty',
  'instance killed',
] as const;
export type Harm = (typeof HARMS)[number];

export interface Tally {
  /** Items that reached a reader. */
  deliveries: number;
  characters: number;
  /** Sockets that were opened again. */
  reconnects: number;
  /** Subscriptions that were refused for the moment and asked for again. */
  refusals: number;
  reloads: number;
  /** Pieces of text of which the beginning was not known since a reset. */
  blind: number;
  /** Answers that were announced to begin again. */
  restarts: number;
  posts: number;
  readonly resets: Map<string, number>;
  readonly harms: Map<Harm, number>;
  readonly faults: Map<Fault, number>;
  /** The first of each kind, in words. */
  readonly examples: string[];
}

const EXAMPLES_MAX = 6;

export function createTally(): Tally {
  const none = { deliveries: 0, characters: 0, reconnects: 0, refusals: 0, reloads: 0, blind: 0, restarts: 0, posts: 0 };
  return { ...none, resets: new Map(), harms: new Map(), faults: new Map(FAULTS.map((fault) => [fault, 0])), examples: [] };
}

export function blame(tally: Tally, fault: Fault, words: string): void {
  increase(tally.faults, fault);
  if ((tally.faults.get(fault) ?? 0) <= EXAMPLES_MAX) tally.examples.push(`${fault}: ${words}`);
}

export function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
