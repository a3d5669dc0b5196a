/** Which agent a message would go to, without running anything. The router decides; here its inputs are read and its answer is worded. */
import { conversationsVisibleTo, customersVisibleTo, requireViewer } from '../desk/access.ts';
import type { Route, RouteCandidate, RoutedBy as RoutedByValue } from '../catalog/router.ts';
import type { Viewer } from '../store/viewer.ts';
import { Agent } from './agent.ts';
import { builder, type Context } from './builder.ts';
import { found, given, idOf, text } from './input.ts';
import { PART, own } from './rule.ts';
import { upperCased } from './scalars.ts';

/** Milliseconds a preview may take: it must stay cheap. */
const PREVIEW_MS = 5_000;
/** Earlier messages of the customer that the router gets to see. */
const EARLIER_MAX = 5;

const RoutedBy = builder.enumType('RoutedBy', {
  description: 'What chose the agent.',
  values: upperCased<RoutedByValue>({
    local_index: 'The similarity of the message to what agents are for.',
    model: 'A language model, among the most similar.',
    rule: 'A fixed rule.',
    person: 'A person.',
  }),
});

export const AgentCandidate = builder.objectRef<RouteCandidate>('AgentCandidate').implement({
  ...PART,
  description: 'An agent that was considered.',
  fields: (t) => ({
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'The agent; `null` when it has since been removed.',
      resolve: ({ agentId }, _args, { catalog }) => catalog.get(agentId),
    }),
    confidence: t.exposeFloat('confidence', { description: 'How well it fits, 0 to 1.' }),
  }),
});

interface Preview {
  readonly route: Route;
  readonly heldByPerson: boolean;
}

const RoutePreview = builder.objectRef<Preview>('RoutePreview').implement({
  ...PART,
  description: 'Where a message would go.',
  fields: (t) => ({
    agent: t.field({
      type: Agent,
      description: 'The agent that would answer.',
      resolve: ({ route }, _args, { catalog }) => found('agent', catalog.get(route.agentId)),
    }),
    domain: t.string({
      description: 'The field of that agent.',
      resolve: ({ route }, _args, { catalog }) => found('agent', catalog.get(route.agentId)).domain,
    }),
    confidence: t.float({ description: 'How sure that is, 0 to 1.', resolve: ({ route }) => route.confidence }),
    escalate: t.boolean({
      description: 'True when people would answer instead: a person holds the customer’s open conversation.',
      resolve: ({ heldByPerson }) => heldByPerson,
    }),
    alternatives: t.field({
      type: [AgentCandidate],
      description: 'Who else was considered, best first.',
      resolve: ({ route }) => route.candidates.filter(({ agentId }) => agentId !== route.agentId),
    }),
    reason: t.string({ description: 'Why, in one sentence.', resolve: ({ route }) => route.reason }),
    by: t.field({ type: RoutedBy, description: 'What chose the agent.', resolve: ({ route }) => route.by }),
  }),
});

builder.queryField('routePreview', (t) =>
  t.field({
    authScopes: own('read:agents'),
    type: RoutePreview,
    nullable: true,
    description: 'Which agent a message would go to, and why. Runs nothing and writes nothing.',
    args: {
      text: t.arg.string({ required: true, description: 'The message.' }),
      customerId: t.arg.id({ description: 'Whose message: what they said before in their open conversation is then taken into account.' }),
    },
    resolve: async (_root, args, context) => {
      const viewer = requireViewer(context.viewer);
      const message = text('text', args.text, context.messageCharsMax);
      const customerId = given(args.customerId, (id) => idOf('customerId', 'cus', id));
      const open = customerId ? await openConversation(customerId, viewer, context) : null;
      const disabled = await context.desk.agents.disabled();
      const limit = AbortSignal.timeout(PREVIEW_MS);
      const route = await context.router.route(
        {
          text: message,
          earlier: open?.messages.map((said) => said.text).toReversed() ?? [],
          lastAgentId: open?.agentId ?? null,
          enabled: (agentId) => !disabled.has(agentId),
        },
        context.signal ? AbortSignal.any([context.signal, limit]) : limit,
      );
      return { route, heldByPerson: open?.owner === 'people' };
    },
  }),
);

async function openConversation(customerId: string, viewer: Viewer, { database }: Context) {
  const customer = await database.customer.findFirst({ where: { id: customerId, AND: [customersVisibleTo(viewer)] }, select: { id: true } });
  found('customer', customer);
  return database.conversation.findFirst({
    where: { customerId, status: { not: 'resolved' }, AND: [conversationsVisibleTo(viewer)] },
    orderBy: [{ lastMessageAt: 'desc' }, { id: 'desc' }],
    select: {
      agentId: true,
      owner: true,
      messages: { where: { role: 'customer' }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: EARLIER_MAX, select: { text: true } },
    },
  });
}
