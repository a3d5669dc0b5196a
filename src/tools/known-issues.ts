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

const BROWSERS = ['chrome', 'firefox', 'safari', 'edge'] as const;
const PLATFORMS = ['ios', 'android', 'windows', 'mac', ...BROWSERS] as const;
type Platform = (typeof PLATFORMS)[number];

const PLATFORM_WORDS: Readonly<Record<Platform, RegExp>> = {
  ios: /\b(?:iphones?|ipads?|ios|apple (?:phone|tablet))\b/,
  android: /\b(?:android|samsung|galaxy|pixel|huawei|xiaomi|oneplus)\b/,
  windows: /\b(?:windows|surface)\b/,
  mac: /\b(?:mac|macs|macbook|imac|macos|osx)\b/,
  chrome: /\b(?:chrome|chromium)\b/,
  firefox: /\bfirefox\b/,
  safari: /\bsafari\b/,
  edge: /\b(?:microsoft|ms|in|on|with|browser) edge\b/,
};

/** False for a fault of another platform than those the report names; true when either could be anywhere. */
export function mayBeOfPlatform({ area, title }: Pick<KnownIssue, 'area' | 'title'>, report: string): boolean {
  const said = plain(report);
  const named = namedIn(said);
  const browsing = /\b(?:browsers?|website|web (?:app|version|page))\b/.test(said) && !BROWSERS.some((one) => named.includes(one));
  // A computer runs our app or a browser, and people name only the computer.
  const onComputer = named.includes('windows') || named.includes('mac');
  const inBrowser = browsing || (onComputer && !/\bdesktop app\b/.test(said) && !BROWSERS.some((one) => named.includes(one)));
  const reported = new Set<Platform>([...named, ...(inBrowser ? BROWSERS : [])]);
  const own = platformsOf(area, namedIn(plain(title)));
  return reported.size === 0 || own.length === 0 || own.some((one) => reported.has(one));
}

function namedIn(said: string): Platform[] {
  return PLATFORMS.filter((one) => PLATFORM_WORDS[one].test(said));
}

/** Where a fault can be met; empty when anywhere. */
function platformsOf(area: string, named: readonly Platform[]): readonly Platform[] {
  if (named.length > 0) return named;
  if (area === 'mobile') return ['ios', 'android'];
  if (area === 'desktop') return ['windows', 'mac'];
  return area === 'web' ? BROWSERS : [];
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
