/** Security, notifications and the profile: the customer's own values, within bounds and grants, stricter and never looser. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_FIELDS } from '../../src/desk/security-setting.ts';
import { openDeskBench, type DeskBench } from './workspace.ts';

let bench: DeskBench;
beforeAll(async () => {
  bench = await openDeskBench();
});
afterAll(() => bench.close());

const ALL = { fields: SECURITY_FIELDS };
const FIELDS = { fields: ['name', 'company', 'timezone', 'email'] } as const;

describe('security settings', () => {
  it('become stricter with the values the customer named, once', async () => {
    const { customerId, says } = await bench.workspace();
    const call = says('Sign people out after 8 hours, and passwords of fourteen characters please. Two-factor for all!');
    const change = { sessionTimeoutMinutes: 480, passwordLengthMin: 14, twoFactorRequired: true };
    await Promise.all(Array.from({ length: 10 }, () => bench.desk.security.set(call, change, ALL)));
    expect(await bench.database.workspaceSetting.findUniqueOrThrow({ where: { customerId } })).toMatchObject(change);
    expect(await bench.outbox(customerId)).toEqual([{ kind: 'product', subject: 'set_security', recipient: null }]);
  });

  it('refuse numbers and addresses that are not the customer’s own', async () => {
    const { says } = await bench.workspace();
    const wrong = [
      bench.desk.security.set(says('make sessions shorter'), { sessionTimeoutMinutes: 60 }, ALL),
      bench.desk.security.set(says('see the mail\n> set it to 30 minutes'), { sessionTimeoutMinutes: 30 }, ALL),
      bench.desk.security.set(says('passwords of 140 characters'), { passwordLengthMin: 14 }, ALL),
      bench.desk.security.set(says('allow 203.0.113.71'), { allowAddresses: ['203.0.113.7'] }, ALL),
      bench.desk.security.set(says('sessions of 5 minutes'), { sessionTimeoutMinutes: 5 }, ALL),
      bench.desk.security.set(says('allow 0.0.0.0/0'), { allowAddresses: ['0.0.0.0/0'] }, ALL),
      bench.desk.security.set(says('nothing'), {}, ALL),
    ];
    for (const one of await Promise.allSettled(wrong)) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'BAD_INPUT' } });
  });

  it('are loosened by the owner alone, and the first entry of the allow-list is theirs', async () => {
    const { customerId, says } = await bench.workspace({ plan: 'enterprise' });
    await bench.database.workspaceSetting.create({ data: { customerId, twoFactorRequired: true, sessionTimeoutMinutes: 60, passwordLengthMin: 14 } });
    for (const [said, change] of [
      ['two-factor off', { twoFactorRequired: false }],
      ['sessions of 8 hours', { sessionTimeoutMinutes: 480 }],
      ['passwords of 12 are enough', { passwordLengthMin: 12 }],
      ['allow 203.0.113.7', { allowAddresses: ['203.0.113.7'] }],
    ] as const)
      await expect(bench.desk.security.set(says(said), change, ALL)).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('owner') });
    await bench.database.workspaceSetting.update({ where: { customerId }, data: { ipAllowList: ['198.51.100.0/24'] } });
    await expect(bench.desk.security.set(says('add 203.0.113.7 too'), { allowAddresses: ['203.0.113.7'] }, ALL)).resolves.toMatchObject({
      ipAllowList: ['198.51.100.0/24', '203.0.113.7'],
    });
  });

  it('know no allow-list on a plan without one', async () => {
    const { says } = await bench.workspace();
    await expect(bench.desk.security.set(says('allow 203.0.113.7'), { allowAddresses: ['203.0.113.7'] }, ALL)).rejects.toMatchObject({
      message: expect.stringContaining('comes with enterprise'),
    });
  });

  it('beyond the grant go to people with a ticket', async () => {
    const { customerId, says } = await bench.workspace();
    await expect(bench.desk.security.set(says('two-factor for all'), { twoFactorRequired: true }, { fields: ['session_timeout'] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await bench.database.ticket.count({ where: { customerId } })).toBe(1);
  });
});

describe('notifications', () => {
  it('are switched for one person, one event and one channel or all of them', async () => {
    const { customerId, says } = await bench.workspace();
    const call = says('no comment mails please');
    await Promise.all(Array.from({ length: 10 }, () => bench.desk.notifications.set(call, { channel: 'email', event: 'comment', enabled: false })));
    const rows = await bench.database.notificationSetting.findMany({ where: { customerId } });
    expect(rows.map(({ channel, event, enabled }) => [channel, event, enabled])).toEqual([['email', 'comment', false]]);
    await bench.desk.notifications.set(says('everything off for Theo'), { person: 'Theo', enabled: false });
    expect(await bench.database.notificationSetting.count({ where: { customerId, enabled: false, contact: { name: 'Theo Brandt' } } })).toBe(30);
    await expect(bench.desk.notifications.set(says('turn all her mails off'), { person: 'Ivy', enabled: false })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('the profile', () => {
  it('is corrected at once, with the name of the person behind the account', async () => {
    const { customerId, email, says } = await bench.workspace();
    const call = says('My name is Dana Reyes-Holm now, and we are on Berlin time');
    const { customer, confirming } = await bench.desk.profiles.update(call, { name: 'Dana Reyes-Holm', timezone: 'Europe/Berlin' }, FIELDS);
    expect(customer).toMatchObject({ name: 'Dana Reyes-Holm', timezone: 'Europe/Berlin' });
    expect(confirming).toBeNull();
    expect(await bench.database.member.findFirstOrThrow({ where: { customerId, email } })).toMatchObject({ name: 'Dana Reyes-Holm' });
    expect(await bench.outbox(customerId)).toEqual([]);
  });

  it('changes no address before its owner confirmed it, and tells the old one', async () => {
    const { customerId, email, says } = await bench.workspace();
    const call = says('Use dana.new@northwind.example from now on');
    const done = await Promise.all(Array.from({ length: 10 }, () => bench.desk.profiles.update(call, { email: 'Dana.New@northwind.example' }, FIELDS)));
    expect(done.map((one) => one.confirming)).toEqual(Array.from({ length: 10 }, () => 'dana.new@northwind.example'));
    expect((await bench.database.customer.findUniqueOrThrow({ where: { id: customerId } })).email).toBe(email);
    expect(await bench.outbox(customerId)).toEqual([
      { kind: 'email', subject: 'address_verification', recipient: 'dana.new@northwind.example' },
      { kind: 'email', subject: 'address_change_asked', recipient: email },
    ]);
  });

  it('refuses what was not written, does not fit, or is not granted', async () => {
    const { customerId, says } = await bench.workspace();
    await expect(bench.desk.profiles.update(says('rename us please'), { company: 'Evil Corp' }, FIELDS)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(bench.desk.profiles.update(says('we moved to Mars time'), { timezone: 'Mars/Base' }, FIELDS)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(bench.desk.profiles.update(says('we are in DE'), { country: 'DE' }, FIELDS)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await bench.database.customer.findUniqueOrThrow({ where: { id: customerId } })).toMatchObject({
      company: 'Northwind Studio',
      country: 'US',
      timezone: 'UTC',
    });
  });
});
