/**
 * Tells the words of one answer to the log, in order and one telling at a time: what is said while the log is being written waits
 * and becomes one event, so that under load events grow and their number falls. Writes no rows.
 */
import type { ParleyEvent } from '../events/event.ts';
import { epochOf, type Position } from '../events/position.ts';

export interface WordTellerDeps {
  readonly tell: (...events: ParleyEvent[]) => Promise<Position>;
  /** These words as an event, `offset` UTF-16 units from the beginning of the answer. */
  readonly delta: (offset: number, words: string) => ParleyEvent;
}

export interface WordTeller {
  /** All that was said. */
  text(): string;
  /** UTF-16 units of it that were told. */
  told(): number;
  /** @throws what an earlier telling failed with. */
  say(words: string): void;
  /** Tells what was said so far, after these events. */
  begin(before: readonly ParleyEvent[]): Promise<void>;
  /** Tells the rest when nothing is being told. Undefined, or a promise when so much waits that the model should. */
  go(): Promise<void> | undefined;
  /** Resolves when every word is told. */
  flush(): Promise<void>;
}

/** UTF-16 units that may wait to be told; more, and the model is waited for. */
const UNTOLD_CHARS_MAX = 16_384;

export function createWordTeller({ tell, delta }: WordTellerDeps): WordTeller {
  let text = '';
  /** The end of it that is still to be told, by itself: a slice of the whole would keep the whole in memory with each event. */
  let untold = '';
  let told = 0;
  let telling: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;
  /** The life of the log in which this text can be read from its beginning. */
  let toldIn = '';

  function take(): string {
    const words = untold;
    untold = '';
    return words;
  }

  /** Tells what is not told yet, and what comes meanwhile, without anybody waiting. */
  function tellRest(): void {
    if (untold === '') return;
    const words = take();
    const end = told + words.length;
    telling = tell(delta(told, words))
      .then(async (position) => {
        told = end;
        const epoch = epochOf(position);
        // The log began anew: readers were told to start over, and the row has no text yet. So the whole of it is said again.
        if (epoch !== toldIn) toldIn = epochOf(await tell(delta(0, text.slice(0, end))));
      })
      .catch((error: unknown) => void (failure = { error }))
      .finally(() => {
        telling = null;
        if (!failure) tellRest();
      });
  }

  async function flush(): Promise<void> {
    while (telling) await telling;
    if (failure) throw failure.error;
  }

  return {
    flush,
    text: () => text,
    told: () => told,
    say(words) {
      if (failure) throw failure.error;
      text += words;
      untold += words;
    },
    async begin(before) {
      const words = take();
      toldIn = epochOf(await tell(...before, delta(0, words)));
      told = words.length;
    },
    go() {
      if (!telling) tellRest();
      return untold.length > UNTOLD_CHARS_MAX ? flush() : undefined;
    },
  };
}
