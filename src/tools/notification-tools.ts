/** `find_notifications` and `set_notification`: what a person is told by which channel. Sends nothing and connects no channel. */
import { z } from 'zod';
import type { NotificationDesk } from '../desk/notification.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { NotificationSetting } from '../store/generated/prisma/client.ts';
import { NotificationChannel } from '../store/generated/prisma/enums.ts';
import { NOTIFICATION_CHANNELS, NOTIFICATION_EVENTS, isOnAtFirst, type NotificationEvent } from '../store/notification-events.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutNotifications } from './topics-account.ts';
import { capitalise, maskEmail, paragraphs, writeBullets, writeList } from './words.ts';

const CHANNELS: Readonly<Record<NotificationChannel, string>> = {
  email: 'e-mail',
  in_app: 'in the app',
  push: 'push on the phone',
  desktop: 'desktop',
  slack: 'Slack',
};
const EVENTS: Readonly<Record<NotificationEvent, string>> = {
  mention: 'mentions',
  assigned: 'new assignments',
  due_soon: 'due dates',
  comment: 'comments',
  status_change: 'status changes',
  digest: 'the daily digest',
};

const Find = z.strictObject({
  channel: z.enum(NotificationChannel).optional().describe('Only this channel.'),
  person: z.string().trim().min(2).max(254).optional().describe('The e-mail address of the person meant; the primary contact when left out.'),
});
type Find = z.infer<typeof Find>;

const Change = z.strictObject({
  channel: z.enum(NotificationChannel).optional().describe('The channel; every channel when left out.'),
  event: z.enum(NOTIFICATION_EVENTS).optional().describe('What is told; everything when left out.'),
  enabled: z.boolean().describe('True switches it on, false off.'),
  person: z.string().trim().min(2).max(254).optional().describe('Whose settings, as the customer wrote the name or address; their own when left out.'),
});

export function findNotifications(database: Database): AnyTool {
  return defineTool<Find, Record<string, never>>({
    name: 'find_notifications',
    description:
      'Looks up what a person of the account is told by e-mail, in the app, by push, on the desktop and in Slack. Use it before changing notifications and when they come too often or not at all.',
    input: Find,
    grant: z.strictObject({}),
    effect: 'read',
    redact: ['person'],
    infer: ({ text }) => (isAboutNotifications(text) ? inferFind(text) : null),
    async run({ channel, person }, _grant, { customerId }) {
      const contacts = await database.contact.findMany({
        where: { customerId },
        include: { notifications: true },
        orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }],
      });
      const wanted = person?.toLowerCase();
      const contact = wanted === undefined ? contacts[0] : contacts.find((one) => one.email.toLowerCase() === wanted || one.name.toLowerCase() === wanted);
      if (!contact) return { summary: 'There is no such person registered on your account.', facts: { settings: [] } };
      const channels = channel === undefined ? NOTIFICATION_CHANNELS : [channel];
      const settings = channels.map((one) => ({ channel: one, on: NOTIFICATION_EVENTS.filter((event) => isOn(contact.notifications, one, event)) }));
      return {
        summary: paragraphs(
          `This is what ${contact.name} (${maskEmail(contact.email)}) is told at the moment:`,
          writeBullets(settings.map(({ channel: one, on }) => lineOf(one, on))),
        ),
        facts: { person: contact.name, settings },
      };
    },
  });
}

export function setNotification(notifications: NotificationDesk): AnyTool {
  return defineTool<z.infer<typeof Change>, Record<string, never>>({
    name: 'set_notification',
    description:
      'Switches notifications on or off for one person: one event or all, by one channel or all. Use it when the customer said what they want to get or to be spared.',
    input: Change,
    grant: z.strictObject({}),
    effect: 'write',
    redact: ['person'],
    infer: () => null,
    async run(input, _grant, context) {
      const contact = await notifications.set(context, input);
      const what = input.event === undefined ? 'All notifications' : capitalise(EVENTS[input.event]);
      const where = input.channel === undefined ? 'by every channel' : `by ${CHANNELS[input.channel].replace('in the app', 'the app itself')}`;
      const plural = input.event !== 'digest';
      return {
        summary: `${what} ${where} ${plural ? 'are' : 'is'} ${input.enabled ? 'on' : 'off'} now for ${contact.name}.`,
        facts: {
          settings: NOTIFICATION_CHANNELS.map((one) => ({ channel: one, on: NOTIFICATION_EVENTS.filter((event) => isOn(contact.notifications, one, event)) })),
        },
      };
    },
  });
}

function inferFind(text: string): Find {
  const said = plain(text);
  const named = NOTIFICATION_CHANNELS.filter((channel) =>
    ({
      email: /\b(?:e-?mails?|mails?|inbox)\b/,
      in_app: /\bin[ -](?:the )?app\b/,
      push: /\b(?:push|phone|mobile)\b/,
      desktop: /\bdesktop\b/,
      slack: /\bslack\b/,
    })[channel].test(said),
  );
  const [only, ...others] = named;
  return only && others.length === 0 ? { channel: only } : {};
}

function isOn(rows: readonly NotificationSetting[], channel: NotificationChannel, event: NotificationEvent): boolean {
  return rows.find((row) => row.channel === channel && row.event === event)?.enabled ?? isOnAtFirst(channel, event);
}

function lineOf(channel: NotificationChannel, on: readonly NotificationEvent[]): string {
  const name = capitalise(CHANNELS[channel]);
  if (on.length === 0) return `${name}: nothing`;
  return `${name}: ${on.length === NOTIFICATION_EVENTS.length ? 'everything' : writeList(on.map((event) => EVENTS[event]))}`;
}
