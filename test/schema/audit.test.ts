/** Who may do what is changed, noted and read again; and what was noted stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { User, UserRole } from '../../src/store/generated/prisma/client.ts';
import { staffViewer, type StaffViewer } from '../../src/store/viewer.ts';
import { addBelongings } from '../support/belongings.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createScriptedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

const ROLE = 'mutation($input: SetUserRoleInput!) { setUserRole(input: $input) { user { id role } } }';
const LEVEL = 'mutation($input: SetApprovalLevelInput!) { setApprovalLevel(input: $input) { user { approvalLevel } } }';
const ENTRIES = `query($actor: String, $action: String, $subject: String, $from: DateTime, $to: DateTime, $after: String, $first: Int) {
  auditEntries(actor: $actor, action: $action, subject: $subject, from: $from, to: $to, after: $after, first: $first) {
    pageInfo { hasNextPage endCursor } edges { node { id action actorId subjectKind subjectId changes } } } }`;

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly actorId: string;
  readonly subjectId: string;
  readonly changes: unknown;
}

let house: House;
let ruth: StaffViewer;

beforeAll(async () => {
  house = await openHouse({ llm: createScriptedLlm(), started: false });
  ruth = await person('super_admin');
});
afterAll(() => house.close());

async function person(role: UserRole): Promise<StaffViewer> {
  const { id, name } = await house.database.user.create({ data: { id: newId('usr'), email: `${newId('usr')}@desk.example`, name: 'Somebody', role } });
  return staffViewer({ userId: id, name, role });
}

const rowOf = (userId: string): Promise<User> => house.database.user.findUniqueOrThrow({ where: { id: userId } });

async function entries(variables: object): Promise<readonly Entry[]> {
  const { auditEntries } = await ask(house, ruth, ENTRIES, { ...variables });
  return (auditEntries as { edges: { node: Entry }[] }).edges.map(({ node }) => node);
}

describe('the people of the desk', () => {
  it('are given roles and levels by who may, and it is noted once for each change', async () => {
    const { userId } = await person('user');
    for (let times = 0; times < 2; times += 1) {
      expect(await ask(house, ruth, ROLE, { input: { userId, role: 'ADMIN' } })).toEqual({ setUserRole: { user: { id: userId, role: 'ADMIN' } } });
      expect(await ask(house, ruth, LEVEL, { input: { userId, level: 'VP' } })).toEqual({ setApprovalLevel: { user: { approvalLevel: 'VP' } } });
    }
    await ask(house, ruth, LEVEL, { input: { userId } });
    expect(await rowOf(userId)).toMatchObject({ role: 'admin', approvalLevel: null });
    expect(await entries({ subject: userId })).toMatchObject([
      { action: 'user.approval_level', actorId: `user:${ruth.userId}`, changes: { from: 'vp', to: null } },
      { action: 'user.approval_level', changes: { from: null, to: 'vp' } },
      { action: 'user.role', subjectKind: 'user', changes: { from: 'user', to: 'admin' } },
    ]);
  });

  it('do not change what they may do themselves, nor without the scope, nor for nobody', async () => {
    const admin = await person('admin');
    const refused = (viewer: StaffViewer, userId: string) => refusalOf(house, viewer, ROLE, { input: { userId, role: 'SUPER_ADMIN' } });
    expect(await refused(ruth, ruth.userId)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refused(admin, (await person('user')).userId)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refused(ruth, newId('usr'))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(ruth, newId('cus'))).toEqual({ code: 'BAD_INPUT', field: 'input.userId' });
    expect(await refusalOf(house, ruth, LEVEL, { input: { userId: ruth.userId, level: 'EXECUTIVE' } })).toMatchObject({ code: 'FORBIDDEN' });
    await expect(house.desk.users.setRole(admin, { userId: ruth.userId, role: 'user' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('keep one who may give roles, also when two take it from each other at once', async () => {
    const other = await person('super_admin');
    const take = (viewer: StaffViewer, { userId }: StaffViewer) => house.desk.users.setRole(viewer, { userId, role: 'user' });
    const taken = await Promise.allSettled([take(ruth, other), take(other, ruth)]);
    expect(taken.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(taken.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
    expect(await house.database.user.count({ where: { role: 'super_admin' } })).toBe(1);
    await house.database.user.update({ where: { id: ruth.userId }, data: { role: 'super_admin' } });
  });

  it('are listed by role', async () => {
    const reader = await person('readonly');
    const { users } = await ask(house, STAFF, '{ users(role: READONLY) { edges { node { id email role active } } } }');
    expect(users).toMatchObject({ edges: [{ node: { id: reader.userId, role: 'READONLY', active: true } }] });
    expect(await refusalOf(house, reader, '{ users { edges { node { id } } } }')).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('a claim by force', () => {
  const CLAIM = 'mutation($input: ClaimEscalationInput!) { claimEscalation(input: $input) { escalation { claimedBy { id } conversation { ownerVersion } } } }';

  it('takes a conversation from who holds it, for who may assign, and is noted with whom it was taken from', async () => {
    const [holder, colleague, lead] = [await person('user'), await person('user'), await person('admin')];
    const { ids } = await addBelongings(house.database, { partnerId: null, mark: 'held', holderId: holder.userId });
    const input = { escalationId: ids['Escalation'] };
    expect(await refusalOf(house, colleague, CLAIM, { input })).toMatchObject({ code: 'ALREADY_CLAIMED' });
    expect(await refusalOf(house, colleague, CLAIM, { input: { ...input, force: true } })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, lead, CLAIM, { input })).toMatchObject({ code: 'ALREADY_CLAIMED' });
    const claimed = { claimEscalation: { escalation: { claimedBy: { id: lead.userId }, conversation: { ownerVersion: 2 } } } };
    // Again, and it is held already: nothing is taken twice.
    for (let times = 0; times < 2; times += 1) expect(await ask(house, lead, CLAIM, { input: { ...input, force: true } })).toEqual(claimed);
    expect(await entries({ subject: ids['Escalation'] })).toMatchObject([{ action: 'escalation.take_over', changes: { from: holder.userId } }]);
    const POST = 'mutation($input: PostMessageInput!) { postMessage(input: $input) { message { id } } }';
    const said = { input: { conversationId: ids['Conversation'], text: 'Hello' } };
    expect(await refusalOf(house, holder, POST, said)).toMatchObject({ code: 'NOT_CLAIMED' });
    await ask(house, lead, POST, said);
  });
});

describe('audit entries', () => {
  it('are found by who did it, what it was, to what, and when, newest first and page by page', async () => {
    const subjectId = newId('cus');
    const at = (day: number) => new Date(Date.UTC(2026, 0, day));
    const row = { actorKind: 'user', actorId: 'user:usr_found', subjectKind: 'customer', subjectId, changes: {} } as const;
    const made = ['customer.export', 'customer.erase', 'customer.export'].map((action, day) => ({ ...row, id: newId('aud'), at: at(day + 1), action }));
    await house.database.auditEntry.createMany({ data: made });
    const ids = made.map(({ id }) => id).toReversed();
    const found = async (variables: object) => (await entries(variables)).map(({ id }) => id);
    expect(await found({ subject: subjectId })).toEqual(ids);
    expect(await found({ actor: 'user:usr_found' })).toEqual(ids);
    expect(await found({ subject: subjectId, action: 'customer.erase' })).toEqual([ids[1]]);
    expect(await found({ subject: subjectId, action: 'customer' })).toEqual(ids);
    expect(await found({ subject: subjectId, action: 'cust' })).toEqual([]);
    expect(await found({ subject: subjectId, from: at(2).toISOString(), to: at(3).toISOString() })).toEqual([ids[1]]);
    const { auditEntries } = await ask(house, ruth, ENTRIES, { subject: subjectId, first: 2 });
    const { pageInfo } = auditEntries as { pageInfo: { endCursor: string; hasNextPage: boolean } };
    expect(pageInfo.hasNextPage).toBe(true);
    expect(await found({ subject: subjectId, first: 2, after: pageInfo.endCursor })).toEqual([ids[2]]);
    expect(await refusalOf(house, STAFF, '{ auditEntries { edges { node { id } } } }')).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('are left by exports, erasures and switches', async () => {
    const { customerId } = await house.addCustomer();
    await house.desk.exports.page(ruth, { customerId, after: null });
    await house.desk.agents.setEnabled(ruth, { agentId: 'second_agent', enabled: true });
    await house.desk.erasures.erase(ruth, { customerId, idempotencyKey: newId('req') });
    expect((await entries({ subject: customerId })).map(({ action }) => action)).toEqual(['customer.erase', 'customer.export']);
    expect((await entries({ subject: 'second_agent' })).map(({ action }) => action)).toEqual(['agent.enable']);
  });

  it('are neither changed nor deleted by whatever statement, and go only when they are old and in the one way there is', async () => {
    const { database } = house;
    const row = { actorKind: 'user', actorId: 'user:usr_old', action: 'customer.export', subjectKind: 'customer', subjectId: 'cus_old', changes: {} } as const;
    const [old, young] = [
      { ...row, id: newId('aud'), at: new Date(Date.now() - 400 * 86_400_000) },
      { ...row, id: newId('aud'), at: new Date() },
    ];
    await database.auditEntry.createMany({ data: [old, young] });
    const stays = /neither changed nor deleted/;
    await expect(database.auditEntry.update({ where: { id: old.id }, data: { actorId: 'nobody' } })).rejects.toThrow(stays);
    await expect(database.auditEntry.delete({ where: { id: old.id } })).rejects.toThrow(stays);
    await expect(database.auditEntry.deleteMany()).rejects.toThrow(stays);
    await expect(database.$executeRaw`TRUNCATE "AuditEntry"`).rejects.toThrow(stays);
    expect(await database.auditEntry.count({ where: { actorId: 'user:usr_old' } })).toBe(2);
    await database.$queryRaw`SELECT forget_audit_entries(now() + interval '1 day', 1000)`;
    expect(await database.auditEntry.findMany({ where: { actorId: 'user:usr_old' }, select: { id: true } })).toEqual([{ id: young.id }]);
    await expect(database.auditEntry.deleteMany()).rejects.toThrow(stays);
  });
});
