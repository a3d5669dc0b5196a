/**
 * The contract of the signal bus: a word to every instance at once, this one included. It may get lost: whoever sends one has written
 * the row first, and whoever must know looks at the row now and then. Implementations: memory-signal-bus.ts, redis-signal-bus.ts.
 */
export const SIGNAL_KINDS = ['stop', 'operations', 'revoke'] as const;
export type SignalKind = (typeof SIGNAL_KINDS)[number];

export interface Signal {
  /** `stop`: the run with this id was asked to stop. `operations`: those this owner has registered have changed. `revoke`: what this principal may do has changed. */
  readonly kind: SignalKind;
  readonly id: string;
}

export type SignalHandler = (id: string) => void | Promise<void>;

export interface SignalBus {
  /** Never rejects. The handlers of this process are called in any case, others when they can be reached. */
  send(signal: Signal): Promise<void>;
  /** Returns the way to hear no more. A handler that fails is reported; it may be called more than once for one signal. */
  on(kind: SignalKind, handle: SignalHandler): () => void;
  close(): Promise<void>;
}
