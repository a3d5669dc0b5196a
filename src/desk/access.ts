/**
 * Who may see and do what. Every read starts with one of these filters and every verb with one of these checks, so that what
 * somebody else owns looks exactly like what does not exist.
 */
import { AppError } from '../foundation/errors.ts';
import type { Prisma } from '../store/generated/prisma/client.ts';
import type { Scope } from '../store/roles.ts';
import { hasScope, type StaffViewer, type Viewer } from '../store/viewer.ts';
import { NOT_FOR_DESK } from './desk-run.ts';

export function customersVisibleTo(viewer: Viewer): Prisma.CustomerWhereInput {
  switch (viewer.kind) {
    case 'staff':
      return {};
    case 'customer':
      return { id: viewer.customerId };
    case 'partner':
      return { partnerId: viewer.partnerId };
  }
}

export function conversationsVisibleTo(viewer: Viewer): Prisma.ConversationWhereInput {
  return viewer.kind === 'staff' ? {} : { customer: customersVisibleTo(viewer) };
}

export function messagesVisibleTo(viewer: Viewer): Prisma.MessageWhereInput {
  // What a person noted for the desk and its agents is no word to the customer.
  return viewer.kind === 'staff' ? {} : { conversation: conversationsVisibleTo(viewer), NOT: { role: 'system', userId: { not: null } } };
}

export function escalationsVisibleTo(viewer: Viewer): Prisma.EscalationWhereInput {
  return viewer.kind === 'staff' ? {} : { customer: customersVisibleTo(viewer) };
}

/** What agents want to do and may not is the desk's business: nobody else learns that it was asked for. */
export function approvalsVisibleTo(viewer: Viewer): Prisma.ApprovalWhereInput {
  return viewer.kind === 'staff' ? {} : { id: { in: [] } };
}

export function runsVisibleTo(viewer: Viewer): Prisma.RunWhereInput {
  // What several agents find out about a conversation is for the desk.
  return viewer.kind === 'staff' ? {} : { customer: customersVisibleTo(viewer), ...NOT_FOR_DESK };
}

/** The keys of all partners, for people of the desk who may read them; nobody else learns which there are. */
export function apiKeysVisibleTo(viewer: Viewer): Prisma.ApiKeyWhereInput {
  return viewer.kind === 'staff' && hasScope(viewer, 'read:api_keys') ? {} : { id: { in: [] } };
}

/** The viewer, or UNAUTHENTICATED. */
export function requireViewer(viewer: Viewer | null): Viewer {
  if (!viewer)
    throw new AppError(
      'UNAUTHENTICATED',
      'Sign in first: send "Authorization: Bearer <token or API key>", or connection_init { authorization } on a WebSocket.',
    );
  return viewer;
}

/** A person of the desk whose role has this scope. */
export function requireStaff(viewer: Viewer | null, scope: Scope): StaffViewer {
  const known = requireViewer(viewer);
  if (known.kind !== 'staff') throw new AppError('FORBIDDEN', 'Only the staff may do this.');
  if (!hasScope(known, scope)) throw lacksScope(scope);
  return known;
}

/** A person of the desk, whatever they may: for what is about themselves. */
export function requirePerson(viewer: Viewer | null): StaffViewer {
  const known = requireViewer(viewer);
  if (known.kind !== 'staff') throw new AppError('FORBIDDEN', 'Only the staff may do this.');
  return known;
}

/** Staff, or the partner whose customer it is, with this scope; a customer may not. */
export function requireOperator(viewer: Viewer | null, scope: Scope): Exclude<Viewer, { kind: 'customer' }> {
  const known = requireViewer(viewer);
  if (known.kind === 'customer') throw new AppError('FORBIDDEN', 'Customers may not do this.');
  if (!hasScope(known, scope)) throw lacksScope(scope);
  return known;
}

/** A customer, for whom it is about their own; anybody else needs this scope. */
export function requireScope(viewer: Viewer | null, scope: Scope): Viewer {
  const known = requireViewer(viewer);
  if (known.kind !== 'customer' && !hasScope(known, scope)) throw lacksScope(scope);
  return known;
}

/** What somebody is told who lacks one of these scopes. */
export function lacksScope(...scopes: readonly Scope[]): AppError {
  return new AppError('FORBIDDEN', `This takes the scope ${scopes.map((scope) => `"${scope}"`).join(' or ')}.`);
}
