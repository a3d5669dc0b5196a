/**
 * Counts what one reader got: every token once and in order, or what is wrong instead, and how old each was. Works on the text of
 * a frame without parsing it, since a frame may carry several tokens and there are very many frames.
 */
export interface Faults {
  lost: number;
  doubled: number;
  disordered: number;
  resets: number;
  /** Sockets the server closed, operations it refused, runs that failed. */
  broken: number;
  /** What the first few of `broken` said. */
  readonly said: string[];
}

export interface Counters {
  tokens: number;
  frames: number;
  lastArrivalMs: number;
  readonly ages: number[];
  readonly faults: Faults;
}

export interface Tally {
  /** Takes a frame that has a text. */
  take(frame: string, arrivedMs: number): void;
  /** The same reader reads another answer. */
  restart(): void;
  readonly tokens: number;
  /** How many of the first `expected` never came. */
  missing(expected: number): number;
}

export interface FirstToken {
  readonly emittedMs: number;
  readonly requestArrivedMs: number;
}

const SAID_MAX = 5;
const TEXT = '"text":"';

export function createCounters(): Counters {
  return { tokens: 0, frames: 0, lastArrivalMs: 0, ages: [], faults: { lost: 0, doubled: 0, disordered: 0, resets: 0, broken: 0, said: [] } };
}

export function broke(counters: Counters, what: string): void {
  counters.faults.broken += 1;
  remark(counters, what);
}

/** Worth knowing, and no fault. */
export function remark(counters: Counters, what: string): void {
  if (counters.faults.said.length < SAID_MAX) counters.faults.said.push(what.slice(0, 300));
}

/** @param first Told of the first token of an answer. */
export function createTally(counters: Counters, first?: (token: FirstToken) => void): Tally {
  let next = 0;
  const gaps = new Set<number>();
  const { faults } = counters;

  function takeToken(number: number, emittedMs: number, arrivedMs: number, snapshot: boolean): void {
    if (number < next) {
      if (gaps.delete(number)) faults.disordered += 1;
      else if (!snapshot) faults.doubled += 1;
      return;
    }
    for (let skipped = next; skipped < number; skipped += 1) gaps.add(skipped);
    next = number + 1;
    counters.tokens += 1;
    counters.ages.push(arrivedMs - emittedMs);
  }

  return {
    take(frame, arrivedMs) {
      const start = frame.indexOf(TEXT);
      if (start < 0) return;
      counters.frames += 1;
      counters.lastArrivalMs = arrivedMs;
      const end = frame.indexOf('"', start + TEXT.length);
      // A late joiner is given the text so far, which may repeat what it has.
      const snapshot = frame.includes('"TextSnapshot"');
      let at = start + TEXT.length;
      while (at < end) {
        const marked = frame.indexOf('@', at);
        const space = frame.indexOf(' ', at);
        if (marked < 0 || space < 0 || marked > end || space > end) return broke(counters, `a token that is none: ${frame}`);
        const number = Number(frame.slice(at, marked));
        const second = number === 0 ? frame.indexOf('@', marked + 1) : -1;
        const emittedMs = Number(frame.slice(marked + 1, second > 0 ? second : space));
        if (second > 0) first?.({ emittedMs, requestArrivedMs: Number(frame.slice(second + 1, space)) });
        takeToken(number, emittedMs, arrivedMs, snapshot);
        at = space + 1;
      }
    },
    restart() {
      next = 0;
      gaps.clear();
    },
    get tokens() {
      return next - gaps.size;
    },
    missing: (expected) => Math.max(0, expected - (next - gaps.size)),
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** For the few rounds of one figure. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
