/**
 * The customer's webhook endpoints: switched on again, and failed deliveries ordered once more from the product. Only for an endpoint
 * the customer named or the only one that could be meant. Adds, changes and removes no endpoint.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { Prisma, WebhookEndpoint } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import { actOnce, refused, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import { isNamed, ownWords } from './grounding.ts';
import { namesOtherHost } from './named-others.ts';
import { enqueueOutgoing } from './outbox.ts';

const DAY_MS = 86_400_000;
/** Attempts looked through; an endpoint with more failures than this is not helped by sending them all again. */
const ATTEMPTS_MAX = 2_000;

/** What an order to send again holds; rows come back untyped. */
const Order = z.object({ endpointId: z.string(), eventIds: z.array(z.string()) });

export interface EndpointAct extends AgentCall {
  /** Left out: the endpoint the customer named, or the only one that could be meant. */
  readonly endpointId?: string | undefined;
}

export interface Redelivery {
  readonly endpoint: WebhookEndpoint;
  readonly eventIds: readonly string[];
}

export interface WebhookDesk {
  /** @throws AppError NOT_FOUND without such an endpoint; CONFLICT when it is on already or several could be meant. */
  enable(act: EndpointAct): Promise<WebhookEndpoint>;
  /**
   * Failed events whose deliveries are still kept and not on their way, oldest first, as many as one order may hold.
   * @throws AppError NOT_FOUND without such an endpoint; CONFLICT when it is switched off, has none, or several could be meant.
   */
  redeliver(act: EndpointAct & { readonly eventsMax: number }): Promise<Redelivery>;
}

export function createWebhookDesk(deps: AgentActDeps): WebhookDesk {
  const { database } = deps;
  return Object.freeze<WebhookDesk>({
    async enable(act) {
      const { customerId, conversationId } = act;
      const id = await actOnce(deps, act, 'webhook.enable', async ({ tx, now }) => {
        const endpoint = choose(await endpointsOf(tx, customerId), act, ({ status }) => status === 'disabled');
        await assertAsked(tx, act, 'enable_webhook');
        if (endpoint.status === 'active') throw refused(`The endpoint ${addressOf(endpoint.url).host} is on already.`);
        await tx.webhookEndpoint.update({ where: { id: endpoint.id }, data: { status: 'active', disabledReason: null } });
        await enqueueOutgoing(tx, { kind: 'product', customerId, subject: 'webhook_enable', payload: { endpointId: endpoint.id }, conversationId }, now);
        return { subjectId: endpoint.id, subjectKind: 'webhook_endpoint', changes: { fields: ['status', 'disabledReason'] } };
      });
      return database.webhookEndpoint.findUniqueOrThrow({ where: { id } });
    },

    async redeliver(act) {
      const { customerId, conversationId } = act;
      const { webhookDelivery } = await readPolicy(database);
      const id = await actOnce(deps, act, 'webhook.redeliver', async ({ tx, now }) => {
        const endpoint = choose(await endpointsOf(tx, customerId), act, () => true);
        await assertAsked(tx, act, 'redeliver_webhook');
        if (endpoint.status === 'disabled') throw refused('This endpoint is switched off. Once its server answers again, switch it on first.');
        const failed = await failedEvents(tx, endpoint, webhookDelivery.keptDays, now);
        const eventIds = failed.slice(0, act.eventsMax);
        if (eventIds.length === 0) throw refused('There is no failed delivery of this endpoint that is kept and not on its way already.');
        const payload = { endpointId: endpoint.id, eventIds };
        const order = await enqueueOutgoing(tx, { kind: 'product', customerId, subject: 'webhook_redeliver', payload, conversationId }, now);
        return { subjectId: order.id, subjectKind: 'outbox_message', changes: { endpointId: endpoint.id, events: eventIds.length } };
      });
      const { payload } = await database.outboxMessage.findUniqueOrThrow({ where: { id } });
      const order = Order.parse(payload);
      return { endpoint: await database.webhookEndpoint.findUniqueOrThrow({ where: { id: order.endpointId } }), eventIds: order.eventIds };
    },
  });
}

/** Host and path: what people recognise an endpoint by. A query may hold a secret and is never shown. */
export function addressOf(url: string): { readonly host: string; readonly path: string } {
  const parsed = URL.parse(url);
  return parsed ? { host: parsed.host, path: parsed.pathname === '/' ? '' : parsed.pathname } : { host: url.split('?', 1)[0] ?? url, path: '' };
}

function endpointsOf(tx: Prisma.TransactionClient, customerId: string): Promise<WebhookEndpoint[]> {
  return tx.webhookEndpoint.findMany({ where: { customerId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

function choose(
  endpoints: readonly WebhookEndpoint[],
  { endpointId, said, earlier }: EndpointAct,
  fits: (endpoint: WebhookEndpoint) => boolean,
): WebhookEndpoint {
  const words = { said, earlier };
  const other = namesOtherHost(
    ownWords(said),
    endpoints.map(({ url }) => addressOf(url).host.toLowerCase()),
  );
  if (other !== null) throw refused(`No endpoint of this account is at ${other}, so nothing was done. Ask which of their own the customer means.`);
  const byHost = endpoints.filter(({ url }) => isNamed(addressOf(url).host, words));
  // Two endpoints on one host are told apart by their paths.
  const byPath = byHost.filter(({ url }) => isNamed(`${addressOf(url).host}${addressOf(url).path}`, words));
  const named = byPath.length > 0 ? byPath : byHost;
  const candidates = named.length > 0 ? named : endpoints.filter(fits);
  if (endpointId !== undefined && !endpoints.some(({ id }) => id === endpointId)) throw notFound('webhook endpoint');
  const meant = candidates.filter(({ id }) => endpointId === undefined || id === endpointId);
  const [only] = meant;
  if (only && meant.length === 1 && (named.length > 0 || candidates.length === 1)) return only;
  if (endpoints.length === 0 || (endpointId === undefined && candidates.length === 0)) throw notFound('webhook endpoint');
  throw refused('It is not clear which endpoint the customer means. Ask for its address.');
}

/** Events without a success so far and not among those ordered again, oldest first. */
async function failedEvents(tx: Prisma.TransactionClient, { id, customerId }: WebhookEndpoint, keptDays: number, now: Date): Promise<string[]> {
  const attempts = await tx.webhookAttempt.findMany({
    where: { endpointId: id, at: { gte: new Date(now.getTime() - keptDays * DAY_MS) } },
    orderBy: { at: 'desc' },
    take: ATTEMPTS_MAX,
  });
  const pending = await tx.outboxMessage.findMany({ where: { customerId, subject: 'webhook_redeliver', status: 'pending' }, select: { payload: true } });
  const left = new Set(attempts.flatMap(({ status, eventId }) => (status === 'failed' ? [eventId] : [])));
  for (const { status, eventId, nextAttemptAt } of attempts) if (status !== 'failed' || (nextAttemptAt !== null && nextAttemptAt > now)) left.delete(eventId);
  for (const { payload } of pending) for (const eventId of Order.parse(payload).eventIds) left.delete(eventId);
  return [...left].toReversed();
}
