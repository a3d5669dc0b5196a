/** The technical demo rows hold together with the plans, the people and the usage of their accounts, whatever the day. */
import { describe, expect, it } from 'vitest';
import { startOfMonth } from '../../src/store/period.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { makeDemo } from '../../src/store/seed/seed.ts';

const policy = policyFrom(new Map());
const DAYS = ['2026-11-23T03:00:00.000Z', '2026-12-01T09:00:00.000Z', '2026-12-04T09:00:00.000Z', '2027-03-31T22:00:00.000Z'];
const time = (value: Date | string | null | undefined): number => (value ? new Date(value).getTime() : 0);

describe.each(DAYS)('the technical demo rows of %s', (day) => {
  const now = new Date(day);
  const { demo, rows } = makeDemo(policy, now);
  const customers = new Map(rows.customers.map((customer) => [customer.id ?? '', customer]));
  const planOf = (customerId: string) => policy.plans[customers.get(customerId)?.plan ?? 'free'];

  it('are the same each time', () => {
    const again = makeDemo(policy, now).rows;
    for (const table of [
      'knownIssues',
      'connections',
      'deletedItems',
      'restores',
      'tickets',
      'webhooks',
      'attempts',
      'workspaceKeys',
      'apiDays',
      'oauthApps',
    ] as const) {
      expect(again[table], table).toEqual(rows[table]);
      expect(new Set(rows[table].map(({ id }) => id)).size, table).toBe(rows[table].length);
    }
  });

  it('give keys, webhooks, OAuth apps and calls only where the plan has the API', () => {
    for (const row of [...rows.webhooks, ...rows.workspaceKeys, ...rows.oauthApps, ...rows.apiDays]) expect(planOf(row.customerId).api).toBe(true);
    expect(rows.apiDays.length).toBeGreaterThan(300);
  });

  it('count calls as the month does, and answer 429 only above the limit', () => {
    for (const row of rows.apiDays) {
      expect(row.limited).toBeLessThanOrEqual(row.calls);
      expect(row.peakPerMinute).toBeLessThanOrEqual(row.calls);
      const limit = planOf(row.customerId).apiRequestsPerMinute ?? Number.MAX_SAFE_INTEGER;
      expect(row.limited > 0, `${row.customerId} ${String(row.day)}`).toBe(row.peakPerMinute > limit);
      const month = rows.usage.find(
        (use) => use.customerId === row.customerId && use.metric === 'api_calls' && time(use.month) === startOfMonth(new Date(row.day)).getTime(),
      );
      expect(row.calls).toBeLessThanOrEqual(month?.quantity ?? 0);
    }
  });

  it('happened after the account began and not in the future', () => {
    const began = (customerId: string) => time(customers.get(customerId)?.createdAt);
    for (const row of rows.connections) expect(time(row.createdAt)).toBeGreaterThanOrEqual(began(row.customerId));
    for (const row of rows.tickets) expect(time(row.createdAt)).toBeGreaterThanOrEqual(began(row.customerId));
    for (const row of rows.deletedItems) {
      expect(time(row.deletedAt)).toBeGreaterThanOrEqual(began(row.customerId));
      expect(time(row.purgeAt) - time(row.deletedAt)).toBe(policy.trashDays * 86_400_000);
      expect(rows.contacts.some(({ customerId, name }) => customerId === row.customerId && name === row.deletedBy)).toBe(true);
    }
    for (const row of rows.attempts) expect(time(row.at)).toBeLessThanOrEqual(now.getTime());
    for (const row of rows.workspaceKeys) expect(time(row.lastUsedAt ?? row.createdAt)).toBeGreaterThanOrEqual(time(row.createdAt));
  });

  it('try each event at most as often as the policy says', () => {
    for (const attempts of Map.groupBy(rows.attempts, ({ eventId }) => eventId).values()) {
      expect(attempts.length).toBeLessThanOrEqual(policy.webhook.attemptsMax);
      expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index + 1));
    }
  });

  it('give the demo customer something for every tool', () => {
    const mine = <T extends { readonly customerId: string }>(list: readonly T[]): T[] => list.filter(({ customerId }) => customerId === demo.customerId);
    expect(mine(rows.connections).some(({ lastError }) => lastError === 'token_expired')).toBe(true);
    expect(mine(rows.deletedItems).map(({ name }) => name)).toContain('Q3 launch');
    expect(mine(rows.tickets).map(({ status }) => status)).toEqual(['in_progress', 'resolved']);
    expect(mine(rows.webhooks).map(({ status }) => status)).toEqual(['active', 'disabled']);
    expect(rows.attempts.filter(({ nextAttemptAt }) => time(nextAttemptAt) > now.getTime()).length).toBeGreaterThanOrEqual(1);
    expect(mine(rows.workspaceKeys).length).toBe(5);
    expect(mine(rows.apiDays).filter(({ limited }) => limited > 0).length).toBe(1);
    expect(mine(rows.oauthApps)).toMatchObject([{ lastError: 'redirect_uri_mismatch' }]);
    expect(rows.knownIssues.filter(({ incident, status }) => incident === true && status !== 'fixed').length).toBe(1);
  });
});
