/** What every model must do, whichever it is. Each implementation's test opens it in the states named here. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Llm, LlmEvent, LlmRequest, LlmTool } from '../../src/llm/llm.ts';

export interface LlmUnderTest {
  readonly llm: Llm;
  close(): Promise<void>;
}

export interface LlmOpener {
  /** A model that calls the first tool offered, then answers in at least ten words; `slow` spreads the words over seconds. */
  (options: { readonly slow: boolean }): Promise<LlmUnderTest>;
}

export const LOOK_UP: LlmTool = {
  name: 'find_plan',
  description: 'Finds the plan.',
  inputSchema: { type: 'object', properties: { detail: { type: 'boolean' } } },
  knownInput: { detail: true },
  readOnly: true,
};

export function requestOf(overrides: Partial<LlmRequest> = {}): LlmRequest {
  return {
    grade: 'quick',
    systemFixed: 'You are an agent of Loomwork.',
    systemTurn: 'The customer is Dana.',
    messages: [{ role: 'user', text: 'Which plan are we on, and when does it renew?' }],
    tools: [],
    maxTokens: 500,
    persona: { agentId: 'billing_agent', agentTitle: 'Billing agent', job: 'Answer questions about bills.', customerName: 'Dana', firstReply: true },
    ...overrides,
  };
}

export async function collect(stream: AsyncIterable<LlmEvent>): Promise<{ readonly events: LlmEvent[]; readonly text: string; readonly error: unknown }> {
  const events: LlmEvent[] = [];
  let error: unknown = null;
  try {
    for await (const event of stream) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return { events, text: textOf(events), error };
}

export function textOf(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}

const never = (): AbortSignal => new AbortController().signal;

export function describeLlm(name: string, open: LlmOpener): void {
  describe(`any model: ${name}`, () => {
    let subject: LlmUnderTest | null = null;
    const start = async (slow = false): Promise<Llm> => {
      subject = await open({ slow });
      return subject.llm;
    };
    afterEach(async () => {
      await subject?.close();
      subject = null;
    });

    it('streams text in pieces, then usage, then stop, and nothing after it', async () => {
      const llm = await start();
      const { events, text, error } = await collect(llm.stream(requestOf(), never()));
      expect(error).toBeNull();
      expect(text.split(/\s+/).length).toBeGreaterThanOrEqual(10);
      expect(events.filter(({ type }) => type === 'text').length).toBeGreaterThan(5);
      expect(events.at(-1)).toEqual({ type: 'stop', reason: 'end_turn' });
      expect(events.at(-2)?.type).toBe('usage');
    });

    it('counts tokens in and out', async () => {
      const llm = await start();
      const { events } = await collect(llm.stream(requestOf(), never()));
      const usage = events.find((event) => event.type === 'usage');
      expect(usage?.usage.inputTokens).toBeGreaterThan(0);
      expect(usage?.usage.outputTokens).toBeGreaterThan(0);
      expect(usage?.usage.cost).toMatch(/^\d+(\.\d{1,6})?$/);
    });

    it('asks for a tool, takes its result and answers', async () => {
      const llm = await start();
      const first = await collect(llm.stream(requestOf({ tools: [LOOK_UP] }), never()));
      const calls = first.events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []));
      expect(calls).toHaveLength(1);
      expect(calls[0]).toMatchObject({ name: 'find_plan', input: { detail: true } });
      expect(first.events.at(-1)).toEqual({ type: 'stop', reason: 'tool_use' });
      const second = await collect(
        llm.stream(
          requestOf({
            tools: [LOOK_UP],
            messages: [
              ...requestOf().messages,
              { role: 'assistant', text: first.text, toolCalls: calls },
              {
                role: 'tool',
                results: calls.map(({ callId, name: tool }) => ({
                  callId,
                  name: tool,
                  summary: 'You are on the Premium plan, which renews on 1 March 2027.',
                  failed: false,
                  facts: { plan: 'premium' },
                })),
              },
            ],
          }),
          never(),
        ),
      );
      expect(second.error).toBeNull();
      expect(second.text).not.toBe('');
      expect(second.events.some(({ type }) => type === 'tool_call')).toBe(false);
      expect(second.events.at(-1)).toEqual({ type: 'stop', reason: 'end_turn' });
    });

    it('stops at once when told, with the reason it was given and the tokens it spent', async () => {
      const llm = await start(true);
      const stop = new AbortController();
      const reason = new Error('the customer stopped it');
      const seen: LlmEvent[] = [];
      const reading = (async () => {
        for await (const event of llm.stream(requestOf(), stop.signal)) {
          seen.push(event);
          if (event.type === 'text') stop.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      expect(seen.filter(({ type }) => type === 'text')).toHaveLength(1);
      expect(seen.at(-1)?.type).toBe('usage');
    });

    it('says nothing when it was stopped before it began', async () => {
      const llm = await start();
      const reason = new Error('stopped while queued');
      const { events, error } = await collect(llm.stream(requestOf(), AbortSignal.abort(reason)));
      expect(error).toBe(reason);
      expect(events).toEqual([]);
    });

    it('lets go at once when its reader leaves in the middle of a wait', async () => {
      const llm = await start(true);
      const iterator = llm.stream(requestOf(), never())[Symbol.asyncIterator]();
      await iterator.next();
      const parked = iterator.next();
      await iterator.return?.();
      await parked;
      expect(await iterator.next()).toMatchObject({ done: true });
    });

    it('answers a probe', async () => {
      const llm = await start();
      await expect(llm.probe(never())).resolves.toBeUndefined();
    });
  });
}
