/**
 * Opens everything in order and closes it in reverse: database, log, jobs, agents, model, desk, runs, doors. One function, so that
 * tests start the very thing that main.ts starts. Reads no environment and ends no process.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Catalog } from './catalog/agent.ts';
import { loadCatalog } from './catalog/load-catalog.ts';
import { openRoutingModel } from './catalog/kept-routing.ts';
import { createLocalRouter, reachableAgents } from './catalog/local-router.ts';
import type { Router } from './catalog/router.ts';
import type { Config } from './config.ts';
import { createPages } from './console/pages.ts';
import { createAgentDesk } from './desk/agent.ts';
import { createEscalationDesk } from './desk/escalation.ts';
import { createOutboxDelivery, type OutboxDeliveryDeps } from './desk/deliver-outbox.ts';
import { createFileTransport, createHttpTransport } from './desk/outbox-transport.ts';
import { createToolDesk } from './desk/tool-desk.ts';
import { createOperationLookup } from './desk/operation-lookup.ts';
import { createOperationUsage } from './desk/operation-usage.ts';
import type { Inspect, OperationDesk } from './desk/registered-operation.ts';
import { createPresence } from './desk/presence.ts';
import { mailPurpose, openCallers, openCredentials } from './credentials.ts';
import { openDelivery } from './delivery.ts';
import { openDemo, writeDemo, type Demo } from './development.ts';
import type { Clock } from './foundation/clock.ts';
import { newId } from './foundation/ids.ts';
import type { SignalBus } from './jobs/signal-bus.ts';
import type { Logger } from './foundation/logger.ts';
import { createInspect } from './gateway/inspect-operation.ts';
import type { Call } from './gateway/operations.ts';
import { publishedKeysPage } from './gateway/published-keys.ts';
import { createRateLimiter, type RateLimiter } from './gateway/rate-limiter.ts';
import { createGateway } from './gateway/server.ts';
import { PUBLISHED_S } from './identity/key-set.ts';
import { createKnowledge } from './knowledge/article-search.ts';
import { createAnthropicLlm } from './llm/anthropic-llm.ts';
import type { Llm } from './llm/llm.ts';
import { createOfflineLlm } from './llm/offline-llm.ts';
import { loadNamedWorkflows } from './orchestration/named-workflows.ts';
import { createBudgets } from './runs/budget.ts';
import { createRunDriver, type RunDriver } from './runs/driver.ts';
import { conversationHead, followConversation, followEscalations, followRun, type FollowDeps } from './runs/follow.ts';
import type { Runs } from './runs/runs.ts';
import type { Context } from './schema/builder.ts';
import { schema } from './schema/schema.ts';
import { openDatabase, probe, type Database } from './store/database.ts';
import { openEmbeddedPostgres } from './store/embedded-postgres.ts';
import { migrate } from './store/migrate.ts';
import { openSignalReader } from './orchestration/understand/kept-signals.ts';
import { quietLog } from './quiet-log.ts';
import { seedPolicy } from './store/policy.ts';
import { createTools, type ToolDeps } from './tools/tools.ts';
import { openDesk, openWork } from './house.ts';
import { registerOwn, reportOutdated } from './own-operations.ts';
import { startRounds } from './rounds.ts';
import { openWebhooks } from './webhooks.ts';

export interface ParleyDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly captureException: (error: unknown, context: Readonly<Record<string, string>>) => void;
}

export interface Parley {
  readonly url: string;
  readonly port: number;
  /** `anthropic` or `offline`. */
  readonly model: string;
  readonly agents: number;
  /** Null in production. */
  readonly demo: Demo | null;
  /** False while another instance on this database owns the conversations (and there is no Redis to share them). */
  readonly isHome: boolean;
  /** Ready no more at once; runs finish or go back to the queue within the drain time; then the doors close. May be called twice. */
  close(): Promise<void>;
}

