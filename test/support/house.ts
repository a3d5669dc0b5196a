/**
 * The floors below the schema, wired as main.ts wires them, on a database of the test's own: real rows, real log, real graph. Only
 * the model is the test's. Agents: two small ones made here, so that these tests do not change when an agent file does.
 */
import { createMemoryPresenceRegistry } from '../../src/events/memory-presence-registry.ts';
import { newId } from '../../src/foundation/ids.ts';
import { systemClock, type Clock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import type { Agent, Catalog } from '../../src/catalog/agent.ts';
import type { Router } from '../../src/catalog/router.ts';
import { createAgentDesk } from '../../src/desk/agent.ts';
import { createWorkflowRunDesk } from '../../src/desk/workflow-run.ts';
import { createAgentCheck, createAgentRunDesk } from '../../src/desk/agent-run.ts';
import { createApiKeyDesk } from '../../src/desk/api-key.ts';
import { createApprovalDesk } from '../../src/desk/approval.ts';
import { createScheduleDesk } from '../../src/desk/schedule.ts';
import type { RunCaps } from '../../src/desk/run-caps.ts';
import { createRouteCorrectionDesk } from '../../src/desk/route-correction.ts';
import { createArticleDesk } from '../../src/desk/article.ts';
import { createPresence } from '../../src/desk/presence.ts';
import { createConversationDesk } from '../../src/desk/conversation.ts';
import { createExportDesk } from '../../src/desk/customer-export.ts';
import { createCustomerTokenDesk } from '../../src/desk/customer-token.ts';
import { createUserDesk } from '../../src/desk/user.ts';
import { createErasureDesk } from '../../src/desk/erasure.ts';
import { createEscalationDesk } from '../../src/desk/escalation.ts';
import type { Desk } from '../../src/desk/desk.ts';
import type { PartnerWebhookDesk } from '../../src/desk/partner-webhook.ts';
import { createToolDesk } from '../../src/desk/tool-desk.ts';
import type { EventLog } from '../../src/events/event-log.ts';
import { createMemoryEventLog, type MemoryEventLog } from '../../src/events/memory-event-log.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import type { Accounts } from '../../src/identity/account.ts';
import { mintApiKey } from '../../src/identity/api-key-form.ts';
import type { Llm } from '../../src/llm/llm.ts';
import type { NamedWorkflow, NamedWorkflows } from '../../src/orchestration/named-workflows.ts';
import { createPatterns } from '../../src/orchestration/patterns.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { SignalReader } from '../../src/orchestration/understand/signal-model.ts';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import { createBudgets, NO_LIMITS } from '../../src/runs/budget.ts';
import type { BudgetLimits } from '../../src/runs/budget-ledger.ts';
import { createRunDriver, type RunDriver } from '../../src/runs/driver.ts';
import { conversationHead, followConversation, followEscalations, followRun } from '../../src/runs/follow.ts';
import type { Runs } from '../../src/runs/runs.ts';
import { createCheckpoints, forgetCheckpoints } from '../../src/store/checkpoints.ts';
import type { Database } from '../../src/store/database.ts';
import { readPolicy } from '../../src/store/policy.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openTestAccounts } from './accounts.ts';
import { createTestDatabase } from './database.ts';
import { openOperationDesk } from './operations.ts';
import { REDACTION } from './redaction.ts';
import { NO_SIGNALS } from './signals.ts';
import { noWebhooks } from './webhooks.ts';

export const STAFF: Viewer = staffViewer({ userId: 'usr_test', name: 'Sam', role: 'admin' });

export const SUPER: Viewer = staffViewer({ userId: 'usr_super', name: 'Ruth', role: 'super_admin' });

export interface House {
  readonly database: Database;
  readonly log: MemoryEventLog;
  readonly accounts: Accounts;
  readonly desk: Desk;
  readonly runs: Runs;
  readonly driver: RunDriver;
  readonly catalog: Catalog;
  readonly workflows: NamedWorkflows;
  /** Another driver on the same rows and log, as a second life of the process. */
  anotherDriver(llm: Llm): RunDriver;
  addCustomer(partnerId?: string): Promise<{ customerId: string; viewer: Viewer }>;
  /** Resolves when the run's row has ended. */
  ended(runId: string): Promise<void>;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly llm: Llm;
  readonly tools?: ReadonlyMap<string, AnyTool>;
  /** Without: nobody is ever needed. */
  readonly readSignals?: SignalReader;
  readonly runMs?: number;
  readonly stepMs?: number;
  readonly historyTokens?: number;
  /** None without. */
  readonly budgets?: BudgetLimits;
  readonly tokenBudgets?: BudgetLimits;
  /** False leaves jobs unhandled until `driver.start()`. */
  readonly started?: boolean;
  /** A third agent, to which no customer's message is routed. */
  readonly innerAgent?: boolean;
  /** More agents by these ids, for workflows. */
  readonly cast?: readonly string[];
  readonly workflows?: readonly NamedWorkflow[];
  /** No bounds without. */
  readonly runCaps?: RunCaps;
  readonly report?: (error: unknown) => void;
  /** The time of desk, log, jobs and driver; that of the system without. */
  readonly clock?: Clock;
  /** False while another process owns the conversations of this database. */
  readonly available?: () => boolean;
  /** Another log around this one, for all who tell something, and the verbs that go with it; nobody is sent anything without. */
  readonly webhooks?: (deps: { readonly database: Database; readonly log: EventLog; readonly clock: Clock }) => HouseWebhooks;
}

export interface HouseWebhooks {
  readonly log: EventLog;
  readonly desk: PartnerWebhookDesk;
}

function agent(id: string, tools: Agent['tools']): Agent {
  return {
    id,
    tier: 'essential',
    domain: 'support/test',
    title: id.replace('_', ' '),
    role: 'specialist',
    description: `Does ${id}. Use when testing.`,
    model: 'quick',
    tools,
    handsOverTo: [],
    examples: [],
    notFor: [],
    utterances: [],
    reachable: true,
    riskArea: null,
    job: `Do ${id}.`,
    prompt: `You are ${id}.`,
    file: `essential/support/test/${id}.md`,
  };
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const { database, close: closeDatabase } = await createTestDatabase();
  const clock = options.clock ?? systemClock;
  const logger = createLogger({ level: 'silent', pretty: false });
  const memoryLog = createMemoryEventLog({
    clock,
    historyMs: 60_000,
    historyEventsMax: 10_000,
    ...(options.available ? { available: options.available } : {}),
  });
  const webhooks = options.webhooks?.({ database, log: memoryLog, clock });
  const log = webhooks?.log ?? memoryLog;
  const jobs = createMemoryJobQueue({ log: logger, clock });
  const signals = createMemorySignalBus({ log: logger });
  const grants = Object.fromEntries([...(options.tools?.keys() ?? [])].map((name) => [name, {}]));
  const agents = [
    agent('first_agent', grants),
    agent('second_agent', {}),
    ...(options.innerAgent ? [{ ...agent('inner_agent', {}), reachable: false }] : []),
    ...(options.cast ?? []).map((id) => agent(id, grants)),
  ];
  const catalog: Catalog = { agents, domains: new Map(), get: (id) => agents.find((one) => one.id === id) ?? null };
  const router: Router = {
    async route({ text, enabled }) {
      const agentId = text.includes('second') || !enabled('first_agent') ? 'second_agent' : 'first_agent';
      return { agentId, confidence: 0.9, candidates: [{ agentId, confidence: 0.9 }], reason: `The text points to ${agentId}.`, by: 'local_index' };
    },
  };
  const agentDesk = createAgentDesk({ database, catalog, clock });
  const escalations = createEscalationDesk({ database, log, signals, clock, timeZone: 'UTC', redaction: REDACTION });
  const { accounts, revocation, tokens, close: closeAccounts } = openTestAccounts({ database, clock, signals });
  const caps = options.runCaps ? { runCaps: options.runCaps } : {};
  const desk: Desk = {
    presence: createPresence({ database, log, registry: createMemoryPresenceRegistry(), clock, logger }),
    conversations: createConversationDesk({ database, log, jobs, signals, clock, messageCharsMax: 1_000, redaction: REDACTION, ...caps }),
    escalations,
    ...createToolDesk({ database, clock }),
    approvals: createApprovalDesk({ database, log, jobs, clock, redaction: REDACTION }),
    agents: agentDesk,
    agentRuns: createAgentRunDesk({ database, log, jobs, catalog, agents: agentDesk, clock, redaction: REDACTION, ...caps }),
    workflowRuns: createWorkflowRunDesk({ database, log, jobs, agents: agentDesk, clock, redaction: REDACTION, ...caps }),
    schedules: createScheduleDesk({
      database,
      clock,
      checkStart: createAgentCheck({ catalog, agents: agentDesk, redaction: REDACTION, messageCharsMax: 1_000 }),
    }),
    routeCorrections: createRouteCorrectionDesk({ database, catalog, clock }),
    articles: createArticleDesk({ database, clock }),
    erasures: createErasureDesk({ database, log, signals, revocation, clock }),
    exports: createExportDesk({ database, clock }),
    users: createUserDesk({ database, revocation, clock }),
    apiKeys: createApiKeyDesk({ database, clock, revocation, mint: mintApiKey }),
    customerTokens: createCustomerTokenDesk({ database, clock, sign: tokens.sign }),
    operations: openOperationDesk({ database, signals, clock }),
    partnerWebhooks: webhooks?.desk ?? noWebhooks({ database, clock }),
  };
  const checkpoints = createCheckpoints(database);
  const makeDriver = (llm: Llm, queue = jobs) =>
    createRunDriver({
      database,
      escalations,
      approvals: desk.approvals,
      budgets: createBudgets({ database, logger, limits: options.budgets ?? NO_LIMITS, tokenLimits: options.tokenBudgets }),
      log,
      jobs: queue,
      signals,
      clock,
      logger,
      knowledge: { recordUse: async () => undefined },
      instanceId: newId('inst'),
      runMs: options.runMs ?? 30_000,
      runsAtOnce: 20,
      random: () => 0,
      report: options.report ?? (() => undefined),
      patterns: createPatterns({
        llm,
        tools: options.tools ?? new Map(),
        catalog,
        historyTokens: 4_000,
        answerTokensMax: 500,
        stepMs: options.stepMs ?? 20_000,
        redaction: REDACTION,
        sleep: (ms, signal) => clock.sleep(ms, signal),
        checkpointer: checkpoints,
      }),
      forget: (runId, whole) => forgetCheckpoints(checkpoints, database, runId, whole),
      reply: createReply({
        checkpointer: checkpoints,
        llm,
        tools: options.tools ?? new Map(),
        historyTokens: options.historyTokens ?? 4_000,
        answerTokensMax: 500,
        stepMs: options.stepMs ?? 20_000,
        catalog,
        router,
        redaction: REDACTION,
        readSignals: options.readSignals ?? NO_SIGNALS,
        expectedWait: escalations.expected,
        disabledAgents: () => desk.agents.disabled(),
        policy: () => readPolicy(database),
        sleep: (ms, signal) => clock.sleep(ms, signal),
      }),
    });
  const driver = makeDriver(options.llm);
  if (options.started !== false) driver.start();
  const follow = { database, log, clock };
  const drivers = [driver];
  return {
    database,
    log: memoryLog,
    accounts,
    desk,
    driver,
    catalog,
    workflows: { all: options.workflows ?? [], get: (id) => options.workflows?.find((one) => one.id === id) ?? null },
    runs: {
      stop: driver.stop,
      followConversation: (...args) => followConversation(follow, ...args),
      followRun: (...args) => followRun(follow, ...args),
      followEscalations: (...args) => followEscalations(follow, ...args),
      conversationHead: (id) => conversationHead(follow, id),
    },
    anotherDriver(llm) {
      const other = makeDriver(llm, createMemoryJobQueue({ log: logger, clock }));
      drivers.push(other);
      return other;
    },
    async addCustomer(partnerId) {
      const customerId = newId('cus');
      if (partnerId) await database.partner.upsert({ where: { id: partnerId }, create: { id: partnerId, name: 'Partner' }, update: {} });
      await database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes', partnerId: partnerId ?? null } });
      return { customerId, viewer: { kind: 'customer', customerId } };
    },
    async ended(runId) {
      const run = await database.run.findUniqueOrThrow({ where: { id: runId } });
      if (run.finishedAt) return;
      const iterator = await followRun(follow, STAFF, runId, undefined, AbortSignal.timeout(20_000));
      for await (const entry of iterator) if (entry.kind === 'reset') throw new Error('the history of the run is gone');
    },
    async close() {
      for (const one of drivers) await one.close(0);
      await closeAccounts();
      await jobs.close();
      await log.close();
      await closeDatabase();
    },
  };
}
