/** The files of the named workflows: the ones there are, and every rule of the format broken once. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Catalog } from '../../src/catalog/agent.ts';
import { CatalogError, loadCatalog } from '../../src/catalog/load-catalog.ts';
import { askedBy, loadNamedWorkflows, type NamedWorkflows } from '../../src/orchestration/named-workflows.ts';
import { agentsOf, inputFor, PATTERNS, WorkflowInput } from '../../src/orchestration/workflow-input.ts';

const AGENTS = fileURLToPath(new URL('../../agents', import.meta.url));
/** Those who check drafts; known by name here, whether their files are there or not. */
const CHECKERS: ReadonlySet<string> = new Set([
  'response_verifier',
  'fact_checker',
  'policy_checker',
  'tone_checker',
  'completeness_checker',
  'code_validator',
  'link_checker',
  'sensitivity_checker',
  'hallucination_detector',
  'citation_validator',
]);
const PATTERN_OF = {
  answer_quality_gate: 'verification',
  billing_dispute: 'debate',
  break_in_response: 'sequential',
  cancellation_review: 'parallel',
  churn_rescue: 'expert_panel',
  customer_onboarding_review: 'sequential',
  incident_communication: 'verification',
  lost_work_search: 'parallel',
  plan_fit_vote: 'parallel',
  refund_above_grant: 'sequential',
  security_questionnaire: 'expert_panel',
  technical_architecture_review: 'debate',
};

describe('the workflows there are', () => {
  let catalog: Catalog;
  let workflows: NamedWorkflows;
  const ANY_TOOL = { has: () => true, parseGrant: () => undefined };

  beforeAll(async () => {
    catalog = await loadCatalog(AGENTS, ANY_TOOL);
    workflows = await loadNamedWorkflows(AGENTS, { has: (id) => catalog.get(id) !== null || CHECKERS.has(id) });
  });

  it('load, each with its pattern, and use every pattern', () => {
    expect(Object.fromEntries(workflows.all.map(({ id, input }) => [id, input.pattern]))).toEqual(PATTERN_OF);
    expect(new Set(workflows.all.map(({ input }) => input.pattern))).toEqual(new Set(PATTERNS));
    expect(workflows.get('billing_dispute')?.file).toBe('workflows/billing_dispute.yaml');
    expect(workflows.get('debate')).toBeNull();
  });

  it('are inputs as the API takes them: parsing one again changes nothing', () => {
    for (const { id, input } of workflows.all) expect(WorkflowInput.parse(input), id).toEqual(input);
  });

  it('have titles of their own', () => {
    expect(new Set(workflows.all.map(({ title }) => title.toLowerCase())).size).toBe(workflows.all.length);
  });

  it('have a deadline in which everybody may take the time of a turn', () => {
    for (const { id, input } of workflows.all) {
      const turns =
        input.pattern === 'sequential'
          ? input.steps.length
          : input.pattern === 'debate'
            ? input.participants.length * input.rounds
            : input.pattern === 'verification'
              ? 2 * input.iterations
              : 2;
      // What is done one after the other; whoever is at work at once takes the time of one.
      expect(input.deadlineMs, id).toBeGreaterThanOrEqual(turns * input.stepMs);
    }
  });

  it('raise nothing with people by themselves: nobody takes part who can only do that', () => {
    for (const { id, input } of workflows.all) expect(agentsOf(input), id).not.toContain('escalation_decider');
  });

  it('say in one step what a later step depends on', () => {
    for (const { id, input } of workflows.all) {
      if (input.pattern !== 'sequential') continue;
      for (const { when } of input.steps) {
        if (when?.position !== undefined) expect(input.steps[when.step]?.task, id).toContain(`"${when.position}"`);
      }
    }
  });

  it('leave the catalogue of agents as it is', async () => {
    const names = await readdir(join(AGENTS, 'workflows'));
    expect(names).toHaveLength(workflows.all.length);
    expect(workflows.all.filter(({ id }) => catalog.get(id) !== null)).toEqual([]);
  });

  it('refuse to load without an agent they name, with the line that names it', async () => {
    const without = loadNamedWorkflows(AGENTS, { has: (id) => id !== 'invoice_generator' && (catalog.get(id) !== null || CHECKERS.has(id)) });
    await expect(without).rejects.toThrow(
      /^agents\/workflows\/billing_dispute\.yaml:\d+: There is no agent "invoice_generator"\.\nagents\/workflows\/cancellation_review\.yaml:\d+: There is no agent "invoice_generator"\.$/,
    );
  });
});

