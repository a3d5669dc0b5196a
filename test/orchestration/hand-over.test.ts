/** Passing a customer on within one answer: who may be called, what stays, and where it ends. On the real graph with a scripted model. */
import { MemorySaver } from '@langchain/langgraph';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { createScriptedLlm, type ScriptedCall } from '../support/scripted-llm.ts';
import { factsOf } from './facts.ts';
import { NO_SIGNALS } from '../support/signals.ts';
import { REDACTION } from '../support/redaction.ts';
import { NOTHING_BEFORE } from '../../src/orchestration/participant.ts';

const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: 'conv_1',
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'My card was declined, and I want my money back',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};

function agent(id: string, handsOverTo: readonly string[]): Agent {
  return {
    id,
    tier: 'essential',
    domain: 'support/test',
    title: `Agent ${id}`,
    role: 'specialist',
    description: 'Does it. Use when testing.',
    model: 'quick',
    tools: {},
    handsOverTo,
    examples: [],
    notFor: [],
    utterances: [],
    reachable: true,
    riskArea: null,
    job: 'Do it.',
    prompt: `You are ${id}.`,
    file: `essential/support/test/${id}.md`,
  };
}

function open(agents: readonly Agent[], disabled: readonly string[] = [], turn = TURN) {
  const llm = createScriptedLlm();
  const reply = createReply({
    checkpointer: new MemorySaver(),
    llm,
    tools: new Map(),
    historyTokens: 1_000,
    answerTokensMax: 100,
    stepMs: 20_000,
    redaction: REDACTION,
    readSignals: NO_SIGNALS,
    expectedWait: async () => ({ expectedWaitS: 300, peopleBackAt: null }),
    catalog: { agents, domains: new Map(), get: (id) => agents.find((one) => one.id === id) ?? null },
    router: { route: async () => ({ agentId: agents[0]?.id ?? '', confidence: 0.8, candidates: [], reason: 'It is the first.', by: 'rule' }) },
    disabledAgents: async () => new Set(disabled),
    policy: async () => policyFrom(new Map()),
    sleep: async () => undefined,
  });
  const events: WorkflowEvent[] = [];
  const done = (async () => {
    for await (const event of reply(turn, NOTHING_BEFORE, new AbortController().signal)) events.push(event);
  })();
  done.catch(() => undefined);
  return { llm, events, done };
}

function say(call: ScriptedCall, text: string): void {
  call.send({ type: 'text', text });
  call.send({ type: 'stop', reason: 'end_turn' });
}

function handOver(call: ScriptedCall, input: Readonly<Record<string, unknown>>, text = ''): void {
  if (text !== '') call.send({ type: 'text', text });
  call.send({ type: 'tool_call', call: { callId: `call_${Math.random()}`, name: 'hand_over', input } });
  call.send({ type: 'stop', reason: 'tool_use' });
}

function targets(call: ScriptedCall): readonly string[] {
  const tool = call.request.tools.find(({ name }) => name === 'hand_over');
  const schema = tool?.inputSchema as { properties: { to: { enum: string[] } } } | undefined;
  return schema?.properties.to.enum ?? [];
}

const wanted = (events: readonly WorkflowEvent[]) => events.filter((event) => event.type === 'person_wanted');
const textOf = (events: readonly WorkflowEvent[]) => events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');

