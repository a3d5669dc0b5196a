/**
 * One agent at work: it asks the model, has the tools it asks for called (tool-calls.ts), and goes on until the model has answered,
 * handed over, or begun to recite its instructions; or until people have to decide on what it wants to do, to be taken up again from
 * there. Yields through `emit`; writes nothing. Bounded in rounds, in calls a round and in time.
 */
import { AppError } from '../foundation/errors.ts';
import type { FinishReason } from '../events/event.ts';
import type { Agent } from '../catalog/agent.ts';
import type { Colleague, Llm, LlmEvent, LlmMessage, LlmRequest, LlmTool, LlmUsage, Passage, StopReason, ToolCall } from '../llm/llm.ts';
import { addUsage, NO_USAGE } from '../llm/llm.ts';
import type { RedactionPolicy } from '../privacy/kinds.ts';
import { createRedactor, type Redactor } from '../privacy/redact-stream.ts';
import { describeCustomer } from './context.ts';
import { handOverTool, type Barred, type HandOver } from './hand-over.ts';
import { createOutputGuard, insteadOfInstructions, type OutputGuard } from './output-guard.ts';
import type { Continuation, Resumed } from './continuation.ts';
import type { AnyTool, TurnText } from './tool.ts';
import type { AnswerForm } from './answer-form.ts';
import { createToolCalls, type Called, type ToolCalls } from './tool-calls.ts';
import { recall, saidBefore, type Turn } from './turn.ts';
import type { Language } from './understand/language.ts';
import type { Emit } from './workflow-event.ts';

/** Model requests one step may make: an answer after five rounds of tools is later than a customer waits. */
const ROUNDS_MAX = 6;

export interface AgentStepDeps {
  readonly llm: Llm;
  readonly tools: ReadonlyMap<string, AnyTool>;
  readonly historyTokens: number;
  readonly answerTokensMax: number;
  readonly stepMs: number;
  /** True when nobody reads along while it is written. */
  readonly hurried?: boolean;
  /** What an agent says passes it before anybody reads it, and so does what is told of its tools. */
  readonly redaction: RedactionPolicy;
}

export interface AgentStepInput {
  readonly step: string;
  readonly agent: Agent;
  readonly turn: Turn;
  /** Who may go on with this answer; empty without anybody. */
  readonly mayHandOverTo?: readonly Agent[];
  readonly barred?: Barred;
  /** What else the agent has to know of this turn, for its prompt. */
  readonly notes?: readonly string[];
  /** A sentence the answer must have, for a model that cannot read a prompt. */
  readonly mustSay?: string;
  /** What colleagues found out about the message, for a model that cannot read a prompt. */
  readonly colleagues?: readonly Colleague[];
  /** True when what it says is for colleagues and not for the customer. */
  readonly forColleagues?: boolean;
  /** What the customer has read of this answer from the agents before. */
  readonly saidBefore?: string;
  readonly language?: Language;
  /** What the step must end with besides its words: a tool that takes it, which ends the step. */
  readonly form?: AnswerForm;
}

export interface AgentStepResult {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly usage: LlmUsage;
  readonly citations: readonly Passage[];
  /** Who goes on with the answer; null when it is whole. */
  readonly handOver: HandOver | null;
  /** True when it was stopped for reciting the agent's instructions. */
  readonly guarded: boolean;
  /** What was filled in, where a form was asked for. */
  readonly filled?: unknown;
  /** Set: it is not whole, and cannot go on before people have decided. Everything else of its round has ended. */
  readonly waits?: Continuation;
}

interface Round {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly stop: StopReason;
  readonly usage: LlmUsage;
  readonly guarded: boolean;
}

