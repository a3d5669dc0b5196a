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

/** The plan that what stands at this place is said of: right behind it ("10 MB on Free"), alone in its part of the sentence, or named last before. */
export function planOf(sentence: string, { start, text }: { readonly start: number; readonly text: string }): Plan | undefined {
  const plans = plansAt(sentence).filter((named) => !/\b(?:everything in|than|unlike) (?:the )?$/i.test(sentence.slice(0, named.start)));
  const end = start + text.length;
  const behind = plans.find(
    (named) => named.start >= end && /^[^,;:.]{0,12}\b(?:for|on|in|with) (?:the |our |your )?\**$/i.test(sentence.slice(end, named.start)),
  );
  if (behind) return behind.plan;
  const from = sentence.lastIndexOf(';', start);
  const to = sentence.indexOf(';', end);
  const near = plans.filter((named) => named.start > from && (to < 0 || named.start < to));
  if (near.length === 1) return near[0]?.plan;
  return plans.findLast((named) => named.start < start)?.plan ?? (plans.length === 1 ? plans[0]?.plan : undefined);
}

/** The plan that begins at this place, through marks such as `**`. */
export function planAt(sentence: string, at: number): PlanNamed | undefined {
  const lead = /^[*_\s]*/.exec(sentence.slice(at))?.[0].length ?? 0;
  const word = /^(free|basic|premium|enterprise)\b/i.exec(sentence.slice(at + lead));
  const plan = NAMES.find(([name]) => name === word?.[1]?.toLowerCase())?.[0];
  return word && plan ? { plan, start: at + lead, end: at + lead + word[0].length } : undefined;
}
