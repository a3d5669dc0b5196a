/** The items of a stream that are about runs: how they begin and end, who was chosen, what their steps and tools do. */
import { requireViewer, runsVisibleTo } from '../desk/access.ts';
import type { Run as RunRow } from '../store/generated/prisma/client.ts';
import { Agent, agentOf } from './agent.ts';
import { builder, type Context } from './builder.ts';
import { AgentCandidate } from './route.ts';
import { PART } from './rule.ts';
import { FinishReason } from './run.ts';
import { EVERYWHERE, type ItemOf } from './stream-item.ts';
import { costOf, Money } from './scalars.ts';
import { Usage } from './usage.ts';

const RUN_DESCRIPTION = 'The run as it is now. `null` when it has since been erased, or beside an error when it could not be read.';

function readRun(query: object, runId: string, { viewer, database }: Context): Promise<RunRow | null> {
  return database.run.findFirst({ ...query, where: { id: runId, AND: [runsVisibleTo(requireViewer(viewer))] } });
}

builder.objectRef<ItemOf<'RunQueued'>>('RunQueued').implement({
  ...PART,
  description: 'A run waits for its turn; after RunStarted, for another try after a failure that may pass.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    run: t.prismaField({
      type: 'Run',
      nullable: true,
      description: RUN_DESCRIPTION,
      resolve: (query, { said }, _args, context) => readRun(query, said.runId, context),
    }),
    place: t.int({ description: 'Its place in the queue of the conversation: 0 is next.', resolve: ({ said }) => said.place }),
  }),
});

builder.objectRef<ItemOf<'RunStarted'>>('RunStarted').implement({
  ...PART,
  description: 'A run is at work.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    run: t.prismaField({
      type: 'Run',
      nullable: true,
      description: RUN_DESCRIPTION,
      resolve: (query, { said }, _args, context) => readRun(query, said.runId, context),
    }),
    attempt: t.int({ description: '1 for the first start, one more each time it was taken up again.', resolve: ({ said }) => said.attempt }),
  }),
});

builder.objectRef<ItemOf<'RunFinished'>>('RunFinished').implement({
  ...PART,
  description: 'A run is done. The last item of its run.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    run: t.prismaField({
      type: 'Run',
      nullable: true,
      description: RUN_DESCRIPTION,
      resolve: (query, { said }, _args, context) => readRun(query, said.runId, context),
    }),
    outcome: t.string({ description: 'How it ended, in a word.', resolve: ({ said }) => said.outcome }),
    finishReason: t.field({
      type: FinishReason,
      nullable: true,
      description: 'Why the model ended its answer; `null` when none answered.',
      resolve: ({ said }) => said.finishReason,
    }),
    usage: t.field({ type: Usage, description: 'What it used of models in all.', resolve: ({ said }) => said.usage }),
    firstTokenMs: t.int({
      nullable: true,
      description: 'Milliseconds from its start to the first piece of text; `null` when there was none.',
      resolve: ({ said }) => said.firstTokenMs,
    }),
  }),
});

builder.objectRef<ItemOf<'RunFailed'>>('RunFailed').implement({
  ...PART,
  description: 'A run ended by an error. The last item of its run; the conversation stays usable.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    run: t.prismaField({
      type: 'Run',
      nullable: true,
      description: RUN_DESCRIPTION,
      resolve: (query, { said }, _args, context) => readRun(query, said.runId, context),
    }),
    code: t.string({ description: 'A code of the list that errors carry in `extensions.code`.', resolve: ({ said }) => said.code }),
    sentence: t.string({ description: 'What went wrong, in one sentence that a customer may read.', resolve: ({ said }) => said.message }),
    retryable: t.boolean({ description: 'True when the same message may succeed later.', resolve: ({ said }) => said.retryable }),
    partialKept: t.boolean({ description: 'True when the answer so far was kept, marked PARTIAL.', resolve: ({ said }) => said.partialKept }),
    usage: t.field({ type: Usage, description: 'What it had used of models.', resolve: ({ said }) => said.usage }),
  }),
});

