import { describe, expect, it } from 'vitest';
import { costOf } from '../../src/llm/prices.ts';

const tokens = (inputTokens: number, cacheWriteTokens: number, cacheReadTokens: number, outputTokens: number) => ({
  inputTokens,
  cacheWriteTokens,
  cacheReadTokens,
  outputTokens,
});

describe('the price of an answer', () => {
  it.each([
    ['claude-haiku-4-5', '7.35'],
    ['claude-haiku-4-5-20251001', '7.35'],
    ['claude-sonnet-4-5', '22.05'],
    ['claude-opus-4-5-20251101', '36.75'],
    ['claude-opus-4-1', '110.25'],
  ])('knows %s by its family', (model, dollars) => {
    expect(costOf(model, tokens(1_000_000, 1_000_000, 1_000_000, 1_000_000))).toBe(dollars);
  });

  it('takes an unknown model for the dearest known', () => {
    expect(costOf('somebody-elses-model', tokens(1_000_000, 0, 0, 1_000_000))).toBe('90');
  });

  it('charges long prompts more where the family does, cached tokens included', () => {
    expect(costOf('claude-haiku-5-5', tokens(50_000, 0, 50_000, 1_000))).toBe('0.006');
    expect(costOf('claude-haiku-5-5', tokens(50_001, 0, 50_000, 1_000))).toBe('0.030001');
  });

  it('is exact to the millionth and rounds once, at the end', () => {
    expect(costOf('claude-haiku-4-5', tokens(1, 0, 0, 0))).toBe('0.000001');
    expect(costOf('claude-haiku-4-5', tokens(0, 0, 4, 0))).toBe('0');
    expect(costOf('claude-haiku-4-5', tokens(0, 0, 5, 0))).toBe('0.000001');
    expect(costOf('claude-haiku-4-5', tokens(0, 1, 3, 0))).toBe('0.000002');
    expect(costOf('claude-haiku-4-5', tokens(0, 0, 0, 0))).toBe('0');
  });
});
