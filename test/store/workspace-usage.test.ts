/** The demo data on how workspaces use the product: in step with their plans, their usage figures and their age. */
import { describe, expect, it } from 'vitest';
import { prefixOf } from '../../src/foundation/ids.ts';
import { FEATURES } from '../../src/store/feature.ts';
import { Plan } from '../../src/store/generated/prisma/enums.ts';
import { ONBOARDING_STEPS } from '../../src/store/onboarding.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { makeDemo } from '../../src/store/seed/seed.ts';

const policy = policyFrom(new Map());
const DAYS = ['2026-01-01T00:00:00Z', '2026-03-31T10:00:00Z', '2026-11-23T09:00:00Z', '2028-02-29T12:00:00Z'];

describe.each(DAYS)('the use of the product as of %s', (day) => {
  const now = new Date(day);
  const { demo, rows } = makeDemo(policy, now);
  const plans = new Map(rows.customers.map((customer) => [customer.id, customer.plan ?? 'free']));
  const createdAt = new Map(rows.customers.map((customer) => [customer.id, new Date(customer.createdAt ?? now)]));
  const order = Object.values(Plan);

  it('has each feature of a workspace once a month, known by name, with an id of its kind', () => {
    expect(new Set(rows.featureUses.map((use) => `${use.customerId} ${use.feature} ${new Date(use.month).toISOString()}`)).size).toBe(rows.featureUses.length);
    expect(new Set(rows.featureUses.map(({ id }) => id)).size).toBe(rows.featureUses.length);
    expect(rows.featureUses.filter(({ id, feature, uses }) => prefixOf(id) !== 'feat' || !FEATURES.some((known) => known === feature) || uses < 1)).toEqual([]);
  });

  it('uses nothing that the plan does not contain', () => {
    const beyond = rows.featureUses.filter(({ customerId, feature }) => {
      const from = FEATURES.find((known) => known === feature);
      return from === undefined || order.indexOf(policy.featurePlans[from]) > order.indexOf(plans.get(customerId) ?? 'free');
    });
    expect(beyond).toEqual([]);
  });

  it('counts automations and calls as the usage figures do', () => {
    const usage = new Map(rows.usage.map((row) => [`${row.customerId} ${row.metric} ${new Date(row.month).getTime()}`, row.quantity]));
    const wrong = rows.featureUses.filter(({ customerId, feature, month, uses }) => {
      const metric = feature === 'automations' ? 'automations_run' : feature === 'api' ? 'api_calls' : null;
      return metric !== null && usage.get(`${customerId} ${metric} ${new Date(month).getTime()}`) !== uses;
    });
    expect(wrong).toEqual([]);
  });

  it('has ten first steps for each workspace, taken between its beginning and now', () => {
    expect(rows.onboarding).toHaveLength(rows.customers.length * ONBOARDING_STEPS.length);
    const outside = rows.onboarding.filter(
      ({ customerId, doneAt }) => doneAt && (new Date(doneAt) > now || new Date(doneAt) < (createdAt.get(customerId) ?? now)),
    );
    expect(outside).toEqual([]);
  });

  it('leaves the demo customer two steps and five features to discover', () => {
    const open = rows.onboarding.filter(({ customerId, doneAt }) => customerId === demo.customerId && !doneAt).map(({ step }) => step);
    expect(open).toEqual(['notifications', 'first_dashboard']);
    const used = new Set(rows.featureUses.filter(({ customerId }) => customerId === demo.customerId).map(({ feature }) => feature));
    expect(FEATURES.filter((feature) => !used.has(feature))).toEqual(['recurring_tasks', 'forms', 'dashboards', 'goals', 'portfolio_dashboards']);
  });
});
