/**
 * One message of the model as it grows: takes the stream's events, says what callers should hear, keeps the blocks for a
 * continuation and the tokens for the bill. Reads no network and knows nothing of retries.
 */
import { z } from 'zod';
import { AppError, type ErrorCode } from '../foundation/errors.ts';
import type { ReportedUsage, StreamEvent } from './anthropic-sse.ts';
import type { LlmEvent, LlmUsage, ToolCall } from './llm.ts';
import { costOf } from './prices.ts';

export interface Answer {
  /**
   * What this event gives the caller to hear, or null.
   * @throws AppError for an `error` event and for events that contradict each other.
   */
  take(event: StreamEvent): LlmEvent | null;
  /** True after `message_stop`; an answer that ends without it has failed. */
  readonly finished: boolean;
  /** The API's own word for why it stopped; null before it said so. */
  readonly stopReason: string | null;
  /** The model that answered: a date-stamped name where the request had an alias. */
  readonly model: string;
  /** True when a complete tool call was heard, readable or not. */
  readonly calledTools: boolean;
  /**
   * Complete tool calls whose input is no JSON object, for the caller to tell at the end: whether they are complete shows only then.
   * Empty when the answer was cut off, for half a call is none.
   */
  readonly unreadableCalls: readonly ToolCall[];
  /** The content so far, as the API wants it back to continue a pause. */
  blocks(): readonly Readonly<Record<string, unknown>>[];
  /**
   * Tokens and cost so far. The API reports output tokens only at the end of a message: for one that was stopped or cut they are
   * estimated from what arrived, at four characters a token, so that stopping is never free.
   */
  usage(): LlmUsage;
}

const CHARS_PER_TOKEN = 4;
/** What is kept of input that is no JSON: enough for the model to see its slip. */
const UNREADABLE_CHARS_MAX = 2_000;
const ToolUse = z.object({ id: z.string().min(1), name: z.string().min(1) });
const ToolInput = z.record(z.string(), z.unknown());

interface Block {
  readonly head: Readonly<Record<string, unknown>>;
  text: string;
  json: string;
  signature: string;
}

export function createAnswer(requestedModel: string): Answer {
  const blocks = new Map<number, Block>();
  let counted: ReportedUsage = {};
  let outputFinal = false;
  let chars = 0;
  let model = requestedModel;
  let stopReason: string | null = null;
  let finished = false;
  let calledTools = false;
  const unreadable: ToolCall[] = [];
  const isCutOff = (): boolean => stopReason === null || CUT_OFF.has(stopReason);

  function blockAt(index: number): Block {
    const block = blocks.get(index);
    if (!block) throw contradictory('a delta for a block that never began');
    return block;
  }

  function endBlock(index: number): LlmEvent | null {
    const block = blockAt(index);
    if (block.head['type'] !== 'tool_use') return null;
    const use = ToolUse.safeParse(block.head);
    if (!use.success) throw contradictory('a tool call without id or name');
    const input = readInput(block);
    if (!input.success) {
      unreadable.push({ callId: use.data.id, name: use.data.name, input: {}, unreadable: block.json.slice(0, UNREADABLE_CHARS_MAX) });
      blocks.delete(index);
      return null;
    }
    calledTools = true;
    return { type: 'tool_call', call: { callId: use.data.id, name: use.data.name, input: input.data } };
  }

  function take(event: StreamEvent): LlmEvent | null {
    switch (event.type) {
      case 'text':
        blockAt(event.index).text += event.text;
        chars += event.text.length;
        return event.text === '' ? null : { type: 'text', text: event.text };
      case 'tool_json':
        blockAt(event.index).json += event.json;
        chars += event.json.length;
        return null;
      case 'thinking': {
        const block = blockAt(event.index);
        block.text += event.thinking;
        block.signature += event.signature;
        chars += event.thinking.length;
        return null;
      }
      case 'message_start':
        model = event.model;
        counted = { ...counted, ...event.usage };
        return null;
      case 'block_start': {
        const first = event.block['type'] === 'text' && typeof event.block['text'] === 'string' ? event.block['text'] : '';
        blocks.set(event.index, { head: event.block, text: first, json: '', signature: '' });
        chars += first.length;
        return first === '' ? null : { type: 'text', text: first };
      }
      case 'block_stop':
        return endBlock(event.index);
      case 'message_delta':
        stopReason = event.stopReason ?? stopReason;
        counted = { ...counted, ...event.usage };
        outputFinal ||= event.usage.outputTokens !== undefined;
        return null;
      case 'message_stop':
        if (stopReason === null) throw contradictory('an end without a reason');
        finished = true;
        return null;
      case 'error':
        throw refusedBy(event.kind);
      case 'ping':
      case 'other':
        return null;
    }
  }

  return {
    take,
    blocks: () => [...blocks.values()].flatMap(toParam),
    usage() {
      const reported = counted.outputTokens ?? 0;
      const tokens = {
        inputTokens: counted.inputTokens ?? 0,
        cacheReadTokens: counted.cacheReadTokens ?? 0,
        cacheWriteTokens: counted.cacheWriteTokens ?? 0,
        outputTokens: outputFinal ? reported : Math.max(reported, Math.ceil(chars / CHARS_PER_TOKEN)),
      };
      return { ...tokens, cost: costOf(model, tokens) };
    },
    get finished() {
      return finished;
    },
    get stopReason() {
      return stopReason;
    },
    get model() {
      return model;
    },
    get calledTools() {
      return calledTools || (unreadable.length > 0 && !isCutOff());
    },
    get unreadableCalls() {
      return isCutOff() ? [] : unreadable;
    },
  };
}

