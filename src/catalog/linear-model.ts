/**
 * A linear classifier over sparse features: softmax regression with a share of naive Bayes, trained in the process in a fixed order
 * and with arithmetic that is the same on every machine, so that the same examples always give the same weights. Knows no agents and
 * no words.
 */

/** One example or message: the numbers of its features, and how strong each is. */
export interface Row {
  readonly features: Int32Array;
  readonly strengths: Float32Array;
}

export interface Sample {
  /** Index of the class. */
  readonly label: number;
  /** True for what is said to be not of this class, whatever else it is. */
  readonly not: boolean;
  readonly row: Row;
}

const EPOCHS = 6;
const LEARNING_RATE = 0.15;
const SHRINK = 2e-5;
/**
 * Every third pass compares an example with all classes. Between these it meets only the ones that were likely then, so that the
 * work grows with the examples and hardly with the classes.
 */
const FULL_PASS_EVERY = 3;
const RIVAL_MIN = 0.002;
/** An error smaller than this moves no weight: nearly all are, once an example is learned. */
const ERROR_MIN = 0.01;
const SQUARES_START = 1e-3;
/** What is counted where nothing was seen. */
const UNSEEN_COUNT = 0.05;

export interface Training {
  readonly classes: number;
  readonly features: number;
  /** How much plain counting (naive Bayes) adds to what was learned, from 0. */
  readonly countedShare: number;
  /** Whether classes with few examples count for more than their number, by its root. */
  readonly balanced: boolean;
}

/**
 * Stochastic gradient descent with per-weight steps (AdaGrad).
 * @returns One row of class weights per feature.
 */
export function trainLinearModel(samples: readonly Sample[], training: Training): Float32Array {
  const { classes, features, countedShare, balanced } = training;
  const weights = new Float32Array(features * classes);
  const squares = new Float32Array(weights.length).fill(SQUARES_START);
  const counts = new Float64Array(classes);
  for (const { label } of samples) counts[label] = (counts[label] ?? 0) + 1;
  const importance = counts.map((count) => (balanced ? Math.sqrt(samples.length / (classes * Math.max(count, 1))) : 1));
  const everyone = Int32Array.from({ length: classes }, (_, index) => index);
  const rivals = samples.map(() => everyone);
  const errors = new Float64Array(classes);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const full = epoch % FULL_PASS_EVERY === 0;
    for (const index of shuffled(samples.length, epoch + 1)) {
      const sample = samples[index];
      if (!sample) continue;
      const among = full ? everyone : (rivals[index] ?? everyone);
      addScores(errors, weights, classes, sample.row, among);
      toChances(errors, among);
      if (full) rivals[index] = among.filter((label) => label === sample.label || (errors[label] ?? 0) > RIVAL_MIN);
      toErrors(errors, among, sample);
      const wrong = among.filter((label) => Math.abs(errors[label] ?? 0) > ERROR_MIN);
      if (wrong.length > 0) step({ weights, squares, classes }, sample.row, errors, wrong, importance[sample.label] ?? 1);
    }
  }
  if (countedShare > 0) addCounted(weights, samples, training);
  return weights;
}

/**
 * Adds for each feature how much more often it stands in examples of a class than in others. What is learned from mistakes says little
 * about rare features of examples that were easy; counting does. It costs nothing later, being only another summand of the weights.
 */
function addCounted(weights: Float32Array, samples: readonly Sample[], { classes, features, countedShare }: Training): void {
  const counts = new Float32Array(weights.length);
  const totals = new Float64Array(classes);
  for (const { label, not, row } of samples) {
    if (not) continue;
    for (let at = 0; at < row.features.length; at++) {
      const place = (row.features[at] ?? 0) * classes + label;
      const strength = row.strengths[at] ?? 0;
      counts[place] = (counts[place] ?? 0) + strength;
      totals[label] = (totals[label] ?? 0) + strength;
    }
  }
  const all = totals.reduce((sum, total) => sum + total, 0);
  for (let start = 0; start < counts.length; start += classes) {
    let sum = 0;
    for (let label = 0; label < classes; label++) sum += counts[start + label] ?? 0;
    for (let label = 0; label < classes; label++) {
      const own = counts[start + label] ?? 0;
      const total = totals[label] ?? 0;
      const inside = (own + UNSEEN_COUNT) / (total + UNSEEN_COUNT * features);
      const outside = (Math.max(sum - own, 0) + UNSEEN_COUNT) / (all - total + UNSEEN_COUNT * features);
      weights[start + label] = (weights[start + label] ?? 0) + countedShare * Math.log(inside / outside);
    }
  }
}

