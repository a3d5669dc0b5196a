/**
 * The two forms that participants fill in: a verdict, and the findings of a check. With what the offline model puts in: the option it
 * has named most, and the findings its tools returned. Counts nothing: agreement.ts does.
 */
import { z } from 'zod';
import type { ToolResult } from '../llm/llm.ts';
import { answerForm, type AnswerForm } from './answer-form.ts';
import { Finding, Findings, Verdict } from './verdict.ts';

const POSITION_CHARS_MAX = 120;
const RECOMMENDATION_CHARS_MAX = 300;
const RECOMMENDATIONS_MAX = 5;
/** Words that say what to do begin a line with a number or a dash. */
const STEP = /^(?:\d+[.)]|[-*])\s+(.{3,})$/gm;
const LIST_MARK = /^\s*(?:\d+[.)]|[-*])\s+/;
/** The offline model understands nothing: it never says that it is sure. */
const OFFLINE_CONFIDENCE = { least: 0.2, most: 0.7 } as const;

export function verdictForm(options: readonly string[] | undefined): AnswerForm {
  const position = options
    ? z.enum(options as [string, ...string[]], { error: `must be one of ${options.join(', ')}` })
    : z.string().trim().min(1).max(POSITION_CHARS_MAX).describe('Your position, in a few words; where it is that of another, in the same words.');
  return answerForm({
    name: 'give_verdict',
    description: `Ends your part: your position${options ? ', one of the options' : ''}, how sure you are, and what should be done. Call it once, after you have said why.`,
    schema: Verdict.extend({ position }),
    fromAnswer: ({ text, results }) => offlineVerdict(text, results, options),
  });
}

export function findingsForm(checks: readonly string[]): AnswerForm {
  return answerForm({
    name: 'give_findings',
    description: `Ends your check: every fault you found, none when there is none. Take over what your tools found.${checks.length > 0 ? ` The checks: ${checks.join(', ')}.` : ''}`,
    schema: Findings,
    fromAnswer: ({ results }) => offlineFindings(results),
  });
}

function offlineVerdict(text: string, results: readonly ToolResult[], options: readonly string[] | undefined): Verdict {
  const said = [text, ...results.filter(({ failed }) => !failed).map(({ summary }) => summary)].join('\n');
  const recommendations = [...said.matchAll(STEP)].map(([, step = '']) => plain(step).slice(0, RECOMMENDATION_CHARS_MAX)).filter((step) => step !== '');
  const wanted = { recommendations: [...new Set(recommendations)].slice(0, RECOMMENDATIONS_MAX) };
  if (!options) {
    const facts = results.find(({ failed, summary }) => !failed && summary.trim() !== '')?.summary ?? text;
    return { position: firstSentence(facts), confidence: OFFLINE_CONFIDENCE.least, ...wanted };
  }
  const words = timesSaid(said);
  const ranked = options
    .map((option) => ({ option, near: nearness(timesSaid(option), words), times: mentions(timesSaid(option), words) }))
    .toSorted((a, b) => b.near - a.near || b.times - a.times || options.indexOf(a.option) - options.indexOf(b.option));
  const [best] = ranked;
  const { least, most } = OFFLINE_CONFIDENCE;
  return { position: best?.option ?? '', confidence: Math.round((least + (most - least) * (best?.near ?? 0)) * 100) / 100, ...wanted };
}

/** What its checking tools found; it finds nothing by itself. */
function offlineFindings(results: readonly ToolResult[]): Findings {
  const found = results.flatMap(({ facts }) => {
    const given = z.object({ findings: z.array(Finding) }).safeParse(facts);
    return given.success ? given.data.findings : [];
  });
  return { findings: found.slice(0, 50), confidence: results.some(({ failed }) => !failed) ? OFFLINE_CONFIDENCE.most : OFFLINE_CONFIDENCE.least };
}

/** The first sentence or entry of a list, at most so long as a position may be, whole words. */
function firstSentence(text: string): string {
  const line = text.split('\n').find((each) => /[\p{L}\p{N}]/u.test(each)) ?? '';
  const [first = ''] = plain(line.replace(LIST_MARK, '')).split(/(?<=[.!?])\s/);
  const short =
    first.length > POSITION_CHARS_MAX
      ? `${first
          .slice(0, POSITION_CHARS_MAX - 3)
          .replace(/\S*$/, '')
          .trim()}...`
      : first.replace(/[\s.!?:]+$/, '');
  return short || 'no position';
}

function plain(text: string): string {
  return text
    .replace(/[*_`#>]|\[\d+\]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Each word of the text, and how often it stands there. */
function timesSaid(text: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []) times.set(word, (times.get(word) ?? 0) + 1);
  return times;
}

/** The share of the words of one that stand in the other, 0 to 1. */
function nearness(words: ReadonlyMap<string, number>, among: ReadonlyMap<string, number>): number {
  return words.size === 0 ? 0 : [...words.keys()].filter((word) => among.has(word)).length / words.size;
}

/** How often the other says the words of one, per word: of two options that are both named whole, the one that is named more. */
function mentions(words: ReadonlyMap<string, number>, among: ReadonlyMap<string, number>): number {
  return words.size === 0 ? 0 : [...words.keys()].reduce((sum, word) => sum + (among.get(word) ?? 0), 0) / words.size;
}
