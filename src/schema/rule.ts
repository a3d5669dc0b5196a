/**
 * Who may read a field or call a verb, in the words that fields and types use: `authScopes: own('read:conversations')`. A rule says who
 * gets in at all; whose rows they then see is decided in desk/access.ts. test/schema/rules.test.ts fails for a field without a rule.
 *
 * A rule on a type holds for each of its fields. It is evaluated once per context and kept, so rules are few and shared: ask for
 * them here instead of writing them out.
 */
import { AuthScopeFailureType, type AuthFailure } from '@pothos/plugin-scope-auth';
import { lacksScope, requireViewer } from '../desk/access.ts';
import { AppError } from '../foundation/errors.ts';
import type { Scope } from '../store/roles.ts';
import { hasScope, type Viewer } from '../store/viewer.ts';

/** What a rule may ask for; one of them is enough. */
export interface AuthScopes {
  /** Anybody, also who did not sign in. */
  readonly anyone: boolean;
  readonly signedIn: boolean;
  /** A person of the desk. */
  readonly desk: boolean;
  readonly customer: boolean;
  /** A customer or a partner. */
  readonly outsider: boolean;
  /** The scope, of whoever carries scopes: staff or partner. */
  readonly has: Scope;
  /** The scope, of a person of the desk. */
  readonly staff: Scope;
  /** The scope, of a partner’s key. */
  readonly partner: Scope;
}

export type Rule = Partial<AuthScopes>;

export const ANYONE: Rule = { anyone: true };
export const SIGNED_IN: Rule = { signedIn: true };
export const DESK: Rule = { desk: true };

/**
 * For types that are parts of others (pages, sums, what a verb answers, items of a stream): whoever has one was let in by the field
 * that gave it, each of which has a rule of its own. Spread it into the options of the type.
 */
export const PART = { extensions: { rule: 'part' } } as const;

/** Customers for what is their own; others with this scope. */
export const own = perScope((scope) => ({ customer: true, has: scope }));
/** Staff and partners with this scope. */
export const operator = perScope((scope) => ({ has: scope }));
/** People of the desk with this scope. */
export const staff = perScope((scope) => ({ staff: scope }));
/** People of the desk with this scope, and customers for what is their own. */
export const ownOrStaff = perScope((scope) => ({ customer: true, staff: scope }));

/** People of the desk with this scope. Others are let in to be told that there is no such thing. */
export const staffOrNotFound = perScope((scope) => ({ outsider: true, staff: scope }));
/** What it used: for partners, of their own customers. */
export const usage: Rule = { staff: 'read:analytics', partner: 'read:customers' };
/** The same by what it was used for. */
export const usageBy: Rule = { staff: 'read:analytics:detailed', partner: 'read:customers' };

/** Registered operations: a partner’s own, and for the staff with this scope. */
export const operations = perScope((scope) => ({ staff: scope, partner: 'read:conversations' }));

/** Webhooks: a partner’s own, and for the staff with the scope. */
export const WEBHOOKS_READ: Rule = { staff: 'read:webhooks', partner: 'read:conversations' };
export const WEBHOOKS_WRITE: Rule = { staff: 'write:webhooks', partner: 'write:conversations' };
export const WEBHOOKS_DELETE: Rule = { staff: 'delete:webhooks', partner: 'write:conversations' };

/** Tokens for a customer’s front-end: a partner for its own customers, and who of the staff may act for customers. */
export const CUSTOMER_TOKENS: Rule = { staff: 'write:customers', partner: 'write:conversations' };

/** One object per rule: what was found out for it is kept by the object. */
function perScope(make: (scope: Scope) => Rule): (scope: Scope) => Rule {
  const made = new Map<Scope, Rule>();
  return (scope) => {
    const rule = made.get(scope) ?? Object.freeze(make(scope));
    made.set(scope, rule);
    return rule;
  };
}

/** How a context answers what rules ask. */
export function authScopesOf(viewer: Viewer | null) {
  return {
    anyone: true,
    signedIn: viewer !== null,
    desk: viewer?.kind === 'staff',
    customer: viewer?.kind === 'customer',
    outsider: viewer !== null && viewer.kind !== 'staff',
    has: (scope: Scope) => viewer !== null && hasScope(viewer, scope),
    staff: (scope: Scope) => viewer?.kind === 'staff' && hasScope(viewer, scope),
    partner: (scope: Scope) => viewer?.kind === 'partner' && hasScope(viewer, scope),
  };
}

/** UNAUTHENTICATED for nobody, else FORBIDDEN naming what is missing. */
export function refusalOf(viewer: Viewer | null, failure: AuthFailure): AppError {
  const known = requireViewer(viewer);
  const other = known.kind === 'staff' ? 'partner' : 'staff';
  const asked = askedFor(failure).filter(({ kind }) => kind !== other);
  if (known.kind === 'customer') return new AppError('FORBIDDEN', 'Customers may not do this.');
  if (asked.length === 0) return new AppError('FORBIDDEN', 'Only the staff may do this.');
  return lacksScope(...new Set(asked.map(({ scope }) => scope)));
}

function askedFor(failure: AuthFailure): readonly { readonly kind: string; readonly scope: Scope }[] {
  switch (failure.kind) {
    case AuthScopeFailureType.AllAuthScopes:
    case AuthScopeFailureType.AnyAuthScopes:
      return failure.failures.flatMap(askedFor);
    case AuthScopeFailureType.AuthScope:
      return failure.scope === 'has' || failure.scope === 'staff' || failure.scope === 'partner'
        ? [{ kind: failure.scope, scope: failure.parameter as Scope }]
        : [];
    case AuthScopeFailureType.AuthScopeFunction:
    case AuthScopeFailureType.GrantedScope:
    case AuthScopeFailureType.Unknown:
      return [];
  }
}
