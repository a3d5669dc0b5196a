/** Runs whose agents want more than they may, whatever the tool: answers, runs of one agent, and participants of a pattern. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/foundation/ids.ts';
import { agentsOf, inputFor, WorkflowInput } from '../../src/orchestration/workflow-input.ts';
import type { ToolContext } from '../../src/orchestration/tool.ts';
import { ApprovalNeeded } from '../../src/store/approval.ts';
import type { Approval } from '../../src/store/generated/prisma/client.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { createActingLlm, type Act, type Line } from '../support/acting-llm.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };

let house: House | null = null;
afterEach(async () => {
  await house?.close();
  house = null;
});

/** Gives so many; nobody may give any without people. */
function givingTool(given: { readonly input: unknown; readonly approved: ToolContext['approved'] }[]) {
  return defineTool({
    name: 'give',
    description: 'Gives so many.',
    input: z.strictObject({ many: z.number(), secret: z.string() }),
    grant: z.strictObject({}),
    effect: 'money',
    redact: ['secret'],
    infer: () => null,
    async run(input, _grant, { approved }) {
      const terms = { many: input.many };
      if (!approved)
        throw new ApprovalNeeded('This is not mine to give.', { needed: { level: 'lead', people: 1, risk: 'low' }, summary: `Give ${input.many}.`, terms });
      given.push({ input, approved });
      return { summary: `Given: ${input.many}.` };
    },
  });
}

async function open(act: (scene: Act) => Line | Promise<Line>) {
  const given: { readonly input: unknown; readonly approved: ToolContext['approved'] }[] = [];
  const llm = createActingLlm(act);
  const opened = await openHouse({ llm, cast: ['expert_a', 'expert_b', 'expert_c'], tools: new Map([['give', givingTool(given)]]) });
  house = opened;
  const userId = newId('usr');
  await opened.database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name: 'Mo', role: 'admin' } });
  const statusOf = async (id: string) => (await opened.database.run.findUniqueOrThrow({ where: { id } })).status;
  const pending = async (runId: string): Promise<Approval> => {
    await expect.poll(() => opened.database.approval.count({ where: { runId, status: 'pending' } }), PATIENCE).toBe(1);
    await expect.poll(() => statusOf(runId), PATIENCE).toBe('waiting');
    return opened.database.approval.findFirstOrThrow({ where: { runId, status: 'pending' } });
  };
  const decide = ({ id, argumentsHash }: Approval, approve: boolean) =>
    opened.desk.approvals.decide(staffViewer({ userId, name: 'Mo', role: 'admin' }), { approvalId: id, approve, argumentsHash });
  return { opened, llm, given, statusOf, pending, decide, ...(await opened.addCustomer()) };
}

const give = (many: number) => ({ name: 'give', input: { many, secret: 'zyxomma' } });

describe('two calls of one round that people have to decide on', () => {
  it('are asked about one after the other, each is done as it was decided, and the model is asked once for both', async () => {
    const { opened, llm, given, viewer, pending, decide } = await open(({ nth }) =>
      nth === 0 ? { text: 'Both, then. ', calls: [give(1), give(2)] } : { text: 'That is that.' },
    );
    const { run } = await opened.desk.conversations.start(viewer, { text: 'Give me one and two' });
    const first = await pending(run.id);
    expect(first).toMatchObject({ step: 'agent/give/1', argumentsShown: { many: 1, secret: '[redacted]', terms: { many: 1 } } });
    await decide(first, false);
    await expect.poll(() => opened.database.approval.count({ where: { runId: run.id } }), PATIENCE).toBe(2);
    const second = await pending(run.id);
    expect(second).toMatchObject({ step: 'agent/give/2', requestedBy: 'first_agent' });
    await decide(second, true);
    await opened.ended(run.id);
    expect(given).toEqual([{ input: give(2).input, approved: { step: 'agent/give/2', tool: 'give', arguments: { ...give(2).input, terms: { many: 2 } } } }]);
    expect(llm.asked).toHaveLength(2);
    expect(llm.asked[1]?.messages.at(-1)).toMatchObject({
      role: 'tool',
      results: [
        { failed: true, summary: expect.stringContaining('decided against it') },
        { failed: false, summary: 'Given: 2.' },
      ],
    });
    const { text } = await opened.database.message.findFirstOrThrow({ where: { runId: run.id, role: 'agent' } });
    expect(text.match(/passed it on to a support lead/g)).toHaveLength(1);
    expect(text).toMatch(/^Both, then\. [^]*\n\nThat is that\.$/);
  });
});

