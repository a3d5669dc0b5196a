/**
 * What the five patterns of agents together are started with: one schema for API, files and rows. Says which of it fits together, too; which
 * agents there are is checked by whoever knows the catalogue. Runs nothing.
 */
import { z } from 'zod';

export const PATTERNS = ['sequential', 'parallel', 'debate', 'verification', 'expert_panel'] as const;
export type Pattern = (typeof PATTERNS)[number];

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

const AgentId = z.string().regex(/^[a-z][a-z0-9_]{1,63}$/, 'must be the id of an agent');
/** Above 1 counts for more than others, below for less; 0 only listens. */
const Weight = z.number().min(0, 'must not be negative').max(2);
const StepMs = z.number().int().min(1_000).max(120_000);

/** What participants may decide between. Without options each names a position in its own words. */
const Options = z
  .array(z.string().trim().min(1).max(120))
  .min(2)
  .max(20)
  .refine((options) => new Set(options.map((option) => option.toLowerCase())).size === options.length, 'must not name an option twice');

/** A step is done only where an earlier one ended like this. */
const Condition = z.strictObject({
  /** Counted from 0; always an earlier one. */
  step: z.number().int().min(0),
  outcome: z.enum(['succeeded', 'failed', 'skipped']).optional(),
  /** Of its verdict. */
  position: z.string().trim().min(1).max(120).optional(),
  confidenceFrom: z.number().min(0).max(1).optional(),
});
export type Condition = z.output<typeof Condition>;

/** People approve what a step came to before the next one begins. */
const StepApproval = z.strictObject({
  /** The least who may decide. */
  level: z.enum(['lead', 'manager', 'director', 'vp', 'executive']).default('lead'),
  people: z.union([z.literal(1), z.literal(2)]).default(1),
  /** How long they have: 72 h for low, 24 for medium, 8 for high, 4 for critical, by policy. */
  risk: z.enum(['low', 'medium', 'high', 'critical']).default('medium'),
  /** What they approve, in plain words. */
  what: z.string().trim().min(1).max(500),
  /** Whether it ends where they refuse, or do not decide in time, or goes on without. */
  ifRefused: z.enum(['end', 'go_on']).default('end'),
});
export type StepApproval = z.output<typeof StepApproval>;

const common = {
  /** How long all of it may take, in milliseconds. */
  deadlineMs: z.number().int().min(1_000).max(600_000).default(300_000),
  /** How long one participant may take for one turn. */
  stepMs: StepMs.default(60_000),
};

export const SequentialInput = z.strictObject({
  ...common,
  pattern: z.literal('sequential'),
  steps: z
    .array(
      z.strictObject({
        agentId: AgentId,
        /** What this one is to do, beside the question. */
        task: z.string().trim().min(1).max(2_000).optional(),
        /** Without it, its failure is noted and the next one goes on. */
        required: z.boolean().default(true),
        /** Tries after the first, with 1, 2, 4, 8, 10 s between. */
        retries: z.number().int().min(0).max(5).default(2),
        stepMs: StepMs.optional(),
        when: Condition.optional(),
        approval: StepApproval.optional(),
      }),
    )
    .min(1)
    .max(20),
});

export const JOINS = ['all', 'any', 'majority', 'quorum'] as const;
export const AGGREGATIONS = ['merge', 'vote', 'best', 'consensus', 'all'] as const;

export const ParallelInput = z.strictObject({
  ...common,
  pattern: z.literal('parallel'),
  agents: z
    .array(
      z.strictObject({
        agentId: AgentId,
        task: z.string().trim().min(1).max(2_000).optional(),
        weight: Weight.default(1),
        required: z.boolean().default(false),
      }),
    )
    .min(2)
    .max(50),
  /** At work at once. */
  concurrency: z.number().int().min(1).max(50).default(8),
  /** How many must have answered; the rest is cancelled then. */
  join: z.enum(JOINS).default('all'),
  /** For the join `quorum`. */
  quorum: z.number().int().min(1).max(50).optional(),
  aggregate: z.enum(AGGREGATIONS).default('merge'),
  options: Options.optional(),
});

export const DEBATE_ROLES = ['advocate', 'critic', 'moderator', 'neutral'] as const;
export const DEBATE_FORMATS = ['round_robin', 'structured', 'socratic'] as const;
export const DEBATE_DECISIONS = ['unanimous', 'majority', 'weighted', 'moderator', 'confidence'] as const;

export const DebateInput = z.strictObject({
  ...common,
  pattern: z.literal('debate'),
  participants: z
    .array(z.strictObject({ agentId: AgentId, role: z.enum(DEBATE_ROLES).default('neutral'), weight: Weight.default(1) }))
    .min(2)
    .max(10),
  format: z.enum(DEBATE_FORMATS).default('round_robin'),
  rounds: z.number().int().min(1).max(10).default(3),
  decide: z.enum(DEBATE_DECISIONS).default('majority'),
  /** It ends early once so much of the weight holds one position. */
  agreementFrom: z.number().min(0.5).max(1).default(0.8),
  options: Options.optional(),
});

/** What verifiers look for. */
const Check = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{1,39}$/, 'must be in snake_case'),
  description: z.string().trim().min(1).max(500),
  /** How bad a miss is at the most. */
  severity: z.enum(SEVERITIES).default('high'),
});
export type Check = z.output<typeof Check>;

