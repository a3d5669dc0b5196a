/** What a turn does once it is judged: it asks for a person or offers one, says so, and does neither twice. On the real graph. */
import { MemorySaver } from '@langchain/langgraph';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import { takeOverSentence, type Wait } from '../../src/orchestration/people.ts';
import { createReply } from '../../src/orchestration/reply.ts';
import type { Turn } from '../../src/orchestration/turn.ts';
import type { WorkflowEvent } from '../../src/orchestration/workflow-event.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { learnedSignals } from '../support/signals.ts';
import { REDACTION } from '../support/redaction.ts';
import { factsOf } from './facts.ts';
import { NOTHING_BEFORE } from '../../src/orchestration/participant.ts';

const signals = learnedSignals();
const AGENT: Agent = {
  id: 'an_agent',
  tier: 'essential',
  domain: 'support/billing',
  title: 'An agent',
  role: 'specialist',
  description: 'Does it. Use when testing.',
  model: 'quick',
  tools: {},
  handsOverTo: [],
  examples: [],
  notFor: [],
  utterances: [],
  reachable: true,
  riskArea: null,
  job: 'Do it.',
  prompt: 'You do it.',
  file: 'essential/support/billing/an_agent.md',
};
const TURN: Turn = {
  runId: 'run_1',
  attempt: 1,
  conversationId: 'conv_1',
  customerId: 'cus_1',
  customer: factsOf(),
  text: 'How do I rename a project?',
  history: [],
  lastAgentId: null,
  agentId: null,
  escalated: false,
  now: new Date('2026-01-01T12:00:00Z'),
};
const THREAT = 'You charged me twice, I will sue you!';
const said = (text: string) => ({ role: 'customer' as const, text });
/** Six messages without an answer that helped. */
const STUCK = ['It is broken', 'Still broken', 'No, still broken', 'Broken again', 'It does not work', 'It fails'].map(said);

async function answer(turn: Partial<Turn>) {
  const asked: unknown[] = [];
  const reply = createReply({
    checkpointer: new MemorySaver(),
    llm: createOfflineLlm({ tokensPerS: 0 }),
    tools: new Map(),
    historyTokens: 1_000,
    answerTokensMax: 500,
    stepMs: 20_000,
    redaction: REDACTION,
    readSignals: await signals,
    catalog: { agents: [AGENT], domains: new Map(), get: (id) => (id === AGENT.id ? AGENT : null) },
    router: { route: async () => ({ agentId: AGENT.id, confidence: 0.8, candidates: [], reason: 'There is only one.', by: 'rule' }) },
    disabledAgents: async () => new Set(),
    policy: async () => policyFrom(new Map()),
    sleep: async () => undefined,
    expectedWait: async (about) => (asked.push(about), { expectedWaitS: 600, peopleBackAt: null }),
  });
  const events: WorkflowEvent[] = [];
  for await (const event of reply({ ...TURN, ...turn }, NOTHING_BEFORE, new AbortController().signal)) events.push(event);
  return {
    asked,
    text: events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join(''),
    decided: events.flatMap((event) => (event.type === 'escalation_decided' ? [event.escalation.decision] : [])),
    wanted: events.filter((event) => event.type === 'person_wanted'),
    types: events.map(({ type }) => type),
  };
}

describe('a turn', () => {
  it('that needs nobody says so as data and asks for nothing', async () => {
    const { decided, wanted, asked, text } = await answer({});
    expect([decided, wanted, asked]).toEqual([['ANSWER'], [], []]);
    expect(text).not.toContain('person');
  });

  it('that needs a person asks for one before anybody answers, with all a person must know, and says how long it takes', async () => {
    const { decided, wanted, asked, text, types } = await answer({ text: THREAT });
    expect(decided).toEqual(['ESCALATE']);
    expect(wanted).toMatchObject([
      {
        rules: expect.arrayContaining(['legal']),
        team: 'executive',
        reason: expect.any(String),
        snapshot: { message: THREAT, customerId: 'cus_1', conversationId: 'conv_1', confidence: 0.8, intent: { category: 'billing', agentId: AGENT.id } },
      },
    ]);
    expect(asked).toMatchObject([{ customerId: 'cus_1', team: 'executive' }]);
    expect(types.indexOf('escalation_decided')).toBeLessThan(types.indexOf('person_wanted'));
    expect(types.indexOf('person_wanted')).toBeLessThan(types.indexOf('text'));
    expect(text).toContain('A person of our team will take this over; lately that has taken about 10 minutes.');
  });

  it('in a conversation that waits for a person is judged, and asks and promises nothing again', async () => {
    const { decided, wanted, asked, text } = await answer({ text: THREAT, escalated: true });
    expect([decided, wanted, asked]).toEqual([['ESCALATE'], [], []]);
    expect(text).not.toContain('person');
  });

  it('outside a conversation is judged, and there is nothing to take over', async () => {
    const { decided, wanted, text } = await answer({ text: THREAT, conversationId: null, agentId: AGENT.id });
    expect([decided, wanted]).toEqual([['ESCALATE'], []]);
    expect(text).not.toContain('person');
  });

  it('near to a rule offers a person in a sentence', async () => {
    const { decided, wanted, text } = await answer({ text: 'Where is my invoice now', history: STUCK.slice(0, 4) });
    expect([decided, wanted]).toEqual([['OFFER'], []]);
    expect(text).toContain('If you would rather deal with a person');
    const waiting = await answer({ text: 'Where is my invoice now', history: STUCK.slice(0, 4), escalated: true });
    expect(waiting.text).not.toContain('If you would rather deal with a person');
  });

  it('counts messages without progress from when a person last helped', async () => {
    expect((await answer({ text: 'Where is my invoice now', history: STUCK })).wanted).toMatchObject([{ rules: ['too_many_turns'] }]);
    const helped = [...STUCK, { role: 'person' as const, text: 'Settled with the customer.' }];
    expect((await answer({ text: 'Where is my invoice now', history: helped })).decided).toEqual(['ANSWER']);
  });
});

describe('what the customer hears of a person', () => {
  const NOW: Wait = { expectedWaitS: null, peopleBackAt: null };
  it.each([
    [NOW, /cannot say how soon/],
    [{ ...NOW, expectedWaitS: 20 }, /about one minute\./],
    [{ ...NOW, expectedWaitS: 7_000 }, /about 117 minutes\./],
    [{ ...NOW, expectedWaitS: 3 * 3_600 }, /about 3 hours\./],
    [{ ...NOW, expectedWaitS: 3 * 86_400 }, /about 3 days\./],
    [{ expectedWaitS: 600, peopleBackAt: new Date() }, /when they are back; the notice here says when/],
  ] as const)('of %j is true', (wait, expected) => {
    expect(takeOverSentence(wait)).toMatch(expected);
  });
});