const AGENTS = fileURLToPath(new URL('../agents', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../package.json', import.meta.url));
const CONNECT_MS = 5_000;
const STATEMENT_MS = 15_000;
/** How long readers may take, once no run is active, to hear the end of the last answers. */
const HEARD_MS = 1_000;
/** What is still due in the outbox gets this long on leaving. */
const OUTBOX_MS = 5_000;
/** What closing the doors may take once no run is active. */
const DOORS_MS = 5_000;

/**
 * How long what was read of a registered operation is good for. Instances tell each other of changes through Redis, where a word may
 * get lost; without it, another one on the same database hears of nothing.
 */
const OPERATION_KEPT_MS = 10_000;
const OPERATION_ALONE_MS = 1_000;

const ANY_TOOL = { has: () => true, parseGrant: () => undefined };

type Close = () => Promise<void> | void;

export async function startParley(deps: ParleyDeps): Promise<Parley> {
  const opened: Close[] = [];
  let closing: Promise<void> | null = null;
  const close = () => (closing ??= closeInReverse(opened, deps.log));
  try {
    return await open(deps, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open({ config, log: bareLog, clock, captureException }: ParleyDeps, opened: Close[], close: () => Promise<void>): Promise<Parley> {
  const { redaction } = config;
  const log = quietLog(bareLog, redaction);
  const { learning, hearing } = await startLearning();
  const databaseUrl = await openPostgres(config, log, opened);
  await migrate({ url: databaseUrl, log });
  const database = openRows(databaseUrl, config, log, opened);
  await seedPolicy(database);
  const credentials = await openCredentials({ config, database, clock, log }, opened);
  const demo = config.production ? null : await openDemo({ database, databaseUrl, tokens: credentials.tokens, clock, log, dataDir: config.dataDir });

  const delivery = await openDelivery({ config, databaseUrl, log, clock, opened });
  const { jobs, signals } = delivery;
  const webhooks = await openWebhooks({ config, database, eventLog: delivery.eventLog, clock, log, opened });
  const { eventLog } = webhooks;
  const unseal = (text: string, id: string) => credentials.seal.open(text, mailPurpose(id));
  if (config.role !== 'gateway') openOutbox(config, { database, clock, log, unseal }, opened);
  const { revocation, accounts, authenticate } = openCallers({ ...credentials, config, database, signals, clock, log }, opened);
  const presence = createPresence({ database, log: eventLog, registry: delivery.presence, clock, logger: log });
  opened.push(() => presence.close());

  const llm = openModel(config, clock, opened);
  const knowledge = createKnowledge({ database, clock });
  const toolDesk = createToolDesk({ database, clock });
  const escalations = createEscalationDesk({ database, log: eventLog, signals, clock, timeZone: config.deskTimeZone, redaction });
  const readSignals = await hearing;
  const { tools, catalog, router, workflows, agents } = await openAgents({ database, clock, readSignals, escalations, knowledge, desk: toolDesk }, learning);
  const inspect = createInspect(schema, config.limits);
  const desk = openDesk({
    config,
    database,
    log: eventLog,
    jobs,
    signals,
    clock,
    catalog,
    workflows,
    agents,
    presence,
    escalations,
    toolDesk,
    inspect,
    revocation,
    sign: credentials.tokens.sign,
    partnerWebhooks: webhooks.desk,
  });

  const { runMs, runsAtOnce, drainMs } = config.limits;
  const work = openWork({ config, database, clock, llm, tools, catalog, router, readSignals, agents, expectedWait: escalations.expected });
  const budgets = createBudgets({ database, logger: log, limits: config.budgets, tokenLimits: config.tokenBudgets });
  const driver = createRunDriver({
    database,
    budgets,
    escalations,
    approvals: desk.approvals,
    log: eventLog,
    jobs,
    signals,
    clock,
    ...work,
    knowledge,
    logger: log,
    instanceId: newId('inst'),
    runMs,
    runsAtOnce,
    report: captureException,
  });
  const runs = joinRuns(driver, { database, log: eventLog, clock });

  const shared = { database, accounts, desk, runs, catalog, workflows, router, knowledge, messageCharsMax: config.limits.messageCharsMax };
  const operations = await openOperations({ config, database, signals, clock, log, inspect, desk: desk.operations }, opened);
  const contextOf = (call: Call): Context => ({ ...call, ...shared });
  webhooks.start(contextOf);
  const gateway = createGateway({
    ...operations,
    host: config.host,
    port: config.port,
    version: await readVersion(),
    publicUrl: config.publicUrl,
    allowedOrigins: config.allowedOrigins,
    limits: config.limits,
    trustedProxies: config.trustedProxies,
    rates: openRates(config, log, opened),
    schema,
    contextOf,
    onFollowed: presence.follow,
    authenticate,
    revocation,
    probes: { database: (signal) => probe(database, signal), eventLog: (signal) => eventLog.probe(signal), model: (signal) => llm.probe(signal) },
    healthOnly: config.role === 'worker',
    pages: [...(await makePages(demo, llm, catalog)), publishedKeysPage(credentials.keys.published, PUBLISHED_S)],
    externalSignIns: accounts.external,
    graphiqlHeaders: config.graphiql ? (demo ? { Authorization: `Bearer ${demo.credentials.customerToken}` } : {}) : null,
    clock,
    log,
    captureException,
  });
  opened.push(() => gateway.close(DOORS_MS));
  if (config.role !== 'gateway') driver.start();
  delivery.onAlone(() => driver.adopt());
  opened.push(async () => {
    await driver.close(drainMs);
    // What the last answers said is on its way to their readers.
    await delivery.caughtUp(AbortSignal.timeout(HEARD_MS));
  });
  if (config.role !== 'gateway') startRounds({ database, clock, log, eventLog, jobs, config, budgets }, opened);
  const { port, url } = await gateway.listen();
  opened.push(() => gateway.drain(drainMs));
  // Whoever tries things out does not go to a process that takes no clients.
  if (demo && config.role !== 'worker') await writeDemo(config.dataDir, demo.credentials, url);
  return { url, port, model: llm.name, agents: catalog.agents.length, demo, isHome: delivery.isHome(), close };
}

type AgentsDeps = Omit<ToolDeps, 'catalog' | 'router'> & { readonly clock: Clock };

/** The agents, what they can do, who gets which message, and which of them are switched off. */
async function openAgents({ clock, ...deps }: AgentsDeps, learning: ReturnType<typeof openRoutingModel>) {
  const tools = createTools({
    ...deps,
    catalog: { get: (id) => catalog.get(id) },
    router: { route: (request, signal) => router.route(request, signal) },
  });
  const catalog = await loadCatalog(AGENTS, { has: (name) => tools.has(name), parseGrant: (name, grant) => void tools.get(name)?.parseGrant(grant) });
  const router: Router = createLocalRouter(catalog, { model: await learning });
  const workflows = await loadNamedWorkflows(AGENTS, { has: (id) => catalog.get(id) !== null });
  const agents = createAgentDesk({ database: deps.database, catalog, clock });
  return { tools, catalog, router, workflows, agents };
}

/** What the schema may ask of runs: to end them, and to follow what they and others tell. */
function joinRuns(driver: RunDriver, follow: FollowDeps): Runs {
  return Object.freeze<Runs>({
    stop: driver.stop,
    followConversation: (viewer, id, after, signal) => followConversation(follow, viewer, id, after, signal),
    followRun: (viewer, id, after, signal) => followRun(follow, viewer, id, after, signal),
    followEscalations: (viewer, after, signal) => followEscalations(follow, viewer, after, signal),
    conversationHead: (id) => conversationHead(follow, id),
  });
}

/** Both take seconds after a change of the examples, in threads of their own; the tools that agents are granted are checked later. */
async function startLearning() {
  const spokenTo = reachableAgents(await loadCatalog(AGENTS, ANY_TOOL));
  const learning = openRoutingModel(spokenTo);
  learning.catch(() => undefined);
  const hearing = openSignalReader(AGENTS, spokenTo);
  hearing.catch(() => undefined);
  return { learning, hearing };
}

async function openPostgres(config: Config, log: Logger, opened: Close[]): Promise<string> {
  if (config.databaseUrl) return config.databaseUrl;
  const postgres = await openEmbeddedPostgres({ dataDir: config.dataDir, log });
  opened.push(() => postgres.leave());
  return postgres.url;
}

function openRates({ rateLimits, redisUrl }: Config, log: Logger, opened: Close[]): RateLimiter | null {
  if (!rateLimits) return null;
  const rates = createRateLimiter({ redisUrl, log });
  opened.push(() => rates.close());
  return rates;
}

function openRows(url: string, config: Config, log: Logger, opened: Close[]): Database {
  const onConnectionLost = (error: Error) => log.warn({ err: error }, 'a database connection was lost');
  const limits = { connectionsMax: config.databaseConnections, connectMs: CONNECT_MS, statementMs: STATEMENT_MS };
  const database = openDatabase({ url, ...limits, onConnectionLost });
  opened.push(() => database.$disconnect());
  return database;
}

interface OperationsDeps {
  readonly config: Config;
  readonly database: Database;
  readonly signals: SignalBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly inspect: Inspect;
  readonly desk: OperationDesk;
}

/** What the doors need of registered operations. */
async function openOperations({ config, database, signals, clock, log, inspect, desk }: OperationsDeps, opened: Close[]) {
  await registerOwn(desk, inspect);
  const registered = createOperationLookup({ database, signals, clock, keptMs: config.redisUrl === null ? OPERATION_ALONE_MS : OPERATION_KEPT_MS });
  opened.push(() => registered.close());
  const usage = createOperationUsage({ database, clock, log });
  opened.push(() => usage.close());
  opened.push(reportOutdated(database, inspect, log));
  return { registered, allowArbitrary: config.allowArbitraryOperations, onOperation: usage.count };
}

function makePages(demo: Demo | null, llm: Llm, catalog: Catalog): ReturnType<typeof createPages> {
  const credentials = demo?.credentials ?? null;
  return createPages({ development: demo !== null, demo: credentials, modelName: llm.name, agents: catalog.agents.length, articles: demo?.articles ?? null });
}

/** Closes after the runs have: what their last steps wrote still goes out. */
function openOutbox(config: Config, deps: Omit<OutboxDeliveryDeps, 'transport'>, opened: Close[]): void {
  const { outbox } = config;
  if (outbox === null && config.production) {
    deps.log.warn('OUTBOX_URL is not set: mail, charges, refunds and orders to the product wait in the outbox');
    return;
  }
  const transport = outbox === null ? createFileTransport(join(config.dataDir, 'outbox.jsonl')) : createHttpTransport(outbox.url, outbox.token);
  const delivery = createOutboxDelivery({ ...deps, transport });
  delivery.start();
  opened.push(() => delivery.close(OUTBOX_MS));
}

function openModel(config: Config, clock: Clock, opened: Close[]): Llm {
  if (!config.anthropic) return createOfflineLlm({ tokensPerS: config.offlineTokensPerS, clock });
  const llm = createAnthropicLlm({ ...config.anthropic, models: config.models, tokenGapMs: config.modelTokenGapMs, clock });
  opened.push(() => llm.close());
  return llm;
}

async function readVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string };
  return version;
}

/** What opened last closes first; one that fails to close does not keep the others open. */
async function closeInReverse(opened: Close[], log: Logger): Promise<void> {
  for (const close of opened.splice(0).toReversed()) {
    try {
      await close();
    } catch (error) {
      log.error({ err: error }, 'something did not close');
    }
  }
}
