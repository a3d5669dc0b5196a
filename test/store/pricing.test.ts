/** Prices, prorations and refunds against the numbers of the policy, with the boundaries on both sides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centsOf, decimalText, formatMoney, percentOf, portion } from '../../src/store/money.ts';
import { addDays, addMonths, wholeDays } from '../../src/store/period.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { duplicateOf, earlierRefundsOf, prorate, quotePlan, quoteRefund, type RefundInput } from '../../src/store/pricing.ts';

const policy = policyFrom(new Map());
const now = new Date('2026-03-31T12:00:00.000Z');

describe('money', () => {
  it.each([
    [125_000, 'USD', '$1,250.00'],
    [-2_000, 'USD', '-$20.00'],
    [5, 'USD', '$0.05'],
    [950, 'EUR', '€9.50'],
    [999_999_999_999, 'USD', '$9,999,999,999.99'],
    [-999_999_999_999, 'USD', '-$9,999,999,999.99'],
  ])('prints %i cents of %s as %s', (amountCents, currency, printed) => {
    expect(formatMoney({ amountCents, currency })).toBe(printed);
  });

  it.each([
    [5, 1, 2, 2],
    [15, 1, 2, 8],
    [25, 1, 2, 12],
    [-5, 1, 2, -2],
    [-15, 1, 2, -8],
    [100, 1, 3, 33],
    [200, 1, 3, 67],
    [10_000, 0, 7, 0],
  ])('takes %i * %i / %i as %i, halves going to the even cent', (cents, numerator, denominator, expected) => {
    expect(portion(cents, numerator, denominator)).toBe(expected);
  });

  it('takes percentages with two places exactly', () => {
    expect(percentOf(12_345, 33.33)).toBe(4_115);
    expect(percentOf(250, 1)).toBe(2);
    expect(percentOf(350, 1)).toBe(4);
  });

  it('reads back every amount it writes', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (cents) => centsOf(decimalText(cents)) === cents));
  });

  it('splits an amount into two portions without losing more than the rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), fc.integer({ min: 1, max: 366 }), fc.integer({ min: 0, max: 366 }), (cents, days, used) => {
        const first = portion(cents, Math.min(used, days), days);
        const second = portion(cents, days - Math.min(used, days), days);
        return Math.abs(first + second - cents) <= 1;
      }),
    );
  });

  it.each(['12.345', 'abc', '1e3', '', '.5'])('refuses %j as a sum', (text) => {
    expect(() => centsOf(text)).toThrow(RangeError);
  });

  it('refuses fractions of a cent', () => {
    expect(() => decimalText(0.5)).toThrow(RangeError);
    expect(() => portion(100, 1, 0)).toThrow(RangeError);
  });
});

describe('periods', () => {
  it('keeps the day of the month where the month has it and takes the last day where it has not', () => {
    expect(addMonths(new Date('2026-01-31T09:00:00Z'), 1)).toEqual(new Date('2026-02-28T09:00:00Z'));
    expect(addMonths(new Date('2028-01-31T09:00:00Z'), 1)).toEqual(new Date('2028-02-29T09:00:00Z'));
    expect(addMonths(new Date('2026-03-15T00:00:00Z'), -14)).toEqual(new Date('2025-01-15T00:00:00Z'));
  });

  it('counts whole days only, and none backwards', () => {
    expect(wholeDays(now, new Date(now.getTime() + 86_399_999))).toBe(0);
    expect(wholeDays(now, addDays(now, 1))).toBe(1);
    expect(wholeDays(now, addDays(now, -3))).toBe(0);
  });
});

describe('a plan quote', () => {
  it.each([
    ['basic', 9, 'monthly', 0, 90_00],
    ['basic', 10, 'monthly', 10, 90_00],
    ['premium', 49, 'monthly', 10, 1_102_50],
    ['premium', 50, 'monthly', 15, 1_062_50],
    ['premium', 99, 'monthly', 15, 2_103_75],
    ['premium', 100, 'monthly', 20, 2_000_00],
    ['premium', 30, 'monthly', 10, 675_00],
    ['premium', 30, 'annual', 30, 6_300_00],
    ['premium', 50, 'annual', 35, 9_750_00],
    ['premium', 99, 'annual', 35, 19_305_00],
    ['premium', 100, 'annual', 35, 19_500_00],
    ['basic', 1, 'annual', 20, 96_00],
    ['free', 5, 'annual', 0, 0],
  ] as const)('of %s with %i seats, %s, takes %i%% off and charges %i cents a period', (plan, seats, cycle, totalPercent, perPeriodCents) => {
    expect(quotePlan(policy, { plan, seats, cycle })).toMatchObject({ totalPercent, perPeriodCents });
  });

  it('shows each discount as a line, and says where the limit bites', () => {
    const quote = quotePlan(policy, { plan: 'premium', seats: 100, cycle: 'annual' });
    expect(quote.capped).toBe(true);
    expect(quote.lines.map((line) => [line.description, line.amountCents])).toEqual([
      ['premium plan, 100 seats, 12 months', 30_000_00],
      ['Volume discount 20%', -6_000_00],
      ['Annual discount 20%, limited to 35% together', -4_500_00],
    ]);
  });

  it('adds its lines up to what is charged, for any choice', () => {
    const choice = fc.record({
      plan: fc.constantFrom('free', 'basic', 'premium', 'enterprise'),
      seats: fc.integer({ min: 1, max: 5_000 }),
      cycle: fc.constantFrom('monthly', 'annual'),
      programme: fc.constantFrom('nonprofit', 'student', 'startup', null),
    });
    fc.assert(
      fc.property(choice, (given) => {
        const quote = quotePlan(policy, given);
        const sum = quote.lines.reduce((total, line) => total + line.amountCents, 0);
        const products = quote.lines.every((line) => line.quantity * line.unitPriceCents === line.amountCents);
        return sum === quote.perPeriodCents && products && quote.perPeriodCents === quote.listPerPeriodCents - quote.savingsCents;
      }),
    );
  });

  it('lets the better of programme and ordinary discounts apply, never both', () => {
    expect(quotePlan(policy, { plan: 'premium', seats: 100, cycle: 'annual', programme: 'nonprofit' })).toMatchObject({
      totalPercent: 50,
      programmePercent: 50,
    });
    expect(quotePlan(policy, { plan: 'premium', seats: 100, cycle: 'annual', programme: 'startup' })).toMatchObject({
      totalPercent: 35,
      programmePercent: null,
    });
  });

  it('says when the plan does not hold so many members', () => {
    expect(quotePlan(policy, { plan: 'basic', seats: 25, cycle: 'monthly' })).toMatchObject({ fits: true });
    expect(quotePlan(policy, { plan: 'basic', seats: 26, cycle: 'monthly' })).toMatchObject({ fits: false, membersMax: 25 });
    expect(quotePlan(policy, { plan: 'enterprise', seats: 900, cycle: 'annual' })).toMatchObject({ fits: true, byContract: true });
  });

  it.each([0, -1, 1.5, Number.NaN, 100_001])('refuses %d seats', (seats) => {
    expect(() => quotePlan(policy, { plan: 'basic', seats, cycle: 'monthly' })).toThrow(expect.objectContaining({ code: 'BAD_INPUT', field: 'seats' }));
  });
});

describe('a proration', () => {
  const period = { cycle: 'monthly', periodStart: new Date('2026-03-01T00:00:00Z'), periodEnd: new Date('2026-04-01T00:00:00Z') } as const;

  it('charges the new price for the days left minus the unused part of what was paid', () => {
    const at = new Date('2026-03-16T00:00:00Z');
    const change = prorate(policy, { ...period, paidCents: 585_00, to: { plan: 'premium', seats: 30, cycle: 'monthly' }, at });
    expect(change).toEqual({
      daysLeft: 16,
      daysInPeriod: 31,
      unusedCents: 301_94,
      newCents: 348_39,
      startsNewPeriod: false,
      periodStart: period.periodStart,
      periodEnd: period.periodEnd,
      chargeCents: 46_45,
      creditCents: 0,
    });
  });

  it('gives a credit instead of a negative charge', () => {
    const change = prorate(policy, { ...period, paidCents: 675_00, to: { plan: 'basic', seats: 20, cycle: 'monthly' }, at: period.periodStart });
    expect(change).toMatchObject({ chargeCents: 0, creditCents: 675_00 - 180_00 });
  });

  it('starts a whole new period when the cycle changes', () => {
    const at = new Date('2026-03-31T23:00:00Z');
    const change = prorate(policy, { ...period, paidCents: 675_00, to: { plan: 'premium', seats: 30, cycle: 'annual' }, at });
    expect(change).toMatchObject({ daysLeft: 0, unusedCents: 0, startsNewPeriod: true, chargeCents: 6_300_00 });
  });

  it('costs nothing to change nothing', () => {
    for (let day = 0; day <= 31; day += 1) {
      const at = addDays(period.periodStart, day);
      const change = prorate(policy, { ...period, paidCents: 675_00, to: { plan: 'premium', seats: 30, cycle: 'monthly' }, at });
      expect(change).toMatchObject({ chargeCents: 0, creditCents: 0 });
    }
  });
});

function refundInput(
  changes: { -readonly [Key in keyof RefundInput]?: Key extends 'payment' ? Partial<RefundInput['payment']> : RefundInput[Key] } = {},
): RefundInput {
  const { payment, ...rest } = changes;
  return {
    payment: { status: 'succeeded', amountCents: 100_00, refundedCents: 0, currency: 'USD', paidAt: addDays(now, -10), ...payment },
    subscription: { cycle: 'monthly', periodStart: addDays(now, -10), periodEnd: addDays(now, 20) },
    account: { status: 'active' },
    earlierRefunds: [],
    duplicateOf: null,
    now,
    ...rest,
  };
}

function earlier(refundedAt: Date, duplicate = false): RefundInput {
  return refundInput({ earlierRefunds: [{ refundedAt, duplicate }] });
}

describe('a refund quote', () => {
  it('gives back a monthly payment within thirty days, and not after', () => {
    expect(quoteRefund(policy, refundInput())).toMatchObject({ eligible: true, amountCents: 100_00, rule: 'monthly', approver: 'agent' });
    expect(quoteRefund(policy, refundInput({ payment: { paidAt: addDays(now, -30) } }))).toMatchObject({ eligible: true });
    expect(quoteRefund(policy, refundInput({ payment: { paidAt: addDays(now, -31) } }))).toMatchObject({
      eligible: false,
      amountCents: 0,
      rule: 'too_late',
      approver: null,
    });
  });

  it('gives back the unused whole days of an annual payment', () => {
    const input = refundInput({
      payment: { amountCents: 365_00 },
      subscription: { cycle: 'annual', periodStart: addDays(now, -10), periodEnd: addDays(now, 355) },
    });
    expect(quoteRefund(policy, input)).toMatchObject({ eligible: true, rule: 'annual_unused', amountCents: 355_00 });
  });

  it('never gives back more than was paid and not yet refunded', () => {
    expect(quoteRefund(policy, refundInput({ payment: { refundedCents: 99_99 } }))).toMatchObject({ amountCents: 1 });
    expect(quoteRefund(policy, refundInput({ payment: { refundedCents: 100_00 } }))).toMatchObject({ eligible: false, rule: 'already_refunded' });
    const annual = refundInput({
      payment: { refundedCents: 80_00 },
      subscription: { cycle: 'annual', periodStart: addDays(now, -10), periodEnd: addDays(now, 355) },
    });
    expect(quoteRefund(policy, annual)).toMatchObject({ amountCents: 20_00 });
  });

  it('always gives back a duplicate charge in full', () => {
    const input = refundInput({
      duplicateOf: 'pay_first',
      payment: { paidAt: addDays(now, -200), amountCents: 675_00 },
      account: { status: 'past_due' },
      earlierRefunds: [{ refundedAt: addDays(now, -5), duplicate: false }],
    });
    expect(quoteRefund(policy, input)).toMatchObject({ eligible: true, rule: 'duplicate', amountCents: 675_00, approver: 'lead' });
  });

  it.each(['past_due', 'suspended'] as const)('gives nothing back to an account that is %s', (status) => {
    expect(quoteRefund(policy, refundInput({ account: { status } }))).toMatchObject({ eligible: false, rule: status });
  });

  it('gives one refund per account in twelve months, not counting duplicates', () => {
    expect(quoteRefund(policy, earlier(addMonths(now, -11)))).toMatchObject({ eligible: false, rule: 'once_per_account' });
    expect(quoteRefund(policy, earlier(new Date(addMonths(now, -12).getTime() + 1)))).toMatchObject({ eligible: false });
    expect(quoteRefund(policy, earlier(addMonths(now, -12)))).toMatchObject({ eligible: true });
    expect(quoteRefund(policy, earlier(addMonths(now, -1), true))).toMatchObject({ eligible: true });
  });

  it.each(['failed', 'pending'] as const)('has nothing to give back for a payment that is %s', (status) => {
    expect(quoteRefund(policy, refundInput({ payment: { status } }))).toMatchObject({ eligible: false, rule: 'not_paid' });
  });

  it.each([
    [500_00, 'agent'],
    [500_01, 'lead'],
    [1_000_00, 'lead'],
    [1_000_01, 'manager'],
    [5_000_00, 'manager'],
    [5_000_01, 'executive'],
  ])('of %i cents is for the %s to pay out', (amountCents, approver) => {
    expect(quoteRefund(policy, refundInput({ payment: { amountCents } }))).toMatchObject({ approver });
  });
});

describe('duplicate charges', () => {
  const first = { id: 'a', invoiceId: 'i', status: 'succeeded', createdAt: now, amountCents: 10, refundedCents: 0, refundedAt: null } as const;
  const second = { ...first, id: 'b', createdAt: new Date(now.getTime() + 1) } as const;

  it('names the later of two payments of one invoice', () => {
    expect(duplicateOf(second, [second, first])).toBe('a');
    expect(duplicateOf(first, [second, first])).toBeNull();
    expect(duplicateOf({ ...second, createdAt: now }, [first, second])).toBe('a');
  });

  it('sees none in a failed first try, another invoice or another amount', () => {
    expect(duplicateOf(second, [{ ...first, status: 'failed' }, second])).toBeNull();
    expect(duplicateOf(second, [{ ...first, invoiceId: 'other' }, second])).toBeNull();
    expect(duplicateOf(second, [{ ...first, amountCents: 11 }, second])).toBeNull();
    expect(duplicateOf(second, [{ ...first, status: 'refunded', refundedCents: 10 }, second])).toBeNull();
    expect(duplicateOf({ ...second, invoiceId: null }, [{ ...first, invoiceId: null }])).toBeNull();
  });

  it('tells refunds of duplicates from refunds of the rule', () => {
    const back = { status: 'refunded', refundedCents: 10, refundedAt: now } as const;
    expect(earlierRefundsOf([first, { ...second, ...back }])).toEqual([{ refundedAt: now, duplicate: true }]);
    expect(earlierRefundsOf([{ ...first, ...back }])).toEqual([{ refundedAt: now, duplicate: false }]);
    expect(earlierRefundsOf([first])).toEqual([]);
  });
});
