/** The items of a stream that are about messages and conversations. What lives in a row is read from it, with what the viewer may see. */
import { messagesVisibleTo, requireViewer } from '../desk/access.ts';
import type { Message as MessageRow } from '../store/generated/prisma/client.ts';
import { builder, type Context } from './builder.ts';
import { loadConversation } from './conversation.ts';
import { PART } from './rule.ts';
import { ConversationStreamItem, EVERY_STREAM, EVERYWHERE, StreamItem, type ItemOf } from './stream-item.ts';

function readMessage(query: object, messageId: string, { viewer, database }: Context): Promise<MessageRow | null> {
  return database.message.findFirst({ ...query, where: { id: messageId, AND: [messagesVisibleTo(requireViewer(viewer))] } });
}

builder.objectRef<ItemOf<'MessagePosted'>>('MessagePosted').implement({
  ...PART,
  description:
    'A message was added: one that was said, or an answer that is being begun. In `escalationEvents`: what a customer says while a person holds the conversation or is waited for.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    message: t.prismaField({
      type: 'Message',
      nullable: true,
      description: 'The message as it is now. `null` when it has since been erased, or beside an error when it could not be read.',
      resolve: (query, { said }, _args, context) => readMessage(query, said.messageId, context),
    }),
  }),
});

builder.objectRef<ItemOf<'MessageFinished'>>('MessageFinished').implement({
  ...PART,
  description: 'A message is complete. It carries the whole text: whoever missed a piece takes this one.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    message: t.prismaField({
      type: 'Message',
      nullable: true,
      description: 'The whole message. `null` when it has since been erased, or beside an error when it could not be read.',
      resolve: (query, { said }, _args, context) => readMessage(query, said.messageId, context),
    }),
  }),
});

builder.objectRef<ItemOf<'MessageReset'>>('MessageReset').implement({
  ...PART,
  description: 'A message is written anew under a new attempt: drop the text of earlier ones.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    messageId: t.id({ description: 'The message.', resolve: ({ said }) => said.messageId }),
    runId: t.id({ description: 'The run that writes it.', resolve: ({ said }) => said.runId }),
    attempt: t.int({ description: 'The attempt that counts from here on.', resolve: ({ said }) => said.attempt }),
    reason: t.string({ description: 'Why, in a few words.', resolve: ({ said }) => said.reason }),
  }),
});

builder.objectRef<ItemOf<'TextDelta'>>('TextDelta').implement({
  ...PART,
  description: 'A piece of a text that is being written. People of the desk who may not see personal data get none: they read the message when it is finished.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    messageId: t.id({
      description: 'The message it belongs to; of a participant of a workflow, who writes no message, its run and its path.',
      resolve: ({ said }) => said.messageId,
    }),
    runId: t.id({ description: 'The run that writes it.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step of the run.', resolve: ({ said }) => said.step }),
    attempt: t.int({ description: 'The attempt it belongs to; pieces of earlier attempts no longer count.', resolve: ({ said }) => said.attempt }),
    offset: t.int({
      description: 'Where the piece begins in the text, in UTF-16 units (as JavaScript counts). Applying one twice is harmless, and a hole shows.',
      resolve: ({ said }) => said.offset,
    }),
    text: t.string({ description: 'The piece.', resolve: ({ said }) => said.text }),
  }),
});

builder.objectRef<ItemOf<'TextSnapshot'>>('TextSnapshot').implement({
  ...PART,
  description: 'The whole text so far of a message that is being written, for those who join in the middle. Put it in place of what you have.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    messageId: t.id({
      description: 'The message it belongs to; of a participant of a workflow, who writes no message, its run and its path.',
      resolve: ({ said }) => said.messageId,
    }),
    runId: t.id({ description: 'The run that writes it.', resolve: ({ said }) => said.runId }),
    step: t.id({ description: 'The step of the run.', resolve: ({ said }) => said.step }),
    attempt: t.int({ description: 'The attempt it belongs to.', resolve: ({ said }) => said.attempt }),
    text: t.string({ description: 'All of it, from the first character.', resolve: ({ said }) => said.text }),
  }),
});

builder.objectRef<ItemOf<'ConversationChanged'>>('ConversationChanged').implement({
  ...PART,
  description: 'The conversation itself changed: its status, who answers, or its rating.',
  interfaces: [StreamItem, ConversationStreamItem],
  fields: (t) => ({
    conversation: t.prismaField({
      type: 'Conversation',
      nullable: true,
      description: 'The conversation as it is now. `null` beside an error when it could not be read.',
      resolve: (query, { said }, _args, context, info) => loadConversation(query, said.conversationId, context, info),
    }),
  }),
});
