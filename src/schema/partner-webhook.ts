/** Webhooks and what they were sent, as partners and the staff read them. A secret is in none of these fields. */
import { deliveriesVisibleTo, webhooksVisibleTo } from '../desk/partner-webhook-access.ts';
import { WEBHOOK_EVENT_TYPES, type WebhookEventType as WebhookEventTypeValue } from '../desk/partner-webhook-events.ts';
import type { PartnerDeliveryStatus, PartnerWebhookStatus } from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { found, given, idOf } from './input.ts';
import { page } from './page.ts';
import { upperCased } from './scalars.ts';
import { WEBHOOKS_READ } from './rule.ts';
import { relations } from './selection.ts';

const EVENT_TYPES: Readonly<Record<WebhookEventTypeValue, string>> = {
  MessagePosted: 'A message was added: one that was said, or an answer that is being begun.',
  MessageFinished: 'An answer is complete, with its whole text.',
  ConversationChanged: 'Status, owner or rating of a conversation changed.',
  RunStarted: 'A run is at work.',
  RunFinished: 'A run is done.',
  RunFailed: 'A run ended by an error.',
  RunStopped: 'A run was stopped on request.',
  EscalationRaised: 'A person is asked for.',
  EscalationClaimed: 'A person has taken the conversation.',
  EscalationReleased: 'The person has given it back to the queue.',
  EscalationResolved: 'It is settled: agents answer again.',
  ApprovalRequested: 'An agent waits for a yes. Only for webhooks of the business itself.',
  ApprovalDecided: 'Somebody said yes or no, or the time was over. Only for webhooks of the business itself.',
  BudgetWarning: 'Four fifths of a budget are used. Only for webhooks of the business itself.',
};

/** Named as the items are: they are what is sent. */
export const WebhookEventType = builder.enumType('WebhookEventType', {
  description: 'What webhooks can be told: the items of subscriptions that are milestones.',
  values: Object.fromEntries(WEBHOOK_EVENT_TYPES.map((type) => [type, { value: type, description: EVENT_TYPES[type] }])) as {
    [T in WebhookEventTypeValue]: { readonly value: T; readonly description: string };
  },
});

const WebhookStatus = builder.enumType('WebhookStatus', {
  description: 'Whether a webhook is told anything.',
  values: upperCased<PartnerWebhookStatus>({ enabled: 'It is.', disabled: 'It is not; `disabledReason` says why.' }),
});

const DeliveryStatus = builder.enumType('DeliveryStatus', {
  description: 'What became of a delivery.',
  values: upperCased<Exclude<PartnerDeliveryStatus, 'noted'>>({
    pending: 'It is on its way, or waits for another try.',
    delivered: 'It was taken: the webhook answered with a status from 200 to 299.',
    failed: 'It was not taken, and is not tried any more. `replayDelivery` sends it again.',
  }),
});

const Attempt = builder.prismaObject('PartnerDeliveryAttempt', {
  authScopes: WEBHOOKS_READ,
  name: 'DeliveryAttempt',
  description: 'One try to deliver, and what came back.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When it was sent.' }),
    ms: t.exposeInt('ms', { description: 'Milliseconds until the answer, or until it was given up.' }),
    responseStatus: t.exposeInt('responseStatus', { nullable: true, description: 'The HTTP status that came back; `null` when nothing did.' }),
    responseBody: t.exposeString('responseBody', { nullable: true, description: 'The first 2 KB of what came back; `null` when nothing did.' }),
    error: t.exposeString('error', {
      nullable: true,
      description:
        'Why nothing came back: "address" (not public, or not found), "connect", "tls", "timeout" (nothing within ten seconds) or "closed". `null` when something did.',
    }),
  }),
});

export const Webhook = builder.prismaObject('PartnerWebhook', {
  authScopes: WEBHOOKS_READ,
  name: 'Webhook',
  description: 'Where a partner, or the business itself, is told of what happens to its customers.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    partnerId: t.exposeID('partnerId', { nullable: true, description: 'Whose it is; `null` when it is the business’s own.' }),
    url: t.exposeString('url', { description: 'Where deliveries are sent by POST.' }),
    description: t.exposeString('description', { nullable: true, description: 'What people call it; `null` when they call it nothing.' }),
    eventTypes: t.field({
      type: [WebhookEventType],
      description: 'What it is told.',
      resolve: ({ eventTypes }) => WEBHOOK_EVENT_TYPES.filter((type) => eventTypes.includes(type)),
    }),
    status: t.field({ type: WebhookStatus, description: 'Whether it is told anything.', resolve: ({ status }) => status }),
    disabledReason: t.exposeString('disabledReason', {
      nullable: true,
      description: '"switched_off" (with `updateWebhook`), "gone" (it answered 410) or "failing" (it took nothing for three days); `null` while it is enabled.',
    }),
    contactEmail: t.exposeString('contactEmail', { nullable: true, description: 'Who is written to when it is disabled; `null` for nobody.' }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it has taken nothing; `null` when the last try was taken, or there was none.',
    }),
    oldSecretUntil: t.expose('oldSecretUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when deliveries are signed with the old secret as well; `null` when there is none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
});

