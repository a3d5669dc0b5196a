/**
 * Reads the agents folder into the catalogue: walks it, checks what only the whole tree can tell (unique ids, resolved names,
 * granted tools, sentences claimed once) and puts the prompts together. All faults are reported at once. Watches nothing: a
 * changed file is read at the next start.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ZodError } from 'zod';
import { isAgentId, parseAgentFile, parseDomainFile, parseUtterances, type AgentFile, type DomainFile, type Utterance } from './agent-file.ts';
import { AGENT_TIERS, type Agent, type AgentTier, type Catalog } from './agent.ts';
import type { Parsed, Problem } from './yaml-text.ts';

/** Beside the folders of the tiers: the messages that reading who needs people is learned from. */
export const SIGNAL_FOLDER = '_escalation';
/** And the named workflows of several agents. */
export const WORKFLOW_FOLDER = 'workflows';

/** What the catalogue must know of the tools: which exist, and whether a grant fits. */
export interface ToolNames {
  has(name: string): boolean;
  /** Throws when the tool refuses this grant. */
  parseGrant(name: string, grant: unknown): void;
}

/** Agent files that cannot be used; each line of the message is `file:line: sentence`. */
export class CatalogError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'CatalogError';
    this.problems = problems;
  }
}

interface Folder {
  readonly tier: AgentTier;
  /** Below the tier, with slashes; empty for the tier's own folder. */
  readonly domain: string;
}

interface LoadedAgent extends Folder {
  readonly id: string;
  readonly file: string;
  readonly parsed: AgentFile;
}

interface LoadedDomain extends Folder {
  readonly file: string;
  readonly parsed: DomainFile;
}

interface LoadedUtterances {
  readonly id: string;
  readonly file: string;
  readonly utterances: readonly Utterance[];
}

interface Tree {
  house: string;
  readonly agents: LoadedAgent[];
  readonly domains: LoadedDomain[];
  readonly utterances: LoadedUtterances[];
  /** Ids of agent files that could not be parsed: they exist, so nothing else may be blamed for naming them. */
  readonly unread: Set<string>;
  report(file: string, problem: Problem): void;
}

/**
 * Reads and checks every file below `dir`.
 * @throws CatalogError naming every fault with its file and line.
 */
export async function loadCatalog(dir: string, tools: ToolNames): Promise<Catalog> {
  const problems: { readonly file: string; readonly line: number; readonly text: string }[] = [];
  const tree: Tree = {
    house: '',
    agents: [],
    domains: [],
    utterances: [],
    unread: new Set(),
    report: (file, problem) => problems.push({ file, line: problem.line, text: `${basename(dir)}/${file}:${problem.line}: ${problem.sentence}` }),
  };
  await readRoot(dir, tree);
  checkIds(tree);
  checkReferences(tree, tools);
  checkSentences(tree);
  if (problems.length > 0) {
    problems.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
    throw new CatalogError(problems.map((problem) => problem.text));
  }
  return toCatalog(tree);
}

async function readRoot(dir: string, tree: Tree): Promise<void> {
  const entries = await entriesOf(dir);
  for (const entry of entries) {
    const tier = AGENT_TIERS.find((known) => known === entry.name);
    if (entry.isDirectory() && tier) await readFolder(dir, tier, { tier, domain: '' }, tree);
    else if (entry.isDirectory() && (entry.name === SIGNAL_FOLDER || entry.name === WORKFLOW_FOLDER)) continue;
    else if (entry.isDirectory()) tree.report(entry.name, { line: 1, sentence: `"${entry.name}" is not a tier; the tiers are ${AGENT_TIERS.join(', ')}.` });
    else if (entry.name !== '_house.md') tree.report(entry.name, { line: 1, sentence: 'Only _house.md and the folders of the tiers belong here.' });
  }
  if (entries.some((entry) => entry.name === '_house.md')) tree.house = (await readFile(join(dir, '_house.md'), 'utf8')).trim();
  if (tree.house === '') tree.report('_house.md', { line: 1, sentence: 'The rules of the house are missing or empty.' });
}

