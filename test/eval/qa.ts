/**
 * How well the nine checks of drafts see what is wrong in those of qa.txt, and leave what is right alone. `node test/eval/qa.ts` prints the
 * figures for both parts, with articles found by their words; `--dev` also prints what went wrong in the development part. The test
 * part is only counted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArticle, type ArticleCategory } from '../../src/knowledge/article-file.ts';
import type { Reviewed } from '../../src/orchestration/tool.ts';
import type { Finding } from '../../src/orchestration/verdict.ts';
import { policyFrom } from '../../src/store/policy.ts';
import { readCitations } from '../../src/tools/check-citations.ts';
import { readClaims } from '../../src/tools/check-claims.ts';
import { readCode } from '../../src/tools/check-code.ts';
import { readCompleteness } from '../../src/tools/check-completeness.ts';
import { readFacts } from '../../src/tools/check-facts.ts';
import { readLinks } from '../../src/tools/check-links.ts';
import { readPromises } from '../../src/tools/check-policy.ts';
import { readSensitivity } from '../../src/tools/check-sensitivity.ts';
import { readTone } from '../../src/tools/check-tone.ts';
import { contentOf, coverage } from '../../src/tools/draft.ts';
import type { Source } from '../../src/tools/draft-sources.ts';
import type { OwnFacts } from '../../src/tools/own-facts.ts';

const FILE = fileURLToPath(new URL('qa.txt', import.meta.url));
const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));
const NEAR_MAX = 6;

export const QA_NOW = new Date('2026-11-20T12:00:00.000Z');
export const QA_PARTS = ['dev', 'test'] as const;
type Part = (typeof QA_PARTS)[number];

export interface LabelledDraft extends Reviewed {
  readonly part: string;
  /** The tools that should find something; empty for a good draft. */
  readonly expected: readonly string[];
}

export interface QaFigures {
  readonly good: number;
  readonly bad: number;
  /** Share of good drafts that no check finds anything in above low: what is low does not send a draft back. */
  readonly leftAlone: number;
  /** Share of bad drafts in which each check that should find something does. */
  readonly seen: number;
  /** Of the tools that find something of medium or above, the share that should. */
  readonly precision: number;
}

/** What one tool finds in one draft. */
export interface Checker {
  (tool: string, reviewed: Reviewed): Promise<readonly Finding[]>;
}

export function readDrafts(): LabelledDraft[] {
  return readFileSync(FILE, 'utf8')
    .replace(/^#.*\n/gm, '')
    .split(/^%%\n/m)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const [, part = '', expected = '', question = '', answer = ''] = /^(\w+) \| (?:good|bad: ([\w ]+))\nQ: (.*)\nA: ([\s\S]*)$/.exec(block) ?? [];
      return { part, expected: expected === '' ? [] : expected.split(' '), question, answer: answer.trim() };
    });
}

export const QA_TOOLS = [
  'check_facts',
  'check_policy',
  'check_tone',
  'check_completeness',
  'check_code',
  'check_links',
  'check_sensitivity',
  'check_claims',
  'check_citations',
] as const;

