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

const asked = new WeakSet<Viewer>();

/** True once somebody asked this class viewer who it is, also when they swallowed what it threw. */
export function wasAskedWho(viewer: Viewer): boolean {
  return asked.has(viewer);
}

function anonymousStaff(role: Extract<Viewer, { kind: 'staff' }>['role']): Viewer {
  const viewer: Viewer = {
    kind: 'staff',
    role,
    get userId(): string {
      return refuse(viewer);
    },
    get name(): string {
      return refuse(viewer);
    },
    get sessionId(): string | null {
      return refuse(viewer);
    },
  };
  return viewer;
}

function anonymousPartner(partnerId: string): Viewer {
  const viewer: Viewer = {
    kind: 'partner',
    partnerId,
    get keyId(): string | null {
      return refuse(viewer);
    },
  };
  return viewer;
}

function refuse(viewer: Viewer): never {
  asked.add(viewer);
  throw new NotShareable();
}
