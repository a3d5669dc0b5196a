/** Reading who needs people: as a gateway learned it, and for tests of something else, where nobody ever does. */
import { fileURLToPath } from 'node:url';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { reachableAgents } from '../../src/catalog/local-router.ts';
import { openSignalReader } from '../../src/orchestration/understand/kept-signals.ts';
import type { SignalReader } from '../../src/orchestration/understand/signal-model.ts';

export const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url));

export const NO_SIGNALS: SignalReader = () => ({ signals: [], chance: 0 });

export async function learnedSignals(): Promise<SignalReader> {
  return openSignalReader(AGENTS, reachableAgents(await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined })));
}
