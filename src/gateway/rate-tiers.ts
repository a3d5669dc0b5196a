/**
 * How much each kind of caller may ask for, and what an operation counts. Numbers, not rows: they are looked at before anything
 * touches the database, which is what they protect. Counts nothing; that is rate-limiter.ts.
 */
import type { OperationTypeNode } from 'graphql';
import type { UserRole } from '../store/roles.ts';
import type { Viewer } from '../store/viewer.ts';

export const RATE_WINDOWS = ['minute', 'hour', 'day'] as const;
export type RateWindow = (typeof RATE_WINDOWS)[number];

export const WINDOW_S: Readonly<Record<RateWindow, number>> = { minute: 60, hour: 3_600, day: 86_400 };

/** Points per minute, hour and day. */
export const RATE_TIERS = {
  anonymous: { minute: 10, hour: 100, day: 1_000 },
  user: { minute: 60, hour: 1_000, day: 10_000 },
  partner: { minute: 120, hour: 2_000, day: 20_000 },
  admin: { minute: 300, hour: 5_000, day: 50_000 },
  super_admin: { minute: 1_000, hour: 20_000, day: 200_000 },
} as const satisfies Readonly<Record<string, Readonly<Record<RateWindow, number>>>>;
export type RateTier = keyof typeof RATE_TIERS;

/** What people of the desk may, by role. */
const TIER_OF_ROLE: Readonly<Record<UserRole, RateTier>> = { readonly: 'user', user: 'user', admin: 'admin', super_admin: 'super_admin' };

/** A page of a front-end, 25 conversations with 50 messages each, is 2,551 objects. */
const OBJECTS_PER_POINT = 1_000;
/** However large a query may be set to be: nobody's minute is too short for one. */
const POINTS_MAX = RATE_TIERS.anonymous.minute;

/** What of an operation's measure counts. */
interface Asked {
  readonly cost: number;
  readonly fields: number;
  /** The whole schema is 12 ms of work and 430 KB. */
  readonly introspections: number;
}

/** The tier of a verified viewer; nothing a caller says about itself counts. */
export function tierOf(viewer: Viewer | null): RateTier {
  if (!viewer) return 'anonymous';
  if (viewer.kind === 'staff') return TIER_OF_ROLE[viewer.role];
  return viewer.kind === 'partner' ? 'partner' : 'user';
}

/**
 * What an operation counts: a point for each thousand objects it could ask for and for each time it asks for the schema, at least one
 * and at most ten; a mutation at least one for each of its fields, since each of them is an act. A subscription counts once, when it
 * begins.
 */
export function pointsOf(kind: `${OperationTypeNode}`, { cost, fields, introspections }: Asked): number {
  const points = Math.min(POINTS_MAX, Math.max(1, Math.ceil(cost / OBJECTS_PER_POINT) + introspections));
  return kind === 'mutation' ? Math.max(points, fields) : points;
}
