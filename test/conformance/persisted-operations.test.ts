/**
 * The persisted links people have, as they are, against a server that runs nothing but what is registered: urql's exchange, Apollo's
 * link, Relay's ids, and the stock graphql-ws client. Each registers the manifest its own tools would write, with the command partners
 * use, and asks, changes and follows with a live key. Then the same links where documents may be sent, which find out by themselves.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { print as printForApollo } from '@apollo/client/utilities';
import { Client as UrqlClient, createRequest, fetchExchange, stringifyDocument, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { OperationTypeNode } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import relay from 'relay-runtime';
import type { ConcreteRequest, GraphQLResponse, RequestParameters, Variables } from 'relay-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { newId } from '../../src/foundation/ids.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import { openApp, type App } from '../support/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const VIEWER = 'query Viewer { viewer { id } }';
const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id } } }';
const FOLLOW = 'subscription Follow($id: ID!) { conversationEvents(id: $id) { __typename position } }';

interface Access {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly socket: Client;
}

interface FrontEnd {
  /** As its own tools write it. */
  readonly manifest: object;
  viewer(): Promise<unknown>;
  start(input: object): Promise<string>;
  /** Resolves with the kind of the first item. */
  follow(id: string): Promise<string>;
}

type Item = { readonly conversationEvents: { readonly __typename: string } };
type Started = { readonly startConversation: { readonly conversation: { readonly id: string } } };

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function withGraphqlWs({ socket }: Access): FrontEnd {
  const ids = new Map([VIEWER, START, FOLLOW].map((text) => [text, `front-end:${sha256(text).slice(0, 8)}`]));
  async function first<T>(text: string, variables: Record<string, unknown> = {}): Promise<T> {
    const payload = { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: ids.get(text) } }, variables };
    for await (const { data, errors } of socket.iterate<T>(payload)) {
      if (!data) throw new Error(JSON.stringify(errors));
      return data;
    }
    throw new Error('nothing was answered');
  }
  return {
    manifest: Object.fromEntries([...ids].map(([text, id]) => [id, text])),
    viewer: async () => (await first<{ viewer: { id: string } }>(VIEWER)).viewer.id,
    start: async (input) => (await first<Started>(START, { input })).startConversation.conversation.id,
    follow: async (id) => (await first<Item>(FOLLOW, { id })).conversationEvents.__typename,
  };
}

function urqlClient({ url, headers, socket }: Access, enforced: boolean): UrqlClient {
  return new UrqlClient({
    url,
    fetchOptions: { headers },
    exchanges: [
      persistedExchange({ enforcePersistedQueries: enforced, enableForMutation: true, enableForSubscriptions: true }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (operation) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { ...operation, query: operation.query ?? '' },
              {
                next: (result) => sink.next({ ...result, data: result.data ?? null } as Parameters<typeof sink.next>[0]),
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  });
}

function withUrql(access: Access, enforced = true): FrontEnd {
  const client = urqlClient(access, enforced);
  const texts = [VIEWER, START, FOLLOW].map((text) => stringifyDocument(createRequest(text, {}).query));
  return {
    manifest: Object.fromEntries(texts.map((text) => [sha256(text), text])),
    async viewer() {
      const { data, error } = await client.query<{ viewer: { id: string } }>(VIEWER, {}).toPromise();
      if (error) throw error;
      return data?.viewer.id;
    },
    async start(input) {
      const { data, error } = await client.mutation<Started>(START, { input }).toPromise();
      if (!data) throw error ?? new Error('nothing was answered');
      return data.startConversation.conversation.id;
    },
    follow: (id) =>
      new Promise((resolve, reject) => {
        const { unsubscribe } = client.subscription<Item>(FOLLOW, { id }).subscribe(({ data, error }) => {
          if (data) resolve(data.conversationEvents.__typename);
          else if (error) reject(error);
          queueMicrotask(() => unsubscribe());
        });
      }),
  };
}

function withApollo({ url, headers, socket }: Access, useGETForHashedQueries = false): FrontEnd {
  const cache = new InMemoryCache();
  const client = new ApolloClient({
    cache,
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256, useGETForHashedQueries }),
      ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, new GraphQLWsLink(socket), new HttpLink({ uri: url, headers })),
    ]),
  });
  const operations = [VIEWER, START, FOLLOW].map((text) => {
    const body = printForApollo(cache.transformDocument(gql(text)));
    const [, type = '', name = ''] = /^(\w+) (\w+)/.exec(body) ?? [];
    return { id: sha256(body), name, type, body };
  });
  return {
    manifest: { format: 'apollo-persisted-query-manifest', version: 1, operations },
    viewer: async () => (await client.query<{ viewer: { id: string } }>({ query: gql(VIEWER), fetchPolicy: 'no-cache' })).data?.viewer.id,
    async start(input) {
      const { data } = await client.mutate<Started>({ mutation: gql(START), variables: { input } });
      return data?.startConversation.conversation.id ?? '';
    },
    follow: (id) =>
      new Promise((resolve, reject) => {
        const following = client.subscribe<Item>({ query: gql(FOLLOW), variables: { id }, fetchPolicy: 'no-cache' }).subscribe({
          next({ data, error }) {
            if (data) resolve(data.conversationEvents.__typename);
            else reject(error ?? new Error('nothing was answered'));
            queueMicrotask(() => following.unsubscribe());
          },
          error: reject,
        });
      }),
  };
}