const GOOD = `title: Good one
description: Does things. Use when things are to be done.
asks: Do it. {question}
pattern: sequential
steps:
  - agentId: first_agent
    task: Begin.
  - agentId: second_agent
    when: { step: 0, outcome: succeeded }
`;
const PARALLEL = `title: All at once
description: Does things. Use when things are to be done.
pattern: parallel
agents:
  - { agentId: first_agent, weight: 2 }
  - agentId: second_agent
join: quorum
quorum: 2
aggregate: vote
options: [Yes please, No]
`;
const DEBATE = `title: Words
description: Does things. Use when things are to be done.
pattern: debate
participants:
  - { agentId: first_agent, role: advocate }
  - { agentId: second_agent, role: critic }
decide: majority
`;
const VERIFICATION = `title: Two eyes more
description: Does things. Use when things are to be done.
pattern: verification
producer: { agentId: first_agent }
verifiers:
  - agentId: second_agent
checks:
  - { name: facts_hold, description: They hold. }
`;
const PANEL = `title: Wise ones
description: Does things. Use when things are to be done.
pattern: expert_panel
experts:
  - agentId: first_agent
  - { agentId: second_agent, area: law }
coordinator: third_agent
`;
const NAMES = { has: (id: string) => ['first_agent', 'second_agent', 'third_agent', 'taken_one'].includes(id) };

