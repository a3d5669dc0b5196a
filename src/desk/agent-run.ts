/**
 * Starting one agent by its id for a customer, outside any conversation: a run of the workflow `agent`. Row first, event second, then
 * the job that wakes it. Answers nothing itself. Whether such a run may be started later, by the clock, is said here too.
 */
import { z } from 'zod';
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Agent, Catalog } from '../catalog/agent.ts';
import type { EventLog } from '../events/event-log.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Database } from '../store/database.ts';
import type { Run } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { customersVisibleTo } from './access.ts';
import type { CheckStart } from './schedule.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer, type IdempotentCall } from './idempotency.ts';

export interface StartAgent {
  readonly agentId: string;
  readonly text: string;
  /** One of the two; a customer may leave both out. */
  readonly customerId?: string | null;
  readonly customerEmail?: string | null;
  readonly idempotencyKey?: string | null;
}

export interface AgentRunDesk {
  /**
   * @throws AppError NOT_FOUND for an agent or customer that is not there (for this viewer), UNAVAILABLE for an agent that is switched
   * off, FORBIDDEN for a customer who asks an agent that works for the desk, CONFLICT for a key used before with other content.
   */
  start(viewer: Viewer, input: StartAgent): Promise<{ run: Run }>;
}

export interface AgentRunDeskDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly jobs: JobQueue;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly agents: { disabled(): Promise<ReadonlySet<string>> };
  readonly clock: Clock;
  /** What an agent is asked is kept, told and sent on only without what it names. */
  readonly redaction: RedactionPolicy;
}

type AgentCheckDeps = Pick<AgentRunDeskDeps, 'catalog' | 'agents' | 'redaction'>;

export function createAgentRunDesk({ database, log, jobs, catalog, agents, clock, redaction }: AgentRunDeskDeps): AgentRunDesk {
  return Object.freeze<AgentRunDesk>({
    async start(viewer, input) {
      log.assertAvailable();
      await findAgent({ catalog, agents }, viewer, input.agentId);
      const text = redact(input.text, redaction).text;
      const call = callOf(viewer, { ...input, text });
      const before = call && (await findFirstAnswer(database, call));
      if (before) return { run: await database.run.findUniqueOrThrow({ where: { id: before } }) };
      const customerId = await findCustomer(database, viewer, input);
      const now = clock.now();
      const id = newId('run');
      const { agentId } = input;
      try {
        const run = await database.$transaction(async (tx) => {
          if (call) await recordFirstAnswer(tx, call, id, now);
          return tx.run.create({ data: { id, workflow: 'agent', customerId, input: { agentId, text }, createdAt: now } });
        });
        await log.append(`run:${id}`, [{ type: 'RunQueued', at: now.toISOString(), visibility: 'CUSTOMER', runId: id, place: 0 }]);
        await jobs.enqueue({ kind: 'run', id });
        return { run };
      } catch (error) {
        // Two calls with one key at once: the one that lost answers what the winner made.
        const winner = call && isUniqueViolation(error) ? await findFirstAnswer(database, call) : null;
        if (winner) return { run: await database.run.findUniqueOrThrow({ where: { id: winner } }) };
        throw error;
      }
    },
  });
}

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
  // What these find out is an assessment of the customer, for the people of the desk.
  if (viewer.kind !== 'staff' && !agent.reachable) throw new AppError('FORBIDDEN', 'This agent works for the people of the desk; customers do not run it.');
  if ((await agents.disabled()).has(agent.id)) throw new AppError('UNAVAILABLE', `The agent ${agent.id} is switched off at the moment.`, { retryable: false });
  return agent;
}

function callOf(viewer: Viewer, { idempotencyKey: key, ...body }: StartAgent): IdempotentCall | null {
  return key === null || key === undefined ? null : { scope: viewerKey(viewer), verb: 'runAgent', key, body };
}

/** Whom it is about. Nobody is created for it: an agent that is run by hand serves customers there are. */
async function findCustomer(database: Database, viewer: Viewer, { customerId, customerEmail }: StartAgent): Promise<string> {
  if (viewer.kind === 'customer' && !customerId && !customerEmail) return viewer.customerId;
  if (!customerId && !customerEmail) throw badInput('input.customerId', 'say who it is about: customerId or customerEmail.');
  const named = customerId ? { id: customerId } : { email: { equals: customerEmail?.trim() ?? '', mode: 'insensitive' as const } };
  // Partners may have a customer of the same address: our own comes first.
  const found = await database.customer.findFirst({
    where: { AND: [named, customersVisibleTo(viewer)] },
    orderBy: [{ partnerId: { sort: 'asc', nulls: 'first' } }, { createdAt: 'asc' }],
    select: { id: true },
  });
  if (!found) throw notFound('customer');
  return found.id;
}
