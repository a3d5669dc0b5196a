/** A model for several agents at once: what each says and puts into its form is decided by the test, by who is asked; each may be held up. */
import type { Llm, LlmRequest } from '../../src/llm/llm.ts';

export interface Line {
  readonly text: string;
  /** Tools it asks for after its words. */
  readonly calls?: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** For the form, where one is asked for; left out: the model forgets it. */
  readonly form?: Readonly<Record<string, unknown>>;
}

export interface ActingLlm extends Llm {
  /** Every request so far, in order. */
  readonly asked: readonly LlmRequest[];
  /** Of how many the answer was cut off. */
  cut(): number;
}

export interface Act {
  readonly agentId: string;
  readonly request: LlmRequest;
  /** How often this agent was asked before. */
  readonly nth: number;
}

/** @param act What is said; a promise holds the model up, and what it rejects with the model fails with. */
export function createActingLlm(act: (scene: Act) => Line | Promise<Line>): ActingLlm {
  const asked: LlmRequest[] = [];
  const times = new Map<string, number>();
  let cut = 0;
  return {
    name: 'acting',
    asked,
    cut: () => cut,
    probe: async () => undefined,
    async *stream(request, signal) {
      signal.throwIfAborted();
      asked.push(request);
      const { agentId } = request.persona;
      const nth = times.get(agentId) ?? 0;
      times.set(agentId, nth + 1);
      const { promise: halted, reject } = Promise.withResolvers<never>();
      halted.catch(() => undefined);
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const { text, form, calls: wanted = [] } = await Promise.race([act({ agentId, request, nth }), halted]);
        for (const word of text.split(/(?<= )/)) yield { type: 'text', text: word };
        const tool = request.tools.find(({ fromAnswer }) => fromAnswer);
        const fills = tool !== undefined && form !== undefined;
        for (const [index, call] of wanted.entries()) yield { type: 'tool_call', call: { callId: `call_${asked.length}_${index}`, ...call } };
        if (fills) yield { type: 'tool_call', call: { callId: `call_${asked.length}`, name: tool.name, input: form } };
        yield { type: 'usage', model: 'acting', usage: { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 5, cost: '0.0001' } };
        yield { type: 'stop', reason: fills || wanted.length > 0 ? 'tool_use' : 'end_turn' };
      } catch (error) {
        if (signal.aborted) cut += 1;
        throw error;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
