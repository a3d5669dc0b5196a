/** The signal bus of one process: the contract. */
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import { signalBusContract } from '../contract/signal-bus.ts';

signalBusContract('in memory', async () => createMemorySignalBus({ log: createLogger({ level: 'silent', pretty: false }) }));
