/**
 * The tools one agent step asks for: called side by side within the agent's grants, each told when it is called and when it answered.
 * A refusal becomes a failed result that the model reads; input that does not fit may be mended once, after that the tool is closed for
 * the rest of the step. Knows no model.
 */
import { ZodError } from 'zod';
import { AppError, type ErrorCode } from '../foundation/errors.ts';
import type { Agent } from '../catalog/agent.ts';
import type { ToolCall, ToolResult } from '../llm/llm.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import { redactFields } from '../privacy/redact-value.ts';
import type { AnswerForm } from './answer-form.ts';
import { HAND_OVER, readHandOver, type Barred, type HandOver } from './hand-over.ts';
import { tellsInstructions } from './output-guard.ts';
import type { AnyTool, ToolContext } from './tool.ts';
import { saidBefore, type Turn } from './turn.ts';
import type { Emit } from './workflow-event.ts';

const CALLS_PER_ROUND_MAX = 9;
const TOOL_MS = 10_000;
/** Rounds in which a tool may be called in a way that does not fit: the first is mended, the second closes it. */
const MISFITS_MAX = 2;

export interface ToolCallsDeps {
  readonly tools: ReadonlyMap<string, AnyTool>;
  /** What is told of a call is read by others than the model. */
  readonly redaction: RedactionPolicy;
}

export interface ToolCallsInput {
  readonly step: string;
  readonly agent: Agent;
  readonly turn: Turn;
  readonly mayHandOverTo?: readonly Agent[];
  readonly barred?: Barred;
  readonly form?: AnswerForm;
}

export interface Called {
  readonly results: readonly ToolResult[];
  /** Accepted in this round; the first counts. */
  readonly handOver: HandOver | null;
  /** What the form was filled in with; left out until it was. */
  readonly filled?: unknown;
}

export interface ToolCalls {
  /** Whatever fails, all calls of the round have ended before this does. @param round Grows from round to round. */
  call(calls: readonly ToolCall[], round: number, signal: AbortSignal): Promise<Called>;
}

interface Outcome extends Omit<ToolResult, 'callId' | 'name'> {
  readonly code: ErrorCode | null;
}

