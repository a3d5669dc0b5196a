/** Accounts of the desk: what each verb does, what it never tells, and what becomes of tokens that come twice, late or from elsewhere. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticated } from '../../src/identity/authenticate.ts';
import type { Caller, Staff } from '../../src/identity/account.ts';
import type { Principal } from '../../src/store/principal.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { addStaff } from '../support/app.ts';
import { openTestAccounts, type TestAccounts } from '../support/accounts.ts';
import { authenticateNowhere } from '../support/credentials.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { listenToStatements } from '../support/statements.ts';

const GOOD = 'plum tractor sings at noon';
const OTHER = 'seven grey herons in fog';
const DANA = 'dana@desk.example';
const HOME: Caller = { address: '203.0.113.7', userAgent: 'Firefox', deviceToken: null };
const ADA: Staff = staffViewer({ userId: 'usr_ada', name: 'Ada', role: 'super_admin' });
const AMY: Staff = staffViewer({ userId: 'usr_amy', name: 'Amy', role: 'admin' });
const DAY_MS = 86_400_000;
const code = (wanted: string) => expect.objectContaining({ code: wanted }) as unknown;
const UNAUTHENTICATED = code('UNAUTHENTICATED');
const BAD_INPUT = code('BAD_INPUT');

let rows: TestDatabase;
let clock: ManualClock;
let test: TestAccounts;
let authenticate: (credential: string) => Promise<Authenticated>;
let heard: Principal[];
beforeEach(async () => {
  rows = await createTestDatabase();
  clock = createManualClock();
  test = openTestAccounts({ database: rows.database, clock });
  authenticate = authenticateNowhere({ tokens: test.tokens, database: rows.database, clock });
  heard = [];
  test.revocation.onRevoked((principal) => void heard.push(principal));
});
afterEach(async () => {
  await test.close();
  await rows.close();
});

const register = (email = DANA, password = GOOD) => test.accounts.register({ email, name: 'Dana', password, invitation: null }, HOME);
const logIn = (password = GOOD, caller = HOME) => test.accounts.logIn({ email: DANA, password }, caller);
const user = () => rows.database.user.findUniqueOrThrow({ where: { email: DANA } });
const actions = async () => (await rows.database.auditEntry.findMany({ orderBy: { id: 'asc' } })).map(({ action }) => action);

async function mailed(subject: string, to = DANA): Promise<string> {
  const [mail] = await test.mails(to);
  if (mail?.subject !== subject || mail.token === null) throw new Error(`expected a mail "${subject}", got ${mail?.subject}`);
  return mail.token;
}

async function registered(): Promise<void> {
  await register();
  await test.accounts.verifyEmail(await mailed('verify_email'));
}

async function staffOf(accessToken: string): Promise<Staff> {
  const { viewer } = await authenticate(accessToken);
  if (viewer.kind !== 'staff') throw new Error('a person of the desk');
  return viewer;
}

describe('registering', () => {
  it('makes an account of the least role that can log in once its address is confirmed', async () => {
    await register('Dana@Desk.Example');
    const token = await mailed('verify_email');
    await expect(logIn()).rejects.toEqual(code('FORBIDDEN'));
    await test.accounts.verifyEmail(token);
    const { user: who, accessToken } = await logIn();
    expect(who).toMatchObject({ email: DANA, name: 'Dana', role: 'readonly', active: true });
    expect(await staffOf(accessToken)).toMatchObject({ userId: who.id, role: 'readonly' });
    expect(await actions()).toEqual(['account.registered', 'account.verified', 'account.logged_in']);
  });

  it('with an address that has an account answers the same, changes nothing, and tells its owner alone', async () => {
    await registered();
    const before = await user();
    expect(await register(DANA, OTHER)).toBeUndefined();
    expect((await test.mails(DANA))[0]).toEqual({ subject: 'account_exists', token: null });
    expect(await user()).toEqual(before);
  });

  it('costs the same for an address with an account as for one without, and what differs comes after the answer', async () => {
    await registered();
    const work: unknown[] = [];
    for (const email of [DANA, 'nobody@desk.example']) {
      const before = test.passwords.computed;
      await register(email, OTHER);
      work.push([
        test.passwords.computed - before,
        await rows.database.user.count(),
        await rows.database.outboxMessage.count({ where: { recipient: 'nobody@desk.example' } }),
      ]);
      await test.accounts.settled();
    }
    expect(work).toEqual([
      [1, 1, 0],
      [1, 1, 0],
    ]);
  });

  it('is refused with a password that is weak, naming the field', async () => {
    await expect(register(DANA, 'dana is my own name')).rejects.toEqual(expect.objectContaining({ code: 'BAD_INPUT', field: 'input.password' }));
    await expect(register(DANA, 'short')).rejects.toEqual(BAD_INPUT);
    expect(await rows.database.user.count()).toBe(0);
  });

  it('is by invitation where it is not open; the invitation knows address and role, works once, and proves the address', async () => {
    await test.close();
    test = openTestAccounts({ database: rows.database, clock, open: false });
    await addStaff(rows.database, ADA);
    await expect(register()).rejects.toEqual(code('FORBIDDEN'));
    await test.accounts.invite(ADA, { email: DANA, role: 'admin' });
    const first = await mailed('invitation');
    await test.accounts.invite(ADA, { email: DANA, role: 'user' });
    const invitation = await mailed('invitation');
    const accept = (token: string) => test.accounts.register({ email: null, name: 'Dana', password: GOOD, invitation: token }, HOME);
    await expect(accept(first)).rejects.toEqual(BAD_INPUT);
    await accept(invitation);
    expect(await user()).toMatchObject({ role: 'user' });
    await expect(accept(invitation)).rejects.toEqual(BAD_INPUT);
    expect((await logIn()).user.email).toBe(DANA);
  });

  it('is what an administrator may invite to, but to no role above the least without the scope that gives roles', async () => {
    await addStaff(rows.database, AMY);
    await expect(test.accounts.invite(AMY, { email: DANA, role: 'super_admin' })).rejects.toEqual(code('FORBIDDEN'));
    await expect(test.accounts.invite(AMY, { email: DANA, role: 'user' })).rejects.toEqual(code('FORBIDDEN'));
    await test.accounts.invite(AMY, { email: DANA, role: 'readonly' });
    const lowered = staffViewer({ userId: AMY.userId, name: 'Amy', role: 'user' });
    await expect(test.accounts.invite(lowered, { email: DANA, role: 'readonly' })).rejects.toEqual(code('FORBIDDEN'));
  });
});

describe('a link in a mail', () => {
  it('is kept as a hash, and its secret stands sealed in the outbox', async () => {
    await register();
    const token = await mailed('verify_email');
    const everything = JSON.stringify([await rows.database.oneTimeToken.findMany(), await rows.database.outboxMessage.findMany()]);
    expect(everything).not.toContain(token);
    expect(token).toMatch(/^[\w-]{43}$/);
  });

  it('works once, also when it is used twice at the same time', async () => {
    await registered();
    await test.accounts.requestPasswordReset(DANA, HOME);
    const token = await mailed('reset_password');
    const settled = await Promise.allSettled([1, 2, 3].map((n) => test.accounts.resetPassword({ token, password: `${OTHER} ${n}` })));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(test.accounts.resetPassword({ token, password: OTHER })).rejects.toEqual(BAD_INPUT);
  });

  it('works only as the newest of its kind, for its own purpose, and before it expires', async () => {
    await register();
    const verify = await mailed('verify_email');
    await expect(test.accounts.resetPassword({ token: verify, password: OTHER })).rejects.toEqual(BAD_INPUT);
    await test.accounts.requestPasswordReset(DANA, HOME);
    const first = await mailed('reset_password');
    await test.accounts.requestPasswordReset(DANA, HOME);
    const second = await mailed('reset_password');
    await expect(test.accounts.resetPassword({ token: first, password: OTHER })).rejects.toEqual(BAD_INPUT);
    clock.advance(3_600_000);
    await expect(test.accounts.resetPassword({ token: second, password: OTHER })).rejects.toEqual(BAD_INPUT);
    clock.advance(DAY_MS);
    await expect(test.accounts.verifyEmail(verify)).rejects.toEqual(BAD_INPUT);
  });

  it('is not used up by a password that is refused', async () => {
    await registered();
    await test.accounts.requestPasswordReset(DANA, HOME);
    const token = await mailed('reset_password');
    await expect(test.accounts.resetPassword({ token, password: 'short' })).rejects.toEqual(BAD_INPUT);
    await test.accounts.resetPassword({ token, password: OTHER });
    expect((await logIn(OTHER)).user.email).toBe(DANA);
  });

  it.each(['', '__proto__', 'constructor', "' OR 1=1 --", 'x'.repeat(10_000)])('is none when it is "%.20s"', async (token) => {
    await expect(test.accounts.verifyEmail(token)).rejects.toEqual(BAD_INPUT);
    await expect(test.accounts.refresh(token)).rejects.toEqual(UNAUTHENTICATED);
  });
});

describe('a reset of a password', () => {
  it('answers the same for an address without an account, and sends nothing there', async () => {
    expect(await test.accounts.requestPasswordReset('nobody@desk.example', HOME)).toBeUndefined();
    expect(await test.mails('nobody@desk.example')).toEqual([]);
  });

  it('ends every log-in, tells the owner, and the old password is good no more', async () => {
    await registered();
    const before = await logIn();
    await test.accounts.requestPasswordReset(DANA, HOME);
    await test.accounts.resetPassword({ token: await mailed('reset_password'), password: OTHER });
    await expect(authenticate(before.accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(test.accounts.refresh(before.refreshToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(logIn()).rejects.toEqual(UNAUTHENTICATED);
    expect((await test.mails(DANA))[0]?.subject).toBe('password_changed');
    expect(heard).toContain(`session:${before.sessionId}`);
  });
});

describe('logging in', () => {
  beforeEach(registered);

  it('gives an access token of 15 minutes and a refresh token that is kept as a hash', async () => {
    const { accessToken, refreshToken, expiresAt } = await logIn();
    expect(expiresAt.getTime() - clock.now().getTime()).toBe(15 * 60_000);
    expect(JSON.stringify(await rows.database.refreshToken.findMany())).not.toContain(refreshToken);
    clock.advance(15 * 60_000);
    await expect(authenticate(accessToken)).rejects.toEqual(UNAUTHENTICATED);
  });

  it('is refused in the same words, after the same work, for an account that nobody has, that is disabled, and for a wrong password', async () => {
    await addStaff(rows.database, { ...ADA, userId: 'usr_off' });
    await rows.database.user.update({ where: { id: 'usr_off' }, data: { active: false, passwordHash: (await user()).passwordHash } });
    const asked = listenToStatements(rows.database);
    const refusals: unknown[] = [];
    for (const email of [DANA, 'nobody@desk.example', 'usr_off@desk.example']) {
      const before = test.passwords.computed;
      let error: unknown;
      const statements = await asked.during(async () => {
        error = await test.accounts.logIn({ email, password: email === DANA ? OTHER : GOOD }, HOME).catch((thrown: unknown) => thrown);
      });
      refusals.push({ error: `${String(error)} ${JSON.stringify(error)}`, hashes: test.passwords.computed - before, statements });
    }
    const [known, ...others] = refusals;
    expect(known).toMatchObject({ hashes: 1, statements: expect.arrayContaining([expect.stringMatching(/FROM "public"."User"/)]) });
    for (const other of others) expect(other).toEqual(known);
  });

  it('begins a new session each time: none can be given to somebody beforehand', async () => {
    const [first, second] = [await logIn(), await logIn()];
    expect(first.sessionId).not.toBe(second.sessionId);
    const foreign = await test.tokens.sign({ ...(await staffOf(first.accessToken)), sessionId: 'login_planted' }, { ttlS: 60 });
    await expect(authenticate(foreign)).rejects.toEqual(UNAUTHENTICATED);
  });

  it('upgrades a hash that was made with other parameters', async () => {
    const before = (await user()).passwordHash;
    await test.close();
    test = openTestAccounts({ database: rows.database, clock, passwordCost: { memoryKiB: 128, passes: 1, lanes: 1 } });
    await logIn();
    expect((await user()).passwordHash).toContain('m=128,');
    expect((await user()).passwordHash).not.toBe(before);
    await logIn();
  });
});

describe('a refresh token', () => {
  beforeEach(registered);

  it('is followed by the next, for thirty days and no longer', async () => {
    let { refreshToken } = await logIn();
    for (let day = 1; day < 30; day += 1) {
      clock.advance(DAY_MS);
      const next = await test.accounts.refresh(refreshToken);
      expect(next.refreshToken).not.toBe(refreshToken);
      expect((await staffOf(next.accessToken)).sessionId).toBe(next.sessionId);
      refreshToken = next.refreshToken;
    }
    clock.advance(DAY_MS);
    await expect(test.accounts.refresh(refreshToken)).rejects.toEqual(UNAUTHENTICATED);
  });

  it('that comes a second time ends the whole family at once, and leaves an audit entry', async () => {
    const first = await logIn();
    const second = await test.accounts.refresh(first.refreshToken);
    const third = await test.accounts.refresh(second.refreshToken);
    const other = await logIn();
    await expect(test.accounts.refresh(first.refreshToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(test.accounts.refresh(third.refreshToken)).rejects.toEqual(UNAUTHENTICATED);
    for (const { accessToken } of [first, second, third]) await expect(authenticate(accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await authenticate(other.accessToken);
    expect(await rows.database.staffSession.findUniqueOrThrow({ where: { id: first.sessionId } })).toMatchObject({ endReason: 'replayed' });
    expect(await actions()).toContain('account.token_replayed');
    expect(heard).toEqual([`session:${first.sessionId}`]);
  });

  it('that comes twice at the same time ends the family: one of the two is a copy', async () => {
    const { refreshToken, sessionId } = await logIn();
    const settled = await Promise.allSettled([test.accounts.refresh(refreshToken), test.accounts.refresh(refreshToken)]);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = settled.find((one) => one.status === 'fulfilled');
    await expect(test.accounts.refresh(winner?.value.refreshToken ?? '')).rejects.toEqual(UNAUTHENTICATED);
    expect((await rows.database.staffSession.findUniqueOrThrow({ where: { id: sessionId } })).endedAt).not.toBeNull();
  });

  it('is none for anything else: an access token refreshes nothing, and a refresh token opens nothing', async () => {
    const { accessToken, refreshToken } = await logIn();
    await expect(test.accounts.refresh(accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(authenticate(refreshToken)).rejects.toEqual(UNAUTHENTICATED);
  });
});

describe('log-ins', () => {
  beforeEach(registered);

  it('end one by one or all together, and only those of whoever asks', async () => {
    const [here, there, third] = [await logIn(), await logIn(), await logIn()];
    const viewer = await staffOf(here.accessToken);
    await addStaff(rows.database, ADA);
    expect(await test.accounts.logOut(ADA, { all: false, sessionId: there.sessionId })).toBe(0);
    expect(await test.accounts.logOut(viewer, { all: false, sessionId: there.sessionId })).toBe(1);
    await expect(authenticate(there.accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await authenticate(here.accessToken);
    expect(await test.accounts.logOut(viewer, { all: true, sessionId: null })).toBe(2);
    for (const { accessToken, refreshToken } of [here, third]) {
      await expect(authenticate(accessToken)).rejects.toEqual(UNAUTHENTICATED);
      await expect(test.accounts.refresh(refreshToken)).rejects.toEqual(UNAUTHENTICATED);
    }
    expect(heard.toSorted()).toEqual([here, there, third].map(({ sessionId }) => `session:${sessionId}`).toSorted());
  });

  it('end with a change of the password, but for the one that changed it', async () => {
    const [here, there] = [await logIn(), await logIn()];
    const viewer = await staffOf(here.accessToken);
    await expect(test.accounts.changePassword(viewer, { current: OTHER, next: OTHER }, HOME)).rejects.toEqual(BAD_INPUT);
    await expect(test.accounts.changePassword(viewer, { current: GOOD, next: GOOD }, HOME)).rejects.toEqual(BAD_INPUT);
    await test.accounts.changePassword(viewer, { current: GOOD, next: OTHER }, HOME);
    await authenticate(here.accessToken);
    await expect(authenticate(there.accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(logIn(GOOD)).rejects.toEqual(UNAUTHENTICATED);
    await logIn(OTHER);
  });

  it('end when the account is switched off, and it can be used again when it is switched on', async () => {
    await addStaff(rows.database, ADA);
    const before = await logIn();
    const { id } = await user();
    await test.accounts.setActive(ADA, { userId: id, active: false });
    await expect(authenticate(before.accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(test.accounts.refresh(before.refreshToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(logIn()).rejects.toEqual(UNAUTHENTICATED);
    expect(heard).toContain(`user:${id}`);
    await test.accounts.setActive(ADA, { userId: id, active: true });
    await logIn();
    await expect(authenticate(before.accessToken)).rejects.toEqual(UNAUTHENTICATED);
    await expect(test.accounts.setActive(ADA, { userId: ADA.userId, active: false })).rejects.toEqual(BAD_INPUT);
    await expect(test.accounts.setActive(staffViewer({ userId: ADA.userId, name: 'Ada', role: 'user' }), { userId: id, active: false })).rejects.toEqual(
      code('FORBIDDEN'),
    );
  });

  it('never leave the desk without somebody who may give roles', async () => {
    const bob = staffViewer({ userId: 'usr_bob', name: 'Bob', role: 'super_admin' });
    for (const one of [ADA, AMY, bob]) await addStaff(rows.database, one);
    await expect(test.accounts.setActive(AMY, { userId: ADA.userId, active: false })).rejects.toEqual(code('FORBIDDEN'));
    const both = await Promise.allSettled([
      test.accounts.setActive(ADA, { userId: bob.userId, active: false }),
      test.accounts.setActive(bob, { userId: ADA.userId, active: false }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: code('CONFLICT') });
    expect(await rows.database.user.count({ where: { role: 'super_admin', active: true } })).toBe(1);
  });
});
