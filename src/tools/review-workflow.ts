/**
 * `review_workflow`: how the workspace worked in its last whole month, checked by rule, with what may be improved and the hours a week
 * it may save. Sees figures, never the content of tasks; changes nothing.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { FEATURES } from '../store/feature.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { hasFeature } from './list-features.ts';
import { isAboutWorkflow } from './topics-usage.ts';
import { reviewMonth, type Finding, type Review } from './workflow-findings.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeMonth, writeNumber } from './words.ts';

const SHOWN_MAX = 4;

const Input = z.strictObject({});

export function reviewWorkflow(database: Database): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'review_workflow',
    description:
      "Checks by rule how the customer's workspace worked in its last whole month (automations, templates, recurring tasks, forms, dashboards, exports, active members) and estimates the hours a week that improvements may save. Use it when somebody wants to work better or asks for a review.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutWorkflow(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const month = addMonths(startOfMonth(now), -1);
      const before = addMonths(month, -1);
      const [customer, policy, usage, uses] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }),
        readPolicy(database),
        database.usageRecord.findMany({ where: { customerId, month: { in: [before, month] } } }),
        database.featureUse.findMany({ where: { customerId, month } }),
      ]);
      if (!customer) throw notFound('customer');
      const ofMonth = usage.filter((row) => row.month.getTime() === month.getTime());
      if (ofMonth.length === 0)
        return {
          summary: `There is no whole month of figures for your workspace yet, so I cannot review ${writeMonth(month)}. I can advise on what you describe.`,
          facts: { month: month.toISOString().slice(0, 7), checks: 0, findings: [] },
        };
      const review = reviewMonth(
        {
          usage: new Map(ofMonth.map((row) => [row.metric, row.quantity])),
          uses: new Map(FEATURES.map((feature) => [feature, uses.find((row) => row.feature === feature)?.uses ?? 0])),
          projectsBefore: usage.find((row) => row.metric === 'projects' && row.month.getTime() === before.getTime())?.quantity ?? null,
        },
        policy.workflowReview,
      );
      const findings = review.findings.filter(({ feature }) => feature === null || hasFeature(policy, customer.plan, feature));
      return {
        summary: summaryOf({ ...review, findings }, month),
        facts: {
          month: month.toISOString().slice(0, 7),
          score: review.score,
          checks: review.checks,
          passed: review.passed,
          hoursPerWeek: total(findings).toFixed(1),
          findings: findings.map(({ hoursPerWeek, ...finding }) => ({ ...finding, hoursPerWeek: hoursPerWeek?.toFixed(1) ?? null })),
        },
      };
    },
  });
}

function summaryOf({ findings, checks, passed, score }: Review, month: Date): string {
  if (score === null) return `Your workspace did too little in ${writeMonth(month)} for its figures to say anything about how you work.`;
  const of = `I looked at your workspace's figures of ${writeMonth(month)}: ${passed} of ${writeCount(checks, 'check')} ${passed === 1 ? 'is' : 'are'} fine (${score} of 100).`;
  if (findings.length === 0) return `${of} There is nothing in the figures to improve; tell me where it hurts, and I will look at that.`;
  const hours = total(findings);
  return paragraphs(
    of,
    writeBullets(findings.slice(0, SHOWN_MAX).map(line)),
    findings.length > SHOWN_MAX && `${writeCount(findings.length - SHOWN_MAX, 'smaller finding is', 'smaller findings are')} left out.`,
    hours > 0 &&
      `Together this may save the whole team up to ${writeCount(hours, 'hour')} a week. It is an estimate from typical minutes per task, not a measurement.`,
  );
}

function line({ shows, advice, hoursPerWeek }: Finding): string {
  return sentences(
    shows,
    advice,
    hoursPerWeek !== null && `That may save about ${hoursPerWeek === 1 ? '1 hour' : `${writeNumber(hoursPerWeek)} hours`} a week.`,
  );
}

function total(findings: readonly Finding[]): number {
  return findings.reduce((sum, { hoursPerWeek }) => sum + (hoursPerWeek ?? 0), 0);
}
