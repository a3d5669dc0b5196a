/**
 * What an agent has in front of it when it answers one message: who the customer is, what was said, and what day it is. Built from
 * rows by runs/; turned into prompt text here. Sums and dates come as they will be quoted, so that no model computes them.
 */
import type { LlmMessage } from '../llm/llm.ts';

export interface TurnCustomer {
  readonly name: string;
  readonly company: string | null;
  readonly plan: string;
  readonly status: string;
  /** "good (78 of 100)". */
  readonly health: string;
  readonly language: string;
  readonly since: string;
  /** One sentence each: "INV-2026-0042 over $750.00, due on 1 December 2026". */
  readonly openInvoices: readonly string[];
}

export interface TurnMessage {
  readonly role: 'customer' | 'agent' | 'person';
  readonly text: string;
}

export interface Turn {
  readonly runId: string;
  readonly attempt: number;
  readonly conversationId: string;
  readonly customerId: string;
  readonly customer: TurnCustomer;
  /** The message being answered. */
  readonly text: string;
  /** What was said before it, oldest first. */
  readonly history: readonly TurnMessage[];
  readonly lastAgentId: string | null;
  readonly now: Date;
}

/** Roughly four characters make a token in English; the budget is a ceiling, not a price. */
const CHARS_PER_TOKEN = 4;

/** The part of the prompt that changes each turn. */
export function describeTurn({ customer, now }: Turn): string {
  const invoices = customer.openInvoices.length === 0 ? 'none' : customer.openInvoices.join('; ');
  return [
    `Today is ${now.toISOString().slice(0, 10)}.`,
    `The customer is ${customer.name}${customer.company ? ` of ${customer.company}` : ''}: plan ${customer.plan}, account ${customer.status}, health ${customer.health}, customer since ${customer.since}, language ${customer.language}.`,
    `Open invoices: ${invoices}.`,
  ].join('\n');
}

/**
 * The conversation for the model: the latest messages that fit the budget, oldest first, the message being answered last and
 * always whole. Neighbours of one side are joined, and the first is the customer's, as the Messages API wants it.
 */
export function recall(turn: Turn, tokensMax: number): LlmMessage[] {
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
