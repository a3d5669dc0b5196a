/**
 * How a turn stands when it goes to somebody else, another agent or a person: by name, so that it can be read as it is. Plain data;
 * stores and tells nothing.
 */
import type { Turn } from './turn.ts';
import type { Understanding } from './understand.ts';

/** Of what was said: the rest is in the conversation. */
const SAID_CHARS_MAX = 1_200;

export interface Standing {
  readonly turn: Turn;
  readonly understanding: Understanding;
  /** How sure the choice of the first agent was. */
  readonly confidence: number;
  readonly intent: Intent;
  /** Ids of those who answered in this turn, first to last. */
  readonly agents: readonly string[];
  /** What the customer has read of the answer. */
  readonly said: string;
}

/** What the message is about, as the agents are sorted. */
export interface Intent {
  readonly domain: string;
  readonly category: string;
  readonly agentId: string;
}

export function snapshotOf({ turn, understanding, confidence, intent, agents, said }: Standing): Readonly<Record<string, unknown>> {
  const { customer, history } = turn;
  const { sentiment, urgency, complexity, entities, language, turnsWithoutProgress } = understanding;
  return {
    conversationId: turn.conversationId,
    customerId: turn.customerId,
    runId: turn.runId,
    message: turn.text.slice(0, SAID_CHARS_MAX),
    earlierMessages: history.length,
    customer: { plan: customer.plan, status: customer.status, healthScore: customer.healthScore, churnRisk: customer.churnRisk },
    intent,
    confidence,
    entities,
    language: language.language,
    sentiment: sentiment.score,
    emotion: sentiment.emotion,
    satisfaction: sentiment.satisfaction,
    urgency: urgency.urgency,
    complexity: complexity.score,
    severalAgents: complexity.severalAgents,
    turnsWithoutProgress,
    agents,
    answerSoFar: said.trim().slice(-SAID_CHARS_MAX),
  };
}
