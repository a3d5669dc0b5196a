/**
 * The input of the five patterns as GraphQL types. Bounds and defaults are read from what checks the values
 * (orchestration/workflow-input.ts), so that they stand in one place. Checks nothing itself.
 */
import { z } from 'zod';
import {
  DebateInput as DebateSchema,
  ExpertPanelInput as ExpertPanelSchema,
  ParallelInput as ParallelSchema,
  SequentialInput as SequentialSchema,
  VerificationInput as VerificationSchema,
  type AGGREGATIONS,
  type DEBATE_DECISIONS,
  type DEBATE_FORMATS,
  type DEBATE_ROLES,
  type JOINS,
  type Pattern,
  type Severity,
  type SYNTHESES,
} from '../orchestration/workflow-input.ts';
import type { AskedPattern } from '../runs/read-workflow.ts';
import { ApprovalLevel, Risk } from './approval.ts';
import { builder } from './builder.ts';
import { upperCased } from './scalars.ts';

/** What is asked of a value, as JSON Schema says it. */
const Bounds = z.object({
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  maxLength: z.number().optional(),
});

/** A field with its bounds told. */
function bounded(schema: z.ZodType, words: string): { readonly description: string } {
  const { minimum, maximum, minItems = 0, maxItems, maxLength } = Bounds.parse(z.toJSONSchema(schema, { io: 'input' }));
  const told = (value: number): string => value.toLocaleString('en-US');
  const bounds = [
    ...(minimum === undefined || maximum === undefined ? [] : [`${told(minimum)} to ${told(maximum)}.`]),
    ...(maxItems === undefined ? [] : [minItems === 0 ? `At most ${told(maxItems)}.` : `${told(minItems)} to ${told(maxItems)}.`]),
    ...(maxLength === undefined ? [] : [`At most ${told(maxLength)} characters.`]),
  ];
  return { description: [words, ...bounds].join(' ') };
}

/** A field that has a value when it is left out. */
function defaulted<Value>(schema: z.ZodType<Value>, words: string): { readonly description: string; readonly defaultValue: Value } {
  return { ...bounded(schema, words), defaultValue: schema.parse(undefined) };
}

const DebateRole = builder.enumType('DebateRole', {
  description: 'The part somebody plays in a debate.',
  values: upperCased<(typeof DEBATE_ROLES)[number]>({
    advocate: 'Makes the best honest case for it.',
    critic: 'Looks for what is wrong with it.',
    moderator: 'Sums up, asks where the format says so, and has no vote; decides where `decide` says so. One at the most.',
    neutral: 'Judges by the facts alone.',
  }),
});

const DebateFormat = builder.enumType('DebateFormat', {
  description: 'Who speaks when in a debate.',
  values: upperCased<(typeof DEBATE_FORMATS)[number]>({
    round_robin: 'One after the other, each knowing what was said before.',
    structured: 'The first and the last round are held without hearing the others of that round.',
    socratic: 'Each round begins with a question that the others answer.',
  }),
});

const DebateDecision = builder.enumType('DebateDecision', {
  description: 'Which position a debate comes to.',
  values: upperCased<(typeof DEBATE_DECISIONS)[number]>({
    unanimous: 'The one that all hold.',
    majority: 'The one that more than half hold, each counting alike.',
    weighted: 'The one with the most weight.',
    moderator: 'The moderator’s.',
    confidence: 'The one that is held with the highest confidence times weight.',
  }),
});

const ParallelJoin = builder.enumType('ParallelJoin', {
  description: 'How many must have answered; the rest is cancelled then.',
  values: upperCased<(typeof JOINS)[number]>({
    all: 'All who do not fail.',
    any: 'The first one.',
    majority: 'More than half.',
    quorum: 'As many as `quorum` says.',
  }),
});

const ParallelAggregation = builder.enumType('ParallelAggregation', {
  description: 'What is made of the answers.',
  values: upperCased<(typeof AGGREGATIONS)[number]>({
    merge: 'One text with all of them.',
    vote: 'The option with the most weight.',
    best: 'The answer with the highest confidence times weight.',
    consensus: 'What most recommend; what only some do is kept apart.',
    all: 'Each as it is.',
  }),
});

