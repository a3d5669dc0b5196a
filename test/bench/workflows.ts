/**
 * Many workflows at once on one process: how much of it they take, and how deaf it is meanwhile. Nothing stands beside it: a relay has
 * no workflows.
 */
import { begin, eventually, read, surroundings, type Measured, type Theatre } from './scenarios.ts';
import { startParley } from './servers.ts';
import type { Rows } from './services.ts';

export interface WorkflowWork {
  readonly name: string;
  /** Started together: half of them parallel, half sequential. */
  readonly runs: number;
}

const AGENTS = ['refund_processor', 'invoice_generator', 'security_advisor'];
/** Answers like those of short turns, three of them to a run. */
const ANSWER = { tokens: 40, tokensPerS: 50, firstTokenMs: 500, hold: false };
const CUSTOMERS = 50;
const WARM_RUNS = 10;
const START = 'mutation Start($input: StartWorkflowInput!) { startWorkflow(input: $input) { run { id } } }';
/** What a process may say that has enough to do. */
const REFUSALS: ReadonlySet<string> = new Set(['RATE_LIMITED', 'UNAVAILABLE']);
const END_MS = 120_000;
const START_MS = 60_000;
const MB = 1_024 * 1_024;

export async function workflows(theatre: Theatre, work: WorkflowWork): Promise<Measured> {
  const { upstream, rows } = theatre;
  const server = await startParley(surroundings(theatre, null), rows);
  try {
    await upstream.ask('pace', ANSWER);
    const token = await rows.staffToken();
    const { ids: customers } = await rows.customers(CUSTOMERS);
    await runAll(server.url, { token, customers }, WARM_RUNS, rows);
    const quiet = await server.probe.ask('settle', null);
    const profiled = theatre.profileTo(work.name);
    if (profiled) await server.probe.ask('profile', null);
    const before = await begin([server]);
    const startMs = performance.now();
    const told = await runAll(server.url, { token, customers }, work.runs, rows);
    const seconds = (performance.now() - startMs) / 1_000;
    const after = await read([server]);
    const [loopP50Ms, loopP99Ms] = [await after.loopP50Ms, await after.loopP99Ms];
    if (profiled) await server.probe.ask('profiled', { file: profiled });
    const held = await server.probe.ask('settle', null);
    return {
      // A run that is refused is told so; one that was accepted and did not succeed is lost.
      faults: { lost: told.unfinished, doubled: 0, disordered: 0, resets: 0, broken: told.broken, said: [...told.said] },
      figures: {
        cpuPerRunMs: (after.cpuMs - before.cpuMs) / Math.max(1, told.accepted),
        seconds,
        refused: told.refused,
        keptPerRunKb: (held.heapBytes - quiet.heapBytes) / work.runs / 1_024,
        rssMb: held.rssBytes / MB,
        loopP50Ms,
        loopP99Ms,
      },
    };
  } finally {
    await upstream.ask('cut', null);
    await server.close();
  }
}

interface Who {
  readonly token: string;
  readonly customers: readonly string[];
}

interface Told {
  readonly accepted: number;
  readonly refused: number;
  readonly broken: number;
  readonly unfinished: number;
  readonly said: readonly string[];
}

async function runAll(url: string, who: Who, count: number, { database }: Rows): Promise<Told> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => startOne(url, who, index)));
  const ids = answers.flatMap(({ id }) => (id === null ? [] : [id]));
  const strange = answers.flatMap(({ id, code, said }) => (id === null && !REFUSALS.has(code) ? [said] : []));
  const ended = { id: { in: ids }, finishedAt: { not: null } };
  await eventually(`${ids.length} workflows have ended`, async () => (await database.run.count({ where: ended })) === ids.length, END_MS);
  const succeeded = await database.run.count({ where: { id: { in: ids }, status: 'succeeded' } });
  const refused = count - ids.length - strange.length;
  return { accepted: ids.length, refused, broken: strange.length, unfinished: ids.length - succeeded, said: strange.slice(0, 3) };
}

async function startOne(
  url: string,
  { token, customers }: Who,
  index: number,
): Promise<{ readonly id: string | null; readonly code: string; readonly said: string }> {
  const input = {
    workflow: index % 2 === 0 ? 'parallel' : 'sequential',
    question: `Is payment ${index} to be refunded?`,
    agents: AGENTS,
    customerId: customers[index % CUSTOMERS],
  };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: START, variables: { input } }),
    signal: AbortSignal.timeout(START_MS),
  });
  const said = await response.text();
  const { data, errors } = JSON.parse(said) as {
    readonly data?: { readonly startWorkflow: { readonly run: { readonly id: string } } | null } | null;
    readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  };
  return { id: data?.startWorkflow?.run.id ?? null, code: errors?.[0]?.extensions?.code ?? '', said: said.slice(0, 300) };
}
