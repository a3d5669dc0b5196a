/** What a person is told by which channel, switched on or off on the customer's word. Sends no notification and connects no channel. */
import { newId } from '../foundation/ids.ts';
import type { Contact, NotificationChannel, NotificationSetting } from '../store/generated/prisma/client.ts';
import { NOTIFICATION_CHANNELS, NOTIFICATION_EVENTS, type NotificationEvent } from '../store/notification-events.ts';
import { actOnce, refused, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { enqueueOutgoing } from './outbox.ts';
import { personMeant } from './person-meant.ts';

export interface NotificationChange {
  /** Left out: the primary contact. */
  readonly person?: string | undefined;
  /** Left out: every channel. */
  readonly channel?: NotificationChannel | undefined;
  /** Left out: every event. */
  readonly event?: NotificationEvent | undefined;
  readonly enabled: boolean;
}

export interface NotificationDesk {
  /** The person and all their settings after the change. */
  set(call: AgentCall, change: NotificationChange): Promise<Contact & { readonly notifications: readonly NotificationSetting[] }>;
}

export function createNotificationDesk(deps: AgentActDeps): NotificationDesk {
  return Object.freeze<NotificationDesk>({
    async set(call, { person, channel, event, enabled }) {
      const id = await actOnce(deps, call, 'notification.set', async ({ tx, customer, now }) => {
        const contacts = await tx.contact.findMany({ where: { customerId: customer.id }, orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }] });
        const contact = person === undefined ? contacts[0] : personMeant(contacts, person, call);
        if (!contact) throw refused('There is nobody registered on this account.');
        const channels = channel === undefined ? NOTIFICATION_CHANNELS : [channel];
        const events = event === undefined ? NOTIFICATION_EVENTS : [event];
        for (const one of channels) {
          for (const about of events) {
            const key = { contactId: contact.id, channel: one, event: about };
            await tx.notificationSetting.upsert({
              where: { contactId_channel_event: key },
              create: { ...key, id: newId('ntf'), customerId: customer.id, enabled },
              update: { enabled },
            });
          }
        }
        const { customerId, conversationId } = call;
        const payload = { contactId: contact.id, channels: [...channels], events: [...events], enabled };
        await enqueueOutgoing(tx, { kind: 'product', customerId, conversationId, subject: 'set_notifications', payload }, now);
        return { subjectId: contact.id, subjectKind: 'contact', changes: { fields: channels.flatMap((one) => events.map((about) => `${one}.${about}`)) } };
      });
      return deps.database.contact.findUniqueOrThrow({ where: { id }, include: { notifications: true } });
    },
  });
}
