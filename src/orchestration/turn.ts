/**
 * What an agent has in front of it when it answers one message: who the customer is, what was said, and what day it is. Built from
 * rows by runs/; turned into prompt text here. Sums and dates come as they will be quoted, so that no model computes them.
 */
import type { LlmMessage } from '../llm/llm.ts';
import type { Reviewed } from './tool.ts';
import type { CustomerFacts } from '../store/customer-facts.ts';

export interface TurnMessage {
  readonly role: 'customer' | 'agent' | 'person';
  readonly text: string;
}

export interface Turn {
  readonly runId: string;
  readonly attempt: number;
  /** In which it answers; null for an agent that is run by itself, and for a workflow. */
  readonly conversationId: string | null;
  /** Which it works on for the desk without answering in it: `history` is what was said there. */
  readonly beside?: string | null;
  readonly customerId: string;
  readonly customer: CustomerFacts;
  /** The message being answered. */
  readonly text: string;
  /** What was said before it, oldest first. */
  readonly history: readonly TurnMessage[];
  readonly lastAgentId: string | null;
  /** The agent that was asked for by its id; null: the router chooses. */
  readonly agentId: string | null;
  /** A person has been asked for and has not settled it: agents answer on until one takes over. */
  readonly escalated: boolean;
  /** Only where the agent is to check a draft. */
  readonly reviewed?: Reviewed | undefined;
  readonly now: Date;
}

/** What the customer said before this message, oldest first. */
export function saidBefore({ history }: Pick<Turn, 'history'>): string[] {
  return history.filter((message) => message.role === 'customer').map((message) => message.text);
}

/** How many messages of theirs, this one included, came since a person of the desk last spoke or handed back. */
export function messagesSincePerson({ history }: Pick<Turn, 'history'>): number {
  const since = history.slice(history.findLastIndex(({ role }) => role === 'person') + 1);
  return 1 + since.filter(({ role }) => role === 'customer').length;
}

/** Roughly four characters make a token in English; the budget is a ceiling, not a price. */
const CHARS_PER_TOKEN = 4;

/**
 * The conversation for the model: the latest messages that fit the budget, oldest first, the message being answered last and
 * always whole. Neighbours of one side are joined, and the first is the customer's, as the Messages API wants it.
 */
export function recall(turn: Pick<Turn, 'text' | 'history'>, tokensMax: number): LlmMessage[] {
  let room = tokensMax * CHARS_PER_TOKEN - turn.text.length;
  const kept: TurnMessage[] = [];
  for (const message of turn.history.toReversed()) {
    room -= message.text.length;
    if (room < 0) break;
    kept.unshift(message);
  }
  const joined: { role: 'user' | 'assistant'; text: string }[] = [];
  for (const { role, text } of [...kept, { role: 'customer' as const, text: turn.text }]) {
    const side = role === 'customer' ? 'user' : 'assistant';
    const words = role === 'person' ? `(A colleague of the support desk wrote:) ${text}` : text;
    const last = joined.at(-1);
    if (last?.role === side) last.text = `${last.text}\n\n${words}`;
    else if (side === 'user' || joined.length > 0) joined.push({ role: side, text: words });
  }
  return joined;
}
