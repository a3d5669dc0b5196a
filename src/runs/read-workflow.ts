/**
 * Reads what somebody wants started: a pattern with its participants or its whole input, or a named workflow. A refusal names the field. Starts
 * nothing, and does not ask who may.
 */
import { z } from 'zod';
import { badInput } from '../foundation/errors.ts';
import type { Catalog } from '../catalog/agent.ts';
import { askedBy, type NamedWorkflows } from '../orchestration/named-workflows.ts';
import { agentsOf, inputFor, PATTERNS, WorkflowInput, type Pattern } from '../orchestration/workflow-input.ts';
import type { CheckStart } from '../desk/schedule.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';

export interface WorkflowNames {
  readonly workflows: NamedWorkflows;
  readonly catalog: Pick<Catalog, 'get'>;
}

export interface AskedWorkflow {
  readonly workflow: string;
  readonly question: string;
  readonly agents: readonly string[] | null;
  readonly input: unknown;
}

export interface ReadWorkflow {
  readonly name: string;
  readonly text: string;
  readonly workflow: Prisma.InputJsonObject;
  readonly agentIds: readonly string[];
}

/**
 * @param at The input it stands in: refusals name its fields.
 * @throws AppError BAD_INPUT
 */
export function readWorkflow({ workflow, question, agents, input }: AskedWorkflow, { workflows, catalog }: WorkflowNames, at = 'input'): ReadWorkflow {
  const chosen = workflows.get(workflow);
  const pattern = PATTERNS.find((known) => known === workflow);
  if (!chosen && !pattern) throw badInput(`${at}.workflow`, 'is no pattern and no named workflow; `workflows` lists them.');
  if (chosen) {
    if (agents || input != null)
      throw badInput(agents ? `${at}.agents` : `${at}.input`, 'is only for a pattern: the participants of a named workflow are set.');
    return { name: chosen.id, text: askedBy(chosen, question), workflow: chosen.input, agentIds: agentsOf(chosen.input) };
  }
  if (!pattern) throw new Error('neither a pattern nor a named workflow');
  if ((agents === null) === (input == null)) throw badInput(`${at}.agents`, 'give either `agents` or `input` for a pattern.');
  const where = agents ? `${at}.agents` : `${at}.input`;
  const parsed = WorkflowInput.safeParse(agents ? inputFor(pattern, agents) : withPattern(pattern, input, `${at}.input`));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badInput([where, ...(issue?.path ?? [])].join('.'), `${issue?.message ?? 'does not fit'}.`);
  }
  const agentIds = agentsOf(parsed.data);
  const unknown = agentIds.find((id) => !catalog.get(id));
  if (unknown !== undefined) throw badInput(where, `there is no agent ${unknown}.`);
  return { name: pattern, text: question, workflow: parsed.data, agentIds };
}

function withPattern(pattern: Pattern, input: unknown, field: string): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw badInput(field, 'must be an object.');
  if ('pattern' in input && input.pattern !== pattern) throw badInput(`${field}.pattern`, `must be ${pattern}, or left out.`);
  return { ...input, pattern };
}

export interface WorkflowCheckDeps extends WorkflowNames {
  readonly redaction: RedactionPolicy;
  readonly messageCharsMax: number;
}

/** What a workflow that the clock starts has to be like: `{ question, agents }`, `{ question, input }`, or for a named one `{ question }`. */
export function createWorkflowCheck({ redaction, messageCharsMax, ...names }: WorkflowCheckDeps): CheckStart {
  const Input = z.strictObject({
    question: z.string().trim().min(1).max(messageCharsMax),
    agents: z.array(z.string()).nullish(),
    input: z.unknown().optional(),
  });
  return async (_viewer, { workflow, input, customerId }) => {
    const parsed = Input.safeParse(input);
    if (!parsed.success)
      throw badInput(
        'input.input',
        `must be { "question": "..." } with "agents" or "input" for a pattern, the question at most ${messageCharsMax} characters.`,
      );
    if (customerId === null) throw badInput('input.customerId', 'a workflow works for a customer: say for whom.');
    const { question, agents = null, input: whole } = parsed.data;
    if (question.includes('\0') || !question.isWellFormed()) throw badInput('input.input.question', 'contains characters that are not text.');
    const read = readWorkflow({ workflow, question, agents, input: whole }, names, 'input.input');
    return { text: redact(read.text, redaction).text, workflow: read.workflow };
  };
}
