/** The five patterns started through their typed input, over real HTTP and real sockets, and the table of input that does not fit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { isTerminal, openApp, type App, type FrontEnd } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import type { MessagesBody, ScriptedReply } from '../support/messages-api.ts';
import { AGENTS } from '../support/signals.ts';

const START = 'mutation Start($input: StartWorkflowInput!) { startWorkflow(input: $input) { run { id workflow status } } }';
const RESULT = 'query Result($id: ID!) { run(id: $id) { status workflow outcome result steps { path role agent { id } } } workflows { id resultSchema } }';

const [ONE, TWO, THREE] = ['refund_processor', 'invoice_generator', 'security_advisor'];
const who = (...ids: (string | undefined)[]) => ids.map((agentId) => ({ agentId }));

interface Shown {
  readonly run: {
    readonly status: string;
    readonly workflow: string;
    readonly result: object;
    readonly steps: readonly { readonly path: string; readonly role: string }[];
  };
  readonly workflows: readonly { readonly id: string; readonly resultSchema: z.core.JSONSchema.JSONSchema }[];
}

let app: App;
let desk: FrontEnd;
let customerId: string;
const agentOf = new Map<string, string>();

beforeAll(async () => {
  const catalog = await loadCatalog(AGENTS, { has: () => true, parseGrant: () => undefined });
  for (const agent of catalog.agents) agentOf.set(agent.prompt, agent.id);
  app = await openApp();
  app.model.otherwise(reply);
  desk = app.frontEnd(await app.token(staffViewer({ userId: newId('usr'), name: 'Sam', role: 'admin' })));
  customerId = await app.addCustomer();
});
afterAll(() => app.close());

function reply({ system, tools = [] }: MessagesBody): ScriptedReply {
  const text = `${agentOf.get(system?.[0]?.text ?? '') ?? 'nobody'} has looked at it.`;
  const offered = new Set(tools.map(({ name }) => name));
  if (offered.has('give_findings')) return { text, toolCalls: [{ name: 'give_findings', input: { findings: [], confidence: 0.9 } }] };
  if (!offered.has('give_verdict')) return { text };
  return { text, toolCalls: [{ name: 'give_verdict', input: { position: 'refund', confidence: 0.9, recommendations: ['Refund the last payment'] } }] };
}

describe('startWorkflow with a typed pattern', () => {
  it.each([
    [
      'sequential',
      {
        sequential: {
          steps: [
            { agentId: ONE, task: 'Find the payment.' },
            { agentId: TWO, when: { step: 0, outcome: 'SUCCEEDED' } },
          ],
        },
      },
      { outcome: 'done', steps: [{ agentId: ONE }, { agentId: TWO }] },
      ['sequential/0', 'sequential/1'],
    ],
    [
      'parallel',
      { parallel: { agents: who(ONE, TWO, THREE), concurrency: 1, join: 'QUORUM', quorum: 2, aggregate: 'VOTE', options: ['refund', 'decline'] } },
      { outcome: 'decided', position: 'refund', tally: [{ weight: 2 }], answers: [{ outcome: 'succeeded' }, { outcome: 'succeeded' }, { outcome: 'stopped' }] },
      ['parallel/0', 'parallel/1', 'parallel/2'],
    ],
    [
      'debate',
      {
        debate: {
          participants: [
            { agentId: ONE, role: 'ADVOCATE' },
            { agentId: TWO, role: 'CRITIC', weight: 2 },
            { agentId: THREE, role: 'MODERATOR' },
          ],
          format: 'STRUCTURED',
          decide: 'MODERATOR',
        },
      },
      { outcome: 'decided', decide: 'moderator', rounds: 1, moderator: { agentId: THREE } },
      ['debate/1/0', 'debate/1/1', 'debate/moderator'],
    ],
    [
      'verification',
      {
        verification: {
          producer: { agentId: ONE },
          verifiers: [{ agentId: 'policy_checker' }],
          checks: [{ name: 'within_policy', description: 'It promises what the policy says.', severity: 'MEDIUM' }],
        },
      },
      { outcome: 'approve', score: 1, text: `${ONE} has looked at it.` },
      ['verification/1/draft', 'verification/1/verifiers/0'],
    ],
    [
      'expert_panel',
      {
        expertPanel: {
          experts: [
            { agentId: ONE, area: 'money' },
            { agentId: TWO, weight: 0.5 },
          ],
          synthesis: 'WEIGHTED',
        },
      },
      { outcome: 'decided', synthesis: 'weighted', position: 'refund', opinions: [{ area: 'money' }, { weight: 0.5 }] },
      ['expert_panel/experts/0', 'expert_panel/experts/1'],
    ],
  ])('runs %s to a result that its resultSchema describes', async (workflow, pattern, result, paths) => {
    const { data, errors } = await desk.http(START, { input: { pattern, question: 'Should we refund this customer?', customerId } });
    expect(errors).toBeUndefined();
    const { id } = (data as { startWorkflow: { run: { id: string } } }).startWorkflow.run;
    expect((await takeUntil(desk.followRun(id), isTerminal)).at(-1)).toMatchObject({ __typename: 'RunFinished' });
    const { run, workflows } = (await desk.http(RESULT, { id })).data as unknown as Shown;
    expect(run).toMatchObject({ status: 'SUCCEEDED', workflow, result: { pattern: workflow, ...result } });
    expect(run.steps.map(({ path }) => path).toSorted()).toEqual(paths);
    const { resultSchema = {} } = workflows.find((one) => one.id === workflow) ?? {};
    expect(z.fromJSONSchema(resultSchema).safeParse(run.result)).toMatchObject({ success: true });
  });

  it('takes roles and weights in the words of any pattern, with the rest as options', async () => {
    const participants = [
      { agentId: ONE, role: 'advocate' },
      { agentId: TWO, role: 'critic', weight: 2 },
    ];
    const input = { workflow: 'debate', text: 'Should we refund this customer?', participants, options: { rounds: 1, decide: 'weighted' }, customerId };
    const { data } = await desk.http(START, { input });
    const { id } = (data as { startWorkflow: { run: { id: string } } }).startWorkflow.run;
    await takeUntil(desk.followRun(id), isTerminal);
    expect((await desk.http(RESULT, { id })).data).toMatchObject({
      run: { result: { decide: 'weighted', rounds: 1, statements: [{ role: 'advocate' }, { role: 'critic' }], tally: [{ weight: 3 }] } },
    });
  });
});

describe('startWorkflow refuses as BAD_INPUT, naming the field, and starts nothing', () => {
  it.each([
    ['one participant', { debate: { participants: who(ONE) } }, 'input.pattern.debate.participants'],
    ['an unknown agent', { parallel: { agents: who(ONE, 'nobody_here') } }, 'input.pattern.parallel.agents.1.agentId'],
    ['an unknown coordinator', { expertPanel: { experts: who(ONE, TWO), coordinator: 'nobody_here' } }, 'input.pattern.expertPanel.coordinator'],
    ['a missing moderator', { debate: { participants: who(ONE, TWO), decide: 'MODERATOR' } }, 'input.pattern.debate.participants'],
    ['a quorum larger than the panel', { parallel: { agents: who(ONE, TWO), join: 'QUORUM', quorum: 3 } }, 'input.pattern.parallel.quorum'],
    ['0 iterations', { verification: { producer: { agentId: ONE }, verifiers: who(TWO), iterations: 0 } }, 'input.pattern.verification.iterations'],
    ['a negative weight', { expertPanel: { experts: [{ agentId: ONE, weight: -1 }, { agentId: TWO }] } }, 'input.pattern.expertPanel.experts.0.weight'],
    ['a deadline shorter than a step', { sequential: { steps: who(ONE), deadlineMs: 2_000 } }, 'input.pattern.sequential.deadlineMs'],
    ['rounds beyond the bounds', { debate: { participants: who(ONE, TWO), rounds: 11 } }, 'input.pattern.debate.rounds'],
    ['a condition on a later step', { sequential: { steps: [{ agentId: ONE, when: { step: 0 } }] } }, 'input.pattern.sequential.steps.0.when.step'],
    ['an unknown enum value', { debate: { participants: who(ONE, TWO), format: 'SHOUTING' } }, 'input.pattern.debate.format'],
    ['a field there is not', { debate: { participants: who(ONE, TWO), speed: 1 } }, 'input.pattern.debate'],
    ['two patterns at once', { debate: { participants: who(ONE, TWO) }, parallel: { agents: who(ONE, TWO) } }, 'input.pattern'],
    ['no pattern at all', {}, 'input.pattern'],
  ])('%s', async (_what, pattern, field) => {
    const before = await app.database.run.count();
    const { errors } = await desk.http(START, { input: { pattern, question: 'Well?', customerId } });
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_INPUT', field } });
    expect(await app.database.run.count()).toBe(before);
  });

  it.each([
    ['one participant', { workflow: 'debate', participants: who(ONE) }, 'input.participants'],
    ['an unknown agent', { workflow: 'debate', participants: who(ONE, 'nobody_here') }, 'input.participants.1.agentId'],
    ['a negative weight', { workflow: 'parallel', participants: [{ agentId: ONE }, { agentId: TWO, weight: -1 }] }, 'input.participants.1.weight'],
    ['a quorum larger than the panel', { workflow: 'parallel', participants: who(ONE, TWO), options: { join: 'quorum', quorum: 3 } }, 'input.options.quorum'],
    ['two ways at once', { workflow: 'debate', agents: [ONE, TWO], participants: who(ONE, TWO) }, 'input.agents'],
  ])('%s, in the words of any pattern', async (_what, given, field) => {
    const { errors } = await desk.http(START, { input: { question: 'Well?', customerId, ...given } });
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_INPUT', field } });
  });
});
