/** Starting one agent by its id for a customer, outside any conversation: a run of the workflow `agent`. Answers nothing itself. */
import { AppError, notFound } from '../foundation/errors.ts';
import type { Catalog } from '../catalog/agent.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
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
      const agent = catalog.get(agentId);
      if (!agent) throw notFound('agent');
      // What these find out is an assessment of the customer, for the people of the desk.
      if (viewer.kind !== 'staff' && !agent.reachable) throw new AppError('FORBIDDEN', 'This agent works for the people of the desk; customers do not run it.');
      if ((await agents.disabled()).has(agent.id))
        throw new AppError('UNAVAILABLE', `The agent ${agent.id} is switched off at the moment.`, { retryable: false });
      return startStandalone(deps, viewer, { verb: 'runAgent', workflow: 'agent', input: { agentId, text: redact(text, redaction).text }, about });
    },
  });
}
