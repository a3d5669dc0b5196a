/** What a person is told by which channel, switched on or off on the customer's word. Sends no notification and connects no channel. */
import { newId } from '../foundation/ids.ts';
import type { Contact, NotificationChannel, NotificationSetting } from '../store/generated/prisma/client.ts';
import { NOTIFICATION_CHANNELS, NOTIFICATION_EVENTS, type NotificationEvent } from '../store/notification-events.ts';
import { actOnce, refused, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { asksForAll, assertAsked, type Asked } from './asked-for.ts';
import { enqueueOutgoing } from './outbox.ts';
import { personMeant } from './person-meant.ts';
import { wordsOf } from './word-pattern.ts';

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
    async set(call, change) {
      const { person, channel, event, enabled } = change;
      const id = await actOnce(deps, call, 'notification.set', async ({ tx, customer, now }) => {
        assertMeant(await assertAsked(tx, call, 'set_notification'), change);
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

const CHANNEL_WORDS: Readonly<Record<NotificationChannel, RegExp>> = {
  email: wordsOf('e-?mail*; mail*; inbox; correo*; courriel*; newsletter*'),
  in_app: wordsOf('app; in-app; bell; inside'),
  push: wordsOf('push*; phone*; mobile*; iphone; android; handy; móvil; téléphone; telem[oó]vel; celular'),
  desktop: wordsOf('desktop; computer; laptop; pc; mac'),
  slack: wordsOf('slack'),
};
const EVENT_WORDS: Readonly<Record<NotificationEvent, RegExp>> = {
  mention: wordsOf('mention*; tag*; ping*; erwähn*; mencion*; menç*'),
  assigned: wordsOf('assign*; new tasks?; zuweis*; zugewiesen; asign*; attribu*; atribu*'),
  due_soon: wordsOf('due; deadline*; remind*; overdue; fällig*; frist*; vencim*; échéance*; prazo*'),
  comment: wordsOf('comment*; repl*; kommentar*; comentari*; commentaire*; comentário*'),
  status_change: wordsOf('status; done; complet*; finish*; estado; statut'),
  digest: wordsOf('digest*; summar*; daily; weekly; newsletter*; zusammenfassung*; resumen*; résumé*; resumo*'),
};
const OFF = wordsOf(
  "off; stop*; no; none; not; don't; dont; never; mut*; silenc*; snooze; without; fewer; less; too many; too much; unsubscribe*; disable*; spam*; flood*; annoy*; quiet; rid; keine*; aus; abschalt*; ausschalt*; abbestell*; stumm*; desactiv*; sin; silenci*; deja*; quit*; désactiv*; arrêt*; sans; plus de; désabonn*; desativ*; desligu*; parar; sem",
);
const ON = wordsOf(
  'on; get; receive; want*; like; enable*; notify; tell; send; unmute*; again; back; alert; remind*; activ*; einschalt*; an; ein; möchte*; bekomm*; activar*; quier*; recib*; activez; recevoir; veux; ativ*; quero; receber',
);
const NOT_OFF = /(?:do not|don't|never) (?:\p{L}+ ){0,2}(?:switch|turn|stop|mute|silence|disable)/u;

/** In the direction they asked for, of what they named; everything by every channel only in words for all of it. */
function assertMeant(asked: Asked, { channel, event, enabled }: NotificationChange): void {
  const { said } = asked;
  if (enabled ? !ON.test(said) : !OFF.test(said) || NOT_OFF.test(said))
    throw refused(`The customer has not asked for these to be switched ${enabled ? 'on' : 'off'}. Ask what they want.`);
  if (channel === undefined && event === undefined) {
    if (!asksForAll(asked)) throw refused('The customer has not asked for everything by every channel. Ask which notifications are meant.');
    return;
  }
  const named = (channel !== undefined && CHANNEL_WORDS[channel].test(said)) || (event !== undefined && EVENT_WORDS[event].test(said));
  if (!named) throw refused('The customer has not named these notifications. Ask which ones are meant.');
}
