/**
 * How well a report fits a known fault: by the symptoms on record, whose words must stand in the report, in any order and ending.
 * Reads no rows and understands no sentences; a fault with no symptom in the report does not fit.
 */
import type { KnownIssue } from '../store/generated/prisma/client.ts';
import { plain } from './reading.ts';

export const AREAS = ['web', 'mobile', 'desktop', 'api', 'webhooks', 'sync', 'billing', 'sign_in'] as const;

/** Letters by which two forms of a word are taken for the same ("freezes", "freezing"). */
const START_LETTERS = 8;
const ENDINGS = /(?:ings?|edly|ed|es|s|e|y)$/;

/** The faults with a symptom in the report: incidents that run first, then the best fit, then the newest. */
export function issuesFitting(issues: readonly KnownIssue[], report: string): KnownIssue[] {
  const said = startsOf(report);
  return issues
    .map((issue) => ({ issue, fit: fitOf(issue, said) }))
    .filter(({ fit }) => fit > 0)
    .toSorted((a, b) => Number(isRunning(b.issue)) - Number(isRunning(a.issue)) || b.fit - a.fit || b.issue.startedAt.getTime() - a.issue.startedAt.getTime())
    .map(({ issue }) => issue);
}

/** The words of a text, cut down to what their forms share. */
export function startsOf(text: string): ReadonlySet<string> {
  return new Set(
    plain(text)
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word.length > 1)
      .map(startOf),
  );
}

function startOf(word: string): string {
  const cut = word.length > 3 ? word.replace(ENDINGS, '') : word;
  return cut.slice(0, START_LETTERS);
}

function isRunning({ incident, status }: KnownIssue): boolean {
  return incident && status !== 'fixed';
}

/** Words of the symptoms that are wholly in the report: a longer symptom says more than a shorter one. */
function fitOf({ symptoms }: KnownIssue, said: ReadonlySet<string>): number {
  return symptoms
    .map((symptom) => [...startsOf(symptom)])
    .filter((words) => words.length > 0 && words.every((word) => said.has(word)))
    .reduce((sum, words) => sum + words.length, 0);
}
