/**
 * An agent's step that waits for people, whole: what it takes to go on without asking the model again for what it has said. Plain
 * JSON. Made and read by agent-step.ts and tool-calls.ts.
 */
import type { LlmMessage, LlmUsage, Passage, ToolCall, ToolResult } from '../llm/llm.ts';
import type { Asked } from './workflow-event.ts';
import type { Decision } from './waiting.ts';

/** Grows when the form changes: a step that was kept in another one is begun anew. */
const FORM = 1;

/** A call that people have to decide on. */
export interface WantedCall {
  readonly call: ToolCall;
  /** Its effect is applied once under this id, whichever attempt carries it out. */
  readonly effectId: string;
  readonly asked: Asked;
}

/** How often tools were called so far, and in which rounds in a way that did not fit. */
export interface Tally {
  readonly calls: readonly (readonly [tool: string, times: number])[];
  readonly misfits: readonly (readonly [tool: string, rounds: readonly number[]])[];
}

export interface Continuation {
  readonly step: string;
  /** What the model was asked, up to the round that waits. */
  readonly messages: readonly LlmMessage[];
  /** What that round said, and asked for. */
  readonly said: string;
  readonly calls: readonly ToolCall[];
  /** Of the calls that have ended. */
  readonly results: readonly ToolResult[];
  /** Those that have not, in the order in which people are asked. */
  readonly wanted: readonly WantedCall[];
  readonly handOver: { readonly to: string; readonly reason: string } | null;
  readonly filled: { readonly value: unknown } | null;
  /** The model request of that round. */
  readonly request: number;
  /** All that was told in this step. */
  readonly text: string;
  readonly citations: readonly Passage[];
  /** Counted already. */
  readonly usage: LlmUsage;
  readonly tally: Tally;
}

export interface Resumed {
  readonly before: Continuation;
  readonly decision: Decision;
}

export function writeContinuation(continuation: Continuation): string {
  return JSON.stringify({ form: FORM, continuation });
}

/** Null for one of another form. */
export function readContinuation(text: string): Continuation | null {
  const read = JSON.parse(text) as { readonly form: number; readonly continuation: Continuation };
  return read.form === FORM ? read.continuation : null;
}
