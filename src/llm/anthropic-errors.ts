/**
 * Says what a failed call of the Messages API means: which refusal callers see, and whether asking again may help. Waits for
 * nothing and retries nothing itself.
 */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { AppError } from '../foundation/errors.ts';

export interface Failure {
  readonly error: AppError;
  /** True when the same request, unchanged, may succeed soon. */
  readonly again: boolean;
  /** How long the API asked us to wait, in milliseconds; null when it did not say. */
  readonly afterMs: number | null;
}

/** What this error means; null for what no model or network did: a bug, to be thrown as it is. */
export function explainFailure(error: unknown, now: Date): Failure | null {
  if (error instanceof AppError) return { error, again: error.code === 'MODEL_OVERLOADED', afterMs: error.retryAfterMs ?? null };
  if (error instanceof APIConnectionTimeoutError) return overloaded('The language model did not answer in time.', error);
  if (error instanceof APIConnectionError) return overloaded('The language model cannot be reached.', error);
  if (error instanceof APIError && typeof error.status === 'number') return explainStatus(error, error.status, now);
  if (isNetworkError(error)) return overloaded('The language model broke off in the middle of its answer.', error);
  return null;
}

function explainStatus(error: APIError, status: number, now: Date): Failure {
  const headers = error.headers;
  if (status === 401 || status === 403) return lasting('UNAVAILABLE', 'The language model refused our key.', error);
  if (status === 402) return lasting('UNAVAILABLE', 'The language model is not paid for.', error);
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    const afterMs = retryAfterMs(headers?.get('retry-after-ms') ?? null, headers?.get('retry-after') ?? null, now);
    const failure = overloaded('The language model is overloaded at the moment.', error, afterMs);
    return headers?.get('x-should-retry') === 'false' ? { ...failure, again: false } : failure;
  }
  return lasting('INTERNAL', 'The language model did not accept the request.', error);
}

function overloaded(sentence: string, cause: unknown, afterMs: number | null = null): Failure {
  const error = new AppError('MODEL_OVERLOADED', sentence, { cause, ...(afterMs === null ? {} : { retryAfterMs: afterMs }) });
  return { error, again: true, afterMs };
}

function lasting(code: 'UNAVAILABLE' | 'INTERNAL', sentence: string, cause: unknown): Failure {
  return { error: new AppError(code, sentence, { cause, retryable: false }), again: false, afterMs: null };
}

/** Seconds or an HTTP date, as RFC 9110 has it; the header in milliseconds is the API's own. */
function retryAfterMs(inMs: string | null, header: string | null, now: Date): number | null {
  if (inMs !== null && /^\d+(\.\d+)?$/.test(inMs)) return Math.ceil(Number(inMs));
  if (header === null) return null;
  if (/^\d+(\.\d+)?$/.test(header)) return Math.ceil(Number(header) * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

/** Errors of sockets and of undici carry a code in capitals (`ECONNRESET`, `UND_ERR_SOCKET`); ours do not. */
function isNetworkError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[A-Z][A-Z_0-9]+$/.test(error.code);
}
