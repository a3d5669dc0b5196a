/**
 * Connections with other services and devices: another synchronisation is ordered from the product. Only for a connection the customer
 * named or the only one in trouble, and not again while an order is on its way. Connects and disconnects nothing.
 */
import { notFound } from '../foundation/errors.ts';
import type { Connection, Prisma } from '../store/generated/prisma/client.ts';
import { actOnce, refused, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import { isNamed, type Words } from './grounding.ts';
import { enqueueOutgoing } from './outbox.ts';

/** What people call a service beside its name with spaces. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  google_calendar: ['calendar', 'gcal', 'google cal', 'kalender', 'calendario'],
  microsoft_teams: ['teams', 'ms teams'],
  mobile_app: ['phone', 'mobile', 'iphone', 'android', 'ipad', 'tablet', 'handy', 'móvil', 'téléphone'],
  desktop_app: ['desktop', 'laptop', 'computer', 'mac', 'windows'],
  salesforce: ['sfdc'],
};

export interface RetrySync extends AgentCall {
  /** Left out: the connection the customer named, or the only one in trouble. */
  readonly connectionId?: string | undefined;
}

export interface ConnectionDesk {
  /** @throws AppError NOT_FOUND without such a connection; CONFLICT when it is cut off, tried again already, or several could be meant. */
  retrySync(order: RetrySync): Promise<Connection>;
}

export function createConnectionDesk(deps: AgentActDeps): ConnectionDesk {
  return Object.freeze<ConnectionDesk>({
    async retrySync(order) {
      const { customerId, conversationId } = order;
      const id = await actOnce(deps, order, 'connection.retry_sync', async ({ tx, now }) => {
        const connection = choose(await tx.connection.findMany({ where: { customerId }, orderBy: { id: 'asc' } }), order);
        await assertAsked(tx, order, 'retry_sync');
        if (connection.status === 'disconnected')
          throw refused('This connection is cut off: somebody of the workspace has to connect it again under Settings > Integrations first.');
        if (await isUnderWay(tx, connection)) throw refused('Another try for this connection is on its way already.');
        const payload = { connectionId: connection.id, service: connection.service };
        await enqueueOutgoing(tx, { kind: 'product', customerId, subject: 'sync_retry', payload, conversationId }, now);
        return { subjectId: connection.id, subjectKind: 'connection' };
      });
      return deps.database.connection.findUniqueOrThrow({ where: { id } });
    },
  });
}

/** True when the customer's words name the service or what people call it. */
export function namesService(service: string, words: Words): boolean {
  return [service.replaceAll('_', ' '), ...(ALIASES[service] ?? [])].some((name) => isNamed(name, words));
}

/** Something keeps this connection from being up to date. */
export function isTroubled({ status, pendingItems, conflicts, lastError }: Connection): boolean {
  return status !== 'connected' || pendingItems > 0 || conflicts > 0 || lastError !== null;
}

function choose(connections: readonly Connection[], { connectionId, said, earlier }: RetrySync): Connection {
  const named = connections.filter(({ service }) => namesService(service, { said, earlier }));
  const troubled = (named.length > 0 ? named : connections).filter(isTroubled);
  const candidates = named.length === 1 ? named : troubled;
  if (connectionId !== undefined) {
    const connection = connections.find(({ id }) => id === connectionId);
    if (!connection) throw notFound('connection');
    if (named.includes(connection) || (named.length === 0 && troubled.length === 1 && troubled[0] === connection)) return connection;
    throw refused('The customer has not named this connection. Ask which one should be synchronised.');
  }
  const [only] = candidates;
  if (only && candidates.length === 1) return only;
  if (candidates.length === 0) throw notFound('connection in trouble');
  throw refused('Several connections could be meant. Ask which one should be synchronised.');
}

async function isUnderWay(tx: Prisma.TransactionClient, { id, customerId }: Connection): Promise<boolean> {
  const order = await tx.outboxMessage.findFirst({
    where: { customerId, subject: 'sync_retry', status: 'pending', payload: { path: ['connectionId'], equals: id } },
    select: { id: true },
  });
  return order !== null;
}
