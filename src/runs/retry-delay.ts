/** How long a run waits before it is tried again: each time twice as long, spread so that what failed together does not come back together. */

/** Longer than this nobody is kept waiting. */
const DELAY_MS_MAX = 5 * 60_000;
/** By which part of it a delay may be longer. */
const SPREAD = 0.25;

/**
 * @param attempt The one that failed, from 1.
 * @param random 0 up to but not including 1.
 * @returns Milliseconds, 2 s after the first attempt.
 */
export function retryDelayMs(attempt: number, random: () => number): number {
  const delayMs = 1_000 * 2 ** Math.min(attempt, 20) * (1 + SPREAD * random());
  return Math.round(Math.min(DELAY_MS_MAX, delayMs));
}
