/** The order of what was found: each part pulls its way, votes count by what they prove. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helpfulness, rankScore, RANK_WEIGHTS, recency, wilsonLowerBound, type Ranked } from '../../src/knowledge/rank.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * 86_400_000);
const article: Ranked = { similarity: 0.5, quality: 0.8, helpful: 3, notHelpful: 3, reviewedAt: daysAgo(90) };
const score = (change: Partial<Ranked>): number => rankScore({ ...article, ...change }, NOW);

describe('the rank of an article', () => {
  it('weighs similarity by half, quality by a fifth, recency and helpfulness by the rest', () => {
    expect(RANK_WEIGHTS).toEqual({ similarity: 0.5, quality: 0.2, recency: 0.15, helpfulness: 0.15 });
    expect(score({ similarity: 0.9 }) - score({ similarity: 0.5 })).toBeCloseTo(0.2);
    expect(score({ quality: 1 }) - score({ quality: 0.5 })).toBeCloseTo(0.1);
    expect(score({ reviewedAt: NOW }) - score({ reviewedAt: daysAgo(180) })).toBeCloseTo(0.075);
  });

  it('halves the recency every 180 days and never counts the future', () => {
    expect([0, 180, 360].map((days) => recency(daysAgo(days), NOW))).toEqual([1, 0.5, 0.25]);
    expect(recency(daysAgo(-30), NOW)).toBe(1);
  });

  it('trusts many votes more than few of the same share', () => {
    expect(wilsonLowerBound(90, 100)).toBeCloseTo(0.826, 3);
    expect(wilsonLowerBound(9, 10)).toBeCloseTo(0.596, 3);
    expect(wilsonLowerBound(0, 0)).toBe(0);
  });

  it('rises with each helpful vote, falls with each other one, and stays between 0 and 1', () => {
    const votes = fc.nat(2_000);
    fc.assert(
      fc.property(votes, votes, (yes, no) => {
        expect(helpfulness(yes + 1, no)).toBeGreaterThan(helpfulness(yes, no));
        expect(helpfulness(yes, no + 1)).toBeLessThan(helpfulness(yes, no));
        expect(helpfulness(yes, no)).toBeGreaterThanOrEqual(0);
        expect(helpfulness(yes, no)).toBeLessThan(1);
      }),
    );
  });
});
