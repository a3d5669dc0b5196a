/** Those who guess are slowed down; nobody can be locked out by somebody else. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACCOUNT_AND_NETWORK, countOne, createLockout, networkOf, type Count, type Lockout } from '../../src/identity/lockout.ts';
import { createSeal } from '../../src/identity/seal.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const DANA = 'dana@desk.example';
const LIMITED = expect.objectContaining({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) as unknown }) as unknown;
/** The most that strangers can make an owner wait. */
const SLOWED_MS_MAX = 3_000;

let rows: TestDatabase;
let clock: ManualClock;
let lockout: Lockout;
/** What tries had to wait. */
let slept: number[];
beforeEach(async () => {
  rows = await createTestDatabase();
  clock = createManualClock();
  slept = [];
  const waiting = { ...clock, sleep: async (ms: number) => void slept.push(ms) };
  lockout = createLockout({ database: rows.database, seal: createSeal('a secret of the test, long enough for it'), clock: waiting });
});
afterEach(() => rows.close());

const guess = (address: string, account = DANA) =>
  lockout.begin(account, { address }).then(
    () => true,
    () => false,
  );

describe('whoever guesses', () => {
  it('has five tries, then waits longer and longer', async () => {
    for (let n = 0; n < 5; n += 1) expect(await guess('203.0.113.7')).toBe(true);
    await expect(lockout.begin(DANA, { address: '203.0.113.99' })).rejects.toEqual(LIMITED);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
      clock.advance(waitMs - 1);
      expect(await guess('203.0.113.7')).toBe(false);
      clock.advance(1);
      expect(await guess('203.0.113.7')).toBe(true);
    }
  });

  it('gets not one try more by asking many times at once', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => guess('203.0.113.7')));
    expect(made.filter(Boolean)).toHaveLength(5);
  });

  it('is told the same whether the account exists or not', async () => {
    for (const account of [DANA, 'nobody@desk.example']) {
      for (let n = 0; n < 5; n += 1) await guess('203.0.113.7', account);
    }
    const refusals = await Promise.all(
      [DANA, 'nobody@desk.example'].map((account) => lockout.begin(account, { address: '203.0.113.7' }).catch((error: unknown) => error)),
    );
    expect(refusals.map((error) => JSON.stringify(error))).toEqual([JSON.stringify(refusals[0]), JSON.stringify(refusals[0])]);
  });

  it('one password at many accounts is slowed down by network', async () => {
    let made = 0;
    for (let n = 0; n < 80; n += 1) if (await guess('203.0.113.7', `person${n}@desk.example`)) made += 1;
    expect(made).toBe(50);
  });

  it('in a day has at most some hundred tries from one network', () => {
    let count: Count = { tries: 0, lastAtMs: 0, blockedToMs: 0 };
    let tries = 0;
    while (count.blockedToMs < 86_400_000) {
      count = countOne(count, ACCOUNT_AND_NETWORK, count.blockedToMs);
      tries += 1;
    }
    expect(tries).toBeLessThan(120);
  });
});

describe('the owner', () => {
  it('is forgotten what counts against them when they come in', async () => {
    for (let n = 0; n < 4; n += 1) await guess('203.0.113.7');
    await (await lockout.begin(DANA, { address: '203.0.113.7' })).succeeded();
    for (let n = 0; n < 4; n += 1) expect(await guess('203.0.113.7')).toBe(true);
  });

  it('comes in from a known device at once and from another network within seconds, whatever strangers tried before', async () => {
    const deviceToken = lockout.deviceToken(DANA);
    const attack = fc.array(
      fc.record({
        network: fc.integer({ min: 0, max: 40 }),
        account: fc.constantFrom(DANA, 'other@desk.example'),
        device: fc.constantFrom(null, 'forged', lockout.deviceToken('other@desk.example')),
        waitMs: fc.integer({ min: 0, max: 5_000 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(attack, async (tries) => {
        for (const { network, account, device, waitMs } of tries) {
          clock.advance(waitMs);
          await lockout.begin(account, { address: `198.51.${network}.1`, deviceToken: device }).catch(() => undefined);
        }
        slept = [];
        await (await lockout.begin(DANA, { address: '198.51.0.1', deviceToken })).succeeded();
        expect(slept).toEqual([]);
        await (await lockout.begin(DANA, { address: '203.0.113.7' })).succeeded();
        expect(Math.max(0, ...slept)).toBeLessThanOrEqual(SLOWED_MS_MAX);
      }),
      { numRuns: 15 },
    );
  });

  it('cannot be robbed of a device by its token: whoever has it is slowed down by itself', async () => {
    const stolen = lockout.deviceToken(DANA);
    const tries = await Promise.all(
      Array.from({ length: 15 }, () =>
        lockout.begin(DANA, { address: null, deviceToken: stolen }).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(tries.filter(Boolean)).toHaveLength(10);
    await lockout.begin(DANA, { address: null, deviceToken: lockout.deviceToken(DANA) });
  });
});

it('a day later all is forgotten, and the rows are gone', async () => {
  for (let n = 0; n < 9; n += 1) await guess('203.0.113.7');
  clock.advance(86_400_001);
  for (let n = 0; n < 5; n += 1) expect(await guess('203.0.113.7')).toBe(true);
  clock.advance(86_400_001);
  expect(await lockout.prune()).toBe(3);
  expect(await rows.database.logInThrottle.count()).toBe(0);
});

it.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', 'unknown'],
  [null, 'unknown'],
  ['__proto__', 'unknown'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
