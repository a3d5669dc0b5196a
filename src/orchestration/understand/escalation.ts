/**
 * Whether people should take over, and which: rules over what was read in a message, any one of which is enough. Says which fired and
 * why. Decides only; whoever asks raises the case. Words count as words: an issue is not "sue", a personal plan no person.
 */
import { priorityOf, teamOf, type Team } from '../../store/escalation.ts';
import type { Plan, Priority } from '../../store/generated/prisma/client.ts';
import type { Policy } from '../../store/policy-schema.ts';
import type { Signal, SignalReading } from './signal-model.ts';
import { URGENCIES, type Urgency } from './urgency.ts';

export const ESCALATION_DECISIONS = ['ANSWER', 'OFFER', 'ESCALATE'] as const;
export type EscalationDecision = (typeof ESCALATION_DECISIONS)[number];

export const ESCALATION_RULES = ['explicit_request', 'legal', 'critical', 'high_value', 'very_negative_sentiment', 'too_many_turns', 'low_confidence'] as const;
export type EscalationRule = (typeof ESCALATION_RULES)[number];

export interface EscalationInput {
  /** What the message calls for people by. */
  readonly signals: SignalReading;
  /** A mere greeting or thanks: who answers it matters little. */
  readonly mereManners: boolean;
  /** How sure it is that the right agents answer, 0 to 1: `confidenceOf` the route. */
  readonly confidence: number;
  /** True when the message was routed to who stands for a person. */
  readonly toPerson: boolean;
  readonly sentiment: number;
  readonly complexity: number;
  /** Messages of the customer, this one included, since anything was solved. */
  readonly turns: number;
  readonly plan: Plan;
  readonly monthlyValueCents: number;
}

export interface FiredRule {
  readonly rule: EscalationRule;
  readonly urgency: Urgency;
  readonly team: Team;
  /** One sentence. */
  readonly because: string;
}

export interface Escalation {
  readonly decision: EscalationDecision;
  readonly fired: readonly FiredRule[];
  /** Of the case, when there is one: the highest of the rules that fired. */
  readonly urgency: Urgency | null;
  readonly team: Team | null;
  readonly priority: Priority | null;
  /** One sentence for a support lead. */
  readonly reason: string;
}

/** What of a route counts. */
interface Chances {
  readonly confidence: number;
  /** Likeliest first. */
  readonly candidates: readonly { readonly confidence: number }[];
}

/** Agents that one answer can reach: they hand over among each other. */
const REACHED = 3;

/**
 * How sure it is that the agents of one answer are the right ones: the chances of the first three together. How sure the first choice
 * is by itself says less: where two agents fit, each has half.
 */
export function confidenceOf({ confidence, candidates }: Chances): number {
  const reached = candidates.slice(0, REACHED).reduce((sum, candidate) => sum + candidate.confidence, 0);
  return Math.min(1, Math.max(confidence, reached));
}

/** From this chance on a person is offered, though nothing says that one is needed. */
const OFFER_FROM = 0.2;
/** The router alone takes many a question that names a person for a wish for one. */
const DENIED_BELOW = 0.2;

type Rule = Omit<FiredRule, 'team'>;

export function decideEscalation(input: EscalationInput, policy: Pick<Policy, 'escalation' | 'priority'>): Escalation {
  const { monthlyValueCents } = input;
  const rules = rulesOf(input, policy.escalation).flatMap((rule) => rule ?? []);
  if (rules.length === 0) {
    const near = input.sentiment < policy.priority.sentimentBelow || input.turns === policy.escalation.turnsMax || input.signals.chance >= OFFER_FROM;
    return {
      decision: near ? 'OFFER' : 'ANSWER',
      fired: [],
      urgency: null,
      team: null,
      priority: null,
      reason: near ? 'No rule fired, but the conversation is near to one: a person may be offered.' : 'No rule fired: the agent answers.',
    };
  }
  const urgency = URGENCIES[Math.max(...rules.map((rule) => URGENCIES.indexOf(rule.urgency)))] ?? 'medium';
  const names = rules.map(({ rule }) => rule);
  return {
    decision: 'ESCALATE',
    fired: rules.map((rule) => ({ ...rule, team: teamOf([rule.rule], rule.urgency, monthlyValueCents, policy) })),
    urgency,
    team: teamOf(names, urgency, monthlyValueCents, policy),
    priority: priorityOf({ ...input, urgency }, policy),
    reason: rules.map(({ because }) => because).join(' '),
  };
}

function rulesOf(input: EscalationInput, policy: Policy['escalation']): (Rule | null)[] {
  const { signals: reading, mereManners, confidence, toPerson, sentiment, complexity, turns, plan, monthlyValueCents } = input;
  const { signals, chance } = reading;
  const asked = signals.find(({ name }) => name === 'human');
  const legal = signals.find(({ name }) => name === 'legal');
  const danger = signals.find(({ name }) => name === 'outage' || name === 'data_loss' || name === 'break_in');
  const valuable = plan === 'enterprise' || monthlyValueCents >= policy.monthlyValueFromCents;
  return [
    asked || (toPerson && chance >= DENIED_BELOW)
      ? { rule: 'explicit_request', urgency: 'medium', because: asked ? quote(asked) : 'The message is one for a person.' }
      : null,
    legal ? { rule: 'legal', urgency: 'critical', because: quote(legal) } : null,
    danger ? { rule: 'critical', urgency: 'critical', because: quote(danger) } : null,
    valuable && complexity >= policy.complexityFrom
      ? { rule: 'high_value', urgency: 'high', because: `A valuable account asks something complex (${complexity} of 10).` }
      : null,
    sentiment < policy.sentimentBelow ? { rule: 'very_negative_sentiment', urgency: 'high', because: `The message is very negative (${sentiment}).` } : null,
    turns > policy.turnsMax ? { rule: 'too_many_turns', urgency: 'medium', because: `${turns} messages without progress.` } : null,
    confidence < policy.confidenceBelow && !mereManners
      ? { rule: 'low_confidence', urgency: 'low', because: `It is unclear who should answer (confidence ${confidence.toFixed(2)}).` }
      : null,
  ];
}

function quote({ says, words }: Signal): string {
  return `${says} ("${words}").`;
}
