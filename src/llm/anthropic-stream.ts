/**
 * One call of the Messages API, from the request to the last byte, with its time limits: the first byte, then the gap between two
 * events. Whatever ends it, the HTTP request is really over afterwards. Knows no retries and no continuation.
 */
import type { Readable } from 'node:stream';
import type { Anthropic } from '@anthropic-ai/sdk';
import { AppError } from '../foundation/errors.ts';
import type { Answer } from './anthropic-answer.ts';
import type { Network } from './anthropic-fetch.ts';
import { createSseParser } from './anthropic-sse.ts';
import type { LlmEvent } from './llm.ts';

export interface StreamDeps {
  readonly client: Anthropic;
  readonly network: Network;
  readonly firstByteMs: number;
  readonly tokenGapMs: number;
}

/** After `message_stop` the server closes its side at once; a connection that does not get there is not worth keeping. */
const TAIL_MS = 1_000;

/**
 * Feeds `answer` and yields what callers should hear, all events of one network read at a time. Ends when the answer is finished.
 * @throws AppError, or what the SDK or the socket threw; when `signal` aborted, anything.
 */
export async function* streamAnswer(
  deps: StreamDeps,
  body: Anthropic.MessageCreateParamsNonStreaming,
  answer: Answer,
  signal: AbortSignal,
): AsyncGenerator<readonly LlmEvent[], void> {
  const call = new AbortController();
  let bytes: Readable | null = null;
  let late: AppError | null = null;
  const end = (): void => {
    call.abort();
    bytes?.destroy();
  };
  const giveUp = (): void => {
    late = new AppError('MODEL_OVERLOADED', 'The language model stopped in the middle of its answer.');
    end();
  };
  signal.addEventListener('abort', end, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    signal.throwIfAborted();
    const response = await deps.client.messages
      .create({ ...body, stream: true }, { signal: call.signal, timeout: deps.firstByteMs, maxRetries: 0 })
      .asResponse();
    bytes = deps.network.bodyOf(response);
    if (!bytes) throw new AppError('MODEL_OVERLOADED', 'The language model sent an answer that could not be read.');
    timer = setTimeout(giveUp, deps.firstByteMs);
    const parser = createSseParser();
    let begun = false;
    for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
      const heard: LlmEvent[] = [];
      try {
        for (const event of parser.push(toBytes(chunk))) {
          // A ping proves the connection, not the model: only real progress starts the clock anew.
          if (event.type !== 'ping' && !begun) {
            begun = true;
            clearTimeout(timer);
            timer = setTimeout(giveUp, deps.tokenGapMs);
          } else if (event.type !== 'ping') {
            timer.refresh();
          }
          const said = answer.take(event);
          if (said) hear(heard, said);
        }
      } catch (error) {
        // What came before the broken part was said and is kept.
        if (heard.length > 0) yield heard;
        throw error;
      }
      if (heard.length > 0) yield heard;
      if (answer.finished) return;
    }
    throw new AppError('MODEL_OVERLOADED', 'The language model broke off in the middle of its answer.');
  } catch (error) {
    throw late ?? error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    if (answer.finished && bytes) keepConnection(bytes);
    else end();
  }
}

/** Words that arrived together travel on together: at low load one at a time, under load in batches that grow by themselves. */
function hear(heard: LlmEvent[], said: LlmEvent): void {
  const last = heard.at(-1);
  if (said.type === 'text' && last?.type === 'text') heard[heard.length - 1] = { type: 'text', text: last.text + said.text };
  else heard.push(said);
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('A body was read as something else than bytes.');
}

/** Reads the empty rest, so that the connection serves the next request; destroying the body would close it. */
function keepConnection(bytes: Readable): void {
  const giveUp = setTimeout(() => bytes.destroy(), TAIL_MS);
  giveUp.unref();
  bytes.once('close', () => clearTimeout(giveUp));
  bytes.resume();
}
