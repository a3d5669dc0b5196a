/** The real SDK against the local Messages API, with a clock that writes down how long it was asked to wait and waits not at all. */
import { afterEach, beforeEach } from 'vitest';
import type { Clock } from '../../src/foundation/clock.ts';
import { createAnthropicLlm, type AnthropicLlm, type AnthropicOptions } from '../../src/llm/anthropic-llm.ts';
import type { LlmEvent, LlmUsage } from '../../src/llm/llm.ts';
import { startMessagesApi, type MessagesApi } from '../support/messages-api.ts';

export const MODELS = { quick: 'claude-haiku-4-5', balanced: 'claude-sonnet-4-5', careful: 'claude-opus-4-5' } as const;

export interface Fixture {
  readonly api: MessagesApi;
  readonly llm: AnthropicLlm;
  /** The waits between attempts, in milliseconds. */
  readonly waitsMs: readonly number[];
  /** Moves the clock that probes are dated by. */
  advance(ms: number): void;
  /** Another model on the same server, closed with it. */
  open(options?: Partial<AnthropicOptions>): AnthropicLlm;
}

/** A fresh server and model for each test; call it inside `describe`. */
export function useAnthropic(): () => Fixture {
  let current: Fixture | null = null;
  const opened: AnthropicLlm[] = [];
  beforeEach(async () => {
    const api = await startMessagesApi();
    const waitsMs: number[] = [];
    let nowMs = Date.parse('2026-11-22T12:00:00Z');
    const clock: Clock = {
      now: () => new Date(nowMs),
      async sleep(ms, signal) {
        waitsMs.push(ms);
        signal?.throwIfAborted();
      },
    };
    const open = (options: Partial<AnthropicOptions> = {}): AnthropicLlm => {
      const llm = createAnthropicLlm({ apiKey: 'sk-test', baseUrl: api.url, models: MODELS, tokenGapMs: 10_000, firstByteMs: 10_000, clock, ...options });
      opened.push(llm);
      return llm;
    };
    current = { api, llm: open(), waitsMs, open, advance: (ms) => void (nowMs += ms) };
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((llm) => llm.close()));
    await current?.api.close();
    current = null;
  });
  return () => {
    if (!current) throw new Error('useAnthropic works inside a test only');
    return current;
  };
}

export function usageIn(events: readonly LlmEvent[]): LlmUsage | undefined {
  return events.findLast((event) => event.type === 'usage')?.usage;
}

export const never = (): AbortSignal => new AbortController().signal;
