/** The servers that are measured, each started as it would be in production: Parley, the bare relay, stock Yoga. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Rows } from './services.ts';
import type { Server, Stage } from './stage.ts';

const CONNECTIONS = '10';
const READY = /ready at (http:\S+)/;

export interface Surroundings {
  readonly stage: Stage;
  readonly upstreamUrl: string;
  /** Null: in this process alone. */
  readonly redisUrl: string | null;
}

export async function startParley({ stage, upstreamUrl, redisUrl }: Surroundings, rows: Rows): Promise<Server> {
  const port = await freePort();
  return stage.server({
    file: 'src/main.ts',
    ready: READY,
    env: {
      NODE_ENV: 'production',
      ALLOW_ARBITRARY_OPERATIONS: 'true',
      HOST: '127.0.0.1',
      PORT: `${port}`,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATABASE_URL: rows.url,
      DATABASE_CONNECTIONS: CONNECTIONS,
      JWT_SECRET: rows.jwtSecret,
      ANTHROPIC_API_KEY: 'bench',
      ANTHROPIC_BASE_URL: upstreamUrl,
      LOG_LEVEL: 'error',
      // One customer's sockets stand for many customers', and held answers must not be given up.
      SOCKETS_PER_VIEWER: '10000',
      SUBSCRIPTIONS_PER_VIEWER: '100000',
      OPERATIONS_PER_VIEWER: '10000',
      RUNS_PER_CUSTOMER: '10000',
      RUNS_PER_PARTNER: '100000',
      RATE_LIMITS: 'off',
      MODEL_TOKEN_GAP_MS: '300000',
      STEP_MS: '600000',
      RUN_MS: '600000',
      RUNS_AT_ONCE: '2000',
      DRAIN_MS: '1000',
      ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
    },
  });
}

export async function startRelay({ stage, upstreamUrl, redisUrl }: Surroundings): Promise<Server> {
  const env = { NODE_ENV: 'production', UPSTREAM_URL: upstreamUrl, ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }) };
  return stage.server({ file: 'test/bench/relay.ts', ready: READY, env });
}

export async function startYoga(stage: Stage, rows: Rows): Promise<Server> {
  const env = { NODE_ENV: 'production', DATABASE_URL: rows.url, DATABASE_CONNECTIONS: CONNECTIONS, JWT_SECRET: rows.jwtSecret };
  return stage.server({ file: 'test/bench/yoga.ts', ready: READY, env });
}

/** The public address has to be known before the gateway listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
