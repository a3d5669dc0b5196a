/** Who may see, change and delete webhooks, in one place; whose they are, and as whom their events are read. */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import type { Scope } from '../store/roles.ts';
import { hasScope, partnerViewer, staffViewer, type Viewer } from '../store/viewer.ts';
import { authorizationClassOf } from './authorization-class.ts';
import { requireOperator, requireViewer } from './access.ts';

type Operator = Exclude<Viewer, { kind: 'customer' }>;

type WebhookAct = 'read' | 'write' | 'delete';

/**
 * Partners keep their own, with the scopes by which they read of their customers and speak for them: keys have none for webhooks. Of the staff
 * whoever has the scope.
 */
function scopeFor(viewer: Operator, act: WebhookAct): Scope {
  if (viewer.kind === 'staff') return `${act}:webhooks`;
  return act === 'read' ? 'read:conversations' : 'write:conversations';
}

/** @throws AppError UNAUTHENTICATED, FORBIDDEN naming the scope */
export function requireWebhooks(viewer: Viewer | null, act: WebhookAct): Operator {
  const known = requireViewer(viewer);
  if (known.kind === 'customer') throw new AppError('FORBIDDEN', 'Customers may not do this.');
  return requireOperator(known, scopeFor(known, act));
}

export function mayReadWebhooks(viewer: Viewer): boolean {
  return viewer.kind !== 'customer' && hasScope(viewer, scopeFor(viewer, 'read'));
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
  const viewer = partnerId === null ? staffViewer({ userId: '', name: '', role: 'readonly' }) : partnerViewer({ partnerId, keyId: null });
  return authorizationClassOf(viewer).viewer;
}
