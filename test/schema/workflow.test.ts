/** Patterns and named workflows through the API: what there is, starting one, and what is said of input that does not fit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedWorkflow } from '../../src/orchestration/named-workflows.ts';
import { inputFor, WorkflowInput } from '../../src/orchestration/workflow-input.ts';
import { createActingLlm } from '../support/acting-llm.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { answer, ask, contextOf } from './ask.ts';

const NAMED: NamedWorkflow = {
  id: 'second_look',
  title: 'Second look',
  description: 'Looks twice. Use when testing.',
  asks: 'Look closely: {question}',
  input: WorkflowInput.parse(inputFor('verification', ['writer', 'checker'])),
  file: 'workflows/second_look.yaml',
};
const WORKFLOWS = '{ workflows { id title pattern named agents { id } inputSchema } }';
const START = `mutation Start($input: StartWorkflowInput!) { startWorkflow(input: $input) { run { id workflow status } } }`;

let house: House;
let customerId: string;
beforeAll(async () => {
  const llm = createActingLlm(({ agentId }) => ({
    text: `${agentId} was asked.`,
    form: agentId === 'checker' ? { findings: [], confidence: 1 } : { position: 'yes', confidence: 1, recommendations: [] },
  }));
  house = await openHouse({ llm, cast: ['writer', 'checker', 'coordinator'], workflows: [NAMED] });
  customerId = (await house.addCustomer()).customerId;
});
afterAll(() => house.close());

async function refusal(input: object): Promise<string> {
  const { errors } = await answer(contextOf(house, STAFF), START, { input: { question: 'Well?', customerId, ...input } });
  return errors?.[0]?.message ?? '';
}

describe('workflows', () => {
  it('are the five patterns with the schema of their input, then the named ones with who takes part', async () => {
    const { workflows } = await ask(house, STAFF, WORKFLOWS);
    expect(workflows).toMatchObject([
      { id: 'sequential', pattern: 'SEQUENTIAL', named: false, agents: [], inputSchema: { properties: { steps: { maxItems: 20 } } } },
      { id: 'parallel' },
      { id: 'debate' },
      { id: 'verification' },
      { id: 'expert_panel' },
      { id: 'second_look', title: 'Second look', pattern: 'VERIFICATION', named: true, agents: [{ id: 'writer' }, { id: 'checker' }], inputSchema: null },
    ]);
  });
});

describe('startWorkflow', () => {
  it.each([
    ['a pattern with only agents', { workflow: 'parallel', agents: ['writer', 'checker'] }, { pattern: 'parallel' }],
    [
      'a pattern with its input',
      { workflow: 'debate', input: { participants: [{ agentId: 'writer' }, { agentId: 'coordinator', weight: 2 }], rounds: 1 } },
      { pattern: 'debate' },
    ],
    ['a named one', { workflow: 'second_look' }, { pattern: 'verification', action: 'approve' }],
  ])('runs %s', async (_what, input, result) => {
    const { startWorkflow } = await ask(house, STAFF, START, { input: { question: 'Well?', customerId, ...input } });
    const { run } = startWorkflow as { run: { id: string } };
    expect(run).toMatchObject({ workflow: input.workflow, status: 'QUEUED' });
    await house.ended(run.id);
    const found = await ask(house, STAFF, 'query Run($id: ID!) { run(id: $id) { status result steps { path role status agent { id } } } }', { id: run.id });
    expect(found).toMatchObject({ run: { status: 'SUCCEEDED', result } });
  });

  it('puts the question of a named one as its file says', async () => {
    const { startWorkflow } = await ask(house, STAFF, START, { input: { workflow: 'second_look', question: 'Is it right?', customerId } });
    const row = await house.database.run.findUniqueOrThrow({ where: { id: (startWorkflow as { run: { id: string } }).run.id } });
    expect(row.input).toMatchObject({ text: 'Look closely: Is it right?' });
  });

  it.each([
    ['a workflow there is not', { workflow: 'seance', agents: ['writer'] }, 'input.workflow'],
    ['one participant', { workflow: 'parallel', agents: ['writer'] }, 'input.agents.agents'],
    ['an unknown agent', { workflow: 'parallel', agents: ['writer', 'nobody_here'] }, 'there is no agent nobody_here'],
    ['neither agents nor input', { workflow: 'parallel' }, 'input.agents'],
    ['both agents and input', { workflow: 'parallel', agents: ['writer', 'checker'], input: {} }, 'input.agents'],
    [
      'a quorum larger than the panel',
      { workflow: 'parallel', input: { agents: [{ agentId: 'writer' }, { agentId: 'checker' }], join: 'quorum', quorum: 3 } },
      'input.input.quorum',
    ],
    [
      'no iterations',
      { workflow: 'verification', input: { producer: { agentId: 'writer' }, verifiers: [{ agentId: 'checker' }], iterations: 0 } },
      'input.input.iterations',
    ],
    [
      'a negative weight',
      { workflow: 'expert_panel', input: { experts: [{ agentId: 'writer', weight: -1 }, { agentId: 'checker' }] } },
      'input.input.experts.0.weight',
    ],
    ['a deadline shorter than a step', { workflow: 'sequential', input: { steps: [{ agentId: 'writer' }], deadlineMs: 2_000 } }, 'input.input.deadlineMs'],
    [
      'another pattern inside',
      { workflow: 'debate', input: { pattern: 'parallel', agents: [{ agentId: 'writer' }, { agentId: 'checker' }] } },
      'input.input.pattern',
    ],
    ['participants for a named one', { workflow: 'second_look', agents: ['writer'] }, 'input.agents'],
    ['a priority beyond its bounds', { workflow: 'second_look', priority: 1_001 }, 'input.priority'],
    ['an input that is no object', { workflow: 'debate', input: 'quickly' }, 'input.input'],
  ])('refuses %s, naming the field', async (_what, input, named) => {
    expect(await refusal(input)).toContain(named);
  });

  it('is for the staff', async () => {
    const { errors } = await answer(contextOf(house, { kind: 'customer', customerId }), START, {
      input: { workflow: 'second_look', question: 'Well?', customerId },
    });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
  });
});
