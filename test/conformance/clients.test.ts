/**
 * The clients people have, against the real server: the stock graphql-ws client, urql, Apollo and Relay each ask, change and follow,
 * and with withResume() lose and double nothing when their socket is cut in the middle of an answer.
 */
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { OperationTypeNode } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import relay from 'relay-runtime';
import type { ConcreteRequest, GraphQLResponse, NormalizationLinkedField, NormalizationSelection, RequestParameters, Variables } from 'relay-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECONNECT, withResume } from '../../src/client/resume.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createWire, type Wire } from '../client/wire.ts';
import { openApp, type App } from '../support/app.ts';

const { commitMutation, Environment, fetchQuery, Network, Observable, RecordSource, requestSubscription, Store } = relay;

const WORDS = Array.from({ length: 12 }, (_, index) => `word${index} `);
const VIEWER = 'query Viewer { viewer { id } }';
const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } } }';
const FOLLOW = `subscription Follow($id: ID!, $after: Position) { conversationEvents(id: $id, after: $after) {
  __typename position sequence ... on StreamReady { status epoch } ... on StreamReset { reason } ... on TextDelta { offset text } } }`;

interface Item {
  readonly __typename: string;
  readonly sequence: number;
  readonly status?: string;
  readonly offset?: number;
  readonly text?: string;
}

interface Started {
  readonly id: string;
  readonly position: string;
}

/** A front-end written with one of them. */
interface FrontEnd {
  viewer(): Promise<string | undefined>;
  start(text: string): Promise<Started>;
  follow(variables: { readonly id: string; readonly after: string | null }, next: (item: Item) => void, error: (error: unknown) => void): () => void;
}

interface Access {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The stock graphql-ws client, resuming. */
  readonly socket: Client;
}

let app: App;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());

function withGraphqlWs({ socket }: Access): FrontEnd {
  async function once<T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    for await (const { data, errors } of socket.iterate({ query, variables })) {
      if (errors) throw new Error(JSON.stringify(errors));
      return data as T;
    }
    throw new Error('nothing was answered');
  }
  return {
    viewer: async () => (await once<{ viewer: { id: string } }>(VIEWER)).viewer.id,
    start: async (text) => (await once<{ startConversation: { conversation: Started } }>(START, { input: { text } })).startConversation.conversation,
    follow: (variables, next, error) =>
      socket.subscribe<{ conversationEvents: Item }>(
        { query: FOLLOW, variables },
        { next: ({ data }) => void (data && next(data.conversationEvents)), error, complete: () => undefined },
      ),
  };
}

function withUrql({ url, headers, socket }: Access): FrontEnd {
  const client = new UrqlClient({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query: query ?? '', variables },
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
  return {
    viewer: async () => {
      const { data, error } = await client.query<{ viewer: { id: string } }>(VIEWER, {}).toPromise();
      if (error) throw error;
      return data?.viewer.id;
    },
    start: async (text) => {
      const { data, error } = await client.mutation<{ startConversation: { conversation: Started } }>(START, { input: { text } }).toPromise();
      if (!data) throw error ?? new Error('nothing was answered');
      return data.startConversation.conversation;
    },
    follow(variables, next, failed) {
      const { unsubscribe } = client.subscription<{ conversationEvents: Item }>(FOLLOW, variables).subscribe(({ data, error }) => {
        if (error) failed(error);
        else if (data) next(data.conversationEvents);
      });
      return unsubscribe;
    },
  };
}

function withApollo({ url, headers, socket }: Access): FrontEnd {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url, headers }),
    ),
  });
  return {
    viewer: async () => (await client.query<{ viewer: { id: string } }>({ query: gql(VIEWER) })).data?.viewer.id,
    start: async (text) => {
      const { data } = await client.mutate<{ startConversation: { conversation: Started } }>({ mutation: gql(START), variables: { input: { text } } });
      if (!data) throw new Error('nothing was answered');
      return data.startConversation.conversation;
    },
    follow(variables, next, failed) {
      const following = client
        .subscribe<{ conversationEvents: Item }>({ query: gql(FOLLOW), variables, fetchPolicy: 'no-cache' })
        .subscribe({ next: ({ data, error }) => (error ? failed(error) : data && next(data.conversationEvents)), error: failed });
      return () => following.unsubscribe();
    },
  };
}

