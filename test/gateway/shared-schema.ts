/**
 * A schema with shared subscriptions over the real in-process log: items that are leaves, an item whose field waits until the test lets
 * it answer, and one that asks who the viewer is. It counts what it executes.
 */
import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfigMap,
} from 'graphql';
import type { Entry, EventLog } from '../../src/events/event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Call } from '../../src/gateway/operations.ts';
import type { Viewer } from '../../src/store/viewer.ts';

type Said = ParleyEvent | { readonly type: 'StreamReady' | 'StreamReset'; readonly entry: Entry };

export interface Item {
  readonly position: string;
  readonly sequence: number;
  readonly replay: boolean;
  readonly said: Said;
}

export interface SharedStreams {
  /** How often an item of this type was executed, compiled or not. */
  executed(type: string): number;
  /** Streams opened so far, and by whom. */
  readonly opened: (Viewer | null)[];
  /** Streams not returned yet. */
  open: number;
  /** What the field `waits` of `ConversationChanged` waits for. */
  waits: () => Promise<void>;
  /** What opening a stream waits for. */
  opening: () => Promise<void>;
  /** What the source of `broken` waits for before it fails. */
  breaking: Promise<void>;
  /** What the source of `ending` waits for before it ends. */
  finishing: Promise<void>;
}

const text = new GraphQLNonNull(GraphQLString);
const int = new GraphQLNonNull(GraphQLInt);

export function sharedSchema(log: Pick<EventLog, 'follow'>): { readonly schema: GraphQLSchema; readonly streams: SharedStreams } {
  const counts = new Map<string, number>();
  const streams: SharedStreams = {
    executed: (type) => counts.get(type) ?? 0,
    opened: [],
    open: 0,
    waits: () => Promise.resolve(),
    opening: () => Promise.resolve(),
    breaking: Promise.resolve(),
    finishing: Promise.resolve(),
  };

  function count(item: Item): string {
    counts.set(item.said.type, (counts.get(item.said.type) ?? 0) + 1);
    return item.position;
  }

  const common: GraphQLFieldConfigMap<Item, Call> = {
    position: { type: text, resolve: count },
    sequence: { type: int },
    replay: { type: new GraphQLNonNull(GraphQLBoolean) },
  };
  const Stream = new GraphQLInterfaceType({ name: 'Stream', fields: common, resolveType: (item: Item) => item.said.type });
  const type = (name: string, fields: GraphQLFieldConfigMap<Item, Call>) =>
    new GraphQLObjectType<Item, Call>({ name, interfaces: [Stream], fields: { ...common, ...fields } });
  const reads = (name: string) => ({ type: text, resolve: ({ said }: Item): unknown => Reflect.get(said, name) });

  async function* nothing(): AsyncGenerator<Item> {}

  function follow(call: Call, id: string, after: string | undefined): AsyncIterableIterator<Item> {
    const source = log.follow(`conversation:${id}`, { ...(after === undefined ? {} : { after }), startAt: 'snapshot', signal: call.signal });
    let returned = false;
    streams.open += 1;
    return {
      async next() {
        const { done, value } = await source.next();
        return done ? { done: true, value: undefined } : { done: false, value: toItem(value) };
      },
      async return() {
        if (!returned) streams.open -= 1;
        returned = true;
        await source.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** The items of a conversation until `end` is settled; it fails as `end` does. */
  function until(items: AsyncIterableIterator<Item>, end: Promise<void>): AsyncIterableIterator<Item> {
    const ended = end.then(() => ({ done: true as const, value: undefined }));
    return {
      next: () => Promise.race([items.next(), ended]),
      return: () => items.return?.() ?? ended,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  const args = { id: { type: new GraphQLNonNull(GraphQLID) }, after: { type: GraphQLString } };
  const resolve = (item: unknown) => item;
  const extensions = { shared: true };
  const start = async (call: Call, { id, after }: { id: string; after?: string }) => {
    await streams.opening();
    streams.opened.push(call.viewer);
    return follow(call, id, after ?? undefined);
  };
  type Args = { id: string; after?: string };

  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType<unknown, Call>({
      name: 'Subscription',
      fields: {
        events: { type: Stream, args, extensions, resolve, subscribe: (_root, given: Args, call) => start(call, given) },
        alone: { type: Stream, args, resolve, subscribe: (_root, given: Args, call) => start(call, given) },
        named: {
          type: Stream,
          args,
          extensions,
          resolve,
          // Who asks makes a difference before there is any item.
          subscribe: (_root, given: Args, call) => (call.viewer?.kind === 'staff' && call.viewer.name === '' ? nothing() : start(call, given)),
        },
        broken: { type: Stream, args, extensions, resolve, subscribe: async (_root, given: Args, call) => until(await start(call, given), streams.breaking) },
        ending: { type: Stream, args, extensions, resolve, subscribe: async (_root, given: Args, call) => until(await start(call, given), streams.finishing) },
      },
    }),
    types: [
      type('StreamReady', {}),
      type('StreamReset', {}),
      type('TextDelta', { offset: { type: int, resolve: ({ said }) => Reflect.get(said, 'offset') }, text: reads('text') }),
      type('TextSnapshot', { text: reads('text') }),
      type('Heartbeat', { phase: reads('phase') }),
      type('ConversationChanged', {
        waits: {
          type: text,
          async resolve() {
            await streams.waits();
            return 'done';
          },
        },
      }),
      type('RunQueued', {
        me: { type: text, resolve: (_item, _args, { viewer }) => (viewer?.kind === 'staff' ? viewer.name : viewer?.kind) },
        quietly: {
          type: text,
          resolve(_item, _args, { viewer }) {
            try {
              return viewer?.kind === 'staff' ? viewer.userId : 'nobody';
            } catch {
              return 'somebody';
            }
          },
        },
      }),
    ],
  });
  return { schema, streams };
}

function toItem(entry: Entry): Item {
  const { position, sequence } = entry;
  if (entry.kind === 'event') return { position, sequence, replay: entry.replay, said: entry.event };
  return { position, sequence, replay: false, said: { type: entry.kind === 'ready' ? 'StreamReady' : 'StreamReset', entry } };
}
