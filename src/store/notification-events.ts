/** What people can be told of, by which channel, and what holds where a person has changed nothing. */
import type { NotificationChannel } from './generated/prisma/client.ts';

export const NOTIFICATION_EVENTS = ['mention', 'assigned', 'due_soon', 'comment', 'status_change', 'digest'] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

export const NOTIFICATION_CHANNELS = ['email', 'in_app', 'push', 'desktop', 'slack'] as const satisfies readonly NotificationChannel[];

const ON_AT_FIRST: Readonly<Record<NotificationChannel, readonly NotificationEvent[]>> = {
  email: ['mention', 'assigned', 'due_soon', 'comment', 'digest'],
  in_app: ['mention', 'assigned', 'due_soon', 'comment', 'status_change'],
  push: ['mention', 'assigned', 'due_soon'],
  desktop: ['mention', 'assigned'],
  slack: [],
};

/** Whether an event is told by a channel before anybody chose. */
export function isOnAtFirst(channel: NotificationChannel, event: NotificationEvent): boolean {
  return ON_AT_FIRST[channel].includes(event);
}
