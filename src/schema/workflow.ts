/** Several agents together: which patterns and named workflows there are, and starting one. Checks the form of the input; all else is the desk's. */
import { z } from 'zod';
import { requireViewer } from '../desk/access.ts';
import { badInput } from '../foundation/errors.ts';
import type { NamedWorkflow } from '../orchestration/named-workflows.ts';
import {
  agentsOf,
  DebateInput,
  ExpertPanelInput,
  ParallelInput,
  PATTERNS,
  SequentialInput,
  VerificationInput,
  type Pattern as PatternName,
} from '../orchestration/workflow-input.ts';
import { RESULTS } from '../orchestration/workflow-result.ts';
import { readWorkflow } from '../runs/read-workflow.ts';
import { Agent, agentOf } from './agent.ts';
import { builder } from './builder.ts';
import { email, given, idOf, key, text, wholeNumber } from './input.ts';
import { staff } from './rule.ts';
import { Run } from './run.ts';
import { upperCased } from './scalars.ts';
import { askedPattern, ParticipantInput, PatternInput } from './workflow-input.ts';

const Pattern = builder.enumType('WorkflowPattern', {
  description: 'How agents work together.',
  values: upperCased<PatternName>({
    sequential: 'One after the other, each with what the ones before have found.',
    parallel: 'The same question to many at once; merged, voted on, or the best of them.',
    debate: 'Positions in rounds, until enough agree.',
    verification: 'One writes, others check, and it is written again until it passes.',
    expert_panel: 'Experts side by side, then one synthesis; dissent is kept.',
  }),
});

const SCHEMAS: Readonly<Record<PatternName, z.ZodType>> = {
  sequential: SequentialInput,
  parallel: ParallelInput,
  debate: DebateInput,
  verification: VerificationInput,
  expert_panel: ExpertPanelInput,
};

const PURPOSES: Readonly<Record<PatternName, readonly [title: string, purpose: string]>> = {
  sequential: ['Sequential', 'Agents one after the other, each with what the ones before have found; steps may depend on each other and be tried again.'],
  parallel: ['Parallel', 'The same question to 2 to 50 agents at once; the rest is cancelled as soon as enough have answered.'],
  debate: ['Debate', '2 to 10 agents take positions in rounds until enough of the weight agrees; the decision is counted on positions.'],
  verification: ['Verification', 'One agent writes a draft, others check it by name; it is written again until it passes or the iterations are spent.'],
  expert_panel: ['Expert panel', 'Experts give opinions without hearing each other; then these are put together, and dissent is kept.'],
};

interface Offered {
  readonly id: string;
  readonly pattern: PatternName;
  readonly named: NamedWorkflow | null;
}

const Workflow = builder.objectRef<Offered>('Workflow').implement({
  authScopes: staff('read:workflows'),
  description: 'A way in which several agents work together: one of the five patterns, or a named workflow made of one.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'What `startWorkflow` takes: "expert_panel", "billing_dispute".' }),
    title: t.string({ description: 'For people.', resolve: ({ pattern, named }) => named?.title ?? PURPOSES[pattern][0] }),
    description: t.string({ description: 'What it does, and when to use it.', resolve: ({ pattern, named }) => named?.description ?? PURPOSES[pattern][1] }),
    pattern: t.field({ type: Pattern, description: 'The pattern it is, or is made of.', resolve: ({ pattern }) => pattern }),
    named: t.boolean({ description: 'True when its participants are set.', resolve: ({ named }) => named !== null }),
    agents: t.field({
      type: [Agent],
      description: 'Who takes part; empty for a pattern, whose participants are named when it is started.',
      resolve: ({ named }, _args, context) => (named ? agentsOf(named.input).flatMap((id) => agentOf(context, id) ?? []) : []),
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it is set to; `null` for a pattern.',
      resolve: ({ named }) => named?.input ?? null,
    }),
    inputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of `input` of `startWorkflow`; `null` for a named workflow, which takes none. `pattern` takes the same in fields of its own.',
      resolve: ({ pattern, named }) => (named ? null : z.toJSONSchema(SCHEMAS[pattern], { io: 'input' })),
    }),
    resultSchema: t.field({
      type: 'JSON',
      description: 'JSON Schema of the `result` of its runs.',
      resolve: ({ pattern }) => z.toJSONSchema(RESULTS[pattern]),
    }),
  }),
});

builder.queryField('workflows', (t) =>
  t.field({
    authScopes: staff('read:workflows'),
    type: [Workflow],
    nullable: true,
    description: 'The five patterns, then the named workflows by their names. For the staff.',
    resolve: (_root, _args, { workflows }) => {
      const named = workflows.all.map((one): Offered => ({ id: one.id, pattern: one.input.pattern, named: one }));
      return [...PATTERNS.map((pattern): Offered => ({ id: pattern, pattern, named: null })), ...named];
    },
  }),
);

