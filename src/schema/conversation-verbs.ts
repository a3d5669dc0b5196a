/** The verbs of a conversation: start, post, resolve, reopen, rate. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import type { BusyPolicy as BusyPolicyValue, Disposition } from '../desk/desk.ts';
import { badInput } from '../foundation/errors.ts';
import { builder } from './builder.ts';
import { Channel, loadConversation } from './conversation.ts';
import { email, found, given, idOf, key, text, wholeNumber } from './input.ts';
import { Message } from './message.ts';
import { own } from './rule.ts';
import { Run } from './run.ts';
import { upperCased } from './scalars.ts';

/** Characters of the comment beside a rating. */
const COMMENT_CHARS_MAX = 2_000;

const BusyPolicy = builder.enumType('BusyPolicy', {
  description: 'What to do with a message while the one before is being answered.',
  values: upperCased<BusyPolicyValue>({
    queue: 'Answer it afterwards, in order.',
    interrupt: 'Stop the present answer, keep what there is of it, and answer this one.',
    reject: 'Refuse it with RUN_ACTIVE; nothing is written.',
  }),
});

const PostDisposition = builder.enumType('PostDisposition', {
  description: 'What became of a posted message.',
  values: upperCased<Disposition>({
    started: 'Nothing else was being answered: it is now.',
    queued: 'It will be answered after the ones before it.',
    interrupted: 'The answer before it was stopped in its favour.',
    duplicate: 'It had been posted before under the same `clientMessageId`: this is that one.',
  }),
});

builder.relayMutationField(
  'startConversation',
  {
    description: 'For whom, and the first message.',
    inputFields: (t) => ({
      customerId: t.id({ description: 'For whom. A customer may leave it out; others give this or `customerEmail`.' }),
      customerEmail: t.string({ description: 'For whom, by the main address, instead of `customerId`.' }),
      text: t.string({ required: true, description: 'The first message.' }),
      channel: t.field({ type: Channel, description: 'The way it came in; WEB when left out.' }),
      idempotencyKey: t.string({ description: 'Your own key for this start: the same key and body give the same conversation, another body is CONFLICT.' }),
    }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Begins a conversation with its first message, which is answered at once.',
    resolve: (_root, { input }, { viewer, desk, messageCharsMax }) => {
      if (input.customerId != null && input.customerEmail != null) throw badInput('input.customerEmail', 'give the customer by id or by address, not both.');
      return desk.conversations.start(requireViewer(viewer), {
        customerId: given(input.customerId, (id) => idOf('input.customerId', 'cus', id)) ?? null,
        customerEmail: given(input.customerEmail, (value) => email('input.customerEmail', value)) ?? null,
        text: text('input.text', input.text, messageCharsMax),
        channel: input.channel ?? null,
        idempotencyKey: given(input.idempotencyKey, (value) => key('input.idempotencyKey', value)) ?? null,
      });
    },
  },
  {
    outputFields: (t) => ({
      conversation: t.prismaField({
        type: 'Conversation',
        description: 'The new conversation.',
        resolve: async (query, payload, _args, context, info) =>
          found('conversation', await loadConversation(query, payload.conversation.id, context, info, true)),
      }),
      message: t.field({ type: Message, description: 'The first message.', resolve: (payload) => payload.message }),
      run: t.field({ type: Run, description: 'The run that answers it.', resolve: (payload) => payload.run }),
    }),
  },
);

builder.relayMutationField(
  'postMessage',
  {
    description: 'What to say, and where.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation.' }),
      text: t.string({ required: true, description: 'The message.' }),
      clientMessageId: t.string({ description: 'Your own id of this message: sent again, also at the same time, it stays one message with one answer.' }),
      onBusy: t.field({ type: BusyPolicy, description: 'What to do while the message before is being answered; QUEUE when left out.' }),
    }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Says something in a conversation. What a customer says is answered; CONVERSATION_CLOSED when it is resolved.',
    resolve: (_root, { input }, { viewer, desk, messageCharsMax }) =>
      desk.conversations.post(requireViewer(viewer), {
        conversationId: idOf('input.conversationId', 'conv', input.conversationId),
        text: text('input.text', input.text, messageCharsMax),
        clientMessageId: given(input.clientMessageId, (value) => key('input.clientMessageId', value)) ?? null,
        onBusy: input.onBusy ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      message: t.field({ type: Message, description: 'The message.', resolve: (payload) => payload.message }),
      run: t.field({
        type: Run,
        nullable: true,
        description: 'The run that answers it; `null` when a person of the desk wrote, or holds the conversation.',
        resolve: (payload) => payload.run,
      }),
      disposition: t.field({ type: PostDisposition, description: 'What became of it.', resolve: (payload) => payload.disposition }),
    }),
  },
);

builder.relayMutationField(
  'resolveConversation',
  {
    description: 'Which conversation to close.',
    inputFields: (t) => ({ conversationId: t.id({ required: true, description: 'The conversation.' }) }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Closes a conversation. Closing a closed one changes nothing.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.conversations.resolve(requireViewer(viewer), { conversationId: idOf('input.conversationId', 'conv', input.conversationId) }),
  },
  {
    outputFields: (t) => ({
      conversation: t.prismaField({
        type: 'Conversation',
        description: 'The conversation as it is now.',
        resolve: async (query, payload, _args, context, info) =>
          found('conversation', await loadConversation(query, payload.conversation.id, context, info, true)),
      }),
    }),
  },
);

builder.relayMutationField(
  'reopenConversation',
  {
    description: 'Which conversation to open again.',
    inputFields: (t) => ({ conversationId: t.id({ required: true, description: 'The conversation.' }) }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Opens a closed conversation again. Opening an open one changes nothing.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.conversations.reopen(requireViewer(viewer), { conversationId: idOf('input.conversationId', 'conv', input.conversationId) }),
  },
  {
    outputFields: (t) => ({
      conversation: t.prismaField({
        type: 'Conversation',
        description: 'The conversation as it is now.',
        resolve: async (query, payload, _args, context, info) =>
          found('conversation', await loadConversation(query, payload.conversation.id, context, info, true)),
      }),
    }),
  },
);

builder.relayMutationField(
  'rateConversation',
  {
    description: 'Which conversation, and how it was.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation.' }),
      rating: t.int({ required: true, description: '1 (bad) to 5 (very good). A later rating replaces an earlier one.' }),
      comment: t.string({ description: `What to add, at most ${COMMENT_CHARS_MAX} characters.` }),
    }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Says how well a conversation went.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.conversations.rate(requireViewer(viewer), {
        conversationId: idOf('input.conversationId', 'conv', input.conversationId),
        rating: wholeNumber('input.rating', input.rating, 1, 5),
        comment: given(input.comment, (value) => text('input.comment', value, COMMENT_CHARS_MAX)) ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      conversation: t.prismaField({
        type: 'Conversation',
        description: 'The conversation as it is now.',
        resolve: async (query, payload, _args, context, info) =>
          found('conversation', await loadConversation(query, payload.conversation.id, context, info, true)),
      }),
    }),
  },
);
