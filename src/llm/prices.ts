/**
 * What each family of Claude models costs, and the exact cost of one answer. Prices are the published list prices in US dollars
 * per million tokens, cache writes at the five-minute rate. Knows no discounts, no batches and no other vendors.
 */
import { formatMicros, type LlmUsage } from './llm.ts';

/** US dollars per million tokens, which is the same number as millionths of a dollar per token. */
interface Price {
  readonly input: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
  readonly output: number;
  /** Where a family charges more for long prompts: the prompt tokens (cached ones included) from which all prices are multiplied. */
  readonly long?: { readonly promptTokensAbove: number; readonly times: number };
}

/** The first prefix that fits wins, so longer names stand before shorter ones. */
const PRICES: readonly (readonly [prefix: string, price: Price])[] = [
  ['claude-haiku-5-5', { input: 0.1, cacheWrite: 0.125, cacheRead: 0.01, output: 0.5, long: { promptTokensAbove: 100_000, times: 5 } }],
  ['claude-haiku-4-5', { input: 1, cacheWrite: 1.25, cacheRead: 0.1, output: 5 }],
  ['claude-3-5-haiku', { input: 0.8, cacheWrite: 1, cacheRead: 0.08, output: 4 }],
  ['claude-sonnet-5-5', { input: 2, cacheWrite: 2.5, cacheRead: 0.1, output: 10 }],
  ['claude-sonnet-5', { input: 2, cacheWrite: 2.5, cacheRead: 0.2, output: 10 }],
  ['claude-sonnet-4', { input: 3, cacheWrite: 3.75, cacheRead: 0.3, output: 15 }],
  ['claude-opus-5-5', { input: 4, cacheWrite: 5, cacheRead: 0.2, output: 20 }],
  ['claude-opus-5', { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 }],
  ['claude-opus-4-5', { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 }],
  ['claude-opus-4-6', { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 }],
  ['claude-opus-4-7', { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 }],
  ['claude-opus-4-8', { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 }],
  ['claude-fable-5-1', { input: 10, cacheWrite: 12.5, cacheRead: 0.25, output: 50 }],
  ['claude-opus-4', { input: 15, cacheWrite: 18.75, cacheRead: 1.5, output: 75 }],
];

/** For a model this table does not know: the dearest we know, so that a budget is never overspent unseen. */
const DEAREST: Price = { input: 15, cacheWrite: 18.75, cacheRead: 1.5, output: 75 };

export type TokenCounts = Omit<LlmUsage, 'cost'>;

/** What these tokens cost with this model: US dollars as decimal text, exact, rounded once to the millionth. */
export function costOf(model: string, tokens: TokenCounts): string {
  const price = PRICES.find(([prefix]) => model.startsWith(prefix))?.[1] ?? DEAREST;
  const billionths =
    times(tokens.inputTokens, price.input) +
    times(tokens.cacheWriteTokens, price.cacheWrite) +
    times(tokens.cacheReadTokens, price.cacheRead) +
    times(tokens.outputTokens, price.output);
  const promptTokens = tokens.inputTokens + tokens.cacheWriteTokens + tokens.cacheReadTokens;
  const factor = price.long && promptTokens > price.long.promptTokensAbove ? price.long.times : 1;
  return formatMicros((billionths * BigInt(factor) + 500n) / 1_000n);
}

/** Billionths of a dollar; every price above has at most three decimals, so nothing is lost. */
function times(tokens: number, price: number): bigint {
  return BigInt(tokens) * BigInt(Math.round(price * 1_000));
}
