/**
 * Questions that mean the same, put together: by the stems they share, rare ones counting more, with misspelt stems taken for the
 * word they resemble. One pass over the questions, giving way to other work as it goes. Stems nothing itself.
 */
import { setImmediate } from 'node:timers/promises';

export interface AskedQuestion {
  readonly id: string;
  readonly text: string;
  /** Stems of its words without small talk, as the database makes them. */
  readonly stems: readonly string[];
  /** The article that answers it, when one does: other words for the same thing find the same article. */
  readonly articleId?: string | null;
  /** Whoever asked: the same conversation asking twice is one asker. */
  readonly asker: string;
  /** Share of it that the best article covered, 0 to 1. */
  readonly similarity: number;
  readonly at: Date;
}

export interface QuestionCluster {
  /** Newest first. */
  readonly questions: readonly AskedQuestion[];
  /** The question that is most like the others. */
  readonly canonical: AskedQuestion;
  /** Its most telling stems, the best first: what the topic is known by. */
  readonly stems: readonly string[];
  /** Different askers. */
  readonly askers: number;
}

/** Least cosine by which a question belongs to a cluster. */
const ALIKE_MIN = 0.46;
/** What having the same answer counts, in shares of a word that no article knows: a hint, never enough alone. */
const SAME_ANSWER = 0.6;
const ASKING = 1.2;
const TOPIC_STEMS_MAX = 4;
/** A stem that fewer than this share of a cluster's questions hold does not tell what it is about. */
const TOPIC_SHARE_MIN = 0.35;
/** Questions between two pauses: a few milliseconds of work. */
const QUESTIONS_PER_TURN = 50;

interface Growing {
  readonly members: AskedQuestion[];
  readonly counts: Map<string, number>;
}

/** The clusters so far, and which of them hold a stem. */
interface Clusters {
  readonly all: Set<Growing>;
  readonly holders: Map<string, Set<Growing>>;
}

type WeightOf = (stem: string) => number;

/**
 * @param weightOf What a stem counts: the rarer in the articles, the more; of '' what a stem counts that no article knows.
 * @returns The largest first.
 */
export async function clusterQuestions(questions: readonly AskedQuestion[], weigh: WeightOf, signal: AbortSignal): Promise<readonly QuestionCluster[]> {
  const clusters: Clusters = { all: new Set(), holders: new Map() };
  const weightOf: WeightOf = (stem) => (isAnswer(stem) ? SAME_ANSWER * weigh('') : weigh(stem));
  await place(withAnswers(mendSpelling(questions, weigh)), clusters, weightOf, signal);
  // The first questions of a topic met clusters that did not know yet what they are about: those that stayed alone are placed again.
  const alone = [...clusters.all].filter((cluster) => cluster.members.length === 1);
  for (const cluster of alone) remove(cluster, clusters);
  const again = alone.flatMap((cluster) => cluster.members);
  await place(again, clusters, weightOf, signal);
  return [...clusters.all].map((cluster) => describe(cluster, weightOf)).toSorted((a, b) => b.askers - a.askers || (a.canonical.id < b.canonical.id ? -1 : 1));
}

/** The answer stands among the stems, marked by a character that no stem has. */
function withAnswers(questions: readonly AskedQuestion[]): readonly AskedQuestion[] {
  return questions.map((question) => (question.articleId ? { ...question, stems: [...question.stems, `@${question.articleId}`] } : question));
}

function isAnswer(stem: string): boolean {
  return stem.startsWith('@');
}

async function place(questions: readonly AskedQuestion[], clusters: Clusters, weightOf: WeightOf, signal: AbortSignal): Promise<void> {
  for (const [index, question] of questions.entries()) {
    if (index % QUESTIONS_PER_TURN === 0) await setImmediate(undefined, { signal });
    if (question.stems.length === 0) continue;
    const home = nearest(question, clusters, weightOf) ?? { members: [], counts: new Map<string, number>() };
    clusters.all.add(home);
    home.members.push(question);
    for (const stem of question.stems) {
      home.counts.set(stem, (home.counts.get(stem) ?? 0) + 1);
      const known = clusters.holders.get(stem);
      if (known) known.add(home);
      else clusters.holders.set(stem, new Set([home]));
    }
  }
}

