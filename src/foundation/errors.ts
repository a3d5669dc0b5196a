/**
 * The one closed list of refusals and the one error class that carries them. A refusal is something a caller did or must wait
 * for; a bug is never an AppError. Knows no GraphQL: the gateway turns these into `extensions`.
 */
export const ERROR_CODES = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_INPUT',
  'CONFLICT',
  'ALREADY_CLAIMED',
  'NOT_CLAIMED',
  'APPROVAL_EXPIRED',
  'CONVERSATION_CLOSED',
  'RUN_ACTIVE',
  'QUOTA_REACHED',
  'RATE_LIMITED',
  'OPERATION_NOT_FOUND',
  'OPERATION_NOT_ALLOWED',
  'OPERATION_TOO_COMPLEX',
  'SUBSCRIPTION_LIMIT',
  'MODEL_OVERLOADED',
  'MODEL_REFUSED',
  'BUDGET_EXCEEDED',
  'UNAVAILABLE',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes after which the same request may succeed later, unchanged. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['RATE_LIMITED', 'MODEL_OVERLOADED', 'UNAVAILABLE', 'INTERNAL', 'RUN_ACTIVE']);

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Overrides the code's default. */
  readonly retryable?: boolean;
  /** Milliseconds to wait before trying again, where that is known. */
  readonly retryAfterMs?: number;
  /** The input field at fault, as a dotted path (`input.text`). */
  readonly field?: string;
}

/** A refusal with a code from the closed list and one plain sentence that a customer may read. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
    this.retryAfterMs = options.retryAfterMs;
    this.field = options.field;
  }
}

/** The refusal of one input field: `BAD_INPUT` naming it. */
export function badInput(field: string, sentence: string, cause?: unknown): AppError {
  return new AppError('BAD_INPUT', `${field}: ${sentence}`, { field, cause });
}

/** The answer for what does not exist and for what somebody else owns: the two must not be told apart. */
export function notFound(noun: string): AppError {
  return new AppError('NOT_FOUND', `There is no such ${noun}.`);
}