builder.objectRef<ItemOf<'RunStopped'>>('RunStopped').implement({
  ...PART,
  description: 'A run was stopped on request. The last item of its run; what it had written is kept.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    run: t.prismaField({
      type: 'Run',
      nullable: true,
      description: RUN_DESCRIPTION,
      resolve: (query, { said }, _args, context) => readRun(query, said.runId, context),
    }),
    by: t.string({ description: 'Who stopped it: a kind and an id, "customer:cus_…".', resolve: ({ said }) => said.by }),
    usage: t.field({ type: Usage, description: 'What it had used of models.', resolve: ({ said }) => said.usage }),
  }),
});

builder.objectRef<ItemOf<'AgentChosen'>>('AgentChosen').implement({
  ...PART,
  description: 'It is decided who answers, and why.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'Who answers; `null` when that agent has since been removed.',
      resolve: ({ said }, _args, context) => agentOf(context, said.agentId),
    }),
    confidence: t.float({ description: 'How sure that is, 0 to 1.', resolve: ({ said }) => said.confidence }),
    candidates: t.field({
      type: [AgentCandidate],
      description: 'Who was considered, best first, the chosen one included.',
      resolve: ({ said }) => said.candidates,
    }),
    reason: t.string({ description: 'Why, in one sentence.', resolve: ({ said }) => said.reason }),
    by: t.string({ description: 'What chose: LOCAL_INDEX, MODEL, RULE or PERSON.', resolve: ({ said }) => said.by.toUpperCase() }),
  }),
});

builder.objectRef<ItemOf<'StepStarted'>>('StepStarted').implement({
  ...PART,
  description: 'A step of a run began.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step.', resolve: ({ said }) => said.step }),
    path: t.string({ description: 'Where in the workflow: "agent", "experts/2".', resolve: ({ said }) => said.path }),
    attempt: t.int({ description: 'The attempt it belongs to.', resolve: ({ said }) => said.attempt }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent at work; `null` for steps without one.',
      resolve: ({ said }, _args, context) => agentOf(context, said.agentId),
    }),
    role: t.string({ nullable: true, description: 'The part the agent plays; `null` where there are no parts.', resolve: ({ said }) => said.role }),
  }),
});

builder.objectRef<ItemOf<'StepFinished'>>('StepFinished').implement({
  ...PART,
  description: 'A step of a run ended.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step.', resolve: ({ said }) => said.step }),
    path: t.string({ description: 'Where in the workflow.', resolve: ({ said }) => said.path }),
    attempt: t.int({ description: 'The attempt it belongs to.', resolve: ({ said }) => said.attempt }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent at work; `null` for steps without one.',
      resolve: ({ said }, _args, context) => agentOf(context, said.agentId),
    }),
    role: t.string({ nullable: true, description: 'The part the agent played; `null` where there are no parts.', resolve: ({ said }) => said.role }),
    outcome: t.string({ description: 'How: SUCCEEDED, FAILED, STOPPED or SKIPPED.', resolve: ({ said }) => said.outcome.toUpperCase() }),
    ms: t.int({ description: 'How long it took, in milliseconds.', resolve: ({ said }) => said.ms }),
    output: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it found or decided, and why, by workflow. `null` when it did not succeed.',
      resolve: ({ said }) => said.output ?? null,
    }),
  }),
});

builder.objectRef<ItemOf<'ToolCalled'>>('ToolCalled').implement({
  ...PART,
  description: 'An agent uses a tool.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step.', resolve: ({ said }) => said.step }),
    callId: t.id({ description: 'This use; ToolReturned carries the same.', resolve: ({ said }) => said.callId }),
    tool: t.string({ description: 'The name of the tool.', resolve: ({ said }) => said.tool }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'Who uses it; `null` when that agent has since been removed.',
      resolve: ({ said }, _args, context) => agentOf(context, said.agentId),
    }),
    arguments: t.field({ type: 'JSON', description: 'What it is given, without what must stay private.', resolve: ({ said }) => said.arguments }),
  }),
});

