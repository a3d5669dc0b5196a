/** A schema that shows each thing a door must handle, and nothing of the product. Its streams tell when they were opened and closed. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  Kind,
} from 'graphql';
import { formatPosition, parsePosition } from '../../src/events/position.ts';
import { AppError, notFound } from '../../src/foundation/errors.ts';
import type { Call } from '../../src/gateway/operations.ts';

export interface Streams {
  /** Iterators handed out and not returned yet. */
  open: number;
  /** Resolves when no stream is open. */
  closed(): Promise<void>;
  /** Mutations that ran. */
  mutations: number;
  /** Lets `slow` answer. */
  release(): void;
  /** Resolves when `slow` was asked. */
  readonly asked: Promise<void>;
}

const text = new GraphQLNonNull(GraphQLString);
const int = new GraphQLNonNull(GraphQLInt);

const Position = new GraphQLScalarType<string, string>({
  name: 'Position',
  parseValue: (value) => checked(String(value)),
  parseLiteral: (node) => checked(node.kind === Kind.STRING ? node.value : ''),
});

function checked(value: string): string {
  parsePosition(value);
  return value;
}

export function smallSchema(): { readonly schema: GraphQLSchema; readonly streams: Streams } {
  const waiting = new Set<() => void>();
  const slow = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const streams: Streams = {
    open: 0,
    closed: () => (streams.open === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    mutations: 0,
    release: slow.resolve,
    asked: asked.promise,
  };

  /** Items up to `count`, then an end; a negative count waits for ever after its items. */
  function items(from: number, count: number, failAt = Number.POSITIVE_INFINITY): AsyncIterableIterator<{ position: string; value: number }> {
    let value = from;
    let end: (() => void) | null = null;
    let returned = false;
    streams.open += 1;
    return {
      next() {
        if (returned) return Promise.resolve({ done: true, value: undefined });
        value += 1;
        if (value > failAt) return Promise.reject(new Error('the source broke: password=hunter2'));
        if (value <= Math.abs(count)) return Promise.resolve({ done: false, value: { position: formatPosition({ epoch: 'e1', offset: value }), value } });
        if (count >= 0) return Promise.resolve({ done: true, value: undefined });
        return new Promise((resolve) => (end = () => resolve({ done: true, value: undefined })));
      },
      return() {
        if (!returned) streams.open -= 1;
        returned = true;
        end?.();
        if (streams.open === 0) for (const wake of waiting) wake();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  const Item: GraphQLObjectType = new GraphQLObjectType({
    name: 'Item',
    fields: () => ({
      value: { type: int },
      position: { type: text },
      next: { type: Item },
      items: { type: ItemConnection, args: { first: { type: GraphQLInt }, last: { type: GraphQLInt } } },
    }),
  });
  const ItemEdge = new GraphQLObjectType({ name: 'ItemEdge', fields: { node: { type: Item } } });
  const ItemConnection = new GraphQLObjectType({ name: 'ItemConnection', fields: { edges: { type: new GraphQLList(ItemEdge) } } });
  const Mode = new GraphQLEnumType({ name: 'Mode', values: { FAST: {}, SLOW: {} } });
  const SetInput = new GraphQLInputObjectType({ name: 'SetInput', fields: { mode: { type: new GraphQLNonNull(Mode) }, text: { type: text } } });

  const schema = new GraphQLSchema({
    query: new GraphQLObjectType<unknown, Call>({
      name: 'Query',
      fields: {
        hello: { type: text, resolve: () => 'world' },
        echo: { type: GraphQLString, args: { text: { type: text }, after: { type: Position } }, resolve: (_root, args: { text: string }) => args.text },
        viewer: {
          type: GraphQLString,
          resolve(_root, _args, { viewer }) {
            if (!viewer) throw new AppError('UNAUTHENTICATED', 'Sign in first.');
            return viewer.kind;
          },
        },
        requestId: { type: text, resolve: (_root, _args, { requestId }) => requestId },
        boom: {
          type: GraphQLString,
          resolve() {
            throw new Error('connection string postgres://admin:hunter2@db');
          },
        },
        gone: {
          type: GraphQLString,
          resolve() {
            throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
          },
        },
        busy: {
          type: GraphQLString,
          resolve() {
            throw new AppError('RATE_LIMITED', 'Too many messages.', { retryAfterMs: 1_500, field: 'input.text' });
          },
        },
        broken: { type: text, resolve: () => null },
        slow: {
          type: GraphQLBoolean,
          async resolve() {
            asked.resolve();
            await slow.promise;
            return true;
          },
        },
        item: { type: Item, resolve: () => ({ value: 1, position: 'e1.1' }) },
        items: { type: ItemConnection, args: { first: { type: GraphQLInt }, last: { type: GraphQLInt } }, resolve: () => ({ edges: [] }) },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        set: {
          type: GraphQLString,
          args: { input: { type: new GraphQLNonNull(SetInput) } },
          resolve(_root, args: { input: { mode: string } }) {
            streams.mutations += 1;
            return args.input.mode;
          },
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          type: Item,
          args: { to: { type: int }, after: { type: Position } },
          subscribe: (_root, args: { to: number; after?: string }) => items(args.after === undefined ? 0 : parsePosition(args.after).offset, args.to),
          resolve: (item: unknown) => item,
        },
        failing: { type: Item, subscribe: () => items(0, 5, 1), resolve: (item: unknown) => item },
        denied: {
          type: Item,
          subscribe() {
            throw notFound('conversation');
          },
        },
        crashing: {
          type: Item,
          subscribe() {
            throw new Error('hunter2');
          },
        },
      },
    }),
  });
  return { schema, streams };
}
