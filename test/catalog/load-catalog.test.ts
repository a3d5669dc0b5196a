/** The agent files' rules, each broken once in a small tree of its own. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CatalogError, loadCatalog, type ToolNames } from '../../src/catalog/load-catalog.ts';

const BILLING = 'essential/support/billing';
const GRANTS: Readonly<Record<string, z.ZodType>> = { find_plan: z.strictObject({}), leave_note: z.strictObject({ kind: z.enum(['billing', 'technical']) }) };
const TOOLS: ToolNames = {
  has: (name) => Object.hasOwn(GRANTS, name),
  parseGrant: (name, grant) => void GRANTS[name]?.parse(grant),
};

const agent = (title: string, examples: readonly string[], handsOverTo: string) =>
  `---
title: ${title}
role: specialist
description: Does things. Use when things are to be done.
model: quick
tools:
  find_plan: {}
  leave_note: { kind: billing }
hands_over_to: [${handsOverTo}]
examples:
${examples.map((example) => `  - ${example}`).join('\n')}
not_for:
  - What is somebody else's work
---

## Job

Do the one thing.

## Policy

- Do it well.

## Steps

1. Do it.

## Hand over

- To ${handsOverTo}.
`;

const GOOD: Readonly<Record<string, string>> = {
  '_house.md': '# House\n\nBe kind.\n',
  'essential/support/_domain.md': '---\ntitle: Support\ndescription: All of support.\ngeneral: first_agent\n---\n\n# Support\n\nLook first.\n',
  [`${BILLING}/_domain.md`]: '---\ntitle: Billing\ndescription: All of billing.\n---\n\n# Billing\n\nMoney is exact.\n',
  [`${BILLING}/first_agent.md`]: agent('First', ['one alpha', 'two alpha'], 'second_agent'),
  [`${BILLING}/first_agent.examples.txt`]: '# spoken\nthree alpha\n\nfour alpha\n',
  [`${BILLING}/second_agent.md`]: agent('Second', ['one beta', 'two beta'], 'first_agent'),
};

const FIRST = `${BILLING}/first_agent.md`;
const SPOKEN = `${BILLING}/first_agent.examples.txt`;

/** What is changed in the good tree, and the line of the report that must come of it. A null removes the file. */
const FAULTS: readonly (readonly [name: string, file: string, change: (text: string) => string | null, problem: string])[] = [
  ['an unknown key', FIRST, (text) => text.replace('model: quick', 'modle: quick'), `${FIRST}:5: Unknown key "modle".`],
  ['a missing key', FIRST, (text) => text.replace('model: quick\n', ''), `${FIRST}:1: The key "model" is missing.`],
  ['a role that does not exist', FIRST, (text) => text.replace('role: specialist', 'role: wizard'), `${FIRST}:3: "role": `],
  ['a description without its use', FIRST, (text) => text.replace('Use when', 'For when'), `${FIRST}:4: "description": must say "Use when ..."`],
  [
    'a description that is too long',
    FIRST,
    (text) => text.replace('Does things.', 'Does things. '.repeat(30)),
    `${FIRST}:4: "description": must have at most 300 characters`,
  ],
  ['a single example', FIRST, (text) => text.replace('  - two alpha\n', ''), `${FIRST}:10: "examples": must have at least 2 entries`],
  ['an example that is not text', FIRST, (text) => text.replace('- two alpha', '- { two: alpha }'), `${FIRST}:12: "examples.1": `],
  ['front matter that is not YAML', FIRST, (text) => text.replace('tools:', 'tools: ['), `${FIRST}:`],
  ['a key given twice', FIRST, (text) => text.replace('model: quick', 'model: quick\nmodel: careful'), `${FIRST}:6: The front matter is not valid YAML`],
  ['no front matter', FIRST, () => '## Job\n\nNothing.\n', `${FIRST}:1: The file must begin with front matter`],
  ['an empty file', FIRST, () => '', `${FIRST}:1: The file must begin with front matter`],
  ['a tool that does not exist', FIRST, (text) => text.replace('  find_plan: {}', '  find_gold: {}'), `${FIRST}:7: There is no tool "find_gold".`],
  ['a grant its tool refuses', FIRST, (text) => text.replace('{ kind: billing }', '{ kind: love }'), `${FIRST}:8: The tool "leave_note" refuses its grant`],
  [
    'a grant with an unknown limit',
    FIRST,
    (text) => text.replace('find_plan: {}', 'find_plan: { max: 3 }'),
    `${FIRST}:7: The tool "find_plan" refuses its grant: Unrecognized key: "max".`,
  ],
  [
    'a hand-over to nobody',
    FIRST,
    (text) => text.replace('[second_agent]', '[second_agent, third_agent]'),
    `${FIRST}:9: It hands over to "third_agent", which is no agent.`,
  ],
  ['a hand-over to itself', FIRST, (text) => text.replace('[second_agent]', '[first_agent]'), `${FIRST}:9: An agent cannot hand over to itself.`],
  ['a missing heading', FIRST, (text) => text.replace('## Steps\n', ''), `${FIRST}:17: The heading "## Steps" is missing.`],
  [
    'headings in another order',
    FIRST,
    (text) => text.replace('## Policy', '## Swap').replace('## Steps', '## Policy').replace('## Swap', '## Steps'),
    `${FIRST}:21: The heading "## Steps" is unknown or out of place`,
  ],
  ['a fifth heading', FIRST, (text) => `${text}\n## Notes\n\nMore.\n`, `${FIRST}:33: The heading "## Notes" is unknown or out of place`],
  ['a section without text', FIRST, (text) => text.replace('- Do it well.\n', ''), `${FIRST}:21: Nothing stands under the heading "## Policy".`],
  ['a job of two sentences', FIRST, (text) => text.replace('Do the one thing.', 'Do it. Do more.'), `${FIRST}:18: The Job section must be one sentence.`],
  ['a body of more than 60 lines', FIRST, (text) => `${text}${'- more\n'.repeat(60)}`, `${FIRST}:77: The body has `],
  [
    'an example claimed by two agents',
    FIRST,
    (text) => text.replace('two alpha', 'Two  BETA!'),
    `${BILLING}/second_agent.md:12: "two beta" is already claimed by first_agent.`,
  ],
  [
    'an example that is also not for the agent',
    FIRST,
    (text) => text.replace("What is somebody else's work", 'one alpha'),
    `${FIRST}:14: "one alpha" is both an example and not for this agent.`,
  ],
  ['an utterance claimed by another agent', SPOKEN, (text) => `${text}one beta\n`, `${SPOKEN}:5: "one beta" is already claimed by second_agent.`],
  ['an utterance given twice', SPOKEN, (text) => `${text}Three alpha.\n`, `${SPOKEN}:5: "Three alpha." stands here twice.`],
  ['an utterance without a word', SPOKEN, (text) => `${text}???\n`, `${SPOKEN}:5: The utterance has no word in it.`],
  ['an utterance with a tab', SPOKEN, (text) => `${text}five\talpha\n`, `${SPOKEN}:5: The utterance holds a tab or another control character.`],
  ['an utterance with spaces around it', SPOKEN, (text) => `${text}  five alpha\n`, `${SPOKEN}:5: The utterance begins or ends with a space.`],
  ['an utterance that is too long', SPOKEN, (text) => `${text}${'five '.repeat(121)}alpha\n`, `${SPOKEN}:5: The utterance has more than 600 characters.`],
  ['a list without an utterance', SPOKEN, () => '# nothing yet\n', `${SPOKEN}:1: There is no utterance in this file.`],
  [
    'utterances of no agent',
    `${BILLING}/lost_agent.examples.txt`,
    () => 'five alpha\n',
    `${BILLING}/lost_agent.examples.txt:1: There is no agent file lost_agent.md beside these utterances.`,
  ],
  ['a folder without its domain', `${BILLING}/_domain.md`, () => null, `${BILLING}/_domain.md:1: The file is missing`],
  ['a domain without text', `${BILLING}/_domain.md`, (text) => text.slice(0, text.indexOf('# Billing')), `${BILLING}/_domain.md:`],
  [
    'a domain with an unknown key',
    `${BILLING}/_domain.md`,
    (text) => text.replace('title:', 'tilte: x\ntitle:'),
    `${BILLING}/_domain.md:2: Unknown key "tilte".`,
  ],
  [
    'a domain whose general agent is nobody',
    'essential/support/_domain.md',
    (text) => text.replace('first_agent', 'nobody'),
    'essential/support/_domain.md:4: Its general agent "nobody" is no agent.',
  ],
  [
    'a domain described in two tiers',
    'advanced/support/_domain.md',
    () => '---\ntitle: Support\ndescription: Again.\n---\n\nText.\n',
    'essential/support/_domain.md:1: The domain "support" is already described by advanced/support/_domain.md.',
  ],
  [
    'an id used in two folders',
    'essential/support/second_agent.md',
    () => agent('Third', ['one gamma', 'two gamma'], 'first_agent'),
    'essential/support/second_agent.md:1: The id "second_agent" is already taken by essential/support/billing/second_agent.md.',
  ],
  [
    'a file name that is no id',
    `${BILLING}/First-Agent.md`,
    () => agent('Third', ['one gamma', 'two gamma'], 'first_agent'),
    `${BILLING}/First-Agent.md:1: The file must be named <id>.md`,
  ],
  ['a file of another kind', `${BILLING}/notes.txt`, () => 'hello\n', `${BILLING}/notes.txt:1: The file must be named <id>.md`],
  [
    'an agent outside any domain',
    'essential/loose_agent.md',
    () => agent('Third', ['one gamma', 'two gamma'], 'first_agent'),
    'essential/loose_agent.md:1: An agent belongs in a domain folder below its tier.',
  ],
  ['a tier that does not exist', 'luxury/support/x.md', () => 'x', 'luxury:1: "luxury" is not a tier'],
  ['no rules of the house', '_house.md', () => null, '_house.md:1: The rules of the house are missing or empty.'],
];

