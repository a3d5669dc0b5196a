/** Who may see, change and delete webhooks, in one place; whose they are, and as whom their events are read. */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { authorizationClassOf } from './authorization-class.ts';
import { requireOperator } from './access.ts';

type WebhookAct = 'read' | 'write' | 'delete';

type Operator = ReturnType<typeof requireOperator>;

/** Partners keep their own; of the staff leads may read and change them, admins delete them. */
function may(viewer: Viewer, act: WebhookAct): boolean {
  switch (viewer.kind) {
    case 'customer':
      return false;
    case 'partner':
      return true;
    case 'staff':
      return viewer.role === 'admin' || (viewer.role === 'lead' && act !== 'delete');
  }
}

/** @throws AppError UNAUTHENTICATED, FORBIDDEN */
export function requireWebhooks(viewer: Viewer | null, act: WebhookAct): Operator {
  const operator = requireOperator(viewer);
  if (may(operator, act)) return operator;
  throw new AppError('FORBIDDEN', `Your role may not ${act} webhooks.`);
}

export function mayReadWebhooks(viewer: Viewer): boolean {
  return may(viewer, 'read');
}

export function webhooksVisibleTo(viewer: Viewer | null): Prisma.PartnerWebhookWhereInput {
  const operator = requireWebhooks(viewer, 'read');
  return operator.kind === 'partner' ? { partnerId: operator.partnerId } : {};
}

/** What is only noted is not on its way yet, and may never be. */
export function deliveriesVisibleTo(viewer: Viewer | null): Prisma.PartnerDeliveryWhereInput {
  return { webhook: webhooksVisibleTo(viewer), status: { not: 'noted' } };
}

/** As whom the events of a webhook are read: its partner, or for the business a person of the desk with the least role. Nobody in particular. */
export function readerOf(partnerId: string | null): Viewer {
  const viewer: Viewer = partnerId === null ? { kind: 'staff', userId: '', name: '', role: 'agent' } : { kind: 'partner', partnerId, keyId: null };
  return authorizationClassOf(viewer).viewer;
}
