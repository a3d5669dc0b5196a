/**
 * One agent at work on real rows: its file, its tools, the real graph, driver and log, in a conversation of the customer. Who answers
 * is decided by the test; what it answers by the offline model, or, with a script, by the real Anthropic path against the local
 * Messages API. Use one walk per test file and one conversation per test.
 *
 *     const walk = await openAgentWalk({ seed: true });
 *     const { text, tools } = await walk.say({ agentId: 'refund_processor', customerId: walk.demo, text: 'Refund my last payment' });
 *     await walk.say({ agentId, customerId, conversationId, text: 'Yes', script: [{ toolCalls: [{ name: 'issue_refund', input: {} }] }, { text: 'Done.' }] });
 */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Catalog } from '../../src/catalog/agent.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { openRoutingModel } from '../../src/catalog/kept-routing.ts';
import { mintApiKey } from '../../src/identity/api-key-form.ts';
import { createRevocation } from '../../src/identity/revocation.ts';
import { createLocalRouter, reachableAgents } from '../../src/catalog/local-router.ts';
import type { Router } from '../../src/catalog/router.ts';
import { createAgentDesk } from '../../src/desk/agent.ts';
import { createWorkflowRunDesk } from '../../src/desk/workflow-run.ts';
import { createAgentCheck, createAgentRunDesk } from '../../src/desk/agent-run.ts';
import { createApiKeyDesk } from '../../src/desk/api-key.ts';
import { createApprovalDesk } from '../../src/desk/approval.ts';
import { watchApprovals } from '../../src/desk/approval-watch.ts';
import { createScheduleDesk } from '../../src/desk/schedule.ts';
import { createRouteCorrectionDesk } from '../../src/desk/route-correction.ts';
import { createArticleDesk } from '../../src/desk/article.ts';
import { createExportDesk } from '../../src/desk/customer-export.ts';
import { createCustomerTokenDesk } from '../../src/desk/customer-token.ts';
import { createUserDesk } from '../../src/desk/user.ts';
import { createErasureDesk } from '../../src/desk/erasure.ts';
import { createConversationDesk } from '../../src/desk/conversation.ts';
import { createEscalationDesk } from '../../src/desk/escalation.ts';
import { createPresence } from '../../src/desk/presence.ts';
import { createMemoryPresenceRegistry } from '../../src/events/memory-presence-registry.ts';
import { createToolDesk } from '../../src/desk/tool-desk.ts';
import type { Desk } from '../../src/desk/desk.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { createMemoryEventLog } from '../../src/events/memory-event-log.ts';
import { systemClock as clock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import { seedArticles } from '../../src/knowledge/articles.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import { createAnthropicLlm } from '../../src/llm/anthropic-llm.ts';
import type { Llm, LlmRequest } from '../../src/llm/llm.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import { createPatterns } from '../../src/orchestration/patterns.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import { agentsOf, type WorkflowInput } from '../../src/orchestration/workflow-input.ts';
import { createBudgets, NO_LIMITS } from '../../src/runs/budget.ts';
import { createRunDriver } from '../../src/runs/driver.ts';
import { followRun } from '../../src/runs/follow.ts';
import { createCheckpoints, forgetCheckpoints } from '../../src/store/checkpoints.ts';
import type { Database } from '../../src/store/database.ts';
import type { Approval, Run } from '../../src/store/generated/prisma/client.ts';
import { readPolicy, seedPolicy } from '../../src/store/policy.ts';
import { seedDemo } from '../../src/store/seed/seed.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { createTools } from '../../src/tools/tools.ts';
import { createTestDatabase } from './database.ts';
import { startMessagesApi, type MessagesApi, type MessagesBody, type ScriptedReply } from './messages-api.ts';
import { openOperationDesk } from './operations.ts';
import { createTestTokens } from './keys.ts';
import { noWebhooks } from './webhooks.ts';
import { REDACTION } from './redaction.ts';
import { AGENTS, learnedSignals } from './signals.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const ResultText = z.object({ text: z.string().default('') });
const STAFF: Viewer = staffViewer({ userId: 'usr_test', name: 'Sam', role: 'super_admin' });

export interface AgentWalk {
  readonly database: Database;
  readonly desk: Desk;
  readonly catalog: Catalog;
  readonly tools: ReadonlyMap<string, AnyTool>;
  readonly model: MessagesApi;
  /** The demo customer; empty without `seed`. */
  readonly demo: string;
  /** One message and its whole answer. Walks of one file are taken one after the other. */
  say(said: Said): Promise<Walked>;
  /** One message whose answer has to wait for people: resolves when it does. */
  sayUntilItWaits(said: Said): Promise<Waits>;
  /** What becomes of a run that waited. @param script What the model says from here on. */
  goOn(runId: string, script?: readonly ScriptedReply[], meanwhile?: () => Promise<unknown>): Promise<Walked>;
  /** Ends this driver as a killed process would, and begins another on the same rows. */
  anotherProcess(): Promise<void>;
  stop(viewer: Viewer, runId: string): Promise<unknown>;
  /** One look at the approvals, at this moment. */
  look(now: Date): Promise<void>;
  /** Several agents on one question, to the end of the run. */
  together(asked: Together): Promise<WalkedTogether>;
  close(): Promise<void>;
}

export interface Said {
  readonly agentId: string;
  readonly customerId: string;
  readonly text: string;
  /** Left out: a new conversation. */
  readonly conversationId?: string;
  /** Run by its id, outside any conversation, as the desk runs it. */
  readonly alone?: boolean;
  /** What the model says and calls, request by request; without it the offline model answers. */
  readonly script?: readonly ScriptedReply[];
  /** What the model answers to each request, whoever asks; instead of a script. */
  readonly answer?: (body: MessagesBody) => ScriptedReply;
  /** Others that the router thought of: the agent is then its choice and not the test's. */
  readonly candidates?: readonly string[];
}

export interface Together {
  readonly name: string;
  readonly text: string;
  readonly workflow: WorkflowInput;
  /** What the model answers to each request, by the real Anthropic path; without it the offline model answers. */
  readonly answer?: (body: MessagesBody) => ScriptedReply;
}

export interface Waits {
  readonly conversationId: string;
  readonly runId: string;
  readonly approval: Approval;
}

export interface WalkedTogether {
  readonly run: Run;
  readonly events: readonly ParleyEvent[];
}

export interface Walked {
  readonly conversationId: string;
  readonly run: Run;
  /** What the customer reads. */
  readonly text: string;
  /** The tools that the answering agents called, in order of their answers; not those of who checks them. */
  readonly tools: readonly { readonly tool: string; readonly arguments: unknown; readonly summary: string; readonly failed: boolean }[];
  /** Every event of the run, as staff see it. */
  readonly events: readonly ParleyEvent[];
}

export interface AgentWalkOptions {
  /** The demo data: about a hundred customers with their rows. */
  readonly seed?: boolean;
  /** The help articles. */
  readonly articles?: boolean;
}

export async function openAgentWalk({ seed = false, articles = false }: AgentWalkOptions = {}): Promise<AgentWalk> {
  const { database, close: closeDatabase } = await createTestDatabase();
  const model = await startMessagesApi();
  const log = createLogger({ level: 'silent', pretty: false });
  const demo = seed ? (await seedDemo(database, { now: clock.now(), log })).demo.customerId : '';
  await seedPolicy(database);
  if (articles) await seedArticles(database, ARTICLES, clock.now());

  const eventLog = createMemoryEventLog({ clock, historyMs: 600_000, historyEventsMax: 100_000 });
  const jobs = createMemoryJobQueue({ log });
  const signals = createMemorySignalBus({ log });
  const revocation = createRevocation({ database, signals, clock, log });
  const knowledge = createKnowledge({ database, clock });
  const toolDesk = createToolDesk({ database, clock });
  const escalations = createEscalationDesk({ database, log: eventLog, signals, clock, timeZone: 'UTC', redaction: REDACTION });
  const readSignals = await learnedSignals();
  const tools = createTools({
    database,
    readSignals,
    escalations,
    knowledge,
    desk: toolDesk,
    catalog: { get: (id) => catalog.get(id) },
    router: { route: (request, signal) => localRouter.route(request, signal) },
  });
  const catalog = await loadCatalog(AGENTS, { has: (name) => tools.has(name), parseGrant: (name, grant) => void tools.get(name)?.parseGrant(grant) });
  const localRouter: Router = createLocalRouter(catalog, { model: await openRoutingModel(reachableAgents(catalog)) });
  const agents = createAgentDesk({ database, catalog, clock });
  const conversations = createConversationDesk({ database, log: eventLog, jobs, signals, clock, messageCharsMax: 10_000, redaction: REDACTION });
  const presence = createPresence({ database, log: eventLog, registry: createMemoryPresenceRegistry(), clock, logger: log });
  const checkpoints = createCheckpoints(database);
  const workflowRuns = createWorkflowRunDesk({ database, log: eventLog, jobs, agents, clock, redaction: REDACTION });
  const agentRuns = createAgentRunDesk({ database, log: eventLog, jobs, catalog, agents, clock, redaction: REDACTION });
  const routeCorrections = createRouteCorrectionDesk({ database, catalog, clock });
  const desk: Desk = {
    ...toolDesk,
    presence,
    conversations,
    escalations,
    agents,
    approvals: createApprovalDesk({ database, log: eventLog, jobs, clock, redaction: REDACTION }),
    agentRuns,
    workflowRuns,
    schedules: createScheduleDesk({ database, clock, checkStart: createAgentCheck({ catalog, agents, redaction: REDACTION, messageCharsMax: 10_000 }) }),
    routeCorrections,
    articles: createArticleDesk({ database, clock }),
    erasures: createErasureDesk({ database, log: eventLog, signals, revocation, clock }),
    exports: createExportDesk({ database, clock }),
    users: createUserDesk({ database, revocation, clock }),
    apiKeys: createApiKeyDesk({ database, clock, revocation, mint: mintApiKey }),
    customerTokens: createCustomerTokenDesk({ database, clock, sign: createTestTokens(clock).sign }),
    operations: openOperationDesk({ database, signals, clock }),
    partnerWebhooks: noWebhooks({ database, clock }),
  };

  let forced = '';
  let others: readonly string[] = [];
  let speaks: 'offline' | 'agents' | 'all' = 'offline';
  const router: Router = {
    route: async () => ({
      agentId: forced,
      confidence: 1,
      candidates: [forced, ...others].map((agentId) => ({ agentId, confidence: agentId === forced ? 1 : 0.5 })),
      reason: 'The test says so.',
      by: others.length > 0 ? 'local_index' : 'person',
    }),
  };
  const anthropic = createAnthropicLlm({
    apiKey: 'sk-test',
    baseUrl: model.url,
    models: { quick: 'claude-test', balanced: 'claude-test', careful: 'claude-test' },
    tokenGapMs: 10_000,
    clock,
  });
  const offline = createOfflineLlm({ tokensPerS: 0, clock });
  const llm: Llm = {
    name: 'either',
    probe: async () => undefined,
    stream: (request, signal) => (speaks === 'all' || (speaks === 'agents' && !checks(request)) ? anthropic : offline).stream(request, signal),
  };
  const reply = createReply({
    checkpointer: checkpoints,
    llm,
    tools,
    catalog,
    router,
    readSignals,
    historyTokens: 4_000,
    answerTokensMax: 1_000,
    stepMs: 20_000,
    redaction: REDACTION,
    expectedWait: escalations.expected,
    disabledAgents: () => agents.disabled(),
    policy: () => readPolicy(database),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const makeDriver = () =>
    createRunDriver({
      database,
      escalations,
      approvals: desk.approvals,
      budgets: createBudgets({ database, logger: log, limits: NO_LIMITS }),
      log: eventLog,
      jobs,
      signals,
      clock,
      reply,
      patterns: createPatterns({
        llm,
        tools,
        catalog,
        historyTokens: 4_000,
        answerTokensMax: 1_000,
        stepMs: 20_000,
        redaction: REDACTION,
        sleep: (ms, signal) => clock.sleep(ms, signal),
        checkpointer: checkpoints,
      }),
      forget: (runId, whole) => forgetCheckpoints(checkpoints, database, runId, whole),
      knowledge,
      logger: log,
      instanceId: newId('inst'),
      runMs: 30_000,
      runsAtOnce: 4,
      report: () => undefined,
    });
  let driver = makeDriver();
  driver.start();

  async function begin({ agentId, customerId, text, conversationId, alone = false, script, answer, candidates = [] }: Said): Promise<Run> {
    if (!catalog.get(agentId)) throw new Error(`there is no agent ${agentId}`);
    forced = agentId;
    others = candidates;
    speaks = answer ? 'all' : script ? 'agents' : 'offline';
    if (answer) model.otherwise(answer);
    if (script) model.script(...script);
    const viewer: Viewer = { kind: 'customer', customerId };
    const { run } = alone
      ? await agentRuns.start(STAFF, { agentId, customerId, text })
      : conversationId
        ? await conversations.post(viewer, { conversationId, text })
        : await conversations.start(viewer, { text });
    if (!run) throw new Error('nobody answers this message');
    return run;
  }

  async function waits(said: Said): Promise<Waits> {
    const { id: runId } = await begin(said);
    const waiting = async () => (await database.run.findUniqueOrThrow({ where: { id: runId } })).status;
    await expect.poll(waiting, { timeout: 10_000, interval: 20 }).toBe('waiting');
    const approval = await database.approval.findFirstOrThrow({ where: { runId, status: 'pending' } });
    return { conversationId: approval.conversationId ?? '', runId, approval };
  }

  async function walkOn(runId: string): Promise<Walked> {
    const { run: ended, events } = await toItsEnd(runId);
    const said = await database.message.findFirst({ where: { runId, role: 'agent' } });
    return {
      conversationId: ended.conversationId ?? '',
      run: ended,
      text: said?.text ?? ResultText.parse(ended.result ?? {}).text,
      tools: toolsOf(events),
      events,
    };
  }

  async function together({ name, text, workflow, answer }: Together): Promise<WalkedTogether> {
    speaks = answer ? 'all' : 'offline';
    if (answer) model.otherwise(answer);
    const { run } = await workflowRuns.start(STAFF, { name, text, workflow, agentIds: agentsOf(workflow), customerId: demo });
    return toItsEnd(run.id);
  }

  async function toItsEnd(runId: string): Promise<WalkedTogether> {
    const events: ParleyEvent[] = [];
    const following = await followRun({ database, log: eventLog, clock }, STAFF, runId, undefined, AbortSignal.timeout(60_000));
    for await (const entry of following) if (entry.kind === 'event') events.push(entry.event);
    return { run: await database.run.findUniqueOrThrow({ where: { id: runId } }), events };
  }

  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  }

  return {
    database,
    desk,
    catalog,
    tools,
    model,
    demo,
    say: (said) => inTurn(async () => walkOn((await begin(said)).id)),
    sayUntilItWaits: (said) => inTurn(() => waits(said)),
    goOn: (runId, script = [], meanwhile = async () => undefined) =>
      inTurn(async () => {
        speaks = 'agents';
        model.script(...script);
        const [walked] = await Promise.all([walkOn(runId), meanwhile()]);
        return walked;
      }),
    async anotherProcess() {
      await driver.close(0);
      driver = makeDriver();
      driver.start();
    },
    stop: (viewer, runId) => driver.stop(viewer, runId),
    look: (now) => watchApprovals({ database, log: eventLog, jobs, clock: { now: () => now, sleep: () => Promise.resolve() } }, AbortSignal.timeout(10_000)),
    together: (asked) => inTurn(() => together(asked)),
    async close() {
      await driver.close(0);
      await jobs.close();
      await eventLog.close();
      await anthropic.close();
      await model.close();
      await closeDatabase();
    },
  };
}

function toolsOf(events: readonly ParleyEvent[]): Walked['tools'] {
  const asked = new Map(events.flatMap((event) => (event.type === 'ToolCalled' ? [[event.callId, event.arguments] as const] : [])));
  return events.flatMap((event) =>
    event.type === 'ToolReturned' && /^agent(?:\/|$)/.test(event.step)
      ? [{ tool: event.tool, arguments: asked.get(event.callId), summary: event.summary, failed: event.failed }]
      : [],
  );
}

/** Who checks an agent's answer says what its tools compute: scripts are written for the agent. */
function checks({ tools }: LlmRequest): boolean {
  return tools.some(({ name }) => name === 'give_findings');
}
