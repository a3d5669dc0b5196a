/** Who has to decide what: the numbers of the policy at their edges, and that the rows decide and not the code. */
import { describe, expect, it } from 'vitest';
import { APPROVAL_LEVELS, expiryOf, levelOf, neededAt, neededFor, reaches, warningOf, type Asked } from '../../src/store/approval.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { POLICY_DEFAULTS } from '../../src/store/policy-defaults.ts';
import { USER_ROLES } from '../../src/store/roles.ts';

const policy = policyFrom(new Map());
const cents = (dollars: number): number => dollars * 100;

describe('the policy says who decides', () => {
  it.each<[string, Asked, string, number?]>([
    ['a discount of 5%', { kind: 'discount', percent: 5 }, 'agent'],
    ['a discount of 5.01%', { kind: 'discount', percent: 5.01 }, 'manager', 1],
    ['a discount of 15%', { kind: 'discount', percent: 15 }, 'manager', 1],
    ['a discount of 25%', { kind: 'discount', percent: 25 }, 'director', 1],
    ['a discount of 35%', { kind: 'discount', percent: 35 }, 'vp', 1],
    ['a discount above', { kind: 'discount', percent: 35.5 }, 'nobody'],
    ['a refund of nothing', { kind: 'refund', amountCents: 0 }, 'agent'],
    ['a refund of 500', { kind: 'refund', amountCents: cents(500) }, 'agent'],
    ['a refund of a cent more', { kind: 'refund', amountCents: cents(500) + 1 }, 'lead', 1],
    ['a refund of 1,000', { kind: 'refund', amountCents: cents(1_000) }, 'lead', 1],
    ['a refund above 1,000', { kind: 'refund', amountCents: cents(1_000) + 1 }, 'manager', 2],
    ['a refund of 5,000', { kind: 'refund', amountCents: cents(5_000) }, 'manager', 2],
    ['a refund above 5,000', { kind: 'refund', amountCents: cents(5_000) + 1 }, 'executive', 2],
    ['a contract of 10% and 50,000', { kind: 'contract', percent: 10, amountCents: cents(50_000) }, 'agent'],
    ['a contract of 11%', { kind: 'contract', percent: 11, amountCents: cents(1_000) }, 'manager', 1],
    ['a contract above 50,000', { kind: 'contract', percent: 0, amountCents: cents(50_001) }, 'manager', 1],
    ['a contract of 21%', { kind: 'contract', percent: 21, amountCents: cents(1_000) }, 'director', 1],
    ['a contract above 250,000', { kind: 'contract', percent: 0, amountCents: cents(250_001) }, 'director', 1],
    ['a contract of 31%', { kind: 'contract', percent: 31, amountCents: cents(1_000) }, 'vp', 1],
    ['a contract above 1,000,000', { kind: 'contract', percent: 0, amountCents: cents(50_000_000) }, 'vp', 1],
    ['a contract of 41%', { kind: 'contract', percent: 41, amountCents: cents(1_000) }, 'nobody'],
  ])('about %s', (_name, asked, who, people) => {
    const answer = neededFor(asked, policy);
    if (answer.by !== 'people') return expect(answer.by).toBe(who);
    return expect(answer).toMatchObject({ level: who, people });
  });

  it('in its rows: other numbers, other people', () => {
    const { refund, approvals, contract } = POLICY_DEFAULTS;
    const strict = policyFrom(
      new Map<string, unknown>([
        ['refund', { ...refund.value, agentMaxCents: 0, leadMaxCents: 100 }],
        ['approvals', { ...approvals.value, twoPeopleFrom: { discount: 'vp', refund: 'lead', contract: null } }],
        ['contract', { ...contract.value, representative: { percent: 10, amountCents: cents(1_000_000) } }],
      ]),
    );
    expect(neededFor({ kind: 'refund', amountCents: 50 }, strict)).toEqual({ by: 'people', level: 'lead', people: 2, risk: 'low' });
    expect(neededFor({ kind: 'discount', percent: 30 }, strict)).toMatchObject({ level: 'vp', people: 2 });
    // Whatever a representative may sign, from 100,000 on it is a person.
    expect(neededFor({ kind: 'contract', percent: 0, amountCents: cents(99_999) }, strict)).toEqual({ by: 'agent' });
    expect(neededFor({ kind: 'contract', percent: 0, amountCents: cents(100_000) }, strict)).toMatchObject({ level: 'manager' });
  });

  it('with one person for what is no sum, and the risk of the level', () => {
    expect(neededAt('executive', 'act', policy)).toEqual({ level: 'executive', people: 1, risk: 'critical' });
    expect(neededAt('executive', 'refund', policy)).toMatchObject({ people: 2 });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('and takes %s for a bug', (measure) => {
    expect(() => neededFor({ kind: 'discount', percent: measure }, policy)).toThrow(RangeError);
    expect(() => neededFor({ kind: 'refund', amountCents: measure }, policy)).toThrow(RangeError);
    expect(() => neededFor({ kind: 'contract', percent: 1, amountCents: measure }, policy)).toThrow(RangeError);
  });
});

describe('an approval stands', () => {
  it.each([
    ['low', 72],
    ['medium', 24],
    ['high', 8],
    ['critical', 4],
  ] as const)('of %s risk for %i hours, and warns at four fifths', (risk, hours) => {
    const createdAt = new Date('2026-11-23T09:00:00Z');
    const expiresAt = expiryOf(risk, createdAt, policy);
    expect(expiresAt.getTime() - createdAt.getTime()).toBe(hours * 3_600_000);
    expect(warningOf({ createdAt, expiresAt }, policy).getTime() - createdAt.getTime()).toBe(hours * 3_600_000 * 0.8);
  });
});

describe('a person of the desk', () => {
  it('has the level on their row, else that of their role', () => {
    expect(levelOf({ role: 'user', approvalLevel: 'director' }, policy)).toBe('director');
    expect(USER_ROLES.map((role) => levelOf({ role, approvalLevel: null }, policy))).toEqual(['executive', 'lead', 'agent', 'agent']);
  });

  it('may decide what those below may', () => {
    expect(APPROVAL_LEVELS).toEqual(['agent', 'lead', 'manager', 'director', 'vp', 'executive']);
    expect(reaches('director', 'manager')).toBe(true);
    expect(reaches('director', 'director')).toBe(true);
    expect(reaches('lead', 'manager')).toBe(false);
  });
});
