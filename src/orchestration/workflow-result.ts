/**
 * What a run of each of the five patterns comes to, for those who read results by program. A result is checked against it where it is
 * made, so that the schema cannot promise what is not so. Computes nothing.
 */
import { z } from 'zod';
import { VERIFICATION_ACTIONS } from './agreement.ts';
import { Finding, Verdict } from './verdict.ts';
import { DEBATE_DECISIONS, DEBATE_ROLES, SYNTHESES, type Pattern } from './workflow-input.ts';

/** A share of something, 0 to 1. */
const Share = z.number().min(0).max(1);
/** Null where it was a tie, or nobody decided. */
const Position = z.string().nullable();
const Failure = z.strictObject({ code: z.string(), message: z.string(), retryable: z.boolean() });

const said = {
  agentId: z.string(),
  outcome: z.enum(['succeeded', 'failed', 'stopped', 'skipped']),
  text: z.string(),
  /** Why not, unless it succeeded. */
  error: Failure.nullable(),
};
/** Null without one: nobody asked for it, or the participant did not come so far. */
const judged = { ...said, verdict: Verdict.nullable() };

const Standing = z.strictObject({ position: z.string(), weight: z.number().min(0), voters: z.array(z.string()), confidence: Share });
const Recommendation = z.strictObject({ text: z.string(), supporters: z.array(z.string()), weight: z.number().min(0), share: Share });

const SequentialResult = z.strictObject({
  pattern: z.literal('sequential'),
  outcome: z.enum(['done', 'done_in_part']),
  text: z.string(),
  steps: z.array(z.strictObject({ ...said, tries: z.int().min(0) })),
});

const answered = { pattern: z.literal('parallel'), text: z.string(), answers: z.array(z.strictObject(judged)) };
/** By what was to be made of the answers: merge or all, vote, best, consensus. */
const ParallelResult = z.union([
  z.strictObject({ ...answered, outcome: z.literal('answered') }),
  z.strictObject({
    ...answered,
    outcome: z.enum(['decided', 'tied']),
    position: Position,
    tied: z.boolean(),
    tally: z.array(Standing),
    agreement: Share,
  }),
  z.strictObject({
    ...answered,
    outcome: z.enum(['decided', 'tied']),
    position: Position,
    tied: z.boolean(),
    /** Whose answer it is. */
    best: z.string().nullable(),
  }),
  z.strictObject({
    ...answered,
    outcome: z.enum(['agreed', 'divided']),
    position: Position,
    tied: z.boolean(),
    shared: z.array(Recommendation),
    dissent: z.array(Recommendation),
    /** On recommendations, and on positions. */
    agreement: Share,
    positions: Share,
  }),
]);

const DebateResult = z.strictObject({
  pattern: z.literal('debate'),
  outcome: z.enum(['decided', 'tied', 'undecided']),
  text: z.string(),
  position: Position,
  tied: z.boolean(),
  decide: z.enum(DEBATE_DECISIONS),
  agreement: Share,
  tally: z.array(Standing),
  /** That were held. */
  rounds: z.int().min(1),
  statements: z.array(z.strictObject({ ...judged, round: z.int().min(1), role: z.enum(DEBATE_ROLES) })),
  /** What the moderator summed up; left out without one. */
  moderator: z.strictObject({ ...said, filled: Verdict.nullable(), tries: z.int().min(0), grounds: z.array(z.string()).optional() }).optional(),
});

const found = {
  action: z.enum(VERIFICATION_ACTIONS),
  score: Share,
  draft: z.string(),
  findings: z.array(z.strictObject({ ...Finding.shape, by: z.string() })),
};
const VerificationResult = z.strictObject({
  pattern: z.literal('verification'),
  outcome: z.enum(VERIFICATION_ACTIONS),
  text: z.string(),
  ...found,
  iterations: z.array(z.strictObject({ ...found, iteration: z.int().min(1), failed: z.array(z.string()) })).min(1),
});

const ExpertPanelResult = z.strictObject({
  pattern: z.literal('expert_panel'),
  outcome: z.enum(['decided', 'tied']),
  text: z.string(),
  synthesis: z.enum(SYNTHESES),
  /** What was asked for, where it could not be had. */
  instead: z.enum(SYNTHESES).optional(),
  position: Position,
  tied: z.boolean(),
  /** Agreement on positions, and on recommendations. */
  positions: Share,
  agreement: Share,
  recommendations: z.array(z.string()),
  shared: z.array(Recommendation),
  dissent: z.array(Recommendation),
  opinions: z.array(z.strictObject({ ...judged, area: z.string().nullable(), weight: z.number().min(0) })),
});

export const RESULTS: Readonly<Record<Pattern, z.ZodType<Readonly<Record<string, unknown>>>>> = {
  sequential: SequentialResult,
  parallel: ParallelResult,
  debate: DebateResult,
  verification: VerificationResult,
  expert_panel: ExpertPanelResult,
};
