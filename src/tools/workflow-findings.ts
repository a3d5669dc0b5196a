/**
 * What the figures of one month say about a way of working, by rule: each check that applies either passes or becomes a finding with
 * an advice and, where the policy has minutes for it, the hours a week it may save. Reads no rows and knows no team's reasons.
 */
import type { Feature } from '../store/feature.ts';
import type { UsageMetric } from '../store/generated/prisma/client.ts';
import type { Policy } from '../store/policy-schema.ts';

const WEEKS_PER_MONTH = 52 / 12;

/** One month, and the projects of the month before. */
export interface MonthFigures {
  readonly usage: ReadonlyMap<UsageMetric, number>;
  readonly uses: ReadonlyMap<Feature, number>;
  readonly projectsBefore: number | null;
}

export interface Finding {
  readonly check: string;
  /** What the figures show, one sentence. */
  readonly shows: string;
  /** What to do about it, one sentence. */
  readonly advice: string;
  /** The feature that helps. */
  readonly feature: Feature | null;
  /** In half hours; null when the policy has no minutes for it. */
  readonly hoursPerWeek: number | null;
}

export interface Review {
  readonly findings: readonly Finding[];
  /** Checks that applied, and of them those that passed. */
  readonly checks: number;
  readonly passed: number;
  /** Passed of applied, 0 to 100; null when nothing applied. */
  readonly score: number | null;
}

/** `null`: the check does not apply to this workspace; `pass`: it does and is fine. */
type Outcome = Finding | 'pass' | null;

type Rules = Policy['workflowReview'];

export function reviewMonth(figures: MonthFigures, rules: Rules): Review {
  const outcomes = CHECKS.map((check) => check(figures, rules)).filter((outcome) => outcome !== null);
  const findings = outcomes.filter((outcome) => outcome !== 'pass').toSorted((a, b) => (b.hoursPerWeek ?? 0) - (a.hoursPerWeek ?? 0));
  const passed = outcomes.length - findings.length;
  return { findings, checks: outcomes.length, passed, score: outcomes.length === 0 ? null : Math.round((passed * 100) / outcomes.length) };
}

const CHECKS: readonly ((figures: MonthFigures, rules: Rules) => Outcome)[] = [
  ({ usage }, { tasksFrom, automationsPerHundredTasks, minutesPerTask }) => {
    const tasks = usage.get('tasks_created') ?? 0;
    const runs = usage.get('automations_run') ?? 0;
    const expected = Math.round((tasks * automationsPerHundredTasks) / 100);
    if (tasks < tasksFrom) return null;
    if (runs >= expected) return 'pass';
    return {
      check: 'automations',
      shows:
        runs === 0
          ? `${write(tasks)} tasks were created and no automation ran.`
          : `${write(tasks)} tasks were created, but automations ran only ${write(runs)} times.`,
      advice: 'Let a rule do what is done by hand for each task: assign it, move it, set its date.',
      feature: 'automations',
      hoursPerWeek: hours((expected - runs) * minutesPerTask),
    };
  },
  ({ usage, uses, projectsBefore }, { projectsFrom, minutesPerProject }) => {
    const projects = usage.get('projects') ?? 0;
    if (projects < projectsFrom) return null;
    if (used(uses, 'templates')) return 'pass';
    const added = Math.max(1, projects - (projectsBefore ?? projects));
    return {
      check: 'templates',
      shows: `There are ${write(projects)} projects, and none was started from a template.`,
      advice: 'Save your best project as a template, with sections, fields, rules and relative dates, and start the next one from it.',
      feature: 'templates',
      hoursPerWeek: hours(added * minutesPerProject),
    };
  },
  ({ usage, uses }, { tasksFrom, recurringPercent, minutesPerTask }) => {
    const tasks = usage.get('tasks_created') ?? 0;
    if (tasks < tasksFrom) return null;
    if (used(uses, 'recurring_tasks')) return 'pass';
    return {
      check: 'recurring_tasks',
      shows: `None of ${write(tasks)} tasks comes back by itself.`,
      advice: 'Let tasks of every week or month repeat, so that nobody types them again.',
      feature: 'recurring_tasks',
      hoursPerWeek: hours(((tasks * recurringPercent) / 100) * minutesPerTask),
    };
  },
  ({ usage, uses }, { tasksFrom, requestPercent, minutesPerTask }) => {
    const tasks = usage.get('tasks_created') ?? 0;
    if (tasks < tasksFrom) return null;
    if (used(uses, 'forms')) return 'pass';
    return {
      check: 'forms',
      shows: 'Requests are typed in by hand: no form is used.',
      advice: 'Give those who ask you for work a form; each answer becomes a task with its fields filled in.',
      feature: 'forms',
      hoursPerWeek: hours(((tasks * requestPercent) / 100) * minutesPerTask),
    };
  },
  ({ usage, uses }, { membersFrom, minutesPerMember }) => {
    const active = usage.get('active_members') ?? 0;
    if (active < membersFrom) return null;
    if (used(uses, 'dashboards') || used(uses, 'portfolio_dashboards')) return 'pass';
    return {
      check: 'dashboards',
      shows: `${write(active)} people work here, and nobody looks at a dashboard.`,
      advice: 'Make one dashboard of tasks by status and person, and let it replace the round of asking how far things are.',
      feature: 'dashboards',
      hoursPerWeek: hours(active * minutesPerMember),
    };
  },
  ({ usage }, { exportsFrom, minutesPerExport }) => {
    const exports = usage.get('exports') ?? 0;
    if (exports === 0) return null;
    if (exports < exportsFrom) return 'pass';
    return {
      check: 'exports',
      shows: `Work was exported ${write(exports)} times.`,
      advice: 'If these are reports, let **Send regularly** of a dashboard mail them instead.',
      feature: 'dashboards',
      hoursPerWeek: hours(exports * minutesPerExport),
    };
  },
  ({ uses }) => {
    if (!used(uses, 'timeline')) return null;
    if (used(uses, 'dependencies')) return 'pass';
    return {
      check: 'dependencies',
      shows: 'The timeline is used without dependencies.',
      advice: 'Say which task waits for which; then dates move by themselves and blocked work is seen.',
      feature: 'dependencies',
      hoursPerWeek: null,
    };
  },
  ({ usage }, { membersFrom, activePercentMin }) => {
    const members = usage.get('members') ?? 0;
    const active = usage.get('active_members') ?? 0;
    if (members < membersFrom) return null;
    if (active * 100 >= members * activePercentMin) return 'pass';
    return {
      check: 'active_members',
      shows: `Only ${write(active)} of ${write(members)} members worked here.`,
      advice: 'Ask the others what keeps them away before adding rules: a board that is not kept up shows nothing.',
      feature: null,
      hoursPerWeek: null,
    };
  },
];

function used(uses: ReadonlyMap<Feature, number>, feature: Feature): boolean {
  return (uses.get(feature) ?? 0) > 0;
}

/** Minutes of a month as hours of a week, in half hours and at least one of them: the estimate is no finer than that. */
function hours(minutesPerMonth: number): number {
  return Math.max(0.5, Math.round((minutesPerMonth / 60 / WEEKS_PER_MONTH) * 2) / 2);
}

function write(value: number): string {
  return value.toLocaleString('en-US');
}
