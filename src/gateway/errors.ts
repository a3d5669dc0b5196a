/**
 * What an error may say to a client: refusals keep their code and sentence, GraphQL's own complaints get a code, everything else is
 * masked, logged with its stack and reported. Every door presents every error here. Decides no HTTP status; that is http.ts.
 */
import { GraphQLError, visit, type ArgumentNode, type DocumentNode, type ObjectFieldNode } from 'graphql';
import { AppError, ERROR_CODES, type ErrorCode } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Rate } from './rate-limiter.ts';

export interface ErrorsDeps {
  readonly log: Logger;
  /** Tells a database that is gone from a query that is wrong. */
  isDatabaseUnavailable(error: unknown): boolean;
  /** Where unexpected errors go besides the log. */
  captureException(error: unknown, context: { readonly requestId: string }): void;
}

export interface Errors {
  /** One error as a client may see it. @param error Anything thrown, or an error GraphQL made of it. */
  present(error: unknown, requestId: string): GraphQLError;
}

/** A request that was refused before it ran: its errors are presented as they are, without data. */
export class RequestRefused extends Error {
  readonly errors: readonly GraphQLError[];
  /** Where the caller stands, when it was counted. */
  readonly rate: Rate | null;
  constructor(errors: readonly GraphQLError[], rate: Rate | null = null) {
    super('the request was refused');
    this.name = 'RequestRefused';
    this.errors = errors;
    this.rate = rate;
  }
}

/** Milliseconds after which a client may try again when the database was gone. */
const DATABASE_RETRY_MS = 2_000;

export function createErrors({ log, isDatabaseUnavailable, captureException }: ErrorsDeps): Errors {
  return Object.freeze({
    present(error: unknown, requestId: string): GraphQLError {
      const cause = rootOf(error);
      if (cause instanceof AppError) return refusal(cause, error);
      if (isDatabaseUnavailable(cause)) {
        return refusal(new AppError('UNAVAILABLE', 'The database cannot be reached at the moment.', { retryAfterMs: DATABASE_RETRY_MS, cause }), error);
      }
      if (error instanceof GraphQLError && cause instanceof GraphQLError) {
        const known = codeOf(cause);
        if (known) return coded(error, known);
        // Without a path GraphQL complains about the request (a variable, a missing operation); with one about an argument, or about
        // what a resolver answered, which is our fault.
        const field = inputField(error.message);
        if (!error.path || field) return coded(error, 'BAD_INPUT', field);
      }
      log.error({ err: cause, requestId, path: error instanceof GraphQLError ? error.path?.join('.') : undefined }, 'operation failed unexpectedly');
      captureException(cause, { requestId });
      return rebuilt(`Something went wrong on our side. Quote ${requestId} to the support.`, error, { code: 'INTERNAL', retryable: true, requestId });
    },
  });
}

/** A GraphQL error with one of our codes, as validation and parsing make it. */
export function coded(error: GraphQLError, code: ErrorCode, field?: string): GraphQLError {
  return rebuilt(error.message, error, { code, retryable: false, ...(field ? { field } : {}) });
}

/** The refusal as a client sees it, at the place GraphQL noted. */
export function refusal(error: AppError, at?: unknown): GraphQLError {
  // A custom scalar's refusal arrives wrapped in GraphQL's own sentence, which names the variable.
  const field = error.field ?? (at instanceof GraphQLError ? inputField(at.message) : undefined);
  return rebuilt(error.message, at, {
    code: error.code,
    retryable: error.retryable,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(field ? { field } : {}),
  });
}

/** The dotted path of the argument a literal stands in: `input.text`. */
export function argumentField(document: DocumentNode, error: GraphQLError): string | undefined {
  const at = error.nodes?.[0]?.loc;
  if (!at) return undefined;
  const path: string[] = [];
  const around = (node: ArgumentNode | ObjectFieldNode): undefined => {
    if (node.loc && node.loc.start <= at.start && node.loc.end >= at.end) path.push(node.name.value);
  };
  visit(document, { Argument: around, ObjectField: around });
  return path.length > 0 ? path.join('.') : undefined;
}

/** What was thrown before GraphQL wrapped it, at any depth. */
function rootOf(error: unknown): unknown {
  let current = error;
  while (current instanceof GraphQLError && current.originalError) current = current.originalError;
  return current;
}

function codeOf(error: GraphQLError): ErrorCode | null {
  const code = error.extensions['code'];
  return ERROR_CODES.find((known) => known === code) ?? null;
}

/** GraphQL names the place in its sentence only: `Variable "$input" got invalid value … at "input.onBusy"; …`. */
function inputField(message: string): string | undefined {
  return /^Variable "\$\w+" got invalid value .* at "([^"]+)";/s.exec(message)?.[1] ?? /^(?:Variable "\$|Argument ")(\w+)"/.exec(message)?.[1];
}

function rebuilt(message: string, at: unknown, extensions: Record<string, unknown>): GraphQLError {
  const place = at instanceof GraphQLError ? at : null;
  return new GraphQLError(message, {
    nodes: place?.nodes ?? null,
    source: place?.source ?? null,
    positions: place?.positions ?? null,
    path: place?.path ?? null,
    extensions,
  });
}