/** A file, and the lines of the report that must come of it, all of them. */
const FAULTS: readonly (readonly [name: string, text: string, problems: readonly string[]])[] = [
  ['an unknown key', GOOD.replace('asks:', 'ask:'), ['3: Unknown key "ask".']],
  ['a key of another pattern', `${GOOD}rounds: 3\n`, ['10: Unknown key "rounds".']],
  ['an unknown key of a step', GOOD.replace('task: Begin.', 'tasks: Begin.'), ['7: Unknown key "tasks".']],
  ['the question in the file', `${GOOD}question: Why?\n`, ['10: Unknown key "question".']],
  ['a missing title', GOOD.replace('title: Good one\n', ''), ['1: The key "title" is missing.']],
  ['an empty title', GOOD.replace('Good one', '""'), ['1: "title": must not be empty.']],
  ['a title that is too long', GOOD.replace('Good one', 'g'.repeat(61)), ['1: "title": must have at most 60 characters.']],
  ['a title that is a number', GOOD.replace('Good one', '7'), ['1: "title": Invalid input: expected string, received number.']],
  ['a missing description', GOOD.replace(/description: .*\n/, ''), ['1: The key "description" is missing.']],
  ['a description without its use', GOOD.replace('Use when', 'For when'), ['2: "description": must say "Use when ...".']],
  ['a description that is too long', GOOD.replace('Does', 'Does '.repeat(60)), ['2: "description": must have at most 300 characters.']],
  ['asking without the question', GOOD.replace('{question}', 'it'), ['3: "asks": must hold {question}.']],
  ['asking with another hole', GOOD.replace('Do it.', 'Do it for {customer}.'), ['3: "asks": may have no other hole than {question}.']],
  ['asking nothing', GOOD.replace('Do it. {question}', ''), ['3: "asks": Invalid input: expected string, received null.']],
  ['a missing pattern', GOOD.replace('pattern: sequential\n', ''), ['1: The key "pattern" is missing.']],
  [
    'a pattern that does not exist',
    GOOD.replace('sequential', 'chaos'),
    ['4: "pattern": must be one of sequential, parallel, debate, verification, expert_panel.'],
  ],
  ['no steps', GOOD.replace(/steps:[^]*/, ''), ['1: The key "steps" is missing.']],
  ['an empty list', GOOD.replace(/steps:[^]*/, 'steps: []\n'), ['5: "steps": Too small: expected array to have >=1 items.']],
  ['a step without its agent', GOOD.replace('agentId: second_agent\n    when:', 'when:'), ['8: The key "steps.1.agentId" is missing.']],
  ['an agent that does not exist', GOOD.replace('second_agent', 'nobody'), ['8: There is no agent "nobody".']],
  [
    'an agent that cannot exist',
    GOOD.replace('second_agent', 'No-Body'),
    ['8: "steps.1.agentId": must be the id of an agent.', '8: There is no agent "No-Body".'],
  ],
  ['a condition on a later step', GOOD.replace('step: 0', 'step: 1'), ['9: "steps.1.when.step": must be an earlier step.']],
  [
    'an outcome that does not exist',
    GOOD.replace('succeeded', 'great'),
    ['9: "steps.1.when.outcome": Invalid option: expected one of "succeeded"|"failed"|"skipped".'],
  ],
  ['a step longer than the whole', `${GOOD}deadlineMs: 50000\n`, ['10: "deadlineMs": must not be shorter than a step may take.']],
  ['a deadline without bounds', `${GOOD}deadlineMs: 700000\n`, ['10: "deadlineMs": Too big: expected number to be <=600000.']],
  ['a weight above two', PARALLEL.replace('weight: 2', 'weight: 3'), ['5: "agents.0.weight": Too big: expected number to be <=2.']],
  ['a quorum that is not given', PARALLEL.replace('quorum: 2\n', ''), ['1: "quorum": is needed for the join quorum.']],
  ['a quorum that is not asked for', PARALLEL.replace('join: quorum', 'join: all'), ['8: "quorum": is only for the join quorum.']],
  ['a quorum of more than there are', PARALLEL.replace('quorum: 2', 'quorum: 3'), ['8: "quorum": must not be larger than the number of agents.']],
  ['a vote without options', PARALLEL.replace(/options: .*\n/, ''), ['1: "options": are needed for a vote.']],
  ['an option given twice', PARALLEL.replace('No]', 'YES PLEASE]'), ['10: "options": must not name an option twice.']],
  ['nobody to moderate', DEBATE.replace('majority', 'moderator'), ['4: "participants": need exactly one moderator, who decides.']],
  ['nobody to debate with', DEBATE.replace('critic', 'moderator'), ['4: "participants": need two who debate, beside the moderator.']],
  ['a producer who verifies', VERIFICATION.replace('second_agent', 'first_agent'), ['5: "verifiers": must not have the producer among them.']],
  ['a check without a proper name', VERIFICATION.replace('facts_hold', 'Facts'), ['8: "checks.0.name": must be in snake_case.']],
  ['a coordinator who does not exist', PANEL.replace('third_agent', 'nobody'), ['7: There is no agent "nobody".']],
  ['a coordinator who is meant and does not exist', PANEL.replace(/coordinator: .*\n/, ''), ['3: There is no agent "coordinator".']],
  [
    'experts who only listen',
    PANEL.replace('first_agent', 'first_agent\n    weight: 0').replace('area: law', 'weight: 0'),
    ['4: "experts": need one whose weight is above 0.'],
  ],
  [
    'text that is no YAML',
    `${GOOD}  : [\n`,
    ['11: The file is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ].'],
  ],
  ['a key given twice', `${GOOD}title: Again\n`, ['10: The file is not valid YAML: Map keys must be unique.']],
  ['an empty file', '', ['1: The file must be a map of keys and values.']],
  ['a list', '- title: x\n', ['1: The file must be a map of keys and values.']],
  [
    'several faults at once',
    GOOD.replace('Use when', 'For').replace('first_agent', 'nobody').replace('succeeded', 'great').replace('Begin.', '""'),
    [
      '2: "description": must say "Use when ...".',
      '6: There is no agent "nobody".',
      '7: "steps.0.task": Too small: expected string to have >=1 characters.',
      '9: "steps.1.when.outcome": Invalid option: expected one of "succeeded"|"failed"|"skipped".',
    ],
  ],
];

