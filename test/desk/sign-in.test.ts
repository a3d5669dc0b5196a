/** Ways back in and strangers out: only to addresses on file, by the lock's rule, within the day's count, once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { days } from '../tools/fixtures.ts';
import { openDeskBench, type DeskBench, type Workspace } from './workspace.ts';

let bench: DeskBench;
beforeAll(async () => {
  bench = await openDeskBench();
});
afterAll(() => bench.close());

async function contactOf({ customerId }: Workspace, name: string) {
  return bench.database.contact.findFirstOrThrow({ where: { customerId, name } });
}

describe('a reset link', () => {
  it('goes to the address on file, once per call', async () => {
    const place = await bench.workspace();
    const call = place.says('Theo forgot his password');
    await Promise.all(Array.from({ length: 10 }, () => bench.desk.signIns.sendReset(call, 'Theo', { per_day_max: 3 })));
    expect(await bench.outbox(place.customerId)).toEqual([{ kind: 'email', subject: 'password_reset', recipient: 'theo@northwind.example' }]);
    const [row] = await bench.database.outboxMessage.findMany({ where: { customerId: place.customerId } });
    expect(JSON.stringify(row?.payload)).not.toMatch(/token|secret/);
  });

  it('goes nowhere else, whatever address is named', async () => {
    const { customerId, says } = await bench.workspace();
    await expect(
      bench.desk.signIns.sendReset(says('send the reset link to me@private.example instead'), 'me@private.example', { per_day_max: 3 }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('me@private.example is not on this account'),
    });
    await expect(bench.desk.signIns.sendReset(says('a colleague cannot get in'), 'Theo', { per_day_max: 3 })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await bench.outbox(customerId)).toEqual([]);
  });

  it('is for those who have a password, and not more often a day than granted', async () => {
    const { customerId, says } = await bench.workspace();
    await expect(bench.desk.signIns.sendReset(says('Ivy lost her password'), 'Ivy', { per_day_max: 3 })).rejects.toMatchObject({
      message: expect.stringContaining('Google'),
    });
    for (let sent = 0; sent < 3; sent += 1) await bench.desk.signIns.sendReset(says('Theo needs a reset link'), 'Theo', { per_day_max: 3 });
    await expect(bench.desk.signIns.sendReset(says('another reset for Theo'), 'Theo', { per_day_max: 3 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/person of our team.*request \d+/),
    });
    expect(await bench.database.ticket.count({ where: { customerId, kind: 'request' } })).toBe(1);
  });
});

describe('a lock', () => {
  it('is ended for the only one who is locked out, once a day, and that person is told', async () => {
    const place = await bench.workspace();
    const call = place.says('my colleague is locked out, it was just typos');
    await Promise.all(Array.from({ length: 10 }, () => bench.desk.signIns.unlock(call, undefined, { per_day_max: 1 })));
    expect(await contactOf(place, 'Theo Brandt')).toMatchObject({ lockedAt: null, failedSignIns: 0 });
    expect((await bench.outbox(place.customerId)).map((row) => row.subject).toSorted()).toEqual(['account_unlocked', 'unlock']);
    await bench.database.contact.updateMany({ where: { customerId: place.customerId, name: 'Theo Brandt' }, data: { failedSignIns: 5, lockedAt: days(0) } });
    await expect(bench.desk.signIns.unlock(place.says('locked again'), undefined, { per_day_max: 1 })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('must be there to be ended', async () => {
    const { says } = await bench.workspace();
    await expect(bench.desk.signIns.unlock(says('unlock Dana'), 'Dana', { per_day_max: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('not locked out'),
    });
  });
});

describe('sessions', () => {
  async function signedIn(place: Workspace, name: string, country: string): Promise<void> {
    const contact = await contactOf(place, name);
    await bench.database.signInSession.create({
      data: {
        id: newId('sess'),
        customerId: place.customerId,
        contactId: contact.id,
        device: `${name}'s PC`,
        browser: 'Edge',
        country,
        createdAt: days(-3),
        lastSeenAt: days(-1),
      },
    });
  }

  it('end by country or by person, and the same call finds what it ended', async () => {
    const place = await bench.workspace();
    await signedIn(place, 'Dana Reyes', 'US');
    await signedIn(place, 'Theo Brandt', 'RO');
    const call = place.says('end the one from Romania');
    const ended = await Promise.all(Array.from({ length: 10 }, () => bench.desk.signIns.endSessions(call, { country: 'RO' })));
    expect(ended.map((sessions) => sessions.map((session) => session.device))).toEqual(Array.from({ length: 10 }, () => ["Theo Brandt's PC"]));
    expect(await bench.database.signInSession.count({ where: { customerId: place.customerId, endedAt: null } })).toBe(1);
    await expect(bench.desk.signIns.endSessions(place.says('sign Theo out'), { person: 'Theo' })).rejects.toMatchObject({
      message: expect.stringContaining('no such open session'),
    });
    expect(await bench.desk.signIns.endSessions(place.says('sign everybody out'), {})).toHaveLength(1);
  });
});