/** @param resumed The same step as it was when it had to wait, and what people have decided since. */
export async function runAgentStep(deps: AgentStepDeps, input: AgentStepInput, emit: Emit, signal: AbortSignal, resumed?: Resumed): Promise<AgentStepResult> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(deps.stepMs)]);
  const before = resumed?.before;
  const messages: LlmMessage[] = before ? [...before.messages] : recall(input.turn, deps.historyTokens);
  const citations = new Map<string, Passage>(before?.citations.map((passage) => [keyOf(passage), passage]));
  const tools = createToolCalls(deps, input, emit, before);
  const guard = createOutputGuard(input.agent.prompt);
  const redactor = createRedactor(deps.redaction);
  let usage = before?.usage ?? NO_USAGE;
  let text = before?.text ?? '';
  let mustCall: string | undefined;
  const done = (rest: Pick<AgentStepResult, 'finishReason'> & Partial<AgentStepResult>): AgentStepResult => ({
    text,
    usage,
    citations: [...citations.values()],
    handOver: null,
    guarded: false,
    ...rest,
  });
  try {
    if (before) await tellAgain(input, before, guard, emit);
    for (let request = before?.request ?? 1; request <= ROUNDS_MAX; request += 1) {
      let asked: Pick<Round, 'calls' | 'text'>;
      let called: Called;
      if (resumed && request === resumed.before.request) {
        asked = { calls: resumed.before.calls, text: resumed.before.said };
        called = await tools.settle(resumed.before, resumed.decision, bounded);
      } else {
        const offered = request < ROUNDS_MAX || mustCall !== undefined ? offerTools(deps.tools, input) : [];
        const question = { messages, offered, request, textSoFar: `${input.saidBefore ?? ''}${text}`, citations, guard, redactor, mustCall };
        const round = await askModel(deps, input, question, emit, bounded);
        usage = addUsage(usage, round.usage);
        text += round.text;
        if (round.guarded) text += await sayInstead(input, text, emit);
        if (round.stop !== 'tool_use') {
          if (input.form && !round.guarded && round.stop !== 'refusal' && mustCall === undefined) {
            mustCall = input.form.tool.name;
            messages.push({ role: 'assistant', text: round.text.trim() }, { role: 'user', text: `Now call ${mustCall}, with what you have just said.` });
            continue;
          }
          return done({ finishReason: round.stop, guarded: round.guarded });
        }
        asked = round;
        called = await tools.call(round.calls, request, bounded);
      }
      if (called.wanted.length > 0) {
        const round = { messages, said: asked.text, calls: asked.calls, request, text, usage };
        return done({ finishReason: 'end_turn', waits: continuationOf(input, round, called, citations, tools) });
      }
      if (called.filled !== undefined) return done({ finishReason: 'end_turn', filled: called.filled });
      if (called.handOver) return done({ finishReason: 'end_turn', handOver: called.handOver });
      messages.push({ role: 'assistant', text: asked.text.trim(), toolCalls: asked.calls }, { role: 'tool', results: called.results });
    }
  } catch (error) {
    if (bounded.aborted && !signal.aborted) {
      throw new AppError('MODEL_OVERLOADED', `The answer took longer than ${Math.round(deps.stepMs / 1_000)} seconds.`, { cause: error });
    }
    throw error;
  }
  if (input.form) throw new AppError('MODEL_OVERLOADED', `The agent did not call ${input.form.tool.name} in a way that fits.`);
  throw new AppError('INTERNAL', 'The agent kept asking for tools instead of answering.', { retryable: true });
}

/** What was told before, whole: readers were told that it is void, and nobody has to say it anew. */
async function tellAgain({ step, agent }: AgentStepInput, { text, citations }: Continuation, guard: OutputGuard, emit: Emit): Promise<void> {
  guard.pass(text);
  guard.end();
  for (const passage of citations) await emit({ type: 'cited', step, passage });
  if (text !== '') await emit({ type: 'text', step, agentId: agent.id, text });
}

function continuationOf(
  { step }: AgentStepInput,
  round: Pick<Continuation, 'messages' | 'said' | 'calls' | 'request' | 'text' | 'usage'>,
  { results, wanted, handOver, filled }: Called,
  citations: ReadonlyMap<string, Passage>,
  tools: ToolCalls,
): Continuation {
  return {
    step,
    ...round,
    results,
    wanted,
    handOver: handOver && { to: handOver.to.id, reason: handOver.reason },
    filled: filled === undefined ? null : { value: filled },
    citations: [...citations.values()],
    tally: tools.tally(),
  };
}

function keyOf({ slug, section }: Passage): string {
  return `${slug}#${section}`;
}

interface Question {
  readonly messages: readonly LlmMessage[];
  readonly offered: readonly LlmTool[];
  readonly request: number;
  readonly textSoFar: string;
  readonly citations: Map<string, Passage>;
  /** One for the step: instructions may be told in pieces between tools. */
  readonly guard: OutputGuard;
  readonly redactor: Redactor;
  readonly mustCall: string | undefined;
}

