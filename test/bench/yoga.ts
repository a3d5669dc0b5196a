/**
 * Stock Yoga with the same schema, the same rows and the same tokens, as its documentation sets it up: what plain queries and
 * mutations are measured against. None of Parley's doors, limits, caches or logs.
 */
import { mintApiKey } from '../../src/identity/api-key-form.ts';
import { createRevocation } from '../../src/identity/revocation.ts';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createYoga } from 'graphql-yoga';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { openRoutingModel } from '../../src/catalog/kept-routing.ts';
import { createLocalRouter, reachableAgents } from '../../src/catalog/local-router.ts';
import { createAgentDesk } from '../../src/desk/agent.ts';
import { createWorkflowRunDesk } from '../../src/desk/workflow-run.ts';
import { loadNamedWorkflows } from '../../src/orchestration/named-workflows.ts';
import { createAgentCheck, createAgentRunDesk } from '../../src/desk/agent-run.ts';
import { createApiKeyDesk } from '../../src/desk/api-key.ts';
import { createApprovalDesk } from '../../src/desk/approval.ts';
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
import { createMemoryEventLog } from '../../src/events/memory-event-log.ts';
import { systemClock as clock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import type { Runs } from '../../src/runs/runs.ts';
import type { Context } from '../../src/schema/builder.ts';
import { schema } from '../../src/schema/schema.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createTools } from '../../src/tools/tools.ts';
import { openOperationDesk } from '../support/operations.ts';
import { noWebhooks } from '../support/webhooks.ts';
import { openTestAccounts } from '../support/accounts.ts';
import { tokensOf } from '../support/keys.ts';
import { REDACTION } from '../support/redaction.ts';
import { AGENTS, learnedSignals } from '../support/signals.ts';

const MESSAGE_CHARS_MAX = 10_000;

const log = createLogger({ level: 'error', pretty: false });
const database = openDatabase({
  url: process.env['DATABASE_URL'] ?? '',
  connectionsMax: Number(process.env['DATABASE_CONNECTIONS']),
  connectMs: 5_000,
  statementMs: 15_000,
});
const tokens = tokensOf(database, process.env['JWT_SECRET'] ?? '');
const toolDesk = createToolDesk({ database, clock });
const knowledge = createKnowledge({ database, clock });
const eventLog = createMemoryEventLog({ clock, historyMs: 60_000, historyEventsMax: 100 });
const signals = createMemorySignalBus({ log });
const revocation = createRevocation({ database, signals, clock, log });
const escalations = createEscalationDesk({ database, log: eventLog, signals, clock, timeZone: 'UTC', redaction: REDACTION });
const readSignals = await learnedSignals();
const tools = createTools({
  database,
  readSignals,
  escalations,
  knowledge,
  desk: toolDesk,
  catalog: { get: (id) => catalog.get(id) },
  router: { route: (request, signal) => router.route(request, signal) },
});
const catalog = await loadCatalog(AGENTS, { has: (name) => tools.has(name), parseGrant: (name, grant) => void tools.get(name)?.parseGrant(grant) });
const router = createLocalRouter(catalog, { model: await openRoutingModel(reachableAgents(catalog)) });
const conversations = createConversationDesk({
  database,
  log: eventLog,
  jobs: createMemoryJobQueue({ log }),
  signals,
  clock,
  messageCharsMax: MESSAGE_CHARS_MAX,
  redaction: REDACTION,
});
const presence = createPresence({ database, log: eventLog, registry: createMemoryPresenceRegistry(), clock, logger: log });
const agents = createAgentDesk({ database, catalog, clock });
const shared = {
  database,
  accounts: openTestAccounts({ database, clock }).accounts,
  desk: {
    ...toolDesk,
    presence,
    conversations,
    escalations,
    agents,
    approvals: createApprovalDesk({ database, log: eventLog, jobs: createMemoryJobQueue({ log }), clock, redaction: REDACTION }),
    agentRuns: createAgentRunDesk({ database, log: eventLog, jobs: createMemoryJobQueue({ log }), catalog, agents, clock, redaction: REDACTION }),
    workflowRuns: createWorkflowRunDesk({ database, log: eventLog, jobs: createMemoryJobQueue({ log }), agents, clock, redaction: REDACTION }),
    schedules: createScheduleDesk({ database, clock, checkStart: createAgentCheck({ catalog, agents, redaction: REDACTION, messageCharsMax: 10_000 }) }),
    routeCorrections: createRouteCorrectionDesk({ database, catalog, clock }),
    articles: createArticleDesk({ database, clock }),
    erasures: createErasureDesk({ database, log: eventLog, signals, revocation, clock }),
    exports: createExportDesk({ database, clock }),
    users: createUserDesk({ database, revocation, clock }),
    apiKeys: createApiKeyDesk({ database, clock, revocation, mint: mintApiKey }),
    customerTokens: createCustomerTokenDesk({ database, clock, sign: tokens.sign }),
    operations: openOperationDesk({ database, signals, clock }),
    partnerWebhooks: noWebhooks({ database, clock }),
  },
  runs: nothingRuns(),
  catalog,
  workflows: await loadNamedWorkflows(AGENTS, { has: (id) => catalog.get(id) !== null }),
  router,
  knowledge,
  log,
  messageCharsMax: MESSAGE_CHARS_MAX,
};

const yoga = createYoga({
  schema,
  graphiql: false,
  logging: false,
  async context({ request }): Promise<Context> {
    const { viewer } = await tokens.verify(request.headers.get('authorization')?.slice('Bearer '.length) ?? '');
    return { ...shared, viewer, requestId: newId('req') };
  },
});
const server = createServer((request, response) => void yoga(request, response));
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));

/** Nothing is asked of it here that starts or follows a run. */
function nothingRuns(): Runs {
  const refuse = () => Promise.reject(new Error('this server has no runs'));
  return { stop: refuse, followConversation: refuse, followRun: refuse, followEscalations: refuse, conversationHead: refuse };
}
