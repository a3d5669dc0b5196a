/** A gateway on a free port over the small schema, with tokens that the test signs itself. */
import { systemClock } from '../../src/foundation/clock.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { publishedKeysPage } from '../../src/gateway/published-keys.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../../src/gateway/server.ts';
import { createTokens, type Tokens } from '../../src/identity/token.ts';
import { partnerViewer } from '../../src/store/viewer.ts';
import { createTestKeys } from '../support/keys.ts';
import { smallSchema, type Streams } from './small-schema.ts';

export interface Started {
  readonly gateway: Gateway;
  readonly url: string;
  readonly port: number;
  readonly tokens: Tokens;
  readonly streams: Streams;
  /** What was reported as unexpected. */
  readonly reported: { readonly error: unknown; readonly requestId: string }[];
  /** Log lines, parsed. */
  readonly lines: Record<string, unknown>[];
  close(): Promise<void>;
}

export const LIMITS: GatewayDeps['limits'] = {
  socketsPerViewer: 3,
  subscriptionsPerSocket: 3,
  operationsPerSocket: 2,
  frameBytesMax: 16_384,
  drainSocketsPerS: 200,
  bodyBytesMax: 16_384,
  subscriptionsPerViewer: 100,
  operationsPerViewer: 100,
  headerBytesMax: 16_384,
  headersMs: 15_000,
  requestMs: 30_000,
  operationDepthMax: 8,
  operationAliasesMax: 5,
  operationTokensMax: 500,
  operationCostMax: 1_000,
};

export async function startGateway(overrides: Partial<GatewayDeps> = {}): Promise<Started> {
  const { schema, streams } = smallSchema();
  const keys = createTestKeys();
  const tokens = createTokens({ keys, clock: systemClock });
  const reported: { error: unknown; requestId: string }[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'debug', pretty: false, destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) } });
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'https://support.example.com/parley',
    allowedOrigins: ['https://shop.example.com'],
    version: '1.2.3',
    trustedProxies: [],
    rates: null,
    limits: LIMITS,
    schema,
    contextOf: (call) => ({ ...call }),
    authenticate: async (credential) => {
      if (credential === 'pk_broken') throw new Error('the key store crashed');
      if (credential === 'pk_partner') return { viewer: partnerViewer({ partnerId: 'ptn_1', keyId: 'key_1' }), expiresAt: null };
      if (credential.startsWith('pk_')) throw new AppError('UNAUTHENTICATED', 'This API key is not valid.');
      return tokens.verify(credential);
    },
    registered: { find: async () => null, isTestKey: async () => false },
    allowArbitrary: true,
    revocation: { watch: () => () => undefined, onRevoked: () => () => undefined },
    probes: { database: async () => undefined, eventLog: async () => undefined, model: async () => undefined },
    pages: [{ path: '/', contentType: 'text/html; charset=utf-8', body: '<h1>Welcome</h1>' }, publishedKeysPage(keys.published, 300)],
    graphiqlHeaders: { authorization: 'Bearer demo' },
    clock: systemClock,
    log,
    captureException: (error, { requestId }) => void reported.push({ error, requestId }),
    ...overrides,
  });
  const { url, port } = await gateway.listen();
  return { gateway, url, port, tokens, streams, reported, lines, close: () => gateway.close(0) };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  };
}

/** One operation over POST. */
export async function ask(
  url: string,
  query: string,
  options: { readonly variables?: object; readonly headers?: Record<string, string>; readonly raw?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...options.headers },
    body: options.raw ?? JSON.stringify({ query, variables: options.variables }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Answer['body'] };
}

/** The first error's extensions. */
export function refused(answer: Pick<Answer, 'body'>): Record<string, unknown> {
  return answer.body.errors?.[0]?.extensions ?? {};
}