const PanelSynthesis = builder.enumType('PanelSynthesis', {
  description: 'How the opinions of experts are put together.',
  values: upperCased<(typeof SYNTHESES)[number]>({
    coordinator: 'By the coordinator, who reads them all.',
    weighted: 'By the weight behind each position.',
    consensus: 'By what most recommend.',
    best: 'By the opinion with the highest confidence times weight.',
  }),
});

const FindingSeverity = builder.enumType('FindingSeverity', {
  description: 'How bad something is that was found in a draft.',
  values: upperCased<Severity>({
    critical: 'It must not leave the house.',
    high: 'It is wrong: the draft is written again, or rejected.',
    medium: 'It should be mended where there is an iteration left.',
    low: 'A blemish.',
    info: 'A remark.',
  }),
});

const StepEnd = builder.enumType('StepEnd', {
  description: 'How an earlier step ended.',
  values: upperCased<'succeeded' | 'failed' | 'skipped'>({ succeeded: 'It is done.', failed: 'It failed.', skipped: 'Its condition did not hold.' }),
});

const IfRefused = builder.enumType('IfRefused', {
  description: 'What happens when people refuse a step, or do not decide in time.',
  values: upperCased<'end' | 'go_on'>({ end: 'The run ends.', go_on: 'The next step begins all the same.' }),
});

const step = SequentialSchema.shape.steps.element.shape;
const condition = step.when.unwrap().shape;
const approval = step.approval.unwrap().shape;

const StepCondition = builder.inputType('StepConditionInput', {
  description: 'A step is done only where an earlier one ended like this: all that is said must hold.',
  fields: (t) => ({
    step: t.int({ required: true, description: 'Which one, counted from 0; always an earlier one.' }),
    outcome: t.field({ type: StepEnd, description: 'How it ended.' }),
    position: t.string(bounded(condition.position, 'The position of its verdict.')),
    confidenceFrom: t.float(bounded(condition.confidenceFrom, 'The least confidence of its verdict.')),
  }),
});

const StepApproval = builder.inputType('StepApprovalInput', {
  description: 'People approve what a step came to before the next one begins.',
  fields: (t) => ({
    what: t.string({ required: true, ...bounded(approval.what, 'What they approve, in plain words.') }),
    level: t.field({ type: ApprovalLevel, ...defaulted(approval.level, 'The least who may decide: LEAD or above.') }),
    people: t.int(defaulted(approval.people, 'How many have to approve: 1 or 2.')),
    risk: t.field({ type: Risk, ...defaulted(approval.risk, 'It says how long they have.') }),
    ifRefused: t.field({ type: IfRefused, ...defaulted(approval.ifRefused, 'Whether it ends then.') }),
  }),
});

const AGENT = 'Its id: "refund_processor".';
const DEADLINE = 'How long all of it may take, in milliseconds; not shorter than a step may take.';
const STEP = 'How long one participant may take for one turn, in milliseconds.';

const SequentialStep = builder.inputType('SequentialStepInput', {
  description: 'One agent’s turn among others.',
  fields: (t) => ({
    agentId: t.id({ required: true, description: AGENT }),
    task: t.string(bounded(step.task, 'What this one is to do, beside the question.')),
    required: t.boolean(defaulted(step.required, 'False: its failure is noted and the next one goes on.')),
    retries: t.int(defaulted(step.retries, 'Tries after the first, with 1, 2, 4, 8, 10 s between.')),
    stepMs: t.int(bounded(step.stepMs, 'How long this one may take; left out, as all.')),
    when: t.field({ type: StepCondition, description: 'When it is done at all; left out, always.' }),
    approval: t.field({ type: StepApproval, description: 'Left out, nobody is asked.' }),
  }),
});

const SequentialInput = builder.inputType('SequentialInput', {
  description: 'One after the other, each with what the ones before have found.',
  fields: (t) => ({
    steps: t.field({ type: [SequentialStep], required: true, ...bounded(SequentialSchema.shape.steps, 'In their order.') }),
    deadlineMs: t.int(defaulted(SequentialSchema.shape.deadlineMs, DEADLINE)),
    stepMs: t.int(defaulted(SequentialSchema.shape.stepMs, STEP)),
  }),
});

