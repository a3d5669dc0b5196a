/**
 * One agent at work: it asks the model, runs the tools the model asks for within the agent's grants, and goes on until the model
 * has answered. Yields through `emit`; writes nothing. Bounded in rounds, in calls a round and in time.
 */
import { AppError } from '../foundation/errors.ts';
import type { FinishReason } from '../events/event.ts';
import type { Agent } from '../catalog/agent.ts';
import type { Llm, LlmMessage, LlmTool, LlmUsage, Passage, StopReason, ToolCall, ToolResult } from '../llm/llm.ts';
import { addUsage, NO_USAGE } from '../llm/llm.ts';
import type { AnyTool, TurnText } from './tool.ts';
import { describeTurn, recall, type Turn } from './turn.ts';
import type { Emit } from './workflow-event.ts';

/** Model requests one step may make: an answer after five rounds of tools is later than a customer waits. */
const ROUNDS_MAX = 6;
const CALLS_PER_ROUND_MAX = 8;
const TOOL_MS = 10_000;

export interface AgentStepDeps {
  readonly llm: Llm;
  readonly tools: ReadonlyMap<string, AnyTool>;
  readonly historyTokens: number;
  readonly answerTokensMax: number;
  readonly stepMs: number;
}

export interface AgentStepInput {
  readonly step: string;
  readonly agent: Agent;
  readonly turn: Turn;
}

export interface AgentStepResult {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly usage: LlmUsage;
  readonly citations: readonly Passage[];
}

interface Round {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly stop: StopReason;
  readonly usage: LlmUsage;
}

export async function runAgentStep(deps: AgentStepDeps, input: AgentStepInput, emit: Emit, signal: AbortSignal): Promise<AgentStepResult> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(deps.stepMs)]);
  const messages: LlmMessage[] = recall(input.turn, deps.historyTokens);
  const citations = new Map<string, Passage>();
  const effectIdOf = nameEffects(input);
  let usage = NO_USAGE;
  let text = '';
  try {
    for (let request = 1; request <= ROUNDS_MAX; request += 1) {
      const offered = request < ROUNDS_MAX ? offerTools(deps.tools, input) : [];
      const round = await askModel(deps, input, { messages, offered, request, textSoFar: text, citations }, emit, bounded);
      usage = addUsage(usage, round.usage);
      text += round.text;
      if (round.stop !== 'tool_use') {
        return { text, finishReason: round.stop, usage, citations: [...citations.values()] };
      }
      const results = await callTools(deps, input, round.calls, effectIdOf, emit, bounded);
      messages.push({ role: 'assistant', text: round.text.trim(), toolCalls: round.calls }, { role: 'tool', results });
    }
  } catch (error) {
    if (bounded.aborted && !signal.aborted) {
      throw new AppError('MODEL_OVERLOADED', `The answer took longer than ${Math.round(deps.stepMs / 1_000)} seconds.`, { cause: error });
    }
    throw error;
  }
  throw new AppError('INTERNAL', 'The agent kept asking for tools instead of answering.', { retryable: true });
}

interface Question {
  readonly messages: readonly LlmMessage[];
  readonly offered: readonly LlmTool[];
  readonly request: number;
  readonly textSoFar: string;
  readonly citations: Map<string, Passage>;
}

async function askModel(deps: AgentStepDeps, { step, agent, turn }: AgentStepInput, question: Question, emit: Emit, signal: AbortSignal): Promise<Round> {
  const calls: ToolCall[] = [];
  let text = '';
  let usage = NO_USAGE;
  let stop: StopReason | null = null;
  const stream = deps.llm.stream(
    {
      grade: agent.model,
      systemFixed: agent.prompt,
      systemTurn: describeTurn(turn),
      messages: question.messages,
      tools: question.offered,
      maxTokens: deps.answerTokensMax,
      persona: {
        agentId: agent.id,
        agentTitle: agent.title,
        job: agent.job,
        customerName: turn.customer.name.split(' ', 1)[0] ?? null,
        firstReply: !turn.history.some((message) => message.role === 'agent'),
      },
    },
    signal,
  );
  for await (const event of stream) {
    switch (event.type) {
      case 'text': {
        // What the model says after its tools is a new paragraph of the same message.
        const words = text === '' && question.textSoFar !== '' ? `\n\n${event.text}` : event.text;
        text += words;
        await emit({ type: 'text', step, agentId: agent.id, text: words });
        break;
      }
      case 'tool_call':
        calls.push(event.call);
        break;
      case 'usage':
        usage = event.usage;
        await emit({ type: 'used', step, request: question.request, usage, model: event.model });
        break;
      case 'citation':
        question.citations.set(`${event.passage.slug}#${event.passage.section}`, event.passage);
        await emit({ type: 'cited', step, passage: event.passage });
        break;
      case 'stop':
        stop = event.reason;
        break;
    }
  }
  if (!stop) throw new AppError('MODEL_OVERLOADED', 'The model ended without saying why.');
  return { text, calls, stop: stop === 'tool_use' && calls.length === 0 ? 'end_turn' : stop, usage };
}

