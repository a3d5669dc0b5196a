/**
 * The work that is measured, each piece once for the relay and once for Parley with the same client: a stream of long answers, idle
 * sockets, short turns, plain HTTP. Returns figures; what they should be is targets.ts.
 */
import type { LoadCommands } from './load.ts';
import type { Spent } from './probe.ts';
import type { Protocol } from './protocol.ts';
import type { Remote } from './remote.ts';
import { startParley, startRelay, startYoga, type Surroundings } from './servers.ts';
import type { RedisService, Rows } from './services.ts';
import type { Server, Stage } from './stage.ts';
import type { Faults } from './tally.ts';
import type { UpstreamCommands } from './upstream.ts';

export interface Theatre {
  readonly stage: Stage;
  readonly load: Remote<LoadCommands>;
  readonly upstream: Remote<UpstreamCommands>;
  readonly upstreamUrl: string;
  readonly rows: Rows;
  /** Started when it is first needed. */
  redis(): Promise<RedisService>;
  /** Where profiles of Parley go; null: none are made. */
  profileTo(scenario: string): string | null;
}

/** Numbers by name; every figure of one server in one scenario. */
export type Figures = Readonly<Record<string, number>>;

export interface Measured {
  readonly figures: Figures;
  readonly faults: Faults;
}

export interface Streaming {
  readonly name: string;
  readonly conversations: number;
  readonly readersEach: number;
  /** Of each conversation; null: as fast as they come. */
  readonly tokensPerS: number | null;
  readonly tokens: number;
  readonly redis: boolean;
  /** Messages go in at one process, answers are read at another. */
  readonly across: boolean;
}

/** The first moments of a stream are left out of its figures, and its end. */
const LEAD_MS = 1_500;
const TAIL_MS = 500;
const SETTLE_MS = 1_000;
const DELIVER_MS = 60_000;
const GATHER_MS = 240_000;
const WARM = { conversations: 20, tokens: 500 };

export async function stream(theatre: Theatre, protocol: Protocol, work: Streaming): Promise<Measured> {
  const { load, upstream, rows } = theatre;
  const servers = await startServers(theatre, protocol, work.redis, work.across ? 2 : 1);
  const [first, last = first] = [servers[0], servers.at(-1)];
  if (!first || !last) throw new Error('no server was started');
  try {
    await warmUp(theatre, protocol, first, last);
    await upstream.ask('pace', { tokens: work.tokens, tokensPerS: work.tokensPerS, firstTokenMs: 0, hold: true });
    const { tokens } = await rows.customers(work.conversations);
    const { conversations, readersEach } = work;
    await load.ask('gather', { protocol, writeUrl: first.url, readUrl: last.url, conversations, readersEach, tokens }, GATHER_MS);
    await eventually(`all ${conversations} answers are held upstream`, async () => (await upstream.ask('held', null)) >= conversations);
    // The first tokens, too, are on their way through rows and log.
    await pause(SETTLE_MS);
    const profiled = protocol === 'parley' ? theatre.profileTo(work.name) : null;
    if (profiled) await last.probe.ask('profile', null);
    const measured = work.tokensPerS === null ? await streamFlatOut(theatre, servers, work) : await streamPaced(theatre, servers, work, work.tokensPerS);
    if (profiled) await last.probe.ask('profiled', { file: profiled });
    return measured.faults.lost === 0 ? measured : { ...measured, faults: await explained(theatre, measured.faults) };
  } finally {
    await endScene(theatre, servers);
  }
}

