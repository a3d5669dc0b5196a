/**
 * Starting several agents together on one question: a run of a pattern or of a named workflow, by itself or on a conversation, in which it
 * says nothing. What it is made of has been checked by whoever calls; here it is who may, and that nobody who is to take part is switched off.
 */
import { AppError } from '../foundation/errors.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Prisma, Run } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { startStandalone, type ForWhom, type StandaloneRunDeps, type Timing } from './standalone-run.ts';

export interface StartWorkflow extends ForWhom, Timing {
  /** A pattern's or a named workflow's name. */
  readonly name: string;
  readonly text: string;
  /** The pattern's input, whole. */
  readonly workflow: Prisma.InputJsonObject;
  /** Who takes part. */
  readonly agentIds: readonly string[];
}

export interface WorkflowRunDesk {
  /**
   * @throws AppError FORBIDDEN for whoever is not of the staff, UNAVAILABLE naming a participant that is switched off, NOT_FOUND for a
   * customer or conversation that is not there, BAD_INPUT for a conversation that is not the customer's, CONFLICT for a key used before with other content.
   */
  start(viewer: Viewer, input: StartWorkflow): Promise<{ run: Run }>;
}

export interface WorkflowRunDeskDeps extends StandaloneRunDeps {
  readonly agents: { disabled(): Promise<ReadonlySet<string>> };
  readonly redaction: RedactionPolicy;
}

export function createWorkflowRunDesk({ agents, redaction, ...deps }: WorkflowRunDeskDeps): WorkflowRunDesk {
  return Object.freeze<WorkflowRunDesk>({
    async start(viewer, { name, text, workflow, agentIds, priority = 0, notBefore = null, retries = 0, ...about }) {
      deps.log.assertAvailable();
      // What agents say to each other about a customer is for the people of the desk.
      requireStaff(viewer, 'execute:workflows');
      const disabled = await agents.disabled();
      const off = agentIds.find((id) => disabled.has(id));
      if (off !== undefined) throw new AppError('UNAVAILABLE', `The agent ${off} is switched off at the moment.`, { retryable: false });
      const timing = { priority, notBefore, retries };
      return startStandalone(deps, viewer, { verb: 'startWorkflow', workflow: name, input: { text: redact(text, redaction).text, workflow }, about, timing });
    },
  });
}
