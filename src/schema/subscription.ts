/**
 * The subscriptions. Access and visibility are decided where the log is followed; here entries become items. The iterators
 * are written by hand: an async generator parked in `next()` never runs its `finally`, so a client that left would be followed on.
 */
import { requireViewer } from '../desk/access.ts';
import type { Entry, Polled } from '../events/event-log.ts';
import { parsePosition, type Position } from '../events/position.ts';
import type { Viewer } from '../store/viewer.ts';
import { builder, type Context } from './builder.ts';
import { idOf } from './input.ts';
import { own, staff } from './rule.ts';
import { ConversationStreamItem, EscalationStreamItem, RunStreamItem, type Item } from './stream-item.ts';

/** Items depend on the viewer's authorization class only: the gateway may execute one for all who may see the same. */
const SHARED = { shared: true };
/** Whoever follows this is there: the argument that says where. */
const FOLLOWED = { ...SHARED, followed: 'id' };

type Follow = (viewer: Viewer, signal: AbortSignal) => Promise<AsyncIterableIterator<Entry>>;

builder.subscriptionFields((t) => ({
  conversationEvents: t.field({
    authScopes: own('read:conversations'),
    type: ConversationStreamItem,
    extensions: FOLLOWED,
    description:
      'Everything that happens in a conversation. Without `after`: StreamReady, a TextSnapshot of each answer in the making, then live. It does not end by itself. Leaving stops no run.',
    args: {
      id: t.arg.id({ required: true, description: 'The conversation.' }),
      after: t.arg({ type: 'Position', description: 'Continue after this position: of the conversation when it was loaded, or of the last item received.' }),
    },
    subscribe: (_root, { id, after }, context) =>
      follow(context, after, (viewer, signal) => context.runs.followConversation(viewer, idOf('id', 'conv', id), after ?? undefined, signal)),
    resolve: (item) => item,
  }),
  runEvents: t.field({
    authScopes: own('read:conversations'),
    type: RunStreamItem,
    extensions: SHARED,
    description: 'Everything that happens in a run. Without `after`: its whole history, then live. It completes by itself after the last item of the run.',
    args: {
      id: t.arg.id({ required: true, description: 'The run.' }),
      after: t.arg({ type: 'Position', description: 'Continue after this position: of the last item received.' }),
    },
    subscribe: (_root, { id, after }, context) =>
      follow(context, after, (viewer, signal) => context.runs.followRun(viewer, idOf('id', 'run', id), after ?? undefined, signal)),
    resolve: (item) => item,
  }),
  escalationEvents: t.field({
    authScopes: staff('read:conversations'),
    type: EscalationStreamItem,
    extensions: SHARED,
    description:
      'What happens to the escalations of the desk, for its people. Without `after`: from now on, so read `escalations` after StreamReady. A dashboard that comes back with its last position within a day catches up with everything. It does not end by itself.',
    args: { after: t.arg({ type: 'Position', description: 'Continue after this position: of the last item received.' }) },
    subscribe: (_root, { after }, context) => follow(context, after, (viewer, signal) => context.runs.followEscalations(viewer, after ?? undefined, signal)),
    resolve: (item) => item,
  }),
}));

async function follow(context: Context, after: Position | null | undefined, start: Follow): Promise<AsyncIterableIterator<Item>> {
  const viewer = requireViewer(context.viewer);
  if (after != null) parsePosition(after, 'after');
  const leaving = new AbortController();
  const signal = context.signal ? AbortSignal.any([context.signal, leaving.signal]) : leaving.signal;
  return items(await start(viewer, signal), leaving);
}

/** @param leaving Aborted as soon as the reader returns, so that a source parked in `next()` ends too. */
function items(source: AsyncIterableIterator<Entry> | Polled<Entry>, leaving: AbortController): Polled<Item> {
  const end = async (): Promise<void> => {
    leaving.abort();
    await source.return?.();
  };
  return {
    async next() {
      const read = await source.next();
      return read.done ? { done: true, value: undefined } : { done: false, value: toItem(read.value) };
    },
    poll(wake) {
      const entry = 'poll' in source ? source.poll(wake) : undefined;
      return entry ? toItem(entry) : entry;
    },
    async return() {
      await end();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function toItem(entry: Entry): Item {
  const { position, sequence } = entry;
  switch (entry.kind) {
    case 'ready':
      return { position, sequence, at: new Date(), replay: false, said: { type: 'StreamReady', entry } };
    case 'reset':
      return { position, sequence, at: new Date(), replay: false, said: { type: 'StreamReset', entry } };
    case 'event':
      return { position, sequence, at: entry.event.at, replay: entry.replay, said: entry.event };
  }
}
