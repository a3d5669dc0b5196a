/**
 * Viewers who may see exactly the same share one class, so that what one of them is sent can be sent to all. The class stands for
 * nobody in particular: whoever asks it for a person's own identity is told that this cannot be shared.
 */
import type { Scope } from '../store/roles.ts';
import type { PartnerViewer, StaffViewer, Viewer } from '../store/viewer.ts';

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
      return { key: `staff:${viewer.role}:${scopesKey(viewer.scopes)}`, viewer: anonymousStaff(viewer) };
    case 'customer':
      return { key: `customer:${viewer.customerId}`, viewer };
    case 'partner':
      return { key: `partner:${viewer.partnerId}:${scopesKey(viewer.scopes)}`, viewer: anonymousPartner(viewer) };
  }
}

const asked = new WeakSet<Viewer>();

/** True once somebody asked this class viewer who it is, also when they swallowed what it threw. */
export function wasAskedWho(viewer: Viewer): boolean {
  return asked.has(viewer);
}

/** Lists of scopes are few, and shared by whoever has all of a role. */
const keys = new WeakMap<readonly Scope[], string>();

/** The same for the same scopes, in whatever order a credential names them. */
function scopesKey(scopes: readonly Scope[]): string {
  const key = keys.get(scopes) ?? scopes.toSorted().join(' ');
  keys.set(scopes, key);
  return key;
}

function anonymousStaff({ role, scopes }: StaffViewer): Viewer {
  const viewer: Viewer = {
    kind: 'staff',
    role,
    scopes,
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

function anonymousPartner({ partnerId, scopes }: PartnerViewer): Viewer {
  const viewer: Viewer = {
    kind: 'partner',
    partnerId,
    scopes,
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
