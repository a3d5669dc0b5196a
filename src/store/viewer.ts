/** Who is asking, as every floor above sees it. Made by identity/ from a credential; what each may see is decided in desk/access.ts. */
import { scopesOf, type Scope, type UserRole } from './roles.ts';

/** `scopes` are what the credential stands for at the moment it was checked, and never change. */
export type Viewer =
  | {
      readonly kind: 'staff';
      readonly userId: string;
      readonly name: string;
      readonly role: UserRole;
      readonly scopes: readonly Scope[];
      /** The log-in it came by; left out or null for tokens that no log-in stands behind. */
      readonly sessionId?: string | null | undefined;
    }
  | { readonly kind: 'customer'; readonly customerId: string }
  | { readonly kind: 'partner'; readonly partnerId: string; readonly keyId: string | null; readonly scopes: readonly Scope[] };

export type StaffViewer = Extract<Viewer, { kind: 'staff' }>;
export type PartnerViewer = Extract<Viewer, { kind: 'partner' }>;

/** A person of the desk, with all that their role may. */
export function staffViewer({ userId, name, role, sessionId = null }: Omit<StaffViewer, 'kind' | 'scopes'>): StaffViewer {
  return { kind: 'staff', userId, name, role, scopes: scopesOf(role), sessionId };
}

/** A partner’s system, with all that such a one may have. */
export function partnerViewer({ partnerId, keyId }: Pick<PartnerViewer, 'partnerId' | 'keyId'>): PartnerViewer {
  return { kind: 'partner', partnerId, keyId, scopes: scopesOf('api_client') };
}

/** Whether the credential carries this scope. Customers carry none. */
export function hasScope(viewer: Viewer, scope: Scope): boolean {
  return viewer.kind !== 'customer' && viewer.scopes.includes(scope);
}

/** The one-word identity used for idempotency scopes, limits and audit entries. */
export function viewerKey(viewer: Viewer): string {
  switch (viewer.kind) {
    case 'staff':
      return `user:${viewer.userId}`;
    case 'customer':
      return `customer:${viewer.customerId}`;
    case 'partner':
      return `partner:${viewer.partnerId}`;
  }
}
