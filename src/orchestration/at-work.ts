/**
 * Who of several participants is at work: one that has to wait for people rests until all others have ended or rest too, so that
 * nobody's work is cut off by the question.
 */
export interface AtWork {
  begin(): void;
  end(): void;
  /** Resolves when nobody is at work any more but who rests. @throws the signal's reason */
  rest(signal: AbortSignal): Promise<void>;
}

export function createAtWork(): AtWork {
  const resting = new Set<() => void>();
  let working = 0;

  function look(): void {
    if (working === resting.size) for (const wake of resting) wake();
  }

  return Object.freeze<AtWork>({
    begin: () => void (working += 1),
    end() {
      working -= 1;
      look();
    },
    async rest(signal) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const leave = (): void => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      resting.add(resolve);
      look();
      try {
        await promise;
      } finally {
        resting.delete(resolve);
        signal.removeEventListener('abort', leave);
      }
    },
  });
}