/** What has run a few thousand times is compiled: a short measurement would else measure the compiler, here and in the clients. */
async function warmUp({ load, upstream, rows }: Theatre, protocol: Protocol, first: Server, last: Server): Promise<void> {
  const { conversations, tokens: tokensEach } = WARM;
  await upstream.ask('pace', { tokens: tokensEach, tokensPerS: null, firstTokenMs: 0, hold: false });
  const { tokens } = await rows.customers(conversations);
  await load.ask('gather', { protocol, writeUrl: first.url, readUrl: last.url, conversations, readersEach: 2, tokens }, GATHER_MS);
  const { faults } = await load.ask('finish', { tokens: tokensEach, limitMs: DELIVER_MS }, DELIVER_MS + 10_000);
  if (faults.lost > 0) throw new Error(`the warm-up lost ${faults.lost} tokens: ${faults.said.join(' | ')}`);
  // The runs write their last rows.
  await pause(500);
}

/** What a reader of the results needs to know where lost tokens stayed. */
async function explained({ upstream, rows }: Theatre, faults: Faults): Promise<Faults> {
  const still = await upstream.ask('streaming', null);
  return { ...faults, said: [...faults.said, `${still} answers still stream upstream; all runs so far: ${await rows.runs()}`] };
}

async function streamPaced({ load, upstream }: Theatre, servers: readonly Server[], work: Streaming, tokensPerS: number): Promise<Measured> {
  const lastsMs = (work.tokens / tokensPerS) * 1_000;
  await upstream.ask('go', null);
  await pause(LEAD_MS);
  const before = await begin(servers);
  const from = await load.ask('count', null);
  await pause(lastsMs - LEAD_MS - TAIL_MS);
  const after = await read(servers);
  const to = await load.ask('count', null);
  const { faults } = await load.ask('finish', { tokens: work.tokens, limitMs: DELIVER_MS }, DELIVER_MS + 10_000);
  const delivered = to.tokens - from.tokens;
  const seconds = (to.atMs - from.atMs) / 1_000;
  const nominal = work.conversations * work.readersEach * tokensPerS;
  return {
    faults,
    figures: {
      cpuPerM: (after.cpuMs - before.cpuMs) / 1_000 / (delivered / 1e6),
      tokensPerS: delivered / seconds,
      /** Of what the model emitted; well below 1 means saturated. */
      share: delivered / seconds / nominal,
      tokensPerFrame: delivered / Math.max(1, to.frames - from.frames),
      ageP50Ms: to.ageP50Ms,
      ageP99Ms: to.ageP99Ms,
      loopP50Ms: await after.loopP50Ms,
      loopP99Ms: await after.loopP99Ms,
      cpuShare: (after.cpuMs - before.cpuMs) / 1_000 / seconds,
    },
  };
}

async function streamFlatOut({ load, upstream }: Theatre, servers: readonly Server[], work: Streaming): Promise<Measured> {
  const before = await begin(servers);
  const from = await load.ask('count', null);
  const startMs = await upstream.ask('go', null);
  const { faults, lastArrivalMs } = await load.ask('finish', { tokens: work.tokens, limitMs: DELIVER_MS }, DELIVER_MS + 10_000);
  const after = await read(servers);
  const to = await load.ask('count', null);
  const tokens = to.tokens - from.tokens;
  return {
    faults,
    figures: {
      cpuPerM: (after.cpuMs - before.cpuMs) / 1_000 / (tokens / 1e6),
      tokensPerS: tokens / ((lastArrivalMs - startMs) / 1_000),
      tokensPerFrame: tokens / Math.max(1, to.frames - from.frames),
      ageP50Ms: to.ageP50Ms,
      ageP99Ms: to.ageP99Ms,
      loopP50Ms: await after.loopP50Ms,
      loopP99Ms: await after.loopP99Ms,
    },
  };
}