let root = '';
let good = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-catalog-'));
  good = join(root, 'good', 'agents');
  for (const [file, text] of Object.entries(GOOD)) await write(good, file, text);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function write(dir: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

/** The problems found in the good tree after these changes. */
async function problemsAfter(changes: readonly (readonly [file: string, change: (text: string) => string | null])[]): Promise<readonly string[]> {
  const dir = join(await mkdtemp(join(root, 'bad-')), 'agents');
  await cp(good, dir, { recursive: true });
  for (const [file, change] of changes) {
    const changed = change(await readFile(join(dir, file), 'utf8').catch(() => ''));
    if (changed === null) await rm(join(dir, file));
    else await write(dir, file, changed);
  }
  const error: unknown = await loadCatalog(dir, TOOLS).catch((reason: unknown) => reason);
  if (!(error instanceof CatalogError)) throw new Error('the tree was accepted');
  expect(error.message).toBe(error.problems.join('\n'));
  return error.problems;
}

describe('a good tree', () => {
  it('gives agents with their place, their words and a prompt of house, domains and own text in that order', async () => {
    const catalog = await loadCatalog(good, TOOLS);
    expect(catalog.agents.map(({ id }) => id)).toEqual(['first_agent', 'second_agent']);
    const first = catalog.get('first_agent');
    expect(first).toMatchObject({
      tier: 'essential',
      domain: 'support/billing',
      job: 'Do the one thing.',
      tools: { find_plan: {}, leave_note: { kind: 'billing' } },
      handsOverTo: ['second_agent'],
      examples: ['one alpha', 'two alpha'],
      utterances: ['three alpha', 'four alpha'],
      file: FIRST,
    });
    expect(first?.prompt.match(/^# .*$/gm)).toEqual(['# House', '# Support', '# Billing', '# First']);
    expect(catalog.get('nobody')).toBeNull();
    expect([...catalog.domains]).toEqual([
      ['support', { title: 'Support', description: 'All of support.', general: 'first_agent' }],
      ['support/billing', { title: 'Billing', description: 'All of billing.' }],
    ]);
  });

  it('passes over what lies beside the tiers and is read elsewhere, and only over folders', async () => {
    const dir = join(root, 'beside', 'agents');
    await cp(good, dir, { recursive: true });
    await write(dir, '_escalation/human.txt', 'human | a person, please\n');
    await write(dir, 'workflows/review_all.yaml', 'title: Review\n');
    expect((await loadCatalog(dir, TOOLS)).agents).toHaveLength(2);
    expect(await problemsAfter([['workflows', () => 'title: Review\n']])).toEqual([
      'agents/workflows:1: Only _house.md and the folders of the tiers belong here.',
    ]);
  });

  it('reads files with Windows line ends the same', async () => {
    const dir = join(root, 'windows', 'agents');
    for (const [file, text] of Object.entries(GOOD)) await write(dir, file, text.replaceAll('\n', '\r\n'));
    const catalog = await loadCatalog(dir, TOOLS);
    expect(catalog.get('first_agent')).toMatchObject({ job: 'Do the one thing.', utterances: ['three alpha', 'four alpha'] });
  });
});

describe('a bad tree is refused, naming file and line', () => {
  it.each(FAULTS)('%s', async (_name, file, change, problem) => {
    const problems = await problemsAfter([[file, change]]);
    expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(`agents/${problem}`)]));
    for (const line of problems) expect(line).toMatch(/^agents\/[\w/.-]+:\d+: \S.*$/);
  });

  it('reports all faults of all files at once, sorted by file and line', async () => {
    const problems = await problemsAfter([
      [FIRST, (text) => text.replace('title: First', 'title: ""').replace('model: quick', 'modle: quick')],
      [`${BILLING}/second_agent.md`, (text) => text.replace('find_plan', 'find_gold')],
      ['_house.md', () => ''],
    ]);
    expect(problems).toEqual([
      'agents/_house.md:1: The rules of the house are missing or empty.',
      `agents/${FIRST}:1: The key "model" is missing.`,
      `agents/${FIRST}:2: "title": must not be empty.`,
      `agents/${FIRST}:5: Unknown key "modle".`,
      `agents/${BILLING}/second_agent.md:7: There is no tool "find_gold".`,
    ]);
  });
});
