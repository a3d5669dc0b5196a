/** When a webhook that did not take a delivery is tried again: soon at first, then ever more rarely, for a day. Arithmetic only. */

/** Seconds after each try, as Standard Webhooks suggests them, cut to what fits into a day: eight tries within 23.6 hours. */
const DELAYS_S = [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 8 * 3_600, 8 * 3_600] as const;
/** A receiver may ask for more time, but not so much that nothing else is tried. */
const ASKED_FOR_MS_MAX = 8 * 3_600_000;

export interface Failure {
  /** Tries made so far. */
  readonly attempts: number;
  /** `Retry-After`: seconds, or a moment. */
  readonly retryAfter: string | null;
  readonly now: Date;
  readonly expiresAt: Date;
  /** 0 up to but not including 1. */
  readonly random: () => number;
}

/** The moment of the next try; null when there is none. */
export function nextTry({ attempts, retryAfter, now, expiresAt, random }: Failure): Date | null {
  const delayS = DELAYS_S[attempts - 1];
  if (delayS === undefined) return null;
  // Up to a tenth earlier, so that what failed together does not come back together.
  const waitMs = Math.max(delayS * 1_000 * (1 - random() * 0.1), Math.min(askedForMs(retryAfter, now), ASKED_FOR_MS_MAX));
  const at = new Date(now.getTime() + Math.ceil(waitMs));
  return at < expiresAt ? at : null;
}

function askedForMs(retryAfter: string | null, now: Date): number {
  if (retryAfter === null) return 0;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now.getTime());
}
