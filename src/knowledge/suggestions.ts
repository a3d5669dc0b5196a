/**
 * What the editors should do next: gaps, articles to mend and FAQ entries as one list without doubles, the most pressing first.
 * A topic keeps its key from round to round, so that what people decided about it stays decided. Writes no rows.
 */
import type { QuestionCluster } from './cluster.ts';
import type { FaqEntry } from './faq.ts';
import { titleOf } from './faq.ts';
import type { Staleness } from './freshness.ts';
import type { Gap } from './gaps.ts';

export type SuggestionKind = 'gap' | 'outdated' | 'faq';

export interface Suggested {
  readonly kind: SuggestionKind;
  /** Stems of the topic, or the slug of the article. */
  readonly topic: string;
  readonly title: string;
  readonly reason: string;
  readonly priority: number;
  /** Newest first, without doubles. */
  readonly questions: readonly string[];
  readonly articleId: string | null;
  readonly draft: string | null;
}

export interface StaleArticle extends Staleness {
  readonly articleId: string;
  readonly slug: string;
  readonly title: string;
}

/** A topic that was suggested before. */
export interface KnownTopic {
  readonly kind: SuggestionKind;
  readonly topic: string;
}

export const SUGGESTIONS_MAX = 300;
const QUESTIONS_MAX = 10;
/** Share of stems by which two topics are one. */
const SAME_TOPIC_MIN = 0.5;

export function mergeSuggestions(
  found: { readonly gaps: readonly Gap[]; readonly stale: readonly StaleArticle[]; readonly faqs: readonly FaqEntry[] },
  known: readonly KnownTopic[],
): readonly Suggested[] {
  const gaps = found.gaps.map(({ cluster, priority, reason }) =>
    suggest('gap', cluster, { title: titleOf(cluster.canonical.text), reason, priority, articleId: null, draft: null }, known),
  );
  const faqs = found.faqs.map(({ cluster, title, reason, priority, articleId, draft }) =>
    suggest('faq', cluster, { title, reason, priority, articleId, draft }, known),
  );
  const stale = found.stale.map(({ articleId, slug, title, reasons, priority, effort }) => ({
    kind: 'outdated' as const,
    topic: slug,
    title,
    reason: `${reasons.join(' ')} The effort is ${effort}.`,
    priority,
    questions: [],
    articleId,
    draft: null,
  }));
  const kept: Suggested[] = [];
  // Questions come as a gap before they come as an FAQ entry: what no article answers cannot be a draft.
  for (const one of [...byPriority(gaps), ...byPriority(faqs)]) {
    if (!kept.some((other) => sameTopic(other.topic, one.topic))) kept.push(one);
  }
  return byPriority([...kept, ...stale]).slice(0, SUGGESTIONS_MAX);
}

function suggest(
  kind: 'gap' | 'faq',
  { stems, questions }: QuestionCluster,
  rest: Pick<Suggested, 'title' | 'reason' | 'priority' | 'articleId' | 'draft'>,
  known: readonly KnownTopic[],
): Suggested {
  const own = [...stems].toSorted().join(' ');
  const topic = known.find((one) => one.kind === kind && sameTopic(one.topic, own))?.topic ?? own;
  return { kind, topic, questions: [...new Set(questions.map(({ text }) => text))].slice(0, QUESTIONS_MAX), ...rest };
}

function sameTopic(a: string, b: string): boolean {
  const left = new Set(a.split(' '));
  const right = new Set(b.split(' '));
  const common = [...left].filter((stem) => right.has(stem)).length;
  return common / Math.min(left.size, right.size) > SAME_TOPIC_MIN || common / (left.size + right.size - common) >= SAME_TOPIC_MIN;
}

function byPriority(suggestions: readonly Suggested[]): Suggested[] {
  return suggestions.toSorted((a, b) => b.priority - a.priority || (a.topic < b.topic ? -1 : 1));
}
