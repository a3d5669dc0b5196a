/**
 * Reads what somebody wants started: a pattern with who takes part or with its whole input, or a named workflow. A refusal names the field. Starts
 * nothing, and does not ask who may.
 */
import { z } from 'zod';
import { badInput } from '../foundation/errors.ts';
import type { Catalog } from '../catalog/agent.ts';
import { askedBy, type NamedWorkflows } from '../orchestration/named-workflows.ts';
import { agentPathsOf, agentsOf, inputFor, PATTERNS, WorkflowInput, type Pattern } from '../orchestration/workflow-input.ts';
import type { CheckStart } from '../desk/schedule.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import { seatParticipants, type AskedParticipant, type Wanted } from './read-participants.ts';

export interface WorkflowNames {
  readonly workflows: NamedWorkflows;
  readonly catalog: Pick<Catalog, 'get'>;
}

export interface AskedWorkflow {
  /** Null where `pattern` says it. */
  readonly workflow: string | null;
  readonly question: string;
  /** Of a pattern exactly one of these four is given, of a named workflow none. */
  readonly agents: readonly string[] | null;
  readonly participants?: readonly AskedParticipant[] | null;
  readonly pattern?: AskedPattern | null;
  readonly input: unknown;
  /** Goes with `participants`. */
  readonly options?: unknown;
}

/** A pattern's whole input, in fields of its own. */
export interface AskedPattern {
  readonly pattern: Pattern;
  /** What it is called in the request. */
  readonly field: string;
  readonly input: unknown;
}

export interface ReadWorkflow {
  readonly name: string;
  readonly text: string;
  readonly workflow: Prisma.InputJsonObject;
  readonly agentIds: readonly string[];
}

const WAYS = ['agents', 'participants', 'pattern', 'input'] as const;

/**
 * @param at The input it stands in: refusals name its fields.
 * @throws AppError BAD_INPUT
 */
export function readWorkflow(asked: AskedWorkflow, { workflows, catalog }: WorkflowNames, at = 'input'): ReadWorkflow {
  const name = nameOf(asked, at);
  const chosen = workflows.get(name);
  const pattern = PATTERNS.find((known) => known === name);
  const ways = WAYS.filter((way) => asked[way] != null);
  if (chosen) {
    const [given] = [...ways, ...(asked.options == null ? [] : ['options'])];
    if (given !== undefined) throw badInput(`${at}.${given}`, 'is only for a pattern: the participants of a named workflow are set.');
    return { name: chosen.id, text: askedBy(chosen, asked.question), workflow: chosen.input, agentIds: agentsOf(chosen.input) };
  }
  if (!pattern) throw badInput(`${at}.workflow`, 'is no pattern and no named workflow; `workflows` lists them.');
  if (ways.length !== 1) throw badInput(`${at}.${ways[0] ?? 'agents'}`, 'give one of `agents`, `participants`, `pattern` and `input` for a pattern.');
  if (asked.options != null && asked.participants == null) throw badInput(`${at}.options`, 'goes with `participants`.');
  const { input, fieldOf } = wantedOf(asked, pattern, at);
  const parsed = WorkflowInput.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    // A key that is not known is named as the field it would be.
    const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])];
    throw badInput(fieldOf(path), `${issue?.message ?? 'does not fit'}.`);
  }
  const unknown = agentPathsOf(parsed.data).find(({ id }) => !catalog.get(id));
  if (unknown) throw badInput(fieldOf(unknown.path), `there is no agent ${unknown.id}.`);
  return { name: pattern, text: asked.question, workflow: parsed.data, agentIds: agentsOf(parsed.data) };
}

function nameOf({ workflow, pattern }: AskedWorkflow, at: string): string {
  if (workflow !== null && pattern && workflow !== pattern.pattern)
    throw badInput(`${at}.workflow`, `must be ${pattern.pattern}, as \`pattern\` says, or left out.`);
  const name = workflow ?? pattern?.pattern;
  if (name === undefined) throw badInput(`${at}.workflow`, 'say which one; it may only be left out beside `pattern`.');
  return name;
}

function wantedOf({ agents, participants, pattern: typed, input, options }: AskedWorkflow, pattern: Pattern, at: string): Wanted {
  if (agents) return { input: inputFor(pattern, agents), fieldOf: (path) => fieldOfAgent(path, `${at}.agents`) };
  if (participants) return seatParticipants(pattern, participants, options, at);
  const below =
    (field: string) =>
    (path: readonly PropertyKey[]): string =>
      [field, ...path].join('.');
  if (typed) return { input: withPattern(pattern, withoutNulls(typed.input), `${at}.pattern`), fieldOf: below(`${at}.pattern.${typed.field}`) };
  return { input: withPattern(pattern, input, `${at}.input`), fieldOf: below(`${at}.input`) };
}

/** The place in the list of names; the list where it is too short or too long. */
function fieldOfAgent([part, nth]: readonly PropertyKey[], field: string): string {
  if (part === 'producer' && nth !== undefined) return `${field}.0`;
  if (typeof nth !== 'number') return field;
  return `${field}.${part === 'verifiers' ? nth + 1 : nth}`;
}

function withPattern(pattern: Pattern, input: unknown, field: string): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw badInput(field, 'must be an object.');
  if ('pattern' in input && input.pattern !== pattern) throw badInput(`${field}.pattern`, `must be ${pattern}, or left out.`);
  return { ...input, pattern };
}

/** In GraphQL a field that is null is one that was left out. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])));
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
