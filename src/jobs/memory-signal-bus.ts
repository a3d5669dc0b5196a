/** The signal bus of one process. */
import type { Logger } from '../foundation/logger.ts';
import type { SignalBus } from './signal-bus.ts';
import { createSignalHandlers } from './signal-handlers.ts';

export function createMemorySignalBus({ log }: { readonly log: Logger }): SignalBus {
  const handlers = createSignalHandlers(log);
  return {
    async send(signal) {
      handlers.call(signal);
    },
    on: handlers.add,
    close: handlers.close,
  };
}
