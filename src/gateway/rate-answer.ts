/**
 * How callers are told where they stand: the headers of HTTP (the IETF draft's two and the older ones of each window) and what
 * `extensions.rateLimit` says on answers and refusals of every door.
 */
import type { ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { AppError } from '../foundation/errors.ts';
import { refusal } from './errors.ts';
import { tightest, type Rate, type Standing } from './rate-limiter.ts';
import { RATE_TIERS, RATE_WINDOWS, WINDOW_S, type RateTier } from './rate-tiers.ts';

/** What pages of other origins may read. */
export const RATE_HEADERS = ['RateLimit', 'RateLimit-Policy', ...RATE_WINDOWS.flatMap((window) => olderNames(window)), 'X-RateLimit-Tier'];

export function setRateHeaders(response: ServerResponse, { tier, standings }: Rate): void {
  response.setHeader('RateLimit-Policy', RATE_WINDOWS.map((window) => `"${window}";q=${RATE_TIERS[tier][window]};w=${WINDOW_S[window]}`).join(', '));
  response.setHeader('RateLimit', standings.map((one) => `"${one.window}";r=${one.remaining};t=${seconds(one)}`).join(', '));
  response.setHeader('X-RateLimit-Tier', tier);
  for (const one of standings) {
    const values = [one.limit, one.remaining, seconds(one)];
    for (const [at, name] of olderNames(one.window).entries()) response.setHeader(name, String(values[at]));
  }
}

/** The result of a query or a mutation, with where its caller stands. */
export function withRate(result: ExecutionResult, rate: Rate): ExecutionResult {
  return { ...result, extensions: { ...result.extensions, ...extensionOf(rate) } };
}

export function rateRefusal(rate: Rate): GraphQLError {
  const { window, limit, resetMs } = tightest(rate);
  const sentence = `You have used the ${limit.toLocaleString('en')} points a ${window} that you have. Try again in ${Math.ceil(resetMs / 1_000)} s.`;
  const { message, extensions } = refusal(new AppError('RATE_LIMITED', sentence, { retryAfterMs: Math.ceil(resetMs) }));
  return new GraphQLError(message, { extensions: { ...extensions, ...extensionOf(rate) } });
}

/** For what would not fit into a whole minute: waiting does not help. */
export function assertFits(tier: RateTier, cost: number): void {
  const { minute } = RATE_TIERS[tier];
  if (cost > minute) throw new AppError('OPERATION_TOO_COMPLEX', `This operation counts ${cost} points and you have ${minute} a minute: send less at once.`);
}

function extensionOf(rate: Rate): { readonly rateLimit: object } {
  const { limit, remaining, resetMs } = tightest(rate);
  return { rateLimit: { limit, remaining, resetMs, cost: rate.cost } };
}

function olderNames(window: Standing['window']): readonly [limit: string, remaining: string, reset: string] {
  const suffix = window === 'minute' ? '' : window === 'hour' ? '-Hour' : '-Day';
  return [`X-RateLimit-Limit${suffix}`, `X-RateLimit-Remaining${suffix}`, `X-RateLimit-Reset${suffix}`];
}

function seconds({ resetMs }: Standing): number {
  return Math.ceil(resetMs / 1_000);
}
