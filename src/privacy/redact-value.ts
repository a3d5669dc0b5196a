/**
 * Takes personal data out of every text within a value: arguments of tools, errors made plain. Names of fields stay as they are, as do
 * numbers and dates. A value that goes deeper than any of ours is cut there.
 */
import type { RedactionPolicy } from './kinds.ts';
import { redact } from './redact.ts';

const DEPTH_MAX = 12;

export function redactValue(value: unknown, policy: RedactionPolicy, depth = 0): unknown {
  if (typeof value === 'string') return redact(value, policy).text;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === DEPTH_MAX) return '[too deep]';
  if (Array.isArray(value)) return value.map((one) => redactValue(one, policy, depth + 1));
  return redactFields({ ...value }, policy, depth);
}

export function redactFields(fields: Readonly<Record<string, unknown>>, policy: RedactionPolicy, depth = 0): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redactValue(value, policy, depth + 1)]));
}