function withRelay({ url, headers, socket }: Access): FrontEnd {
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      async ({ text }: RequestParameters, variables: Variables) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ query: text, variables }),
        });
        return (await response.json()) as GraphQLResponse;
      },
      ({ text }: RequestParameters, variables: Variables) =>
        Observable.create<GraphQLResponse>((sink) =>
          socket.subscribe(
            { query: text ?? '', variables },
            { next: (result) => sink.next(result as GraphQLResponse), error: (error: Error) => sink.error(error), complete: () => sink.complete() },
          ),
        ),
    ),
  });
  return {
    async viewer() {
      const request = compiled('query', 'Viewer', VIEWER, [], [linked('viewer', 'Viewer', [], [scalar('id')])]);
      const data = (await fetchQuery(environment, request, {}).toPromise()) as { viewer: { id: string } } | undefined;
      return data?.viewer.id;
    },
    start: (text) =>
      new Promise((resolve, reject) => {
        const conversation = linked('conversation', 'Conversation', [], [scalar('id'), scalar('position')]);
        const mutation = compiled('mutation', 'Start', START, ['input'], [linked('startConversation', 'StartConversationPayload', ['input'], [conversation])]);
        commitMutation(environment, {
          mutation,
          variables: { input: { text } },
          onCompleted: (data, errors) =>
            errors
              ? reject(new Error(JSON.stringify(errors)))
              : resolve((data as { startConversation: { conversation: Started } }).startConversation.conversation),
          onError: reject,
        });
      }),
    follow(variables, next, failed) {
      const on = (type: string, ...names: string[]): NormalizationSelection => ({
        kind: 'InlineFragment',
        type,
        abstractKey: null,
        selections: names.map(scalar),
      });
      const selections = [
        scalar('__typename'),
        scalar('position'),
        scalar('sequence'),
        on('StreamReady', 'status', 'epoch'),
        on('StreamReset', 'reason'),
        on('TextDelta', 'offset', 'text'),
      ];
      const subscription = compiled('subscription', 'Follow', FOLLOW, ['id', 'after'], [linked('conversationEvents', null, ['id', 'after'], selections)]);
      const { dispose } = requestSubscription(environment, {
        subscription,
        variables,
        onNext: (data) => next((data as { conversationEvents: Item }).conversationEvents),
        onError: failed,
      });
      return dispose;
    },
  };
}

/** What Relay's compiler makes of an operation, as far as these need it. */
function compiled(
  kind: 'query' | 'mutation' | 'subscription',
  name: string,
  text: string,
  variables: readonly string[],
  selections: readonly NormalizationSelection[],
): ConcreteRequest {
  const argumentDefinitions = variables.map((variable) => ({ kind: 'LocalArgument' as const, name: variable, defaultValue: null }));
  const root = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[kind];
  return {
    kind: 'Request',
    fragment: {
      kind: 'Fragment',
      name,
      type: root,
      metadata: null,
      abstractKey: null,
      argumentDefinitions,
      selections,
    } as unknown as ConcreteRequest['fragment'],
    operation: { kind: 'Operation', name, argumentDefinitions, selections } as unknown as ConcreteRequest['operation'],
    params: { id: null, cacheID: name, metadata: {}, name, operationKind: kind, text },
  } as unknown as ConcreteRequest;
}

function scalar(name: string): NormalizationSelection {
  return { kind: 'ScalarField', alias: null, args: null, name, storageKey: null };
}

function linked(name: string, concreteType: string | null, args: readonly string[], selections: readonly NormalizationSelection[]): NormalizationLinkedField {
  return {
    kind: 'LinkedField',
    alias: null,
    name,
    concreteType,
    plural: false,
    storageKey: null,
    args: args.map((variable) => ({ kind: 'Variable', name: variable, variableName: variable })),
    selections,
  };
}

/** The first GraphQL error, wherever the client puts it. */
function firstOf(error: unknown): unknown {
  if (Array.isArray(error)) return error[0];
  if (error === null || typeof error !== 'object') return error;
  if ('graphQLErrors' in error) return firstOf(error.graphQLErrors);
  return 'errors' in error ? firstOf(error.errors) : error;
}

