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
const WORKFLOWS = '{ workflows { id title pattern named agents { id } inputSchema resultSchema } }';
const START = `mutation Start($input: StartWorkflowInput!) { startWorkflow(input: $input) { run { id workflow status } } }`;

const TWO = { participants: [{ agentId: 'writer' }, { agentId: 'checker' }] };

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
      {
        id: 'sequential',
        pattern: 'SEQUENTIAL',
        named: false,
        agents: [],
        inputSchema: { properties: { steps: { maxItems: 20 } } },
        resultSchema: { required: ['pattern', 'outcome', 'text', 'steps'] },
      },
      { id: 'parallel' },
      { id: 'debate' },
      { id: 'verification' },
      { id: 'expert_panel' },
      {
        id: 'second_look',
        title: 'Second look',
        pattern: 'VERIFICATION',
        named: true,
        agents: [{ id: 'writer' }, { id: 'checker' }],
        inputSchema: null,
        resultSchema: { properties: { pattern: { const: 'verification' } } },
      },
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
    [
      'a pattern in fields of its own',
      { pattern: { debate: { participants: [{ agentId: 'writer' }, { agentId: 'checker' }], rounds: null } } },
      { pattern: 'debate' },
    ],
    [
      'participants of a debate with their roles',
      {
        workflow: 'debate',
        participants: [
          { agentId: 'writer', role: 'advocate' },
          { agentId: 'checker', role: 'CRITIC', weight: 2 },
          { agentId: 'coordinator', role: 'moderator' },
        ],
        options: { decide: 'moderator', rounds: 1 },
      },
      { pattern: 'debate', decide: 'moderator', statements: [{ role: 'advocate' }, { role: 'critic' }], moderator: { agentId: 'coordinator' } },
    ],
    [
      'participants of a verification, whoever of them is to write',
      { workflow: 'verification', participants: [{ agentId: 'checker' }, { agentId: 'writer', role: 'producer' }] },
      { pattern: 'verification', text: 'writer was asked.' },
    ],
    [
      'participants of a panel with their areas, one of them putting it together',
      {
        workflow: 'expert_panel',
        participants: [{ agentId: 'writer', role: 'style', weight: 2 }, { agentId: 'first_agent' }, { agentId: 'coordinator', role: 'coordinator' }],
      },
      {
        pattern: 'expert_panel',
        opinions: [
          { area: 'style', weight: 2 },
          { area: null, weight: 1 },
        ],
      },
    ],
    [
      'participants of the others, their role being what they are to do',
      { workflow: 'sequential', participants: [{ agentId: 'writer', role: 'collects the facts' }, { agentId: 'coordinator' }] },
      { pattern: 'sequential' },
    ],
  ])('runs %s', async (_what, given, result) => {
    const input: { workflow?: string; pattern?: object } = given;
    const { startWorkflow } = await ask(house, STAFF, START, { input: { question: 'Well?', customerId, ...input } });
    const { run } = startWorkflow as { run: { id: string } };
    expect(run).toMatchObject({ workflow: input.workflow ?? result.pattern, status: 'QUEUED' });
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
    ['one participant', { workflow: 'parallel', agents: ['writer'] }, 'input.agents:'],
    ['an unknown agent among the names', { workflow: 'verification', agents: ['writer', 'nobody_here'] }, 'input.agents.1:'],
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
    ['neither a workflow nor a pattern', { agents: ['writer'] }, 'input.workflow:'],
    ['a workflow that is not the pattern', { workflow: 'parallel', pattern: { debate: TWO } }, 'input.workflow:'],
    ['a pattern beside agents', { workflow: 'debate', agents: ['writer'], pattern: { debate: TWO } }, 'input.agents:'],
    ['a pattern beside participants', { pattern: { debate: TWO }, participants: [{ agentId: 'writer' }] }, 'input.participants:'],
    ['options of nobody', { workflow: 'debate', agents: ['writer', 'checker'], options: { rounds: 1 } }, 'input.options:'],
    ['options for a named one', { workflow: 'second_look', options: { rounds: 1 } }, 'input.options:'],
    ['an option there is not', { workflow: 'debate', ...TWO, options: { speed: 1 } }, 'input.options.speed:'],
    ['an option out of bounds', { workflow: 'debate', ...TWO, options: { rounds: 0 } }, 'input.options.rounds:'],
    ['options that name participants', { workflow: 'debate', ...TWO, options: { participants: [] } }, 'input.options.participants:'],
    ['a part there is not', { workflow: 'debate', participants: [{ agentId: 'writer' }, { agentId: 'checker', role: 'clown' }] }, 'input.participants.1.role:'],
    ['a weight for who has no vote', { workflow: 'sequential', participants: [{ agentId: 'writer', weight: 2 }] }, 'input.participants.0.weight:'],
    [
      'two who write',
      {
        workflow: 'verification',
        participants: [
          { agentId: 'writer', role: 'producer' },
          { agentId: 'checker', role: 'producer' },
        ],
      },
      'input.participants:',
    ],
    [
      'an unknown agent by its place, whichever part it has',
      { workflow: 'verification', participants: [{ agentId: 'checker' }, { agentId: 'nobody_here', role: 'producer' }] },
      'input.participants.1.agentId:',
    ],
    ['a debate without its moderator', { workflow: 'debate', ...TWO, options: { decide: 'moderator' } }, 'input.participants:'],
    ['a question under both names', { workflow: 'second_look', text: 'Well?' }, 'input.text:'],
    ['no question', { workflow: 'second_look', question: null }, 'input.question:'],
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
