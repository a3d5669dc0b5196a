/** When people take over: each rule by itself, words that only look like it, and who gets the case. */
import { describe, expect, it } from 'vitest';
import type { SignalName } from '../../src/catalog/signal-examples.ts';
import { decideEscalation, type EscalationInput } from '../../src/orchestration/understand/escalation.ts';
import { policyFrom } from '../../src/store/policy.ts';

const POLICY = policyFrom(new Map());

/** As if it had been heard in the message. */
function heard(...names: readonly SignalName[]): Pick<EscalationInput, 'signals'> {
  return { signals: { signals: names.map((name) => ({ name, says: `It is ${name}`, words: 'these words' })), chance: names.length > 0 ? 0.9 : 0.01 } };
}

function decide(changes: Partial<EscalationInput>) {
  const calm: EscalationInput = {
    ...heard(),
    mereManners: false,
    confidence: 0.9,
    toPerson: false,
    sentiment: 0,
    complexity: 2,
    turns: 1,
    plan: 'basic',
    monthlyValueCents: 100_00,
  };
  return decideEscalation({ ...calm, ...changes }, POLICY);
}

describe('the decision to escalate', () => {
  it.each<[string, Partial<EscalationInput>, object]>([
    ['explicit_request', heard('human'), { team: 'tier2_support', urgency: 'medium', reason: 'It is human ("these words").' }],
    ['explicit_request', { signals: { signals: [], chance: 0.2 }, toPerson: true }, { team: 'tier2_support', urgency: 'medium' }],
    ['legal', heard('legal'), { team: 'executive', urgency: 'critical' }],
    ['critical', heard('outage'), { team: 'specialist', urgency: 'critical' }],
    ['critical', heard('data_loss'), { team: 'specialist', urgency: 'critical' }],
    ['critical', heard('break_in'), { team: 'specialist', urgency: 'critical' }],
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
    ['rage that the sentiment does not know of', heard('furious')],
    ['a greeting that nobody is sure to answer', { confidence: 0.1, mereManners: true }],
    ['a question that names a person, which the router takes for a wish for one', { toPerson: true }],
  ])('leaves %s to the agent or offers a person', (_what, changes) => {
    expect(decide(changes).decision).not.toBe('ESCALATE');
  });

  it('offers a person shortly before a rule would fire', () => {
    expect(decide({ turns: 5 }).decision).toBe('OFFER');
    expect(decide({ sentiment: -0.6 }).decision).toBe('OFFER');
    expect(decide({ signals: { signals: [], chance: 0.3 } }).decision).toBe('OFFER');
    expect(decide({}).decision).toBe('ANSWER');
  });

  it('gives a case of several rules to the highest team, with the highest urgency', () => {
    const decided = decide({ ...heard('human', 'legal'), sentiment: -0.9, confidence: 0.1 });
    expect(decided.fired.map((one) => one.rule)).toEqual(['explicit_request', 'legal', 'very_negative_sentiment', 'low_confidence']);
    expect(decided).toMatchObject({ team: 'executive', urgency: 'critical' });
  });

  it.each<[string, Partial<EscalationInput>]>([
    // plan points + urgency points + 2 below -0.5 + 1 above 10,000 a year
    ['critical', { ...heard('outage'), plan: 'enterprise', sentiment: -0.6 }],
    ['high', { ...heard('outage'), plan: 'premium' }],
    ['medium', { ...heard('outage'), plan: 'free' }],
    ['low', { ...heard('human'), plan: 'free' }],
  ])('adds up to %s priority', (priority, changes) => {
    expect(decide(changes).priority).toBe(priority);
  });
});
