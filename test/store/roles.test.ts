/** The matrix of scopes and roles, written out a second time in the form people read: one line per scope, a letter for each role that has it. */
import { describe, expect, it } from 'vitest';
import { ROLES, SCOPES, scopesOf } from '../../src/store/roles.ts';

/** Super admin, admin, user, readonly, client of the API. */
const LETTERS = { super_admin: 'S', admin: 'A', user: 'U', readonly: 'R', api_client: 'C' } as const;

const MATRIX = `
read:agents SAURC
execute:agents:tier1 SAUC
execute:agents:tier2 SAC
execute:agents:tier3 SA
execute:agents:tier4 S
admin:agents S
read:conversations SAURC
write:conversations SAUC
assign:conversations SA
escalate:conversations SA
delete:conversations S
read:customers SAURC
write:customers SAC
read:customers:pii SA
delete:customers S
read:workflows SAURC
execute:workflows SAUC
write:workflows SA
delete:workflows S
read:analytics SAUR
read:analytics:detailed SA
export:analytics SA
read:webhooks SA
write:webhooks SA
delete:webhooks S
read:api_keys SAU
write:api_keys SAU
delete:api_keys S
read:users SA
write:users SA
delete:users S
manage:roles S
admin:config S
admin:system S
admin:security S
graphql:arbitrary SA`;

describe('roles', () => {
  it('have the scopes of the matrix, each role exactly its own', () => {
    const lines = SCOPES.map((scope) => `${scope} ${ROLES.flatMap((role) => (scopesOf(role).includes(scope) ? [LETTERS[role]] : [])).join('')}`);
    expect(lines).toEqual(MATRIX.trim().split('\n'));
  });

  it('give lists that nobody can add to', () => {
    for (const role of ROLES) expect(Object.isFrozen(scopesOf(role))).toBe(true);
  });

  it('know of no role by a name that objects have anyway', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) expect(scopesOf(name as (typeof ROLES)[number])).toEqual([]);
  });
});
