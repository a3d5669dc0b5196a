/**
 * A small linear classifier: softmax regression over sparse features, trained in the process in a fixed order, so that the same
 * examples always give the same weights. Its confidence is calibrated on examples it was not trained on. Knows no agents.
 */

export interface Sample {
  /** Index of the class. */
  readonly label: number;
  readonly features: ReadonlyMap<string, number>;
}

export interface LinearModel {
  /** Calibrated probability of each class; they sum to 1. */
  predict(features: ReadonlyMap<string, number>): Float64Array;
  /** How much a feature speaks for a class against the others; 0 for what was never seen. */
  pull(feature: string, label: number): number;
  knows(feature: string): boolean;
}

const EPOCHS = 10;
const LEARNING_RATE = 0.15;
const SHRINK = 2e-5;
/** Every fifth example of a class is held out while the temperature is fitted; then all are used. */
const FOLDS = 5;

export function trainLinearModel(samples: readonly Sample[], classes: number): LinearModel {
  const held = heldOut(samples);
  const kept = samples.filter((sample) => !held.has(sample));
  const temperature = fitTemperature(train(kept, classes), [...held]);
  const { vocabulary, weights } = train(samples, classes);
  const logits = (features: ReadonlyMap<string, number>) => score(vocabulary, weights, classes, features);
  return {
    predict: (features) => softmax(logits(features), temperature),
    knows: (feature) => vocabulary.has(feature),
    pull: (feature, label) => {
      const row = vocabulary.get(feature);
      if (row === undefined) return 0;
      let sum = 0;
      for (let index = 0; index < classes; index++) sum += weights[row * classes + index] ?? 0;
      return (weights[row * classes + label] ?? 0) - sum / classes;
    },
  };
}

interface Trained {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** One row of class weights per feature. */
  readonly weights: Float64Array;
  readonly classes: number;
}

/** Stochastic gradient descent with per-weight steps (AdaGrad); classes with few examples count as much as those with many. */
function train(samples: readonly Sample[], classes: number): Trained {
  const vocabulary = new Map<string, number>();
  for (const { features } of samples) for (const name of features.keys()) if (!vocabulary.has(name)) vocabulary.set(name, vocabulary.size);
  const rows = samples.map(({ features }) => ({
    starts: Int32Array.from(features.keys(), (name) => (vocabulary.get(name) ?? 0) * classes),
    values: Float64Array.from(features.values()),
  }));
  const counts = new Float64Array(classes);
  for (const { label } of samples) counts[label] = (counts[label] ?? 0) + 1;
  const weights = new Float64Array(vocabulary.size * classes);
  const squares = new Float64Array(weights.length).fill(1e-3);
  const logits = new Float64Array(classes);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const index of shuffled(samples.length, epoch + 1)) {
      const row = rows[index];
      const label = samples[index]?.label ?? 0;
      if (!row) continue;
      addScores(logits.fill(0), weights, row);
      const errors = softmax(logits, 1);
      errors[label] = (errors[label] ?? 0) - 1;
      const importance = samples.length / (classes * (counts[label] ?? 1));
      step(
        weights,
        squares,
        row,
        errors.map((error) => error * importance),
      );
    }
  }
  return { vocabulary, weights, classes };
}

/** One example: where the weights of each of its features start, and how strong the feature is. */
interface Row {
  readonly starts: Int32Array;
  readonly values: Float64Array;
}

function addScores(logits: Float64Array, weights: Float64Array, { starts, values }: Row): void {
  for (let at = 0; at < starts.length; at++) {
    const start = starts[at] ?? 0;
    const value = values[at] ?? 0;
    for (let k = 0; k < logits.length; k++) logits[k] = (logits[k] ?? 0) + (weights[start + k] ?? 0) * value;
  }
}

function step(weights: Float64Array, squares: Float64Array, { starts, values }: Row, errors: Float64Array): void {
  for (let at = 0; at < starts.length; at++) {
    const start = starts[at] ?? 0;
    const value = values[at] ?? 0;
    for (let k = 0; k < errors.length; k++) {
      const weight = weights[start + k] ?? 0;
      const slope = (errors[k] ?? 0) * value + SHRINK * weight;
      const square = (squares[start + k] ?? 0) + slope * slope;
      squares[start + k] = square;
      weights[start + k] = weight - (LEARNING_RATE * slope) / Math.sqrt(square);
    }
  }
}

function score(vocabulary: ReadonlyMap<string, number>, weights: Float64Array, classes: number, features: ReadonlyMap<string, number>): Float64Array {
  const logits = new Float64Array(classes);
  for (const [name, value] of features) {
    const row = vocabulary.get(name);
    if (row === undefined) continue;
    for (let k = 0; k < classes; k++) logits[k] = (logits[k] ?? 0) + (weights[row * classes + k] ?? 0) * value;
  }
  return logits;
}

/** The temperature under which held-out examples are least surprising. */
function fitTemperature({ vocabulary, weights, classes }: Trained, held: readonly Sample[]): number {
  const scored = held.map((sample) => ({ label: sample.label, logits: score(vocabulary, weights, classes, sample.features) }));
  let best = { temperature: 1, surprise: Infinity };
  for (let temperature = 0.2; temperature <= 5; temperature *= 1.05) {
    let surprise = 0;
    for (const { label, logits } of scored) surprise -= Math.log(Math.max(softmax(logits, temperature)[label] ?? 0, 1e-9));
    if (surprise < best.surprise) best = { temperature, surprise };
  }
  return best.temperature;
}

function heldOut(samples: readonly Sample[]): ReadonlySet<Sample> {
  const seen = new Map<number, number>();
  return new Set(
    samples.filter(({ label }) => {
      const count = (seen.get(label) ?? 0) + 1;
      seen.set(label, count);
      return count % FOLDS === 0;
    }),
  );
}

function softmax(logits: Float64Array, temperature: number): Float64Array {
  const top = Math.max(...logits);
  const chances = logits.map((logit) => Math.exp((logit - top) / temperature));
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return chances.map((chance) => chance / sum);
}

/** The numbers below `length` in an order that depends on `seed` alone. */
function shuffled(length: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  let state = (seed * 2_654_435_761) >>> 0;
  for (let index = length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (index + 1);
    const moved = order[index] ?? 0;
    order[index] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
