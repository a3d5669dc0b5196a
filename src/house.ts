/** The desk and what runs do, put together from their parts. Opens nothing that has to be closed: parley.ts does. */
import type { Catalog } from './catalog/agent.ts';
import type { Config } from './config.ts';
import { createAgentCheck, createAgentRunDesk } from './desk/agent-run.ts';
import { createScheduleDesk, type CheckStart } from './desk/schedule.ts';
import { createWorkflowCheck } from './runs/read-workflow.ts';
import type { NamedWorkflows } from './orchestration/named-workflows.ts';
import { createWorkflowRunDesk } from './desk/workflow-run.ts';
import { createRouteCorrectionDesk } from './desk/route-correction.ts';
import { createApiKeyDesk } from './desk/api-key.ts';
import { createApprovalDesk } from './desk/approval.ts';
import { createArticleDesk } from './desk/article.ts';
import { createConversationDesk } from './desk/conversation.ts';
import { createExportDesk } from './desk/customer-export.ts';
import { createCustomerTokenDesk, type CustomerTokenDeskDeps } from './desk/customer-token.ts';
import { createUserDesk } from './desk/user.ts';
import { createOperationDesk, type Inspect } from './desk/registered-operation.ts';
import { createErasureDesk } from './desk/erasure.ts';
import type { Desk } from './desk/desk.ts';
import type { ToolDesk } from './desk/tool-desk.ts';
import type { EventLog } from './events/event-log.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import type { SignalBus } from './jobs/signal-bus.ts';
import type { Clock } from './foundation/clock.ts';
import { mintApiKey } from './identity/api-key-form.ts';
import type { Revocation } from './identity/revocation.ts';
import { createPatterns } from './orchestration/patterns.ts';
import { createReply } from './orchestration/reply.ts';
import type { ReplyDeps } from './orchestration/reply-state.ts';
import type { DriverDeps } from './runs/driver.ts';
import { createCheckpoints, forgetCheckpoints } from './store/checkpoints.ts';
import type { Database } from './store/database.ts';
import { readPolicy } from './store/policy.ts';
interface WorkDeps extends Pick<ReplyDeps, 'llm' | 'tools' | 'catalog' | 'router' | 'readSignals' | 'expectedWait'>, Pick<Desk, 'agents'> {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
}

/** What runs do: answer a message, or have several agents work together. */
export function openWork({ config, database, clock, agents, ...deps }: WorkDeps): Pick<DriverDeps, 'reply' | 'patterns' | 'forget'> {
  const { redaction } = config;
  const { historyTokens, answerTokensMax, stepMs } = config.limits;
  const step = { ...deps, historyTokens, answerTokensMax, stepMs, redaction };
  const checkpointer = createCheckpoints(database);
  return {
    reply: createReply({
      ...step,
      checkpointer,
      disabledAgents: () => agents.disabled(),
      policy: () => readPolicy(database),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    }),
    patterns: createPatterns({ ...step, sleep: (ms, signal) => clock.sleep(ms, signal), checkpointer }),
    forget: (runId, whole) => forgetCheckpoints(checkpointer, database, runId, whole),
  };
}

interface DeskDeps extends Pick<Desk, 'agents' | 'presence' | 'escalations' | 'partnerWebhooks'> {
  readonly config: Config;
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly signals: SignalBus;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly workflows: NamedWorkflows;
  readonly toolDesk: ToolDesk;
  readonly inspect: Inspect;
  readonly revocation: Revocation;
  readonly sign: CustomerTokenDeskDeps['sign'];
}

export function openDesk({ config, toolDesk, agents, presence, escalations, partnerWebhooks, ...deps }: DeskDeps): Desk {
  const { redaction, limits } = config;
  const runCaps = { perCustomer: limits.runsPerCustomer, perPartner: limits.runsPerPartner };
  const checked = { ...deps, agents, redaction, messageCharsMax: limits.messageCharsMax };
  const [checkAgent, checkWorkflow] = [createAgentCheck(checked), createWorkflowCheck(checked)];
  const checkStart: CheckStart = (viewer, request) => (request.workflow === 'agent' ? checkAgent : checkWorkflow)(viewer, request);
  return Object.freeze({
    ...toolDesk,
    presence,
    escalations,
    partnerWebhooks,
    agents,
    conversations: createConversationDesk({ ...deps, runCaps, messageCharsMax: limits.messageCharsMax, redaction }),
    approvals: createApprovalDesk({ ...deps, redaction }),
    schedules: createScheduleDesk({ ...deps, checkStart }),
    agentRuns: createAgentRunDesk({ ...deps, runCaps, agents, redaction }),
    workflowRuns: createWorkflowRunDesk({ ...deps, runCaps, agents, redaction }),
    routeCorrections: createRouteCorrectionDesk(deps),
    articles: createArticleDesk(deps),
    erasures: createErasureDesk(deps),
    exports: createExportDesk(deps),
    users: createUserDesk(deps),
    operations: createOperationDesk(deps),
    apiKeys: createApiKeyDesk({ ...deps, mint: mintApiKey }),
    customerTokens: createCustomerTokenDesk(deps),
  });
}