function withRelay({ url, headers, socket }: Access): FrontEnd {
  // relay-compiler writes the MD5 of each document as its id, and leaves the document out of what it makes.
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const network = relay.Network.create(
    async ({ id }: RequestParameters, variables: Variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ documentId: id, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    },
    ({ id }: RequestParameters, variables: Variables) =>
      relay.Observable.create<GraphQLResponse>((sink) =>
        socket.subscribe({ query: '', documentId: id, variables } as Parameters<Client['subscribe']>[0], {
          next: (result) => sink.next(result as GraphQLResponse),
          error: (error: Error) => sink.error(error),
          complete: () => sink.complete(),
        }),
      ),
  );
  function execute<T>(text: string, variables: Variables): Promise<T> {
    const [, operationKind = '', name = ''] = /^(\w+) (\w+)/.exec(text) ?? [];
    const params = { id: md5(text), cacheID: name, metadata: {}, name, operationKind, text: null } as unknown as ConcreteRequest['params'];
    return new Promise((resolve, reject) => {
      const running = network.execute(params, variables, { force: true }).subscribe({
        next(answer) {
          if ('data' in answer && answer.data) resolve(answer.data as T);
          else reject(new Error(JSON.stringify(answer)));
          queueMicrotask(() => running.unsubscribe());
        },
        error: reject,
      });
    });
  }
  return {
    manifest: Object.fromEntries([VIEWER, START, FOLLOW].map((text) => [md5(text), text])),
    viewer: async () => (await execute<{ viewer: { id: string } }>(VIEWER, {})).viewer.id,
    start: async (input) => (await execute<Started>(START, { input })).startConversation.conversation.id,
    follow: async (id) => (await execute<Item>(FOLLOW, { id })).conversationEvents.__typename,
  };
}

async function partnerOf(app: App) {
  const id = newId('ptn');
  await app.database.partner.create({ data: { id, name: 'Partner' } });
  const keyOf = async (test: boolean) => (await createApiKey(app.database, { partnerId: id, name: 'Key', test })).key;
  return { id, live: await keyOf(false), test: await keyOf(true), customerId: await app.addCustomer(id) };
}

