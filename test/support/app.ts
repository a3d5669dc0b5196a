/**
 * A whole Parley in this process, as main.ts starts it, on a database of the test's own and with the real Anthropic path against the
 * local Messages API. Plus a front-end as anybody would write one: the stock graphql-ws client and fetch.
 */
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readConfig } from '../../src/config.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { startParley, type Parley } from '../../src/parley.ts';
import type { Database } from '../../src/store/database.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { createTestDatabase } from './database.ts';
import { tokensOf } from './keys.ts';
import { startMessagesApi, type MessagesApi } from './messages-api.ts';

const JWT_SECRET = 'a secret for tests that has more than 32 characters';

/** What several instances stand on together: rows, the model, and the secret that signs tokens. */
export interface Ground {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly model: MessagesApi;
  /** The environment of an instance on it. */
  environment(env?: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** A token for this viewer, valid for an hour when nothing else is said. */
  token(viewer: Viewer, ttlS?: number): Promise<string>;
  addCustomer(partnerId?: string): Promise<string>;
}

export interface App extends Ground {
  readonly parley: Parley;
  /** A new customer and a front-end signed in as them. */
  customer(partnerId?: string): Promise<FrontEnd & { readonly customerId: string }>;
  frontEnd(token: string | null): FrontEnd;
  /** Stops and starts Parley again on the same rows. */
  restart(): Promise<void>;
  /** Also closes the ground, unless it was given. */
  close(): Promise<void>;
}

export interface AppOptions {
  /** Shared with other instances; without it they know nothing of each other. */
  readonly redisUrl?: string;
  /** Stands on this ground, or on that of another app, which has to be closed after this one. */
  readonly shareDatabaseWith?: Ground;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions: { readonly code: string; readonly field?: string; readonly retryable?: boolean; readonly requestId?: string };
  }[];
}

export interface StreamItem {
  readonly __typename: string;
  readonly position: string;
  readonly sequence: number;
  readonly replay: boolean;
  readonly text?: string;
  readonly offset?: number;
  readonly attempt?: number;
  readonly messageId?: string;
  readonly status?: string;
  readonly epoch?: string;
  readonly reason?: string;
  readonly who?: { readonly kind: string };
  readonly code?: string;
  readonly retryable?: boolean;
  readonly partialKept?: boolean;
  readonly message?: { readonly id: string; readonly role: string; readonly text: string; readonly status: string };
  readonly agent?: { readonly id: string };
  readonly run?: { readonly id: string; readonly status: string };
}

