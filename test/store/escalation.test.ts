/** How much an escalation presses and whom it is for, by the rows of the policy. */
import { describe, expect, it } from 'vitest';
import { priorityOf, teamOf } from '../../src/store/escalation.ts';
import { policyFrom } from '../../src/store/policy.ts';

const policy = policyFrom(new Map());

describe('the priority of an escalation', () => {
  it.each([
    ['nothing that counts', { plan: 'free', urgency: 'low', sentiment: 0, monthlyValueCents: 0 }, 'low'],
    ['a plan and an urgency', { plan: 'premium', urgency: 'medium', sentiment: 0, monthlyValueCents: 0 }, 'medium'],
    ['a mood just bad enough', { plan: 'premium', urgency: 'medium', sentiment: -0.51, monthlyValueCents: 0 }, 'high'],
    ['a mood not bad enough', { plan: 'premium', urgency: 'medium', sentiment: -0.5, monthlyValueCents: 0 }, 'medium'],
    ['more than 10,000 a year', { plan: 'basic', urgency: 'medium', sentiment: 0, monthlyValueCents: 833_34 }, 'medium'],
    ['10,000 a year and no more', { plan: 'basic', urgency: 'medium', sentiment: 0, monthlyValueCents: 833_33 }, 'low'],
    ['everything', { plan: 'enterprise', urgency: 'critical', sentiment: -1, monthlyValueCents: 10_000_00 }, 'critical'],
  ] as const)('follows from %s', (_what, pressing, expected) => {
    expect(priorityOf(pressing, policy)).toBe(expected);
  });
});

describe('the team of an escalation', () => {
  it.each([
    ['the law, whatever else', ['critical', 'high_value', 'legal'], 'critical', 0, 'executive'],
    ['a valuable account', ['high_value'], 'high', 6_000_00, 'management'],
    ['a very valuable account', ['high_value'], 'high', 10_000_01, 'executive'],
    ['what is critical', ['critical'], 'critical', 0, 'specialist'],
    ['anything else', [], 'medium', 20_000_00, 'tier2_support'],
  ] as const)('follows from %s', (_what, rules, urgency, monthlyValueCents, expected) => {
    expect(teamOf(rules, urgency, monthlyValueCents, policy)).toBe(expected);
  });
});
