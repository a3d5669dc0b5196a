/**
 * The HTTP door: Yoga reads the request and negotiates the answer, the shared pipeline does the work, and the status follows from the
 * error's code (GraphQL over HTTP). Subscriptions leave as server-sent events. Knows no pages, no health and no sockets.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { AppError, badInput, type ErrorCode } from '../foundation/errors.ts';
import type { Arrivals } from './arrivals.ts';
import { coded, refusal, RequestRefused, type Errors } from './errors.ts';
import { namesOperation, type Documents, type SentOperation } from './documents.ts';
import { labelOf, type Call, type Operations } from './operations.ts';
import { setRateHeaders, withRate } from './rate-answer.ts';
import type { Rate } from './rate-limiter.ts';
import { writeEvents } from './sse.ts';
import type { Standing } from './standing.ts';
import type { Turnstile } from './turnstile.ts';

export interface HttpDoorDeps {
  readonly operations: Operations;
  readonly documents: Documents;
  readonly arrivals: Arrivals;
  readonly turnstile: Turnstile;
  readonly errors: Errors;
  readonly bodyBytesMax: number;
}

/** One request: how to learn who calls (once its body is read), and where a stream goes on. */
export interface Exchange {
  readonly requestId: string;
  readonly signal: AbortSignal;
  open(): Promise<Call>;
  /** Asks from now on whether the credential still holds: for what outlasts an answer. Null for nobody. */
  watch(): Standing | null;
  /** Called when the answer is a stream: it is cut when the credential expires. */
  endWithCredential(): void;
}

