/**
 * The arithmetic of agreement: counts verdicts, decides on them, says when enough have answered, and what findings mean for a draft.
 * Nothing here depends on the order of participants, and a tie is told as one. Asks nobody and writes no prose; what participants
 * recommend is compared in recommendations.ts.
 */
import type { Finding, Verdict } from './verdict.ts';
import type { JOINS, Severity } from './workflow-input.ts';

/** One participant's verdict. A weight of 0 only listens: it neither votes nor counts. */
export interface Vote {
  readonly agentId: string;
  readonly weight: number;
  readonly verdict: Verdict;
}

/** A position and who holds it. */
export interface Standing {
  /** The option as it was given; else the holders' own words, of those with the most weight behind them. */
  readonly position: string;
  readonly weight: number;
  /** Sorted; an agent that voted twice stands here twice. */
  readonly voters: readonly string[];
  /** Mean of the holders' confidence, each counted by weight; 0 to 1. */
  readonly confidence: number;
}

export interface Tally<V extends Vote = Vote> {
  /** By weight, then confidence, then the position's text. The first one leads alone only where `tied` is false. */
  readonly ranked: readonly Standing[];
  /** Of all votes together. */
  readonly weight: number;
  /** More than one position holds the most weight. */
  readonly tied: boolean;
  /** The votes that were counted, each with the position it was counted for. */
  readonly counted: readonly { readonly vote: V; readonly position: string }[];
  /** Who named none of the options: no vote. */
  readonly strayed: readonly string[];
}

/** What a way to decide made of a tally. */
export interface Decision {
  /** Null where it decides nothing. */
  readonly position: string | null;
  /** Several positions lead alike. A tie decides nothing; whoever breaks it must say how. */
  readonly tied: boolean;
  /** The positions that lead, sorted; empty without votes. */
  readonly among: readonly string[];
}

/** Sums of weights and confidences that differ by less than this share are the same number. */
const SAME = 1e-9;
/** A share is told in steps of 1e-12. */
const SHARE_STEPS = 1e12;

