/** What the clock may start of workflows: the same as what a person may, checked when the schedule is made. */
import { describe, expect, it } from 'vitest';
import type { NamedWorkflow } from '../../src/orchestration/named-workflows.ts';
import { inputFor, WorkflowInput } from '../../src/orchestration/workflow-input.ts';
import { PatternRunInput } from '../../src/runs/load-turn.ts';
import { createWorkflowCheck } from '../../src/runs/read-workflow.ts';
import { REDACTION } from '../support/redaction.ts';
import { STAFF } from '../support/house.ts';

const NAMED: NamedWorkflow = {
  id: 'second_look',
  title: 'Second look',
  description: 'Looks twice. Use when testing.',
  asks: 'Look closely: {question}',
  input: WorkflowInput.parse(inputFor('verification', ['writer', 'checker'])),
  file: 'workflows/second_look.yaml',
};
const check = createWorkflowCheck({
  workflows: { all: [NAMED], get: (id) => (id === NAMED.id ? NAMED : null) },
  catalog: { get: (id) => (id.startsWith('no_') ? null : ({ id } as never)) },
  redaction: REDACTION,
  messageCharsMax: 100,
});
const ask = (workflow: string, input: unknown, customerId: string | null = 'cus_1') => check(STAFF, { workflow, input, customerId });

describe('a workflow on a schedule', () => {
  it('is kept as its run will read it, without personal data', async () => {
    const named = await ask('second_look', { question: 'Is 4111 1111 1111 1111 right?' });
    expect(PatternRunInput.parse(named)).toMatchObject({ text: 'Look closely: Is [card ending 1111] right?', workflow: { pattern: 'verification' } });
    expect(PatternRunInput.parse(await ask('debate', { question: 'Well?', agents: ['a', 'b'].map((id) => `agent_${id}`) }))).toMatchObject({
      workflow: { pattern: 'debate', participants: [{ agentId: 'agent_a', role: 'neutral' }, { agentId: 'agent_b' }] },
    });
  });

  it.each([
    ['no question', 'second_look', { agents: [] }, 'input.input'],
    ['a question that is too long', 'second_look', { question: 'x'.repeat(101) }, 'at most 100 characters'],
    ['an unknown workflow', 'seance', { question: 'Well?' }, 'input.input.workflow'],
    ['an unknown agent', 'parallel', { question: 'Well?', agents: ['agent_a', 'no_agent'] }, 'there is no agent no_agent'],
    [
      'what does not fit together',
      'parallel',
      { question: 'Well?', input: { agents: [{ agentId: 'agent_a' }, { agentId: 'agent_b' }], quorum: 1 } },
      'input.input.input.quorum',
    ],
  ])('is refused with %s', async (_what, workflow, input, named) => {
    await expect(ask(workflow, input)).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining(named) });
  });

  it('is refused for nobody', async () => {
    await expect(ask('second_look', { question: 'Well?' }, null)).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('customerId') });
  });
});