function offerTools(tools: ReadonlyMap<string, AnyTool>, { agent, turn }: AgentStepInput): LlmTool[] {
  const said: TurnText = { text: turn.text, earlier: turn.history.filter((message) => message.role === 'customer').map((message) => message.text) };
  return Object.keys(agent.tools).flatMap((name) => {
    const tool = tools.get(name);
    if (!tool) return [];
    return [{ name, description: tool.description, inputSchema: tool.inputSchema, knownInput: tool.infer(said), readOnly: tool.effect === 'read' }];
  });
}

/**
 * Names each call by its tool and how often the step called that before: another attempt, which may ask in other words or between
 * other questions, finds what the first one did instead of doing it again.
 */
function nameEffects({ turn, step }: AgentStepInput): (tool: string) => string {
  const calledBefore = new Map<string, number>();
  return (tool) => {
    const nth = (calledBefore.get(tool) ?? 0) + 1;
    calledBefore.set(tool, nth);
    return `${turn.runId}:${step}:${tool}:${nth}`;
  };
}

/**
 * Runs the calls of one round side by side; a refusal becomes a failed result that the model reads. Whatever fails, all of them have
 * ended before this does.
 */
async function callTools(
  deps: AgentStepDeps,
  input: AgentStepInput,
  calls: readonly ToolCall[],
  effectIdOf: (tool: string) => string,
  emit: Emit,
  signal: AbortSignal,
): Promise<ToolResult[]> {
  const ended = await Promise.allSettled(
    calls.map(async (call, index) => {
      if (index >= CALLS_PER_ROUND_MAX)
        return { callId: call.callId, name: call.name, summary: 'Too many tools were asked for at once; ask again for this one.', failed: true };
      return callTool(deps, input, call, effectIdOf(call.name), emit, signal);
    }),
  );
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

async function callTool(
  deps: AgentStepDeps,
  { step, agent, turn }: AgentStepInput,
  call: ToolCall,
  effectId: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<ToolResult> {
  const tool = deps.tools.get(call.name);
  const grant = agent.tools[call.name];
  const { callId, name } = call;
  await emit({ type: 'tool_called', step, agentId: agent.id, callId, tool: name, arguments: redact(call.input, tool?.redact ?? []) });
  const done = async (result: Omit<ToolResult, 'callId' | 'name'>): Promise<ToolResult> => {
    await emit({ type: 'tool_returned', step, agentId: agent.id, callId, tool: name, summary: result.summary, failed: result.failed });
    return { callId, name, ...result };
  };
  if (!tool || !grant) return done({ summary: `This agent has no tool called ${name}.`, failed: true });
  const context = { customerId: turn.customerId, conversationId: turn.conversationId, runId: turn.runId, agentId: agent.id, callId: effectId, said: turn.text, now: turn.now };
  try {
    const outcome = await tool.call(call.input, grant, context, AbortSignal.any([signal, AbortSignal.timeout(TOOL_MS)]));
    return done({ ...outcome, failed: false });
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof AppError && error.code !== 'UNAVAILABLE') return done({ summary: error.message, failed: true });
    if (error instanceof DOMException && error.name === 'TimeoutError') return done({ summary: 'This took too long and was given up.', failed: true });
    throw error;
  }
}

function redact(input: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  return names.length === 0 ? input : Object.fromEntries(Object.entries(input).map(([name, value]) => [name, names.includes(name) ? '[redacted]' : value]));
}