describe.each([
  ['the stock graphql-ws client', withGraphqlWs],
  ['urql', withUrql],
  ['Apollo', withApollo],
  ['Relay', withRelay],
])('%s', (_name, frontEndWith) => {
  async function open(): Promise<{ frontEnd: FrontEnd; wire: Wire; socket: Client; customerId: string }> {
    const { customerId } = await app.customer();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId })}` };
    const wire = createWire();
    const stock = createClient({
      url: `${app.parley.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: wire.WebSocket,
      connectionParams: headers,
      ...RECONNECT,
      // At once, so that the test need not wait.
      retryWait: async () => undefined,
    });
    const socket = withResume(stock);
    return { frontEnd: frontEndWith({ url: `${app.parley.url}/graphql`, headers, socket }), wire, socket, customerId };
  }

  it('asks, changes and follows; a cut socket costs it nothing', async () => {
    const { frontEnd, wire, socket, customerId } = await open();
    expect(await frontEnd.viewer()).toBe(customerId);
    let allowed = 0;
    const waiting = new Map<number, () => void>();
    app.model.script({ text: WORDS, gate: (token) => (token < allowed ? undefined : new Promise<void>((resolve) => waiting.set(token, resolve))) });
    const allow = (count: number): void => {
      allowed = count;
      for (const [token, resume] of waiting) if (token < allowed && waiting.delete(token)) resume();
    };
    const { id, position } = await frontEnd.start('Tell me twelve words');
    const items: Item[] = [];
    let text = '';
    await new Promise<void>((resolve, reject) => {
      const leave = frontEnd.follow(
        { id, after: position },
        (item) => {
          items.push(item);
          if (item.__typename === 'TextDelta') {
            expect(item.offset).toBe(text.length);
            text += item.text ?? '';
            const heard = text.split(' ').length - 1;
            // What is said now is said while nobody listens.
            if (heard % 4 === 0) wire.cut();
            allow(heard + 1);
          } else allow(Math.max(allowed, 1));
          if (item.__typename !== 'RunFinished') return;
          leave();
          resolve();
        },
        reject,
      );
    });
    expect(text).toBe(WORDS.join(''));
    const ready = items.filter(({ __typename }) => __typename === 'StreamReady');
    expect(ready.length).toBeGreaterThan(2);
    expect(ready.every(({ status }) => status === 'RECOVERED')).toBe(true);
    const sequences = items.filter(({ __typename }) => !/^(Stream|Heartbeat)/.test(__typename)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
    await socket.dispose();
  });

  it('gets the server’s code and sentence for what is not there', async () => {
    const { frontEnd, socket } = await open();
    const refused = await new Promise((resolve) => frontEnd.follow({ id: newId('conv'), after: null }, () => undefined, resolve));
    expect(firstOf(refused)).toMatchObject({ message: 'There is no such conversation.', extensions: { code: 'NOT_FOUND' } });
    await socket.dispose();
  });
});

describe('withResume', () => {
  it('tells of a reset once for each time it happens, and the subscription goes on', async () => {
    const me = await app.customer();
    app.model.script({ text: 'First.' });
    const { conversationId, position } = await me.ask('One?');
    const resets: unknown[] = [];
    const wire = createWire();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}` };
    const stock = createClient({
      url: () => `${app.parley.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: wire.WebSocket,
      connectionParams: headers,
      ...RECONNECT,
      retryWait: async () => undefined,
    });
    const client = withResume(stock, { onReset: (item) => resets.push(item['reason']) });
    const items = client.iterate<{ conversationEvents: Item }>({ query: FOLLOW, variables: { id: conversationId, after: position } });
    const next = async (kind: string): Promise<Item> => {
      for (;;) {
        const { value, done } = await items.next();
        if (done) throw new Error('the items ended');
        const item = value.data?.conversationEvents;
        if (item?.__typename === kind) return item;
      }
    };
    await next('RunFinished');
    await app.restart();
    await next('StreamReset');
    expect(resets).toEqual(['EPOCH']);
    app.model.script({ text: 'Second.' });
    await me.http('mutation Post($id: ID!) { postMessage(input: { conversationId: $id, text: "Two?" }) { disposition } }', { id: conversationId });
    expect(await next('TextDelta')).toMatchObject({ offset: 0 });
    await next('RunFinished');
    await items.return?.();
    await client.dispose();
  });

  it('leaves operations without positions as they are', async () => {
    const me = await app.customer();
    const headers = { authorization: `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}` };
    const client = withResume(
      createClient({ url: `${app.parley.url.replace('http', 'ws')}/graphql`, webSocketImpl: createWire().WebSocket, connectionParams: headers }),
    );
    const answers: unknown[] = [];
    for await (const answer of client.iterate({ query: VIEWER })) answers.push(answer);
    expect(answers).toEqual([{ data: { viewer: { id: me.customerId } } }]);
    await client.dispose();
  });
});
