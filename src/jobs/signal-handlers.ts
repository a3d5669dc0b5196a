/** Who listens in this process; what both buses share. */
import type { Logger } from '../foundation/logger.ts';
import type { Signal, SignalHandler, SignalKind } from './signal-bus.ts';

export interface SignalHandlers {
  add(kind: SignalKind, handle: SignalHandler): () => void;
  /** Calls them after the caller is done with what it is doing. */
  call(signal: Signal): void;
  /** Forgets them and resolves when those that were called are done. */
  close(): Promise<void>;
}

/** Calls under way at most; more are dropped, since rows are looked at anyway. */
const CALLS_MAX = 10_000;

export function createSignalHandlers(log: Logger): SignalHandlers {
  const handlers = new Map<SignalKind, Set<SignalHandler>>();
  const calls = new Set<Promise<void>>();

  async function callOne(handle: SignalHandler, { kind, id }: Signal): Promise<void> {
    await Promise.resolve();
    try {
      await handle(id);
    } catch (error) {
      log.error({ err: error, kind, id }, 'signal handler failed');
    }
  }

  return {
    add(kind, handle) {
      const known = handlers.get(kind) ?? new Set<SignalHandler>();
      handlers.set(kind, known.add(handle));
      return () => void known.delete(handle);
    },
    call(signal) {
      for (const handle of handlers.get(signal.kind) ?? []) {
        if (calls.size >= CALLS_MAX) return log.warn({ kind: signal.kind, id: signal.id }, 'signal dropped: its row will be looked at');
        const called: Promise<void> = callOne(handle, signal).finally(() => calls.delete(called));
        calls.add(called);
      }
    },
    async close() {
      handlers.clear();
      await Promise.all(calls);
    },
  };
}
