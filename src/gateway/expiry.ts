/** Waiting for a credential to expire, however far away that is. Closes nothing itself. */
import type { Clock } from '../foundation/clock.ts';

/** Timers hold 24 days at most; what is further away is waited for in days. */
const DAY_MS = 86_400_000;

/** Resolves true at `expiresAt`, or false when `signal` aborts first. */
export async function hasExpired(expiresAt: Date, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    for (let leftMs = 1; leftMs > 0;) {
      leftMs = expiresAt.getTime() - clock.now().getTime();
      if (leftMs > 0) await clock.sleep(Math.min(leftMs, DAY_MS), signal);
    }
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