export const VerificationInput = z.strictObject({
  ...common,
  pattern: z.literal('verification'),
  producer: z.strictObject({ agentId: AgentId }),
  verifiers: z
    .array(z.strictObject({ agentId: AgentId }))
    .min(1)
    .max(10),
  /** Empty: what the verifiers look for by themselves. */
  checks: z.array(Check).max(20).default([]),
  /** Drafts at the most, the first included. */
  iterations: z.number().int().min(1).max(10).default(3),
});

export const SYNTHESES = ['coordinator', 'weighted', 'consensus', 'best'] as const;

export const ExpertPanelInput = z.strictObject({
  ...common,
  pattern: z.literal('expert_panel'),
  experts: z
    .array(z.strictObject({ agentId: AgentId, area: z.string().trim().min(1).max(120).optional(), weight: Weight.default(1) }))
    .min(2)
    .max(15),
  synthesis: z.enum(SYNTHESES).default('coordinator'),
  /** Who puts the opinions together where the synthesis is the coordinator's. */
  coordinator: AgentId.default('coordinator'),
  options: Options.optional(),
});

export type SequentialInput = z.output<typeof SequentialInput>;
export type ParallelInput = z.output<typeof ParallelInput>;
export type DebateInput = z.output<typeof DebateInput>;
export type VerificationInput = z.output<typeof VerificationInput>;
export type ExpertPanelInput = z.output<typeof ExpertPanelInput>;

const AnyInput = z.discriminatedUnion('pattern', [SequentialInput, ParallelInput, DebateInput, VerificationInput, ExpertPanelInput]);

/** What fits together; each fault names its field. */
export const WorkflowInput = AnyInput.superRefine((input, context) => {
  const fault = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
  if (input.deadlineMs < input.stepMs) fault(['deadlineMs'], 'must not be shorter than a step may take');
  switch (input.pattern) {
    case 'sequential':
      input.steps.forEach(({ when, stepMs }, index) => {
        if (when && when.step >= index) fault(['steps', index, 'when', 'step'], 'must be an earlier step');
        if (stepMs !== undefined && stepMs > input.deadlineMs) fault(['steps', index, 'stepMs'], 'must not be longer than the deadline');
      });
      break;
    case 'parallel':
      if (input.join === 'quorum' && input.quorum === undefined) fault(['quorum'], 'is needed for the join quorum');
      if (input.join !== 'quorum' && input.quorum !== undefined) fault(['quorum'], 'is only for the join quorum');
      if (input.quorum !== undefined && input.quorum > input.agents.length) fault(['quorum'], 'must not be larger than the number of agents');
      if (input.aggregate === 'vote' && !input.options) fault(['options'], 'are needed for a vote');
      break;
    case 'debate': {
      const moderators = input.participants.filter(({ role }) => role === 'moderator').length;
      if (input.decide === 'moderator' && moderators !== 1) fault(['participants'], 'need exactly one moderator, who decides');
      if (moderators > 1) fault(['participants'], 'must not have more than one moderator');
      if (input.participants.length - moderators < 2) fault(['participants'], 'need two who debate, beside the moderator');
      break;
    }
    case 'verification':
      if (input.verifiers.some(({ agentId }) => agentId === input.producer.agentId)) fault(['verifiers'], 'must not have the producer among them');
      break;
    case 'expert_panel':
      if (input.experts.every(({ weight }) => weight === 0)) fault(['experts'], 'need one whose weight is above 0');
      break;
  }
});
export type WorkflowInput = z.output<typeof WorkflowInput>;

/** Where it names an agent, in its order. */
export function agentPathsOf(input: WorkflowInput): readonly { readonly id: string; readonly path: readonly (string | number)[] }[] {
  const inList = (list: string, parts: readonly { readonly agentId: string }[]) =>
    parts.map(({ agentId }, index) => ({ id: agentId, path: [list, index, 'agentId'] }));
  switch (input.pattern) {
    case 'sequential':
      return inList('steps', input.steps);
    case 'parallel':
      return inList('agents', input.agents);
    case 'debate':
      return inList('participants', input.participants);
    case 'verification':
      return [{ id: input.producer.agentId, path: ['producer', 'agentId'] }, ...inList('verifiers', input.verifiers)];
    case 'expert_panel':
      return [...inList('experts', input.experts), ...(input.synthesis === 'coordinator' ? [{ id: input.coordinator, path: ['coordinator'] }] : [])];
  }
}

/** All agents it names, each once. */
export function agentsOf(input: WorkflowInput): readonly string[] {
  return [...new Set(agentPathsOf(input).map(({ id }) => id))];
}

/** Sensible roles where only agents are named: the first produces and the rest verify, all debate as equals, all experts count alike. */
export function inputFor(pattern: Pattern, agentIds: readonly string[]): unknown {
  const agents = agentIds.map((agentId) => ({ agentId }));
  switch (pattern) {
    case 'sequential':
      return { pattern, steps: agents };
    case 'parallel':
      return { pattern, agents };
    case 'debate':
      return { pattern, participants: agents };
    case 'verification':
      return { pattern, producer: agents[0], verifiers: agents.slice(1) };
    case 'expert_panel':
      return { pattern, experts: agents };
  }
}