it('an agent that staff had do it asks in their name, and its run goes on from there', async () => {
  const { opened, llm, given, customerId, pending, decide } = await open(({ nth }) => (nth === 0 ? { text: 'I try. ', calls: [give(3)] } : { text: 'Done.' }));
  const { run } = await opened.desk.agentRuns.start(STAFF, { agentId: 'first_agent', text: 'Give three', customerId });
  const approval = await pending(run.id);
  expect(approval).toMatchObject({ requestedBy: 'user:usr_test', conversationId: null, step: 'agent/give/1' });
  await decide(approval, true);
  await opened.ended(run.id);
  expect(given).toHaveLength(1);
  expect(llm.asked).toHaveLength(2);
  const row = await opened.database.run.findUniqueOrThrow({ where: { id: run.id } });
  expect(row).toMatchObject({ status: 'succeeded', result: { text: expect.stringMatching(/^I try\. [^]*Done\.$/) } });
});

describe('a participant of a pattern', () => {
  it('waits when all others have ended, so that nobody’s work is cut off, and is the only one who goes on', async () => {
    const held = Promise.withResolvers<Line>();
    const { opened, llm, given, customerId, statusOf, pending, decide } = await open(({ agentId, nth }) => {
      if (agentId === 'expert_b') return held.promise;
      if (agentId !== 'expert_a') return { text: `${agentId} is done. ` };
      return nth === 0 ? { text: 'I want to. ', calls: [give(4)] } : { text: 'I have.' };
    });
    const workflow = WorkflowInput.parse(inputFor('parallel', ['expert_a', 'expert_b', 'expert_c']));
    const { run } = await opened.desk.workflowRuns.start(STAFF, { name: 'parallel', text: 'Well?', workflow, agentIds: agentsOf(workflow), customerId });
    const kept = async () => (await opened.database.pool.query('SELECT 1 FROM langgraph.checkpoints WHERE thread_id LIKE $1', [`${run.id}/%`])).rowCount;
    await expect.poll(kept, PATIENCE).toBeGreaterThan(0);
    await expect.poll(() => opened.database.runStep.count({ where: { runId: run.id, status: 'succeeded' } }), PATIENCE).toBe(1);
    expect(await statusOf(run.id)).toBe('running');
    held.resolve({ text: 'expert_b is done. ' });
    const approval = await pending(run.id);
    expect(approval).toMatchObject({ agentId: 'expert_a', requestedBy: 'user:usr_test', step: expect.stringMatching(/^parallel\/.*\/give\/1$/) });
    await decide(approval, true);
    await opened.ended(run.id);
    expect(given).toHaveLength(1);
    expect(llm.asked.map(({ persona }) => persona.agentId).toSorted()).toEqual(['expert_a', 'expert_a', 'expert_b', 'expert_c']);
    const row = await opened.database.run.findUniqueOrThrow({ where: { id: run.id } });
    expect(row).toMatchObject({ status: 'succeeded', attempt: 2, result: { text: expect.stringMatching(/I want to\. [^]*I have\.[^]*expert_b is done/) } });
    // A participant is not what a customer reads: nobody tells them that it waits.
    expect(JSON.stringify(row.result)).not.toContain('passed it on');
  });

  it('that waits is stopped with its run', async () => {
    const { opened, customerId, pending } = await open(() => ({ text: 'I want to. ', calls: [give(5)] }));
    const workflow = WorkflowInput.parse(inputFor('parallel', ['expert_a', 'expert_b']));
    const { run } = await opened.desk.workflowRuns.start(STAFF, { name: 'parallel', text: 'Well?', workflow, agentIds: agentsOf(workflow), customerId });
    const approval = await pending(run.id);
    expect((await opened.runs.stop(STAFF, run.id)).run.status).toBe('stopped');
    expect(await opened.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'rejected' });
  });
});

it('an answer that waits for nobody writes no checkpoint', async () => {
  const { opened, viewer } = await open(() => ({ text: 'Hello.' }));
  const { run } = await opened.desk.conversations.start(viewer, { text: 'Hello' });
  await opened.ended(run.id);
  expect((await opened.database.pool.query('SELECT 1 FROM langgraph.checkpoints')).rowCount).toBe(0);
});
