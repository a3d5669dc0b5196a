/** Topics that customers ask about and no article covers: clusters of questions most of which were poorly matched. Writes no suggestion. */
import type { QuestionCluster } from './cluster.ts';

/**
 * Below this share of the question, what was found may not answer it. Measured 2026-11-23: 97% of questions without a right article lie
 * below, and 20% of those with one, so that one question proves nothing and most of a cluster does.
 */
export const POOR_MATCH_BELOW = 0.5;
export const GAP_ASKERS_MIN = 5;

export interface Gap {
  readonly cluster: QuestionCluster;
  /** 0 to 100. */
  readonly priority: number;
  readonly reason: string;
}

const DAY_MS = 86_400_000;

/** Enough askers found nothing that fits, and they are most: now and then a chance word lifts one over the line. */
export function isGap({ questions }: QuestionCluster): boolean {
  const poor = questions.filter((question) => question.similarity < POOR_MATCH_BELOW);
  return new Set(poor.map((question) => question.asker)).size >= GAP_ASKERS_MIN && poor.length > questions.length / 2;
}

export function findGaps(clusters: readonly QuestionCluster[], now: Date): readonly Gap[] {
  return clusters
    .filter(isGap)
    .map((cluster) => ({ cluster, priority: priorityOf(cluster, now), reason: reasonOf(cluster) }))
    .toSorted((a, b) => b.priority - a.priority);
}

/** How many asked (50), how little was found (30), how many of them in the last week (20). */
function priorityOf({ askers, questions }: QuestionCluster, now: Date): number {
  const asked = 50 * Math.min(1, Math.log2(askers / GAP_ASKERS_MIN + 1) / Math.log2(9));
  const missed = 30 * Math.max(0, 1 - meanSimilarity(questions) / POOR_MATCH_BELOW);
  const fresh = questions.filter((question) => now.getTime() - question.at.getTime() <= 7 * DAY_MS).length / questions.length;
  return Math.max(0, Math.min(100, Math.round(asked + missed + 20 * fresh)));
}

function reasonOf({ askers, questions }: QuestionCluster): string {
  const nothing = questions.filter((question) => question.similarity === 0).length;
  const found =
    nothing === questions.length
      ? 'nothing was found for any of them'
      : `the best article covered ${Math.round(100 * meanSimilarity(questions))}% of the question`;
  return `${askers} conversations asked this; ${found}.`;
}

function meanSimilarity(questions: QuestionCluster['questions']): number {
  return questions.reduce((sum, question) => sum + question.similarity, 0) / Math.max(1, questions.length);
}
