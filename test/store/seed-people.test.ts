/** The people, events and privacy requests of the demo data: they agree with seats, plans and each other, and none lies in the future. */
import { describe, expect, it } from 'vitest';
import { isOnAtFirst, NOTIFICATION_EVENTS } from '../../src/store/notification-events.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { makeDemo } from '../../src/store/seed/seed.ts';

const policy = policyFrom(new Map());

describe.each(['2026-01-01T00:00:00Z', '2026-03-31T15:20:00Z', '2028-02-29T12:00:00Z'])('the workspaces on %s', (day) => {
  const now = new Date(day);
  const { demo, rows } = makeDemo(policy, now);
  const at = (value: Date | string | null | undefined): number => new Date(value ?? 0).getTime();

  it('have as many members with a seat as the subscription says, one owner each, contacts included', () => {
    for (const customer of rows.customers) {
      const people = rows.members.filter((member) => member.customerId === customer.id);
      const present = people.filter((member) => member.status !== 'removed');
      const current = rows.subscriptions.filter((row) => row.customerId === customer.id).at(-1);
      expect(present.filter((member) => policy.roles[member.role].takesSeat).length, customer.id).toBe(current?.seatsUsed);
      expect(present.filter((member) => member.role === 'owner').map((member) => member.email)).toEqual([customer.email]);
      expect(new Set(people.map((member) => member.email)).size).toBe(people.length);
      const contacts = rows.contacts.filter((contact) => contact.customerId === customer.id).map((contact) => contact.email);
      expect(contacts.filter((email) => !present.some((member) => member.email === email))).toEqual([]);
    }
  });

  it('hold settings that their plan allows', () => {
    expect(rows.settings.map((row) => row.customerId)).toEqual(rows.customers.map((row) => row.id));
    for (const setting of rows.settings) {
      const plan = rows.customers.find((row) => row.id === setting.customerId)?.plan ?? 'free';
      if (!policy.plans[plan].sso) expect(setting).toMatchObject({ ssoProvider: null, scim: false, ipAllowList: [] });
      expect(setting.passwordLengthMin).toBeGreaterThanOrEqual(policy.security.passwordLengthMin);
    }
    for (const row of rows.notifications) {
      const event = NOTIFICATION_EVENTS.find((one) => one === row.event);
      expect(event && isOnAtFirst(row.channel, event)).toBe(!row.enabled);
    }
  });

  it('say nothing about the future', () => {
    const moments = [
      ...rows.members.flatMap((row) => [row.invitedAt, row.joinedAt, row.lastActiveAt, row.removedAt]),
      ...rows.sessions.flatMap((row) => [row.createdAt, row.lastSeenAt]),
      ...rows.events.map((row) => row.at),
      ...rows.exports.flatMap((row) => [row.createdAt, row.finishedAt]),
      ...[...rows.deletions, ...rows.dataRequests].map((row) => row.createdAt),
    ];
    expect(moments.filter((moment) => at(moment) > now.getTime())).toEqual([]);
  });

  it('give the demo customer something for every question', () => {
    const own = <Row extends { readonly customerId: string }>(list: readonly Row[]) => list.filter((row) => row.customerId === demo.customerId);
    expect(own(rows.members).filter((member) => member.status === 'invited')).toHaveLength(2);
    expect(new Set(own(rows.members).map((member) => member.role))).toEqual(new Set(['owner', 'admin', 'member', 'viewer', 'guest']));
    expect(own(rows.sessions).some((session) => session.country !== 'US')).toBe(true);
    expect(own(rows.events).map((event) => event.action)).toEqual(
      expect.arrayContaining(['project.deleted', 'role.changed', 'sign_in.failed', 'token.created']),
    );
    expect(own(rows.exports)).toHaveLength(2);
    expect(
      own(rows.dataRequests)
        .map((request) => request.status)
        .toSorted((a, b) => (a ?? '').localeCompare(b ?? '')),
    ).toEqual(['done', 'running']);
    expect(rows.deletions.length).toBeGreaterThan(0);
  });
});
