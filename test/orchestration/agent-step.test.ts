/** What one agent does with a model and tools: rounds, refusals, limits, and what it leaves behind when it is cut off. */
import { MemorySaver } from '@langchain/langgraph';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/foundation/errors.ts';
import type { Agent } from '../../src/catalog/agent.ts';
import type { Llm, LlmEvent } from '../../src/llm/llm.ts';
import { runAgentStep, type AgentStepDeps } from '../../src/orchestration/agent-step.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { AnyTool, ToolContext } from '../../src/orchestration/tool.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { factsOf } from './facts.ts';
import { NO_SIGNALS } from '../support/signals.ts';
import { REDACTION } from '../support/redaction.ts';
import { NOTHING_BEFORE } from '../../src/orchestration/participant.ts';

const USAGE = { inputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 3, cost: '0.000010' };
const STOP = { type: 'stop', reason: 'end_turn' } as const;
const ASK = { type: 'stop', reason: 'tool_use' } as const;

const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: 'conv_1',
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'A question',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};

function agentWith(tools: readonly string[]): Agent {
  return {
    id: 'an_agent',
    tier: 'essential',
    domain: 'support/test',
    title: 'An agent',
    role: 'specialist',
    description: 'Does it. Use when testing.',
    model: 'quick',
    tools: Object.fromEntries(tools.map((name) => [name, {}])),
    handsOverTo: [],
    examples: [],
    notFor: [],
    utterances: [],
    reachable: true,
    riskArea: null,
    job: 'Do it.',
    prompt: 'You do it.',
    file: 'essential/support/test/an_agent.md',
  };
}

function tool(name: string, call: AnyTool['call'], effect: AnyTool['effect'] = 'read'): AnyTool {
  return {
    name,
    description: name,
    effect,
    unattended: false,
    redact: [],
    inputSchema: { type: 'object' },
    parseGrant: (grant) => grant,
    infer: () => null,
    call,
  };
}

function calling(name: string, callId = name): LlmEvent {
  return { type: 'tool_call', call: { callId, name, input: {} } };
}

function depsOf(llm: Llm, tools: readonly AnyTool[], stepMs = 20_000): AgentStepDeps {
  return { llm, tools: new Map(tools.map((one) => [one.name, one])), historyTokens: 1_000, answerTokensMax: 100, stepMs, redaction: REDACTION };
}

function begin(llm: Llm, tools: readonly AnyTool[], options: { readonly turn?: Turn; readonly stepMs?: number } = {}) {
  const events: WorkflowEvent[] = [];
  const cut = new AbortController();
  const agent = agentWith(tools.map(({ name }) => name));
  const emit = async (event: WorkflowEvent) => void events.push(event);
  const result = runAgentStep(depsOf(llm, tools, options.stepMs), { step: 'agent', agent, turn: options.turn ?? TURN }, emit, cut.signal);
  result.catch(() => undefined);
  return { events, cut, result };
}

