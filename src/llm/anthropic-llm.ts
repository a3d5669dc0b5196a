/**
 * The real model: Claude over the Messages API with the official SDK. Streams text and tool calls, continues pauses, retries until
 * the first word and never after it, and counts tokens on every way out. Runs no tools and knows no agents.
 */
import { Anthropic, NotFoundError } from '@anthropic-ai/sdk';
import { systemClock, type Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { createAnswer } from './anthropic-answer.ts';
import { explainFailure } from './anthropic-errors.ts';
import { createNetwork } from './anthropic-fetch.ts';
import { toMessagesBody } from './anthropic-request.ts';
import { streamAnswer, type StreamDeps } from './anthropic-stream.ts';
import { cancellable } from './cancellable.ts';
import { createCitationScanner, findUncited, numberPassages, writeSources } from './citations.ts';
import { addUsage, NO_USAGE, type Llm, type LlmEvent, type LlmRequest, type LlmUsage, type ModelGrade, type StopReason } from './llm.ts';

export interface AnthropicOptions {
  readonly apiKey: string;
  /** Null: the public API. */
  readonly baseUrl: string | null;
  readonly models: Readonly<Record<ModelGrade, string>>;
  /** The longest silence between two events of an answer that has begun, in milliseconds. */
  readonly tokenGapMs: number;
  /** The longest wait for the response, and then again for its first event, in milliseconds. */
  readonly firstByteMs?: number;
  /** Further attempts after the first. */
  readonly retriesMax?: number;
  /** For the waits between attempts and the age of a probe. */
  readonly clock?: Clock;
}

export interface AnthropicLlm extends Llm {
  /** Cancels what still streams and closes all connections; may be called twice. */
  close(): Promise<void>;
}

/** A model that pauses more often than this is going in circles. */
const PAUSES_MAX = 5;
/** The first wait before another attempt; doubles each time, up to `BACKOFF_MS_MAX`. */
const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 8_000;
/** Asked to wait longer than this, we fail at once and pass the time on: a customer is waiting. */
const RETRY_AFTER_MS_MAX = 20_000;
const PROBE_MS = 5_000;
const PROBE_FRESH_MS = 30_000;
/** A failure is asked about again sooner, so that recovery shows. */
const PROBE_FAILED_FRESH_MS = 5_000;

export function createAnthropicLlm(options: AnthropicOptions): AnthropicLlm {
  const clock = options.clock ?? systemClock;
  const retriesMax = options.retriesMax ?? 3;
  const network = createNetwork();
  const client = new Anthropic({
    apiKey: options.apiKey,
    baseURL: options.baseUrl ?? 'https://api.anthropic.com',
    fetch: network.fetch,
    maxRetries: 0,
    // The SDK logs request bodies at its lower levels: customers' words do not belong in logs.
    logLevel: 'off',
  });
  const deps: StreamDeps = { client, network, firstByteMs: options.firstByteMs ?? 30_000, tokenGapMs: options.tokenGapMs };

  async function* converse(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent, void> {
    const model = options.models[request.grade];
    const body = toMessagesBody(request, model);
    const passages = numberPassages(request.messages);
    const cited = createCitationScanner(passages);
    let told = '';
    let spent = NO_USAGE;
    let servedBy = model;
    let heard = false;
    for (let attempt = 0, pauses = 0; ;) {
      const answer = createAnswer(model);
      try {
        for await (const events of streamAnswer(deps, body, answer, signal)) {
          for (const event of events) {
            signal.throwIfAborted();
            heard = true;
            yield event;
            if (event.type !== 'text') continue;
            told += event.text;
            for (const passage of cited(event.text)) yield { type: 'citation', passage };
          }
        }
        signal.throwIfAborted();
      } catch (error) {
        spent = addUsage(spent, answer.usage());
        servedBy = answer.model;
        const waitMs = signal.aborted || heard || attempt >= retriesMax ? null : waitBefore(error, attempt);
        if (waitMs !== null && (await waited(waitMs, signal))) {
          attempt += 1;
          continue;
        }
        if (spentAny(spent)) yield { type: 'usage', usage: spent, model: servedBy };
        throw signal.aborted ? signal.reason : (explainFailure(error, clock.now())?.error ?? error);
      }
      for (const call of answer.unreadableCalls) {
        heard = true;
        yield { type: 'tool_call', call };
      }
      spent = addUsage(spent, answer.usage());
      servedBy = answer.model;
      if (answer.stopReason === 'pause_turn' && !answer.calledTools && pauses < PAUSES_MAX) {
        pauses += 1;
        body.messages = [...body.messages, { role: 'assistant', content: continuation(answer.blocks()) }];
        continue;
      }
      // A model that quotes an article and forgets to say so: the sources are added for it.
      const uncited = answer.stopReason === 'end_turn' ? findUncited(told, passages) : [];
      if (uncited.length > 0) {
        const text = `\n\n${writeSources(uncited, passages)}`;
        yield { type: 'text', text };
        for (const passage of cited(text)) yield { type: 'citation', passage };
      }
      yield { type: 'usage', usage: spent, model: servedBy };
      if (answer.stopReason === 'pause_turn' && !answer.calledTools) {
        throw new AppError('MODEL_OVERLOADED', 'The language model paused too often and did not finish its answer.');
      }
      yield { type: 'stop', reason: STOP_REASONS.get(answer.stopReason ?? '') ?? 'end_turn' };
      return;
    }
  }

  /** How long to wait before the next attempt in milliseconds; null when there is no point in one. */
  function waitBefore(error: unknown, attempt: number): number | null {
    const failure = explainFailure(error, clock.now());
    if (!failure?.again) return null;
    if (failure.afterMs !== null) return failure.afterMs <= RETRY_AFTER_MS_MAX ? failure.afterMs : null;
    const fullMs = Math.min(BACKOFF_MS * 2 ** attempt, BACKOFF_MS_MAX);
    // Half fixed, half chance: requests that failed together must not come back together.
    return fullMs / 2 + (Math.random() * fullMs) / 2;
  }

  async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
    try {
      await clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  const closed = new AbortController();
  const probe = createProbe(client, clock);
  return Object.freeze({
    name: 'anthropic',
    stream: (request: LlmRequest, signal: AbortSignal) => cancellable((both) => converse(request, both), [signal, closed.signal]),
    probe,
    async close() {
      closed.abort(new AppError('UNAVAILABLE', 'The gateway is shutting down.'));
      await network.close();
    },
  });
}

/** The API's reasons in our words; one it invents later counts as a plain end. */
const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ['end_turn', 'end_turn'],
  ['max_tokens', 'max_tokens'],
  ['stop_sequence', 'stop_sequence'],
  ['tool_use', 'tool_use'],
  // Only reached with tool calls in the paused message: they must be answered before it can go on.
  ['pause_turn', 'tool_use'],
  ['refusal', 'refusal'],
  ['model_context_window_exceeded', 'context_window'],
]);

function spentAny(usage: LlmUsage): boolean {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens > 0;
}

/** What the API itself sent goes back unchanged; its types cannot be told from JSON, so this is the one place that asserts them. */
function continuation(blocks: readonly Readonly<Record<string, unknown>>[]): Anthropic.ContentBlockParam[] {
  return blocks as readonly unknown[] as Anthropic.ContentBlockParam[];
}

/** Asks for one model's name: the cheapest request that needs the key. What it learnt is good for half a minute. */
function createProbe(client: Anthropic, clock: Clock): (signal: AbortSignal) => Promise<void> {
  let answer: Promise<unknown> = Promise.resolve(null);
  let freshUntilMs = 0;

  async function ask(): Promise<unknown> {
    try {
      await client.models.list({ limit: 1 }, { timeout: PROBE_MS, maxRetries: 0 });
      return null;
    } catch (error) {
      // A proxy before the API may not know this address; that it answered is what we wanted to hear.
      if (error instanceof NotFoundError) return null;
      freshUntilMs = clock.now().getTime() + PROBE_FAILED_FRESH_MS;
      return explainFailure(error, clock.now())?.error ?? error;
    }
  }

  return async (signal) => {
    signal.throwIfAborted();
    if (clock.now().getTime() >= freshUntilMs) {
      freshUntilMs = clock.now().getTime() + PROBE_FRESH_MS;
      answer = ask();
    }
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      const failure = await Promise.race([answer, left.promise]);
      if (failure !== null) throw failure;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  };
}