/** Stop reasons after which the last block may be half a tool call. */
const CUT_OFF: ReadonlySet<string> = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal']);

function readInput(block: Block): z.ZodSafeParseResult<Record<string, unknown>> {
  if (block.json === '') return ToolInput.safeParse(block.head['input'] ?? {});
  try {
    return ToolInput.safeParse(JSON.parse(block.json));
  } catch {
    return ToolInput.safeParse(null);
  }
}

/** A block as it is sent back. Text without content is left out: the API refuses it. */
function toParam(block: Block): readonly Readonly<Record<string, unknown>>[] {
  switch (block.head['type']) {
    case 'text':
      return block.text.trim() === '' ? [] : [{ type: 'text', text: block.text }];
    case 'thinking':
      return [{ type: 'thinking', thinking: block.text, signature: block.signature }];
    case 'tool_use':
    case 'server_tool_use': {
      const input = readInput(block);
      return input.success ? [{ ...block.head, input: input.data }] : [];
    }
    default:
      return [block.head];
  }
}

/** Kinds of the API's `error` event that asking again cannot mend; every other kind is load or an accident. */
const LASTING: ReadonlyMap<string, readonly [code: ErrorCode, sentence: string]> = new Map([
  ['authentication_error', ['UNAVAILABLE', 'The language model refused our key.']],
  ['permission_error', ['UNAVAILABLE', 'The language model refused our key.']],
  ['billing_error', ['UNAVAILABLE', 'The language model is not paid for.']],
  ['invalid_request_error', ['INTERNAL', 'The language model did not accept the request.']],
  ['not_found_error', ['INTERNAL', 'The language model does not exist.']],
  ['request_too_large', ['INTERNAL', 'The request is too large for the language model.']],
]);

function refusedBy(kind: string): AppError {
  const cause = new Error(`The Messages API sent an error event: ${kind}.`);
  const lasting = LASTING.get(kind);
  if (lasting) return new AppError(lasting[0], lasting[1], { retryable: false, cause });
  return new AppError('MODEL_OVERLOADED', 'The language model is overloaded at the moment.', { cause });
}

function contradictory(what: string): AppError {
  return new AppError('MODEL_OVERLOADED', 'The language model sent an answer that could not be read.', {
    cause: new Error(`The Messages API sent ${what}.`),
  });
}
