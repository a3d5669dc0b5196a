/** How the business's numbers are read: the rows over the defaults, checked, and kept for half a minute. Decides nothing: pricing.ts and the desk do. */
import { z } from 'zod';
import type { Database } from './database.ts';
import { POLICY_DEFAULTS } from './policy-defaults.ts';
import { POLICY_SCHEMAS, type Policy, type PolicyKey } from './policy-schema.ts';

const POLICY_KEYS = Object.keys(POLICY_SCHEMAS).filter((key): key is PolicyKey => key in POLICY_SCHEMAS);

/** How long a read serves everyone on this handle: a changed row takes effect within this time. */
const CACHE_MS = 30_000;
const cached = new WeakMap<Database, { readonly until: number; readonly policy: Promise<Policy> }>();

/**
 * The policy as it stands, at most 30 s old. A key without a row has its default.
 * @throws Error naming the key whose row holds something else than it may.
 */
export async function readPolicy(database: Database): Promise<Policy> {
  const known = cached.get(database);
  if (known && performance.now() < known.until) return known.policy;
  const policy = loadPolicy(database);
  cached.set(database, { until: performance.now() + CACHE_MS, policy });
  // A failed read must not be remembered: the next caller tries again.
  policy.catch(() => cached.delete(database));
  return policy;
}

/** Inserts the rows that are missing and leaves the others as they are. Runs at every start. */
export async function seedPolicy(database: Database): Promise<void> {
  await database.policyRule.createMany({
    data: POLICY_KEYS.map((key) => ({ key, value: POLICY_DEFAULTS[key].value, description: POLICY_DEFAULTS[key].description })),
    skipDuplicates: true,
  });
  cached.delete(database);
}

/** The policy that these stored values make, with the default for each key not among them. */
export function policyFrom(values: ReadonlyMap<string, unknown>): Policy {
  const parsed = z
    .strictObject(POLICY_SCHEMAS)
    .safeParse(Object.fromEntries(POLICY_KEYS.map((key) => [key, values.has(key) ? values.get(key) : POLICY_DEFAULTS[key].value])));
  if (!parsed.success) {
    const paths = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The business policy cannot be used: ${paths.join('; ')}`, { cause: parsed.error });
  }
  return Object.freeze(parsed.data);
}

async function loadPolicy(database: Database): Promise<Policy> {
  const rows = await database.policyRule.findMany({ select: { key: true, value: true } });
  return policyFrom(new Map(rows.map((row) => [row.key, row.value])));
}
