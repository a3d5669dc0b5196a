/** Policy rows: seeded once, kept when changed, refused when they hold something else than they may. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyFrom, readPolicy, seedPolicy } from '../../src/store/policy.ts';
import { POLICY_DEFAULTS } from '../../src/store/policy-defaults.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('the policy', () => {
  let test: TestDatabase;

  beforeEach(async () => {
    test = await createTestDatabase();
  });
  afterEach(() => test.close());

  it('is read as it was seeded, each row with a description', async () => {
    await seedPolicy(test.database);
    const rows = await test.database.policyRule.findMany();
    expect(rows.length).toBe(Object.keys(POLICY_DEFAULTS).length);
    expect(rows.every((row) => row.description.length > 20)).toBe(true);
    const policy = await readPolicy(test.database);
    expect(policy.plans.premium.seatPriceCents).toBe(25_00);
    expect(policy.plans.free).toMatchObject({ projectsMax: 3, membersMax: 5, storageMb: 100, resolutionMinutes: null });
    expect(policy).toEqual(policyFrom(new Map()));
  });

  it('keeps a changed row when the missing ones are seeded again', async () => {
    await seedPolicy(test.database);
    await test.database.policyRule.update({ where: { key: 'annualPercent' }, data: { value: 15 } });
    await test.database.policyRule.delete({ where: { key: 'hopsMax' } });
    await seedPolicy(test.database);
    const policy = await readPolicy(test.database);
    expect(policy.annualPercent).toBe(15);
    expect(policy.hopsMax).toBe(5);
  });

  it('has defaults where a key has no row', async () => {
    expect(await readPolicy(test.database)).toEqual(policyFrom(new Map()));
  });

  it('gives concurrent readers the same reading', async () => {
    const [one, two] = await Promise.all([readPolicy(test.database), readPolicy(test.database)]);
    expect(one).toBe(two);
  });

  it('refuses a row that holds something else, by name, and reads again once it is mended', async () => {
    await seedPolicy(test.database);
    await test.database.policyRule.update({ where: { key: 'refund' }, data: { value: { days: 'thirty' } } });
    await expect(readPolicy(test.database)).rejects.toThrow(/refund\.days/);
    await test.database.policyRule.update({ where: { key: 'refund' }, data: { value: POLICY_DEFAULTS.refund.value } });
    await expect(readPolicy(test.database)).resolves.toMatchObject({ refund: { days: 30 } });
  });
});
