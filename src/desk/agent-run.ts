/**
 * Starting one agent by its id for a customer, outside any conversation: a run of the workflow `agent`. Answers nothing itself.
 * Whether such a run may be started later, by the clock, is said here too.
 */
import { z } from 'zod';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import type { Agent, AgentTier, Catalog } from '../catalog/agent.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Scope } from '../store/roles.ts';
import type { Viewer } from '../store/viewer.ts';
import { requireScope } from './access.ts';
import type { CheckStart } from './schedule.ts';
import { startStandalone, type ForCustomer, type StandaloneRunDeps } from './standalone-run.ts';

export interface StartAgent extends ForCustomer {
  readonly agentId: string;
  readonly text: string;
}

export interface AgentRunDesk {
  /**
   * @throws AppError NOT_FOUND for an agent or customer that is not there (for this viewer), UNAVAILABLE for an agent that is switched
   * off, FORBIDDEN for a customer who asks an agent that works for the desk, CONFLICT for a key used before with other content.
   */
  start(viewer: Viewer, input: StartAgent): Promise<{ run: Run }>;
}

export interface AgentRunDeskDeps extends StandaloneRunDeps {
  readonly catalog: Pick<Catalog, 'get'>;
  readonly agents: { disabled(): Promise<ReadonlySet<string>> };
  /** What an agent is asked is kept, told and sent on only without what it names. */
  readonly redaction: RedactionPolicy;
}

export function createAgentRunDesk({ catalog, agents, redaction, ...deps }: AgentRunDeskDeps): AgentRunDesk {
  return Object.freeze<AgentRunDesk>({
    async start(viewer, { agentId, text, ...about }) {
      deps.log.assertAvailable();
      await findAgent({ catalog, agents }, viewer, agentId);
      return startStandalone(deps, viewer, { verb: 'runAgent', workflow: 'agent', input: { agentId, text: redact(text, redaction).text }, about });
    },
  });
}

/** What it takes to run an agent of each tier; customers run those that are meant for them. */
export const SCOPE_OF_TIER: Readonly<Record<AgentTier, Scope>> = {
  essential: 'execute:agents:tier1',
  revenue: 'execute:agents:tier2',
  operational: 'execute:agents:tier3',
  advanced: 'execute:agents:tier4',
};

type AgentCheckDeps = Pick<AgentRunDeskDeps, 'catalog' | 'agents' | 'redaction'>;

/** What a run of the workflow `agent` that is started later has to be like: the same as one that is started at once. */
export function createAgentCheck({ catalog, agents, redaction, messageCharsMax }: AgentCheckDeps & { readonly messageCharsMax: number }): CheckStart {
  const Input = z.strictObject({ agentId: z.string().max(80), text: z.string().trim().min(1).max(messageCharsMax) });
  return async (viewer, { workflow, input, customerId }) => {
    if (workflow !== 'agent') throw badInput('input.workflow', 'this workflow cannot be started by the clock: only "agent" can.');
    const parsed = Input.safeParse(input);
    if (!parsed.success) throw badInput('input.input', `must be { "agentId": "...", "text": "..." }, the text at most ${messageCharsMax} characters.`);
    if (customerId === null) throw badInput('input.customerId', 'an agent works for a customer: say for whom.');
    const { agentId, text } = parsed.data;
    if (text.includes('\0') || !text.isWellFormed()) throw badInput('input.input', 'the text contains characters that are not text.');
    await findAgent({ catalog, agents }, viewer, agentId);
    return { agentId, text: redact(text, redaction).text };
  };
}

async function findAgent({ catalog, agents }: Pick<AgentCheckDeps, 'catalog' | 'agents'>, viewer: Viewer, agentId: string): Promise<Agent> {
  const agent = catalog.get(agentId);
  if (!agent) throw notFound('agent');
  requireScope(viewer, SCOPE_OF_TIER[agent.tier]);
  // What these find out is an assessment of the customer, for the people of the desk.
  if (viewer.kind !== 'staff' && !agent.reachable) throw new AppError('FORBIDDEN', 'This agent works for the people of the desk; customers do not run it.');
  if ((await agents.disabled()).has(agent.id)) throw new AppError('UNAVAILABLE', `The agent ${agent.id} is switched off at the moment.`, { retryable: false });
  return agent;
}
