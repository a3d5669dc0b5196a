/**
 * The WebSocket door: graphql-ws keeps the protocol, the shared pipeline does the work. A bad operation is answered with `error`; only
 * a broken protocol, a bad credential (admission.ts), a reader far too slow (4410) or our own leaving (1012) closes a socket. How
 * bytes and message ids are handled is socket.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Context } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Logger } from '../foundation/logger.ts';
import type { Authenticate } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import { createAdmission } from './admission.ts';
import type { Arrivals } from './arrivals.ts';
import type { OriginOf } from './client-address.ts';
import { createDeparture } from './departure.ts';
import { refusal, RequestRefused, type Errors } from './errors.ts';
import { createFanOut } from './fan-out.ts';
import type { Identify } from './identify.ts';
import { namesOperation, type Documents, type SentOperation } from './documents.ts';
import { labelOf, type Call, type Operations, type Prepared } from './operations.ts';
import { withRate } from './rate-answer.ts';
import type { Rate } from './rate-limiter.ts';
import { connect, type Outlet, type Session } from './socket.ts';
import type { Turnstile } from './turnstile.ts';

export interface SocketLimits {
  readonly socketsPerViewer: number;
  readonly subscriptionsPerSocket: number;
  readonly operationsPerSocket: number;
  readonly frameBytesMax: number;
  /** How many sockets per second are sent away when we leave. */
  readonly drainSocketsPerS: number;
}

export interface WebSocketDoorDeps {
  readonly operations: Operations;
  readonly documents: Documents;
  readonly arrivals: Arrivals;
  readonly turnstile: Turnstile;
  readonly originOf: OriginOf;
  readonly errors: Errors;
  readonly authenticate: Authenticate;
  readonly identify: Identify;
  readonly revocation: Pick<Revocation, 'watch'>;
  readonly limits: SocketLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WebSocketDoor {
  /** Takes over an upgrade that may proceed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly sockets: number;
  /** Tells clients to move, and closes those that have not by and by within this time. */
  drain(withinMs: number): void;
  /** Tells every client to come back elsewhere; resolves when all are gone, at the latest after `limitMs`, or when the time of `drain` is over. */
  close(limitMs: number): Promise<void>;
}

interface Extra {
  readonly session: Session;
  readonly request: IncomingMessage;
}

/** An operation that may run. */
interface Started {
  readonly prepared: Prepared;
  readonly rate: Rate | null;
  readonly call: Call;
  readonly outlet: Outlet;
}

type SocketContext = Context<Record<string, unknown> | undefined, Extra>;

/** How long a client may take to say who it is. */
const INIT_MS = 3_000;

export function createWebSocketDoor(deps: WebSocketDoorDeps): WebSocketDoor {
  const { operations, limits, clock } = deps;
  const log = deps.log.child({ door: 'websocket' });
  const admission = createAdmission(deps);
  const fanOut = createFanOut({ operations, errors: deps.errors, clock });
  const prepare = createPreparation(deps);
  const started = new WeakMap<object, Started>();

  const server = makeServer<Record<string, unknown> | undefined, Extra>({
    connectionInitWaitTimeout: INIT_MS,
    onConnect: ({ connectionParams, extra: { session, request } }) => admission.admit(session, request, connectionParams),
    jsonMessageReviver: fillQuery,
    onSubscribe: ({ extra: { session } }: SocketContext, id, payload) => begin(session, id, payload),
    execute: (args: ExecutionArgs) => runStarted(args),
    subscribe: (args: ExecutionArgs) => runStarted(args),
    onError: (_ctx, _id, _payload, errors): readonly GraphQLFormattedError[] => errors.flatMap(unwrapped).map((error) => error.toJSON()),
  });

  async function begin(session: Session, id: string, payload: SentOperation): Promise<ExecutionArgs | GraphQLError[]> {
    const requestId = newId('req');
    const { viewer, origin } = session;
    try {
      const { prepared, signal, rate } = await deps.turnstile.enter({ viewer, address: origin.address }, () => prepare(session, id, payload));
      const standing = session.standing?.standing() ?? null;
      const call: Call = { viewer: session.viewer, requestId, signal, log: log.child({ requestId }), standing, origin };
      call.log.debug(labelOf(prepared), 'operation begins on a socket');
      const contextValue = {};
      started.set(contextValue, { prepared, rate, call, outlet: session.outlet(id) });
      // graphql-ws only reads these; runStarted runs what was prepared.
      return {
        schema: operations.schema,
        document: prepared.document,
        operationName: prepared.operationName,
        variableValues: prepared.variables,
        contextValue,
      };
    } catch (error) {
      return error instanceof RequestRefused ? [...error.errors] : [deps.errors.present(error, requestId)];
    }
  }

  async function runStarted({ contextValue }: ExecutionArgs): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
    const known = typeof contextValue === 'object' && contextValue !== null ? started.get(contextValue) : undefined;
    if (!known) throw new Error('an operation that was never prepared');
    const { prepared, rate, call, outlet } = known;
    const { standing } = call;
    if (standing?.held) await standing.confirmed();
    if (standing?.rights.aborted) return refusedStream([deps.errors.present(standing.rights.reason, call.requestId)]);
    const result = await (fanOut.subscribe(prepared, call, outlet) ?? operations.run(prepared, call));
    if (Symbol.asyncIterator in result) deps.arrivals.began(prepared, call);
    if (Symbol.asyncIterator in result) return result;
    if (!('data' in result)) return refusedStream(result.errors ?? []);
    // Items of subscriptions say nothing of rates: they are written once for many, and cost nothing.
    return rate ? withRate(result, rate) : result;
  }

