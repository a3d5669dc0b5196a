/** Questions that many ask each month and the articles can answer: each with one wording and a draft made of cited passages. */
import type { QuestionCluster } from './cluster.ts';
import type { Synthesis } from './synthesize.ts';

export const FAQ_ASKERS_MIN = 10;
/** An answer that is trusted less is no draft. */
const CONFIDENCE_MIN = 0.4;

export interface FaqEntry {
  readonly cluster: QuestionCluster;
  readonly title: string;
  /** Markdown with `[n]` and its sources. */
  readonly draft: string;
  readonly articleId: string | null;
  /** 0 to 100. */
  readonly priority: number;
  readonly reason: string;
}

/**
 * @param clusters Clusters of the questions of one month.
 * @param answer The synthesis of what a search finds for a question now.
 */
export async function findFaqs(clusters: readonly QuestionCluster[], answer: (question: string) => Promise<Synthesis>): Promise<readonly FaqEntry[]> {
  const entries: FaqEntry[] = [];
  for (const cluster of clusters.filter(({ askers }) => askers >= FAQ_ASKERS_MIN)) {
    const { text, sources, confidence } = await answer(cluster.canonical.text);
    if (confidence < CONFIDENCE_MIN) continue;
    entries.push({
      cluster,
      title: titleOf(cluster.canonical.text),
      draft: text,
      articleId: sources[0]?.articleId ?? null,
      priority: Math.min(100, Math.round(30 + 50 * Math.min(1, Math.log2(cluster.askers / FAQ_ASKERS_MIN + 1) / Math.log2(11)) + 20 * confidence)),
      reason: `${cluster.askers} conversations asked this within a month.`,
    });
  }
  return entries;
}

const TITLE_CHARS_MAX = 120;

/** A question as it stands in a list: one line, a capital first, cut at a word, closed. */
export function titleOf(question: string): string {
  const line = question
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^(?:hi|hello|hey|dear \w+)\b[^a-z0-9]*(?:(?:there|team|all)\b[^a-z0-9]*)?/i, '')
    .replace(/[\s.!?,;:]+$/, '');
  const short = line.length <= TITLE_CHARS_MAX ? line : `${line.slice(0, line.lastIndexOf(' ', TITLE_CHARS_MAX - 1)).trimEnd()}…`;
  const text = short === '' ? question.slice(0, TITLE_CHARS_MAX) : short;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('…') || !asks(text) ? '' : '?'}`.toWellFormed();
}

function asks(text: string): boolean {
  return /^(?:how|what|when|where|why|who|which|can|could|do|does|did|is|are|am|will|would|should|may)\b/i.test(text);
}