export interface HttpDoor {
  /** Answers the request; resolves when the response has ended. */
  handle(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void>;
}

interface DoorContext {
  readonly exchange: Exchange;
  readonly after: string | undefined;
  /** Set when the answer is a stream of events, which this door writes itself. */
  stream: AsyncIterable<ExecutionResult> | null;
  /** Where the caller stands, once the operation was counted. */
  rate: Rate | null;
}

/** Yoga checks the types of the others. */
type Params = Omit<SentOperation, 'operationName'> & { readonly operationName?: unknown };

type Payload = Parameters<NonNullable<Plugin['onResultProcess']>>[0];

/** What each code means to HTTP when there is no data at all; 400 for the others. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  OPERATION_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  OPERATION_NOT_FOUND: 404,
  CONFLICT: 409,
  ALREADY_CLAIMED: 409,
  NOT_CLAIMED: 409,
  RUN_ACTIVE: 409,
  CONVERSATION_CLOSED: 409,
  APPROVAL_EXPIRED: 410,
  RATE_LIMITED: 429,
  QUOTA_REACHED: 429,
  SUBSCRIPTION_LIMIT: 429,
  MODEL_OVERLOADED: 503,
  UNAVAILABLE: 503,
  INTERNAL: 500,
};
/** Faults of the document itself: 200 for clients that only know application/json, as the specification asks. */
const SPEC_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_INPUT', 'OPERATION_TOO_COMPLEX']);

const NOT_ACCEPTABLE = 'Accept application/graphql-response+json or application/json; for a subscription text/event-stream, or use a WebSocket.';

export function createHttpDoor({ operations, documents, arrivals, turnstile, errors, bodyBytesMax }: HttpDoorDeps): HttpDoor {
  const answer = async (params: Params, request: Request, context: DoorContext): Promise<ExecutionResult | AsyncIterable<ExecutionResult>> => {
    const { exchange } = context;
    try {
      const opened = await exchange.open();
      const { operationName = null } = params;
      if (operationName !== null && typeof operationName !== 'string') return { errors: [statused(refusal(badInput('operationName', 'must be text.')), 400)] };
      const { prepared, rate } = await turnstile.enter({ viewer: opened.viewer, address: opened.origin?.address ?? null }, async () => ({
        prepared: await documents.prepare(opened.viewer, { ...params, operationName }),
        signal: exchange.signal,
      }));
      context.rate = rate;
      if (request.method === 'GET' && prepared.operation.operation === 'mutation') return { errors: [notByGet()] };
      const call = prepared.operation.operation === 'subscription' ? { ...opened, standing: exchange.watch() } : opened;
      const startedMs = performance.now();
      const result = await operations.run(prepared, call, context.after);
      call.log.debug({ ...labelOf(prepared), ms: Math.round(performance.now() - startedMs) }, 'operation answered over HTTP');
      if (isStream(result)) arrivals.began(prepared, call);
      if (isStream(result)) return result;
      const answered = 'data' in result ? result : { errors: withStatus(result.errors ?? []) };
      return rate ? withRate(answered, rate) : answered;
    } catch (error) {
      if (error instanceof RequestRefused) context.rate = error.rate;
      return { errors: withStatus(error instanceof RequestRefused ? error.errors : [errors.present(error, exchange.requestId)]) };
    }
  };

  // Yoga hands our context to its hooks without its type; what is looked up here has one.
  const contexts = new WeakMap<object, DoorContext>();
  const contextOf = (given: object): DoorContext => {
    const context = contexts.get(given);
    if (!context) throw new Error('a request without its context');
    return context;
  };

  const yoga: YogaServerInstance<DoorContext, object> = createYoga<DoorContext>({
    graphqlEndpoint: '/graphql',
    logging: false,
    // Errors are presented by the pipeline and in onResultProcess; Yoga's own masking would hide our codes.
    maskedErrors: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    batching: false,
    multipart: false,
    parserAndValidationCache: false,
    maxRequestBodySize: bodyBytesMax,
    extraParamNames: ['documentId'],
    plugins: [
      {
        onParams({ context, request, params, setParams, setParamsHandler }) {
          // Yoga reads no documentId of a GET, and asks for a document where an id stands in its place.
          const documentId = request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : documentIdOf(params);
          const sent = { ...params, documentId };
          if (params.query === undefined && namesOperation(sent)) setParams({ ...params, query: '' });
          setParamsHandler((handled) => answer({ ...handled.params, documentId }, handled.request, contextOf(context)));
        },
        onResultProcess: (payload) => processResult(payload, contextOf(payload.serverContext), errors),
      },
    ],
  });

  return Object.freeze({
    async handle(request: IncomingMessage, response: ServerResponse, exchange: Exchange) {
      const type = request.headers['content-type'];
      // Only JSON: what a plain HTML form can send is refused, so no foreign page can make a browser ask on somebody's behalf.
      if (request.method === 'POST' && !/^application\/(?:graphql\+)?json *(?:;|$)/i.test(type ?? '')) {
        return writeErrors(response, type === undefined ? 400 : 415, [
          refusal(new AppError('BAD_INPUT', 'Send the operation as JSON: content-type: application/json.')),
        ]);
      }
      const context: DoorContext = { exchange, after: lastEventId(request), stream: null, rate: null };
      contexts.set(context, context);
      const answered = await yoga.handleNodeRequestAndResponse(request, response, context);
      if (response.destroyed) return;
      if (context.rate) setRateHeaders(response, context.rate);
      if (context.stream) exchange.endWithCredential();
      if (context.stream) return writeEvents(response, answered.status, context.stream, exchange.signal);
      const body = await answered.text();
      if (answered.status === 406) return writeErrors(response, 406, [refusal(new AppError('BAD_INPUT', NOT_ACCEPTABLE))]);
      response.setHeader('Cache-Control', 'no-store');
      for (const [name, value] of answered.headers) response.setHeader(name, value);
      response.writeHead(answered.status).end(body);
    },
  });
}

/** An answer outside the pipeline, in GraphQL's form all the same. */
export function writeErrors(response: ServerResponse, status: number, errors: readonly GraphQLError[]): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify({ errors }));
}

