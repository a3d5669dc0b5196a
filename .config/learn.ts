/** `node .config/learn.ts`: learns from the agents' examples what a first start would, and keeps it beside the packages. For images. */
import { fileURLToPath } from 'node:url';
import { openRoutingModel } from '../src/catalog/kept-routing.ts';
import { loadCatalog } from '../src/catalog/load-catalog.ts';
import { reachableAgents } from '../src/catalog/local-router.ts';
import { openSignalReader } from '../src/orchestration/understand/kept-signals.ts';

const folder = fileURLToPath(new URL('../agents', import.meta.url));
const agents = reachableAgents(await loadCatalog(folder, { has: () => true, parseGrant: () => undefined }));
await Promise.all([openRoutingModel(agents), openSignalReader(folder, agents)]);