describe('a hand-over', () => {
  it('lets the next agent go on with the same answer, knowing why and what was said', async () => {
    const { llm, events, done } = open([agent('a', ['b']), agent('b', ['a', 'c']), agent('c', [])]);
    const first = await llm.nextCall();
    expect(targets(first)).toEqual(['b']);
    handOver(first, { to: 'b', reason: 'The card\nwas declined.' }, 'Your card first.');
    const second = await llm.nextCall();
    expect(second.request.systemFixed).toBe('You are b.');
    expect(second.request.systemTurn).toContain('"Agent a"');
    expect(second.request.systemTurn).toContain('"The card was declined."');
    expect(second.request.systemTurn).toContain('"Your card first."');
    // Who has spoken is not called again.
    expect(targets(second)).toEqual(['c']);
    say(second, 'Now the refund.');
    await done;
    expect(textOf(events)).toBe('Your card first.\n\nNow the refund.');
    expect(events.filter((event) => event.type === 'handed_over')).toEqual([
      {
        type: 'handed_over',
        from: 'a',
        to: 'b',
        reason: 'The card was declined.',
        hop: 1,
        snapshot: expect.objectContaining({ message: TURN.text, agents: ['a'], answerSoFar: 'Your card first.', confidence: 0.8, language: 'en' }),
      },
    ]);
    expect(events.flatMap((event) => (event.type === 'step_started' ? [[event.path, event.agentId]] : []))).toEqual([
      ['understand', null],
      ['route', null],
      ['agent', 'a'],
      ['agent/2', 'b'],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'finished', outcome: 'answered', result: { agentId: 'b' } });
  });

  it('ends after five hops: who then still wants to pass the customer on gets a person asked for', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { llm, events, done } = open(
      ids.map((id) =>
        agent(
          id,
          ids.filter((other) => other !== id),
        ),
      ),
    );
    for (const to of ['b', 'c', 'd', 'e', 'f']) handOver(await llm.nextCall(), { to, reason: 'Not mine.' });
    const last = await llm.nextCall();
    expect(targets(last)).toEqual(['g']);
    handOver(last, { to: 'g', reason: 'Not mine.' });
    const again = await llm.nextCall();
    expect(again.request.messages.at(-1)).toMatchObject({
      results: [{ failed: true, summary: expect.stringMatching(/as often as is allowed.*A person has been asked for.*about 5 minutes/) }],
    });
    say(again, 'A person takes over.');
    await done;
    expect(events.filter((event) => event.type === 'handed_over').map((event) => event.hop)).toEqual([1, 2, 3, 4, 5]);
    expect(wanted(events)).toMatchObject([
      {
        rules: ['hand_overs_used_up'],
        team: 'tier2_support',
        reason: expect.stringContaining('a, b, c, d, e, f'),
        snapshot: { agents: ['a', 'b', 'c', 'd', 'e', 'f'] },
      },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'finished', outcome: 'answered', result: { agentId: 'f' } });
  });

  it('in a circle asks for a person, once, and the answer goes on', async () => {
    const { llm, events, done } = open([agent('a', ['b']), agent('b', ['a'])]);
    handOver(await llm.nextCall(), { to: 'b', reason: 'Not mine.' });
    handOver(await llm.nextCall(), { to: 'a', reason: 'Not mine either.' });
    const told = await llm.nextCall();
    expect(told.request.messages.at(-1)).toMatchObject({ results: [{ failed: true, summary: expect.stringContaining('in a circle') }] });
    handOver(told, { to: 'a', reason: 'Really not mine.' });
    const again = await llm.nextCall();
    expect(again.request.messages.at(-1)).toMatchObject({
      results: [{ failed: true, summary: expect.stringContaining('A person has been asked for already.') }],
    });
    say(again, 'A person takes over.');
    await done;
    expect(wanted(events)).toMatchObject([{ rules: ['hand_over_loop'] }]);
    expect(events.filter((event) => event.type === 'tool_returned').map((event) => event.code)).toEqual([null, 'CONFLICT', 'CONFLICT']);
  });

  it('in a circle asks for nobody while a person is asked for already', async () => {
    const { llm, events, done } = open([agent('a', ['b']), agent('b', ['a'])], [], { ...TURN, escalated: true });
    handOver(await llm.nextCall(), { to: 'b', reason: 'Not mine.' });
    const second = await llm.nextCall();
    expect(second.request.systemTurn).toContain('A person has been asked for already');
    handOver(second, { to: 'a', reason: 'Not mine either.' });
    say(await llm.nextCall(), 'I stay.');
    await done;
    expect(wanted(events)).toEqual([]);
  });

  it('is offered to nobody who is switched off, and not at all by an agent without anybody', async () => {
    const off = open([agent('a', ['b', 'c']), agent('b', []), agent('c', [])], ['b']);
    const call = await off.llm.nextCall();
    expect(targets(call)).toEqual(['c']);
    say(call, 'Done.');
    await off.done;
    const alone = open([agent('a', [])]);
    const only = await alone.llm.nextCall();
    expect(only.request.tools).toEqual([]);
    say(only, 'Done.');
    await alone.done;
  });

  it.each([
    ['an agent it does not name', { to: 'c', reason: 'Just so.' }],
    ['itself', { to: 'a', reason: 'Just so.' }],
    ['nobody', { reason: 'Just so.' }],
    ['somebody without a reason', { to: 'b', reason: '' }],
    ['somebody with more than that', { to: 'b', reason: 'Just so.', customerId: 'cus_2' }],
  ])('to %s is refused and may be mended once', async (_what, wrong) => {
    const { llm, events, done } = open([agent('a', ['b']), agent('b', []), agent('c', [])]);
    handOver(await llm.nextCall(), wrong);
    handOver(await llm.nextCall(), wrong);
    const third = await llm.nextCall();
    expect(third.request.messages.at(-1)).toMatchObject({
      results: [{ failed: true, summary: expect.stringContaining('refused for the rest of this answer') }],
    });
    handOver(third, { to: 'b', reason: 'Now it fits.' });
    say(await llm.nextCall(), 'I stay.');
    await done;
    expect(events.filter((event) => event.type === 'handed_over')).toEqual([]);
    expect(events.flatMap((event) => (event.type === 'tool_returned' ? [event.code] : []))).toEqual(['BAD_INPUT', 'BAD_INPUT', 'FORBIDDEN']);
  });

  it('takes the first of several in one round', async () => {
    const { llm, events, done } = open([agent('a', ['b', 'c']), agent('b', []), agent('c', [])]);
    const call = await llm.nextCall();
    for (const to of ['c', 'b']) call.send({ type: 'tool_call', call: { callId: to, name: 'hand_over', input: { to, reason: 'Both fit.' } } });
    call.send({ type: 'stop', reason: 'tool_use' });
    say(await llm.nextCall(), 'Here I am.');
    await done;
    expect(events.flatMap((event) => (event.type === 'handed_over' ? [event.to] : []))).toEqual(['c']);
  });
});
