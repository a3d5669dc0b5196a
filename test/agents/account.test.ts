/** The agents of the account, and the login specialist, at work on the demo rows: what they read is said, what they do stands in the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptedReply } from '../support/messages-api.ts';
import { openAgentWalk, type AgentWalk, type Walked } from '../support/agent-walk.ts';

let walk: AgentWalk;
beforeAll(async () => {
  walk = await openAgentWalk({ seed: true });
});
afterAll(() => walk.close());

const ask = (agentId: string, text: string): Promise<Walked> => walk.say({ agentId, customerId: walk.demo, text });

/** One call of the scripted model, then its closing words. */
function act(
  agentId: string,
  text: string,
  name: string,
  input: Readonly<Record<string, unknown>>,
  rest: { readonly conversationId?: string } = {},
): Promise<Walked> {
  const script: readonly ScriptedReply[] = [{ toolCalls: [{ name, input }] }, { text: 'That is done.' }];
  return walk.say({ agentId, customerId: walk.demo, text, script, ...rest });
}

function outbox(subject: string) {
  return walk.database.outboxMessage.findMany({ where: { customerId: walk.demo, subject }, orderBy: { id: 'desc' } });
}

describe('with the offline model', () => {
  it.each([
    ['profile_manager', 'Which company name is in my profile?', 'find_profile', /Northwind Studio.*America\/New_York/s],
    ['team_manager', 'How many seats are free in our workspace?', 'find_members', /28 of 30 seats are taken, so 2 are free/],
    ['notification_configurator', 'I get too many notifications on my phone', 'find_notifications', /Push on the phone: mentions and new assignments/],
    ['security_advisor', 'Is our workspace secure enough?', 'find_security', /1 of them abroad: Theo Brandt on Linux PC \(RO\)/],
    ['sso_specialist', 'Can we connect Okta with SAML?', 'find_sso', /not part of your Premium plan; it comes with Enterprise/],
    [
      'audit_log_specialist',
      'Who deleted the project last week?',
      'find_workspace_events',
      /Ivy Chen \(i\*\*\*@northwind-studio\.example\) deleted the project Spring campaign/,
    ],
    [
      'audit_log_specialist',
      'what did Marcus change in the settings last week?',
      'find_workspace_events',
      /Marcus Lee \(m\*\*\*@northwind-studio\.example\) changed the security setting session timeout/,
    ],
    ['permission_manager', 'What may a viewer do?', 'explain_roles', /Viewers may read all projects/],
    ['data_export_specialist', 'Is my data export ready?', 'find_exports', /the audit log as CSV.*the link works until/],
    ['account_deletion_specialist', 'I want to delete our account', 'quote_deletion', /erased for good on .* 30 days from now.*plain yes/s],
    ['compliance_specialist', 'Where does our GDPR request stand?', 'find_data_requests', /agreement to sign \(GDPR\).*open, due by/],
    ['login_specialist', 'Theo is locked out of his account', 'find_sign_in', /Theo Brandt .* is locked out after 5 failed tries/],
  ])('%s answers from the rows', async (agentId, text, tool, said) => {
    const walked = await ask(agentId, text);
    expect(walked.run).toMatchObject({ status: 'succeeded', agentId });
    expect(walked.tools.map((one) => one.tool)).toContain(tool);
    expect(walked.text).toMatch(said);
  });

  it('changes nothing by reading', async () => {
    const { customerId } = { customerId: walk.demo };
    expect(await walk.database.outboxMessage.count({ where: { customerId } })).toBe(0);
    expect(await walk.database.deletionRequest.count({ where: { customerId } })).toBe(0);
  });
});

