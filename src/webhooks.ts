/**
 * Webhooks put together: the event log that notes what is to be told, what looks up where it stands, what carries it out, and the
 * verbs. Every process notes and looks up; those that take clients only leave the carrying to the others.
 */
import type { Config } from './config.ts';
import { keepSecret } from './development.ts';
import { createWebhookDelivery, type WebhookDelivery } from './desk/deliver-partner-webhooks.ts';
import { createPartnerWebhookDesk, type PartnerWebhookDesk } from './desk/partner-webhook.ts';
import { readerOf } from './desk/partner-webhook-access.ts';
import { createNotedLog } from './desk/partner-webhook-notes.ts';
import { createPlaces } from './desk/partner-webhook-places.ts';
import { createWebhookSender } from './desk/partner-webhook-request.ts';
import { createSecretSeal } from './desk/partner-webhook-secret.ts';
import type { EventLog } from './events/event-log.ts';
import type { Clock } from './foundation/clock.ts';
import { newId } from './foundation/ids.ts';
import type { Logger } from './foundation/logger.ts';
import type { Call } from './gateway/operations.ts';
import type { Context } from './schema/builder.ts';
import { renderWebhookBody } from './schema/partner-webhook-body.ts';
import type { Database } from './store/database.ts';

export interface WebhooksDeps {
  readonly config: Pick<Config, 'webhooks' | 'production' | 'dataDir' | 'role'>;
  readonly database: Database;
  readonly eventLog: EventLog;
  readonly clock: Clock;
  readonly log: Logger;
  /** Receives what closes each part, in the order they were opened. */
  readonly opened: (() => Promise<void> | void)[];
}

export interface Webhooks {
  /** The log that everybody who tells something appends to. */
  readonly eventLog: EventLog;
  readonly desk: PartnerWebhookDesk;
  /** Begins to look up and to carry out. @param contextOf What events are read with. */
  start(contextOf: (call: Call) => Context): void;
}

/** What is under way on leaving gets this long; longer than one request may take. */
const LEAVE_MS = 11_000;

export async function openWebhooks({ config, database, eventLog, clock, log, opened }: WebhooksDeps): Promise<Webhooks> {
  const { encryptionKeys, loopback } = config.webhooks;
  const keys = encryptionKeys ?? (config.production ? null : [await keepSecret(config.dataDir, 'webhook-key')]);
  const rules = { loopback };
  if (keys === null) {
    const none = () => undefined;
    return { eventLog, desk: createPartnerWebhookDesk({ database, clock, seal: null, rules, onChange: none, onDue: none }), start: none };
  }
  const seal = createSecretSeal(keys);
  const places = createPlaces({ database, log: eventLog, clock, logger: log });
  const noted = createNotedLog({ database, log: eventLog, clock, onTold: places.told });
  let delivery: WebhookDelivery | null = null;
  const wake = () => delivery?.wake();
  const desk = createPartnerWebhookDesk({ database, clock, seal, rules, onChange: noted.webhooksChanged, onDue: wake });
  return {
    eventLog: noted,
    desk,
    start(contextOf) {
      if (config.role !== 'gateway') {
        const made = createWebhookDelivery({
          database,
          sender: createWebhookSender(rules),
          seal,
          render: (event, signal) => renderWebhookBody(event, contextOf({ viewer: readerOf(event.partnerId), requestId: newId('req'), signal, log })),
          clock,
          log,
        });
        delivery = made;
        made.start();
        opened.push(() => made.close(LEAVE_MS));
      }
      places.start(wake);
      opened.push(() => places.close());
    },
  };
}
