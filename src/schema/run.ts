/** Runs: the work behind an answer, its steps, its price and how it ended. */
import { requireViewer, runsVisibleTo } from '../desk/access.ts';
import {
  ESCALATION_DECISIONS,
  FINISH_REASONS,
  type EscalationDecision as EscalationDecisionValue,
  type FinishReason as FinishReasonValue,
} from '../events/event.ts';
import type { Run as RunRow, RunStatus as RunStatusValue, StepStatus as StepStatusValue } from '../store/generated/prisma/client.ts';
import { Agent, agentOf } from './agent.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { loadConversation } from './conversation.ts';
import { seesAssessments } from './customer.ts';
import { found, idOf } from './input.ts';
import { PART, own } from './rule.ts';
import { upperCased } from './scalars.ts';
import { StepUsage, Usage } from './usage.ts';

export const RunStatus = builder.enumType('RunStatus', {
  description: 'Where a run stands. The last three are final.',
  values: upperCased<RunStatusValue>({
    queued: 'Waits for its turn.',
    running: 'At work.',
    waiting: 'Waits for a person to decide.',
    succeeded: 'Done.',
    failed: 'Ended by an error; see `error`.',
    stopped: 'Stopped on request.',
  }),
});

const StepStatus = builder.enumType('StepStatus', {
  description: 'Where a step stands.',
  values: upperCased<StepStatusValue>({
    running: 'At work.',
    succeeded: 'Done.',
    failed: 'Ended by an error.',
    stopped: 'Stopped with its run.',
    skipped: 'Not needed.',
  }),
});

export const FinishReason = builder.enumType('FinishReason', {
  description: 'Why the model ended its answer.',
  values: upperCased<FinishReasonValue>({
    end_turn: 'It had said all.',
    max_tokens: 'The answer reached the longest that is allowed.',
    stop_sequence: 'It met an agreed end mark.',
    refusal: 'It declined to answer.',
    context_window: 'The conversation grew too long for it.',
  }),
});

export const EscalationDecision = builder.enumType('EscalationDecision', {
  description: 'What is judged of every message before it is answered.',
  values: upperCased<EscalationDecisionValue>({
    answer: 'The agent answers.',
    offer: 'The agent answers and offers a person.',
    escalate: 'A person is needed; one is asked for, unless one has been already.',
  }),
});

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

const RunError = builder.objectRef<Failure>('RunError').implement({
  ...PART,
  description: 'Why a run failed.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'A code of the list that errors carry in `extensions.code`.' }),
    message: t.exposeString('message', { description: 'One sentence that a customer may read.' }),
    retryable: t.exposeBoolean('retryable', { description: 'True when the same message may succeed later.' }),
  }),
});

const StepError = builder.objectRef<Omit<Failure, 'retryable'>>('StepError').implement({
  ...PART,
  description: 'Why a step failed.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'A code of the list that errors carry in `extensions.code`.' }),
    message: t.exposeString('message', { description: 'One sentence.' }),
  }),
});

builder.prismaObject('RunStep', {
  authScopes: own('read:conversations'),
  description: 'One step of a run.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    path: t.exposeString('path', { description: 'Where in the workflow: "route", "agent", "experts/2".' }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent at work; `null` for steps without one.',
      resolve: (step, _args, context) => agentOf(context, step.agentId),
    }),
    role: t.exposeString('role', { description: 'The part it plays in this workflow; its path where there are no parts.' }),
    status: t.field({ type: StepStatus, description: 'Where it stands.', resolve: (step) => step.status }),
    attempt: t.exposeInt('attempt', { description: '1 for the first try, one more each time the run was taken up again.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: '`null` while it is at work.' }),
    ms: t.int({
      nullable: true,
      description: 'How long it took, in milliseconds; `null` while it is at work.',
      resolve: (step) => (step.finishedAt ? step.finishedAt.getTime() - step.startedAt.getTime() : null),
    }),
    usage: t.field({
      type: StepUsage,
      description: 'What models read and wrote in it.',
      resolve: ({ inputTokens, outputTokens, cost }) => ({ inputTokens, outputTokens, cost: cost.toFixed() }),
    }),
    output: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it found, by workflow. `null` until it is done, and when a customer asks: drafts are for the desk.',
      resolve: (step, _args, { viewer }) => (seesAssessments(viewer) ? step.output : null),
    }),
    error: t.field({
      type: StepError,
      nullable: true,
      description: 'Why it failed; `null` unless it did.',
      resolve: (step) => (step.errorCode === null ? null : { code: step.errorCode, message: step.errorMessage ?? '' }),
    }),
  }),
});