/** The scores of one message for every class, before they are made chances. */
export function scoresOf(weights: Float32Array, classes: number, { features, strengths }: Row): Float64Array {
  const scores = new Float64Array(classes);
  for (let at = 0; at < features.length; at++) {
    const start = (features[at] ?? 0) * classes;
    const strength = strengths[at] ?? 0;
    for (let label = 0; label < classes; label++) scores[label] = (scores[label] ?? 0) + (weights[start + label] ?? 0) * strength;
  }
  return scores;
}

/** Chances that sum to 1; a higher temperature makes them more alike. */
export function softmax(scores: Float64Array, temperature: number): Float64Array {
  const top = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const chances = scores.map((score) => exponential((score - top) / temperature));
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return chances.map((chance) => chance / sum);
}

function addScores(scores: Float64Array, weights: Float32Array, classes: number, { features, strengths }: Row, among: Int32Array): void {
  for (let each = 0; each < among.length; each++) scores[among[each] ?? 0] = 0;
  for (let at = 0; at < features.length; at++) {
    const start = (features[at] ?? 0) * classes;
    const strength = strengths[at] ?? 0;
    for (let each = 0; each < among.length; each++) {
      const label = among[each] ?? 0;
      scores[label] = (scores[label] ?? 0) + (weights[start + label] ?? 0) * strength;
    }
  }
}

/** Turns the scores of these classes into chances, in place. */
function toChances(scores: Float64Array, among: Int32Array): void {
  let top = -Infinity;
  for (const label of among) top = Math.max(top, scores[label] ?? 0);
  let sum = 0;
  for (const label of among) {
    const chance = exponential((scores[label] ?? 0) - top);
    scores[label] = chance;
    sum += chance;
  }
  for (const label of among) scores[label] = (scores[label] ?? 0) / sum;
}

/** Turns chances into how much too likely each class was, in place. */
function toErrors(chances: Float64Array, among: Int32Array, { label: own, not }: Sample): void {
  const chance = chances[own] ?? 0;
  if (!not) {
    chances[own] = chance - 1;
    return;
  }
  const rest = Math.max(1 - chance, 1e-6);
  for (const label of among) chances[label] = label === own ? chance : (-chance * (chances[label] ?? 0)) / rest;
}

interface Weights {
  readonly weights: Float32Array;
  readonly squares: Float32Array;
  readonly classes: number;
}

function step({ weights, squares, classes }: Weights, { features, strengths }: Row, errors: Float64Array, wrong: Int32Array, importance: number): void {
  for (let at = 0; at < features.length; at++) {
    const start = (features[at] ?? 0) * classes;
    const strength = (strengths[at] ?? 0) * importance;
    for (let each = 0; each < wrong.length; each++) {
      const label = wrong[each] ?? 0;
      const weight = weights[start + label] ?? 0;
      const slope = (errors[label] ?? 0) * strength + SHRINK * weight;
      const square = (squares[start + label] ?? 0) + slope * slope;
      squares[start + label] = square;
      weights[start + label] = weight - (LEARNING_RATE * slope) / Math.sqrt(square);
    }
  }
}

/** e to the power of x, for x up to 0. Math.exp may differ in its last digit from one machine to another, and training amplifies that. */
function exponential(x: number): number {
  if (x < -60) return 0;
  const halvings = Math.round(x / Math.LN2);
  const rest = x - halvings * Math.LN2;
  let sum = 1;
  for (let order = 9; order > 0; order--) sum = 1 + (rest / order) * sum;
  let power = 1;
  for (let count = halvings; count < 0; count++) power /= 2;
  return sum * power;
}

/** The numbers below `length` in an order that depends on `seed` alone. */
function shuffled(length: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  const next = createDice(seed);
  for (let index = length - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1));
    const moved = order[index] ?? 0;
    order[index] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}

/** Numbers from 0 to below 1 that depend on `seed` alone. */
export function createDice(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
