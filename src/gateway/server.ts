/**
 * The doors as one server: routes each request to its door, knows what is in flight, and leaves in order. Decides no operation; opens
 * no database. `createGateway` takes everything it stands on, the schema included.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GraphQLSchema } from 'graphql';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Logger } from '../foundation/logger.ts';
import type { ExternalSignIns } from '../identity/account.ts';
import type { Authenticate } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import { isDatabaseUnavailable } from '../store/database.ts';
import { createArrivals, type OnFollowed } from './arrivals.ts';
import { createOriginOf } from './client-address.ts';
import { createDocuments, type DocumentsDeps } from './documents.ts';
import { createErrors, refusal } from './errors.ts';
import { createExchange } from './exchange.ts';
import { createSignInDoor } from './sign-in.ts';
import { graphiqlPage } from './graphiql.ts';
import { createHealth, mayServe, type Health, type HealthDeps } from './health.ts';
import { createHttpDoor, writeErrors, type Exchange } from './http.ts';
import { createIdentify } from './identify.ts';
import { keepIdentity } from './kept-identity.ts';
import type { OperationLimits } from './operation-limits.ts';
import { createOperations, type ContextOf } from './operations.ts';
import { createOrigins, type OriginsDeps } from './origins.ts';
import { servePage, type Page } from './pages.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { createSecurityHeaders } from './security-headers.ts';
import { createTurnstile, type TurnstileDeps, type ViewerLimits } from './turnstile.ts';
import { createWebSocketDoor, type SocketLimits } from './websocket.ts';

export interface GatewayDeps extends OriginsDeps {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly version: string;
  readonly limits: OperationLimits & SocketLimits & ViewerLimits & RequestLimits;
  /** Null: rates are not limited. Closed by whoever made it. */
  readonly rates: RateLimiter | null;
  /** Addresses and networks of the proxies whose word on the caller's address counts. */
  readonly trustedProxies: readonly string[];
  readonly schema: GraphQLSchema;
  readonly contextOf: ContextOf;
  readonly authenticate: Authenticate;
  readonly registered: DocumentsDeps['registered'];
  readonly allowArbitrary: boolean;
  /** Told of each registered operation that runs. */
  readonly onOperation?: TurnstileDeps['onRegistered'];
  /** Tells when a credential is to be checked again. */
  readonly revocation: Pick<Revocation, 'watch' | 'onRevoked'>;
  /** Told of each subscription to a subject that began. */
  readonly onFollowed?: OnFollowed;
  readonly probes: HealthDeps['probes'];
  /** True: only the health routes, for a process that takes no clients. */
  readonly healthOnly?: boolean;
  readonly pages: readonly Page[];
  /** Left out: nobody signs in with an account elsewhere. */
  readonly externalSignIns?: ExternalSignIns;
  /** Headers that GraphiQL starts with; null serves no GraphiQL. */
  readonly graphiqlHeaders: Readonly<Record<string, string>> | null;
  readonly clock: Clock;
  readonly log: Logger;
  captureException(error: unknown, context: { readonly requestId: string }): void;
}

export interface RequestLimits {
  readonly bodyBytesMax: number;
  /** Of the request line and all headers. */
  readonly headerBytesMax: number;
  /** For the headers to arrive, counted from the connection or the last answer on. */
  readonly headersMs: number;
  /** For the whole request to arrive. */
  readonly requestMs: number;
}

export interface Gateway {
  /** Starts to accept. @throws when the port is taken. */
  listen(): Promise<{ readonly port: number; readonly url: string }>;
  /** Open WebSockets, for metrics and tests. */
  readonly sockets: number;
  /**
   * Unready at once and no new sockets. Clients that understand are told to move; the others go on, so that running answers are heard
   * to their end, and are closed (1012) by and by, all within this time.
   */
  drain(withinMs: number): void;
  /**
   * Unready at once, nothing new, sockets told to come back (1012), requests finished; what is left after `drainMs` is cut. Sockets
   * have until the end of the time given to `drain`, if that is later.
   */
  close(drainMs: number): Promise<void>;
}

const HEALTH_PATHS: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/api/health']);
/** Who is too slow is looked for this often at least. */
const CHECK_MS_MAX = 5_000;
/** Longer than the idle time of common load balancers, so that they close first. */
const KEEP_ALIVE_MS = 65_000;

