/**
 * `diagnose_performance`: what makes this workspace slow, by its sizes, the known faults and the policy's thresholds, as steps in the
 * order of what helps most. Measures nothing on the customer's device.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { KnownIssue, UsageMetric } from '../store/generated/prisma/client.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { writeStorage } from './find-usage.ts';
import { issuesFitting, mayBeOfPlatform } from './known-issues.ts';
import { plain } from './reading.ts';
import { isAboutSlowness, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeNumber } from './words.ts';

const MONTHS_LOOKED_AT = 3;
const KINDS = ['load', 'lag', 'timeout', 'memory'] as const;
type Kind = (typeof KINDS)[number];

const Input = z.strictObject({
  kind: z.enum(KINDS).optional().describe('load: takes long to open; lag: reacts late; timeout: gives up; memory: memory, processor or battery.'),
  report: z.string().trim().min(3).max(1_000).optional().describe("The customer's words about it."),
});
type Input = z.infer<typeof Input>;

const KIND_STEPS: Readonly<Record<Kind, readonly string[]>> = {
  load: ['Reload with Ctrl+Shift+R (Cmd+Shift+R on a Mac), then try a private window: if it is fast there, an extension slows it down.'],
  lag: ['Turn on hardware acceleration in the browser, and close other tabs with Loomwork: each keeps its own live connection.'],
  timeout: ['Try another network without the VPN or proxy: if it is fast there, your network has to let wss://app.loomwork.example through.'],
  memory: ['Close tabs that show dashboards and timelines when you do not need them, and restart the browser once a day.'],
};

export function diagnosePerformance(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'diagnose_performance',
    description:
      "Finds what makes the customer's workspace slow: sizes against the thresholds from which things get slow, and known faults, as ordered steps. Use it for slow loading, lag, timeouts, memory or battery use.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutSlowness);
      return text === null ? null : { ...readKind(text), report: text.trim().slice(0, 1_000) };
    },
    async run({ kind, report }, _grant, { customerId, now }) {
      const [customer, policy, usage, issues] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { id: true } }),
        readPolicy(database),
        database.usageRecord.findMany({ where: { customerId, month: { gte: addMonths(startOfMonth(now), 1 - MONTHS_LOOKED_AT) } }, orderBy: { month: 'asc' } }),
        database.knownIssue.findMany({ where: { status: { not: 'fixed' } }, orderBy: { startedAt: 'desc' } }),
      ]);
      if (!customer) throw notFound('customer');
      const sizes = new Map(usage.map(({ metric, quantity }) => [metric, quantity]));
      const causes = causesOf(sizes, usage, policy);
      const known =
        report === undefined
          ? []
          : issuesFitting(issues, report)
              .filter((issue) => mayBeOfPlatform(issue, report))
              .slice(0, 1);
      const steps = [...known.map(knownStep), ...causes.map(({ step }) => step), ...KIND_STEPS[kind ?? 'load']];
      return {
        summary: paragraphs(
          sentences(
            causes.length > 0
              ? causes.map(({ finding }) => finding).join(' ')
              : 'The size of your workspace is no reason for it to be slow, so the cause is probably nearer: browser, network or device.',
            `A project should open within ${policy.performance.loadSeconds} seconds.`,
          ),
          `In the order of what helps most:\n\n${writeBullets(steps)}`,
        ),
        facts: { kind: kind ?? null, causes: causes.map(({ cause }) => cause), knownIssueId: known[0]?.id ?? null, sizes: Object.fromEntries(sizes) },
      };
    },
  });
}

function readKind(text: string): { readonly kind?: Kind } {
  const said = plain(text);
  if (/\btime(?:s|d)?[ -]?outs?\b|\btiming out\b/.test(said)) return { kind: 'timeout' };
  if (/\b(?:memory|ram|cpu|battery|fans?|hogs?)\b/.test(said)) return { kind: 'memory' };
  if (/\b(?:lag\w*|scroll\w*|typ(?:e|ing)|stutter\w*|jank\w*|sluggish|drag\w*)\b/.test(said)) return { kind: 'lag' };
  return /\b(?:load\w*|open\w*|start\w*|seconds|minutes)\b/.test(said) ? { kind: 'load' } : {};
}

interface Cause {
  readonly cause: 'tasks' | 'projects' | 'storage' | 'automations';
  readonly finding: string;
  readonly step: string;
}

/** What is over its threshold, the one that costs most first. */
function causesOf(
  sizes: ReadonlyMap<UsageMetric, number>,
  usage: readonly { readonly metric: UsageMetric; readonly quantity: number }[],
  policy: Policy,
): Cause[] {
  const { tasksInViewMax, projectsFrom, storageMbFrom, automationsFrom } = policy.performance;
  const tasks = usage.reduce((sum, { metric, quantity }) => (metric === 'tasks_created' ? sum + quantity : sum), 0);
  const projects = sizes.get('projects') ?? 0;
  const storage = sizes.get('storage_mb') ?? 0;
  const automations = sizes.get('automations_run') ?? 0;
  const causes: (Cause | false)[] = [
    tasks > tasksInViewMax && {
      cause: 'tasks',
      finding: `Your workspace got ${writeNumber(tasks)} new tasks in the last ${MONTHS_LOOKED_AT} months; a view with more than ${writeNumber(tasksInViewMax)} is slow.`,
      step: 'In the slow view, hide completed tasks with a filter, group by section and fold the sections, and choose a shorter period on timelines.',
    },
    projects >= projectsFrom && {
      cause: 'projects',
      finding: `You have ${writeNumber(projects)} projects.`,
      step: 'Archive finished projects: they stay searchable and no longer load with the side bar.',
    },
    storage >= storageMbFrom && {
      cause: 'storage',
      finding: `Your files take ${writeStorage(storage)}.`,
      step: 'Switch off cover pictures on boards with many files (View > Cards), so that previews are not loaded.',
    },
    automations >= automationsFrom && {
      cause: 'automations',
      finding: `Your automations ran ${writeNumber(automations)} times this month.`,
      step: 'Look under Automations > Runs for rules that trigger each other, and let the busiest ones run on a schedule.',
    },
  ];
  return causes.filter((cause): cause is Cause => cause !== false);
}

function knownStep({ title, workaround }: KnownIssue): string {
  return `A known fault fits ("${title}"): ${workaround ?? 'our engineers work on it; there is no way round it yet.'}`;
}
