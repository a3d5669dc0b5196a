/** A house whose log notes what webhooks are told, a receiver that listens, and all that lies between, moved on by the test. */
import { Webhook } from 'standardwebhooks';
import { createWebhookDelivery, type WebhookDelivery } from '../../src/desk/deliver-partner-webhooks.ts';
import { createPartnerWebhookDesk } from '../../src/desk/partner-webhook.ts';
import { readerOf } from '../../src/desk/partner-webhook-access.ts';
import type { WebhookEventType } from '../../src/desk/partner-webhook-events.ts';
import { createNotedLog } from '../../src/desk/partner-webhook-notes.ts';
import { findPlaces } from '../../src/desk/partner-webhook-places.ts';
import { createWebhookSender, type WebhookSenderOptions } from '../../src/desk/partner-webhook-request.ts';
import { createSecretSeal, type SecretSeal } from '../../src/desk/partner-webhook-secret.ts';
import type { EventLog } from '../../src/events/event-log.ts';
import { systemClock, type Clock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { renderWebhookBody } from '../../src/schema/partner-webhook-body.ts';
import type { PartnerWebhook } from '../../src/store/generated/prisma/client.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { contextOf } from '../schema/ask.ts';
import { openHouse, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { startReceiver, type Received, type Receiver } from '../support/webhooks.ts';

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;

/** The body of a delivery, as its receiver reads it. */
export interface Body {
  readonly type: string;
  readonly timestamp: string;
  readonly conversationId: string | null;
  readonly runId: string | null;
  readonly position: string;
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Rig {
  readonly house: House;
  readonly receiver: Receiver;
  readonly seal: SecretSeal;
  readonly clock: Clock;
  /** The log that notes. */
  readonly noted: EventLog;
  /** Notes that the log has answered for and nobody looked up yet. */
  readonly told: string[];
  /** Time goes on by itself as well; this makes it jump. */
  advance(ms: number): void;
  /** A deliverer as another process would have it. */
  another(options?: Partial<WebhookSenderOptions>): WebhookDelivery;
  addPartner(): Promise<Viewer & { kind: 'partner' }>;
  addWebhook(owner: Viewer, eventTypes: readonly WebhookEventType[], path?: string): Promise<{ webhook: PartnerWebhook; secret: string }>;
  /** Looks up what was told, and all that is old enough. */
  settle(): Promise<number>;
  /** Delivers until nothing is due any more. */
  deliver(by?: WebhookDelivery): Promise<number>;
  /** Everything that came to a path, parsed. */
  bodies(path?: string): readonly Body[];
  close(): Promise<void>;
}

export async function openRig(answers: readonly string[] = ['Hello, ', 'Dana.']): Promise<Rig> {
  const receiver = await startReceiver();
  const seal = createSecretSeal(['a key for tests that has more than 32 characters']);
  const logger = createLogger({ level: 'silent', pretty: false });
  let offsetMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + offsetMs), sleep: systemClock.sleep };
  const told: string[] = [];
  const made: { log: EventLog | null } = { log: null };
  const house = await openHouse({
    llm: createFixedLlm(answers),
    clock,
    webhooks({ database, log }) {
      const noted = createNotedLog({ database, log, clock, onTold: (ids) => told.push(...ids) });
      made.log = noted;
      const desk = createPartnerWebhookDesk({
        database,
        clock,
        seal,
        rules: { loopback: true },
        resolve: async (hostname) => (hostname.endsWith('.inside.example') ? ['10.0.0.1'] : ['93.184.215.14']),
        onChange: noted.webhooksChanged,
        onDue: () => undefined,
      });
      return { log: noted, desk };
    },
  });
  const { database } = house;
  const deliverers: WebhookDelivery[] = [];
  function another(options: Partial<WebhookSenderOptions> = {}): WebhookDelivery {
    const one = createWebhookDelivery({
      database,
      sender: createWebhookSender({ loopback: true, ...options }),
      seal,
      render: (event) => renderWebhookBody(event, contextOf(house, readerOf(event.partnerId))),
      clock,
      log: logger,
      random: () => 0,
    });
    deliverers.push(one);
    return one;
  }
  const first = another();
  if (!made.log) throw new Error('the house has a log');
  const settle = () => findPlaces({ database, log: house.log, clock, logger }, told.splice(0), AbortSignal.timeout(10_000));
  return {
    house,
    receiver,
    seal,
    clock,
    noted: made.log,
    told,
    advance: (ms) => void (offsetMs += ms),
    another,
    async addPartner() {
      const partnerId = newId('ptn');
      await database.partner.create({ data: { id: partnerId, name: 'Partner' } });
      return partnerViewer({ partnerId, keyId: null });
    },
    addWebhook: (owner, eventTypes, path = '/') => house.desk.partnerWebhooks.create(owner, { url: `${receiver.url}${path}`, eventTypes }),
    settle,
    async deliver(by = first) {
      await settle();
      let sum = 0;
      for (let tried = -1; tried !== 0; sum += tried) tried = await by.deliverDue(AbortSignal.timeout(20_000));
      return sum;
    },
    bodies: (path) => receiver.received.filter((one) => path === undefined || one.path === path).map(bodyOf),
    async close() {
      for (const one of deliverers) await one.close(0);
      await receiver.close();
      await house.close();
    },
  };
}

export function bodyOf({ body }: Received): Body {
  return JSON.parse(body) as Body;
}

/** Whether the reference library of Standard Webhooks takes it. Its clock is the machine's. */
export function isGenuine({ headers, body }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