export function createGateway(deps: GatewayDeps): Gateway {
  const { clock, limits, log } = deps;
  const errors = createErrors({ log, isDatabaseUnavailable, captureException: deps.captureException });
  const operations = createOperations({ schema: deps.schema, contextOf: deps.contextOf, limits, errors, clock });
  const documents = createDocuments({ operations, registered: deps.registered, allowArbitrary: deps.allowArbitrary });
  const arrivals = createArrivals(deps.schema, deps.onFollowed);
  const turnstile = createTurnstile({ rates: deps.rates, limits, onRegistered: deps.onOperation });
  const { authenticate, revocation } = deps;
  const identify = createIdentify({ authenticate, turnstile });
  const keptIdentity = keepIdentity({ identify, revocation, clock });
  const callers = { authenticate, identify, revocation, originOf: createOriginOf(deps.trustedProxies), turnstile, clock, log };
  const security = createSecurityHeaders(deps.publicUrl);
  const http = createHttpDoor({ operations, documents, arrivals, turnstile, errors, bodyBytesMax: limits.bodyBytesMax });
  const websocket = createWebSocketDoor({ operations, documents, arrivals, errors, limits, ...callers });
  const health = createHealth(deps);
  const origins = createOrigins(deps);
  const signIn =
    deps.externalSignIns && createSignInDoor({ ...callers, signIns: deps.externalSignIns, secure: deps.publicUrl?.startsWith('https:') ?? false, errors });
  const pages = new Map(deps.pages.map((page) => [page.path, page]));
  const graphiql = deps.graphiqlHeaders ? graphiqlPage(deps.graphiqlHeaders) : null;
  const inFlight = new Map<ServerResponse, { readonly done: Promise<void>; readonly cut: AbortController }>();
  let draining = false;
  let closing: Promise<void> | null = null;

  async function route(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    const path = pathOf(request);
    if (deps.healthOnly && !HEALTH_PATHS.has(path)) return writeJson(response, 404, { error: 'There is nothing here.' });
    if (request.method === 'OPTIONS') return void response.writeHead(origins.allows(request) ? 204 : 403).end();
    if (path === '/graphql') {
      if (origins.isForeign(request)) return writeErrors(response, 403, [refusal(new AppError('FORBIDDEN', 'Pages of this origin may not call here.'))]);
      if (graphiql && request.method === 'GET' && request.headers.accept?.includes('text/html')) return servePage(graphiql, request, response);
      return http.handle(request, response, exchange);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return writeJson(response, 404, { error: 'There is nothing here.' });
    if (HEALTH_PATHS.has(path)) return answerHealth(path, health, draining, response);
    if (await signIn?.(request, response, exchange.requestId)) return;
    const page = pages.get(path);
    return page ? servePage(page, request, response) : writeJson(response, 404, { error: 'There is nothing here.' });
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    const requestId = requestIdOf(request);
    const cut = new AbortController();
    response.once('close', () => cut.abort());
    response.setHeader('X-Request-Id', requestId);
    security.set(response);
    if (draining) response.setHeader('Connection', 'close');
    origins.setHeaders(request, response);
    const exchange = createExchange({ ...callers, identify: keptIdentity }, request, response, requestId, cut);
    const done = route(request, response, exchange)
      .catch((error: unknown) => {
        const presented = errors.present(error, requestId);
        if (response.headersSent) response.destroy();
        else writeErrors(response, 500, [presented]);
      })
      .finally(() => inFlight.delete(response));
    inFlight.set(response, { done, cut });
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (draining) return refuseUpgrade(socket, '503 Service Unavailable', 'Going away for a restart', ['Retry-After: 1']);
    if (deps.healthOnly || pathOf(request) !== '/graphql') return refuseUpgrade(socket, '404 Not Found', 'There is nothing here');
    if (!origins.allows(request)) return refuseUpgrade(socket, '403 Forbidden', 'This origin is not allowed');
    websocket.accept(request, socket, head);
  }

  async function leave(drainMs: number): Promise<void> {
    draining = true;
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const answering = [...inFlight.entries()].map(([response, { done, cut }]) => {
      if (!response.headersSent) response.setHeader('Connection', 'close');
      // A stream of events never ends by itself: it is cut, and its reader comes back with Last-Event-ID.
      else if (response.getHeader('content-type')?.toString().startsWith('text/event-stream')) cut.abort();
      return done;
    });
    const limit = new AbortController();
    const deadline = clock.sleep(drainMs, limit.signal).catch(() => undefined);
    await Promise.all([websocket.close(drainMs), Promise.race([Promise.all(answering), deadline])]);
    limit.abort();
    server.closeAllConnections();
    await stopped;
  }

  const slow = { headersTimeout: limits.headersMs, requestTimeout: limits.requestMs, keepAliveTimeout: KEEP_ALIVE_MS };
  const connectionsCheckingInterval = Math.min(CHECK_MS_MAX, limits.headersMs, limits.requestMs);
  const server: Server = createServer({ ...slow, connectionsCheckingInterval, maxHeaderSize: limits.headerBytesMax }, receive);
  server.on('upgrade', upgrade);

  return Object.freeze({
    listen: () => listen(server, deps),
    get sockets() {
      return websocket.sockets;
    },
    drain(withinMs: number) {
      draining = true;
      websocket.drain(withinMs);
    },
    close(drainMs: number) {
      closing ??= leave(drainMs);
      return closing;
    },
  });
}

function listen(server: Server, { host, port: wanted }: Pick<GatewayDeps, 'host' | 'port'>): ReturnType<Gateway['listen']> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, host, () => {
      server.off('error', reject);
      const { port } = server.address() as AddressInfo;
      resolve({ port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` });
    });
  });
}

async function answerHealth(path: string, health: Health, draining: boolean, response: ServerResponse): Promise<void> {
  if (path === '/health/live') return writeJson(response, 200, { status: 'ok' });
  const report = await health.report(draining);
  writeJson(response, mayServe(report) ? 200 : 503, path === '/api/health' ? report : { status: report.status });
}

/** The caller's own id when it is fit for a log line, else a new one. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{8,128}$/.test(given) ? given : newId('req');
}

function pathOf(request: IncomingMessage): string {
  return URL.parse(request.url ?? '/', 'http://localhost')?.pathname ?? '/';
}

function writeJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}

function refuseUpgrade(socket: Duplex, status: string, sentence: string, headers: readonly string[] = []): void {
  const lines = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(sentence)}`,
    ...headers,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${sentence}`, () => socket.destroy());
}
