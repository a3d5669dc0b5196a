/** Lets a text out word by word at a given speed, as a model would. Decides nothing about the words. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../foundation/clock.ts';

/** Without pauses the event loop still gets its turn this often. */
const WORDS_PER_TURN = 16;

/** The text in pieces of one word with the space before it; joined they are the text. */
export function splitWords(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? [];
}

/**
 * Yields the words in time: the schedule counts from the start, so short delays do not add up.
 * @param wordsPerS 0 is as fast as it can.
 * An abort of `signal` throws its reason at once, also in the middle of a pause.
 */
export async function* paceWords(words: readonly string[], wordsPerS: number, clock: Clock, signal: AbortSignal): AsyncGenerator<string, void> {
  const startMs = clock.now().getTime();
  for (const [at, word] of words.entries()) {
    const dueMs = wordsPerS === 0 ? 0 : startMs + (at * 1_000) / wordsPerS - clock.now().getTime();
    if (dueMs >= 1) await sleepUnlessAborted(clock, dueMs, signal);
    else if (at % WORDS_PER_TURN === WORDS_PER_TURN - 1) await turn();
    signal.throwIfAborted();
    yield word;
  }
}

async function sleepUnlessAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    // Timers reject with an error of their own; callers are promised the signal's reason.
    signal.throwIfAborted();
    throw error;
  }
}
