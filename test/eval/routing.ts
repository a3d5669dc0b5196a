/**
 * `npm run eval:routing`: how often the local router is right, on the development and on the test part apart. Prints figures for
 * both and single messages for neither; what is confused with what is printed for the development part alone, because whoever
 * looks at the test part's mistakes and mends them has no test part any more. Asks no language model and changes nothing.
 */
import { fileURLToPath } from 'node:url';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { createLocalRouter, reachableAgents } from '../../src/catalog/local-router.ts';
import type { Route } from '../../src/catalog/router.ts';
import { createRoutingModel } from '../../src/catalog/routing-model.ts';
import { readLabelled, type Labelled } from './labelled.ts';

const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url));
const PERSON = 'escalation_decider';
const BINS = 10;
const CONFUSIONS_SHOWN = 2;
const ROUTE_MS = 5_000;

interface Judged extends Labelled {
  readonly route: Route;
  readonly micros: number;
}

const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
const agents = reachableAgents(catalog);
const started = performance.now();
const model = createRoutingModel(agents);
const trainingMs = performance.now() - started;
const router = createLocalRouter(catalog, { model });
const generals = new Set([...catalog.domains.values()].flatMap(({ general }) => (general === undefined ? [] : [general])));
const utterances = agents.reduce((sum, agent) => sum + agent.examples.length + agent.utterances.length, 0);

print(`${agents.length} agents, ${utterances} utterances, learned in ${(trainingMs / 1000).toFixed(1)} s`);
const development = await judge(readLabelled('development'));
report('development', development);
report('test', await judge(readLabelled('test')));
print('\nRecall by agent (development), and what it is taken for instead:');
for (const agent of agents) print(recallLine(agent.id, development));

async function judge(labelled: readonly Labelled[]): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  for (const { agentId, text } of labelled) {
    const begun = performance.now();
    const route = await router.route({ text, earlier: [], lastAgentId: null, enabled: () => true }, AbortSignal.timeout(ROUTE_MS));
    judged.push({ agentId, text, route, micros: (performance.now() - begun) * 1000 });
  }
  return judged;
}

function report(part: string, judged: readonly Judged[]): void {
  const share = (holds: (one: Judged) => boolean, among = judged) => among.filter(holds).length / Math.max(among.length, 1);
  const others = judged.filter(({ agentId }) => agentId !== PERSON);
  const persons = judged.filter(({ agentId }) => agentId === PERSON);
  const micros = judged.map((one) => one.micros).toSorted((a, b) => a - b);
  print(`\n${part}: ${judged.length} messages`);
  print(`  right at once             ${percent(share(isRight))}`);
  print(`  right among the first 3   ${percent(share(({ agentId, route }) => ranked(route).slice(0, 3).includes(agentId)))}`);
  print(`  right domain              ${percent(share(({ agentId, route }) => domainOf(agentId) === domainOf(route.agentId)))}`);
  print(
    `  sent to a general agent   ${percent(share(({ route }) => generals.has(route.agentId)))}   (should be ${percent(share(({ agentId }) => generals.has(agentId)))})`,
  );
  print(`  calibration error         ${percent(calibrationError(judged))}`);
  print(`  false escalations         ${percent(share(({ route }) => route.agentId === PERSON, others))}`);
  print(`  missed escalations        ${percent(share(({ route }) => route.agentId !== PERSON, persons))}`);
  print(`  time for one message      median ${quantile(micros, 0.5)} µs, p99 ${quantile(micros, 0.99)} µs`);
}

function isRight({ agentId, route }: Judged): boolean {
  return route.agentId === agentId;
}

/** The chosen one first: the unsure policy may choose another than the likeliest. */
function ranked({ agentId, candidates }: Route): readonly string[] {
  return [agentId, ...candidates.map((candidate) => candidate.agentId).filter((id) => id !== agentId)];
}

/** How far confidence and truth are apart, over ten bins of confidence, weighted by how many messages are in each. */
function calibrationError(judged: readonly Judged[]): number {
  return Array.from({ length: BINS }, (_, bin) => judged.filter(({ route }) => Math.min(Math.floor(route.confidence * BINS), BINS - 1) === bin))
    .map((inBin) => Math.abs(inBin.filter(isRight).length - inBin.reduce((sum, { route }) => sum + route.confidence, 0)))
    .reduce((sum, apart) => sum + apart / judged.length, 0);
}

function recallLine(agentId: string, judged: readonly Judged[]): string {
  const own = judged.filter((one) => one.agentId === agentId);
  const taken = new Map<string, number>();
  for (const one of own) if (!isRight(one)) taken.set(one.route.agentId, (taken.get(one.route.agentId) ?? 0) + 1);
  const confusions = [...taken].toSorted((a, b) => b[1] - a[1]).slice(0, CONFUSIONS_SHOWN);
  return `  ${agentId.padEnd(34)} ${percent(own.filter(isRight).length / Math.max(own.length, 1))}  ${confusions.map(([id, count]) => `${id} ${count}`).join(', ')}`.trimEnd();
}

function domainOf(agentId: string): string {
  return catalog.get(agentId)?.domain ?? '';
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0).toFixed(0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)}%`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
