/** Messages of a conversation, oldest first. The text of an answer in the making is in the events; the row has it when it is finished. */
import { z } from 'zod';
import type { MessageRole as MessageRoleValue, MessageStatus as MessageStatusValue } from '../store/generated/prisma/client.ts';
import { messagesVisibleTo, requireViewer } from '../desk/access.ts';
import { Agent, agentOf } from './agent.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { loadConversation } from './conversation.ts';
import { page } from './page.ts';
import { PART, own } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations, selects } from './selection.ts';

const MessageRole = builder.enumType('MessageRole', {
  description: 'Who speaks.',
  values: upperCased<MessageRoleValue>({
    customer: 'The customer.',
    agent: 'A support agent.',
    person: 'A person of the desk.',
    system: 'The gateway itself: a notice; for the desk also what a person noted for the agents on handing back.',
  }),
});

const MessageStatus = builder.enumType('MessageStatus', {
  description: 'How complete the text of a message is.',
  values: upperCased<MessageStatusValue>({
    writing: 'Being written: follow the conversation for the text so far.',
    complete: 'All there.',
    partial: 'Cut off because the run was stopped or failed; what there was is kept.',
  }),
});

const Citations = z.array(z.object({ articleId: z.string(), slug: z.string(), title: z.string(), section: z.string() }));

const Citation = builder.objectRef<z.infer<typeof Citations>[number]>('Citation').implement({
  ...PART,
  description: 'An article that an answer rests on.',
  fields: (t) => ({
    articleId: t.exposeID('articleId', { description: 'The article; `node` finds it.' }),
    slug: t.exposeString('slug', { description: 'The name of the article in addresses.' }),
    title: t.exposeString('title', { description: 'The title of the article.' }),
    section: t.exposeString('section', { description: 'The heading of the section; empty for the opening of an article.' }),
  }),
});

export const Message = builder.prismaObject('Message', {
  authScopes: own('read:conversations'),
  description: 'Something said in a conversation.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    role: t.field({ type: MessageRole, description: 'Who speaks.', resolve: (message) => message.role }),
    text: t.exposeString('text', { description: 'The text, as Markdown where an agent wrote it. While `status` is WRITING it lags behind the events.' }),
    status: t.field({ type: MessageStatus, description: 'How complete the text is.', resolve: (message) => message.status }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent that wrote it; `null` for others, and for an agent that has since been removed.',
      resolve: (message, _args, context) => agentOf(context, message.agentId),
    }),
    author: t.string({
      nullable: true,
      description: 'The name to show with it: of the customer, the agent or the person. `null` for notices of the gateway.',
      select: { conversation: { select: { customer: { select: { name: true } } } } },
      resolve: async (message, _args, context) => {
        switch (message.role) {
          case 'customer':
            return message.conversation.customer.name;
          case 'agent':
            return agentOf(context, message.agentId)?.title ?? message.agentId;
          case 'person':
          case 'system':
            return message.userId === null
              ? null
              : ((await context.database.user.findUnique({ where: { id: message.userId }, select: { name: true } }))?.name ?? null);
        }
      },
    }),
    clientMessageId: t.exposeString('clientMessageId', { nullable: true, description: 'The id its sender gave it; `null` when they gave none.' }),
    citations: t.field({
      type: [Citation],
      description: 'What the answer rests on; empty for other messages.',
      resolve: (message) => Citations.parse(message.citations),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was sent or begun.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When its text was finished; `null` while it is being written.' }),
    conversation: t.prismaField({
      type: 'Conversation',
      description: 'Where it was said.',
      resolve: async (query, message, _args, context, info) => {
        // Whoever sees a message may see its conversation; Prisma reads the conversations of a whole list at once this way.
        if (!selects(info, ['position'])) return context.database.conversation.findUniqueOrThrow({ ...query, where: { id: message.conversationId } });
        const row = await loadConversation(query, message.conversationId, context, info);
        if (row) return row;
        throw new Error('a visible message has no visible conversation');
      },
    }),
  }),
});

const MessageConnection = builder.connectionObject({ type: Message, name: 'MessageConnection' }, { name: 'MessageEdge' });

builder.prismaObjectField('Conversation', 'messages', (t) =>
  t.connection(
    {
      type: Message,
      description: 'What was said, oldest first. `last: 50` reads the newest 50, `before` the page above them.',
      resolve: (conversation, args, context, info) => {
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'oldest first', ({ where, orderBy, take }) =>
          context.database.message.findMany({
            ...query,
            where: { AND: [{ conversationId: conversation.id }, messagesVisibleTo(requireViewer(context.viewer)), where] },
            orderBy,
            take,
          }),
        );
      },
    },
    MessageConnection,
  ),
);
