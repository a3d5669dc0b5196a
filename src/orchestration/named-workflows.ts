/**
 * Reads the named workflows, `agents/workflows/<id>.yaml`: the input of a pattern without its question, with a title, when to use it, and
 * optionally how the question is put. All faults are reported at once. Runs nothing and watches nothing: a changed file is read at the next
 * start.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { isAgentId } from '../catalog/agent-file.ts';
import { CatalogError, WORKFLOW_FOLDER } from '../catalog/load-catalog.ts';
import { readYaml, type LineOf, type Parsed, type Problem } from '../catalog/yaml-text.ts';
import { agentsOf, PATTERNS, WorkflowInput } from './workflow-input.ts';

export interface NamedWorkflow {
  /** The file's name; no agent and no pattern has it. */
  readonly id: string;
  readonly title: string;
  /** What it does and when to use it. */
  readonly description: string;
  /** How the question is put to its agents, with `{question}` in it; null: as it is. Use `askedBy`. */
  readonly asks: string | null;
  readonly input: WorkflowInput;
  /** Below the folder of the agents. */
  readonly file: string;
}

export interface NamedWorkflows {
  /** By id. */
  readonly all: readonly NamedWorkflow[];
  get(id: string): NamedWorkflow | null;
}

/** What must be known of the agents: which there are, whether they are enabled or not. */
export interface AgentNames {
  has(agentId: string): boolean;
}

const QUESTION = '{question}';
/** What runs are called that come from no file: the patterns, a turn, and one agent alone. */
const TAKEN: ReadonlySet<string> = new Set([...PATTERNS, 'reply', 'agent']);

const Head = z.object({
  title: z.string().trim().min(1, 'must not be empty').max(60, 'must have at most 60 characters'),
  description: z.string().trim().min(1, 'must not be empty').max(300, 'must have at most 300 characters').includes('Use when', 'must say "Use when ..."'),
  asks: z
    .string()
    .trim()
    .max(2_000, 'must have at most 2000 characters')
    .includes(QUESTION, `must hold ${QUESTION}`)
    .refine((text) => (text.match(/\{[^{}]*\}/g) ?? []).every((hole) => hole === QUESTION), `may have no other hole than ${QUESTION}`)
    .optional(),
  pattern: z.enum(PATTERNS, `must be one of ${PATTERNS.join(', ')}`),
});

/**
 * @param agents The folder of the agents. Without a folder of workflows in it there are none.
 * @throws CatalogError naming every fault with its file and line.
 */
export async function loadNamedWorkflows(agents: string, names: AgentNames): Promise<NamedWorkflows> {
  const all: NamedWorkflow[] = [];
  const problems: string[] = [];
  for (const entry of await entriesOf(join(agents, WORKFLOW_FOLDER))) {
    const file = `${WORKFLOW_FOLDER}/${entry.name}`;
    const id = /^(.*)\.yaml$/.exec(entry.name)?.[1] ?? '';
    const parsed = !entry.isFile() || !isAgentId(id) ? misnamed : readWorkflow(id, await readFile(join(agents, file), 'utf8'), names);
    if (parsed.ok) all.push(Object.freeze({ id, file, ...parsed.value }));
    else
      for (const { line, sentence } of parsed.problems.toSorted((a, b) => a.line - b.line)) problems.push(`${basename(agents)}/${file}:${line}: ${sentence}`);
  }
  if (problems.length > 0) throw new CatalogError(problems);
  const byId = new Map(all.map((workflow) => [workflow.id, workflow]));
  return Object.freeze({ all: Object.freeze(all), get: (id: string) => byId.get(id) ?? null });
}

/** What the agents of a workflow are asked. */
export function askedBy({ asks }: Pick<NamedWorkflow, 'asks'>, question: string): string {
  // Not as a plain replacement: a "$&" in the question is the customer's.
  return asks === null ? question : asks.replaceAll(QUESTION, () => question);
}

const misnamed: Parsed<never> = {
  ok: false,
  problems: [{ line: 1, sentence: 'Only files named <id>.yaml belong here, with the id in snake_case.' }],
};

function readWorkflow(id: string, text: string, names: AgentNames): Parsed<Omit<NamedWorkflow, 'id' | 'file'>> {
  const yaml = readYaml(text, { name: 'The file', line: 1 });
  if (!yaml.ok) return yaml;
  const { value, lineOf, problemsOf } = yaml.value;
  const problems: Problem[] = [];
  if (TAKEN.has(id)) problems.push({ line: 1, sentence: `"${id}" is the name of a kind of run; a workflow needs one of its own.` });
  if (names.has(id)) problems.push({ line: 1, sentence: `"${id}" is the id of an agent; a workflow needs one of its own.` });
  const head = Head.safeParse(value);
  if (!head.success) problems.push(...problemsOf(head.error.issues));
  if (!isRecord(value)) return { ok: false, problems };
  const { title: _title, description: _description, asks: _asks, ...rest } = value;
  // With another pattern, or none, nobody can say which keys belong here.
  const input = Head.shape.pattern.safeParse(rest['pattern']).success ? WorkflowInput.safeParse(rest) : null;
  if (input?.success === false) problems.push(...problemsOf(input.error.issues));
  problems.push(...strangers(rest, input?.data ?? null, names, lineOf));
  if (problems.length > 0 || !head.success || !input?.success) return { ok: false, problems };
  const { title, description, asks = null } = head.data;
  return { ok: true, value: { title, description, asks, input: input.data } };
}

/** Who is named and does not exist, also where the file has other faults; and the coordinator that nobody named but who is needed. */
function strangers(rest: Readonly<Record<string, unknown>>, input: WorkflowInput | null, names: AgentNames, lineOf: LineOf): readonly Problem[] {
  const named = namedIn(rest, []);
  const written = new Set(named.map(({ id }) => id));
  const meant = (input ? agentsOf(input) : []).filter((id) => !written.has(id)).map((id) => ({ id, path: ['pattern'] }));
  return [...named, ...meant].filter(({ id }) => !names.has(id)).map(({ id, path }) => ({ line: lineOf(path), sentence: `There is no agent "${id}".` }));
}

function namedIn(value: unknown, path: readonly PropertyKey[]): readonly { readonly id: string; readonly path: readonly PropertyKey[] }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => namedIn(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return (key === 'agentId' || key === 'coordinator') && typeof inner === 'string' ? [{ id: inner, path: here }] : namedIn(inner, here);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sorted by name, so that the same folder gives the same on every machine; hidden files are not ours. */
async function entriesOf(dir: string) {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    if (isRecord(error) && error['code'] === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => !entry.name.startsWith('.')).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