/** Memory with a few sockets open, so that what every first socket loads is not counted, and with all. */
export async function idle(theatre: Theatre, protocol: Protocol, sockets: number): Promise<Measured> {
  const { load, rows } = theatre;
  const servers = await startServers(theatre, protocol, false, 1);
  const [server] = servers;
  if (!server) throw new Error('no server was started');
  try {
    const customers = await rows.customers(sockets);
    const conversations = await rows.conversations(customers);
    const first = Math.ceil(sockets / 10);
    const open = (from: number, to?: number) =>
      load.ask('idle', { protocol, url: server.url, conversations: conversations.slice(from, to), tokens: customers.tokens.slice(from, to) }, GATHER_MS);
    await load.ask('leave', null);
    await open(0, first);
    const before = await server.probe.ask('settle', null);
    const faults = await open(first);
    const after = await server.probe.ask('settle', null);
    const rssPerSocketKb = (after.rssBytes - before.rssBytes) / (sockets - first) / 1_024;
    const heapPerSocketKb = (after.heapBytes - before.heapBytes) / (sockets - first) / 1_024;
    return {
      faults,
      // The heap can grow into pages the process already has, and pages can be held without heap: the larger is what a socket costs.
      figures: { rssPerSocketKb, heapPerSocketKb, memoryPerSocketKb: Math.max(rssPerSocketKb, heapPerSocketKb) },
    };
  } finally {
    await endScene(theatre, servers);
  }
}

export interface TurnWork {
  readonly name: string;
  readonly inFlight: number;
  readonly seconds: number;
}

/** Short answers of a model that thinks for half a second, as models do: 50 are on their way while few cost the gateway anything. */
const TURN = { tokens: 20, tokensPerS: 50, firstTokenMs: 500 };

export async function turns(theatre: Theatre, protocol: Protocol, work: TurnWork): Promise<Measured> {
  const { load, upstream, rows } = theatre;
  const servers = await startServers(theatre, protocol, false, 1);
  const [server] = servers;
  if (!server) throw new Error('no server was started');
  try {
    await upstream.ask('pace', { ...TURN, hold: false });
    const { tokens } = await rows.customers(work.inFlight);
    const crowd = { protocol, writeUrl: server.url, readUrl: server.url, conversations: work.inFlight, readersEach: 1, tokens };
    await load.ask('gather', crowd, GATHER_MS);
    await load.ask('finish', { tokens: TURN.tokens, limitMs: DELIVER_MS }, DELIVER_MS + 10_000);
    // The first runs write their last rows; then a round that warms up what has only run once.
    await pause(1_000);
    await load.ask('turns', { seconds: 3, tokens: TURN.tokens });
    const profiled = protocol === 'parley' ? theatre.profileTo(work.name) : null;
    if (profiled) await server.probe.ask('profile', null);
    const before = await begin(servers);
    const taken = await load.ask('turns', { seconds: work.seconds, tokens: TURN.tokens }, (work.seconds + 60) * 1_000);
    const after = await read(servers);
    if (profiled) await server.probe.ask('profiled', { file: profiled });
    const { faults } = await load.ask('finish', { tokens: TURN.tokens, limitMs: 1_000 });
    return {
      faults,
      figures: {
        cpuPerTurnMs: (after.cpuMs - before.cpuMs) / taken.turns,
        turnsPerS: taken.turns / work.seconds,
        overheadP50Ms: taken.overheadP50Ms,
        overheadP99Ms: taken.overheadP99Ms,
        loopP50Ms: await after.loopP50Ms,
        loopP99Ms: await after.loopP99Ms,
      },
    };
  } finally {
    await endScene(theatre, servers);
  }
}

export interface PlainWork {
  readonly connections: number;
  readonly seconds: number;
}

const QUERY = 'query Customer($id: ID!) { customer(id: $id) { id name email plan status language createdAt } }';
const MUTATION = 'mutation Rename($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id name } } }';
const PLAIN_CUSTOMERS = 100;
const PLAIN_WARM_S = 2;