const asked = ParallelSchema.shape.agents.element.shape;
const WEIGHT = 'Above 1 counts for more than others, below for less; 0 only listens.';
const OPTIONS = 'What they decide between; left out, each names a position in its own words.';

const ParallelAgent = builder.inputType('ParallelAgentInput', {
  description: 'One who is asked beside others.',
  fields: (t) => ({
    agentId: t.id({ required: true, description: AGENT }),
    task: t.string(bounded(asked.task, 'What this one is to do, beside the question.')),
    weight: t.float(defaulted(asked.weight, WEIGHT)),
    required: t.boolean(defaulted(asked.required, 'True: without its answer the run fails.')),
  }),
});

const ParallelInput = builder.inputType('ParallelInput', {
  description: 'The same question to many at once.',
  fields: (t) => ({
    agents: t.field({ type: [ParallelAgent], required: true, ...bounded(ParallelSchema.shape.agents, 'Who is asked.') }),
    concurrency: t.int(defaulted(ParallelSchema.shape.concurrency, 'How many are at work at once.')),
    join: t.field({ type: ParallelJoin, ...defaulted(ParallelSchema.shape.join, 'How many must have answered.') }),
    quorum: t.int(bounded(ParallelSchema.shape.quorum, 'Needed for the join QUORUM and only for that; not more than there are agents.')),
    aggregate: t.field({ type: ParallelAggregation, ...defaulted(ParallelSchema.shape.aggregate, 'What is made of the answers.') }),
    options: t.stringList(bounded(ParallelSchema.shape.options, `${OPTIONS} Needed for a VOTE.`)),
    deadlineMs: t.int(defaulted(ParallelSchema.shape.deadlineMs, DEADLINE)),
    stepMs: t.int(defaulted(ParallelSchema.shape.stepMs, STEP)),
  }),
});

const debater = DebateSchema.shape.participants.element.shape;

const DebateParticipant = builder.inputType('DebateParticipantInput', {
  description: 'One who takes part in a debate.',
  fields: (t) => ({
    agentId: t.id({ required: true, description: AGENT }),
    role: t.field({ type: DebateRole, ...defaulted(debater.role, 'The part it plays.') }),
    weight: t.float(defaulted(debater.weight, WEIGHT)),
  }),
});

const DebateInput = builder.inputType('DebateInput', {
  description: 'Positions in rounds, until enough agree.',
  fields: (t) => ({
    participants: t.field({
      type: [DebateParticipant],
      required: true,
      ...bounded(DebateSchema.shape.participants, 'Who takes part: two at least beside the moderator.'),
    }),
    format: t.field({ type: DebateFormat, ...defaulted(DebateSchema.shape.format, 'Who speaks when.') }),
    rounds: t.int(defaulted(DebateSchema.shape.rounds, 'How many at the most.')),
    decide: t.field({ type: DebateDecision, ...defaulted(DebateSchema.shape.decide, 'Which position it comes to. MODERATOR needs one.') }),
    agreementFrom: t.float(defaulted(DebateSchema.shape.agreementFrom, 'It ends early once so much of the weight holds one position.')),
    options: t.stringList(bounded(DebateSchema.shape.options, OPTIONS)),
    deadlineMs: t.int(defaulted(DebateSchema.shape.deadlineMs, DEADLINE)),
    stepMs: t.int(defaulted(DebateSchema.shape.stepMs, STEP)),
  }),
});

const check = VerificationSchema.shape.checks.unwrap().element.shape;

const VerificationAgent = builder.inputType('VerificationAgentInput', {
  description: 'One who writes or checks.',
  fields: (t) => ({ agentId: t.id({ required: true, description: AGENT }) }),
});

const VerificationCheck = builder.inputType('VerificationCheckInput', {
  description: 'What verifiers look for.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'In snake_case, 2 to 40 characters; findings name it.' }),
    description: t.string({ required: true, ...bounded(check.description, 'What is to be so.') }),
    severity: t.field({ type: FindingSeverity, ...defaulted(check.severity, 'How bad a miss is at the most.') }),
  }),
});

