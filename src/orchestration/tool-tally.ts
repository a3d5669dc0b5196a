/**
 * How often the tools of one step were called, and in which rounds in a way that did not fit; goes on from what a step had counted that
 * had to wait. Calls nothing.
 */
import type { Tally } from './continuation.ts';

/** Rounds in which a tool may be called in a way that does not fit: the first is mended, the second closes it. */
const MISFITS_MAX = 2;

export interface ToolTally {
  /**
   * Which call of this tool this is, from 1: another attempt, which may ask in other words or between other questions, finds what the
   * first one did under this number instead of doing it again.
   */
  nth(tool: string): number;
  /** Counts one that does not fit; true while it may be mended. */
  misfit(tool: string, round: number): boolean;
  isClosed(tool: string): boolean;
  read(): Tally;
}

export function createToolTally(before?: Tally): ToolTally {
  const calls = new Map<string, number>(before?.calls);
  const misfits = new Map<string, Set<number>>(before?.misfits.map(([tool, rounds]) => [tool, new Set(rounds)]));
  const isClosed = (tool: string): boolean => (misfits.get(tool)?.size ?? 0) >= MISFITS_MAX;
  return Object.freeze<ToolTally>({
    isClosed,
    nth(tool) {
      const times = (calls.get(tool) ?? 0) + 1;
      calls.set(tool, times);
      return times;
    },
    misfit(tool, round) {
      misfits.set(tool, (misfits.get(tool) ?? new Set()).add(round));
      return !isClosed(tool);
    },
    read: () => ({ calls: [...calls], misfits: [...misfits].map(([tool, rounds]) => [tool, [...rounds]]) }),
  });
}
