/**
 * What the checks of a draft have in common: which draft is meant, how a finding is made, how findings become a score, and what is said
 * of them. Judges no draft itself.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import type { AnyTool, Reviewed, ToolContext } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import { SEVERITIES, type Severity } from '../orchestration/workflow-input.ts';
import { defineTool } from './define-tool.ts';
import { contentOf, coverage, sentencesOf } from './draft.ts';
import { paragraphs, writeBullets, writeCount } from './words.ts';

const QUESTION_CHARS_MAX = 10_000;
const ANSWER_CHARS_MAX = 40_000;
/** As many as a participant of a workflow may report; a draft with more is to be written anew. */
const FINDINGS_MAX = 50;
const FINDING_CHARS_MAX = 500;
const LOCATION_CHARS_MAX = 300;
/** Words of the draft inside a sentence about it. */
const QUOTED_CHARS_MAX = 80;

const PENALTIES: Readonly<Record<Severity, number>> = { critical: 1, high: 0.7, medium: 0.4, low: 0.2, info: 0.1 };

const Input = z.strictObject({
  question: z.string().max(QUESTION_CHARS_MAX).optional().describe("The customer's message; left out: that of the draft under review."),
  answer: z.string().max(ANSWER_CHARS_MAX).optional().describe('The draft to check; left out: the one under review.'),
});

export interface Reading {
  readonly findings: readonly Finding[];
  /** How many things were looked at: sums, links, sentences, rules. */
  readonly checked: number;
}

interface Check {
  readonly name: string;
  readonly description: string;
  /** What is looked at, to stand behind "I checked". */
  readonly about: string;
  readonly needsQuestion?: boolean;
  /** True where a sentence of a tool that the writer was given bears a statement out: what is asked is whether it is so. */
  readonly borneOut?: boolean;
  read(reviewed: Reviewed, context: ToolContext): Reading | Promise<Reading>;
}

/** A tool that reads one draft. Its facts are `{ findings, score }`; the score is 1 for a draft without a finding. */
export function defineCheck({ name, description, about, needsQuestion = false, borneOut = false, read }: Check): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name,
    description,
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ reviewed }) => (reviewed ? {} : null),
    async run(input, _grant, context) {
      const question = input.question ?? context.reviewed?.question;
      const answer = input.answer ?? context.reviewed?.answer;
      if (answer === undefined) throw missing(name, 'answer', 'the draft that is to be checked');
      if (needsQuestion && (question ?? '').trim() === '') throw missing(name, 'question', "the customer's message that the draft answers");
      const reading = await read({ question: question ?? '', answer }, context);
      const grounds = borneOut ? groundsOf(context.reviewed) : [];
      const findings = ranked(reading.findings.filter((finding) => !isBorneOut(finding, answer, grounds))).slice(0, FINDINGS_MAX);
      return { summary: summarise(findings, about), facts: { findings, score: scoreOf({ findings, checked: reading.checked }) } };
    },
  });
}

interface Ground {
  readonly text: string;
  readonly words: ReadonlySet<string>;
}

function groundsOf(reviewed: Reviewed | undefined): readonly Ground[] {
  return (reviewed?.grounds ?? []).flatMap((ground) => sentencesOf(ground).map(({ text }) => ({ text: text.toLowerCase(), words: contentOf(text) })));
}

/** A number is borne out by a sentence that gives the same number of the same thing. */
const SAME_THING = 0.4;

function isBorneOut({ location }: Finding, answer: string, grounds: readonly Ground[]): boolean {
  if (location === '' || grounds.length === 0) return false;
  const words = location.toLowerCase();
  const stated = sentencesOf(answer).filter(({ text }) => text.toLowerCase().includes(words));
  return (
    stated.length > 0 &&
    stated.every((sentence) => grounds.some((ground) => ground.text.includes(words) && coverage(contentOf(sentence.text), ground.words) >= SAME_THING))
  );
}

function missing(name: string, field: string, what: string): AppError {
  return new AppError('BAD_INPUT', `${name} needs "${field}": ${what}.`, { field: `input.${field}` });
}

/** One finding. The location is cut, never changed, so that it still stands in the draft. */
export function found(check: string, severity: Severity, finding: string, recommendation = '', location = ''): Finding {
  return {
    check,
    severity,
    finding: cut(finding, FINDING_CHARS_MAX),
    recommendation: cut(recommendation, FINDING_CHARS_MAX),
    location: cut(location.trim(), LOCATION_CHARS_MAX),
  };
}

/** Words of a draft as they stand in a sentence: on one line, and short. */
export function quote(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim();
  return `"${line.length > QUOTED_CHARS_MAX ? `${cut(line, QUOTED_CHARS_MAX - 1)}…` : line}"`;
}

/** 1 minus the penalties of the findings, shared among what was checked; at least 0. */
export function scoreOf({ findings, checked }: Reading): number {
  const penalty = findings.reduce((sum, { severity }) => sum + PENALTIES[severity], 0);
  return Math.max(0, Math.round(100 * (1 - penalty / Math.max(1, checked))) / 100);
}

/** Worst first; the same thing said of the same words is said once. */
function ranked(findings: readonly Finding[]): Finding[] {
  const once = new Map(findings.map((finding) => [JSON.stringify([finding.check, finding.finding, finding.location]), finding]));
  return [...once.values()].toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function summarise(findings: readonly Finding[], about: string): string {
  if (findings.length === 0) return `I checked ${about} and found nothing to mend.`;
  const lines = findings.map(({ severity, finding, recommendation }) => `${severity}: ${finding}${recommendation === '' ? '' : ` ${recommendation}`}`);
  return paragraphs(`I checked ${about} and have ${writeCount(findings.length, 'finding')}:`, writeBullets(lines));
}

/** Never between the halves of one character. */
function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const last = text.charCodeAt(charsMax - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? charsMax - 1 : charsMax).trim();
}
