/**
 * The event words: everything a workflow, the desk or a run can tell its followers. Owned here so that orchestration (yields),
 * runs (appends) and schema (renders) share them without knowing each other. Events point at rows by id; only what lives in no
 * row (text deltas, snapshots, heartbeats) carries its content.
 */
import { z } from 'zod';

/** Who may receive an event. Decided when it is written, never by what a client selects. */
export const VISIBILITIES = ['CUSTOMER', 'STAFF', 'DEBUG'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const HEARTBEAT_PHASES = ['queued', 'thinking', 'using_tool', 'waiting_for_person', 'recovering'] as const;
export type HeartbeatPhase = (typeof HEARTBEAT_PHASES)[number];

export const FINISH_REASONS = ['end_turn', 'max_tokens', 'stop_sequence', 'refusal', 'context_window'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

const Usage = z.object({
  inputTokens: z.int(),
  cacheReadTokens: z.int(),
  cacheWriteTokens: z.int(),
  outputTokens: z.int(),
  /** Decimal US dollars with at most six places, as text: "0.001234". */
  cost: z.string(),
});
/** Tokens and their price. `inputTokens` counts what was neither read from nor written to the prompt cache. */
export type Usage = z.infer<typeof Usage>;

export const PARTICIPANT_KINDS = ['customer', 'person'] as const;
const Participant = z.object({ kind: z.enum(PARTICIPANT_KINDS), id: z.string() });
/** One side of a conversation: the customer, or a person of the desk (by user id). */
export type Participant = z.infer<typeof Participant>;

/** Which promise about an escalation runs: that somebody answers, or that it is settled. */
export const SLA_CLOCKS = ['first_reply', 'resolution'] as const;
export type SlaClock = (typeof SLA_CLOCKS)[number];

/** What is judged of every message: the agent answers, it also offers a person, or a person is asked for. */
export const ESCALATION_DECISIONS = ['answer', 'offer', 'escalate'] as const;
export type EscalationDecision = (typeof ESCALATION_DECISIONS)[number];
/** Where an approval stands after somebody decided or its time was over; pending while another person has to approve too. */
export const APPROVAL_OUTCOMES = ['pending', 'approved', 'rejected', 'expired'] as const;
export const ESCALATION_PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;

const Candidate = z.object({ agentId: z.string(), confidence: z.number() });

const head = { at: z.iso.datetime(), visibility: z.enum(VISIBILITIES) };

export const ParleyEvent = z.discriminatedUnion('type', [
  z.object({ ...head, type: z.literal('MessagePosted'), messageId: z.string(), runId: z.string().nullish() }),
  z.object({ ...head, type: z.literal('MessageFinished'), messageId: z.string(), runId: z.string().nullish() }),
  z.object({ ...head, type: z.literal('MessageReset'), messageId: z.string(), runId: z.string(), attempt: z.int(), reason: z.string() }),
  z.object({
    ...head,
    type: z.literal('TextDelta'),
    runId: z.string(),
    messageId: z.string(),
    step: z.string(),
    attempt: z.int(),
    /** Where `text` begins in the message, in UTF-16 units. */
    offset: z.int(),
    text: z.string(),
  }),
  /** Synthesized for one follower, never appended: the whole text so far of an unfinished message. */
  z.object({ ...head, type: z.literal('TextSnapshot'), runId: z.string(), messageId: z.string(), step: z.string(), attempt: z.int(), text: z.string() }),
  /** Synthesized for one follower, never appended: a run is active and nothing was said for a while. */
  z.object({ ...head, type: z.literal('Heartbeat'), phase: z.enum(HEARTBEAT_PHASES) }),
  z.object({ ...head, type: z.literal('RunQueued'), runId: z.string(), place: z.int() }),
  z.object({ ...head, type: z.literal('RunStarted'), runId: z.string(), attempt: z.int() }),
  z.object({
    ...head,
    type: z.literal('RunFinished'),
    runId: z.string(),
    outcome: z.string(),
    finishReason: z.enum(FINISH_REASONS).nullable(),
    usage: Usage,
    firstTokenMs: z.int().nullable(),
  }),
  z.object({
    ...head,
    type: z.literal('RunFailed'),
    runId: z.string(),
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    partialKept: z.boolean(),
    usage: Usage,
  }),
  z.object({ ...head, type: z.literal('RunStopped'), runId: z.string(), by: z.string(), usage: Usage }),
  z.object({
    ...head,
    type: z.literal('AgentChosen'),
    runId: z.string(),
    agentId: z.string(),
    confidence: z.number(),
    candidates: z.array(Candidate),
    reason: z.string(),
    by: z.enum(['local_index', 'model', 'rule', 'person']),
  }),
  z.object({
    ...head,
    type: z.literal('StepStarted'),
    runId: z.string(),
    step: z.string(),
    path: z.string(),
    attempt: z.int(),
    agentId: z.string().nullable(),
    role: z.string().nullable(),
  }),
  z.object({
    ...head,
    type: z.literal('StepFinished'),
    runId: z.string(),
    step: z.string(),
    path: z.string(),
    attempt: z.int(),
    agentId: z.string().nullable(),
    role: z.string().nullable(),
    outcome: z.enum(['succeeded', 'failed', 'stopped', 'skipped']),
    ms: z.int(),
    /** What the step found or decided, and why, by workflow. */
    output: z.record(z.string(), z.unknown()).nullish(),
  }),
  z.object({
    ...head,
    type: z.literal('ToolCalled'),
    runId: z.string(),
    step: z.string(),
    callId: z.string(),
    tool: z.string(),
    agentId: z.string(),
    /** Redacted. */
    arguments: z.record(z.string(), z.unknown()),
  }),
  z.object({
    ...head,
    type: z.literal('ToolReturned'),
    runId: z.string(),
    step: z.string(),
    callId: z.string(),
    tool: z.string(),
    agentId: z.string(),
    summary: z.string(),
    failed: z.boolean(),
    /** One of the codes of errors; absent when it did not fail. */
    code: z.string().nullish(),
  }),
  /** A tool is not used before people have decided; the run waits. */
  z.object({ ...head, type: z.literal('ApprovalRequested'), runId: z.string(), approvalId: z.string() }),
  /** Most of the time in which it can be decided is over. Told once. */
  z.object({ ...head, type: z.literal('ApprovalExpiring'), runId: z.string(), approvalId: z.string(), expiresAt: z.iso.datetime() }),
  z.object({
    ...head,
    type: z.literal('ApprovalDecided'),
    runId: z.string(),
    approvalId: z.string(),
    outcome: z.enum(APPROVAL_OUTCOMES),
    /** The person by viewer key, or `system` when its time or its run was over. */
    by: z.string(),
  }),
  /** Another agent goes on with the same answer; what was said stays. */
  z.object({
    ...head,
    type: z.literal('HandedOver'),
    runId: z.string(),
    fromAgentId: z.string(),
    toAgentId: z.string(),
    reason: z.string(),
    /** 1 for the first of the run. */
    hop: z.int(),
  }),
  /** Told of every turn, whatever is decided. */
  z.object({
    ...head,
    type: z.literal('EscalationDecided'),
    runId: z.string(),
    decision: z.enum(ESCALATION_DECISIONS),
    /** The rules that fired, by name. */
    rules: z.array(z.string()),
    /** Of the choice of the agent, 0 to 1: one of the things that are judged. */
    confidence: z.number(),
    /** Null unless a person is asked for; the same holds for `team`. */
    priority: z.enum(ESCALATION_PRIORITIES).nullable(),
    team: z.string().nullable(),
    /** One sentence. */
    reason: z.string(),
  }),
  /** `until`: when it ends unless it is said again; null when it has ended. */
  z.object({ ...head, type: z.literal('TypingChanged'), who: Participant, until: z.iso.datetime().nullable() }),
  z.object({ ...head, type: z.literal('PresenceChanged'), who: Participant, present: z.boolean() }),
  z.object({ ...head, type: z.literal('ConversationChanged'), conversationId: z.string() }),
  z.object({ ...head, type: z.literal('UsageUpdated'), runId: z.string(), usage: Usage }),
  /** Four fifths of what models may cost, or of the tokens they may use, for this run, its conversation or the day (UTC). Told once for each. */
  z.object({
    ...head,
    type: z.literal('BudgetWarning'),
    runId: z.string(),
    scope: z.enum(['run', 'conversation', 'day']),
    unit: z.enum(['usd', 'tokens']),
    /** Decimal US dollars or whole tokens, as text. */
    spent: z.string(),
    limit: z.string(),
    /** Used of this budget, whatever its unit. */
    tokens: z.int(),
  }),
  z.object({ ...head, type: z.literal('EscalationRaised'), escalationId: z.string() }),
  z.object({
    ...head,
    type: z.literal('EscalationQueued'),
    escalationId: z.string(),
    /** 0 is next. */
    place: z.int(),
    /** Null when nothing is known to estimate from. */
    expectedWaitS: z.int().nullable(),
    /** When the people of the desk are back; null while they are there. */
    peopleBackAt: z.iso.datetime().nullable(),
  }),
  z.object({ ...head, type: z.literal('EscalationClaimed'), escalationId: z.string(), userId: z.string() }),
  /** Back in the queue. `by`: who gave it back, or `system` when whoever held it kept silent. */
  z.object({ ...head, type: z.literal('EscalationReleased'), escalationId: z.string(), by: z.string() }),
  z.object({ ...head, type: z.literal('EscalationResolved'), escalationId: z.string() }),
  z.object({ ...head, type: z.literal('EscalationSlaWarning'), escalationId: z.string(), clock: z.enum(SLA_CLOCKS), dueAt: z.iso.datetime() }),
  z.object({ ...head, type: z.literal('EscalationSlaBreached'), escalationId: z.string(), clock: z.enum(SLA_CLOCKS), dueAt: z.iso.datetime() }),
]);

export type ParleyEvent = z.infer<typeof ParleyEvent>;
export type EventType = ParleyEvent['type'];
export type EventOf<T extends EventType> = Extract<ParleyEvent, { type: T }>;
export type TextDelta = EventOf<'TextDelta'>;
export type TextSnapshot = EventOf<'TextSnapshot'>;

/** The events that end a run. Exactly one is written per run. */
export const TERMINAL_EVENTS: ReadonlySet<EventType> = new Set<EventType>(['RunFinished', 'RunFailed', 'RunStopped']);