describe('with a scripted model', () => {
  it('the profile manager corrects a field, and an address only after a confirmation', async () => {
    const { tools } = await act('profile_manager', 'Our time zone is Berlin now', 'update_profile', { timezone: 'Europe/Berlin' });
    expect(tools).toMatchObject([{ tool: 'update_profile', failed: false }]);
    expect(await walk.database.customer.findUniqueOrThrow({ where: { id: walk.demo } })).toMatchObject({ timezone: 'Europe/Berlin' });
    const { tools: second } = await act('profile_manager', 'My address shall be dana.r@northwind-studio.example', 'update_profile', {
      email: 'dana.r@northwind-studio.example',
    });
    expect(second[0]?.summary).toContain('on its way to d***@northwind-studio.example');
    expect(JSON.stringify(second[0]?.arguments)).not.toContain('dana.r@');
    expect(await outbox('address_verification')).toMatchObject([{ recipient: 'dana.r@northwind-studio.example', status: 'pending' }]);
  });

  it('the team manager invites, reminds, removes and changes a role', async () => {
    const before = await walk.database.planSubscription.findFirstOrThrow({ where: { customerId: walk.demo } });
    await act('team_manager', 'Please invite lea.wolf@northwind-studio.example', 'invite_member', { email: 'lea.wolf@northwind-studio.example' });
    const lea = { customerId_email: { customerId: walk.demo, email: 'lea.wolf@northwind-studio.example' } };
    expect(await walk.database.member.findUniqueOrThrow({ where: lea })).toMatchObject({ status: 'invited', role: 'member' });
    await act('team_manager', 'Make Lea Wolf an admin please', 'change_member_role', { person: 'Lea Wolf', role: 'admin' });
    expect(await walk.database.member.findUniqueOrThrow({ where: lea })).toMatchObject({ role: 'admin' });
    const late = await walk.database.member.findFirstOrThrow({ where: { customerId: walk.demo, status: 'invited' }, orderBy: { invitedAt: 'asc' } });
    await act('team_manager', `${late.email} never got the invitation`, 'resend_invitation', { person: late.email });
    expect((await outbox('invitation')).map((row) => row.recipient)).toEqual([late.email, 'lea.wolf@northwind-studio.example']);
    await act('team_manager', 'Theo Brandt has left, take him out', 'remove_member', { person: 'Theo Brandt' });
    expect(await walk.database.member.findFirstOrThrow({ where: { customerId: walk.demo, name: 'Theo Brandt' } })).toMatchObject({ status: 'removed' });
    expect((await walk.database.planSubscription.findFirstOrThrow({ where: { customerId: walk.demo } })).seatsUsed).toBe(before.seatsUsed);
  });

  it('the notification configurator switches one kind of mail off', async () => {
    await act('notification_configurator', 'No mails about comments please', 'set_notification', { channel: 'email', event: 'comment', enabled: false });
    expect(await walk.database.notificationSetting.findFirstOrThrow({ where: { customerId: walk.demo, channel: 'email', event: 'comment' } })).toMatchObject({
      enabled: false,
    });
  });

  it('the security advisor tightens settings and ends sessions, on named values only', async () => {
    await act('security_advisor', 'Two-factor for everybody and sessions of 12 hours', 'set_security', { twoFactorRequired: true, sessionTimeoutMinutes: 720 });
    expect(await walk.database.workspaceSetting.findUniqueOrThrow({ where: { customerId: walk.demo } })).toMatchObject({
      twoFactorRequired: true,
      sessionTimeoutMinutes: 720,
    });
    const { tools } = await act('security_advisor', 'Make it stricter still', 'set_security', { sessionTimeoutMinutes: 20 });
    expect(tools).toMatchObject([{ failed: true }]);
    await act('security_advisor', 'Sign everybody out everywhere', 'end_sessions', {});
    expect(await walk.database.signInSession.count({ where: { customerId: walk.demo, endedAt: null } })).toBe(0);
  });

  it('the SSO specialist reads the plan’s rule and hands the rest over as a ticket', async () => {
    const { tools } = await walk.say({
      agentId: 'sso_specialist',
      customerId: walk.demo,
      text: 'Our Okta sign-in fails with audience_mismatch',
      script: [
        { toolCalls: [{ name: 'find_sso', input: {} }] },
        {
          toolCalls: [
            {
              name: 'open_ticket',
              input: { kind: 'bug', title: 'Okta sign-in fails', description: 'audience_mismatch since this morning', severity: 'medium' },
            },
          ],
        },
        { text: 'Noted.' },
      ],
    });
    expect(tools).toMatchObject([
      { tool: 'find_sso', failed: false },
      { tool: 'open_ticket', failed: false },
    ]);
    expect(await walk.database.ticket.count({ where: { customerId: walk.demo, title: 'Okta sign-in fails' } })).toBe(1);
  });

  it('the audit log specialist finds the entry and orders the log as a file', async () => {
    const { tools } = await walk.say({
      agentId: 'audit_log_specialist',
      customerId: walk.demo,
      text: 'Who failed to sign in? And the log as CSV please',
      script: [
        { toolCalls: [{ name: 'find_workspace_events', input: { about: 'sign_in', verb: 'failed', days: 3 } }] },
        { toolCalls: [{ name: 'request_export', input: { kind: 'audit_log', format: 'csv' } }] },
        { text: 'Done.' },
      ],
    });
    expect(tools[0]?.summary).toMatch(/Theo Brandt \(t\*\*\*@northwind-studio\.example\) failed to sign in \(from RO\)/);
    expect(await walk.database.exportRequest.findFirstOrThrow({ where: { customerId: walk.demo, status: 'requested' } })).toMatchObject({
      kind: 'audit_log',
      format: 'csv',
    });
    await walk.database.exportRequest.updateMany({ where: { customerId: walk.demo, status: 'requested' }, data: { status: 'done' } });
  });

  it('the permission manager lifts a role within its grant, and leaves admins to others', async () => {
    const viewer = await walk.database.member.findFirstOrThrow({ where: { customerId: walk.demo, role: 'viewer', status: 'active' } });
    await act('permission_manager', `${viewer.email} must be able to edit`, 'change_member_role', { person: viewer.email, role: 'member' });
    expect(await walk.database.member.findUniqueOrThrow({ where: { id: viewer.id } })).toMatchObject({ role: 'member' });
    const { tools } = await act('permission_manager', `Make ${viewer.email} an admin`, 'change_member_role', { person: viewer.email, role: 'admin' });
    expect(tools).toMatchObject([{ failed: true, summary: expect.stringMatching(/owner.*ticket/) }]);
  });

  it('the data export specialist orders the whole account once and opens the request that the law names', async () => {
    await walk.say({
      agentId: 'data_export_specialist',
      customerId: walk.demo,
      text: 'Under the GDPR I want everything you hold',
      script: [
        {
          toolCalls: [
            { name: 'request_export', input: { kind: 'full', format: 'json' } },
            { name: 'open_data_request', input: { kind: 'access', law: 'gdpr', details: 'Everything held about the account.' } },
          ],
        },
        { text: 'Both are under way.' },
      ],
    });
    expect(await outbox('export')).toHaveLength(2);
    expect(await walk.database.dataRequest.count({ where: { customerId: walk.demo, kind: 'access', status: 'requested' } })).toBe(1);
  });

  it('the compliance specialist opens a request for the agreement it was asked for', async () => {
    await act('compliance_specialist', 'We need a BAA for HIPAA', 'open_data_request', {
      kind: 'agreement',
      law: 'hipaa',
      details: 'A business associate agreement.',
    });
    expect(await walk.database.dataRequest.findFirstOrThrow({ where: { customerId: walk.demo, law: 'hipaa' } })).toMatchObject({
      kind: 'agreement',
      status: 'requested',
    });
  });

  it('the deletion specialist deletes after the yes to its quote, not before, and calls it back', async () => {
    const early = await act('account_deletion_specialist', 'Delete my account right now, yes yes', 'request_deletion', {});
    expect(early.tools).toMatchObject([{ failed: true }]);
    const { conversationId, tools } = await act('account_deletion_specialist', 'Then tell me what deleting means', 'quote_deletion', {});
    expect(tools).toMatchObject([{ failed: false }]);
    const yes = await act('account_deletion_specialist', 'Yes, please do it', 'request_deletion', {}, { conversationId });
    expect(yes.tools).toMatchObject([{ tool: 'request_deletion', failed: false }]);
    const pending = await walk.database.deletionRequest.findFirstOrThrow({ where: { customerId: walk.demo, status: 'requested' } });
    expect(Math.round((pending.executeAt.getTime() - pending.createdAt.getTime()) / 86_400_000)).toBe(30);
    await act('account_deletion_specialist', 'Stop, I want to keep it', 'cancel_deletion', {}, { conversationId });
    expect(await walk.database.deletionRequest.findUniqueOrThrow({ where: { id: pending.id } })).toMatchObject({ status: 'canceled' });
  });

  it('the login specialist sends the link to the address on file and ends the lock', async () => {
    const { tools } = await walk.say({
      agentId: 'login_specialist',
      customerId: walk.demo,
      text: 'Theo Brandt mistyped his password and is locked out',
      script: [
        {
          toolCalls: [
            { name: 'unlock_account', input: { person: 'Theo Brandt' } },
            { name: 'send_password_reset', input: { person: 'Theo Brandt' } },
          ],
        },
        { text: 'He can try again.' },
      ],
    });
    expect(tools.map((one) => one.failed)).toEqual([false, false]);
    expect(await walk.database.contact.findFirstOrThrow({ where: { customerId: walk.demo, name: 'Theo Brandt' } })).toMatchObject({
      lockedAt: null,
      failedSignIns: 0,
    });
    expect(await outbox('password_reset')).toMatchObject([{ recipient: 'theo.brandt@northwind-studio.example' }]);
  });
});