/** Case, blanks and the marks around it do not make another position; a sign that belongs to it (C++, -1, 5%) does. */
export function foldPosition(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
  const bare = plain.replace(/^(?:[-–—•] |[\s"'“”„‘’«»()[\]{}<>.,;:!?…*_`])+|[\s"'“”„‘’«»()[\]{}<>.,;:!?…*_`]+$/gu, '');
  return bare === '' ? plain : bare;
}

/** @param options Where given, a position must be one of them. */
export function tally<V extends Vote>(votes: readonly V[], options?: readonly string[]): Tally<V> {
  const optionOf = options && new Map(options.toReversed().map((option) => [foldPosition(option), option]));
  const voting = inOrder(votes.filter(({ weight }) => weight > 0));
  const holders = Map.groupBy(voting, ({ verdict }) => foldPosition(verdict.position));
  const strayed = optionOf ? voting.filter(({ verdict }) => !optionOf.has(foldPosition(verdict.position))) : [];
  const standings: Standing[] = [];
  const positionOf = new Map<string, string>();
  for (const [folded, held] of holders) {
    const position = optionOf ? optionOf.get(folded) : wordsOfMost(held);
    if (position === undefined) continue;
    positionOf.set(folded, position);
    const weight = sum(held.map((vote) => vote.weight));
    const confidence = shareOf(sum(held.map((vote) => vote.weight * vote.verdict.confidence)), weight);
    standings.push({ position, weight, voters: held.map(({ agentId }) => agentId), confidence });
  }
  const weight = sum(standings.map((standing) => standing.weight).toSorted((a, b) => a - b));
  const byWeight = levels(standings, (standing) => standing.weight, weight * SAME);
  const ranked = byWeight.flatMap((alike) =>
    levels(alike, ({ confidence }) => confidence, SAME).flatMap((level) => level.toSorted((a, b) => byText(a.position, b.position))),
  );
  const counted = voting.flatMap((vote) => {
    const position = positionOf.get(foldPosition(vote.verdict.position));
    return position === undefined ? [] : [{ vote, position }];
  });
  return { ranked, weight, tied: (byWeight[0]?.length ?? 0) > 1, counted, strayed: strayed.map(({ agentId }) => agentId) };
}

/** The share of the weight that holds the leading position: 1 is unanimous, 0 is no vote at all. */
export function agreementOf({ ranked, weight }: Tally): number {
  const [leading] = ranked;
  return leading && weight > 0 ? shareOf(leading.weight, weight) : 0;
}

/** A part of the whole, 0 to 1, without the last digits that adding fractions leaves: two of four is 0.5 and reaches a threshold of 0.5. */
export function shareOf(part: number, whole: number): number {
  return Math.min(1, Math.round((part / whole) * SHARE_STEPS) / SHARE_STEPS);
}

/** Held by more than half of those who voted, each counting alike; strayed ones did not vote. */
export function majorityOf({ ranked, counted }: Tally): Decision {
  const most = Math.max(0, ...ranked.map(({ voters }) => voters.length));
  return decided(
    ranked.filter(({ voters }) => voters.length === most),
    most * 2 > counted.length,
  );
}

/** Held by everybody who voted. */
export function unanimous(votes: Tally): Decision {
  return decided(leadingOf(votes), votes.ranked.length === 1);
}

/** Held by the most weight, be it less than half. */
export function weightedWinner(votes: Tally): Decision {
  return decided(leadingOf(votes), true);
}

/** The verdict with the highest confidence times weight. `votes` are all that have it: several may, also for one position. */
export function bestOf<V extends Vote>({ counted, weight }: Tally<V>): Decision & { readonly votes: readonly V[] } {
  const [best = []] = levels(counted, ({ vote }) => vote.weight * vote.verdict.confidence, weight * SAME);
  const among = [...new Set(best.map(({ position }) => position))].map((position) => ({ position }));
  return { ...decided(among, true), votes: inOrder(best.map(({ vote }) => vote)) };
}

function decided(leading: readonly { readonly position: string }[], held: boolean): Decision {
  const among = leading.map(({ position }) => position).toSorted(byText);
  const [first = null] = among;
  return { position: held && among.length === 1 ? first : null, tied: among.length > 1, among };
}

function leadingOf({ ranked, weight }: Tally): readonly Standing[] {
  return levels(ranked, (standing) => standing.weight, weight * SAME)[0] ?? [];
}

/** Of one position written in several ways, the way with the most weight. */
function wordsOfMost(held: readonly Vote[]): string {
  const written = Map.groupBy(held, ({ verdict }) => verdict.position.trim());
  const ways = [...written].map(([text, votes]) => ({ text, weight: sum(votes.map((vote) => vote.weight)) }));
  const [most = []] = levels(ways, ({ weight }) => weight, sum(held.map((vote) => vote.weight)) * SAME);
  return most.map(({ text }) => text).toSorted(byText)[0] ?? '';
}

/**
 * Falling, in groups of what counts as the same number: sums of decimals differ in their last digits by how they were added up, and a tie
 * must not depend on that.
 */
export function levels<T>(items: readonly T[], valueOf: (item: T) => number, tolerance: number): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let last = Number.NaN;
  for (const item of items.toSorted((a, b) => valueOf(b) - valueOf(a))) {
    const value = valueOf(item);
    const group = groups.at(-1);
    if (group && last - value <= tolerance) group.push(item);
    else groups.push([item]);
    last = value;
  }
  return groups;
}

/** One order for any order of participants, so that sums come out the same to the last digit. */
export function inOrder<V extends Vote>(votes: readonly V[]): readonly V[] {
  return votes.toSorted(
    (a, b) =>
      byText(a.agentId, b.agentId) ||
      a.weight - b.weight ||
      a.verdict.confidence - b.verdict.confidence ||
      byText(a.verdict.position, b.verdict.position) ||
      byText(a.verdict.recommendations.join('\n'), b.verdict.recommendations.join('\n')),
  );
}

/** The same on every machine, whatever its language. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export type Join = (typeof JOINS)[number];

export interface Progress {
  readonly answered: number;
  readonly failed: number;
  /** Of all that count for the join, those still at work included. */
  readonly total: number;
  /** For the join `quorum`. */
  readonly quorum?: number | undefined;
}

/** Whether the wait for participants is over: enough answered, or so many failed that there will never be enough. */
export function enough(join: Join, { answered, failed, total, quorum }: Progress): 'done' | 'wait' | 'impossible' {
  const needed = { all: total, any: 1, majority: Math.floor(total / 2) + 1, quorum: quorum ?? total }[join];
  if (answered >= needed) return 'done';
  return total - failed < needed ? 'impossible' : 'wait';
}

export const VERIFICATION_ACTIONS = ['approve', 'approve_with_notes', 'revise', 'reject', 'escalate'] as const;
export type VerificationAction = (typeof VERIFICATION_ACTIONS)[number];

/** A finding belongs to the draft it was made on. */
export type DraftFinding = Pick<Finding, 'check' | 'severity' | 'location'> & {
  /** The draft, counted from 1. */
  readonly iteration: number;
};

export interface DraftState {
  /** The draft that was just checked, counted from 1. */
  readonly iteration: number;
  /** Drafts at the most. */
  readonly iterations: number;
  /** How many things were looked at; the penalties are shared out among them. */
  readonly checks?: number;
}

const PENALTIES: Readonly<Record<Severity, number>> = { critical: 1, high: 0.7, medium: 0.4, low: 0.2, info: 0.1 };

/**
 * What becomes of a draft. Findings of earlier drafts are passed over: they were mended, or were made again. What several verifiers find by
 * the same check in the same words is one fault, as bad as the worst of them says.
 * @returns The score is 1 for nothing found, 0 at the least.
 */
export function verificationAction(
  findings: readonly DraftFinding[],
  { iteration, iterations, checks = 1 }: DraftState,
): { action: VerificationAction; score: number } {
  const own = findings.filter((finding) => finding.iteration === iteration);
  const faults = Map.groupBy(own, ({ check, location }, index) => (location === '' ? `${index}` : `${check} ${foldPosition(location)}`));
  const worst = [...faults.values()].map((alike) => alike.map(({ severity }) => severity).toSorted((a, b) => PENALTIES[b] - PENALTIES[a])[0] ?? 'info');
  const penalty = sum(worst.map((severity) => PENALTIES[severity]).toSorted((a, b) => a - b)) / Math.max(1, checks);
  const score = Math.max(0, 1 - penalty);
  const revisable = iteration < iterations;
  const has = (severity: Severity): boolean => worst.includes(severity);
  if (has('critical')) return { action: revisable ? 'revise' : 'escalate', score };
  if (has('high')) return { action: revisable ? 'revise' : 'reject', score };
  if (has('medium')) return { action: revisable ? 'revise' : 'approve_with_notes', score };
  return { action: worst.length > 0 ? 'approve_with_notes' : 'approve', score };
}