  const wss = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: limits.frameBytesMax,
    // Tokens are tiny frames: compressing them costs memory per socket and gains nothing.
    perMessageDeflate: false,
    // A client of another protocol is let in and closed with 4406, which it can read, instead of a failed handshake, which it cannot.
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : ([...offered][0] ?? false)),
  });

  const sessions = new Set<Session>();
  const departure = createDeparture({
    sockets: wss.clients,
    tell(payload) {
      for (const session of sessions) session.ping(payload);
    },
    socketsPerS: limits.drainSocketsPerS,
    clock,
  });

  return Object.freeze({
    accept(request: IncomingMessage, socket: Duplex, head: Buffer) {
      wss.handleUpgrade(request, socket, head, (client: WebSocket) => {
        connect(client, request, { log, origin: deps.originOf(request) }, (transport, session) => {
          sessions.add(session);
          session.onClose(() => sessions.delete(session));
          return server.opened(transport, { session, request });
        });
      });
    },
    get sockets() {
      return wss.clients.size;
    },
    drain: departure.announce,
    async close(limitMs: number) {
      await departure.close(limitMs);
      wss.close();
    },
  });
}

/** Finds what was sent and gives it its place on the socket. Looking it up may wait for the database, so what a socket has there is counted too. */
function createPreparation({ documents, limits }: Pick<WebSocketDoorDeps, 'documents' | 'limits'>) {
  const looking = new WeakMap<Session, number>();

  async function lookUp(session: Session, payload: SentOperation): Promise<Prepared> {
    const waiting = looking.get(session) ?? 0;
    if (waiting >= limits.subscriptionsPerSocket + limits.operationsPerSocket)
      throw new AppError('SUBSCRIPTION_LIMIT', 'Too many operations of this socket are being looked up. Wait for one to begin.');
    looking.set(session, waiting + 1);
    try {
      return await documents.prepare(session.viewer, payload);
    } finally {
      looking.set(session, (looking.get(session) ?? 1) - 1);
    }
  }

  /** The place is held from here on: who completes it while it is being counted has completed it. */
  return async function prepare(session: Session, id: string, payload: SentOperation): Promise<{ readonly prepared: Prepared; readonly signal: AbortSignal }> {
    const prepared = await lookUp(session, payload);
    const subscription = prepared.operation.operation === 'subscription';
    const max = subscription ? limits.subscriptionsPerSocket : limits.operationsPerSocket;
    if (session.count(subscription) >= max) {
      throw new AppError(
        'SUBSCRIPTION_LIMIT',
        subscription
          ? `This socket already follows ${max} subscriptions. Complete one first.`
          : `This socket already has ${max} operations in flight. Wait for one to finish.`,
      );
    }
    return { prepared, signal: session.start(id, subscription) };
  };
}

/**
 * graphql-ws closes a socket (4400) on an operation without a `query`, which is what front-ends send that name a registered one: they
 * get an empty one. JSON.parse calls it for every value; only the message as a whole is touched, never what is in its variables.
 */
function fillQuery(key: string, value: unknown): unknown {
  if (key !== '' || typeof value !== 'object' || value === null || !('type' in value) || value.type !== 'subscribe' || !('payload' in value)) return value;
  const { payload } = value;
  if (typeof payload !== 'object' || payload === null || ('query' in payload && payload.query !== null) || !namesOperation(payload)) return value;
  return { ...value, payload: { ...payload, query: '' } };
}

/** A request that failed before there was any data: told as `error`, which ends the operation for every client. */
function refusedStream(errors: readonly GraphQLError[]): AsyncIterableIterator<ExecutionResult> {
  return {
    next: () => Promise.reject(new RequestRefused(errors)),
    return: () => Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** graphql-ws wraps what a stream throws into an error of its own; clients get what we threw. */
function unwrapped(error: GraphQLError): readonly GraphQLError[] {
  const cause = error.originalError;
  if (cause instanceof RequestRefused) return cause.errors;
  if (cause instanceof GraphQLError) return [cause];
  return 'code' in error.extensions ? [error] : [refusal(new AppError('INTERNAL', 'Something went wrong on our side.'))];
}
