/**
 * Which articles want mending, why, and how soon: too long without a review, of low quality, not found helpful, or with names the
 * product no longer has. Mends nothing.
 */
import { findDeadNames } from './product-names.ts';

export const REVIEW_DAYS_MAX = 180;
export const QUALITY_MIN = 70;
export const HELPFUL_MIN = 0.5;
/** Fewer votes say nothing about an article. */
const VOTES_MIN = 5;
const DAY_MS = 86_400_000;

export interface FreshnessInput {
  readonly title: string;
  readonly body: string;
  readonly reviewedAt: Date;
  readonly helpful: number;
  readonly notHelpful: number;
  /** 0 to 100, of the quality check. */
  readonly score: number;
  /** How often it was cited of late: what many read is mended first. */
  readonly cited: number;
}

export const EFFORTS = ['small', 'medium', 'large'] as const;
export type Effort = (typeof EFFORTS)[number];

export interface Staleness {
  /** One sentence each. */
  readonly reasons: readonly string[];
  /** 0 to 100. */
  readonly priority: number;
  readonly effort: Effort;
}

/** Null when nothing is wrong. */
export function findStaleness(article: FreshnessInput, now: Date): Staleness | null {
  const found = [age(article, now), quality(article), votes(article), names(article)].filter((one) => one !== null);
  if (found.length === 0) return null;
  const points = found.reduce((sum, one) => sum + one.points, 0);
  const readers = Math.min(15, article.cited);
  const effort = found.some((one) => one.effort === 'large') ? 'large' : found.length > 1 || found.some((one) => one.effort === 'medium') ? 'medium' : 'small';
  return { reasons: found.map((one) => one.sentence), priority: Math.min(100, Math.round(points + readers)), effort };
}

interface Fault {
  readonly sentence: string;
  readonly points: number;
  readonly effort: Effort;
}

function age({ reviewedAt }: FreshnessInput, now: Date): Fault | null {
  const days = Math.floor((now.getTime() - reviewedAt.getTime()) / DAY_MS);
  if (days <= REVIEW_DAYS_MAX) return null;
  // Twice the time without a review is as pressing as a review can be.
  return { sentence: `It was last reviewed ${days} days ago.`, points: 15 + 25 * Math.min(1, (days - REVIEW_DAYS_MAX) / REVIEW_DAYS_MAX), effort: 'small' };
}

function quality({ score }: FreshnessInput): Fault | null {
  if (score >= QUALITY_MIN) return null;
  return {
    sentence: `The quality check gives it ${score} of 100.`,
    points: 20 + (QUALITY_MIN - score) / 2,
    effort: score < QUALITY_MIN - 20 ? 'large' : 'medium',
  };
}

function votes({ helpful, notHelpful }: FreshnessInput): Fault | null {
  const all = helpful + notHelpful;
  if (all < VOTES_MIN || helpful / all >= HELPFUL_MIN) return null;
  return {
    sentence: `Only ${helpful} of ${all} readers found it helpful.`,
    points: 25 + 20 * (HELPFUL_MIN - helpful / all),
    effort: 'medium',
  };
}

function names({ title, body }: FreshnessInput): Fault | null {
  const dead = [...new Set(findDeadNames({ title, body }).map(({ name }) => `"${name}"`))];
  if (dead.length === 0) return null;
  return {
    sentence: `The product no longer has ${dead.length === 1 ? 'the name' : 'the names'} ${dead.join(', ')}.`,
    points: Math.min(40, 25 + 5 * dead.length),
    effort: 'small',
  };
}
