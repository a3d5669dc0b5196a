/**
 * The one pipeline of every door: text to checked operation, operation to result or stream, every error presented. HTTP, SSE and
 * WebSocket differ only in how bytes arrive and leave. Documents and their validation are cached; limits are measured each time,
 * because variables set the sizes of lists.
 */
import {
  execute,
  getOperationAST,
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  ValuesOfCorrectTypeRule,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { NotShareable, wasAskedWho } from '../desk/authorization-class.ts';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Viewer } from '../store/viewer.ts';
import type { Origin } from './client-address.ts';
import { argumentField, coded, refusal, RequestRefused, type Errors } from './errors.ts';
import { assertWithinLimits, measureOperation, type Measure, type OperationLimits } from './operation-limits.ts';
import { pointsOf } from './rate-tiers.ts';
import { startAfter } from './start-after.ts';
import type { Standing } from './standing.ts';
import { openSource, openStream } from './stream.ts';

/** Who calls: what the schema's context is made of. */
export interface Call {
  readonly viewer: Viewer | null;
  readonly requestId: string;
  /** Aborts when the caller is gone or the operation was completed. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Whether the viewer still is who they were; left out for what has no credential. Asked before each item is delivered. */
  readonly standing?: Standing | null;
  readonly origin?: Origin;
}

/** Makes the schema's context. Called for each operation, and again for each item of a subscription: a cache in it lives no longer. */
export type ContextOf = (call: Call) => object;

export interface OperationParams {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  /** The registered operation whose document this is; null for a document of the caller's own. */
  readonly registered?: { readonly id: string; readonly name: string; readonly version: number } | null;
}

/** An operation that may run. */
export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What it counts against its caller's rate. */
  readonly points: number;
  /** The id of the registered operation it is; null for a document of the caller's own. */
  readonly registeredId: string | null;
}

export interface OperationsDeps {
  readonly schema: GraphQLSchema;
  readonly contextOf: ContextOf;
  readonly limits: OperationLimits;
  readonly errors: Errors;
  readonly clock: Clock;
}

export interface Operations {
  readonly schema: GraphQLSchema;
  /** Parses, limits and validates. @throws RequestRefused with presented errors. */
  prepare(params: OperationParams): Prepared;
  /** Runs it; never throws. A subscription that could not start is a result without data. @param after Where a stream goes on, over whatever its `after` says. */
  run(prepared: Prepared, call: Call, after?: string): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;
  /**
   * Starts a subscription without executing its items, for who executes an item once for many.
   * @throws NotShareable when the caller stands for a class, and who they are makes a difference; nothing else.
   */
  open(prepared: Prepared, call: Call, after?: string): Promise<ExecutionResult | OpenedSubscription>;
}

/** A subscription whose items are executed by whoever reads them. */
export interface OpenedSubscription {
  readonly items: AsyncIterator<unknown>;
  /** What one item says to this caller, presented. @throws NotShareable as `open` does; nothing else. */
  execute(item: unknown, caller: Call): Promise<ExecutionResult>;
  failed(error: unknown): GraphQLError;
  /** The schema's context, fresh. */
  contextOf(caller: Call): object;
}

const CACHE_ENTRIES_MAX = 1_000;
const REGISTERED_ENTRIES_MAX = 2_000;
/** Longer documents are rare and would make the cache heavy. */
const CACHED_CHARS_MAX = 20_000;
const VALIDATION_ERRORS_MAX = 20;

type Checked = { readonly document: DocumentNode; readonly refused: readonly GraphQLError[] };

