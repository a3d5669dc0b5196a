/** The fence of both logs: how an append whose token is behind it is refused, and the tokens of the log that lives in one process. */
import { AppError } from '../foundation/errors.ts';

export interface Fences {
  /** Throws CONFLICT when a higher token was used for this key. */
  pass(key: string, token: number, nowMs: number): void;
  /** Forgets what is older than any run may get. */
  sweep(nowMs: number): void;
}

/** Longer than any run may take. */
export const FENCE_MS = 2 * 60 * 60_000;

export function createFences(): Fences {
  const highest = new Map<string, { readonly token: number; readonly untilMs: number }>();
  return {
    pass(key, token, nowMs) {
      const known = highest.get(key);
      if (known && known.token > token) throw takenOver();
      if (known?.token !== token) highest.set(key, { token, untilMs: nowMs + FENCE_MS });
    },
    sweep(nowMs) {
      for (const [key, { untilMs }] of highest) if (untilMs <= nowMs) highest.delete(key);
    },
  };
}

export function takenOver(): AppError {
  return new AppError('CONFLICT', 'Another instance has taken this over: nothing was written.', { retryable: false });
}
