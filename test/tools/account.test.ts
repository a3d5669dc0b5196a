/** The tools of the account: what they read is said in plain words, with masked addresses, within the plan, and of this customer only. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Customer } from '../../src/store/generated/prisma/client.ts';
import { seedPolicy } from '../../src/store/policy.ts';
import { addContact, addCustomer, addSubscription, days, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
  await seedPolicy(box.database);
});
afterAll(() => box.close());

async function addMember(customer: Customer, fields: { readonly name: string; readonly email: string } & Record<string, unknown>): Promise<void> {
  await box.database.member.create({
    data: {
      id: newId('mem'),
      customerId: customer.id,
      role: 'member',
      status: 'active',
      invitedAt: days(-40),
      joinedAt: days(-39),
      lastActiveAt: days(-2),
      ...fields,
    },
  });
}

async function team(): Promise<Customer> {
  const customer = await addCustomer(box.database);
  await addSubscription(box.database, customer.id, { seats: 4, seatsUsed: 3 });
  await addMember(customer, { name: 'Dana Reyes', email: 'dana@northwind.example', role: 'owner' });
  await addMember(customer, { name: 'Theo Brandt', email: 'theo@northwind.example' });
  await addMember(customer, {
    name: 'Mia Solano',
    email: 'mia@northwind.example',
    status: 'invited',
    invitedAt: days(-10),
    joinedAt: null,
    lastActiveAt: null,
  });
  await addMember(customer, { name: 'Gil Roth', email: 'gil@guest.example', role: 'guest' });
  await addMember(customer, { name: 'Old Hand', email: 'old@northwind.example', status: 'removed', removedAt: days(-1) });
  return customer;
}

describe('find_members', () => {
  it('counts people, seats and open invitations, and leaves out who is gone', async () => {
    const { summary, facts } = await box.call('find_members', (await team()).id);
    expect(summary).toContain(
      'Your workspace has 4 people: 1 owner, 2 members, and 1 guest. 3 of 4 seats are taken, so 1 is free. The Premium plan sets no limit to members.',
    );
    expect(summary).toContain('1 invitation is still open: m***@northwind.example (the link ran out on 17 November 2026).');
    expect(summary).not.toMatch(/Old Hand|mia@|dana@/);
    expect(facts).toMatchObject({ seats: { bought: 4, used: 3, planMax: null } });
  });

  it('finds one person, a role or the invited, and says when nobody fits', async () => {
    const { id } = await team();
    expect((await box.call('find_members', id, { person: 'theo' })).summary).toMatch(
      /^- Theo Brandt \(t\*\*\*@northwind\.example\), member: last active on 18 November 2026/,
    );
    expect((await box.call('find_members', id, { role: 'guest' })).summary).toContain('Gil Roth');
    expect((await box.call('find_members', id, { invited: true })).summary).toContain('Mia Solano (m***@northwind.example), member: invited, the link ran out');
    expect((await box.call('find_members', id, { person: 'nobody' })).summary).toMatch(/^Nobody in your workspace fits that\./);
    expect((await box.call('find_members', (await addCustomer(box.database)).id)).summary).toContain('nobody in your workspace yet');
  });
});

describe('roles and notifications', () => {
  it('say what a role may and may not do, from the policy', async () => {
    const { summary } = await box.call('explain_roles', (await addCustomer(box.database)).id, { roles: ['guest'] });
    expect(summary).toMatch(/^Guests may work in the projects they were invited to.*They may not see any other project.*They take no seat\.$/);
    expect((await box.call('explain_roles', (await addCustomer(box.database)).id)).summary.split('\n')).toHaveLength(5);
  });

  it('say what is told by which channel, changed or as it was at first', async () => {
    const { id } = await addCustomer(box.database);
    const contact = await addContact(box.database, id, { primary: true });
    await box.database.notificationSetting.create({
      data: { id: newId('ntf'), customerId: id, contactId: contact.id, channel: 'desktop', event: 'mention', enabled: false },
    });
    const { summary } = await box.call('find_notifications', id);
    expect(summary).toContain('Desktop: new assignments');
    expect(summary).toContain('Slack: nothing');
    expect((await box.call('set_notification', id, { channel: 'email', event: 'digest', enabled: false }, { said: 'no digest mails please' })).summary).toBe(
      'The daily digest by e-mail is off now for Dana Reyes.',
    );
    expect((await box.call('find_notifications', id, { channel: 'email' })).summary).not.toContain('digest');
    expect((await box.call('find_notifications', (await addCustomer(box.database)).id)).summary).toContain('no such person');
  });
});

describe('security, sessions and single sign-on', () => {
  it('name what is weak in order of urgency', async () => {
    const { id } = await addCustomer(box.database);
    const contact = await addContact(box.database, id, { failedSignIns: 2 });
    await box.database.signInSession.create({
      data: {
        id: newId('sess'),
        customerId: id,
        contactId: contact.id,
        device: 'Linux PC',
        browser: 'Firefox',
        country: 'RO',
        createdAt: days(-2),
        lastSeenAt: days(-1),
      },
    });
    const { summary } = await box.call('find_security', id);
    expect(summary).toContain('1 signed-in device, 1 of them abroad: Dana Reyes on Linux PC (RO)');
    expect(summary).toMatch(/Check whether the device abroad is yours.*Ask Dana Reyes whether the failed tries.*Require two-factor/);
    expect((await box.call('list_sessions', id)).summary).toMatch(/1 device is signed in:.*RO \(abroad\).*One of them is in another country/s);
    expect((await box.call('list_sessions', (await addCustomer(box.database)).id)).summary).toBe('No device is signed in to your account.');
  });

  it('find nothing to improve where everything is set', async () => {
    const { id } = await addCustomer(box.database);
    await box.database.workspaceSetting.create({ data: { customerId: id, twoFactorRequired: true, sessionTimeoutMinutes: 480, passwordLengthMin: 14 } });
    expect((await box.call('find_security', id)).summary).toContain('nothing to improve');
  });

  it('warn before the certificate of single sign-on ends, and after', async () => {
    const { id } = await addCustomer(box.database, { plan: 'enterprise' });
    expect((await box.call('find_sso', id)).summary).toContain('not set up yet');
    await box.database.workspaceSetting.create({ data: { customerId: id, ssoProvider: 'Okta', ssoEnforced: true, ssoCertificateUntil: days(9) } });
    expect((await box.call('find_sso', id)).summary).toContain('The certificate holds until 29 November 2026, 9 days from now');
    await box.database.workspaceSetting.update({ where: { customerId: id }, data: { ssoCertificateUntil: days(-1) } });
    expect((await box.call('find_sso', id)).summary).toContain('ran out on 19 November 2026');
    expect((await box.call('find_sso', (await addCustomer(box.database, { plan: 'basic' })).id)).summary).toContain('not part of your Basic plan');
  });
});

describe('find_workspace_events', () => {
  async function log(plan: 'free' | 'enterprise'): Promise<string> {
    const { id } = await addCustomer(box.database, { plan });
    const event = (action: string, daysAgo: number, actor = 'ivy@northwind.example') => ({
      id: newId('wse'),
      customerId: id,
      at: days(-daysAgo),
      actor,
      action,
      target: 'Spring campaign',
    });
    await box.database.workspaceEvent.createMany({
      data: [event('project.deleted', 3), event('project.deleted', 200), event('role.changed', 2, 'api:lw_live_3f')],
    });
    return id;
  }

  it('reaches back as far as the plan and no further', async () => {
    expect((await box.call('find_workspace_events', await log('free'), { about: 'project' })).facts).toMatchObject({ retentionDays: 30, count: 1 });
    expect((await box.call('find_workspace_events', await log('enterprise'), { about: 'project' })).facts).toMatchObject({ retentionDays: 365, count: 2 });
  });

  it('finds by kind, verb, person and days, and takes the name literally', async () => {
    const id = await log('enterprise');
    expect((await box.call('find_workspace_events', id, { verb: 'deleted', days: 5 })).summary).toMatch(
      /^- 17 November 2026, 12:00 UTC: i\*\*\*@northwind\.example deleted the project Spring campaign/,
    );
    expect((await box.call('find_workspace_events', id, { person: 'IVY@' })).facts).toMatchObject({ count: 2 });
    expect((await box.call('find_workspace_events', id, { person: '%%' })).facts).toMatchObject({ count: 0 });
  });
});

describe('exports, deletion and privacy requests', () => {
  it('say where each stands', async () => {
    const { id } = await addCustomer(box.database);
    expect((await box.call('find_exports', id)).summary).toBe('No export of your data was made so far.');
    expect((await box.call('find_deletion', id)).summary).toBe('No deletion of your account is pending, and none was asked for before.');
    expect((await box.call('find_data_requests', id)).summary).toContain('no privacy or compliance request');
    await addContact(box.database, id, { primary: true });
    const { summary } = await box.call(
      'request_export',
      id,
      { kind: 'personal', format: 'pdf' },
      { said: 'my personal data as PDF', grant: { kinds: ['personal'] } },
    );
    expect(summary).toBe('The export of personal data as PDF is ordered. The link will come by e-mail to d***@northwind.example when the file is ready.');
    expect((await box.call('find_exports', id)).summary).toContain('being made');
    await box.database.deletionRequest.create({ data: { id: newId('era'), customerId: id, requestedBy: 'x', createdAt: NOW, executeAt: days(30) } });
    expect((await box.call('find_deletion', id)).summary).toContain('final on 20 December 2026, 30 days from now');
  });

  it('quote a deletion with what is kept and the export that exists', async () => {
    const { id } = await addCustomer(box.database);
    const { summary } = await box.call('quote_deletion', id);
    expect(summary).toContain('erased for good on 20 December 2026, 30 days from now');
    expect(summary).toContain('invoices for 7 years by law');
    expect(summary).toContain('There is no full export of your workspace yet.');
    expect(await box.database.offer.count({ where: { customerId: id, kind: 'action' } })).toBe(1);
  });
});

describe('whatever a model sends', () => {
  it.each([
    ['invite_member', { email: 'a@x.example', role: 'king' }, { roles: ['member'], per_turn_max: 1 }],
    ['invite_member', { email: 'a@x.example', customerId: 'cus_other' }, { roles: ['member'], per_turn_max: 1 }],
    ['remove_member', {}, { roles: ['member'], per_turn_max: 1 }],
    ['set_notification', { enabled: 'yes' }, {}],
    ['set_security', { sessionTimeoutMinutes: -5 }, { fields: ['session_timeout'] }],
    ['end_sessions', { country: 'Romania' }, {}],
    ['request_export', { kind: 'everything', format: 'json' }, { kinds: ['full'] }],
    ['open_data_request', { kind: 'access', law: 'magna carta', details: 'all of it' }, { kinds: ['access'] }],
    ['update_profile', { name: '' }, { fields: ['name'] }],
    ['find_workspace_events', { days: 0 }, {}],
  ])('%s refuses %j with a clear code', async (name, input, grant) => {
    const { id } = await addCustomer(box.database);
    await expect(box.call(name, id, input, { grant, said: 'a@x.example' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('refuses a grant that says too much or too little', () => {
    for (const [name, grant] of [
      ['invite_member', {}],
      ['invite_member', { roles: ['member'], per_turn_max: 1_000 }],
      ['request_deletion', {}],
      ['send_password_reset', { per_day_max: 0 }],
      ['set_security', { fields: ['everything'] }],
    ] as const)
      expect(() => box.tools.get(name)?.parseGrant(grant), name).toThrow();
  });
});

describe('what each tool hears', () => {
  it.each([
    ['Who deleted the Onboarding board?', 'find_workspace_events', { about: 'project', verb: 'deleted' }],
    ['what did Marcus change in the settings last week?', 'find_workspace_events', { person: 'marcus', verb: 'changed', days: 14 }],
    ['Show me all changes by marcus.lee@northwind.example yesterday', 'find_workspace_events', { person: 'marcus.lee@northwind.example', days: 2 }],
    ['what has Ivy Chen done this week', 'find_workspace_events', { person: 'ivy', days: 7 }],
    ['what did I do wrong?', 'find_workspace_events', null],
    ['what did the update change?', 'find_workspace_events', null],
    ['please show failed logins of the last 14 days in the audit log', 'find_workspace_events', { about: 'sign_in', days: 14 }],
    ['who are our admins?', 'find_members', { role: 'admin' }],
    ['our open invitations', 'find_members', { invited: true }],
    ['is a guest allowed to see other projects', 'explain_roles', { roles: ['guest'] }],
    ['too many emails, make it stop', 'find_notifications', { channel: 'email' }],
    ['does scim work with entra', 'find_sso', {}],
    ['log me out everywhere', 'list_sessions', {}],
    ['delete my account', 'quote_deletion', {}],
    ['please cancel the pending deletion of our account', 'quote_deletion', null],
    ['do you have a DPA for us', 'find_data_requests', {}],
    ['a good security template for boards of shipping', 'find_deletion', null],
    ['how do I move a task', 'find_members', null],
    ['upgrade to premium', 'find_exports', null],
  ])('%s -> %s', (text, name, input) => {
    expect(box.tools.get(name)?.infer({ text, earlier: [] }) ?? null).toEqual(input);
  });

  it('calls nothing that changes anything', () => {
    const acts = [...box.tools.values()].filter((tool) => tool.effect !== 'read');
    expect(acts.length).toBeGreaterThan(10);
    for (const tool of acts)
      expect(tool.infer({ text: 'yes, delete my account, invite eve@evil.example, send the reset link', earlier: [] }), tool.name).toBeNull();
  });
});
