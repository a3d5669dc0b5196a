/**
 * Reads the text of one file of the agents folder (an agent, a domain page, a list of utterances) into typed parts, and names
 * every fault with its line. Opens no files and knows no other file: what needs two files to judge is load-catalog.ts.
 */
import { z } from 'zod';
import { AGENT_MODELS, AGENT_ROLES, RISK_AREAS } from './agent.ts';
import { readYaml, type LineOf, type Parsed, type Problem } from './yaml-text.ts';

const SLUG = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const HEADINGS = ['Job', 'Policy', 'Steps', 'Hand over'] as const;
const BODY_LINES_MAX = 60;
/** A customer's message quoted as training data; longer ones teach the router nothing more. */
const UTTERANCE_CHARS_MAX = 600;

const slug = z.string().regex(SLUG, 'must be a name in snake_case');
const sentence = z.string().trim().min(1, 'must not be empty').max(160, 'must have at most 160 characters');
const description = z.string().trim().min(1, 'must not be empty').max(300, 'must have at most 300 characters');

const AgentFrontMatter = z.strictObject({
  title: z.string().trim().min(1, 'must not be empty').max(60, 'must have at most 60 characters'),
  role: z.enum(AGENT_ROLES),
  description: description.includes('Use when', 'must say "Use when ..."'),
  model: z.enum(AGENT_MODELS),
  tools: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  hands_over_to: z.array(slug).default([]),
  examples: z.array(sentence).min(2, 'must have at least 2 entries'),
  not_for: z.array(sentence).default([]),
  /** False for an agent that no customer's message is for. */
  reachable: z.boolean().default(true),
  /** Answers of this agent are checked before they are said. */
  risk_area: z.enum(RISK_AREAS).optional(),
});

const DomainFrontMatter = z.strictObject({
  title: z.string().trim().min(1, 'must not be empty').max(60, 'must have at most 60 characters'),
  description,
  /** The agent that answers when only the domain is clear. */
  general: slug.optional(),
});

export interface AgentFile {
  readonly front: z.output<typeof AgentFrontMatter>;
  readonly job: string;
  readonly body: string;
  readonly lineOf: LineOf;
}

export interface DomainFile {
  readonly front: z.output<typeof DomainFrontMatter>;
  readonly body: string;
  readonly lineOf: LineOf;
}

export interface Utterance {
  readonly line: number;
  readonly text: string;
}

/** True for what may be an agent's id. */
export function isAgentId(name: string): boolean {
  return SLUG.test(name) && name.length <= 60;
}

export function parseAgentFile(text: string): Parsed<AgentFile> {
  const parts = readFrontMatter(text, AgentFrontMatter);
  const body = splitBody(text);
  const sections = readSections(body.text, body.line);
  const problems = [...(parts.ok ? [] : parts.problems), ...sections.problems];
  if (!parts.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { ...parts.value, job: sections.job, body: body.text.trim() } };
}

export function parseDomainFile(text: string): Parsed<DomainFile> {
  const parts = readFrontMatter(text, DomainFrontMatter);
  if (!parts.ok) return parts;
  const body = splitBody(text);
  if (body.text.trim() === '')
    return { ok: false, problems: [{ line: body.line, sentence: 'The body is empty: say what holds for every agent of this folder.' }] };
  return { ok: true, value: { ...parts.value, body: body.text.trim() } };
}

/** One utterance per line; empty lines and lines that begin with `#` say nothing to the router. */
export function parseUtterances(text: string): Parsed<readonly Utterance[]> {
  const lines = text.split('\n').map((line, index) => ({ line: index + 1, text: line.replace(/\r$/, '') }));
  const spoken = lines.filter((line) => line.text.trim() !== '' && !line.text.startsWith('#'));
  const problems = spoken.flatMap((line) => {
    const fault = utteranceFault(line.text);
    return fault ? [{ line: line.line, sentence: fault }] : [];
  });
  if (spoken.length === 0) problems.push({ line: 1, sentence: 'There is no utterance in this file.' });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: spoken };
}

function utteranceFault(text: string): string | null {
  if (text !== text.trim()) return 'The utterance begins or ends with a space.';
  if (text.length > UTTERANCE_CHARS_MAX) return `The utterance has more than ${UTTERANCE_CHARS_MAX} characters.`;
  if (/\p{Cc}/u.test(text)) return 'The utterance holds a tab or another control character.';
  if (!/\p{L}/u.test(text)) return 'The utterance has no word in it.';
  return null;
}

/** The text after the front matter and the number of its first line; all of the text when there is no front matter. */
function splitBody(text: string): { text: string; line: number } {
  const lines = text.split(/\r?\n/);
  const end = lines[0] === '---' ? lines.indexOf('---', 1) : -1;
  const start = end + 1;
  const blank = lines.slice(start).findIndex((line) => line.trim() !== '');
  return { text: lines.slice(start).join('\n'), line: start + 1 + Math.max(blank, 0) };
}

function readFrontMatter<T>(text: string, schema: z.ZodType<T>): Parsed<{ front: T; lineOf: LineOf }> {
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---' || end < 0)
    return { ok: false, problems: [{ line: 1, sentence: 'The file must begin with front matter between two lines of "---".' }] };
  // The YAML begins on the second line of the file.
  const yaml = readYaml(lines.slice(1, end).join('\n'), { name: 'The front matter', line: 2 });
  if (!yaml.ok) return yaml;
  const { value, lineOf, problemsOf } = yaml.value;
  const parsed = schema.safeParse(value);
  return parsed.success ? { ok: true, value: { front: parsed.data, lineOf } } : { ok: false, problems: problemsOf(parsed.error.issues) };
}

/** Checks the four headings, their order and that each says something; the Job section is one sentence. */
function readSections(body: string, line: number): { job: string; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const lines = body.trim().split('\n');
  if (lines.length > BODY_LINES_MAX)
    problems.push({ line: line + BODY_LINES_MAX, sentence: `The body has ${lines.length} lines; ${BODY_LINES_MAX} are allowed.` });
  const headings = lines.flatMap((text, index) => (/^#{1,2}\s/.test(text) ? [{ text: text.trim(), index }] : []));
  if (headings[0]?.index !== 0) problems.push({ line, sentence: 'The body must begin with the heading "## Job".' });
  const missing = HEADINGS.filter((wanted) => !headings.some((heading) => heading.text === `## ${wanted}`));
  problems.push(...missing.map((wanted) => ({ line, sentence: `The heading "## ${wanted}" is missing.` })));
  const order: readonly string[] = HEADINGS.filter((wanted) => !missing.includes(wanted)).map((wanted) => `## ${wanted}`);
  const wrong = headings.find((heading, index) => heading.text !== order[index]);
  if (wrong)
    problems.push({ line: line + wrong.index, sentence: `The heading "${wrong.text}" is unknown or out of place; the order is ${HEADINGS.join(', ')}.` });
  const texts = headings.map((heading, index) =>
    lines
      .slice(heading.index + 1, headings[index + 1]?.index)
      .join('\n')
      .trim(),
  );
  texts.forEach((text, index) => {
    if (text === '')
      problems.push({ line: line + (headings[index]?.index ?? 0), sentence: `Nothing stands under the heading "${headings[index]?.text ?? ''}".` });
  });
  const job = (texts[0] ?? '').replace(/\s+/g, ' ');
  if (problems.length === 0 && (!/[.]$/.test(job) || /[.!?]\s/.test(job))) problems.push({ line: line + 1, sentence: 'The Job section must be one sentence.' });
  return { job, problems };
}
