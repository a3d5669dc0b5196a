/**
 * What each workspace did with the product: features used month by month, within its plan and in step with its usage figures, and the
 * steps of getting started it has taken. Draws from its own sequences, so that other rows do not move when this changes.
 */
import { FEATURES, type Feature } from '../feature.ts';
import type { Prisma, UsageMetric } from '../generated/prisma/client.ts';
import { Plan as PLANS } from '../generated/prisma/enums.ts';
import { ONBOARDING_STEPS, type OnboardingStepName } from '../onboarding.ts';
import { addDays } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Member } from './conversation.ts';
import { createRandom, type Random } from './random.ts';

/** Months of use that are kept, the running one included. */
const MONTHS = 4;

/** How likely a workspace takes a feature up, and how often one active member then uses it in a month. */
const HABITS: Readonly<Record<Exclude<Feature, 'automations' | 'api'>, readonly [adoption: number, usesPerMember: number]>> = {
  views: [1, 40],
  subtasks: [0.95, 16],
  recurring_tasks: [0.5, 3],
  docs: [0.6, 5],
  custom_fields: [0.7, 6],
  templates: [0.5, 0.4],
  timeline: [0.6, 8],
  dependencies: [0.35, 2],
  bulk_edit: [0.5, 1],
  time_tracking: [0.4, 18],
  forms: [0.3, 2],
  guests: [0.4, 1],
  dashboards: [0.5, 4],
  integrations: [0.5, 6],
  goals: [0.25, 0.6],
  portfolio_dashboards: [0.4, 2],
};

/** The demo customer: templates, automations and time tracking every day; nobody looks at a dashboard, and no form is in use. */
const DEMO_UNUSED: ReadonlySet<Feature> = new Set<Feature>(['dashboards', 'portfolio_dashboards', 'forms', 'goals', 'recurring_tasks']);
const DEMO_OPEN: ReadonlySet<OnboardingStepName> = new Set<OnboardingStepName>(['first_dashboard', 'notifications']);

interface WorkspaceUsageRows {
  readonly featureUses: Prisma.FeatureUseCreateManyInput[];
  readonly onboarding: Prisma.OnboardingStepCreateManyInput[];
}

/** @param members The demo customer is the first of them. */
export function workspaceUsageRows(members: readonly Member[], policy: Policy, today: Date): WorkspaceUsageRows {
  const rows: WorkspaceUsageRows = { featureUses: [], onboarding: [] };
  for (const [index, member] of members.entries()) {
    const uses = featureUsesOf(member, policy, index === 0);
    rows.featureUses.push(...uses);
    rows.onboarding.push(...onboardingOf(member, new Set(uses.map(({ feature }) => feature)), today, index === 0));
  }
  return rows;
}

function featureUsesOf({ account, usage }: Member, { featurePlans }: Policy, demo: boolean): Prisma.FeatureUseCreateManyInput[] {
  const random = createRandom(`features of ${account.id}`);
  const order = Object.values(PLANS);
  const contained = FEATURES.filter((feature) => order.indexOf(featurePlans[feature]) <= order.indexOf(account.plan));
  const habits = new Map(contained.map((feature) => [feature, habitOf(random, feature, demo)]));
  const months = [...new Set(usage.map(({ month }) => month.getTime()))].toSorted((a, b) => a - b).slice(-MONTHS);
  return months.flatMap((time, at) => {
    const month = new Date(time);
    const figure = (metric: UsageMetric) => usage.find((row) => row.metric === metric && row.month.getTime() === time)?.quantity ?? 0;
    return contained.flatMap((feature) => {
      const uses = usesIn(feature, habits.get(feature) ?? 0, figure, { at: at + MONTHS - months.length, random, demo });
      return uses > 0 ? [{ id: random.id('feat', month), customerId: account.id, feature, month, uses }] : [];
    });
  });
}

/** Uses by one active member in a month; 0 when the workspace never took the feature up. */
function habitOf(random: Random, feature: Feature, demo: boolean): number {
  if (feature === 'automations' || feature === 'api') return 1;
  const [adoption, usesPerMember] = HABITS[feature];
  const taken = random.chance(adoption);
  const eagerness = 0.5 + random.next();
  const uses = demo ? !DEMO_UNUSED.has(feature) : taken;
  return uses ? usesPerMember * eagerness : 0;
}

interface Month {
  /** 0 for the oldest month that is kept. */
  readonly at: number;
  readonly random: Random;
  readonly demo: boolean;
}

function usesIn(feature: Feature, habit: number, figure: (metric: UsageMetric) => number, { at, random, demo }: Month): number {
  // These two are counted by the product anyway: the same figure, or the rows would contradict each other.
  if (feature === 'automations') return figure('automations_run');
  if (feature === 'api') return figure('api_calls');
  if (habit === 0) return 0;
  const tasks = figure('tasks_created');
  // Tasks created carry how much of the month has passed.
  const uses = Math.round(habit * Math.max(1, tasks / 34) * (0.85 + random.next() * 0.3));
  // The studio's docs move to another tool: a feature in decline for the demo.
  const faded = demo && feature === 'docs' ? Math.round(uses * (1 - at * 0.25)) : uses;
  return tasks === 0 ? 0 : Math.max(1, faded);
}

function onboardingOf({ account, usage }: Member, used: ReadonlySet<string>, today: Date, demo: boolean): Prisma.OnboardingStepCreateManyInput[] {
  const random = createRandom(`first steps of ${account.id}`);
  const membersMax = Math.max(0, ...usage.filter(({ metric }) => metric === 'members').map(({ quantity }) => quantity));
  const ageDays = Math.max(1, Math.floor((today.getTime() - account.createdAt.getTime()) / 86_400_000) - 1);
  const taken: Readonly<Record<OnboardingStepName, boolean>> = {
    workspace_profile: random.chance(0.9),
    first_project: true,
    first_tasks: true,
    invite_team: membersMax > 1,
    notifications: random.chance(0.6),
    import_work: random.chance(0.5),
    saved_view: random.chance(0.7),
    first_template: used.has('templates'),
    first_automation: used.has('automations'),
    first_dashboard: used.has('dashboards'),
  };
  return ONBOARDING_STEPS.map((step, index) => {
    // One to three days for each step: a young workspace is still on the way.
    const day = index + random.int(0, 1 + index * 2);
    const done = demo ? !DEMO_OPEN.has(step) : taken[step] && day < ageDays;
    return {
      id: random.id('onb', account.createdAt),
      customerId: account.id,
      step,
      doneAt: done ? new Date(Math.min(addDays(account.createdAt, day).getTime() + 3_600_000, today.getTime())) : null,
    };
  });
}
