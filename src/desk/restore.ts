/**
 * Restores from the trash, as orders to the product: once per item, only before it is purged, only what the customer named, and only
 * up to the size an agent may order. What is larger becomes a ticket for the people. Restores nothing itself.
 */
import { notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { DeletedItem, RestoreRequest } from '../store/generated/prisma/client.ts';
import { actOnce, refused, refuseForPeople, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import { isNamed } from './grounding.ts';
import { mayBeItem } from './item-wanted.ts';
import { enqueueOutgoing } from './outbox.ts';

export interface RequestRestore extends AgentCall {
  /** Left out: the item the customer named, or the only one there is. */
  readonly itemId?: string | undefined;
  readonly megabytesMax: number;
}

export interface RestoreDesk {
  /**
   * @throws AppError NOT_FOUND without such an item; CONFLICT when it was purged, is back or ordered already, or was not named by the
   * customer; FORBIDDEN when it is too large, once the people have a ticket about it.
   */
  request(order: RequestRestore): Promise<RestoreRequest & { readonly item: DeletedItem }>;
}

export function createRestoreDesk(deps: AgentActDeps): RestoreDesk {
  return Object.freeze<RestoreDesk>({
    async request(order) {
      const { customerId, conversationId, agentId, megabytesMax } = order;
      // Held outside the transaction: the ticket must outlive the refusal, which undoes everything inside.
      let tooLarge: DeletedItem | undefined;
      const act = actOnce(deps, order, 'restore.request', async ({ tx, now }) => {
        const item = choose(await tx.deletedItem.findMany({ where: { customerId }, orderBy: [{ deletedAt: 'desc' }, { id: 'asc' }] }), order, now);
        await assertAsked(tx, order, 'request_restore');
        const standing = await tx.restoreRequest.findFirst({ where: { itemId: item.id, status: { in: ['requested', 'running', 'done'] } } });
        if (item.restoredAt !== null) throw refused(`"${item.name}" is back in the workspace already.`);
        if (standing) throw refused(`The restore of "${item.name}" is on its way already.`);
        if (item.purgeAt <= now) throw refused(`"${item.name}" was erased for good when its time in the trash was over, so it cannot be restored.`);
        if (item.sizeMb > megabytesMax) {
          tooLarge = item;
          throw refused('It is too large.');
        }
        const request = await tx.restoreRequest.create({ data: { id: newId('rst'), customerId, itemId: item.id, requestedBy: agentId, createdAt: now } });
        const payload = { restoreId: request.id, itemId: item.id, kind: item.kind };
        await enqueueOutgoing(tx, { kind: 'product', customerId, subject: 'restore', payload, conversationId }, now);
        return { subjectId: request.id, subjectKind: 'restore_request', changes: { itemId: item.id } };
      });
      const id = await act.catch((error: unknown) => {
        if (tooLarge) return refuseForPeople(deps, order, `Restore a large ${tooLarge.kind} from the trash`, sentenceOf(tooLarge));
        throw error;
      });
      return deps.database.restoreRequest.findUniqueOrThrow({ where: { id }, include: { item: true } });
    },
  });
}

function sentenceOf({ name, sizeMb, purgeAt }: DeletedItem): string {
  return `"${name}" (${sizeMb} MB) is larger than an agent may order back, so the technical team decides before it is erased on ${purgeAt.toISOString().slice(0, 10)}.`;
}

/** The item meant: by id when the customer named it or nothing else could be meant, else the one they named. */
function choose(items: readonly DeletedItem[], { itemId, said, earlier }: RequestRestore, now: Date): DeletedItem {
  const named = items.filter((item) => isNamed(item.name, { said, earlier }));
  if (itemId !== undefined) {
    const item = items.find((one) => one.id === itemId);
    if (!item) throw notFound('deleted item');
    if (named.includes(item) || (isOnly(item, items, now) && mayBeItem(item.name, said))) return item;
    throw refused(`The customer has not named "${item.name}". Ask which item should come back.`);
  }
  // Of several by one name, one that can come back is meant.
  const live = (named.length > 0 ? named : items).filter((item) => isRestorable(item, now));
  const candidates = live.length > 0 ? live : named;
  const [only] = candidates;
  if (only && candidates.length === 1 && named.length === 0 && !mayBeItem(only.name, said))
    throw refused(`Nothing the customer names is in the trash; "${only.name}" is the only thing there. Ask whether it is that.`);
  if (only && candidates.length === 1) return only;
  if (candidates.length === 0) throw notFound('deleted item');
  throw refused('Several deleted items could be meant. Ask for the name of the one that should come back.');
}

function isOnly(item: DeletedItem, items: readonly DeletedItem[], now: Date): boolean {
  const restorable = items.filter((one) => isRestorable(one, now));
  return restorable.length === 1 && restorable[0] === item;
}

function isRestorable({ restoredAt, purgeAt }: DeletedItem, now: Date): boolean {
  return restoredAt === null && purgeAt > now;
}
