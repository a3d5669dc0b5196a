/**
 * What may be done, as scopes, and which role has which of them: the one matrix that every check reads. A person of the desk has all
 * of their role; an API key has at most those of `api_client`. Customers have none: their rule is that a thing is their own.
 */
export const SCOPES = [
  'read:agents',
  'execute:agents:tier1',
  'execute:agents:tier2',
  'execute:agents:tier3',
  'execute:agents:tier4',
  'admin:agents',
  'read:conversations',
  'write:conversations',
  'assign:conversations',
  'escalate:conversations',
  'delete:conversations',
  'read:customers',
  'write:customers',
  'read:customers:pii',
  'delete:customers',
  'read:workflows',
  'execute:workflows',
  'write:workflows',
  'delete:workflows',
  'read:analytics',
  'read:analytics:detailed',
  'export:analytics',
  'read:webhooks',
  'write:webhooks',
  'delete:webhooks',
  'read:api_keys',
  'write:api_keys',
  'delete:api_keys',
  'read:users',
  'write:users',
  'delete:users',
  'manage:roles',
  'admin:config',
  'admin:system',
  'admin:security',
  /** Beside the matrix: documents of one's own where only registered operations run. */
  'graphql:arbitrary',
] as const;
export type Scope = (typeof SCOPES)[number];

/** The roles of people, who may do most first. */
export const USER_ROLES = ['super_admin', 'admin', 'user', 'readonly'] as const;
export type UserRole = (typeof USER_ROLES)[number];

export const ROLES = [...USER_ROLES, 'api_client'] as const;
export type Role = (typeof ROLES)[number];

const USER = [
  'read:agents',
  'execute:agents:tier1',
  'read:conversations',
  'write:conversations',
  'read:customers',
  'read:workflows',
  'execute:workflows',
  'read:analytics',
  'read:api_keys',
  'write:api_keys',
] as const satisfies readonly Scope[];

const ADMIN = [
  ...USER,
  'execute:agents:tier2',
  'execute:agents:tier3',
  'assign:conversations',
  'escalate:conversations',
  'write:customers',
  'read:customers:pii',
  'write:workflows',
  'read:analytics:detailed',
  'export:analytics',
  'read:webhooks',
  'write:webhooks',
  'read:users',
  'write:users',
  'graphql:arbitrary',
] as const satisfies readonly Scope[];

const MATRIX: Readonly<Record<Role, readonly Scope[]>> = {
  super_admin: SCOPES,
  admin: ADMIN,
  user: USER,
  readonly: ['read:agents', 'read:conversations', 'read:customers', 'read:workflows', 'read:analytics'],
  api_client: [
    'read:agents',
    'execute:agents:tier1',
    'execute:agents:tier2',
    'read:conversations',
    'write:conversations',
    'read:customers',
    'write:customers',
    'read:workflows',
    'execute:workflows',
  ],
};

/** Made once: who has all of a role shares one list. In the order of SCOPES. */
const OF_ROLE = new Map(ROLES.map((role) => [role, Object.freeze(SCOPES.filter((scope) => MATRIX[role].includes(scope)))] as const));

export function scopesOf(role: Role): readonly Scope[] {
  return OF_ROLE.get(role) ?? [];
}
