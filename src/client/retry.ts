/**
 * How long to wait before trying again, and waiting that can be cut short. Random from zero on, so that the clients of a server that
 * went away do not come back all at once. Tries nothing itself.
 */

const FIRST_MS = 1_000;
const CAP_MS = 30_000;

/** Milliseconds before try number `retries` (from 0): up to 1 s before the first, doubling, never more than 30 s. */
export function jitter(retries: number): number {
  return Math.random() * Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(retries, 10));
}

export interface Pauses {
  /** Resolves after `ms`, or when everybody is woken. */
  wait(ms: number): Promise<void>;
  /** Ends all waits: the network is back, or nobody waits any more. */
  wake(): void;
}

export function createPauses(): Pauses {
  const waits = new Set<() => void>();
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          waits.delete(end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        waits.add(end);
      }),
    wake() {
      for (const end of waits) end();
    },
  };
}
