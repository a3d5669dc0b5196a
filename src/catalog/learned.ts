/** What training found in examples, for a class each: plain numbers, so that they can be kept in a file and sent between threads. */

/** The same examples give the same, bit for bit. */
export interface Learned {
  readonly classes: number;
  /** Every word of the examples, with how often it occurred; empty where nobody asks. */
  readonly words: ReadonlyMap<string, number>;
  /** Every feature that counts, by name, with its number. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** How much each feature tells, by number. */
  readonly rarity: Float32Array;
  /** How much a word tells that was never seen. */
  readonly unseenRarity: number;
  /** For each feature one weight per class. */
  readonly weights: Float32Array;
}