function remove(cluster: Growing, { all, holders }: Clusters): void {
  all.delete(cluster);
  for (const stem of cluster.counts.keys()) holders.get(stem)?.delete(cluster);
}

function nearest({ stems }: AskedQuestion, { holders }: Clusters, weightOf: WeightOf): Growing | null {
  let best: { cluster: Growing; alike: number } | null = null;
  for (const cluster of new Set(stems.flatMap((stem) => [...(holders.get(stem) ?? [])]))) {
    const alike = alikeness(stems, cluster, weightOf);
    if (alike >= ALIKE_MIN && alike > (best?.alike ?? 0)) best = { cluster, alike };
  }
  return best?.cluster ?? null;
}

/** The cosine between a question and the middle of a cluster: there a stem counts as much as the share of questions that hold it. */
function alikeness(stems: readonly string[], { members, counts }: Growing, weightOf: WeightOf): number {
  let common = 0;
  let own = 0;
  for (const stem of stems) {
    const weight = weightOf(stem);
    own += weight ** 2;
    common += (weight ** 2 * (counts.get(stem) ?? 0)) / members.length;
  }
  let theirs = 0;
  for (const [stem, count] of counts) theirs += ((weightOf(stem) * count) / members.length) ** 2;
  return own === 0 || theirs === 0 ? 0 : common / Math.sqrt(own * theirs);
}

function describe({ members, counts }: Growing, weightOf: (stem: string) => number): QuestionCluster {
  const told = (stem: string): number => weightOf(stem) * (counts.get(stem) ?? 0);
  const stems = [...counts.keys()]
    .filter((stem) => !isAnswer(stem) && (counts.get(stem) ?? 0) >= TOPIC_SHARE_MIN * members.length)
    .toSorted((a, b) => told(b) - told(a) || (a < b ? -1 : 1))
    .slice(0, TOPIC_STEMS_MAX);
  // Between questions that say as much of the topic, the shorter one is the better title, and one that asks better than one that orders.
  const shared = (question: AskedQuestion): number => {
    const common = question.stems.reduce((sum, stem) => sum + told(stem), 0) / members.length;
    const own = question.stems.reduce((sum, stem) => sum + weightOf(stem), 0);
    return own === 0 ? 0 : ((question.text.trimEnd().endsWith('?') ? ASKING : 1) * common) / Math.sqrt(own);
  };
  const questions = members.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1));
  const [first] = members;
  if (!first) throw new Error('a cluster has at least one question');
  const canonical = questions.reduce((best, question) => (shared(question) > shared(best) ? question : best), first);
  return { questions, canonical, stems, askers: new Set(members.map((question) => question.asker)).size };
}

/** Stems that look alike are one word when no article knows the rarer of them. */
function mendSpelling(questions: readonly AskedQuestion[], weightOf: (stem: string) => number): readonly AskedQuestion[] {
  const counts = new Map<string, number>();
  for (const stem of questions.flatMap((question) => question.stems)) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  const unknown = weightOf('');
  const byStart = new Map<string, string[]>();
  const meant = new Map<string, string>();
  for (const [stem] of [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
    const start = stem.slice(0, 2);
    const known = byStart.get(start) ?? [];
    const like =
      stem.length >= SPELT_CHARS_MIN && weightOf(stem) === unknown ? known.find((other) => trigramSimilarity(stem, other) >= SPELT_ALIKE_MIN) : undefined;
    if (like !== undefined) meant.set(stem, like);
    else byStart.set(start, [...known, stem].slice(0, STEMS_PER_START_MAX));
  }
  if (meant.size === 0) return questions;
  return questions.map((question) => ({ ...question, stems: [...new Set(question.stems.map((stem) => meant.get(stem) ?? stem))] }));
}

const SPELT_CHARS_MIN = 5;
const SPELT_ALIKE_MIN = 0.5;
const STEMS_PER_START_MAX = 100;

/** Share of the runs of three letters that two words have in common, 0 to 1. */
export function trigramSimilarity(a: string, b: string): number {
  const left = trigrams(a);
  const right = trigrams(b);
  let common = 0;
  for (const run of left) if (right.has(run)) common += 1;
  return common / (left.size + right.size - common);
}

function trigrams(word: string): ReadonlySet<string> {
  const padded = `  ${word.toLowerCase()} `;
  return new Set(Array.from({ length: padded.length - 2 }, (_, index) => padded.slice(index, index + 3)));
}