describe('a file', () => {
  let root = '';
  let trees = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'parley-workflows-'));
  });

  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
    const dir = join(root, `${(trees += 1)}`, 'agents');
    await mkdir(dir, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(join(dir, file), text);
    }
    return dir;
  }

  async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const error: unknown = await loadNamedWorkflows(await folderOf(files), NAMES).catch((reason: unknown) => reason);
    if (!(error instanceof CatalogError)) throw new Error('the files were accepted');
    expect(error.message).toBe(error.problems.join('\n'));
    return error.problems;
  }

  it('of each pattern is read, with what it leaves out filled in', async () => {
    const files = { good_one: GOOD, at_once: PARALLEL, words: DEBATE, eyes: VERIFICATION, wise: PANEL };
    const dir = await folderOf(Object.fromEntries(Object.entries(files).map(([id, text]) => [`workflows/${id}.yaml`, text])));
    const { all, get } = await loadNamedWorkflows(dir, NAMES);
    expect(all.map(({ id }) => id)).toEqual(['at_once', 'eyes', 'good_one', 'wise', 'words']);
    expect(get('good_one')).toEqual({
      id: 'good_one',
      file: 'workflows/good_one.yaml',
      title: 'Good one',
      description: 'Does things. Use when things are to be done.',
      asks: 'Do it. {question}',
      input: {
        pattern: 'sequential',
        deadlineMs: 300_000,
        stepMs: 60_000,
        steps: [
          { agentId: 'first_agent', task: 'Begin.', required: true, retries: 2 },
          { agentId: 'second_agent', required: true, retries: 2, when: { step: 0, outcome: 'succeeded' } },
        ],
      },
    });
    expect(get('words')).toMatchObject({ asks: null, input: { format: 'round_robin', rounds: 3, agreementFrom: 0.8 } });
  });

  it('with Windows line ends is read the same', async () => {
    const dir = await folderOf({ 'workflows/good_one.yaml': GOOD.replaceAll('\n', '\r\n') });
    expect((await loadNamedWorkflows(dir, NAMES)).get('good_one')?.input).toMatchObject({ steps: [{ task: 'Begin.' }, {}] });
  });

  it('may be missing, with its folder', async () => {
    expect((await loadNamedWorkflows(await folderOf({}), NAMES)).all).toEqual([]);
    expect((await loadNamedWorkflows(await folderOf({ 'workflows/.hidden': 'x' }), NAMES)).all).toEqual([]);
  });

  it.each(FAULTS)('with %s is refused by file, line and sentence', async (_name, text, problems) => {
    expect(await problemsOf({ 'workflows/good_one.yaml': text })).toEqual(problems.map((problem) => `agents/workflows/good_one.yaml:${problem}`));
  });

  it.each([...PATTERNS, 'reply', 'agent'])('may not be named like the kind of run %s', async (id) => {
    expect(await problemsOf({ [`workflows/${id}.yaml`]: GOOD })).toEqual([
      `agents/workflows/${id}.yaml:1: "${id}" is the name of a kind of run; a workflow needs one of its own.`,
    ]);
  });

  it('may not be named like an agent', async () => {
    expect(await problemsOf({ 'workflows/taken_one.yaml': GOOD })).toEqual([
      'agents/workflows/taken_one.yaml:1: "taken_one" is the id of an agent; a workflow needs one of its own.',
    ]);
  });

  it.each(['Good-One.yaml', 'good_one.yml', 'notes.txt', '.yaml.yaml', 'deep/good_one.yaml'])('named %s does not belong there', async (name) => {
    const files = { [`workflows/${name}`]: GOOD };
    const shown = name.split('/')[0];
    if (name.startsWith('.')) expect((await loadNamedWorkflows(await folderOf(files), NAMES)).all).toEqual([]);
    else expect(await problemsOf(files)).toEqual([`agents/workflows/${shown}:1: Only files named <id>.yaml belong here, with the id in snake_case.`]);
  });

  it('with a fault does not hide the faults of others', async () => {
    expect(await problemsOf({ 'workflows/b_one.yaml': GOOD.replace('title', 'tilte'), 'workflows/a_one.yaml': '', 'workflows/c_one.yaml': GOOD })).toEqual([
      'agents/workflows/a_one.yaml:1: The file must be a map of keys and values.',
      'agents/workflows/b_one.yaml:1: The key "title" is missing.',
      'agents/workflows/b_one.yaml:1: Unknown key "tilte".',
    ]);
  });
});

describe('a pattern without a file', () => {
  it.each(PATTERNS)('%s needs no more than agents to be started', (pattern) => {
    const input = WorkflowInput.parse(inputFor(pattern, ['first_agent', 'second_agent', 'third_agent']));
    expect(input.pattern).toBe(pattern);
    expect(agentsOf(input)).toEqual(['first_agent', 'second_agent', 'third_agent', ...(pattern === 'expert_panel' ? ['coordinator'] : [])]);
  });
});

describe('what is asked', () => {
  it('is the question as it stands, wherever the file puts it', () => {
    fc.assert(
      fc.property(fc.string(), (question) => {
        expect(askedBy({ asks: null }, question)).toBe(question);
        expect(askedBy({ asks: 'Look: {question} And: {question}' }, question)).toBe(`Look: ${question} And: ${question}`);
      }),
    );
    expect(askedBy({ asks: '<{question}>' }, "$& $1 $' {question}")).toBe("<$& $1 $' {question}>");
  });
});