async function readFolder(dir: string, path: string, folder: Folder, tree: Tree): Promise<void> {
  const entries = await entriesOf(join(dir, path));
  const isTier = folder.domain === '';
  if (!isTier && !entries.some((entry) => entry.name === '_domain.md'))
    tree.report(`${path}/_domain.md`, { line: 1, sentence: 'The file is missing; every folder of agents describes its domain.' });
  for (const entry of entries) {
    const file = `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!isAgentId(entry.name)) tree.report(file, { line: 1, sentence: 'The name of a domain folder must be in snake_case.' });
      await readFolder(dir, file, { tier: folder.tier, domain: isTier ? entry.name : `${folder.domain}/${entry.name}` }, tree);
    } else if (isTier) tree.report(file, { line: 1, sentence: 'An agent belongs in a domain folder below its tier.' });
    else readText(file, entry.name, await readFile(join(dir, file), 'utf8'), folder, tree);
  }
}

function readText(file: string, name: string, text: string, folder: Folder, tree: Tree): void {
  if (name === '_domain.md') {
    const parsed = accept(file, parseDomainFile(text), tree);
    if (parsed) tree.domains.push({ ...folder, file, parsed });
    return;
  }
  const [, id = '', kind = ''] = /^(.*?)(\.examples\.txt|\.md)$/.exec(name) ?? [];
  if (!isAgentId(id)) {
    tree.report(file, { line: 1, sentence: 'The file must be named <id>.md or <id>.examples.txt, with the id in snake_case.' });
  } else if (kind === '.examples.txt') {
    const utterances = accept(file, parseUtterances(text), tree);
    tree.utterances.push({ id, file, utterances: utterances ?? [] });
  } else {
    const parsed = accept(file, parseAgentFile(text), tree);
    if (parsed) tree.agents.push({ ...folder, id, file, parsed });
    else tree.unread.add(id);
  }
}

function accept<T>(file: string, parsed: Parsed<T>, tree: Tree): T | null {
  if (parsed.ok) return parsed.value;
  for (const problem of parsed.problems) tree.report(file, problem);
  return null;
}

function checkIds(tree: Tree): void {
  const first = new Map<string, string>();
  for (const agent of tree.agents) {
    const taken = first.get(agent.id);
    if (taken) tree.report(agent.file, { line: 1, sentence: `The id "${agent.id}" is already taken by ${taken}.` });
    else first.set(agent.id, agent.file);
  }
  const places = new Map<string, string>();
  for (const { domain, file } of tree.domains) {
    const taken = places.get(domain);
    if (taken) tree.report(file, { line: 1, sentence: `The domain "${domain}" is already described by ${taken}.` });
    else places.set(domain, file);
  }
  for (const list of tree.utterances) {
    const own = list.file.replace(/\.examples\.txt$/, '.md');
    const known = tree.unread.has(list.id) || tree.agents.some((agent) => agent.file === own);
    if (!known) tree.report(list.file, { line: 1, sentence: `There is no agent file ${list.id}.md beside these utterances.` });
  }
}

function checkReferences(tree: Tree, tools: ToolNames): void {
  const ids = new Set([...tree.agents.map((agent) => agent.id), ...tree.unread]);
  for (const { id, file, parsed } of tree.agents) {
    for (const [index, target] of parsed.front.hands_over_to.entries()) {
      const line = parsed.lineOf(['hands_over_to', index]);
      if (target === id) tree.report(file, { line, sentence: 'An agent cannot hand over to itself.' });
      else if (!ids.has(target)) tree.report(file, { line, sentence: `It hands over to "${target}", which is no agent.` });
    }
    for (const [name, grant] of Object.entries(parsed.front.tools)) {
      const fault = tools.has(name) ? grantFault(name, grant, tools) : `There is no tool "${name}".`;
      if (fault) tree.report(file, { line: parsed.lineOf(['tools', name]), sentence: fault });
    }
  }
  for (const { file, parsed } of tree.domains) {
    const general = parsed.front.general;
    if (general !== undefined && !ids.has(general))
      tree.report(file, { line: parsed.lineOf(['general']), sentence: `Its general agent "${general}" is no agent.` });
  }
}

function grantFault(name: string, grant: unknown, tools: ToolNames): string | null {
  try {
    tools.parseGrant(name, grant);
    return null;
  } catch (error) {
    const why = error instanceof ZodError ? error.issues.map((issue) => issue.message).join('; ') : error instanceof Error ? error.message : String(error);
    return `The tool "${name}" refuses its grant: ${why}.`;
  }
}

/** No sentence may teach the router two things, nor one thing twice. */
function checkSentences(tree: Tree): void {
  const owners = new Map<string, string>();
  const claim = (text: string, id: string, file: string, line: number): void => {
    const key = sentenceKey(text);
    const owner = owners.get(key);
    if (owner) tree.report(file, { line, sentence: owner === id ? `"${text}" stands here twice.` : `"${text}" is already claimed by ${owner}.` });
    else owners.set(key, id);
  };
  for (const { id, file, parsed } of tree.agents) parsed.front.examples.forEach((text, index) => claim(text, id, file, parsed.lineOf(['examples', index])));
  for (const { id, file, utterances } of tree.utterances) for (const { text, line } of utterances) claim(text, id, file, line);
  for (const { id, file, parsed } of tree.agents) {
    for (const [index, text] of parsed.front.not_for.entries()) {
      if (owners.get(sentenceKey(text)) === id)
        tree.report(file, { line: parsed.lineOf(['not_for', index]), sentence: `"${text}" is both an example and not for this agent.` });
    }
  }
}

/** Two sentences with the same key read the same: case, spaces and punctuation do not count. */
export function sentenceKey(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}$€£%]+/gu, ' ')
    .trim();
}

function toCatalog(tree: Tree): Catalog {
  const domains = new Map(tree.domains.map(({ domain, parsed }) => [domain, parsed]));
  const spoken = new Map(tree.utterances.map((list) => [list.id, list.utterances.map((utterance) => utterance.text)]));
  const agents = tree.agents.map((loaded): Agent => {
    const { front, job, body } = loaded.parsed;
    return Object.freeze({
      id: loaded.id,
      tier: loaded.tier,
      domain: loaded.domain,
      title: front.title,
      role: front.role,
      description: front.description,
      model: front.model,
      tools: front.tools,
      handsOverTo: front.hands_over_to,
      examples: front.examples,
      notFor: front.not_for,
      utterances: spoken.get(loaded.id) ?? [],
      reachable: front.reachable,
      riskArea: front.risk_area ?? null,
      job,
      prompt: [tree.house, ...lineage(loaded.domain).map((path) => domains.get(path)?.body ?? ''), `# ${front.title}\n\n${body}`]
        .filter((part) => part !== '')
        .join('\n\n'),
      file: loaded.file,
    });
  });
  agents.sort((a, b) => (a.id < b.id ? -1 : 1));
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  return Object.freeze({
    agents: Object.freeze(agents),
    get: (id: string) => byId.get(id) ?? null,
    domains: new Map([...domains].map(([path, { front }]) => [path, Object.freeze({ ...front })])),
  });
}

/** `support/billing` -> `support`, `support/billing`. */
function lineage(domain: string): readonly string[] {
  const names = domain.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** Sorted by name, so that the same tree gives the same catalogue on every machine; hidden files are not ours. */
async function entriesOf(dir: string) {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => !entry.name.startsWith('.')).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