export function createOperations(deps: OperationsDeps): Operations {
  const { schema, contextOf, limits, errors } = deps;
  const cache = createCheckedCache(CACHE_ENTRIES_MAX);
  // A cache of their own: whatever is sent besides never pushes out what is registered.
  const registeredCache = createCheckedCache(REGISTERED_ENTRIES_MAX);
  const rules = specifiedRules.filter((rule) => rule !== ValuesOfCorrectTypeRule);

  const check = (query: string, registered: boolean): Checked => {
    const known = registeredCache.get(query) ?? cache.get(query);
    if (known && !registered) return known;
    const checked = known ?? parseAndValidate(query);
    if (registered) registeredCache.set(query, checked);
    else if (query.length <= CACHED_CHARS_MAX) cache.set(query, checked);
    return checked;
  };

  const parseAndValidate = (query: string): Checked => {
    const document = parseWithin(query, limits.operationTokensMax);
    return { document, refused: refusalsOf(schema, document, rules) };
  };

  return Object.freeze({
    schema,
    prepare({ query, operationName = null, variables, registered = null }: OperationParams): Prepared {
      const { document, refused } = check(query, registered !== null);
      const operation = getOperationAST(document, operationName);
      const measure = operation ? measureWithin(schema, document, operation, variables ?? {}, limits) : null;
      if (refused.length > 0) throw new RequestRefused(registered ? refused.map((error) => outdated(error, registered)) : refused);
      if (!operation || !measure) throw new RequestRefused([noOperation(operationName)]);
      const points = pointsOf(operation.operation, measure);
      return { document, operation, operationName, variables: variables ?? {}, points, registeredId: registered?.id ?? null };
    },

    async run(prepared: Prepared, call: Call, after?: string) {
      const { argsOf, present, failed } = argumentsOf(prepared, call, after);
      try {
        if (prepared.operation.operation !== 'subscription') return present(await execute(argsOf()));
        return await openStream({ argsOf, present, signal: call.signal, standing: call.standing ?? null, clock: deps.clock, failed });
      } catch (error) {
        return { errors: [failed(error)] };
      }
    },

    async open(prepared: Prepared, call: Call, after?: string): Promise<ExecutionResult | OpenedSubscription> {
      const { argsOf, present, failed } = argumentsOf(prepared, call, after);
      try {
        const items = await openSource({ argsOf, present: (result) => result });
        if ('next' in items) {
          if (!call.viewer || !wasAskedWho(call.viewer)) return { items, failed, contextOf, execute: (item, caller) => executeItem(prepared, item, caller) };
          void items.return?.();
          throw new NotShareable();
        }
        assertShareable(items, call);
        return present(items);
      } catch (error) {
        if (error instanceof NotShareable) throw error;
        return { errors: [failed(error)] };
      }
    },
  });

  async function executeItem(prepared: Prepared, item: unknown, caller: Call): Promise<ExecutionResult> {
    const { argsOf, present, failed } = argumentsOf(prepared, caller, undefined);
    try {
      const result = await execute({ ...argsOf(), rootValue: item });
      assertShareable(result, caller);
      return present(result);
    } catch (error) {
      if (error instanceof NotShareable) throw error;
      return { errors: [failed(error)] };
    }
  }

  function argumentsOf(prepared: Prepared, call: Call, after: string | undefined) {
    // Work that was cut off fails in many ways, and nobody is left to read which: that is no fault to report.
    const failed = (error: unknown) =>
      call.signal.aborted ? refusal(new AppError('UNAVAILABLE', 'The request was cancelled.')) : errors.present(error, call.requestId);
    const present = (result: ExecutionResult): ExecutionResult => (result.errors ? { ...result, errors: result.errors.map(failed) } : result);
    const document = after === undefined ? prepared.document : startAfter(schema, prepared.document, after);
    const argsOf = (): ExecutionArgs => ({
      schema,
      document,
      operationName: prepared.operationName,
      variableValues: prepared.variables,
      contextValue: contextOf(call),
    });
    return { argsOf, present, failed };
  }
}

interface CheckedCache {
  get(query: string): Checked | undefined;
  set(query: string, checked: Checked): void;
}

/** Keeps what was used last. */
function createCheckedCache(entriesMax: number): CheckedCache {
  const entries = new Map<string, Checked>();
  const set = (query: string, checked: Checked): void => {
    entries.delete(query);
    entries.set(query, checked);
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break;
      entries.delete(oldest);
    }
  };
  return {
    get(query) {
      const known = entries.get(query);
      if (known) set(query, known);
      return known;
    },
    set,
  };
}

/** It was valid when it was registered: the schema has changed since. */
function outdated(error: GraphQLError, { name, version }: { readonly name: string; readonly version: number }): GraphQLError {
  const message = `The registered operation "${name}" (version ${version}) no longer fits the schema: ${error.message} Register it anew.`;
  const { nodes = null, source = null, positions = null } = error;
  const told = new GraphQLError(message, { nodes, source, positions });
  return coded(told, 'GRAPHQL_VALIDATION_FAILED');
}

/** @throws NotShareable when who the caller is made a difference, whether the resolver that asked told or not. */
function assertShareable(result: ExecutionResult, { viewer }: Call): void {
  if (viewer && wasAskedWho(viewer)) throw new NotShareable();
  if (result.errors?.some((error) => error.originalError instanceof NotShareable)) throw new NotShareable();
}

function parseWithin(query: string, maxTokens: number): DocumentNode {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (!/more tha[nt] \d+ tokens/.test(error.message)) throw new RequestRefused([coded(error, 'GRAPHQL_PARSE_FAILED')]);
    throw new RequestRefused([refusal(new AppError('OPERATION_TOO_COMPLEX', `This operation asks for too much: it has more than ${maxTokens} tokens.`))]);
  }
}

/**
 * Values that do not fit their types are the caller's input, written as a literal: BAD_INPUT with the field, as for variables. They
 * are looked for only in a document that is valid otherwise.
 */
function refusalsOf(schema: GraphQLSchema, document: DocumentNode, rules: typeof specifiedRules): readonly GraphQLError[] {
  const options = { maxErrors: VALIDATION_ERRORS_MAX };
  const invalid = validate(schema, document, rules, options);
  if (invalid.length > 0) return invalid.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
  return validate(schema, document, [ValuesOfCorrectTypeRule], options).map((error) => {
    const field = argumentField(document, error);
    return coded(error, field ? 'BAD_INPUT' : 'GRAPHQL_VALIDATION_FAILED', field);
  });
}

function measureWithin(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  limits: OperationLimits,
): Measure {
  try {
    const measure = measureOperation(schema, document, operation, variables);
    assertWithinLimits(measure, limits);
    return measure;
  } catch (error) {
    throw error instanceof AppError ? new RequestRefused([refusal(error)]) : error;
  }
}

function noOperation(operationName: string | null): GraphQLError {
  const sentence =
    operationName === null ? 'The document has several operations: say which with operationName.' : `The document has no operation named "${operationName}".`;
  return new GraphQLError(sentence, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false } });
}

/** `query`, `mutation` or `subscription`, and the name the client gave it; for logs. */
export function labelOf({ operation }: Prepared): { readonly operation: string; readonly operationName: string | undefined } {
  return { operation: operation.operation, operationName: operation.name?.value };
}