function accessOf(app: App, key: string): Access {
  const headers = { authorization: `Bearer ${key}` };
  const socket = createClient({
    url: `${app.parley.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: headers,
  });
  return { url: `${app.parley.url}/graphql`, headers, socket };
}

/** `npm run operations:register`, without npm. */
async function command(env: Readonly<Record<string, string>>, ...words: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const { PATH = '' } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['.config/registered-operations.ts', ...words], { cwd: root, env: { PATH, ...env } });
    return { code: 0, output: stdout };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error)) throw error;
    return { code: Number(error.code), output: String(error.stderr) };
  }
}

describe('where only registered operations run', () => {
  let app: App;
  let folder: string;
  beforeAll(async () => {
    app = await openApp({ ALLOW_ARBITRARY_OPERATIONS: 'false' });
    folder = await mkdtemp(join(tmpdir(), 'parley-manifest-'));
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function register(manifest: object | string, key: string): Promise<{ readonly code: number; readonly output: string }> {
    const file = join(folder, 'manifest.json');
    await writeFile(file, typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    return command({ PARLEY_URL: app.parley.url, PARLEY_CREDENTIAL: key }, 'register', file);
  }

  it.each<[string, (access: Access) => FrontEnd]>([
    ['the stock graphql-ws client', withGraphqlWs],
    ['urql with persistedExchange', withUrql],
    ['Apollo with PersistedQueryLink', withApollo],
    ['Apollo with PersistedQueryLink and GET', (access) => withApollo(access, true)],
    ['Relay with ids', withRelay],
  ])('%s asks, changes and follows with a live key once its manifest is registered', async (_name, frontEndWith) => {
    const partner = await partnerOf(app);
    const access = accessOf(app, partner.live);
    const frontEnd = frontEndWith(access);
    await expect(frontEnd.viewer()).rejects.toThrow();
    expect(await register(frontEnd.manifest, partner.live)).toMatchObject({ code: 1, output: expect.stringContaining('test key') });
    expect(await register(frontEnd.manifest, partner.test)).toMatchObject({ code: 0, output: expect.stringContaining('3 registered, 3 of them new') });
    expect(await frontEnd.viewer()).toBe(partner.id);
    app.model.script({ text: 'Hi.' });
    const conversationId = await frontEnd.start({ customerId: partner.customerId, text: 'Hello' });
    expect(await frontEnd.follow(conversationId)).toBe('StreamReady');
    await access.socket.dispose();
  });

  it('the command says what is wrong and where, and its exit code whose fault it is', async () => {
    const { test } = await partnerOf(app);
    const wrong = { id: 'b', name: 'B', type: 'query', body: 'query B {\n  viewer { nonsense }\n}' };
    const manifest = {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'a', name: 'A', type: 'query', body: 'query A { viewer { id } }' }, wrong],
    };
    expect(await register(manifest, test)).toEqual({
      code: 1,
      output: expect.stringContaining('manifest.json: operation 2 (B): line 2, column 12: Cannot query field "nonsense" on type "Viewer"') as string,
    });
    expect(await register({ [sha256('other')]: VIEWER }, test)).toMatchObject({ code: 1, output: expect.stringContaining('operation 1.id') });
    expect(await register('{ "a": 1 }', test)).toMatchObject({ code: 1, output: expect.stringContaining('a: Invalid input') });
    expect(await register('{', test)).toMatchObject({ code: 1, output: expect.stringContaining('it is not JSON') });
    expect(await register(manifest, 'pk_live_nobody')).toMatchObject({ code: 1, output: expect.stringContaining('not valid') });
    expect(await command({ PARLEY_URL: 'http://127.0.0.1:1', PARLEY_CREDENTIAL: test }, 'register', join(folder, 'manifest.json'))).toMatchObject({ code: 2 });
    expect(await command({}, 'register', join(folder, 'manifest.json'))).toMatchObject({ code: 2, output: expect.stringContaining('PARLEY_URL') });
    expect(await command({}, 'register')).toMatchObject({ code: 2, output: expect.stringContaining('npm run operations:register') });
  });

  it('what is registered at a server or in a database is held against the schema of the sources', async () => {
    const partner = await partnerOf(app);
    await register({ a: VIEWER }, partner.test);
    const environments = [
      [{ PARLEY_URL: app.parley.url, PARLEY_CREDENTIAL: partner.test }, '--server'],
      [{ DATABASE_URL: app.databaseUrl }, '--database'],
    ] as const;
    for (const [env, where] of environments)
      expect(await command(env, 'check', where)).toMatchObject({ code: 0, output: expect.stringContaining('fit the schema') });
    const text = 'query Old { viewer { gone } }';
    const row = {
      id: newId('oper'),
      partnerId: partner.id,
      hash: sha256(text),
      name: 'Old',
      kind: 'query' as const,
      version: 2,
      text,
      cost: 1,
      registeredBy: 'system',
    };
    await app.database.registeredOperation.create({ data: row });
    for (const [env, where] of environments)
      expect(await command(env, 'check', where)).toMatchObject({
        code: 1,
        output: expect.stringContaining(`${partner.id}: Old version 2: Cannot query field "gone"`),
      });
    await app.database.registeredOperation.delete({ where: { id: row.id } });
  });
});

describe('where documents may be sent', () => {
  let app: App;
  beforeAll(async () => {
    app = await openApp();
  });
  afterAll(() => app.close());

  it.each<[string, (access: Access) => FrontEnd]>([
    ['urql with persistedExchange', (access) => withUrql(access, false)],
    ['Apollo with PersistedQueryLink', withApollo],
    ['Apollo with PersistedQueryLink and GET', (access) => withApollo(access, true)],
  ])('%s sends a document when its hash is not known, and its hash alone from then on', async (_name, frontEndWith) => {
    const { customerId } = await app.customer();
    const access = accessOf(app, await app.token({ kind: 'customer', customerId }));
    const frontEnd = frontEndWith(access);
    expect(await frontEnd.viewer()).toBe(customerId);
    expect(await frontEndWith(access).viewer()).toBe(customerId);
    app.model.script({ text: 'Hi.' });
    const conversationId = await frontEnd.start({ text: 'Hello' });
    await access.socket.dispose();
    expect(conversationId).toMatch(/^conv_/);
  });

  it('a live key may send none all the same, and a test key may', async () => {
    const partner = await partnerOf(app);
    const ask = async (key: string) => {
      const answer = await fetch(`${app.parley.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: VIEWER }),
      });
      return (await answer.json()) as unknown;
    };
    expect(await ask(partner.live)).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_NOT_ALLOWED' } }] });
    expect(await ask(partner.test)).toEqual({ data: { viewer: { id: partner.id } } });
  });
});
