/**
 * One small front-end, written with each of the six clients people have, as their own documentation has it: the stock graphql-ws,
 * graphql-sse, urql with its persisted exchange, Apollo with its persisted link, Relay, and GraphiQL's fetcher. Each asks, changes and
 * follows, by documents or by the ids of registered operations. No protocol is spoken here.
 */
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { print as printForApollo } from '@apollo/client/utilities';
import { createGraphiQLFetcher, isAsyncIterable, type FetcherParams } from '@graphiql/toolkit';
import { Client as UrqlClient, createRequest, fetchExchange, stringifyDocument, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { OperationTypeNode, parse } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import type { Client } from 'graphql-ws';
import relay from 'relay-runtime';
import type { GraphQLResponse, RequestParameters, Variables } from 'relay-runtime';
import { relayArtifacts, relayId } from './relay-artifacts.ts';

export const VIEWER = 'query Viewer { viewer { id } }';
const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } } }';
export const FOLLOW = `subscription Follow($id: ID!, $after: Position) { conversationEvents(id: $id, after: $after) {
  __typename position sequence ... on StreamReady { status epoch } ... on StreamReset { reason } ... on TextDelta { offset text } } }`;
const TEXTS = [VIEWER, START, FOLLOW] as const;

export interface Item {
  readonly __typename: string;
  readonly sequence: number;
  readonly status?: string;
  readonly offset?: number;
  readonly text?: string;
}

export interface Started {
  readonly id: string;
  readonly position: string;
}

export interface FrontEnd {
  /** Of its operations, as its own tools write it. */
  readonly manifest: object;
  viewer(): Promise<string | undefined>;
  start(input: { readonly text: string; readonly customerId?: string }): Promise<Started>;
  /** @returns The way to leave. */
  follow(variables: { readonly id: string; readonly after: string | null }, next: (item: Item) => void, error: (error: unknown) => void): () => void;
}

export interface Access {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The stock graphql-ws client, for those that bring none of their own. */
  readonly socket: Client;
}

interface OneClient {
  /** Sends its documents, at least until their hashes are known. */
  plain(access: Access): FrontEnd;
  /** Sends the ids of what was registered. */
  registered(access: Access): FrontEnd;
}

export const SIX_CLIENTS: readonly (readonly [name: string, client: OneClient])[] = [
  ['the stock graphql-ws client', { plain: (access) => withGraphqlWs(access), registered: (access) => withGraphqlWs(access, true) }],
  ['graphql-sse', { plain: (access) => withGraphqlSse(access), registered: (access) => withGraphqlSse(access, true) }],
  ['urql with persistedExchange', { plain: (access) => withUrql(access, 'tried first'), registered: (access) => withUrql(access, 'enforced') }],
  ['Apollo with PersistedQueryLink', { plain: (access) => withApollo(access, {}), registered: (access) => withApollo(access, {}) }],
  ['relay-runtime', { plain: (access) => withRelay(access), registered: (access) => withRelay(access, true) }],
  ['GraphiQL’s fetcher', { plain: (access) => withGraphiql(access), registered: (access) => withGraphiql(access, true) }],
];

type ViewerData = { readonly viewer: { readonly id: string } };
type StartData = { readonly startConversation: { readonly conversation: Started } };
type FollowData = { readonly conversationEvents: Item };

export function withGraphqlWs({ socket }: Access, registered = false): FrontEnd {
  return withOneVerb(ownIds(), (text, variables, sink) => socket.subscribe({ ...named(text, registered), variables }, sink));
}

function withGraphqlSse({ url, headers }: Access, registered = false): FrontEnd {
  const client = createSseClient({ url, headers });
  return withOneVerb(ownIds(), (text, variables, sink) => client.subscribe({ ...named(text, registered), variables }, sink));
}