export function createToolCalls({ tools, redaction }: ToolCallsDeps, input: ToolCallsInput, emit: Emit): ToolCalls {
  const { step, agent, turn, mayHandOverTo = [], barred, form } = input;
  const effectIdOf = nameEffects(input);
  /** By tool, the rounds in which it was called in a way that does not fit. */
  const misfits = new Map<string, Set<number>>();
  let handOver: HandOver | null = null;
  let filled: { readonly value: unknown } | null = null;

  function misfit(name: string, round: number, code: ErrorCode, sentence: string): Outcome {
    const rounds = (misfits.get(name) ?? new Set()).add(round);
    misfits.set(name, rounds);
    const next = rounds.size < MISFITS_MAX ? 'Mend that and call it once more, or go on without it.' : closed(name);
    return failed(code, `${sentence} ${next}`);
  }

  /** What the model wrote goes back to it alone: a summary is read by others too. */
  function unread({ name }: ToolCall, round: number, written: string): Outcome {
    return { ...misfit(name, round, 'BAD_INPUT', `${name} was called with input that is not a JSON object.`), facts: { written } };
  }

  async function run(call: ToolCall, round: number, effectId: string, signal: AbortSignal): Promise<Outcome> {
    const { name } = call;
    if ((misfits.get(name)?.size ?? 0) >= MISFITS_MAX) return failed('FORBIDDEN', closed(name));
    if (name === HAND_OVER && (mayHandOverTo.length > 0 || barred?.agents.length))
      return call.unreadable === undefined ? acceptHandOver(call, round) : unread(call, round, call.unreadable);
    if (name === form?.tool.name) return call.unreadable === undefined ? fillIn(form, call, round) : unread(call, round, call.unreadable);
    const tool = tools.get(name);
    const grant = agent.tools[name];
    if (!tool || !grant) return misfit(name, round, 'NOT_FOUND', `This agent has no tool called ${name}.`);
    if (call.unreadable !== undefined) return unread(call, round, call.unreadable);
    try {
      const outcome = await tool.call(call.input, grant, contextOf(input, effectId), AbortSignal.any([signal, AbortSignal.timeout(TOOL_MS)]));
      return { ...outcome, failed: false, code: null };
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof AppError && error.code === 'BAD_INPUT' && error.cause instanceof ZodError) return misfit(name, round, 'BAD_INPUT', error.message);
      if (error instanceof AppError && error.code !== 'UNAVAILABLE') return failed(error.code, error.message);
      if (error instanceof DOMException && error.name === 'TimeoutError') return failed('UNAVAILABLE', 'This took too long and was given up.');
      throw error;
    }
  }

  function fillIn({ tool, read }: AnswerForm, call: ToolCall, round: number): Outcome {
    const given = read(call.input);
    if (typeof given === 'string') return misfit(tool.name, round, 'BAD_INPUT', given);
    filled ??= given;
    return { summary: 'Noted.', failed: false, code: null };
  }

  async function acceptHandOver(call: ToolCall, round: number): Promise<Outcome> {
    if (handOver) return failed('CONFLICT', `The conversation goes to ${handOver.to.id} already.`);
    const read = readHandOver(call.input, [...mayHandOverTo, ...(barred?.agents ?? [])]);
    if (typeof read === 'string') return misfit(HAND_OVER, round, 'BAD_INPUT', read);
    if (barred?.agents.includes(read.to)) return failed('CONFLICT', await barred.ask(read.to));
    // A reason is read by the customer too: it must not carry what an answer may not.
    const reason = tellsInstructions(agent.prompt, read.reason) ? 'The matter is for another agent.' : redact(read.reason, redaction).text;
    handOver = { ...read, reason };
    return { summary: `${read.to.title} goes on.`, failed: false, code: null };
  }

  async function told(call: ToolCall, round: number, effectId: string, signal: AbortSignal): Promise<ToolResult> {
    const { callId, name } = call;
    await emit({
      type: 'tool_called',
      step,
      agentId: agent.id,
      callId,
      tool: name,
      arguments: redactFields(withhold(call.input, tools.get(name)?.redact ?? []), redaction),
    });
    const { code, ...result } = await run(call, round, effectId, signal);
    const summary = redact(result.summary, redaction).text;
    await emit({ type: 'tool_returned', step, agentId: agent.id, callId, tool: name, summary, failed: result.failed, code });
    return { callId, name, ...result };
  }

  return {
    async call(calls, round, signal) {
      const ended = await Promise.allSettled(
        calls.map(async (call, index) => {
          if (index >= CALLS_PER_ROUND_MAX)
            return { callId: call.callId, name: call.name, summary: 'Too many tools were asked for at once; ask again for this one.', failed: true };
          return told(call, round, effectIdOf(call.name), signal);
        }),
      );
      const results = ended.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
      return { results, handOver, ...(filled ? { filled: filled.value } : {}) };
    },
  };

  function contextOf({ turn: { customerId, conversationId, beside = null, runId, text, reviewed, now } }: ToolCallsInput, callId: string): ToolContext {
    return { customerId, conversationId, beside, runId, agentId: agent.id, callId, said: text, earlier: saidBefore(turn), reviewed, now };
  }
}

function failed(code: ErrorCode, summary: string): Outcome {
  return { summary, failed: true, code };
}

function closed(name: string): string {
  return `${name} was called twice in a way that does not fit and is refused for the rest of this answer. Go on without it.`;
}

/**
 * Names each call by its tool and how often the step called that before: another attempt, which may ask in other words or between
 * other questions, finds what the first one did instead of doing it again.
 */
function nameEffects({ turn, step }: ToolCallsInput): (tool: string) => string {
  const calledBefore = new Map<string, number>();
  return (tool) => {
    const nth = (calledBefore.get(tool) ?? 0) + 1;
    calledBefore.set(tool, nth);
    return `${turn.runId}:${step}:${tool}:${nth}`;
  };
}

function withhold(input: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  return names.length === 0 ? input : Object.fromEntries(Object.entries(input).map(([name, value]) => [name, names.includes(name) ? '[redacted]' : value]));
}
