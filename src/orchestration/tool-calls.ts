/**
 * The tools one agent step asks for: called side by side within the agent's grants, each told when it is called and when it answered.
 * A refusal becomes a failed result that the model reads; input that does not fit may be mended once, after that the tool is closed for
 * the rest of the step. What people may decide is neither: it waits, and is carried out or refused once they have. Knows no model.
 */
import { ZodError } from 'zod';
import { AppError, type ErrorCode } from '../foundation/errors.ts';
import type { Agent } from '../catalog/agent.ts';
import type { ToolCall, ToolResult } from '../llm/llm.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { redact } from '../privacy/redact.ts';
import { redactFields } from '../privacy/redact-value.ts';
import { ApprovalNeeded } from '../store/approval.ts';
import type { AnswerForm } from './answer-form.ts';
import type { Continuation, Tally, WantedCall } from './continuation.ts';
import { HAND_OVER, readHandOver, type Barred, type HandOver } from './hand-over.ts';
import { tellsInstructions } from './output-guard.ts';
import { createToolTally } from './tool-tally.ts';
import type { AnyTool, ToolContext } from './tool.ts';
import { saidBefore, type Turn } from './turn.ts';
import type { Decision } from './waiting.ts';
import type { Asked, Emit } from './workflow-event.ts';

const CALLS_PER_ROUND_MAX = 9;
const TOOL_MS = 10_000;

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
  /** What people have to decide before the round is whole; the results are those of the other calls. */
  readonly wanted: readonly WantedCall[];
}

export interface ToolCalls {
  /** Whatever fails, all calls of the round have ended before this does. @param round Grows from round to round. */
  call(calls: readonly ToolCall[], round: number, signal: AbortSignal): Promise<Called>;
  /** Ends the first of the calls that waited as people have decided; the others wait on. */
  settle(before: Continuation, decision: Decision, signal: AbortSignal): Promise<Called>;
  /** For whoever goes on with these calls later. */
  tally(): Tally;
}

interface Outcome extends Omit<ToolResult, 'callId' | 'name'> {
  readonly code: ErrorCode | null;
  /** Set: no outcome yet, and the summary says so. */
  readonly wanted?: WantedCall;
}

interface Told {
  readonly result: ToolResult;
  readonly wanted: WantedCall | null;
}

/** Under what a call is carried out. */
interface Ticket {
  readonly effectId: string;
  /** What people have approved of it; null where nobody was asked. */
  readonly approved: Asked | null;
}

