/** Who is there and who is typing: the items, the verb and the field that say so. Decides nothing about who may know. */
import { customersVisibleTo, requireViewer } from '../desk/access.ts';
import type { Participant as ParticipantValue } from '../events/event.ts';
import { builder } from './builder.ts';
import { loadConversation } from './conversation.ts';
import { found, idOf } from './input.ts';
import { PART, own } from './rule.ts';
import { upperCased } from './scalars.ts';
import { ConversationStreamItem, StreamItem, type ItemOf } from './stream-item.ts';

const ParticipantKind = builder.enumType('ParticipantKind', {
  description: 'Which side of a conversation someone is on.',
  values: upperCased<ParticipantValue['kind']>({ customer: 'The customer.', person: 'A person of the desk.' }),
});

const ParticipantState = builder.enumType('ParticipantState', {
  description: 'What someone in a conversation does.',
  values: {
    PRESENT: { value: 'PRESENT', description: 'They have the conversation open.' },
    AWAY: { value: 'AWAY', description: 'They have left it.' },
    TYPING: { value: 'TYPING', description: 'They are writing.' },
    IDLE: { value: 'IDLE', description: 'They have stopped writing.' },
  },
});

export const Participant = builder.objectRef<ParticipantValue>('Participant').implement({
  ...PART,
  description: 'Someone who takes part in a conversation.',
  fields: (t) => ({
    kind: t.field({ type: ParticipantKind, description: 'Which side they are on.', resolve: (who) => who.kind }),
    id: t.id({ description: 'Of the customer or of the user.', resolve: (who) => who.id }),
    name: t.string({
      nullable: true,
      description: 'Their name; `null` when it is no longer on record.',
      resolve: async ({ kind, id }, _args, { database, viewer }) => {
        if (kind === 'person') return (await database.user.findUnique({ where: { id }, select: { name: true } }))?.name ?? null;
        const row = await database.customer.findFirst({ where: { id, AND: [customersVisibleTo(requireViewer(viewer))] }, select: { name: true } });
        return row?.name ?? null;
      },
    }),
  }),
});

builder.objectRef<ItemOf<'TypingChanged'>>('TypingChanged').implement({
  ...PART,
  description: 'Someone began or stopped writing. The desk hears of the customer, the customer of the people of the desk.',
  interfaces: [StreamItem, ConversationStreamItem],
  fields: (t) => ({
    who: t.field({ type: Participant, description: 'Who.', resolve: ({ said }) => said.who }),
    state: t.field({ type: ParticipantState, description: 'TYPING or IDLE.', resolve: ({ said }) => (said.until === null ? 'IDLE' : 'TYPING') }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When TYPING ends unless it is said again: show it no longer than that. `null` for IDLE.',
      resolve: ({ said }) => said.until,
    }),
  }),
});

builder.objectRef<ItemOf<'PresenceChanged'>>('PresenceChanged').implement({
  ...PART,
  description:
    'Someone opened or left the conversation. The desk hears of everybody, a customer of the people who hold the conversation. Leaving is told a few seconds late, so that a reload does not show.',
  interfaces: [StreamItem, ConversationStreamItem],
  fields: (t) => ({
    who: t.field({ type: Participant, description: 'Who.', resolve: ({ said }) => said.who }),
    state: t.field({ type: ParticipantState, description: 'PRESENT or AWAY.', resolve: ({ said }) => (said.present ? 'PRESENT' : 'AWAY') }),
  }),
});

builder.prismaObjectField('Conversation', 'participants', (t) =>
  t.field({
    type: [Participant],
    description: 'Who has the conversation open now, as far as the viewer may know. Changes arrive as PresenceChanged.',
    resolve: ({ id }, _args, { desk, viewer }) => desk.presence.present(requireViewer(viewer), id).then((everyone) => [...everyone]),
  }),
);

builder.relayMutationField(
  'setTyping',
  {
    description: 'Who types where.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation.' }),
      typing: t.boolean({
        required: true,
        description: 'True while writing: to be said again every few seconds. False when it stops; sending a message needs no word.',
      }),
    }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Says that the viewer is writing. It holds for six seconds, and is told at most every two.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.presence.setTyping(requireViewer(viewer), { conversationId: idOf('input.conversationId', 'conv', input.conversationId), typing: input.typing }),
  },
  {
    outputFields: (t) => ({
      conversation: t.prismaField({
        type: 'Conversation',
        description: 'The conversation.',
        resolve: async (query, payload, _args, context, info) =>
          found('conversation', await loadConversation(query, payload.conversationId, context, info, true)),
      }),
    }),
  },
);