builder.relayMutationField(
  'startWorkflow',
  {
    description: 'Which workflow, on what question, for whom.',
    inputFields: (t) => ({
      workflow: t.id({ description: 'A pattern or a named workflow, as in `workflows`. May be left out beside `pattern`, which says it.' }),
      question: t.string({ description: 'What the agents work on. Needed, under this name or as `text`.' }),
      text: t.string({ description: 'The same as `question`; give one of the two.' }),
      pattern: t.field({ type: PatternInput, description: 'A pattern with all it takes, typed.' }),
      participants: t.field({
        type: [ParticipantInput],
        description: 'For any pattern: who takes part, with a role and a weight where the pattern has a use for them.',
      }),
      options: t.field({ type: 'JSON', description: 'Beside `participants`: the rest of the pattern’s input, by its `inputSchema`: `{ "rounds": 2 }`.' }),
      agents: t.idList({
        description: 'For a pattern: who takes part, in sensible roles. The first produces and the rest verify; all debate as equals; all experts count alike.',
      }),
      input: t.field({
        type: 'JSON',
        description:
          'For a pattern: its whole input as JSON, by its `inputSchema`. Give one of `pattern`, `participants`, `agents` and `input`, and none of them for a named workflow.',
      }),
      priority: t.int({ description: 'Higher goes first; 0 is normal, -1000 to 1000.' }),
      notBefore: t.field({ type: 'DateTime', description: 'It does not begin before; left out, at once.' }),
      retries: t.int({ description: 'How often it is tried again when it failed with something that may pass, 0 to 9, with growing pauses.' }),
      conversationId: t.id({
        description:
          'On which conversation, open or resolved; it says for whom. The agents read what was said in it and say nothing there: it goes on undisturbed, and its customer learns nothing.',
      }),
      customerId: t.id({ description: 'For whom. Give this, `customerEmail` or `conversationId`.' }),
      customerEmail: t.string({ description: 'For whom, by the main address, instead of `customerId`. Nobody is created for it.' }),
      idempotencyKey: t.string({ description: 'Your own key for this start: the same key and body give the same run, another body is CONFLICT.' }),
    }),
  },
  {
    authScopes: staff('execute:workflows'),
    description:
      'Has several agents work together on one question: follow it with `runEvents`, and of one on a conversation also with `conversationEvents`, for the staff; what comes of it is the `result` of the run. For the staff. BAD_INPUT names the field that does not fit; UNAVAILABLE for a participant that is switched off.',
    resolve: (_root, { input }, { viewer, desk, workflows, catalog, messageCharsMax }) => {
      const known = requireViewer(viewer);
      if (input.customerId != null && input.customerEmail != null) throw badInput('input.customerEmail', 'give the customer by id or by address, not both.');
      const asked = {
        workflow: input.workflow ?? null,
        question: questionOf(input.question, input.text, messageCharsMax),
        agents: input.agents ? input.agents.map(String) : null,
        participants: input.participants?.map(({ agentId, role = null, weight = null }) => ({ agentId, role, weight })) ?? null,
        pattern: input.pattern ? askedPattern(input.pattern) : null,
        input: input.input,
        options: input.options,
      };
      return desk.workflowRuns.start(known, {
        ...readWorkflow(asked, { workflows, catalog }),
        priority: given(input.priority, (value) => wholeNumber('input.priority', value, -1_000, 1_000)) ?? 0,
        notBefore: input.notBefore ?? null,
        retries: given(input.retries, (value) => wholeNumber('input.retries', value, 0, 9)) ?? 0,
        conversationId: given(input.conversationId, (id) => idOf('input.conversationId', 'conv', id)) ?? null,
        customerId: given(input.customerId, (id) => idOf('input.customerId', 'cus', id)) ?? null,
        customerEmail: given(input.customerEmail, (value) => email('input.customerEmail', value)) ?? null,
        idempotencyKey: given(input.idempotencyKey, (value) => key('input.idempotencyKey', value)) ?? null,
      });
    },
  },
  { outputFields: (t) => ({ run: t.field({ type: Run, description: 'The run, queued.', resolve: (payload) => payload.run }) }) },
);

function questionOf(question: string | null | undefined, said: string | null | undefined, charsMax: number): string {
  if (question != null && said != null) throw badInput('input.text', 'is the same as `question`: give one of the two.');
  if (question == null && said == null) throw badInput('input.question', 'say what the agents work on.');
  return question == null ? text('input.text', said ?? '', charsMax) : text('input.question', question, charsMax);
}
