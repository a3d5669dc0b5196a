/** Where a sentence names a plan. "Basic" and "free" are everyday words too: they count where a plan can stand, or with a capital letter. */
import type { Plan } from '../store/generated/prisma/client.ts';

export interface PlanNamed {
  readonly plan: Plan;
  readonly start: number;
  readonly end: number;
}

const NAMES: readonly (readonly [Plan, RegExp])[] = [
  ['free', /\bFree\b(?= ?(?:[,:;.]|plan|tier|and|or|has|is|to|includes|allows|comes|customers|\*|$))|\bfree (?=plan\b|tier\b)|\bFREE\b/g],
  ['basic', /\bBasic\b(?! (?:auth|questions?|steps?|info))|\bbasic (?=plan\b|tier\b|seats?\b|subscription\b)|\b(?<=the )basic(?=[,.]| and| or)/g],
  ['premium', /\bpremium\b(?! support)/gi],
  ['enterprise', /\benterprise\b(?!-grade| (?:customers?|software|class))/gi],
];

/** In order of their places. */
export function plansAt(sentence: string): PlanNamed[] {
  return NAMES.flatMap(([plan, pattern]) =>
    [...sentence.matchAll(pattern)].map((match) => ({ plan, start: match.index, end: match.index + match[0].trimEnd().length })),
  ).toSorted((a, b) => a.start - b.start);
}

/** The plan that begins at this place, through marks such as `**`. */
export function planAt(sentence: string, at: number): PlanNamed | undefined {
  const lead = /^[*_\s]*/.exec(sentence.slice(at))?.[0].length ?? 0;
  const word = /^(free|basic|premium|enterprise)\b/i.exec(sentence.slice(at + lead));
  const plan = NAMES.find(([name]) => name === word?.[1]?.toLowerCase())?.[0];
  return word && plan ? { plan, start: at + lead, end: at + lead + word[0].length } : undefined;
}