const VerificationInput = builder.inputType('VerificationInput', {
  description: 'One writes, others check, and it is written again until it passes.',
  fields: (t) => ({
    producer: t.field({ type: VerificationAgent, required: true, description: 'Who writes; does not check as well.' }),
    verifiers: t.field({ type: [VerificationAgent], required: true, ...bounded(VerificationSchema.shape.verifiers, 'Who checks.') }),
    checks: t.field({ type: [VerificationCheck], ...defaulted(VerificationSchema.shape.checks, 'Empty: what the verifiers look for by themselves.') }),
    iterations: t.int(defaulted(VerificationSchema.shape.iterations, 'Drafts at the most, the first included.')),
    deadlineMs: t.int(defaulted(VerificationSchema.shape.deadlineMs, DEADLINE)),
    stepMs: t.int(defaulted(VerificationSchema.shape.stepMs, STEP)),
  }),
});

const expert = ExpertPanelSchema.shape.experts.element.shape;

const Expert = builder.inputType('ExpertInput', {
  description: 'One of a panel.',
  fields: (t) => ({
    agentId: t.id({ required: true, description: AGENT }),
    area: t.string(bounded(expert.area, 'What it is asked as an expert for.')),
    weight: t.float(defaulted(expert.weight, WEIGHT)),
  }),
});

const ExpertPanelInput = builder.inputType('ExpertPanelInput', {
  description: 'Experts side by side, then one synthesis; dissent is kept.',
  fields: (t) => ({
    experts: t.field({
      type: [Expert],
      required: true,
      ...bounded(ExpertPanelSchema.shape.experts, 'Who gives an opinion; one at least with a weight above 0.'),
    }),
    synthesis: t.field({ type: PanelSynthesis, ...defaulted(ExpertPanelSchema.shape.synthesis, 'How their opinions are put together.') }),
    coordinator: t.id(defaulted(ExpertPanelSchema.shape.coordinator, 'Who does it where `synthesis` is COORDINATOR, by its id.')),
    options: t.stringList(bounded(ExpertPanelSchema.shape.options, OPTIONS)),
    deadlineMs: t.int(defaulted(ExpertPanelSchema.shape.deadlineMs, DEADLINE)),
    stepMs: t.int(defaulted(ExpertPanelSchema.shape.stepMs, STEP)),
  }),
});

export const PatternInput = builder.inputType('PatternInput', {
  description: 'One of the five patterns with all it takes.',
  isOneOf: true,
  fields: (t) => ({
    sequential: t.field({ type: SequentialInput, description: 'One after the other.' }),
    parallel: t.field({ type: ParallelInput, description: 'All at once.' }),
    debate: t.field({ type: DebateInput, description: 'In rounds, until enough agree.' }),
    verification: t.field({ type: VerificationInput, description: 'Written and checked until it passes.' }),
    expertPanel: t.field({ type: ExpertPanelInput, description: 'Opinions side by side, then a synthesis.' }),
  }),
});

export const ParticipantInput = builder.inputType('ParticipantInput', {
  description: 'One who takes part in a pattern, whichever it is.',
  fields: (t) => ({
    agentId: t.id({ required: true, description: AGENT }),
    role: t.string({
      description:
        'Of a debate: advocate, critic, moderator or neutral. Of a verification: producer or verifier; left out everywhere, the first one produces. Of an expert panel: the area, or coordinator. Else what this one is to do, in a few words.',
    }),
    weight: t.float({ description: `${WEIGHT} 0 to 2, 1 when left out. Not for steps, producers, verifiers and the coordinator, who have no vote.` }),
  }),
});

const FIELDS: Readonly<Record<keyof typeof PatternInput.$inferInput, Pattern>> = {
  sequential: 'sequential',
  parallel: 'parallel',
  debate: 'debate',
  verification: 'verification',
  expertPanel: 'expert_panel',
};

/** The member that was given: GraphQL sees to it that it is one. */
export function askedPattern(given: Readonly<Record<string, unknown>>): AskedPattern | null {
  for (const [field, pattern] of Object.entries(FIELDS)) if (given[field] != null) return { field, pattern, input: given[field] };
  return null;
}
