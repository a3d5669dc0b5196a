/** A model whose every word the test decides: it waits for the test before each event, so that a test can stop it at any token. */
import type { Llm, LlmEvent, LlmRequest } from '../../src/llm/llm.ts';

export interface ScriptedCall {
  readonly request: LlmRequest;
  readonly signal: AbortSignal;
  /** Lets the model say the next thing. */
  send(event: LlmEvent): void;
  /** Lets the model fail. */
  fail(error: unknown): void;
}

export interface ScriptedLlm extends Llm {
  /** The next request the model gets, in order. */
  nextCall(): Promise<ScriptedCall>;
}

export function createScriptedLlm(): ScriptedLlm {
  const calls: ScriptedCall[] = [];
  const waiting: ((call: ScriptedCall) => void)[] = [];
  return {
    name: 'scripted',
    probe: async () => undefined,
    nextCall() {
      const call = calls.shift();
      return call ? Promise.resolve(call) : new Promise((resolve) => waiting.push(resolve));
    },
    async *stream(request, signal) {
      const queue: ({ event: LlmEvent } | { error: unknown })[] = [];
      let wake = (): void => {};
      const push = (item: { event: LlmEvent } | { error: unknown }) => {
        queue.push(item);
        wake();
      };
      const call: ScriptedCall = { request, signal, send: (event) => push({ event }), fail: (error) => push({ error }) };
      const taker = waiting.shift();
      if (taker) taker(call);
      else calls.push(call);
      const onAbort = () => push({ error: signal.reason });
      signal.addEventListener('abort', onAbort);
      try {
        for (;;) {
          signal.throwIfAborted();
          const item = queue.shift();
          if (!item) {
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          if ('error' in item) throw item.error;
          yield item.event;
          if (item.event.type === 'stop') return;
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}

/** Answers every request at once with these words, one event each. */
export function createFixedLlm(words: readonly string[]): Llm {
  return {
    name: 'fixed',
    probe: async () => undefined,
    async *stream(_request, signal) {
      for (const text of words) {
        signal.throwIfAborted();
        yield { type: 'text', text };
      }
      yield {
        type: 'usage',
        model: 'fixed',
        usage: { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: words.length, cost: '0.000100' },
      };
      yield { type: 'stop', reason: 'end_turn' };
    },
  };
}
