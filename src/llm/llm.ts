/**
 * The contract of a language model: one request in, a stream of events out. Implementations: anthropic-llm.ts (the real API) and
 * offline-llm.ts (no network). Knows no agents and runs no tools: it only asks for them.
 */

/** What an agent file promises about its model; config maps each to a vendor's model. */
export const MODEL_GRADES = ['quick', 'balanced', 'careful'] as const;
export type ModelGrade = (typeof MODEL_GRADES)[number];

/** Tokens and their price. `inputTokens` counts what was neither read from nor written to the prompt cache. */
export interface LlmUsage {
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** US dollars, decimal with at most six places: "0.001234". */
  readonly cost: string;
}

export const NO_USAGE: LlmUsage = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, cost: '0' };

export const STOP_REASONS = ['end_turn', 'tool_use', 'max_tokens', 'stop_sequence', 'refusal', 'context_window'] as const;
/** Why the model ended. `pause_turn` never appears: the implementation continues by itself. */
export type StopReason = (typeof STOP_REASONS)[number];

export interface LlmTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** For the offline model: the inputs that this turn already makes known, or null when only a language model could fill them. */
  readonly knownInput: Readonly<Record<string, unknown>> | null;
  /** True when calling it changes nothing, or only what the customer's own words ask for. The offline model calls no other kind. */
  readonly readOnly: boolean;
  /** For the offline model: what it puts in once it has answered, made of its own words and of what its tools returned. */
  readonly fromAnswer?: (answer: { readonly text: string; readonly results: readonly ToolResult[] }) => Readonly<Record<string, unknown>>;
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** Empty when the model wrote no JSON object: then `unreadable` holds what it wrote. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly unreadable?: string;
}

export interface Passage {
  readonly articleId: string;
  readonly slug: string;
  readonly title: string;
  /** The heading of the section the text stands under; empty for an article's opening. */
  readonly section: string;
  readonly text: string;
}

export interface ToolResult {
  readonly callId: string;
  readonly name: string;
  /** What happened, in words that may be quoted to the customer. */
  readonly summary: string;
  readonly failed: boolean;
  /** Structured facts for the model, beside the summary. */
  readonly facts?: unknown;
  /** Article passages the answer may quote and must then cite. */
  readonly passages?: readonly Passage[];
}

export type LlmMessage =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly results: readonly ToolResult[] };

/** Who speaks and to whom, for a model that cannot read a prompt. */
export interface Persona {
  readonly agentId: string;
  readonly agentTitle: string;
  /** What the agent does, one sentence. */
  readonly job: string;
  /** Given name of the customer; null when unknown. */
  readonly customerName: string | null;
  /** True when no agent has answered in this conversation yet. */
  readonly firstReply: boolean;
  /** A sentence the answer must have; the prompt asks a model that reads it for the same. */
  readonly mustSay?: string;
  /** What others found out about the question; the prompt tells it to a model that reads it. */
  readonly colleagues?: readonly Colleague[];
  /** True when nobody but colleagues hears it: without a greeting and what else only customers are told. */
  readonly forColleagues?: boolean;
}

export interface Colleague {
  readonly title: string;
  readonly text: string;
}

export interface LlmRequest {
  readonly grade: ModelGrade;
  /** The fixed prefix (house, domain, agent): the same for every turn of one agent, so it is cached. */
  readonly systemFixed: string;
  /** What changes each turn (customer, date). */
  readonly systemTurn: string;
  readonly messages: readonly LlmMessage[];
  readonly tools: readonly LlmTool[];
  /** The tool that must be called now; left out: as the model likes. */
  readonly mustCall?: string;
  readonly maxTokens: number;
  /** True when nobody reads along: a model that paces its words for readers need not. */
  readonly hurried?: boolean;
  readonly persona: Persona;
}

export type LlmEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ToolCall }
  /** Cumulative for this request; sent at least once before `stop`, and before any error thrown after the first byte. */
  | { readonly type: 'usage'; readonly usage: LlmUsage; readonly model: string }
  /** Articles the text cites, when the model says so itself. */
  | { readonly type: 'citation'; readonly passage: Passage }
  | { readonly type: 'stop'; readonly reason: StopReason };

export interface Llm {
  /** What health and the welcome page call it: `anthropic` or `offline`. */
  readonly name: string;
  /**
   * Streams one answer; ends after `stop`. Retries only before the first text or tool call, never repeats text after it.
   * @throws AppError MODEL_OVERLOADED (429, 529, 5xx, connection, time-out; retryable), MODEL_REFUSED, UNAVAILABLE (bad key), INTERNAL.
   * An abort of `signal` rejects with the signal's reason, after a last `usage` event where tokens were spent.
   */
  stream(request: LlmRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
  /** Cheap check for health; throws when the model cannot answer. */
  probe(signal: AbortSignal): Promise<void>;
}

/** The sum of two usages; cost is added exactly, in millionths of a dollar. */
export function addUsage(a: LlmUsage, b: LlmUsage): LlmUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cost: formatMicros(parseMicros(a.cost) + parseMicros(b.cost)),
  };
}

/** Millionths of a dollar as decimal text without needless zeros. */
export function formatMicros(micros: bigint): string {
  const digits = micros.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '') || '0';
}

function parseMicros(cost: string): bigint {
  const [whole = '0', fraction = ''] = cost.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}