/** Yoga's last hook: streams become server-sent events, and its own refusals get our codes. */
function processResult({ request, result, setResult, setResultProcessor }: Payload, context: DoorContext, errors: Errors): void {
  const accepted = (request.headers.get('accept') ?? '*/*').toLowerCase();
  const wantsEvents = accepted.includes('text/event-stream');
  const wantsJson = /json|\*\/\*|application\/\*/.test(accepted);
  if (isStream(result)) {
    if (wantsEvents || accepted.includes('*/*')) return toEvents(result, 200);
    // Yoga answers 406 when nobody takes the result on.
    return void Promise.resolve(result[Symbol.asyncIterator]().return?.()).catch(() => undefined);
  }
  if (Array.isArray(result)) return;
  const own = result.errors?.map((error) =>
    error instanceof GraphQLError && 'retryable' in error.extensions ? error : ofYoga(error, errors, context.exchange.requestId),
  );
  const mapped: ExecutionResult = own ? { ...result, errors: own } : result;
  if (wantsEvents && !wantsJson) return toEvents(only(mapped), own && !('data' in result) && !result.errors?.every(isFinal) ? statusOf(own) : 200);
  if (own) setResult(mapped);

  function toEvents(stream: AsyncIterable<ExecutionResult>, status: number): void {
    context.stream = stream;
    setResultProcessor((_result, fetchAPI) => new fetchAPI.Response(null, { status }), 'text/event-stream');
  }
}

/**
 * GraphQL over SSE tells what is wrong with an operation in an accepted stream: with another status its readers see nothing but a
 * connection that failed, and graphql-sse's client opens it again. What another try may help, also one with a fresh credential, keeps
 * its status, and so does a request that is none.
 */
function isFinal({ extensions }: { readonly extensions?: Readonly<Record<string, unknown>> }): boolean {
  return extensions?.['retryable'] === false && extensions['code'] !== 'UNAUTHENTICATED';
}

/** Yoga refused the request before it reached the pipeline: its sentence and status stay, the code becomes one of ours. */
function ofYoga(error: unknown, errors: Errors, requestId: string): GraphQLError {
  if (!(error instanceof GraphQLError)) return errors.present(error, requestId);
  if (error.originalError instanceof SyntaxError) return statused(refusal(new AppError('BAD_INPUT', 'The variables or extensions are not valid JSON.')), 400);
  if (error.originalError) return withStatus([errors.present(error, requestId)])[0] ?? error;
  const { http } = error.extensions;
  const headers = typeof http === 'object' && http !== null && 'headers' in http ? { headers: http.headers } : {};
  const mapped = coded(error, 'BAD_INPUT');
  return new GraphQLError(mapped.message, { extensions: { ...mapped.extensions, http: { ...headers, status: statusOf([error]) } } });
}

function withStatus(errors: readonly GraphQLError[]): GraphQLError[] {
  return errors.map((error) => {
    const code = error.extensions['code'] as ErrorCode;
    return statused(error, STATUS[code] ?? 400, SPEC_CODES.has(code));
  });
}

function statused(error: GraphQLError, status: number, spec = false): GraphQLError {
  const { retryAfterMs } = error.extensions;
  const headers = {
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(typeof retryAfterMs === 'number' ? { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) } : {}),
  };
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions: { ...error.extensions, http: { status, spec, headers } },
  });
}

function statusOf(errors: readonly GraphQLError[]): number {
  return Math.max(
    ...errors.map(({ extensions: { http } }) =>
      typeof http === 'object' && http !== null && 'status' in http && typeof http.status === 'number' ? http.status : 400,
    ),
  );
}

/** Yoga's parameters are the body as it came, its other fields included. */
function documentIdOf(params: object): unknown {
  return 'documentId' in params ? params.documentId : null;
}

function notByGet(): GraphQLError {
  return new GraphQLError('A mutation cannot be sent with GET: use POST.', {
    extensions: { code: 'BAD_INPUT', retryable: false, http: { status: 405, headers: { Allow: 'POST' } } },
  });
}

function lastEventId(request: IncomingMessage): string | undefined {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}

async function* only(result: ExecutionResult): AsyncIterable<ExecutionResult> {
  yield result;
}

function isStream<T>(result: T): result is Extract<T, AsyncIterable<unknown>> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}
