/**
 * Passing a customer on within one answer: the one tool that every agent with somebody to hand over to has, and what it takes to be
 * accepted. Chooses nobody and runs nobody: the workflow does.
 */
import { z } from 'zod';
import type { Agent } from '../catalog/agent.ts';
import type { LlmTool } from '../llm/llm.ts';

export const HAND_OVER = 'hand_over';

export interface HandOver {
  readonly to: Agent;
  /** The model's words, on one line. */
  readonly reason: string;
}

/** Whom an agent's file names and who must not be called any more: heard in this answer, or one hop too far. */
export interface Barred {
  readonly agents: readonly Agent[];
  /** Those of them that the tool names all the same: to call one of these means that no agent is right. */
  readonly offered: readonly Agent[];
  /** Asks for a person instead; resolves to what the agent is told. */
  ask(to: Agent): Promise<string>;
}

const REASON_CHARS_MAX = 300;
/** Of what was said, the end is what the next agent goes on from. */
const SAID_CHARS_MAX = 1_200;

const Input = z.strictObject({ to: z.string().max(80), reason: z.string().trim().min(3).max(REASON_CHARS_MAX) });

/** Null when there is nobody to hand over to. */
export function handOverTool(targets: readonly Agent[]): LlmTool | null {
  if (targets.length === 0) return null;
  return {
    name: HAND_OVER,
    description: `Passes the customer on to another agent, who goes on with this very answer. Use it when the matter is another agent's, after you have done your own part. Agents: ${targets
      .map(({ id, title }) => `${id} (${title})`)
      .join(', ')}. What you have said stays said; say nothing after it.`,
    inputSchema: {
      type: 'object',
      properties: {
        to: { type: 'string', enum: targets.map(({ id }) => id), description: 'Who goes on.' },
        reason: { type: 'string', maxLength: REASON_CHARS_MAX, description: 'Why, in one sentence: what the customer wants and what was found out already.' },
      },
      required: ['to', 'reason'],
      additionalProperties: false,
    },
    knownInput: null,
    readOnly: false,
  };
}

/** The hand-over, or one sentence about what is wrong with it. */
export function readHandOver(input: unknown, targets: readonly Agent[]): HandOver | string {
  const parsed = Input.safeParse(input);
  if (!parsed.success)
    return `${HAND_OVER} was called with input that does not fit. ${parsed.error.issues.map((issue) => `${['input', ...issue.path].join('.')}: ${issue.message}`).join('; ')}`;
  const to = targets.find(({ id }) => id === parsed.data.to);
  if (!to) return `${HAND_OVER} was called with input that does not fit. input.to: must be one of ${targets.map(({ id }) => id).join(', ')}`;
  return { to, reason: parsed.data.reason.replace(/[\p{Cc}\s]+/gu, ' ') };
}

/** What the agent that takes over has to know. */
export function takeOverNote(from: Agent, reason: string, said: string): string {
  const read =
    said.trim() === ''
      ? 'The customer has read nothing of this answer yet.'
      : `The customer has already read this part of the answer: ${JSON.stringify(said.trim().slice(-SAID_CHARS_MAX))}. Go on from there: do not greet, and repeat nothing of it.`;
  return `You take over in the middle of an answer from the colleague "${from.title}", who gives as the reason: ${JSON.stringify(reason)}. ${read}`;
}
