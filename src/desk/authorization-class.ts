/**
 * Viewers who may see exactly the same share one class, so that what one of them is sent can be sent to all. The class stands for
 * nobody in particular: whoever asks it for a person's own identity is told that this cannot be shared.
 */
import type { Viewer } from '../store/viewer.ts';

/** Thrown by a class viewer that is asked who it is: the result depends on the individual and must not be shared. */
export class NotShareable extends Error {
  constructor() {
    super('this depends on the single viewer and cannot be shared');
    this.name = 'NotShareable';
  }
}

export interface AuthorizationClass {
  /** Equal for two viewers exactly when everything they may see is equal. */
  readonly key: string;
  /** To execute with. */
  readonly viewer: Viewer;
}

/** Nobody in particular has no class: what is refused is refused to each. */
export function authorizationClassOf(viewer: Viewer): AuthorizationClass {
  switch (viewer.kind) {
    case 'staff':
      return { key: `staff:${viewer.role}`, viewer: anonymousStaff(viewer.role) };
    case 'customer':
      return { key: `customer:${viewer.customerId}`, viewer };
    case 'partner':
      return { key: `partner:${viewer.partnerId}`, viewer: anonymousPartner(viewer.partnerId) };
  }
}

function anonymousStaff(role: Extract<Viewer, { kind: 'staff' }>['role']): Viewer {
  return {
    kind: 'staff',
    role,
    get userId(): string {
      throw new NotShareable();
    },
    get name(): string {
      throw new NotShareable();
    },
  };
}

function anonymousPartner(partnerId: string): Viewer {
  return {
    kind: 'partner',
    partnerId,
    get keyId(): string | null {
      throw new NotShareable();
    },
  };
}