function withGraphiql({ url, headers }: Access, registered = false): FrontEnd {
  const fetcher = createGraphiQLFetcher({ url, subscriptionUrl: url.replace('http', 'ws'), fetch });
  const documentIds = new Map(TEXTS.map((text) => [text as string, `sha256:${sha256(text)}`]));
  return withOneVerb(Object.fromEntries(TEXTS.map((text) => [sha256(text), text])), (text, variables, sink) => {
    const params = { query: text, operationName: nameOf(text), variables };
    // What stands in its editor tells it where to ask, and its header editor who does; what is sent is the page's to say.
    const sent: FetcherParams & { documentId?: string | undefined } = registered ? { ...params, query: '', documentId: documentIds.get(text) } : params;
    const answers = Promise.resolve(fetcher(sent, { documentAST: parse(text), headers }));
    void read().catch((error: unknown) => sink.error(error));
    async function read(): Promise<void> {
      const given: unknown = await answers;
      if (!isAsyncIterable(given)) return sink.next(given as Answer);
      if ('throw' in given) caught(given as AsyncIterableIterator<unknown>);
      for await (const answer of given) sink.next(answer as Answer);
      sink.complete();
    }
    return () => void answers.then((given: unknown) => (isAsyncIterable(given) ? given[Symbol.asyncIterator]().return?.() : undefined));
  });
}

/** The fetcher throws a refusal into its own iterator and forgets the promise of that: a page sees a line in its console, a test run fails. */
function caught(given: AsyncIterableIterator<unknown>): void {
  const raise = given.throw?.bind(given);
  if (!raise) return;
  given.throw = (refusal: unknown) => {
    const thrown = raise(refusal);
    thrown.catch(() => undefined);
    return thrown;
  };
}

export function withUrql({ url, headers, socket }: Access, hashes: 'tried first' | 'enforced' | null): FrontEnd {
  const persisted = persistedExchange({ enforcePersistedQueries: hashes === 'enforced', enableForMutation: true, enableForSubscriptions: true });
  const client = new UrqlClient({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      ...(hashes === null ? [] : [persisted]),
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
  const texts = TEXTS.map((text) => stringifyDocument(createRequest(text, {}).query));
  return {
    manifest: Object.fromEntries(texts.map((text) => [sha256(text), text])),
    async viewer() {
      const { data, error } = await client.query<ViewerData>(VIEWER, {}).toPromise();
      if (error) throw error;
      return data?.viewer.id;
    },
    async start(input) {
      const { data, error } = await client.mutation<StartData>(START, { input }).toPromise();
      if (!data) throw error ?? new Error('nothing was answered');
      return data.startConversation.conversation;
    },
    follow(variables, next, failed) {
      const { unsubscribe } = client.subscription<FollowData>(FOLLOW, variables).subscribe(({ data, error }) => {
        if (error) failed(error);
        else if (data) next(data.conversationEvents);
      });
      return unsubscribe;
    },
  };
}

export function withApollo({ url, headers, socket }: Access, persisted: { readonly useGETForHashedQueries?: boolean } | null): FrontEnd {
  const cache = new InMemoryCache();
  const ends = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url, headers }),
  );
  const client = new ApolloClient({ cache, link: persisted === null ? ends : ApolloLink.from([new PersistedQueryLink({ sha256, ...persisted }), ends]) });
  const operations = TEXTS.map((text) => {
    const body = printForApollo(cache.transformDocument(gql(text)));
    return { id: sha256(body), name: nameOf(body), type: /^\w+/.exec(body)?.[0] ?? '', body };
  });
  return {
    manifest: { format: 'apollo-persisted-query-manifest', version: 1, operations },
    viewer: async () => (await client.query<ViewerData>({ query: gql(VIEWER), fetchPolicy: 'no-cache' })).data?.viewer.id,
    async start(input) {
      const { data } = await client.mutate<StartData>({ mutation: gql(START), variables: { input } });
      if (!data) throw new Error('nothing was answered');
      return data.startConversation.conversation;
    },
    follow(variables, next, failed) {
      const following = client
        .subscribe<FollowData>({ query: gql(FOLLOW), variables, fetchPolicy: 'no-cache' })
        .subscribe({ next: ({ data, error }) => (error ? failed(error) : data && next(data.conversationEvents)), error: failed });
      return () => following.unsubscribe();
    },
  };
}

