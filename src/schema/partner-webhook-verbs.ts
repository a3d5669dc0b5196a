/** What is done with webhooks. The form of the input is checked here, addresses and all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { badInput } from '../foundation/errors.ts';
import { builder } from './builder.ts';
import { email, given, idOf, line, wholeNumber } from './input.ts';
import { Delivery, Webhook, WebhookEventType } from './partner-webhook.ts';
import { WEBHOOKS_DELETE, WEBHOOKS_WRITE } from './rule.ts';

const URL_CHARS_MAX = 2_048;
const DESCRIPTION_CHARS_MAX = 200;
const OLD_SECRET_HOURS_MAX = 168;
const SECRET_DESCRIPTION = 'What deliveries are signed with: `whsec_` and base64. It is shown here and never again.';

const descriptionOf = (value: string | null | undefined) => given(value, (text) => line('input.description', text, DESCRIPTION_CHARS_MAX));
const contactOf = (value: string | null | undefined) => given(value, (address) => email('input.contactEmail', address));

builder.relayMutationField(
  'createWebhook',
  {
    description: 'Where to send, and what.',
    inputFields: (t) => ({
      url: t.string({
        required: true,
        description: 'A public https address on port 443 or one from 1024 on, without user name and password. Addresses inside networks are refused.',
      }),
      eventTypes: t.field({ type: [WebhookEventType], required: true, description: 'What it is to be told: at least one.' }),
      description: t.string({ description: 'What people call it: one line of at most 200 characters.' }),
      contactEmail: t.string({ description: 'Who is written to when it is disabled because it takes nothing.' }),
      partnerId: t.id({ description: 'For the staff: whose it is. Left out it is the business’s own, and hears of the customers that belong to no partner.' }),
    }),
  },
  {
    authScopes: WEBHOOKS_WRITE,
    description:
      'Makes a webhook: what happens to the customers of its partner from now on is sent to it by POST, signed as Standard Webhooks 1.0 says, within two seconds on all instances. Partners and the leads and admins of the staff. QUOTA_REACHED when the partner has 20.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.partnerWebhooks.create(requireViewer(viewer), {
        url: line('input.url', input.url, URL_CHARS_MAX),
        eventTypes: input.eventTypes,
        description: descriptionOf(input.description),
        contactEmail: contactOf(input.contactEmail),
        partnerId: given(input.partnerId, (id) => idOf('input.partnerId', 'ptn', id)),
      }),
  },
  {
    outputFields: (t) => ({
      webhook: t.field({ type: Webhook, description: 'The webhook.', resolve: (payload) => payload.webhook }),
      secret: t.string({ description: SECRET_DESCRIPTION, resolve: (payload) => payload.secret }),
    }),
  },
);

builder.relayMutationField(
  'updateWebhook',
  {
    description: 'Which webhook, and what is to change. What is left out stays.',
    inputFields: (t) => ({
      webhookId: t.id({ required: true, description: 'The webhook.' }),
      url: t.string({ description: 'Another address, by the same rules. What is still on its way goes there too.' }),
      eventTypes: t.field({ type: [WebhookEventType], description: 'What it is to be told from now on.' }),
      description: t.string({ description: 'What people call it; `null` for nothing.' }),
      contactEmail: t.string({ description: 'Who is written to when it is disabled; `null` for nobody.' }),
      enabled: t.boolean({
        description: 'False: it is told nothing, and what is on its way waits. True: it goes on from now; what happened in between is not made up for.',
      }),
      rotateSecret: t.boolean({ description: 'True: a new secret, shown once in the answer.' }),
      oldSecretHours: t.int({
        description: 'For how long the old secret signs beside the new one: 0 to 168 hours, 24 when left out. With 0 it ends now, for one that was found out.',
      }),
    }),
  },
  {
    authScopes: WEBHOOKS_WRITE,
    description: 'Changes a webhook, switches it on or off, or gives it a new secret. Partners and the leads and admins of the staff.',
    resolve: (_root, { input }, { viewer, desk }) => {
      if (input.url === null) throw badInput('input.url', 'must not be null.');
      if (input.eventTypes === null) throw badInput('input.eventTypes', 'must not be null.');
      return desk.partnerWebhooks.update(requireViewer(viewer), {
        webhookId: idOf('input.webhookId', 'hook', input.webhookId),
        ...(input.url === undefined ? {} : { url: line('input.url', input.url, URL_CHARS_MAX) }),
        ...(input.eventTypes === undefined ? {} : { eventTypes: input.eventTypes }),
        description: descriptionOf(input.description),
        contactEmail: contactOf(input.contactEmail),
        enabled: input.enabled,
        rotateSecret: input.rotateSecret,
        oldSecretHours: given(input.oldSecretHours, (hours) => wholeNumber('input.oldSecretHours', hours, 0, OLD_SECRET_HOURS_MAX)),
      });
    },
  },
  {
    outputFields: (t) => ({
      webhook: t.field({ type: Webhook, description: 'The webhook as it stands now.', resolve: (payload) => payload.webhook }),
      secret: t.string({
        nullable: true,
        description: `${SECRET_DESCRIPTION} \`null\` when it was not changed.`,
        resolve: (payload) => payload.secret,
      }),
    }),
  },
);

builder.relayMutationField(
  'deleteWebhook',
  {
    description: 'Which webhook to delete.',
    inputFields: (t) => ({ webhookId: t.id({ required: true, description: 'The webhook.' }) }),
  },
  {
    authScopes: WEBHOOKS_DELETE,
    description: 'Deletes a webhook with all that it was sent; what is on its way is not sent any more. Partners and the admins of the staff.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.partnerWebhooks.remove(requireViewer(viewer), { webhookId: idOf('input.webhookId', 'hook', input.webhookId) }),
  },
  { outputFields: (t) => ({ webhookId: t.id({ description: 'The webhook that is gone.', resolve: (payload) => payload.webhookId }) }) },
);

builder.relayMutationField(
  'replayDelivery',
  {
    description: 'Which delivery to send again.',
    inputFields: (t) => ({ deliveryId: t.id({ required: true, description: 'The delivery.' }) }),
  },
  {
    authScopes: WEBHOOKS_WRITE,
    description:
      'Sends a delivery again, taken or not: the same bytes under the same `webhook-id`, signed anew, and tried for another day. One that is being sent at this moment is left to it. CONFLICT while its webhook is disabled. Partners and the leads and admins of the staff.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.partnerWebhooks.replay(requireViewer(viewer), { deliveryId: idOf('input.deliveryId', 'dlv', input.deliveryId) }),
  },
  { outputFields: (t) => ({ delivery: t.field({ type: Delivery, description: 'The delivery as it stands now.', resolve: (payload) => payload.delivery }) }) },
);
