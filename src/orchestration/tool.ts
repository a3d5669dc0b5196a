/**
 * What a tool is, declared low so that agent steps can call tools without knowing what is behind them. Implemented in tools/.
 */
import type { z } from 'zod';
import type { Passage } from '../llm/llm.ts';

/** What calling it does to the world: nothing, a row, money, or a message that leaves the house. */
export const TOOL_EFFECTS = ['read', 'write', 'money', 'outbound'] as const;
export type ToolEffect = (typeof TOOL_EFFECTS)[number];

/** A draft that an agent is to check instead of answering: what was asked, and what was written. */
export interface Reviewed {
  readonly question: string;
  readonly answer: string;
  /** What the writer's tools told it, sentence by sentence; left out where nobody knows. */
  readonly grounds?: readonly string[];
}

/** The turn a tool is called in. A tool acts for this customer only. */
export interface ToolContext {
  readonly customerId: string;
  /** In which the customer is answered; null outside one. */
  readonly conversationId: string | null;
  /** Which is worked on for the desk without answering in it. To be read, and for nothing else. */
  readonly beside?: string | null;
  readonly runId: string;
  readonly agentId: string;
  /** The same for a repeated call of the same step: effects are applied once per callId. */
  readonly callId: string;
  /** The customer's message being answered: what an act on their word is checked against. */
  readonly said: string;
  /** Their earlier messages in this conversation, oldest first. */
  readonly earlier: readonly string[];
  readonly reviewed?: Reviewed | undefined;
  /** Only when people were asked about this call and are said to have approved it: where, and with what exactly. */
  readonly approved?: { readonly step: string; readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
  readonly now: Date;
}

/** What a tool may know of the turn to fill its input without a language model. */
export interface TurnText {
  /** The customer's message being answered. */
  readonly text: string;
  /** Earlier messages of the customer, oldest first. */
  readonly earlier: readonly string[];
  readonly reviewed?: Reviewed | undefined;
}

export interface ToolOutcome {
  /** What was found or done, in plain words to the customer ("Your last payment of $50.00 ..."). Complete sentences. */
  readonly summary: string;
  /** The same as data, for the model. Sums as decimal strings, dates as ISO 8601. */
  readonly facts?: unknown;
  readonly passages?: readonly Passage[];
}

/**
 * One ability. `run` throws AppError for refusals (their sentence reaches the model as a failed result), ApprovalNeeded for what people
 * may decide (the run waits for them, and calls once more with `approved`), and is bounded by `signal`.
 * `Input` and `Grant` are parsed by the caller with the tool's own schemas before `run` sees them.
 */
export interface Tool<Input = never, Grant = never> {
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  /** What an agent file may set for this tool (caps, counts); `z.strictObject({})` when there is nothing to limit. */
  readonly grant: z.ZodType<Grant>;
  readonly effect: ToolEffect;
  /**
   * True when it may be called on what `infer` reads, without a model's judgement, although it writes: what it does is harmless, done
   * once, and asked for by the customer's own words alone.
   */
  readonly unattended?: boolean;
  /** Argument names whose values never leave the process in events or logs. */
  readonly redact?: readonly string[];
  /** The inputs this turn already makes known, for a model that cannot fill them; null when it should not be called. */
  infer(turn: TurnText): Input | null;
  run(input: Input, grant: Grant, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A tool with its types closed over: what the catalogue validates grants with and agent steps call. */
export interface AnyTool {
  readonly name: string;
  readonly description: string;
  readonly effect: ToolEffect;
  readonly unattended: boolean;
  readonly redact: readonly string[];
  /** JSON Schema of the input. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Throws ZodError with the paths at fault. */
  parseGrant(grant: unknown): unknown;
  infer(turn: TurnText): Readonly<Record<string, unknown>> | null;
  /** Parses input and grant, then runs. Throws AppError BAD_INPUT for input that does not fit. */
  call(input: unknown, grant: unknown, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome>;
}
