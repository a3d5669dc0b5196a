/**
 * What went wrong, for a program and for a person: the server's code and sentence, and whether the same request may succeed later.
 * What never reached the server has the code UNAVAILABLE. Decides nothing.
 */

/** A code of the server's closed list, or one the client does not know yet. */
export type ParleyErrorCode = string;

export interface ParleyErrorOptions {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** A refusal of the server, or the network's. `message` is one sentence that a customer may read. */
export class ParleyError extends Error {
  readonly code: ParleyErrorCode;
  /** True when the same request may succeed later, unchanged. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that, where the server knows. */
  readonly retryAfterMs: number | null;

  constructor(code: ParleyErrorCode, message: string, options: ParleyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ParleyError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Codes of requests that did nothing because the server had no room or was away. */
const TRANSIENT: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RATE_LIMITED']);

/** True when waiting and asking again is all there is to do. */
export function isTransient(error: unknown): error is ParleyError {
  return error instanceof ParleyError && TRANSIENT.has(error.code);
}

/** The first of the errors that an operation was answered with. */
export function refusalOf(errors: readonly unknown[]): ParleyError {
  const first = errors[0];
  if (!isRecord(first)) return new ParleyError('INTERNAL', 'The server refused without a reason.');
  const extensions = isRecord(first['extensions']) ? first['extensions'] : {};
  const { code, retryable, retryAfterMs } = extensions;
  return new ParleyError(typeof code === 'string' ? code : 'INTERNAL', typeof first['message'] === 'string' ? first['message'] : 'Something went wrong.', {
    retryable: retryable === true,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : null,
  });
}

/** Why a subscription ended without the server refusing it: its socket was closed for good, or could not be had. */
export function closedBy(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  const code = isRecord(cause) ? cause['code'] : null;
  if (code === 4401) return new ParleyError('UNAUTHENTICATED', 'The server does not know this token.', { cause });
  return new ParleyError('UNAVAILABLE', 'The live connection was closed.', { retryable: true, cause });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