export async function plain(theatre: Theatre, which: 'yoga' | 'parley', work: PlainWork): Promise<Measured> {
  const { stage, load, rows } = theatre;
  const server = which === 'yoga' ? await startYoga(stage, rows) : await startParley(surroundings(theatre, null), rows);
  try {
    const { ids } = await rows.customers(PLAIN_CUSTOMERS);
    const tokens = [await rows.staffToken()];
    const run = async (bodies: readonly string[], seconds: number) => {
      const before = await begin([server]);
      const url = `${server.url}/graphql`;
      const done = await load.ask('http', { url, tokens, bodies, connections: work.connections, seconds }, (seconds + 30) * 1_000);
      const after = await read([server]);
      return { ...done, cpuMs: after.cpuMs - before.cpuMs };
    };
    const queries = ids.map((id) => JSON.stringify({ query: QUERY, variables: { id } }));
    const mutations = ids.map((customerId, at) => JSON.stringify({ query: MUTATION, variables: { input: { customerId, name: `Dana ${at}` } } }));
    await run(queries, PLAIN_WARM_S);
    await run(mutations, PLAIN_WARM_S);
    const asked = await run(queries, work.seconds);
    const changed = await run(mutations, work.seconds);
    const refused = asked.refused + changed.refused;
    const said = [asked.said, changed.said].filter((text) => text !== '');
    return {
      faults: { lost: 0, doubled: 0, disordered: 0, resets: 0, broken: refused, said },
      figures: {
        queriesPerS: asked.answers / asked.seconds,
        mutationsPerS: changed.answers / changed.seconds,
        cpuPerQueryMs: asked.cpuMs / asked.answers,
        cpuPerMutationMs: changed.cpuMs / changed.answers,
      },
    };
  } finally {
    await server.close();
  }
}

export function surroundings(theatre: Theatre, redisUrl: string | null): Surroundings {
  return { stage: theatre.stage, upstreamUrl: theatre.upstreamUrl, redisUrl };
}

async function startServers(theatre: Theatre, protocol: Protocol, withRedis: boolean, count: number): Promise<readonly Server[]> {
  const redis = withRedis ? await theatre.redis() : null;
  const around = surroundings(theatre, redis?.url ?? null);
  const servers: Server[] = [];
  for (let index = 0; index < count; index += 1) servers.push(protocol === 'relay' ? await startRelay(around) : await startParley(around, theatre.rows));
  // A gateway that does not know REDIS_URL would be measured as something it is not.
  if (redis && (await redis.clients()) === 0) {
    for (const server of servers) await server.close();
    throw new Error('the server was given REDIS_URL and did not connect to it');
  }
  return servers;
}

async function endScene({ load, upstream }: Theatre, servers: readonly Server[]): Promise<void> {
  await load.ask('leave', null);
  await upstream.ask('cut', null);
  for (const server of servers) await server.close();
}

interface Spending {
  readonly cpuMs: number;
}

/** The delays are counted anew as soon as the servers hear of it, which a saturated one does late: nobody waits for that. */
export async function begin(servers: readonly Server[]): Promise<Spending> {
  for (const { probe } of servers) probe.ask('begin', null).catch(() => undefined);
  return { cpuMs: await cpuOf(servers) };
}

/** Time adds up over processes; of delays the worst counts. */
export async function read(servers: readonly Server[]): Promise<Spending & { loopP50Ms: Promise<number>; loopP99Ms: Promise<number> }> {
  const cpuMs = await cpuOf(servers);
  const all = Promise.all(servers.map(({ probe }) => probe.ask('read', null)));
  const worst = async (of: (spent: Spent) => number): Promise<number> => Math.max(...(await all).map(of));
  return { cpuMs, loopP50Ms: worst(({ loopP50Ms }) => loopP50Ms), loopP99Ms: worst(({ loopP99Ms }) => loopP99Ms) };
}

async function cpuOf(servers: readonly Server[]): Promise<number> {
  const all = await Promise.all(servers.map((server) => server.cpuMs()));
  return all.reduce((total, ms) => total + ms, 0);
}

export async function eventually(what: string, ask: () => Promise<boolean>, limitMs = DELIVER_MS): Promise<void> {
  const until = Date.now() + limitMs;
  while (!(await ask())) {
    if (Date.now() > until) throw new Error(`it never came to this: ${what}`);
    await pause(50);
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
