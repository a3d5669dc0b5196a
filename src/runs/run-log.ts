/** The log as one attempt of one run writes it: into the run's channel, and not a word more once the attempt or the conversation is not its own. */
import { AppError } from '../foundation/errors.ts';
import { channelOf, tellable, worksForDesk } from '../desk/desk-run.ts';
import { OWNER_FENCE, ownerFence } from '../desk/owner-fence.ts';
import type { EventLog, Fence } from '../events/event-log.ts';
import { TERMINAL_EVENTS, type ParleyEvent } from '../events/event.ts';
import { FencedOut } from '../events/fence.ts';
import type { Position } from '../events/position.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { Muted } from './answer-recorder.ts';
import { LeaseLost } from './lease.ts';

export interface RunLog {
  /** @throws LeaseLost, LogUnavailable */
  tell(...events: readonly ParleyEvent[]): Promise<Position>;
  /** For what readers take for an answer: refused with Muted from the moment on in which people took the conversation. */
  speak(...events: readonly ParleyEvent[]): Promise<Position>;
}

/** The log took nothing: another instance owns the conversations, or nobody can tell. Nothing is wrong with the run. */
export class LogUnavailable extends Error {
  constructor(cause: unknown) {
    super('the event log is not available', { cause });
    this.name = 'LogUnavailable';
  }
}

export function asUnavailable(error: unknown): never {
  throw error instanceof AppError && error.code === 'UNAVAILABLE' ? new LogUnavailable(error) : error;
}

export function createRunLog(log: EventLog, run: Run): RunLog {
  const channel = channelOf(run);
  const attemptFence: Fence = { key: run.id, token: run.attempt };
  const owner = ownerFence(run);

  async function append(events: readonly ParleyEvent[], fence: readonly Fence[]): Promise<Position> {
    const last = events.at(-1);
    // An attempt that was replaced and does not know it yet is kept out; an end that is told again is told once.
    const once = last && TERMINAL_EVENTS.has(last.type) ? { idempotencyKey: `end:${run.id}` } : {};
    try {
      return await log.append(channel, tellable(run, events), { fence, ...once });
    } catch (error) {
      if (error instanceof FencedOut) throw error.fence === OWNER_FENCE ? new Muted() : new LeaseLost();
      return asUnavailable(error);
    }
  }

  return {
    tell: (...events) => append(events, [attemptFence]),
    // Who holds the conversation silences those who answer in it, and nobody else.
    speak: (...events) => append(events, run.conversationId && !worksForDesk(run) ? [attemptFence, owner] : [attemptFence]),
  };
}
