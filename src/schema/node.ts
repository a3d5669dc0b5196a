/** `node(id)`: anything with an id that the viewer may see. The prefix of an id says what it is; only agents are found by a file name. */
import type { GraphQLResolveInfo } from 'graphql';
import {
  apiKeysVisibleTo,
  approvalsVisibleTo,
  customersVisibleTo,
  escalationsVisibleTo,
  messagesVisibleTo,
  requireViewer,
  runsVisibleTo,
} from '../desk/access.ts';
import { deliveriesVisibleTo, mayReadWebhooks, webhooksVisibleTo } from '../desk/partner-webhook-access.ts';
import { badInput, notFound } from '../foundation/errors.ts';
import { prefixOf, type IdPrefix } from '../foundation/ids.ts';
import type { Viewer } from '../store/viewer.ts';
import { builder, Node, type Context } from './builder.ts';
import { loadConversation } from './conversation.ts';
import { seesAssessments } from './customer.ts';
import { SIGNED_IN } from './rule.ts';
import { operationsVisibleTo } from './registered-operation.ts';
import { relations } from './selection.ts';

interface Asked {
  readonly id: string;
  readonly viewer: Viewer;
  readonly context: Context;
  readonly info: GraphQLResolveInfo;
  /** The relations that are asked for. */
  readonly query: object;
}

interface Finder {
  readonly type: string;
  find(asked: Asked): Promise<object | null>;
}

/** How to find each kind of row, each with what the viewer may see. Kinds that are missing here cannot be asked for. */
const FINDERS: Readonly<Partial<Record<IdPrefix, Finder>>> = {
  cus: {
    type: 'Customer',
    find: ({ id, viewer, context, query }) => context.database.customer.findFirst({ ...query, where: { id, AND: [customersVisibleTo(viewer)] } }),
  },
  con: {
    type: 'Contact',
    find: ({ id, viewer, context, query }) => context.database.contact.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  note: {
    type: 'CustomerNote',
    find: async ({ id, viewer, context, query }) =>
      seesAssessments(viewer) ? context.database.customerNote.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }) : null,
  },
  sub: {
    type: 'PlanSubscription',
    find: ({ id, viewer, context, query }) => context.database.planSubscription.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  inv: {
    type: 'Invoice',
    find: ({ id, viewer, context, query }) => context.database.invoice.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  pay: {
    type: 'Payment',
    find: ({ id, viewer, context, query }) => context.database.payment.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  cred: {
    type: 'Credit',
    find: ({ id, viewer, context, query }) => context.database.credit.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  use: {
    type: 'UsageRecord',
    find: ({ id, viewer, context, query }) => context.database.usageRecord.findFirst({ ...query, where: { id, customer: customersVisibleTo(viewer) } }),
  },
  conv: { type: 'Conversation', find: ({ id, context, info, query }) => loadConversation(query, id, context, info) },
  msg: {
    type: 'Message',
    find: ({ id, viewer, context, query }) => context.database.message.findFirst({ ...query, where: { id, AND: [messagesVisibleTo(viewer)] } }),
  },
  run: { type: 'Run', find: ({ id, viewer, context, query }) => context.database.run.findFirst({ ...query, where: { id, AND: [runsVisibleTo(viewer)] } }) },
  esc: {
    type: 'Escalation',
    find: ({ id, viewer, context, query }) => context.database.escalation.findFirst({ ...query, where: { id, AND: [escalationsVisibleTo(viewer)] } }),
  },
  appr: {
    type: 'Approval',
    find: ({ id, viewer, context, query }) => context.database.approval.findFirst({ ...query, where: { id, AND: [approvalsVisibleTo(viewer)] } }),
  },
  sched: {
    type: 'Schedule',
    find: async ({ id, viewer, context, query }) => (viewer.kind === 'staff' ? context.database.schedule.findUnique({ ...query, where: { id } }) : null),
  },
  oper: {
    type: 'RegisteredOperation',
    find: async ({ id, viewer, context, query }) =>
      viewer.kind === 'customer' ? null : context.database.registeredOperation.findFirst({ ...query, where: { id, AND: [operationsVisibleTo(viewer)] } }),
  },
  hook: {
    type: 'Webhook',
    find: async ({ id, viewer, context, query }) =>
      mayReadWebhooks(viewer) ? context.database.partnerWebhook.findFirst({ ...query, where: { AND: [{ id }, webhooksVisibleTo(viewer)] } }) : null,
  },
  dlv: {
    type: 'Delivery',
    find: async ({ id, viewer, context, query }) =>
      mayReadWebhooks(viewer) ? context.database.partnerDelivery.findFirst({ ...query, where: { AND: [{ id }, deliveriesVisibleTo(viewer)] } }) : null,
  },
  key: {
    type: 'ApiKey',
    find: ({ id, viewer, context, query }) => context.database.apiKey.findFirst({ ...query, where: { id, AND: [apiKeysVisibleTo(viewer)] } }),
  },
  step: {
    type: 'RunStep',
    find: ({ id, viewer, context, query }) => context.database.runStep.findFirst({ ...query, where: { id, run: runsVisibleTo(viewer) } }),
  },
  usr: {
    type: 'User',
    find: async ({ id, viewer, context, query }) => (viewer.kind === 'staff' ? context.database.user.findUnique({ ...query, where: { id } }) : null),
  },
  aud: {
    type: 'AuditEntry',
    find: async ({ id, viewer, context, query }) => (viewer.kind === 'staff' ? context.database.auditEntry.findUnique({ ...query, where: { id } }) : null),
  },
  art: { type: 'KnowledgeArticle', find: ({ id, context, query }) => context.database.knowledgeArticle.findFirst({ ...query, where: { id, active: true } }) },
  arep: {
    type: 'ArticleReport',
    find: async ({ id, viewer, context, query }) => (viewer.kind === 'staff' ? context.database.articleReport.findUnique({ ...query, where: { id } }) : null),
  },
  sugg: {
    type: 'ArticleSuggestion',
    find: async ({ id, viewer, context, query }) =>
      viewer.kind === 'staff' ? context.database.articleSuggestion.findUnique({ ...query, where: { id } }) : null,
  },
};

builder.queryField('node', (t) =>
  t.field({
    authScopes: SIGNED_IN,
    type: Node,
    nullable: true,
    description: 'Anything with an id. NOT_FOUND when there is nothing with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The id as it was given out; for agents, their file name.' }) },
    resolve: async (_root, { id }, context, info) => {
      const viewer = requireViewer(context.viewer);
      const prefix = prefixOf(id);
      if (prefix === null) return agentNode(id, context);
      const finder = FINDERS[prefix];
      if (!finder) throw notFound('object');
      const row = await finder.find({ id, viewer, context, info, query: relations(context, info, { type: finder.type }) });
      if (row === null) throw notFound('object');
      return Object.assign(row, { __typename: finder.type });
    },
  }),
);

function agentNode(id: string, context: Context): object {
  const agent = context.catalog.get(id);
  if (!agent) throw badInput('id', 'this is not an id that was given out here.');
  return { ...agent, __typename: 'Agent' };
}
