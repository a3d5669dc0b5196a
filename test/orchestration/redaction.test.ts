/** What an agent says and calls passes the redactor before anybody hears of it, however the model cuts its words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import type { Llm, LlmEvent } from '../../src/llm/llm.ts';
import { runAgentStep } from '../../src/orchestration/agent-step.ts';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { redact } from '../../src/privacy/redact.ts';
import { anyText, cutting } from '../privacy/texts.ts';
import { REDACTION } from '../support/redaction.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { factsOf } from './facts.ts';

const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: null,
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'A question',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};
const AGENT: Agent = {
  id: 'an_agent',
  tier: 'essential',
  domain: 'support/test',
  title: 'An agent',
  role: 'specialist',
  description: 'Does it. Use when testing.',
  model: 'quick',
  tools: { look_up: {} },
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
const LOOK_UP: AnyTool = {
  name: 'look_up',
  description: 'Looks it up.',
  effect: 'read',
  unattended: false,
  redact: [],
  inputSchema: { type: 'object' },
  parseGrant: (grant) => grant,
  infer: () => null,
  call: async () => ({ summary: 'The card 4111 1111 1111 1111 was declined.' }),
};

/** Says each round at once, piece by piece. */
function saying(rounds: readonly (readonly LlmEvent[])[]): Llm {
  let round = 0;
  return {
    name: 'saying',
    probe: async () => undefined,
    async *stream() {
      yield* rounds[round] ?? [];
      round += 1;
    },
  };
}

async function run(llm: Llm) {
  const events: WorkflowEvent[] = [];
  const deps = { llm, tools: new Map([[LOOK_UP.name, LOOK_UP]]), historyTokens: 1_000, answerTokensMax: 100, stepMs: 20_000, redaction: REDACTION };
  const emit = async (event: WorkflowEvent) => void events.push(event);
  const result = await runAgentStep(deps, { step: 'agent', agent: AGENT, turn: TURN }, emit, new AbortController().signal);
  return { events, result, said: events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('') };
}

const textsOf = (pieces: readonly string[]): LlmEvent[] => pieces.map((text) => ({ type: 'text', text }));
const END: LlmEvent = { type: 'stop', reason: 'end_turn' };

describe('what an agent says', () => {
  it('is the same for every way to cut it, and is what the whole would be without personal data', async () => {
    const cut = anyText().chain((text) => cutting(text).map((pieces) => ({ text, pieces })));
    await fc.assert(
      fc.asyncProperty(cut, async ({ text, pieces }) => {
        const { said, result } = await run(saying([[...textsOf(pieces), END]]));
        expect(said).toBe(redact(text, REDACTION).text);
        expect(result.text).toBe(said);
      }),
      { numRuns: 300 },
    );
  });

  it('comes word by word all the same', async () => {
    const llm = createScriptedLlm();
    const heard: string[] = [];
    const waiting: (() => void)[] = [];
    const emit = async (event: WorkflowEvent) => {
      if (event.type !== 'text') return;
      heard.push(event.text);
      waiting.shift()?.();
    };
    const deps = { llm, tools: new Map(), historyTokens: 1_000, answerTokensMax: 100, stepMs: 20_000, redaction: REDACTION };
    const done = runAgentStep(deps, { step: 'agent', agent: AGENT, turn: TURN }, emit, new AbortController().signal);
    const call = await llm.nextCall();
    const words = ['You ', 'find ', 'it ', 'under ', 'Settings, ', 'then ', 'Billing.'];
    for (const [at, text] of words.slice(0, -1).entries()) {
      const told = new Promise<void>((resolve) => waiting.push(resolve));
      call.send({ type: 'text', text });
      await told;
      expect(heard.join('')).toBe(words.slice(0, at + 1).join(''));
    }
    call.send({ type: 'text', text: 'Billing.' });
    call.send(END);
    expect((await done).text).toBe(words.join(''));
  });

  it('keeps its last word when the model fails', async () => {
    const llm = createScriptedLlm();
    const events: WorkflowEvent[] = [];
    const deps = { llm, tools: new Map(), historyTokens: 1_000, answerTokensMax: 100, stepMs: 20_000, redaction: REDACTION };
    const done = runAgentStep(deps, { step: 'agent', agent: AGENT, turn: TURN }, async (event) => void events.push(event), new AbortController().signal);
    done.catch(() => undefined);
    const call = await llm.nextCall();
    call.send({ type: 'text', text: 'Half a word' });
    call.fail(new Error('gone'));
    await expect(done).rejects.toThrow('gone');
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('')).toBe('Half a word');
  });
});

describe('what is told of a tool', () => {
  it('has no personal data, neither in what it was given nor in what it answered', async () => {
    const input = { query: 'card 4111111111111111', more: { list: ['my password is hunter2'], count: 3 }, paymentId: 'pay_01kaqk3f2gebn8t1v0r6tq3b4x' };
    const call: LlmEvent = { type: 'tool_call', call: { callId: 'call_1', name: 'look_up', input } };
    const { events } = await run(
      saying([
        [call, { type: 'stop', reason: 'tool_use' }],
        [...textsOf(['Done.']), END],
      ]),
    );
    expect(events.find((event) => event.type === 'tool_called')).toMatchObject({
      arguments: { query: 'card [card ending 1111]', more: { list: ['my password is [password]'], count: 3 }, paymentId: input.paymentId },
    });
    expect(events.find((event) => event.type === 'tool_returned')).toMatchObject({ summary: 'The card [card ending 1111] was declined.' });
  });
});