/** The sentence in place of recited instructions, as its own paragraph. */
async function sayInstead({ step, agent, saidBefore: before = '', language = 'en' }: AgentStepInput, text: string, emit: Emit): Promise<string> {
  const instead = `${before === '' && text === '' ? '' : '\n\n'}${insteadOfInstructions(language)}`;
  await emit({ type: 'text', step, agentId: agent.id, text: instead });
  return instead;
}

async function askModel(deps: AgentStepDeps, input: AgentStepInput, question: Question, emit: Emit, signal: AbortSignal): Promise<Round> {
  const { step, agent } = input;
  const { guard, redactor } = question;
  const cut = new AbortController();
  const calls: ToolCall[] = [];
  let text = '';
  let usage = NO_USAGE;
  let stop: StopReason | null = null;
  const say = async (words: string, heldBack = false): Promise<void> => {
    if (words === '') return;
    // What the model says after its tools is a new paragraph of the same message.
    const told = text === '' && question.textSoFar !== '' ? `\n\n${words}` : words;
    text += told;
    await emit({ type: 'text', step, agentId: agent.id, text: told, ...(heldBack ? { heldBack } : {}) });
  };
  const sayRest = (): Promise<void> => say(redactor.push(guard.end()) + redactor.end(), true);
  const stream = deps.llm.stream(requestOf(deps, input, question), AbortSignal.any([signal, cut.signal]));
  const read = async (event: LlmEvent): Promise<void> => {
    switch (event.type) {
      case 'text':
        await say(redactor.push(guard.pass(event.text)));
        if (guard.tripped) cut.abort(RECITED);
        break;
      case 'tool_call':
        calls.push(event.call);
        break;
      case 'usage':
        usage = event.usage;
        await emit({ type: 'used', step, request: question.request, usage, model: event.model });
        break;
      case 'citation':
        question.citations.set(keyOf(event.passage), event.passage);
        await emit({ type: 'cited', step, passage: event.passage });
        break;
      case 'stop':
        stop = event.reason;
        break;
    }
  };
  try {
    for await (const event of stream) await read(event);
  } catch (error) {
    if (!guard.tripped || signal.aborted) {
      // What was held back belongs to what is kept of the answer.
      if (!signal.aborted) await sayRest();
      throw error;
    }
  }
  await sayRest();
  // Whatever it asks for beside reciting its instructions is not done.
  if (guard.tripped) return { text, calls: [], stop: 'end_turn', usage, guarded: true };
  if (!stop) throw new AppError('MODEL_OVERLOADED', 'The model ended without saying why.');
  return { text, calls, stop: stop === 'tool_use' && calls.length === 0 ? 'end_turn' : stop, usage, guarded: false };
}

/** Why a stream of ours was cut. */
const RECITED = new Error('the answer recites its instructions');

function requestOf(
  deps: AgentStepDeps,
  { agent, turn, notes = [], mustSay, colleagues, forColleagues = false }: AgentStepInput,
  { messages, offered, mustCall }: Question,
): LlmRequest {
  return {
    grade: agent.model,
    ...(mustCall === undefined ? {} : { mustCall }),
    systemFixed: agent.prompt,
    systemTurn: [describeCustomer(turn.customer, turn.now), ...notes].join('\n'),
    messages,
    tools: offered,
    maxTokens: deps.answerTokensMax,
    ...(deps.hurried ? { hurried: true } : {}),
    persona: {
      agentId: agent.id,
      agentTitle: agent.title,
      job: agent.job,
      customerName: turn.customer.name.split(' ', 1)[0] ?? null,
      firstReply: !turn.history.some((message) => message.role === 'agent'),
      ...(mustSay === undefined ? {} : { mustSay }),
      ...(colleagues === undefined ? {} : { colleagues }),
      ...(forColleagues ? { forColleagues } : {}),
    },
  };
}

function offerTools(tools: ReadonlyMap<string, AnyTool>, { agent, turn, mayHandOverTo = [], barred, form }: AgentStepInput): LlmTool[] {
  const said: TurnText = { text: turn.text, earlier: saidBefore(turn), reviewed: turn.reviewed };
  const granted = Object.keys(agent.tools).flatMap((name) => {
    const tool = tools.get(name);
    if (!tool) return [];
    return [
      { name, description: tool.description, inputSchema: tool.inputSchema, knownInput: tool.infer(said), readOnly: tool.effect === 'read' || tool.unattended },
    ];
  });
  const onward = handOverTool([...mayHandOverTo, ...(barred?.offered ?? [])]);
  return [...granted, ...(onward ? [onward] : []), ...(form ? [form.tool] : [])];
}