export interface FrontEnd {
  readonly client: Client;
  http(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Starts a conversation; answers its id, run and position. */
  ask(text: string): Promise<{ readonly conversationId: string; readonly runId: string; readonly position: string }>;
  follow(conversationId: string, after?: string): AsyncIterableIterator<StreamItem>;
  followRun(runId: string, after?: string): AsyncIterableIterator<StreamItem>;
  dispose(): Promise<void>;
}

export const ITEM = `__typename position sequence replay
  ... on StreamReady { status epoch } ... on StreamReset { reason } ... on TextSnapshot { messageId attempt text }
  ... on MessagePosted { message { id role text status } } ... on MessageFinished { message { id role text status } }
  ... on TextDelta { messageId attempt offset text } ... on AgentChosen { agent { id } reason }
  ... on RunStarted { attempt run { id status } } ... on RunFinished { run { id status } } ... on RunStopped { run { id status } }
  ... on RunFailed { run { id status } code retryable partialKept }`;

export function isTerminal(item: StreamItem): boolean {
  return item.__typename === 'RunFinished' || item.__typename === 'RunFailed' || item.__typename === 'RunStopped';
}

export function isText(item: StreamItem): boolean {
  return item.__typename === 'TextDelta' || item.__typename === 'TextSnapshot';
}

/** The agent's text as a client holds it after these items, by the rules a front-end is told to follow. */
export function textOf(items: readonly StreamItem[], start = ''): string {
  let text = start;
  for (const item of items) {
    if (item.__typename === 'MessageReset') text = '';
    if (item.__typename === 'TextSnapshot') text = item.text ?? '';
    if (item.__typename === 'TextDelta') {
      const offset = item.offset ?? 0;
      if (offset > text.length) throw new Error(`a hole: ${offset} after ${text.length}`);
      if (offset < text.length) throw new Error(`a double: ${offset} after ${text.length}`);
      text += item.text ?? '';
    }
  }
  return text;
}

/** Nobody of the desk is let in without a row. */
export async function addStaff(database: Database, { userId, name, role }: Extract<Viewer, { kind: 'staff' }>): Promise<void> {
  const email = `${userId}@desk.example`;
  await database.user.upsert({ where: { id: userId }, create: { id: userId, email, name, role, verifiedAt: systemClock.now() }, update: { name, role } });
}

/** A ground of one's own, without an instance on it yet. */
export async function openGround(): Promise<Ground & { close(): Promise<void> }> {
  const rows = await createTestDatabase();
  const model = await startMessagesApi();
  const tokens = tokensOf(rows.database, JWT_SECRET);
  return {
    database: rows.database,
    databaseUrl: rows.url,
    model,
    environment: (env = {}) => ({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: rows.url,
      DATABASE_CONNECTIONS: '6',
      JWT_SECRET,
      PUBLIC_URL: 'http://parley.example',
      ANTHROPIC_API_KEY: 'sk-test',
      ANTHROPIC_BASE_URL: model.url,
      DRAIN_MS: '0',
      // Tests ask whatever they like; those about registered operations say otherwise.
      ALLOW_ARBITRARY_OPERATIONS: 'true',
      // Tests ask more than anybody does; those of the limits switch them on.
      RATE_LIMITS: 'off',
      SUBSCRIPTIONS_PER_VIEWER: '100000',
      OPERATIONS_PER_VIEWER: '10000',
      RUNS_PER_CUSTOMER: '10000',
      RUNS_PER_PARTNER: '100000',
      ...env,
    }),
    async token(viewer, ttlS = 3_600) {
      if (viewer.kind === 'staff') await addStaff(rows.database, viewer);
      return tokens.sign(viewer, { ttlS });
    },
    async addCustomer(partnerId) {
      const customerId = newId('cus');
      if (partnerId) await rows.database.partner.upsert({ where: { id: partnerId }, create: { id: partnerId, name: 'Partner' }, update: {} });
      await rows.database.customer.create({
        data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana Reyes', plan: 'premium', partnerId: partnerId ?? null },
      });
      return customerId;
    },
    async close() {
      await model.close();
      await rows.close();
    },
  };
}

export async function openApp(env: Readonly<Record<string, string>> = {}, { redisUrl, shareDatabaseWith }: AppOptions = {}): Promise<App> {
  const own = shareDatabaseWith ? null : await openGround();
  const ground = own ?? shareDatabaseWith;
  if (!ground) throw new Error('an app stands on some ground');
  const config = readConfig(ground.environment({ ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }), ...env }));
  const log = createLogger({ level: config.logLevel, pretty: false });
  const start = () => startParley({ config, log, clock: systemClock, captureException: () => undefined });
  const frontEnds: FrontEnd[] = [];
  let parley = await start().catch(async (error: unknown) => {
    await own?.close();
    throw error;
  });

  function frontEnd(token: string | null): FrontEnd {
    const made = createFrontEnd(() => parley.url, token);
    frontEnds.push(made);
    return made;
  }

  const { database, databaseUrl, model, environment, token, addCustomer } = ground;
  return {
    get parley() {
      return parley;
    },
    database,
    databaseUrl,
    model,
    environment,
    token,
    addCustomer,
    frontEnd,
    async customer(partnerId) {
      const customerId = await addCustomer(partnerId);
      return { ...frontEnd(await token({ kind: 'customer', customerId })), customerId };
    },
    async restart() {
      await parley.close();
      parley = await start();
    },
    async close() {
      for (const one of frontEnds) await one.dispose();
      await parley.close();
      await own?.close();
    },
  };
}

export function createFrontEnd(url: () => string, token: string | null): FrontEnd {
  const client = createClient({
    url: () => `${url().replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 20,
    shouldRetry: () => true,
    retryWait: async () => undefined,
    connectionParams: () => (token === null ? {} : { authorization: `Bearer ${token}` }),
  });

  async function http(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const response = await fetch(`${url()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(20_000),
    });
    return (await response.json()) as Answer;
  }

  function subscribe(field: string, id: string, after: string | undefined): AsyncIterableIterator<StreamItem> {
    const results = client.iterate<{ item: StreamItem }>({
      query: `subscription Follow($id: ID!, $after: Position) { item: ${field}(id: $id, after: $after) { ${ITEM} } }`,
      variables: { id, after },
    });
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        const result = await results.next();
        if (result.done) return { done: true, value: undefined };
        const item = result.value.data?.item;
        if (!item) throw new Error(`the subscription answered ${JSON.stringify(result.value)}`);
        return { done: false, value: item };
      },
      async return() {
        await results.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  return {
    client,
    http,
    async ask(text) {
      const { data, errors } = await http(
        'mutation Ask($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } run { id } } }',
        { input: { text } },
      );
      if (errors) throw new Error(JSON.stringify(errors));
      const { conversation, run } = (data as { startConversation: { conversation: { id: string; position: string }; run: { id: string } } }).startConversation;
      return { conversationId: conversation.id, runId: run.id, position: conversation.position };
    },
    follow: (conversationId, after) => subscribe('conversationEvents', conversationId, after),
    followRun: (runId, after) => subscribe('runEvents', runId, after),
    dispose: async () => client.dispose(),
  };
}
