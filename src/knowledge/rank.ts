/**
 * The order of what the search found: half by how much of the question an article covers, the rest by its quality, by how lately it
 * was reviewed and by what its readers said. Finds nothing itself.
 */

export const RANK_WEIGHTS = { similarity: 0.5, quality: 0.2, recency: 0.15, helpfulness: 0.15 } as const;
/** A review counts half as much after this many days. */
export const RECENCY_HALF_LIFE_DAYS = 180;
const DAY_MS = 86_400_000;

/** Votes each way that every article starts with: without them the first helpful vote could not be told from none, nor the first unhelpful one. */
const PRIOR_VOTES = 2;
/** The normal quantile of a 95% interval. */
const Z = 1.96;

export interface Ranked {
  /** Share of the question that the article covers, 0 to 1. */
  readonly similarity: number;
  /** 0 to 1. */
  readonly quality: number;
  readonly helpful: number;
  readonly notHelpful: number;
  readonly reviewedAt: Date;
}

/** 0 to 1. */
export function rankScore({ similarity, quality, helpful, notHelpful, reviewedAt }: Ranked, now: Date): number {
  return (
    RANK_WEIGHTS.similarity * similarity +
    RANK_WEIGHTS.quality * quality +
    RANK_WEIGHTS.recency * recency(reviewedAt, now) +
    RANK_WEIGHTS.helpfulness * helpfulness(helpful, notHelpful)
  );
}

/** 1 for a review of today or later, half of it each RECENCY_HALF_LIFE_DAYS. */
export function recency(reviewedAt: Date, now: Date): number {
  return 0.5 ** (Math.max(0, now.getTime() - reviewedAt.getTime()) / DAY_MS / RECENCY_HALF_LIFE_DAYS);
}

/** The lower bound of Wilson's interval: few votes prove little, so 9 of 10 count less than 90 of 100. More helpful never means lower. */
export function helpfulness(helpful: number, notHelpful: number): number {
  return wilsonLowerBound(helpful + PRIOR_VOTES, helpful + notHelpful + 2 * PRIOR_VOTES);
}

/** What share of all readers would say yes, at least, if `yes` of `votes` did. 0 without votes. */
export function wilsonLowerBound(yes: number, votes: number): number {
  if (votes <= 0) return 0;
  const share = yes / votes;
  const z2 = Z * Z;
  const middle = share + z2 / (2 * votes);
  const margin = Z * Math.sqrt((share * (1 - share) + z2 / (4 * votes)) / votes);
  return Math.max(0, (middle - margin) / (1 + z2 / votes));
}
