/** Work in the background that is done again and again until it is closed. Knows nothing of what the work is. */
import type { Clock } from '../foundation/clock.ts';
import type { Logger } from '../foundation/logger.ts';

export interface Rounds {
  /** Ends the wait or the round under way, and resolves when nothing is left of it. */
  close(): Promise<void>;
}

export interface RoundsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds before the first round; as between two of them when left out. */
  readonly firstMs?: number;
  /** Milliseconds between two rounds. */
  readonly everyMs: number;
  /** Logged as a warning when a round fails. The next one comes all the same. */
  readonly failed: string;
  round(signal: AbortSignal): Promise<unknown>;
}

/** Begins at once with the wait before the first round, and never throws. */
export function startRounds({ clock, log, everyMs, firstMs = everyMs, failed, round }: RoundsOptions): Rounds {
  const closing = new AbortController();
  const { signal } = closing;

  async function goRound(): Promise<void> {
    for (let waitMs = firstMs; !signal.aborted; waitMs = everyMs) {
      await clock.sleep(waitMs, signal);
      try {
        await round(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, failed);
      }
    }
  }

  // The wait rejects when it is closed, and nothing else does.
  const done = goRound().catch(() => undefined);
  return {
    async close() {
      closing.abort();
      await done;
    },
  };
}
