/** The parts of waiting for people that need no run: what is kept and read back, who rests for whom, and what the customer is told. */
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/catalog/agent.ts';
import { createAtWork } from '../../src/orchestration/at-work.ts';
import { keep, recallKept } from '../../src/orchestration/keep.ts';
import { passedOnSentence } from '../../src/orchestration/passed-on.ts';

const AGENT: Agent = {
  id: 'billing_agent',
  tier: 'essential',
  domain: 'support/billing',
  title: 'Billing',
  role: 'specialist',
  description: 'Bills.',
  model: 'quick',
  tools: {},
  handsOverTo: [],
  examples: [],
  notFor: [],
  utterances: [],
  reachable: true,
  riskArea: null,
  job: 'Bill.',
  prompt: 'A long prompt.',
  file: 'essential/support/billing/billing_agent.md',
};
const CATALOG = { get: (id: string) => (id === AGENT.id ? AGENT : null) };

describe('what an answer keeps while it waits', () => {
  it('comes back as it was, whatever was added to it: dates as dates, agents as the files are then', () => {
    const state = { chain: { agents: [AGENT], said: 'Hi' }, turn: { now: new Date('2026-11-23T09:00:00Z'), history: [] }, added: [1, null, { deep: true }] };
    const text = keep(state, CATALOG);
    expect(text).not.toContain('A long prompt.');
    expect(recallKept(text, CATALOG)).toEqual(state);
    const changed = { ...AGENT, prompt: 'Another.' };
    expect(recallKept(text, { get: () => changed })).toMatchObject({ chain: { agents: [changed] } });
  });

  it('is refused where it would come back as something else, and where an agent is gone', () => {
    for (const state of [{ a: () => 1 }, { a: new Map() }, { a: { $date: 'x' } }, { a: { $agent: 'y' } }])
      expect(() => keep(state, CATALOG)).toThrow(TypeError);
    const text = keep({ agent: AGENT }, CATALOG);
    expect(() => recallKept(text, { get: () => null })).toThrow('There is no agent billing_agent any more.');
  });
});

describe('who rests', () => {
  it('rests until all others have ended or rest too', async () => {
    const { begin, end, rest } = createAtWork();
    const woken: string[] = [];
    const signal = new AbortController().signal;
    for (let count = 0; count < 3; count += 1) begin();
    const first = rest(signal).then(() => woken.push('first'));
    await Promise.resolve();
    end();
    await Promise.resolve();
    expect(woken).toEqual([]);
    const second = rest(signal).then(() => woken.push('second'));
    await Promise.all([first, second]);
    expect(woken.toSorted()).toEqual(['first', 'second']);
  });

  it('rests no longer than the run', async () => {
    const { begin, rest } = createAtWork();
    begin();
    begin();
    const halted = new AbortController();
    const resting = rest(halted.signal);
    halted.abort(new Error('stopped'));
    await expect(resting).rejects.toThrow('stopped');
  });
});

it('the customer is told to whom it was passed on, in their language', () => {
  expect(passedOnSentence({ level: 'manager', people: 2 }, 'en')).toContain('passed it on to two managers; this answer goes on here');
  expect(passedOnSentence({ level: 'lead', people: 1 }, 'de')).toContain('an unsere Teamleitung weitergegeben');
  expect(passedOnSentence({ level: 'executive', people: 1 }, 'fr')).toContain('un membre de la direction');
  expect(passedOnSentence({ level: 'lead', people: 1 }, 'other')).toBe(passedOnSentence({ level: 'lead', people: 1 }, 'en'));
});