/** @param before Of an earlier attempt of the step that had to wait. */
export function createToolCalls({ tools, redaction }: ToolCallsDeps, input: ToolCallsInput, emit: Emit, before?: Continuation): ToolCalls {
  const { step, agent, turn, mayHandOverTo = [], barred, form } = input;
  const tally = createToolTally(before?.tally);
  let handOver: HandOver | null = handOverOf(mayHandOverTo, before);
  let filled: { readonly value: unknown } | null = before?.filled ?? null;

  function misfit(name: string, round: number, code: ErrorCode, sentence: string): Outcome {
    const next = tally.misfit(name, round) ? 'Mend that and call it once more, or go on without it.' : closed(name);
    return failed(code, `${sentence} ${next}`);
  }

  /** What the model wrote goes back to it alone: a summary is read by others too. */
  function unread({ name }: ToolCall, round: number, written: string): Outcome {
    return { ...misfit(name, round, 'BAD_INPUT', `${name} was called with input that is not a JSON object.`), facts: { written } };
  }

  async function run(call: ToolCall, round: number, { effectId, approved }: Ticket, signal: AbortSignal): Promise<Outcome> {
    const { name } = call;
    if (tally.isClosed(name)) return failed('FORBIDDEN', closed(name));
    if (name === HAND_OVER && (mayHandOverTo.length > 0 || barred?.agents.length))
      return call.unreadable === undefined ? acceptHandOver(call, round) : unread(call, round, call.unreadable);
    if (name === form?.tool.name) return call.unreadable === undefined ? fillIn(form, call, round) : unread(call, round, call.unreadable);
    const tool = tools.get(name);
    const grant = agent.tools[name];
    if (!tool || !grant) return misfit(name, round, 'NOT_FOUND', `This agent has no tool called ${name}.`);
    if (call.unreadable !== undefined) return unread(call, round, call.unreadable);
    try {
      const context = contextOf(input, effectId, approved);
      const outcome = await tool.call(call.input, grant, context, AbortSignal.any([signal, AbortSignal.timeout(TOOL_MS)]));
      return { ...outcome, failed: false, code: null };
    } catch (error) {
      if (signal.aborted) throw error;
      // Approved and beyond the grant all the same: it is refused, and nobody is asked twice.
      if (error instanceof ApprovalNeeded && !approved) return waits(input, call, effectId, tool, error);
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

  async function told(call: ToolCall, round: number, ticket: Ticket, signal: AbortSignal): Promise<Told> {
    const { callId, name } = call;
    await emit({
      type: 'tool_called',
      step,
      agentId: agent.id,
      callId,
      tool: name,
      arguments: redactFields(withhold(call.input, tools.get(name)?.redact ?? []), redaction),
    });
    return tellReturned(call, await run(call, round, ticket, signal));
  }

  async function tellReturned({ callId, name }: ToolCall, { code, wanted, ...result }: Outcome): Promise<Told> {
    const summary = redact(result.summary, redaction).text;
    await emit({ type: 'tool_returned', step, agentId: agent.id, callId, tool: name, summary, failed: result.failed, code });
    return { result: { callId, name, ...result }, wanted: wanted ?? null };
  }

  /** Approved: exactly what was asked for is done. Else the model reads why not. */
  function decided({ call, effectId, asked }: WantedCall, { outcome, note }: Decision, round: number, signal: AbortSignal): Promise<Told> {
    switch (outcome) {
      case 'approved': {
        const { terms: _, ...exact } = asked.arguments;
        return told({ ...call, input: exact }, round, { effectId, approved: asked }, signal);
      }
      case 'refused':
        return tellReturned(call, failed('FORBIDDEN', `People have decided against it, so it was not done.${note === null ? '' : ` Their note: ${note}`}`));
      case 'expired':
        return tellReturned(call, failed('APPROVAL_EXPIRED', 'Nobody decided in time, so it was not done. It can be asked for again.'));
    }
  }

  const state = () => ({ handOver, ...(filled ? { filled: filled.value } : {}) });

  return {
    tally: tally.read,

    async settle({ wanted: [first, ...wanted], results, calls, request }, decision, signal) {
      if (!first) throw new Error('a step waited for nothing');
      const { result } = await decided(first, decision, request, signal);
      const all = [...results, result];
      return { ...state(), results: calls.flatMap(({ callId }) => all.find((one) => one.callId === callId) ?? []), wanted };
    },

    async call(calls, round, signal) {
      const ended = await Promise.allSettled(
        calls.map(async (call, index): Promise<Told> => {
          const { callId, name } = call;
          if (index >= CALLS_PER_ROUND_MAX)
            return { result: { callId, name, summary: 'Too many tools were asked for at once; ask again for this one.', failed: true }, wanted: null };
          return told(call, round, { effectId: `${turn.runId}:${step}:${name}:${tally.nth(name)}`, approved: null }, signal);
        }),
      );
      const all = ended.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
      return {
        ...state(),
        results: all.flatMap(({ result, wanted }) => (wanted ? [] : [result])),
        wanted: all.flatMap(({ wanted }) => (wanted ? [wanted] : [])),
      };
    },
  };
}

function handOverOf(targets: readonly Agent[], before: Continuation | undefined): HandOver | null {
  const to = targets.find(({ id }) => id === before?.handOver?.to);
  return to && before?.handOver ? { to, reason: before.handOver.reason } : null;
}

function contextOf({ agent, turn }: ToolCallsInput, callId: string, approved: Asked | null): ToolContext {
  const { customerId, conversationId, beside = null, runId, text, reviewed, now } = turn;
  const asked = approved ? { approved: { step: approved.path, tool: approved.tool, arguments: approved.arguments } } : {};
  return { customerId, conversationId, beside, runId, agentId: agent.id, callId, said: text, earlier: saidBefore(turn), reviewed, ...asked, now };
}

/** What people are asked is the call as it is, and beside it what exactly it would do. */
function waits({ turn, agent }: ToolCallsInput, call: ToolCall, effectId: string, tool: AnyTool, { message, summary, terms, needed }: ApprovalNeeded): Outcome {
  if ('terms' in call.input) throw new Error(`${call.name} has an argument where what is approved stands`);
  const path = effectId.slice(turn.runId.length + 1).replaceAll(':', '/');
  const exact = { ...call.input, terms };
  const withheld = tool.redact.length > 0 ? { withheld: tool.redact } : {};
  const asked: Asked = { path, agentId: agent.id, tool: call.name, arguments: exact, ...withheld, summary, needed };
  return { summary: `${message} It waits for their approval.`, failed: false, code: null, wanted: { call, effectId, asked } };
}

function failed(code: ErrorCode, summary: string): Outcome {
  return { summary, failed: true, code };
}

function closed(name: string): string {
  return `${name} was called twice in a way that does not fit and is refused for the rest of this answer. Go on without it.`;
}

function withhold(input: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  return names.length === 0 ? input : Object.fromEntries(Object.entries(input).map(([name, value]) => [name, names.includes(name) ? '[redacted]' : value]));
}
