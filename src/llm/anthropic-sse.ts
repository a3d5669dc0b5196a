/**
 * Reads the server-sent events of the Messages API, line by line, into checked values. Only `content_block_delta` is hot, so it is
 * checked by hand; the rest goes through zod. Keeps no state beyond unfinished lines and knows nothing of answers or prices.
 */
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';

/** Tokens as the API counts them; a field it leaves out or sends as null was not counted yet. */
export interface ReportedUsage {
  readonly inputTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly cacheReadTokens?: number;
  readonly outputTokens?: number;
}

/** What one event of the stream says. `other` is anything that carries nothing for us, future kinds included. */
export type StreamEvent =
  | { readonly type: 'message_start'; readonly model: string; readonly usage: ReportedUsage }
  | { readonly type: 'block_start'; readonly index: number; readonly block: Readonly<Record<string, unknown>> }
  | { readonly type: 'text'; readonly index: number; readonly text: string }
  | { readonly type: 'tool_json'; readonly index: number; readonly json: string }
  | { readonly type: 'thinking'; readonly index: number; readonly thinking: string; readonly signature: string }
  | { readonly type: 'block_stop'; readonly index: number }
  | { readonly type: 'message_delta'; readonly stopReason: string | null; readonly usage: ReportedUsage }
  | { readonly type: 'message_stop' }
  | { readonly type: 'error'; readonly kind: string }
  | { readonly type: 'ping' }
  | { readonly type: 'other' };

/** No event of the API comes near this; beyond it the other side is not speaking our protocol. */
const PENDING_CHARS_MAX = 8 * 1_024 * 1_024;

export interface SseParser {
  /**
   * The events completed by this piece, in order. Events before a broken one are yielded first.
   * @throws AppError MODEL_OVERLOADED for what is not an event of the API.
   */
  push(chunk: Uint8Array): Generator<StreamEvent, void>;
}

export function createSseParser(): SseParser {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  let data = '';
  return {
    *push(chunk) {
      pending += decoder.write(chunk);
      let from = 0;
      for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n', from)) {
        const line = pending.slice(from, pending[end - 1] === '\r' ? end - 1 : end);
        from = end + 1;
        if (line.startsWith('data:')) {
          data += data === '' ? line.slice(5) : `\n${line.slice(5)}`;
        } else if (line === '' && data !== '') {
          const whole = data;
          data = '';
          yield readEvent(whole);
        }
      }
      pending = pending.slice(from);
      if (pending.length + data.length > PENDING_CHARS_MAX) throw malformed('an event without end');
    },
  };
}

const Count = z.number().int().min(0).nullish();
const Usage = z
  .object({ input_tokens: Count, cache_creation_input_tokens: Count, cache_read_input_tokens: Count, output_tokens: Count })
  .transform((usage): ReportedUsage => ({
    ...(usage.input_tokens == null ? {} : { inputTokens: usage.input_tokens }),
    ...(usage.cache_creation_input_tokens == null ? {} : { cacheWriteTokens: usage.cache_creation_input_tokens }),
    ...(usage.cache_read_input_tokens == null ? {} : { cacheReadTokens: usage.cache_read_input_tokens }),
    ...(usage.output_tokens == null ? {} : { outputTokens: usage.output_tokens }),
  }));
const MessageStart = z.object({ message: z.object({ model: z.string(), usage: Usage }) });
const BlockStart = z.object({ index: z.number().int(), content_block: z.looseObject({ type: z.string() }) });
const BlockStop = z.object({ index: z.number().int() });
const MessageDelta = z.object({ delta: z.object({ stop_reason: z.string().nullish() }), usage: Usage.optional() });
const Failure = z.object({ error: z.object({ type: z.string() }) });

function readEvent(text: string): StreamEvent {
  const event = parseRecord(text);
  switch (event['type']) {
    case 'content_block_delta':
      return readDelta(event);
    case 'content_block_start': {
      const { index, content_block: block } = check(BlockStart, event);
      return { type: 'block_start', index, block };
    }
    case 'content_block_stop':
      return { type: 'block_stop', index: check(BlockStop, event).index };
    case 'message_start': {
      const { message } = check(MessageStart, event);
      return { type: 'message_start', model: message.model, usage: message.usage };
    }
    case 'message_delta': {
      const { delta, usage } = check(MessageDelta, event);
      return { type: 'message_delta', stopReason: delta.stop_reason ?? null, usage: usage ?? {} };
    }
    case 'message_stop':
      return { type: 'message_stop' };
    case 'error':
      return { type: 'error', kind: check(Failure, event).error.type };
    case 'ping':
      return { type: 'ping' };
    default:
      return { type: 'other' };
  }
}

function readDelta(event: Readonly<Record<string, unknown>>): StreamEvent {
  const { index, delta } = event;
  if (typeof index !== 'number' || !isRecord(delta)) throw malformed('a delta without index or content');
  switch (delta['type']) {
    case 'text_delta':
      return { type: 'text', index, text: textOf(delta['text']) };
    case 'input_json_delta':
      return { type: 'tool_json', index, json: textOf(delta['partial_json']) };
    case 'thinking_delta':
      return { type: 'thinking', index, thinking: textOf(delta['thinking']), signature: '' };
    case 'signature_delta':
      return { type: 'thinking', index, thinking: '', signature: textOf(delta['signature']) };
    default:
      return { type: 'other' };
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw malformed('a delta without text');
  return value;
}

function parseRecord(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed('an event that is not JSON', cause);
  }
  if (!isRecord(value)) throw malformed('an event that is not an object');
  return value;
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed('an event of another shape', parsed.error);
  return parsed.data;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A broken stream is the model's failure, not ours: the same request may well succeed again. */
function malformed(what: string, cause?: unknown): AppError {
  return new AppError('MODEL_OVERLOADED', 'The language model sent an answer that could not be read.', {
    cause: new Error(`The Messages API sent ${what}.`, { cause }),
  });
}