builder.objectRef<ItemOf<'ToolReturned'>>('ToolReturned').implement({
  ...PART,
  description: 'A tool has answered.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step.', resolve: ({ said }) => said.step }),
    callId: t.id({ description: 'This use; ToolCalled carried the same.', resolve: ({ said }) => said.callId }),
    tool: t.string({ description: 'The name of the tool.', resolve: ({ said }) => said.tool }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'Who used it; `null` when that agent has since been removed.',
      resolve: ({ said }, _args, context) => agentOf(context, said.agentId),
    }),
    summary: t.string({ description: 'What came of it, in plain words.', resolve: ({ said }) => said.summary }),
    failed: t.boolean({ description: 'True when it could not do what was asked.', resolve: ({ said }) => said.failed }),
    failureCode: t.string({
      nullable: true,
      description: 'Why not, as a code of the list that errors carry in `extensions.code`. `null` when it did not fail.',
      resolve: ({ said }) => said.code ?? null,
    }),
  }),
});

builder.objectRef<ItemOf<'HandedOver'>>('HandedOver').implement({
  ...PART,
  description: 'Another agent goes on with the same answer. What was said stays; later text is the new agent’s.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    from: t.field({
      type: Agent,
      nullable: true,
      description: 'Who answered so far; `null` when that agent has since been removed.',
      resolve: ({ said }, _args, context) => agentOf(context, said.fromAgentId),
    }),
    to: t.field({
      type: Agent,
      nullable: true,
      description: 'Who goes on; `null` when that agent has since been removed.',
      resolve: ({ said }, _args, context) => agentOf(context, said.toAgentId),
    }),
    reason: t.string({ description: 'Why, in the words of the agent that hands over.', resolve: ({ said }) => said.reason }),
    hop: t.int({ description: '1 for the first of the run.', resolve: ({ said }) => said.hop }),
  }),
});

builder.objectRef<ItemOf<'UsageUpdated'>>('UsageUpdated').implement({
  ...PART,
  description: 'What a run has used of models so far.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    usage: t.field({ type: Usage, description: 'All of it since the run began.', resolve: ({ said }) => said.usage }),
  }),
});

builder.objectRef<ItemOf<'BudgetWarning'>>('BudgetWarning').implement({
  ...PART,
  description: 'Four fifths of what models may cost, or of the tokens they may use, are used; shown to the staff. Said once per run, conversation and day.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run that used the last of it.', resolve: ({ said }) => said.runId }),
    scope: t.string({ description: 'Whose budget: RUN, CONVERSATION or DAY (UTC).', resolve: ({ said }) => said.scope.toUpperCase() }),
    spent: t.field({
      type: Money,
      nullable: true,
      description: 'What is used. `null` when it is a budget of tokens.',
      resolve: ({ said }) => (said.unit === 'usd' ? costOf(said.spent) : null),
    }),
    limit: t.field({
      type: Money,
      nullable: true,
      description: 'What may be used; a run that would go beyond it ends with BUDGET_EXCEEDED. `null` when it is a budget of tokens.',
      resolve: ({ said }) => (said.unit === 'usd' ? costOf(said.limit) : null),
    }),
    tokens: t.int({ description: 'Tokens read and written for it, cached or not.', resolve: ({ said }) => said.tokens }),
    tokenLimit: t.int({
      nullable: true,
      description: 'Tokens that may be used; a run that would go beyond them ends with BUDGET_EXCEEDED. `null` when it is a budget of money.',
      resolve: ({ said }) => (said.unit === 'tokens' ? Number(said.limit) : null),
    }),
  }),
});
