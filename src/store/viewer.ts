/** Who is asking, as every floor above sees it. Made by identity/ from a credential; what each may see is decided in desk/access.ts. */
export type Viewer =
  | {
      readonly kind: 'staff';
      readonly userId: string;
      readonly name: string;
      readonly role: 'agent' | 'lead' | 'admin';
      /** The log-in it came by; left out or null for tokens that no log-in stands behind. */
      readonly sessionId?: string | null | undefined;
    }
  | { readonly kind: 'customer'; readonly customerId: string }
  | { readonly kind: 'partner'; readonly partnerId: string; readonly keyId: string | null };

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