describe('an agent step', () => {
  it('calls an effect by the same id in another attempt, whatever else was asked in between', async () => {
    async function idsOf(rounds: readonly (readonly string[])[]): Promise<string[]> {
      const ids: string[] = [];
      const note = tool('leave_note', async (_input, _grant, context: ToolContext) => (ids.push(context.callId), { summary: 'Noted.' }), 'write');
      const look = tool('look_up', async () => ({ summary: 'Found.' }));
      const llm = createScriptedLlm();
      const { result } = begin(llm, [note, look]);
      for (const names of rounds) {
        const call = await llm.nextCall();
        for (const [at, name] of names.entries()) call.send(calling(name, `random_${Math.random()}_${at}`));
        call.send(ASK);
      }
      const last = await llm.nextCall();
      last.send({ type: 'text', text: 'Done.' });
      last.send(STOP);
      await result;
      return ids;
    }
    const first = await idsOf([['look_up'], ['leave_note', 'leave_note']]);
    expect(new Set(first).size).toBe(2);
    expect(first.every((id) => id.startsWith('run_1:agent:'))).toBe(true);
    expect(await idsOf([['leave_note'], ['look_up', 'leave_note']])).toEqual(first);
  });

  it('joins what is said before and after tools as paragraphs of one answer, and adds up what all rounds cost', async () => {
    const llm = createScriptedLlm();
    const { events, result } = begin(llm, [tool('look_up', async () => ({ summary: 'It is 42.' }))]);
    const first = await llm.nextCall();
    for (const event of [{ type: 'text', text: 'Let me look.' }, calling('look_up'), { type: 'usage', usage: USAGE, model: 'm' }, ASK] as const)
      first.send(event);
    const second = await llm.nextCall();
    expect(second.request.messages.slice(-2)).toMatchObject([
      { role: 'assistant', text: 'Let me look.', toolCalls: [{ name: 'look_up' }] },
      { role: 'tool', results: [{ summary: 'It is 42.', failed: false }] },
    ]);
    for (const event of [{ type: 'text', text: 'It ' }, { type: 'text', text: 'is 42.' }, { type: 'usage', usage: USAGE, model: 'm' }, STOP] as const)
      second.send(event);
    expect(await result).toMatchObject({
      text: 'Let me look.\n\nIt is 42.',
      finishReason: 'end_turn',
      usage: { inputTokens: 10, outputTokens: 6, cost: '0.00002' },
    });
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('')).toBe('Let me look.\n\nIt is 42.');
    expect(events.filter((event) => event.type === 'used').map((event) => event.request)).toEqual([1, 2]);
  });

  it('tells what the model spent also when it is cut off', async () => {
    const speaking = Promise.withResolvers<void>();
    const llm: Llm = {
      name: 'cut-off',
      probe: async () => undefined,
      async *stream(_request, signal) {
        yield { type: 'text', text: 'Half' };
        speaking.resolve();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        yield { type: 'usage', usage: USAGE, model: 'cut-off' };
        throw signal.reason;
      },
    };
    const { events, cut, result } = begin(llm, []);
    await speaking.promise;
    cut.abort(new Error('stopped'));
    await expect(result).rejects.toThrow('stopped');
    expect(events.at(-1)).toMatchObject({ type: 'used', usage: USAGE });
  });

  it('is over only when every tool it called is over, also when one of them breaks', async () => {
    const writing = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const slow = tool('slow_write', async () => (begun.resolve(), await writing.promise, { summary: 'Written.' }), 'write');
    const broken = tool('broken', async () => {
      throw new Error('a bug');
    });
    const llm = createScriptedLlm();
    const { events, result } = begin(llm, [slow, broken]);
    const call = await llm.nextCall();
    for (const event of [calling('broken'), calling('slow_write'), ASK]) call.send(event);
    await begun.promise;
    let over = false;
    const watched = result.catch((error: unknown) => error).finally(() => (over = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    writing.resolve();
    expect(await watched).toMatchObject({ message: 'a bug' });
    expect(events.at(-1)).toMatchObject({ type: 'tool_returned', tool: 'slow_write', summary: 'Written.' });
  });

  it('gives the model a refusal to read, and what is unavailable to the run', async () => {
    const llm = createScriptedLlm();
    const refusing = tool('refuse', async () => {
      throw new AppError('BAD_INPUT', 'The sum is too high.');
    });
    const away = tool('away', async () => {
      throw new AppError('UNAVAILABLE', 'Not now.');
    });
    const { result } = begin(llm, [refusing, away]);
    const first = await llm.nextCall();
    first.send(calling('refuse'));
    first.send(ASK);
    const second = await llm.nextCall();
    expect(second.request.messages.at(-1)).toMatchObject({ results: [{ summary: 'The sum is too high.', failed: true }] });
    second.send(calling('away'));
    second.send(ASK);
    await expect(result).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('runs nine calls of one round and tells the model to ask again for the rest', async () => {
    const llm = createScriptedLlm();
    let ran = 0;
    const { result } = begin(llm, [tool('look_up', async () => ((ran += 1), { summary: 'Found.' }))]);
    const first = await llm.nextCall();
    for (let n = 0; n < 11; n += 1) first.send(calling('look_up', `c${n}`));
    first.send(ASK);
    const second = await llm.nextCall();
    const last = second.request.messages.at(-1);
    expect(last?.role === 'tool' && last.results.map((one) => one.failed)).toEqual([...Array.from({ length: 9 }, () => false), true, true]);
    expect(ran).toBe(9);
    second.send({ type: 'text', text: 'Ok.' });
    second.send(STOP);
    await result;
  });

  it('offers no tools in the last round, and fails when the model asks for them all the same', async () => {
    const llm = createScriptedLlm();
    const { result } = begin(llm, [tool('look_up', async () => ({ summary: 'Found.' }))]);
    const offered: number[] = [];
    for (let round = 1; round <= 6; round += 1) {
      const call = await llm.nextCall();
      offered.push(call.request.tools.length);
      call.send(calling('look_up'));
      call.send(ASK);
    }
    await expect(result).rejects.toMatchObject({ code: 'INTERNAL', retryable: true });
    expect(offered).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('says that the step took too long, which a caller who stops it never hears', async () => {
    const slow = begin(createScriptedLlm(), [], { stepMs: 20 });
    await expect(slow.result).rejects.toMatchObject({ code: 'MODEL_OVERLOADED', message: expect.stringContaining('longer than') });
    const stopped = begin(createScriptedLlm(), []);
    stopped.cut.abort(new Error('stopped by a person'));
    await expect(stopped.result).rejects.toThrow('stopped by a person');
  });
});

describe('the reply workflow', () => {
  function open(llm: Llm, cut: AbortController) {
    const agent = agentWith([]);
    const reply = createReply({
      checkpointer: new MemorySaver(),
      ...depsOf(llm, []),
      readSignals: NO_SIGNALS,
      expectedWait: async () => ({ expectedWaitS: null, peopleBackAt: null }),
      catalog: { agents: [agent], domains: new Map(), get: (id) => (id === agent.id ? agent : null) },
      router: { route: async () => ({ agentId: agent.id, confidence: 1, candidates: [], reason: 'There is only one.', by: 'rule' }) },
      disabledAgents: async () => new Set(),
      policy: async () => policyFrom(new Map()),
      sleep: async () => undefined,
    });
    return reply(TURN, NOTHING_BEFORE, cut.signal)[Symbol.asyncIterator]();
  }

  it('ends after an abort only when its model has ended, with what that spent', async () => {
    const speaking = Promise.withResolvers<void>();
    const winding = Promise.withResolvers<void>();
    const llm: Llm = {
      name: 'slow-to-stop',
      probe: async () => undefined,
      async *stream(_request, signal) {
        speaking.resolve();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        await winding.promise;
        yield { type: 'usage', usage: USAGE, model: 'slow-to-stop' };
        throw signal.reason;
      },
    };
    const cut = new AbortController();
    const events = open(llm, cut);
    const seen: WorkflowEvent[] = [];
    const reading = (async () => {
      for (let read = await events.next(); !read.done; read = await events.next()) seen.push(read.value);
    })();
    await speaking.promise;
    cut.abort(new Error('stopped'));
    winding.resolve();
    await expect(reading).rejects.toThrow('stopped');
    expect(seen.filter((event) => event.type === 'used')).toMatchObject([{ usage: USAGE }]);
    expect(seen.at(-1)).toMatchObject({ type: 'step_finished', step: 'agent', outcome: 'stopped' });
  });

  it('stops its model when the reader leaves', async () => {
    const llm = createScriptedLlm();
    const events = open(llm, new AbortController());
    const reading = events.next();
    const call = await llm.nextCall();
    await reading;
    await events.return?.();
    expect(call.signal.aborted).toBe(true);
  });
});