export const Run = builder.prismaObject('Run', {
  authScopes: own('read:conversations'),
  description: 'The work that answers one message, or one start of a workflow.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    workflow: t.exposeID('workflow', { description: 'Which workflow: "reply" answers a message, "agent" runs one agent by itself.' }),
    status: t.field({ type: RunStatus, description: 'Where it stands.', resolve: (run) => run.status }),
    outcome: t.exposeString('outcome', { nullable: true, description: 'How it ended, in a word; `null` until it has succeeded.' }),
    finishReason: t.field({
      type: FinishReason,
      nullable: true,
      description: 'Why the model ended its answer; `null` until it has.',
      resolve: (run) => FINISH_REASONS.find((reason) => reason === run.finishReason) ?? null,
    }),
    steps: t.relation('steps', { description: 'Its steps, in the order they began.', query: { orderBy: [{ startedAt: 'asc' }, { id: 'asc' }] } }),
    result: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The structured result, by workflow; that of "agent" holds the answer as `text`. Kept for 24 hours after the end (the setting RETENTION_RESULT_HOURS), then it is `null` and `resultExpiredAt` says since when; only that of "reply" stays as long as its conversation. `null` as well until it is done, and of "reply" when a customer asks: their answer is the message.',
      resolve: (run, _args, { viewer }) => (seesAssessments(viewer) || run.workflow === 'agent' ? run.result : null),
    }),
    resultExpiredAt: t.expose('resultExpiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the `result` was removed because its time was over; `null` while it is there, and where there was none.',
    }),
    usage: t.field({ type: Usage, description: 'What models read and wrote so far, whether it succeeds or not.', resolve: (run) => usageOf(run) }),
    error: t.field({
      type: RunError,
      nullable: true,
      description: 'Why it failed; `null` unless it did.',
      resolve: (run) => (run.errorCode === null ? null : { code: run.errorCode, message: run.errorMessage ?? '', retryable: run.errorRetryable ?? false }),
    }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent that answers; `null` until one is chosen.',
      resolve: (run, _args, context) => agentOf(context, run.agentId),
    }),
    message: t.prismaField({
      type: 'Message',
      nullable: true,
      description: 'The message it answers; `null` for workflows that were started by themselves.',
      resolve: (query, run, _args, { database }) => (run.messageId === null ? null : database.message.findUnique({ ...query, where: { id: run.messageId } })),
    }),
    answer: t.prismaField({
      type: 'Message',
      nullable: true,
      description: 'The answer it wrote; `null` until it has begun one.',
      resolve: (query, run, _args, { database }) =>
        database.message.findFirst({ ...query, where: { runId: run.id, role: 'agent' }, orderBy: { createdAt: 'desc' } }),
    }),
    conversation: t.prismaField({
      type: 'Conversation',
      nullable: true,
      description: 'Where it answers, or which it works on for the desk; `null` for runs outside a conversation.',
      resolve: (query, run, _args, context, info) => (run.conversationId === null ? null : loadConversation(query, run.conversationId, context, info)),
    }),
    customer: t.relation('customer', { nullable: true, description: 'Whom it serves; `null` for runs without a customer.' }),
    decision: t.field({
      type: EscalationDecision,
      nullable: true,
      description: 'What was judged of the message. `null` until the run has ended, when it ended before that, and for others than the desk.',
      resolve: (run, _args, { viewer }) => (seesAssessments(viewer) ? (ESCALATION_DECISIONS.find((known) => known === run.decision) ?? null) : null),
    }),
    decisionRules: t.stringList({
      nullable: true,
      description: 'The rules that fired then, by name. `null` for others than the desk.',
      resolve: (run, _args, { viewer }) => (seesAssessments(viewer) ? run.decisionRules : null),
    }),
    attempt: t.exposeInt('attempt', { description: 'How often it was started: 0 while it waits for the first time.' }),
    model: t.exposeString('model', { nullable: true, description: 'The model that answered; `null` until one did.' }),
    firstTokenMs: t.exposeInt('firstTokenMs', {
      nullable: true,
      description: 'Milliseconds from its start to the first piece of text; `null` until there is one.',
    }),
    partialKept: t.exposeBoolean('partialKept', { description: 'True when it ended early and what it had written was kept.' }),
    stoppedBy: t.exposeString('stoppedBy', { nullable: true, description: 'Who stopped it; `null` unless it was stopped.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was queued.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: '`null` while it waits.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: '`null` until it has ended.' }),
  }),
});

/** The columns of a run as the usage that events carry. */
export function usageOf(run: RunRow) {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = run;
  return { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost: run.cost.toFixed() };
}

builder.queryField('run', (t) =>
  t.prismaField({
    authScopes: own('read:conversations'),
    type: 'Run',
    nullable: true,
    description: 'One run. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The run.' }) },
    resolve: async (query, _root, args, { viewer, database }) => {
      const visible = runsVisibleTo(requireViewer(viewer));
      const id = idOf('id', 'run', args.id);
      return found('run', await database.run.findFirst({ ...query, where: { id, AND: [visible] } }));
    },
  }),
);

builder.prismaObjectField('Message', 'run', (t) =>
  t.prismaField({
    type: 'Run',
    nullable: true,
    description: 'The run that wrote it, or that it started; `null` for what people of the desk wrote.',
    resolve: (query, message, _args, { database }) => (message.runId === null ? null : database.run.findUnique({ ...query, where: { id: message.runId } })),
  }),
);
