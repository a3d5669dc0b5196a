/** The file that keeps what routing has learned: what is read from it is what was learned, and a file that is not whole is not used. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import { openRoutingModel } from '../../src/catalog/kept-routing.ts';
import { createRoutingModel, type RoutingModel } from '../../src/catalog/routing-model.ts';

const SAID = ['the invoice of May', 'I cannot log in', 'pasword forgoten', 'a receipt for our accountant, please', 'xyzzy'];

function agent(id: string, utterances: readonly string[]): Agent {
  return {
    id,
    tier: 'essential',
    domain: 'support/test',
    title: id,
    role: 'specialist',
    description: `Does ${id}. Use when testing.`,
    model: 'quick',
    tools: {},
    reachable: true,
    riskArea: null,
    handsOverTo: [],
    examples: [],
    notFor: [],
    utterances,
    job: `Do ${id}.`,
    prompt: `You are ${id}.`,
    file: `essential/support/test/${id}.md`,
  };
}

const AGENTS = [
  agent('papers', ['send me the invoice', 'I need a receipt for March', 'where is our bill as a document']),
  agent('door', ['I forgot my password', 'the login does not work', 'locked out of my account']),
];

let dir = '';
let file = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-routing-'));
  file = join(dir, 'routing-model.bin');
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const chances = (model: RoutingModel) => SAID.map((text) => [...model.read(text).chances]);
const learned = () => chances(createRoutingModel(AGENTS));

describe('the kept model', () => {
  it('says the same as the one just learned, bit for bit', async () => {
    expect(chances(await openRoutingModel(AGENTS, dir))).toEqual(learned());
    expect(chances(await openRoutingModel(AGENTS, dir))).toEqual(learned());
  });

  it('is the same file whenever it is learned from the same examples', async () => {
    await openRoutingModel(AGENTS, dir);
    const before = await readFile(file);
    await rm(file);
    await openRoutingModel(AGENTS, dir);
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await readdir(dir)).toEqual(['routing-model.bin']);
  });

  it('is read and not learned again while nothing changed', async () => {
    await openRoutingModel(AGENTS, dir);
    const { mtimeMs } = await stat(file);
    await openRoutingModel(AGENTS, dir);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  });

  it('is learned anew when an example changes', async () => {
    await openRoutingModel(AGENTS, dir);
    const more = [...AGENTS, agent('third', ['the board is slow', 'everything is slow today'])];
    expect(chances(await openRoutingModel(more, dir))).toEqual(chances(createRoutingModel(more)));
  });

  it.each([
    ['a number in it was changed', (bytes: Buffer) => bytes.fill(7, bytes.length - 8)],
    ['its end is missing', (bytes: Buffer) => bytes.subarray(0, bytes.length - 40)],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is something else', () => Buffer.from('not a model at all, but long enough to be looked at twice, or so it seems to be')],
  ])('is refused and replaced when %s', async (_how, damage) => {
    await openRoutingModel(AGENTS, dir);
    const whole = await readFile(file);
    await writeFile(file, damage(Buffer.from(whole)));
    expect(chances(await openRoutingModel(AGENTS, dir))).toEqual(learned());
    expect((await readFile(file)).equals(whole)).toBe(true);
  });

  it('is done without where the directory cannot be written', async () => {
    await writeFile(join(dir, 'taken'), '');
    expect(chances(await openRoutingModel(AGENTS, join(dir, 'taken')))).toEqual(learned());
  });
});
