/**
 * What every item of a subscription carries, and the items that are about the stream itself. The interfaces are never unions, so
 * `position` is selectable without a fragment and a new kind of item breaks no client. Fields of one name have one type on all
 * items: otherwise one document could not select them side by side (GraphQL's rule on overlapping fields), which is why reasons
 * and outcomes are text here although their values are closed lists.
 */
import type { EventOf, EventType, HeartbeatPhase as HeartbeatPhaseValue } from '../events/event.ts';
import type { Entry } from '../events/event-log.ts';
import { builder } from './builder.ts';
import { PART } from './rule.ts';
import { upperCased } from './scalars.ts';

type Ready = Extract<Entry, { kind: 'ready' }>;
type Reset = Extract<Entry, { kind: 'reset' }>;

/** What an item says: an event of the log, or one of the two notices about the stream. */
type Said = { readonly type: 'StreamReady'; readonly entry: Ready } | { readonly type: 'StreamReset'; readonly entry: Reset } | EventOf<EventType>;

/** One item on its way to one follower. */
export interface Item<S extends Said = Said> {
  readonly position: string;
  readonly sequence: number;
  readonly at: string | Date;
  readonly replay: boolean;
  readonly said: S;
}

export type ItemOf<T extends Said['type']> = Item<Extract<Said, { type: T }>>;

export const StreamItem = builder.interfaceRef<Item>('StreamItem').implement({
  ...PART,
  description: 'One item of a subscription.',
  resolveType: (item) => item.said.type,
  fields: (t) => ({
    position: t.expose('position', { type: 'Position', description: 'Where this item stands. Keep the last one: as `after` it continues right behind it.' }),
    sequence: t.exposeInt('sequence', {
      description:
        'Grows from item to item within an epoch, which StreamReady names. After subscribing again with an old position, drop what is not greater than the last one applied.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    replay: t.exposeBoolean('replay', { description: 'True when it happened before this subscription began.' }),
  }),
});

export const ConversationStreamItem = builder.interfaceRef<Item>('ConversationStreamItem').implement({
  ...PART,
  description: 'One item of `conversationEvents`.',
  interfaces: [StreamItem],
  resolveType: (item) => item.said.type,
});

export const RunStreamItem = builder.interfaceRef<Item>('RunStreamItem').implement({
  ...PART,
  description: 'One item of `runEvents`.',
  interfaces: [StreamItem],
  resolveType: (item) => item.said.type,
});

export const EscalationStreamItem = builder.interfaceRef<Item>('EscalationStreamItem').implement({
  ...PART,
  description: 'One item of `escalationEvents`.',
  interfaces: [StreamItem],
  resolveType: (item) => item.said.type,
});

/** The interfaces of items that conversations and runs carry. */
export const EVERYWHERE = [StreamItem, ConversationStreamItem, RunStreamItem];
/** Those, and the desk's. */
export const EVERY_STREAM = [...EVERYWHERE, EscalationStreamItem];

const ReadyStatus = builder.enumType('ReadyStatus', {
  description: 'How a subscription begins.',
  values: {
    LIVE: { value: 'LIVE', description: 'From now on, after what a newcomer needs to catch up.' },
    RECOVERED: { value: 'RECOVERED', description: 'Right after the given position: nothing is missing.' },
    RESET: { value: 'RESET', description: 'Continuity could not be proved; StreamReset follows.' },
  },
});

const HeartbeatPhase = builder.enumType('HeartbeatPhase', {
  description: 'What a run that says nothing is doing.',
  values: upperCased<HeartbeatPhaseValue>({
    queued: 'It waits for its turn.',
    thinking: 'The model has not begun to answer.',
    using_tool: 'A tool is at work.',
    waiting_for_person: 'A person has to decide.',
    recovering: 'It is being taken up again after an interruption.',
  }),
});

builder.objectRef<ItemOf<'StreamReady'>>('StreamReady').implement({
  ...PART,
  description: 'The first item of every subscription: it works from here on.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    status: t.field({ type: ReadyStatus, description: 'How it begins.', resolve: ({ said }) => said.entry.status }),
    epoch: t.id({
      description: 'The life of the history that positions and sequences belong to. Another epoch: sequences begin anew.',
      resolve: ({ said }) => said.entry.epoch,
    }),
    replayed: t.int({ description: 'How many items of the past come before live ones.', resolve: ({ said }) => said.entry.replayed }),
  }),
});

builder.objectRef<ItemOf<'StreamReset'>>('StreamReset').implement({
  ...PART,
  description: 'What follows does not continue what you had: read the conversation, the run or the escalations again, then go on from this position.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    reason: t.string({
      description:
        'Why: EPOCH (the history began anew), TRIMMED (what you missed is no longer kept), AHEAD (your position lies in the future), SLOW (you read too slowly), POLICY (what you may see has changed; a change of rights itself ends the subscription with FORBIDDEN, `retryable`, so that you subscribe again).',
      resolve: ({ said }) => said.entry.reason,
    }),
    epoch: t.id({ description: 'The life of the history that is valid from here on.', resolve: ({ said }) => said.entry.epoch }),
  }),
});

builder.objectRef<ItemOf<'Heartbeat'>>('Heartbeat').implement({
  ...PART,
  description: 'A run is at work, though nothing was said for ten seconds.',
  interfaces: EVERYWHERE,
  fields: (t) => ({ phase: t.field({ type: HeartbeatPhase, description: 'What it is doing.', resolve: ({ said }) => said.phase }) }),
});