export const Delivery = builder.prismaObject('PartnerDelivery', {
  authScopes: WEBHOOKS_READ,
  name: 'Delivery',
  description: 'One event on its way to one webhook.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id, and the `webhook-id` it is sent under: the same on every try and every replay.' }),
    webhook: t.relation('webhook', { description: 'Where it goes.' }),
    eventType: t.field({
      type: WebhookEventType,
      description: 'What happened.',
      resolve: ({ type }) => found('event type', WEBHOOK_EVENT_TYPES.find((known) => known === type) ?? null),
    }),
    conversationId: t.exposeID('conversationId', { nullable: true, description: 'The conversation it happened in; `null` for a run that belongs to none.' }),
    runId: t.exposeID('runId', { nullable: true, description: 'The run it is about; `null` when it is about none.' }),
    position: t.expose('position', {
      type: 'Position',
      nullable: true,
      description: 'Where the event stands in the subscription. `null` never, once a delivery is listed.',
    }),
    body: t.exposeString('body', { nullable: true, description: 'What is sent, to the byte; `null` before the first try.' }),
    status: t.field({
      type: DeliveryStatus,
      description: 'What became of it.',
      resolve: ({ status }) => (status === 'noted' ? 'pending' : status),
    }),
    attempts: t.exposeInt('attempts', { description: 'Tries since it happened, or since it was asked for again.' }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried next; `null` when it is not.',
      resolve: ({ status, nextAttemptAt }) => (status === 'pending' ? nextAttemptAt : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it happened.' }),
    deliveredAt: t.expose('deliveredAt', { type: 'DateTime', nullable: true, description: 'When it was last taken; `null` when it never was.' }),
    log: t.relation('log', {
      description: 'The latest 50 tries, newest first.',
      query: { orderBy: [{ at: 'desc' }, { id: 'desc' }], take: 50 },
      type: Attempt,
    }),
  }),
});

const WebhookConnection = builder.connectionObject({ type: Webhook, name: 'WebhookConnection' }, { name: 'WebhookEdge' });
const DeliveryConnection = builder.connectionObject({ type: Delivery, name: 'DeliveryConnection' }, { name: 'DeliveryEdge' });

builder.queryFields((t) => ({
  webhooks: t.connection(
    {
      authScopes: WEBHOOKS_READ,
      type: Webhook,
      nullable: true,
      description: 'Webhooks, newest first. Partners see their own, leads and admins of the staff all.',
      args: {
        partnerId: t.arg.id({ description: 'Only those of this partner.' }),
        status: t.arg({ type: WebhookStatus, description: 'Only those that are enabled, or disabled.' }),
      },
      resolve: (_root, args, context, info) => {
        const visible = webhooksVisibleTo(context.viewer);
        const partnerId = given(args.partnerId, (id) => idOf('partnerId', 'ptn', id));
        const chosen = { ...(partnerId == null ? {} : { partnerId }), ...(args.status == null ? {} : { status: args.status }) };
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.partnerWebhook.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
        );
      },
    },
    WebhookConnection,
  ),
  webhook: t.prismaField({
    authScopes: WEBHOOKS_READ,
    type: Webhook,
    nullable: true,
    description: 'One webhook. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The webhook.' }) },
    resolve: async (query, _root, { id }, { database, viewer }) =>
      found('webhook', await database.partnerWebhook.findFirst({ ...query, where: { AND: [{ id: idOf('id', 'hook', id) }, webhooksVisibleTo(viewer)] } })),
  }),
  deliveries: t.connection(
    {
      authScopes: WEBHOOKS_READ,
      type: Delivery,
      nullable: true,
      description: 'What webhooks were sent, newest first, as far as they may be seen.',
      args: {
        webhookId: t.arg.id({ description: 'Only to this webhook.' }),
        status: t.arg({ type: DeliveryStatus, description: 'Only what became this of.' }),
        eventType: t.arg({ type: WebhookEventType, description: 'Only these events.' }),
        conversationId: t.arg.id({ description: 'Only of this conversation.' }),
      },
      resolve: (_root, args, context, info) => {
        const visible = deliveriesVisibleTo(context.viewer);
        const webhookId = given(args.webhookId, (id) => idOf('webhookId', 'hook', id));
        const conversationId = given(args.conversationId, (id) => idOf('conversationId', 'conv', id));
        const chosen = {
          ...(webhookId == null ? {} : { webhookId }),
          ...(conversationId == null ? {} : { conversationId }),
          ...(args.status == null ? {} : { status: args.status }),
          ...(args.eventType == null ? {} : { type: args.eventType }),
        };
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.partnerDelivery.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
        );
      },
    },
    DeliveryConnection,
  ),
}));
