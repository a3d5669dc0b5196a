/**
 * The model that needs no network: it calls the read-only tools whose inputs are known, then answers from their sentences and the
 * best article. Costs nothing and says once what it is. Understands no language: what it cannot answer, it asks about.
 */
import { systemClock, type Clock } from '../foundation/clock.ts';
import { cancellable } from './cancellable.ts';
import { createCitationScanner, numberPassages } from './citations.ts';
import type { Llm, LlmEvent, LlmMessage, LlmRequest, LlmTool, LlmUsage, ToolCall } from './llm.ts';
import { composeAnswer, needsNoTools, resultsOfTurn } from './offline-compose.ts';
import { paceWords, splitWords } from './offline-pace.ts';

export interface OfflineOptions {
  /** Words per second; 0 is as fast as it can. */
  readonly tokensPerS: number;
  readonly clock?: Clock;
}

/** As many as an agent that checks a draft from all sides has. */
const TOOL_CALLS_MAX = 9;
const CHARS_PER_TOKEN = 4;

export function createOfflineLlm(options: OfflineOptions): Llm {
  const clock = options.clock ?? systemClock;

  async function* converse(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent, void> {
    signal.throwIfAborted();
    const inputTokens = countInput(request);
    const calls = chooseTools(request);
    if (calls.length > 0) {
      for (const call of calls) yield { type: 'tool_call', call };
      yield { type: 'usage', usage: usageOf(inputTokens, calls.length), model: 'offline' };
      yield { type: 'stop', reason: 'tool_use' };
      return;
    }
    const text = composeAnswer(request);
    const words = splitWords(text);
    const cited = createCitationScanner(numberPassages(request.messages));
    let said = 0;
    try {
      for await (const word of paceWords(words.slice(0, request.maxTokens), request.hurried ? 0 : options.tokensPerS, clock, signal)) {
        said += 1;
        yield { type: 'text', text: word };
        for (const passage of cited(word)) yield { type: 'citation', passage };
      }
      signal.throwIfAborted();
    } catch (error) {
      yield { type: 'usage', usage: usageOf(inputTokens, said), model: 'offline' };
      throw error;
    }
    const summing = request.tools.find(({ fromAnswer }) => fromAnswer);
    if (summing?.fromAnswer) {
      const input = summing.fromAnswer({ text, results: resultsOfTurn(request.messages) });
      yield { type: 'tool_call', call: { callId: `offline_${request.persona.agentId}_${summing.name}`, name: summing.name, input } };
    }
    yield { type: 'usage', usage: usageOf(inputTokens, said), model: 'offline' };
    if (summing) yield { type: 'stop', reason: 'tool_use' };
    else yield { type: 'stop', reason: words.length > request.maxTokens ? 'max_tokens' : 'end_turn' };
  }

  return Object.freeze({
    name: 'offline',
    stream: (request: LlmRequest, signal: AbortSignal) => cancellable((both) => converse(request, both), [signal]),
    async probe(signal: AbortSignal) {
      signal.throwIfAborted();
    },
  });
}

/** Tools are called once, before the answer: a request that ends with their results is answered. */
function chooseTools(request: LlmRequest): readonly ToolCall[] {
  if (request.messages.at(-1)?.role !== 'user' || needsNoTools(request.messages)) return [];
  const before = request.messages.reduce((sum, message) => sum + (message.role === 'assistant' ? (message.toolCalls ?? []).length : 0), 0);
  return request.tools
    .flatMap((tool: LlmTool) => (tool.readOnly && tool.knownInput !== null ? [{ name: tool.name, input: tool.knownInput }] : []))
    .slice(0, TOOL_CALLS_MAX)
    .map(({ name, input }, at) => ({ callId: `offline_${request.persona.agentId}_${before + at + 1}`, name, input }));
}

function countInput(request: LlmRequest): number {
  const chars = request.systemFixed.length + request.systemTurn.length + request.messages.reduce((sum, message) => sum + charsOf(message), 0);
  return Math.ceil(chars / CHARS_PER_TOKEN);
}

function charsOf(message: LlmMessage): number {
  if (message.role !== 'tool') return message.text.length;
  return message.results.reduce((sum, { summary, passages }) => sum + summary.length + (passages ?? []).reduce((all, { text }) => all + text.length, 0), 0);
}

/** Approximate, and free: a word out is a token out. */
function usageOf(inputTokens: number, outputTokens: number): LlmUsage {
  return { inputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens, cost: '0' };
}
