/**
 * What participants of a workflow say in a form that can be counted: a verdict (a position with recommendations), or the findings of a check.
 * Closed forms, so that votes and agreement are taken on them and never on prose.
 */
import { z } from 'zod';
import { SEVERITIES } from './workflow-input.ts';

export const Verdict = z.strictObject({
  /** In a few words, or one of the options. */
  position: z.string().trim().min(1).max(120),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1),
  /** What should be done, each in one sentence. */
  recommendations: z.array(z.string().trim().min(1).max(300)).max(10).default([]),
});
export type Verdict = z.output<typeof Verdict>;

export const Finding = z.strictObject({
  /** Which check it is of, in snake_case. */
  check: z.string().regex(/^[a-z][a-z0-9_]{1,39}$/),
  severity: z.enum(SEVERITIES),
  /** What is wrong, in one sentence. */
  finding: z.string().trim().min(1).max(500),
  /** How to mend it. */
  recommendation: z.string().trim().max(500).default(''),
  /** The words of the draft it is about; empty for the whole. */
  location: z.string().trim().max(300).default(''),
});
export type Finding = z.output<typeof Finding>;

export const Findings = z.strictObject({
  findings: z.array(Finding).max(50),
  /** How sure the verifier is of them, 0 to 1. */
  confidence: z.number().min(0).max(1),
});
export type Findings = z.output<typeof Findings>;
