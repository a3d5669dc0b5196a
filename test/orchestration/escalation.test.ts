/** When people take over: each rule by itself, words that only look like it, and who gets the case. */
import { describe, expect, it } from 'vitest';
import { decideEscalation, type EscalationInput } from '../../src/orchestration/understand/escalation.ts';
import { policyFrom } from '../../src/store/policy.ts';

const POLICY = policyFrom(new Map());

function decide(changes: Partial<EscalationInput>) {
  const calm: EscalationInput = {
    text: 'Where is my invoice?',
    confidence: 0.9,
    toPerson: false,
    sentiment: 0,
    urgency: 'medium',
    complexity: 2,
    turns: 1,
    plan: 'basic',
    monthlyValueCents: 100_00,
  };
  return decideEscalation({ ...calm, ...changes }, POLICY);
}

describe('the decision to escalate', () => {
  it.each<[string, Partial<EscalationInput>, object]>([
    ['explicit_request', { text: 'Can I talk to a real person?' }, { team: 'tier2_support', urgency: 'medium' }],
    ['explicit_request', { text: 'get me your boss', toPerson: true }, { team: 'tier2_support', urgency: 'medium' }],
    ['legal', { text: 'Refund it or you will hear from my lawyer' }, { team: 'executive', urgency: 'critical' }],
    ['legal', { text: 'I will complain to the regulator' }, { team: 'executive', urgency: 'critical' }],
    ['critical', { urgency: 'critical' }, { team: 'specialist', urgency: 'critical' }],
    ['high_value', { plan: 'enterprise', complexity: 7 }, { team: 'management', urgency: 'high' }],
    ['high_value', { monthlyValueCents: 10_000_01, complexity: 7 }, { team: 'executive', urgency: 'high' }],
    ['very_negative_sentiment', { sentiment: -0.71 }, { team: 'tier2_support', urgency: 'high' }],
    ['too_many_turns', { turns: 6 }, { team: 'tier2_support', urgency: 'medium' }],
    ['low_confidence', { confidence: 0.39 }, { team: 'tier2_support', urgency: 'low' }],
  ])('fires %s for %j', (rule, changes, expected) => {
    const decided = decide(changes);
    expect(decided).toMatchObject({ decision: 'ESCALATE', ...expected });
    expect(decided.fired.map((one) => one.rule)).toEqual([rule]);
  });

  it.each<[string, Partial<EscalationInput>]>([
    ['confidence on the line', { confidence: 0.4 }],
    ['a very negative message on the line', { sentiment: -0.7 }],
    ['a complex question of a small account', { complexity: 9 }],
    ['a simple question of a large account', { plan: 'enterprise', complexity: 6 }],
  ])('leaves %s to the agent or offers a person', (_what, changes) => {
    expect(decide(changes).decision).not.toBe('ESCALATE');
  });

  it('offers a person shortly before a rule would fire', () => {
    expect(decide({ turns: 5 }).decision).toBe('OFFER');
    expect(decide({ sentiment: -0.6 }).decision).toBe('OFFER');
    expect(decide({}).decision).toBe('ANSWER');
  });

  it.each([
    'I have an issue with the personal plan',
    'The agent field of the representative tasks is empty',
    'Can I make Tom a manager?',
    'We need a manager role with fewer rights',
    'assign the task to a person in my team',
    'The human resources board is slow',
    'Our lawyers need a copy of the DPA',
    'Which law firm template do you have?',
    'GDPR: where is our data stored?',
    'pursue the goal in the timeline',
    'hand a task over to someone in another team',
  ])('takes %j for what it is', (text) => {
    expect(decide({ text })).toMatchObject({ decision: 'ANSWER', fired: [] });
  });

  it('gives a case of several rules to the highest team, with the highest urgency', () => {
    const decided = decide({ text: 'I want to speak to a manager or I take legal action', sentiment: -0.9, confidence: 0.1 });
    expect(decided.fired.map((one) => one.rule)).toEqual(['explicit_request', 'legal', 'very_negative_sentiment', 'low_confidence']);
    expect(decided).toMatchObject({ team: 'executive', urgency: 'critical' });
  });

  it.each<[string, Partial<EscalationInput>]>([
    // plan points + urgency points + 2 below -0.5 + 1 above 10,000 a year
    ['critical', { plan: 'enterprise', urgency: 'critical', sentiment: -0.6 }],
    ['high', { plan: 'premium', urgency: 'critical' }],
    ['medium', { plan: 'basic', sentiment: -0.8, urgency: 'low' }],
    ['low', { plan: 'free', toPerson: true }],
  ])('adds up to %s priority', (priority, changes) => {
    const expected = priority === 'medium' ? ['medium', 'high'] : [priority];
    expect(expected).toContain(decide(changes).priority);
  });
});
