/** A team whose process died: an answer that is taken up again asks only those colleagues who had not finished. On the real graph. */
import { MemorySaver } from '@langchain/langgraph';
import { NOTHING_ASKED } from '../../src/orchestration/waiting.ts';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import type { Outcome, Past } from '../../src/orchestration/participant.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { createScriptedLlm, type ScriptedCall } from '../support/scripted-llm.ts';
import { REDACTION } from '../support/redaction.ts';
import { NO_SIGNALS } from '../support/signals.ts';
import { factsOf } from './facts.ts';

const TURN: Turn = {
  runId: 'run_1',
  attempt: 2,
  conversationId: 'conv_1',
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'We already tried the importer twice. How do we import our CSV and map the fields, then set up the webhooks while the invoices still go to the old address, and which permissions do guests need for the sync?',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};

const agent = (id: string): Agent => ({
  id,
  tier: 'essential',
  domain: 'support/test',
  title: `Agent ${id}`,
  role: 'specialist',
  description: 'Does it. Use when testing.',
  model: 'quick',
  tools: {},
  handsOverTo: [],
  examples: [],
  notFor: [],
  utterances: [],
  reachable: id !== 'coordinator',
  riskArea: null,
  job: 'Do it.',
  prompt: `You are ${id}.`,
  file: `essential/support/test/${id}.md`,
});

function open(past: Past) {
  const agents = ['coordinator', 'lead', 'one', 'two'].map(agent);
  const llm = createScriptedLlm();
  const asleep = Promise.withResolvers<void>();
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
    catalog: { agents, domains: new Map(), get: (id) => agents.find((each) => each.id === id) ?? null },
    router: {
      route: async () => ({
        agentId: 'lead',
        confidence: 0.8,
        candidates: [
          { agentId: 'one', confidence: 0.4 },
          { agentId: 'two', confidence: 0.3 },
        ],
        reason: 'It is the first.',
        by: 'local_index',
      }),
    },
    disabledAgents: async () => new Set(),
    policy: async () => policyFrom(new Map()),
    sleep: () => asleep.promise,
  });
  const events: WorkflowEvent[] = [];
  const done = (async () => {
    for await (const event of reply(TURN, { past, decisions: NOTHING_ASKED }, new AbortController().signal)) events.push(event);
  })();
  done.catch(() => undefined);
  return { llm, events, done };
}

function say(call: ScriptedCall, text: string): void {
  call.send({ type: 'text', text });
  call.send({ type: 'stop', reason: 'end_turn' });
}

const ended = (agentId: string, text: string, filled: unknown = null): Outcome => ({ agentId, outcome: 'succeeded', text, filled, error: null, tries: 1 });

describe('a team that is taken up again', () => {
  it('asks neither the coordinator nor those who had finished', async () => {
    const known = new Map([
      ['team', ended('coordinator', 'Both.', { pattern: 'parallel', agents: ['one', 'two'], reason: 'It touches both.' })],
      ['parallel/0', ended('one', 'One has found this.')],
    ]);
    const { llm, events, done } = open((path) => known.get(path) ?? null);
    const second = await llm.nextCall();
    expect(second.request.systemFixed).toBe('You are two.');
    say(second, 'Two has found that.');
    const lead = await llm.nextCall();
    expect(lead.request.systemFixed).toBe('You are lead.');
    expect(lead.request.systemTurn).toContain('One has found this.');
    expect(lead.request.systemTurn).toContain('Two has found that.');
    say(lead, 'Here is all of it.');
    await done;
    expect(events.flatMap((event) => (event.type === 'step_started' ? [event.path] : []))).toEqual(['understand', 'route', 'parallel/1', 'agent']);
    expect(events.at(-1)).toMatchObject({ type: 'finished', outcome: 'answered' });
  });
});
