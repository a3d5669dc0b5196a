/**
 * What graphql-ws holds instead of a stream whose frames are written past it: an iterator whose `next()` resolves only at the end and
 * whose `return()` detaches the writer.
 */
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Clock } from '../foundation/clock.ts';
import { RequestRefused } from './errors.ts';

/** Ends when the subscription does, and yields nothing. */
export type Parked = AsyncIterableIterator<ExecutionResult>;

export interface ParkedControl {
  readonly iterator: Parked;
  /** The subscription is over: completes, a moment after its last item. May be called again. */
  end(): void;
  /** The subscription is over because of these, already presented. */
  fail(errors: readonly GraphQLError[]): void;
}

/** GraphiQL loses the last item of a burst when `complete` follows at once. */
const COMPLETE_AFTER_MS = 50;

/** @param detach Called once, before graphql-ws hears of the end: it calls `return()` only when the client leaves. */
export function createParked(clock: Clock, detach: () => void): ParkedControl {
  let settle: (result: readonly GraphQLError[] | null) => void = () => undefined;
  let over = false;
  const ended = new Promise<readonly GraphQLError[] | null>((resolve) => {
    settle = resolve;
  });
  const finish = (errors: readonly GraphQLError[] | null) => {
    if (over) return;
    over = true;
    detach();
    settle(errors);
  };
  const done = { done: true, value: undefined } as const;
  return {
    end: () => finish(null),
    fail: finish,
    iterator: {
      async next() {
        const errors = await ended;
        if (errors) throw new RequestRefused(errors);
        await clock.sleep(COMPLETE_AFTER_MS);
        return done;
      },
      async return() {
        finish(null);
        return done;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
}
