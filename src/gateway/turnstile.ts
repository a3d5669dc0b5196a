/**
 * The one place every operation of every door passes before it runs: it takes the points the operation counts, and holds its place
 * among what its viewer has in flight, over all sockets and requests of this instance. Counts per viewer, never per credential: two
 * tokens of one person share. Nobody is counted by address.
 */
import { AppError } from '../foundation/errors.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { networkOf } from './client-address.ts';
import { refusal, RequestRefused } from './errors.ts';
import type { Prepared } from './operations.ts';
import { assertFits, rateRefusal } from './rate-answer.ts';
import type { Rate, RateLimiter } from './rate-limiter.ts';
import { tierOf } from './rate-tiers.ts';

export interface TurnstileDeps {
  /** Null: rates are not limited. */
  readonly rates: RateLimiter | null;
  readonly limits: ViewerLimits;
  /** Told of each registered operation that is let through. */
  readonly onRegistered?: ((operationId: string) => void) | undefined;
}

export interface ViewerLimits {
  readonly subscriptionsPerViewer: number;
  readonly operationsPerViewer: number;
}

export interface Caller {
  /** Null: nobody, at this address. */
  readonly viewer: Viewer | null;
  /** Null: not known, and then shared by all of whom that is so. */
  readonly address: string | null;
}

/** Makes an operation ready to run; the signal aborts when it has ended, in whatever way. */
export type Prepare = () => Promise<{ readonly prepared: Prepared; readonly signal: AbortSignal }>;

export interface Turnstile {
  /**
   * Calls `prepare`, then takes the points. What is refused while being prepared counts one; whoever has used up a window is refused
   * before anything is looked up for them. Null: rates are not limited.
   * @throws RequestRefused RATE_LIMITED, SUBSCRIPTION_LIMIT, OPERATION_TOO_COMPLEX, or what `prepare` throws.
   */
  enter(caller: Caller, prepare: Prepare): Promise<Awaited<ReturnType<Prepare>> & { readonly rate: Rate | null }>;
  /** What is no operation counts as one of nobody: a credential that is none, the begin of a sign-in. @throws RequestRefused RATE_LIMITED */
  takeAsNobody(address: string | null): Promise<void>;
}

/** Many people may share an address behind one proxy. */
export const ANONYMOUS_FACTOR = 10;

/** What sockets, operations and points are counted by. */
export function callerKey({ viewer, address }: Caller): string {
  return viewer ? viewerKey(viewer) : `address:${address === null ? 'unknown' : networkOf(address)}`;
}

export function createTurnstile({ rates, limits, onRegistered }: TurnstileDeps): Turnstile {
  const subscriptions = createPlaces(
    (max) => `You already follow ${max} subscriptions, over all your connections. Complete one first.`,
    limits.subscriptionsPerViewer,
  );
  const operations = createPlaces((max) => `You already have ${max} operations in flight. Wait for one to finish.`, limits.operationsPerViewer);

  async function take(caller: Caller, cost: number): Promise<Rate | null> {
    if (!rates) return null;
    const rate = await rates.take(callerKey(caller), tierOf(caller.viewer), cost);
    if (!rate.allowed) throw new RequestRefused([rateRefusal(rate)], rate);
    return rate;
  }

  return Object.freeze({
    async enter(caller: Caller, prepare: Prepare) {
      const spent = rates?.spent(callerKey(caller), tierOf(caller.viewer), 1);
      if (spent) throw new RequestRefused([rateRefusal(spent)], spent);
      let made: Awaited<ReturnType<Prepare>>;
      try {
        made = await prepare();
        if (rates) assertFits(tierOf(caller.viewer), made.prepared.points);
        const places = made.prepared.operation.operation === 'subscription' ? subscriptions : operations;
        places.hold(callerKey(caller), caller.viewer === null, made.signal);
      } catch (error) {
        throw refusedWith(error, await take(caller, 1));
      }
      const { prepared, signal } = made;
      const rate = await take(caller, prepared.points);
      if (prepared.registeredId !== null) onRegistered?.(prepared.registeredId);
      return { prepared, signal, rate };
    },
    async takeAsNobody(address: string | null) {
      await take({ viewer: null, address }, 1);
    },
  });
}

/** The refusal, which also says where its caller stands. */
function refusedWith(error: unknown, rate: Rate | null): unknown {
  if (error instanceof AppError) return new RequestRefused([refusal(error)], rate);
  return error instanceof RequestRefused ? new RequestRefused(error.errors, rate) : error;
}

/** @throws AppError SUBSCRIPTION_LIMIT */
function createPlaces(sentence: (max: number) => string, perViewer: number) {
  const held = new Map<string, number>();
  return {
    hold(key: string, anonymous: boolean, signal: AbortSignal): void {
      const max = perViewer * (anonymous ? ANONYMOUS_FACTOR : 1);
      const before = held.get(key) ?? 0;
      if (before >= max) throw new AppError('SUBSCRIPTION_LIMIT', sentence(max), { retryable: true });
      if (signal.aborted) return;
      held.set(key, before + 1);
      const leave = () => {
        const left = (held.get(key) ?? 1) - 1;
        if (left > 0) held.set(key, left);
        else held.delete(key);
      };
      signal.addEventListener('abort', leave, { once: true });
    },
  };
}
