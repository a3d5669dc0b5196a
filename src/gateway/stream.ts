/**
 * A subscription as an iterator of presented results. It is an object with `next` and `return`, never an async generator: a generator
 * parked in `next()` does not run its `finally` when it is returned, and what it follows would stay open.
 */
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Clock } from '../foundation/clock.ts';
import type { Standing } from './standing.ts';

/** GraphiQL loses the last item of a burst when `complete` follows at once. */
const COMPLETE_AFTER_MS = 50;

export interface StreamDeps {
  /** Fresh arguments with a fresh context, for the source and for each item. */
  argsOf(): ExecutionArgs;
  present(result: ExecutionResult): ExecutionResult;
  failed(error: unknown): GraphQLError;
  readonly signal: AbortSignal;
  readonly standing: Standing | null;
  readonly clock: Clock;
}

const positions = new WeakMap<ExecutionResult, string>();

/** The position of the item a result was made of, whatever the client selected; null when the item had none. */
export function positionOf(result: ExecutionResult): string | null {
  return positions.get(result) ?? null;
}

/** Starts the subscription: a stream, or the result that says why not. */
export async function openStream(deps: StreamDeps): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const source = await openSource(deps);
  return 'next' in source ? follow(source, deps) : source;
}

/** Starts the subscription and hands over its items before they are executed, or the result that says why not. */
export async function openSource(deps: Pick<StreamDeps, 'argsOf' | 'present'>): Promise<ExecutionResult | AsyncIterator<unknown>> {
  const source = await createSourceEventStream(deps.argsOf());
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : deps.present(source);
}

function follow(source: AsyncIterator<unknown>, deps: StreamDeps): AsyncIterableIterator<ExecutionResult> {
  const { signal, standing } = deps;
  let open = true;
  let wake: () => void = () => undefined;
  const end = () => {
    if (!open) return;
    open = false;
    signal.removeEventListener('abort', end);
    standing?.rights.removeEventListener('abort', lose);
    wake();
    // Not awaited: a source that cannot be interrupted must not keep the socket waiting. What goes wrong while closing has no reader.
    Promise.resolve(source.return?.()).catch(() => undefined);
  };
  /** The viewer's rights are others now: whoever waits for the next item hears so instead. */
  let lost: unknown = null;
  let tell: (error: unknown) => void = () => undefined;
  const lose = () => {
    lost = standing?.rights.reason ?? null;
    tell(lost);
  };
  if (standing?.rights.aborted) lose();
  else standing?.rights.addEventListener('abort', lose, { once: true });
  // A client that is gone does not always call return(); the signal always comes.
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });

  const done = { done: true, value: undefined } as const;
  const nextItem = () =>
    new Promise<IteratorResult<unknown>>((resolve, reject) => {
      wake = () => resolve(done);
      tell = reject;
      source.next().then(resolve, reject);
    });
  return {
    async next() {
      if (!open) return done;
      try {
        if (lost !== null) throw lost;
        const item = await nextItem();
        if (standing?.held) await standing.confirmed();
        // Held still: the line is being closed.
        if (!open || standing?.held) return done;
        if (lost !== null) throw lost;
        if (item.done) {
          end();
          await deps.clock.sleep(COMPLETE_AFTER_MS, signal).catch(() => undefined);
          return done;
        }
        const value = await resultOf(item.value, deps);
        return open ? { done: false, value } : done;
      } catch (error) {
        if (!open) return done;
        end();
        throw deps.failed(error);
      }
    },
    async return() {
      end();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function resultOf(rootValue: unknown, deps: StreamDeps): Promise<ExecutionResult> {
  const result = deps.present(await execute({ ...deps.argsOf(), rootValue }));
  const position = positionIn(rootValue) ?? Object.values(result.data ?? {}).map(positionIn)[0];
  if (position) positions.set(result, position);
  return result;
}

function positionIn(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'position' in value && typeof value.position === 'string' ? value.position : undefined;
}
