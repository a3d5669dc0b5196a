/** The fences of both logs: how an append whose token is behind one is refused, and the tokens of the log that lives in one process. */
import { AppError } from '../foundation/errors.ts';
import type { AppendOptions, Fence } from './event-log.ts';

export interface Fences {
  /** Throws FencedOut when a higher token was used for the key of one of them; then none is raised. */
  pass(channel: string, fences: readonly Fence[], nowMs: number): void;
  /** Forgets what is older than any run may get. */
  sweep(nowMs: number): void;
}

/** Longer than any run may take. */
export const FENCE_MS = 2 * 60 * 60_000;

/** The refusal of an append, with the key of the fence that refused. */
export class FencedOut extends AppError {
  readonly fence: string;
  constructor(fence: string) {
    super('CONFLICT', 'Another has taken this over: nothing was written.', { retryable: false });
    this.name = 'FencedOut';
    this.fence = fence;
  }
}

export function fencesOf({ fence }: AppendOptions): readonly Fence[] {
  if (fence === undefined) return [];
  return 'key' in fence ? [fence] : fence;
}

export function createFences(): Fences {
  const highest = new Map<string, { readonly token: number; readonly untilMs: number }>();
  return {
    pass(channel, fences, nowMs) {
      for (const { key, token } of fences) if ((highest.get(`${channel}\n${key}`)?.token ?? token) > token) throw new FencedOut(key);
      for (const { key, token } of fences) {
        const name = `${channel}\n${key}`;
        if (highest.get(name)?.token !== token) highest.set(name, { token, untilMs: nowMs + FENCE_MS });
      }
    },
    sweep(nowMs) {
      for (const [key, { untilMs }] of highest) if (untilMs <= nowMs) highest.delete(key);
    },
  };
}