export function withRelay({ url, headers, socket }: Access, registered = false): FrontEnd {
  const { commitMutation, Environment, fetchQuery, Network, Observable, RecordSource, requestSubscription, Store } = relay;
  const artifacts = relayArtifacts({ viewer: VIEWER, start: START, follow: FOLLOW }, registered);
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      async ({ id, text }: RequestParameters, variables: Variables) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(text === null ? { documentId: id, variables } : { query: text, variables }),
        });
        return (await response.json()) as GraphQLResponse;
      },
      ({ id, text }: RequestParameters, variables: Variables) =>
        Observable.create<GraphQLResponse>((sink) =>
          socket.subscribe(text == null ? ({ query: '', documentId: id, variables } as Parameters<Client['subscribe']>[0]) : { query: text, variables }, {
            next: (result) => sink.next(result as GraphQLResponse),
            error: (error: Error) => sink.error(error),
            complete: () => sink.complete(),
          }),
        ),
    ),
  });
  return {
    manifest: Object.fromEntries(TEXTS.map((text) => [relayId(text), text])),
    async viewer() {
      const data = (await fetchQuery(environment, artifacts.viewer, {}).toPromise()) as ViewerData | undefined;
      return data?.viewer.id;
    },
    start: (input) =>
      new Promise((resolve, reject) => {
        commitMutation(environment, {
          mutation: artifacts.start,
          variables: { input },
          onCompleted: (data, errors) =>
            errors ? reject(new Error('the mutation was refused', { cause: errors })) : resolve((data as StartData).startConversation.conversation),
          onError: reject,
        });
      }),
    follow(variables, next, failed) {
      const { dispose } = requestSubscription(environment, {
        subscription: artifacts.follow,
        variables,
        onNext: (data) => next((data as FollowData).conversationEvents),
        onError: failed,
      });
      return dispose;
    },
  };
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: unknown;
}

interface Sink {
  next(answer: Answer): void;
  error(error: unknown): void;
  complete(): void;
}

/** A front-end over a client that knows one verb for queries, mutations and subscriptions. */
function withOneVerb(manifest: object, send: (text: string, variables: Readonly<Record<string, unknown>>, sink: Sink) => () => void): FrontEnd {
  function once<T>(text: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      send(text, variables, {
        next: ({ data, errors }) => (errors ? reject(new Error('it was refused', { cause: errors })) : resolve(data as T)),
        error: (error) => reject(new Error('it was refused', { cause: error })),
        complete: () => reject(new Error('nothing was answered')),
      });
    });
  }
  return {
    manifest,
    viewer: async () => (await once<ViewerData>(VIEWER)).viewer.id,
    start: async (input) => (await once<StartData>(START, { input })).startConversation.conversation,
    follow: (variables, next, error) =>
      send(FOLLOW, variables, {
        next: ({ data, errors }) => (errors ? error(errors) : next((data as FollowData).conversationEvents)),
        error,
        complete: () => undefined,
      }),
  };
}

/** Ids that a front-end gives by itself: clients without tools of their own for it send whatever their author puts there. */
function ownIds(): object {
  return Object.fromEntries(TEXTS.map((text) => [ownId(text), text]));
}

function ownId(text: string): string {
  return `front-end:${sha256(text).slice(0, 8)}`;
}

function named(text: string, registered: boolean) {
  return registered ? { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: ownId(text) } } } : { query: text };
}

function nameOf(text: string): string {
  return /^\w+ (\w+)/.exec(text)?.[1] ?? '';
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The first GraphQL error, wherever a client puts it. */
export function refusalIn(error: unknown): unknown {
  if (Array.isArray(error)) return refusalIn(error[0]);
  if (error === null || typeof error !== 'object') return error;
  for (const place of ['graphQLErrors', 'errors', 'source', 'cause'] as const) {
    const inside: unknown = Reflect.get(error, place);
    if (typeof inside === 'object' && inside !== null) return refusalIn(inside);
  }
  return error;
}
