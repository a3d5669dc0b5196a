/**
 * What a part of a turn may take besides the answer itself: so much time and so many tokens. Once they are spent, whoever is at work in it is
 * cut off and the turn goes on without. The budgets of the run as a whole are not this file's.
 */
import type { LlmUsage } from '../llm/llm.ts';
import type { Stage } from './participant.ts';

export interface Allowance {
  readonly seconds: number;
  /** Read and written, of all its participants together. */
  readonly tokensMax: number;
}

export interface AllowanceDeps {
  /** Rejects when its signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * @param work Gets a stage whose participants end as `stopped` when the allowance is spent.
 * @returns Null when it was spent before the work was done.
 */
export async function within<T>(
  { sleep }: AllowanceDeps,
  stage: Stage,
  { seconds, tokensMax }: Allowance,
  work: (inner: Stage) => Promise<T>,
): Promise<T | null> {
  const spent = new AbortController();
  const over = new AbortController();
  sleep(seconds * 1_000, over.signal).then(
    () => spent.abort(new Error('the time of this part of the turn is over')),
    () => undefined,
  );
  const tokens = new Map<string, number>();
  const inner: Stage = {
    ...stage,
    cancel: spent.signal,
    async emit(event) {
      await stage.emit(event);
      if (event.type !== 'used') return;
      // Each request tells again what it has used so far.
      tokens.set(`${event.step} ${event.request}`, tokensOf(event.usage));
      if ([...tokens.values()].reduce((sum, each) => sum + each, 0) > tokensMax) spent.abort(new Error('the tokens of this part of the turn are used'));
    },
  };
  try {
    const done = await work(inner);
    return spent.signal.aborted ? null : done;
  } catch (error) {
    stage.signal.throwIfAborted();
    if (spent.signal.aborted) return null;
    throw error;
  } finally {
    over.abort();
  }
}

function tokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: LlmUsage): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens + outputTokens;
}