export async function measureQa(part: Part, check: Checker, onWrong: (line: string) => void = () => undefined): Promise<QaFigures> {
  const drafts = readDrafts().filter((draft) => draft.part === part);
  const good = drafts.filter(({ expected }) => expected.length === 0);
  let [leftAlone, seen, right, reported] = [0, 0, 0, 0];
  for (const { expected, question, answer } of drafts) {
    const reviewed = { question, answer };
    const found = new Map(await Promise.all(QA_TOOLS.map(async (tool) => [tool as string, await check(tool, reviewed)] as const)));
    const told = [...found].filter(([, findings]) => findings.some(({ severity }) => severity !== 'info'));
    const grave = [...found].filter(([, findings]) => findings.some(({ severity }) => severity !== 'info' && severity !== 'low')).map(([tool]) => tool);
    reported += grave.length;
    right += grave.filter((tool) => expected.includes(tool)).length;
    const missed = expected.filter((tool) => !told.some(([name]) => name === tool));
    if (expected.length === 0 && grave.length === 0) leftAlone += 1;
    if (expected.length > 0 && missed.length === 0) seen += 1;
    if (missed.length > 0) onWrong(`missed by ${missed.join(', ')}: ${reviewed.answer.slice(0, 160)}`);
    for (const [tool, findings] of told.filter(([name]) => !expected.includes(name)))
      onWrong(
        `${tool} on ${expected.length === 0 ? 'a good draft' : expected.join(', ')}: ${findings.map(({ severity, finding }) => `${severity} ${finding}`).join(' / ')}`,
      );
  }
  const bad = drafts.length - good.length;
  return { good: good.length, bad, leftAlone: leftAlone / good.length, seen: seen / bad, precision: right / reported };
}

/** What the fixture of the test writes as rows. */
const OWN: OwnFacts = {
  plan: 'premium',
  seats: 30,
  cycle: 'monthly',
  renewal: '2026-12-03',
  cents: new Set([675_00, 750_00, 75_00, 25_00]),
  percents: new Set([10]),
  days: new Set(['2026-11-03', '2026-11-04', '2026-11-13', '2026-11-17', '2026-12-03']),
  numbers: new Set(['INV-2026-00001', '4242']),
  invoices: [{ number: 'INV-2026-00001', cents: new Set([675_00, 750_00, 75_00, 25_00, 0]) }],
  emails: new Set(['dana@northwind.example']),
  deeds: new Set(),
};

function readArticles(): Source[] {
  return readdirSync(ARTICLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(ARTICLES, name)).flatMap((file) => {
        const parsed = parseArticle(name as ArticleCategory, file.replace(/\.md$/, ''), readFileSync(join(ARTICLES, name, file), 'utf8'));
        return parsed.ok ? [parsed.value] : [];
      }),
    );
}

/** Without a database: the fixture's facts, and the articles that share most words with the draft. */
function wordChecker(): Checker {
  const policy = policyFrom(new Map());
  const articles = readArticles().map((source) => ({ source, words: contentOf(`${source.title} ${source.body}`) }));
  return async (tool, reviewed) => {
    const wanted = contentOf(`${reviewed.question} ${reviewed.answer}`);
    const sources = articles
      .toSorted((a, b) => coverage(wanted, b.words) - coverage(wanted, a.words))
      .slice(0, NEAR_MAX)
      .map(({ source }) => source);
    const truth = { policy, own: OWN, sources, now: QA_NOW };
    const named = articles.map(({ source }) => source);
    const readers: Readonly<Record<string, () => readonly Finding[]>> = {
      check_facts: () => readFacts(reviewed, truth).findings,
      check_policy: () => readPromises(reviewed, truth).findings,
      check_tone: () => readTone(reviewed).findings,
      check_completeness: () => readCompleteness(reviewed).findings,
      check_code: () => readCode(reviewed).findings,
      check_links: () => readLinks(reviewed, policy.linkHosts).findings,
      check_sensitivity: () => readSensitivity(reviewed).findings,
      check_claims: () => readClaims(reviewed, truth).findings,
      check_citations: () => readCitations(reviewed, { near: sources, named }).findings,
    };
    return readers[tool]?.() ?? [];
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const part of QA_PARTS) {
    const onWrong = part === 'dev' && process.argv.includes('--dev') ? (line: string) => console.log(`  ${line}`) : undefined;
    const { good, bad, leftAlone, seen, precision } = await measureQa(part, wordChecker(), onWrong);
    const share = (value: number): string => `${(100 * value).toFixed(1)}%`;
    console.log(`${part}: of ${good} good drafts ${share(leftAlone)} left alone, of ${bad} bad ones ${share(seen)} seen, precision ${share(precision)}`);
  }
}
