/**
 * Conversations and the order in which they are read: the position first, the rows after it. A client that loads a conversation
 * and then follows it after that position misses nothing: what is said in between is in the rows, in the events, or in both.
 */
import type { GraphQLResolveInfo } from 'graphql';
import { conversationsVisibleTo, requireViewer } from '../desk/access.ts';
import type { ChannelHead } from '../events/event-log.ts';
import type {
  Channel as ChannelValue,
  Conversation as ConversationRow,
  ConversationOwner as ConversationOwnerValue,
  ConversationStatus as ConversationStatusValue,
} from '../store/generated/prisma/client.ts';
import { Agent, agentOf } from './agent.ts';
import { builder, ID_DESCRIPTION, Node, type Context } from './builder.ts';
import { found, given, idOf } from './input.ts';
import { page, type PageArgs } from './page.ts';
import { own } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations, selects } from './selection.ts';

const ConversationStatus = builder.enumType('ConversationStatus', {
  description: 'Where a conversation stands.',
  values: upperCased<ConversationStatusValue>({
    active: 'Open; messages are answered.',
    escalated: 'Open, with a person asked for.',
    resolved: 'Closed. A message is refused until it is reopened.',
  }),
});

const ConversationOwner = builder.enumType('ConversationOwner', {
  description: 'Who answers.',
  values: upperCased<ConversationOwnerValue>({ agents: 'The support agents.', people: 'A person of the desk; agents keep silent.' }),
});

export const Channel = builder.enumType('Channel', {
  description: 'The way a conversation came in.',
  values: upperCased<ChannelValue>({ web: 'A chat on a web page.', email: 'E-mail.', api: 'Another program.', mobile: 'A mobile app.' }),
});

/** Heads that were read before their rows. Weak: they live as long as the row they belong to. */
const heads = new WeakMap<object, ChannelHead>();

const Conversation = builder.prismaObject('Conversation', {
  authScopes: own('read:conversations'),
  description: 'One matter between a customer and the desk.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    customer: t.relation('customer', { description: 'Whose it is.' }),
    status: t.field({ type: ConversationStatus, description: 'Where it stands.', resolve: (row) => row.status }),
    channel: t.field({ type: Channel, description: 'The way it came in.', resolve: (row) => row.channel }),
    subject: t.exposeString('subject', { nullable: true, description: 'What it is about, in a few words; `null` until that is known.' }),
    owner: t.field({ type: ConversationOwner, description: 'Who answers now.', resolve: (row) => row.owner }),
    ownerVersion: t.exposeInt('ownerVersion', { description: 'Grows each time who answers changes.' }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent that spoke last; `null` before the first answer.',
      resolve: (row, _args, context) => agentOf(context, row.agentId),
    }),
    rating: t.exposeInt('rating', { nullable: true, description: '1 to 5, from the customer; `null` until they rated it.' }),
    ratingComment: t.exposeString('ratingComment', { nullable: true, description: 'What they added to the rating.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was last resolved; `null` while it is open.' }),
    lastMessageAt: t.expose('lastMessageAt', { type: 'DateTime', description: 'When something was last said. Lists are ordered by it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When this record last changed.' }),
    position: t.field({
      type: 'Position',
      description:
        'Where to follow from: pass it as `after` to `conversationEvents`. It was read before everything else here and lies before an unfinished answer, so load, then follow, gives every token; what repeats can be told by `offset`.',
      resolve: async (row, _args, { runs }) => (heads.get(row) ?? (await runs.conversationHead(row.id))).resume,
    }),
  }),
});

const ConversationConnection = builder.connectionObject({ type: Conversation, name: 'ConversationConnection' }, { name: 'ConversationEdge' });

/**
 * One conversation that the viewer may see, or null; with its position read before the row when the operation asks for it.
 * @param query What Pothos wants loaded with it.
 * @param known True when the viewer has just been let in by a verb.
 */
export async function loadConversation(query: object, id: string, context: Context, info: GraphQLResolveInfo, known = false): Promise<ConversationRow | null> {
  const { database, runs } = context;
  const where = { id, AND: [conversationsVisibleTo(requireViewer(context.viewer))] };
  if (!selects(info, ['position'])) return database.conversation.findFirst({ ...query, where });
  // Nobody asks the log about a channel before it is known that they may see it.
  if (!known && !(await database.conversation.findFirst({ where, select: { id: true } }))) return null;
  const head = await runs.conversationHead(id);
  const row = await database.conversation.findFirst({ ...query, where });
  if (row) heads.set(row, head);
  return row;
}

interface ConversationFilter {
  readonly status?: ConversationStatusValue;
  readonly customerId?: string;
}

async function conversationPage(args: PageArgs, chosen: ConversationFilter, context: Context, info: GraphQLResolveInfo) {
  const { database, runs } = context;
  const visible = conversationsVisibleTo(requireViewer(context.viewer));
  const query = relations(context, info, 'connection');
  const rows = await page(args, 'lastMessageAt', 'newest first', ({ where, orderBy, take }) =>
    database.conversation.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
  );
  if (!selects(info, ['edges', 'node', 'position'])) return rows;
  // The page says which conversations; their rows are read again after their heads.
  const ids = rows.edges.map(({ node }) => node.id);
  const before = await Promise.all(ids.map(async (id) => [id, await runs.conversationHead(id)] as const));
  const headOf = new Map(before);
  const fresh = await database.conversation.findMany({ ...query, where: { id: { in: ids } } });
  const rowOf = new Map(fresh.map((row) => [row.id, row]));
  const edges = rows.edges.map(({ cursor, node }) => {
    const row = rowOf.get(node.id) ?? node;
    const head = headOf.get(node.id);
    if (head) heads.set(row, head);
    return { cursor, node: row };
  });
  return { ...rows, edges };
}

builder.queryFields((t) => ({
  conversation: t.prismaField({
    authScopes: own('read:conversations'),
    type: 'Conversation',
    nullable: true,
    description: 'One conversation. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The conversation.' }) },
    resolve: async (query, _root, { id }, context, info) => {
      requireViewer(context.viewer);
      return found('conversation', await loadConversation(query, idOf('id', 'conv', id), context, info));
    },
  }),
  conversations: t.connection(
    {
      authScopes: own('read:conversations'),
      type: Conversation,
      nullable: true,
      description: 'The conversations the viewer may see, the one with the newest message first.',
      args: {
        status: t.arg({ type: ConversationStatus, description: 'Only those that stand there.' }),
        customerId: t.arg.id({ description: 'Only those of this customer.' }),
      },
      resolve: (_root, args, context, info) => {
        requireViewer(context.viewer);
        const customerId = given(args.customerId, (id) => idOf('customerId', 'cus', id));
        return conversationPage(args, { ...(args.status ? { status: args.status } : {}), ...(customerId ? { customerId } : {}) }, context, info);
      },
    },
    ConversationConnection,
  ),
}));

builder.prismaObjectField('Customer', 'conversations', (t) =>
  t.connection(
    {
      type: Conversation,
      description: 'Its conversations, the one with the newest message first.',
      args: { status: t.arg({ type: ConversationStatus, description: 'Only those that stand there.' }) },
      resolve: (customer, args, context, info) =>
        conversationPage(args, { customerId: customer.id, ...(args.status ? { status: args.status } : {}) }, context, info),
    },
    ConversationConnection,
  ),
);
