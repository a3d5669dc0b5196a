/** The tools around using the product over real rows: first steps, features, ways of working, exports, imports, sharing. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { FEATURES, type Feature } from '../../src/store/feature.ts';
import type { MemberRole, MemberStatus } from '../../src/store/generated/prisma/client.ts';
import { ONBOARDING_STEPS, STEP_WORDS } from '../../src/store/onboarding.ts';
import { POLICY_DEFAULTS } from '../../src/store/policy-defaults.ts';
import { EXPORT_FORMATS, EXPORT_KINDS, EXPORTS } from '../../src/tools/export-table.ts';
import { FEATURE_WORDS, readFeature } from '../../src/tools/feature-table.ts';
import { reviewMonth } from '../../src/tools/workflow-findings.ts';
import { addArticle, addCustomer, addSubscription, addUsage, days, openToolbox, type Toolbox } from './fixtures.ts';

const ARTICLES = fileURLToPath(new URL('../../prisma/knowledge', import.meta.url));

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

async function addSteps(customerId: string, done: number): Promise<void> {
  await box.database.onboardingStep.createMany({
    data: ONBOARDING_STEPS.map((step, index) => ({ id: newId('onb'), customerId, step, doneAt: index < done ? days(-10 + index) : null })),
  });
}

/** Uses month by month, the last one being November 2026. */
async function addUses(customerId: string, feature: Feature, uses: readonly number[]): Promise<void> {
  await box.database.featureUse.createMany({
    data: uses.map((count, index) => ({
      id: newId('feat'),
      customerId,
      feature,
      month: new Date(Date.UTC(2026, 10 - (uses.length - 1 - index), 1)),
      uses: count,
    })),
  });
}

async function addMember(customerId: string, name: string, role: MemberRole, status: MemberStatus = 'active'): Promise<void> {
  const email = `${name.toLowerCase().replace(' ', '.')}@northwind.example`;
  await box.database.member.create({ data: { id: newId('mem'), customerId, name, email, role, status, invitedAt: days(-20) } });
}

describe('find_onboarding', () => {
  it('names the next step with its clicks, and what comes after it', async () => {
    const customer = await addCustomer(box.database);
    await addSteps(customer.id, 3);
    const { summary, facts } = await box.call('find_onboarding', customer.id);
    expect(summary).toMatch(
      /^Your workspace has done 3 of 10 steps of getting started\. The next step is to invite the team\. Open \*\*Settings > Members\*\*/,
    );
    expect(summary).toContain('3 more steps are open after these.');
    expect(facts).toMatchObject({
      done: 3,
      of: 10,
      next: 'invite_team',
      steps: expect.arrayContaining([
        { step: 'first_tasks', title: STEP_WORDS.first_tasks.title, doneAt: days(-8).toISOString(), article: 'tasks-and-subtasks' },
      ]),
    });
  });

  it('says that all is done, and begins at the beginning without rows', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('find_onboarding', customer.id)).facts).toMatchObject({ done: 0, next: 'workspace_profile' });
    await addSteps(customer.id, 10);
    expect((await box.call('find_onboarding', customer.id)).summary).toBe('All 10 steps of getting started are done since 19 November 2026.');
  });
});

describe('complete_onboarding_step', () => {
  it('ticks the step, once per call, and names the next one', async () => {
    const customer = await addCustomer(box.database);
    await addSteps(customer.id, 3);
    const options = { said: 'I invited everybody just now', callId: 'onboarding-1', agentId: 'usage_agent' };
    const first = await box.call('complete_onboarding_step', customer.id, { step: 'invite_team' }, options);
    expect(first.summary).toBe(
      'I have ticked off "invite the team". 4 of 10 steps are done; the next one is to choose which notifications to get. Open **Settings > Notifications** and tick what should reach you, and by which channel.',
    );
    expect(await box.call('complete_onboarding_step', customer.id, { step: 'invite_team' }, options)).toEqual(first);
    await expect(box.call('complete_onboarding_step', customer.id, { step: 'invite_team' }, { ...options, callId: 'onboarding-2' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('refuses a step the customer did not name, and a step there is not', async () => {
    const customer = await addCustomer(box.database);
    await expect(box.call('complete_onboarding_step', customer.id, { step: 'first_dashboard' }, { said: 'hello' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(box.call('complete_onboarding_step', customer.id, { step: 'everything' }, { said: 'all done' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('find_feature_use', () => {
  it('shows what is used with its trend, and what the plan contains unused', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    await addUses(customer.id, 'automations', [100, 180, 90]);
    await addUses(customer.id, 'docs', [40, 10, 4]);
    await addUses(customer.id, 'goals', [3, 0, 0]);
    const { summary, facts } = await box.call('find_feature_use', customer.id);
    expect(summary).toContain('Your workspace used 2 of the 16 features of the Basic plan so far in November 2026:');
    expect(summary).toContain('- Automations: 90 times, growing (100 in September 2026 and 180 in October 2026)');
    expect(summary).toContain('- Docs: 4 times, falling');
    expect(facts).toMatchObject({
      month: '2026-11',
      notInPlan: [
        { feature: 'portfolio_dashboards', fromPlan: 'premium' },
        { feature: 'api', fromPlan: 'premium' },
      ],
    });
    expect(facts).toHaveProperty('unused', expect.arrayContaining([{ feature: 'goals', trend: 'stopped' }]));
  });

  it('answers for one feature, used or not or not in the plan', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    await addUses(customer.id, 'templates', [1]);
    expect((await box.call('find_feature_use', customer.id, { feature: 'templates' })).summary).toBe(
      'Your workspace used templates once so far in November 2026.',
    );
    expect((await box.call('find_feature_use', customer.id, { feature: 'forms' })).summary).toContain(
      'Nobody in your workspace used forms so far in November 2026.',
    );
    expect((await box.call('find_feature_use', customer.id, { feature: 'api' })).summary).toContain('not part of your Free plan, but of Premium');
  });

  it('says when there are no figures, whatever others used', async () => {
    const other = await addCustomer(box.database);
    await addUses(other.id, 'docs', [9]);
    const customer = await addCustomer(box.database);
    expect((await box.call('find_feature_use', customer.id)).summary).toBe('There are no figures on features for your workspace in the last three months yet.');
  });
});

describe('list_features', () => {
  it('lists by level what the plan contains, and what it does not', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    const { summary } = await box.call('list_features', customer.id);
    expect(summary).toContain('- **For those who know the rest:** Automations and Goals');
    expect(summary).toContain('Not contained: Dashboards across projects (from Premium on) and API and webhooks (from Premium on).');
    expect((await box.call('list_features', customer.id, { level: 'beginner' })).summary).not.toContain('Automations');
  });

  it('shows one feature with the article that teaches it, when there is one', async () => {
    const customer = await addCustomer(box.database, { plan: 'premium' });
    const goals = 'Your Premium plan contains them. The smallest thing to try: Open **Goals**';
    expect((await box.call('list_features', customer.id, { feature: 'goals' })).summary).toContain(goals);
    expect((await box.call('list_features', customer.id, { feature: 'goals' })).summary).not.toContain('article');
    await addArticle(box.database, { slug: 'goals', title: 'Goals and key results', category: 'usage', body: 'Goals.' });
    expect((await box.call('list_features', customer.id, { feature: 'goals' })).summary).toContain('The article "Goals and key results" teaches the rest.');
  });

  it('has words for every feature, by which each is found again, and an article', () => {
    const slugs = new Set(readdirSync(ARTICLES, { recursive: true }).map((file) => basename(String(file), '.md')));
    for (const feature of FEATURES) expect([feature, readFeature(FEATURE_WORDS[feature].name)]).toEqual([feature, feature]);
    expect(
      [...FEATURES.map((feature) => FEATURE_WORDS[feature].article), ...ONBOARDING_STEPS.map((step) => STEP_WORDS[step].article)].filter(
        (slug) => !slugs.has(slug),
      ),
    ).toEqual([]);
  });
});

describe('review_workflow', () => {
  it('checks the last whole month by rule and estimates what improvements may save', async () => {
    const customer = await addCustomer(box.database, { plan: 'premium' });
    await addUsage(box.database, customer.id, 'tasks_created', [500, 600, 100]);
    await addUsage(box.database, customer.id, 'automations_run', [0, 40, 2]);
    await addUsage(box.database, customer.id, 'active_members', [12, 12, 3]);
    await addUsage(box.database, customer.id, 'members', [14, 14, 14]);
    await addUses(customer.id, 'dashboards', [9, 9, 1]);
    await addUses(customer.id, 'recurring_tasks', [4, 4, 0]);
    await addUses(customer.id, 'forms', [4, 4, 0]);
    const { summary, facts } = await box.call('review_workflow', customer.id);
    // 300 runs expected of 600 tasks, 260 missing, two minutes each: 520 minutes a month.
    expect(summary).toBe(
      "I looked at your workspace's figures of October 2026: 4 of 5 checks are fine (80 of 100).\n\n- 600 tasks were created, but automations ran only 40 times. Let a rule do what is done by hand for each task: assign it, move it, set its date. That may save about 2 hours a week.\n\nTogether this may save the whole team up to 2 hours a week. It is an estimate from typical minutes per task, not a measurement.",
    );
    expect(facts).toMatchObject({
      score: 80,
      checks: 5,
      passed: 4,
      hoursPerWeek: '2.0',
      findings: [{ check: 'automations', feature: 'automations', hoursPerWeek: '2.0' }],
    });
  });

  it('says so without a whole month, and with too little in it', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('review_workflow', customer.id)).summary).toContain('There is no whole month of figures');
    await addUsage(box.database, customer.id, 'tasks_created', [3, 1]);
    expect((await box.call('review_workflow', customer.id)).summary).toContain('did too little in October 2026');
  });

  it('puts what saves most first, and never counts less than half an hour', () => {
    const { findings } = reviewMonth(
      {
        usage: new Map([
          ['tasks_created', 900],
          ['projects', 20],
          ['members', 40],
          ['active_members', 10],
          ['exports', 9],
        ]),
        uses: new Map([['timeline', 5]]),
        projectsBefore: 18,
      },
      POLICY_DEFAULTS.workflowReview.value,
    );
    const hours = findings.map(({ hoursPerWeek }) => hoursPerWeek);
    expect(findings.map(({ check }) => check).toSorted()).toEqual([
      'active_members',
      'automations',
      'dashboards',
      'dependencies',
      'exports',
      'forms',
      'recurring_tasks',
      'templates',
    ]);
    expect(hours).toEqual(hours.toSorted((a, b) => (b ?? 0) - (a ?? 0)));
    expect(hours.every((value) => value === null || value >= 0.5)).toBe(true);
  });
});

describe('plan_export', () => {
  it('gives the steps for a kind and a format, with what the number of tasks means', async () => {
    const customer = await addCustomer(box.database);
    const { summary } = await box.call('plan_export', customer.id, { kind: 'tasks', format: 'csv', entries: 12_000 });
    expect(summary).toContain('1. Open the project and set the view and the filter as you need them.\n2. Press the three dots');
    expect(summary).toContain('With 12,000 tasks it does not come at once but as a link by e-mail, which works for 7 days.');
    expect((await box.call('plan_export', customer.id, { kind: 'tasks', format: 'csv', entries: 900 })).summary).toContain(
      'With 900 tasks the file comes at once.',
    );
  });

  it('asks for what is missing, and says what is not offered', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('plan_export', customer.id, { kind: 'timesheet' })).summary).toBe(
      'You can get timesheets as CSV and Excel. Which format do you need?',
    );
    expect((await box.call('plan_export', customer.id, { format: 'markdown' })).summary).toBe('As Markdown you can get docs. Which of these do you need?');
    const { summary, facts } = await box.call('plan_export', customer.id, { kind: 'timesheet', format: 'pdf' });
    expect(summary).toContain('There is no PDF export of timesheets. You can get timesheets as CSV and Excel.');
    expect(facts).toMatchObject({ offered: false, steps: null });
  });

  it('answers a problem with its advice, and adds the plan where that decides', async () => {
    const basic = await addCustomer(box.database, { plan: 'basic' });
    expect((await box.call('plan_export', basic.id, { problem: 'letters' })).summary).toContain('choose UTF-8');
    expect((await box.call('plan_export', basic.id, { kind: 'dashboard', format: 'png' })).summary).toContain(
      'Dashboards across projects are not part of your Basic plan (Premium has them)',
    );
  });

  it('has at least one way for every kind, and every format for some kind', () => {
    for (const kind of EXPORT_KINDS) expect(Object.keys(EXPORTS[kind].ways).length, kind).toBeGreaterThan(0);
    for (const format of EXPORT_FORMATS)
      expect(
        EXPORT_KINDS.some((kind) => EXPORTS[kind].ways[format] !== undefined),
        format,
      ).toBe(true);
  });
});

describe('plan_import', () => {
  it('plans a direct import with mapping, losses and time', async () => {
    const customer = await addCustomer(box.database);
    const { summary, facts } = await box.call('plan_import', customer.id, { source: 'jira', entries: 5_000 });
    expect(summary).toContain('You can import directly from Jira:');
    expect(summary).toContain('Not carried over: workflows, permissions, dashboards, and issues hidden by a security level.');
    expect(summary).toContain('For 5,000 entries expect about 35 minutes, preparation included. An import can be undone for 7 days');
    expect(facts).toMatchObject({ way: 'direct', minutes: 35, files: null });
  });

  it('sends other tools through a file, and counts the files', async () => {
    const customer = await addCustomer(box.database);
    const { summary, facts } = await box.call('plan_import', customer.id, { source: 'monday', entries: 25_000 });
    expect(summary).toMatch(/^Work from monday\.com comes in as a CSV file:\n\n1\. Export your lists from monday\.com/);
    expect(summary).toContain('Your 25,000 entries make 3 files.');
    expect(facts).toMatchObject({ way: 'file', files: 3 });
  });

  it('says before any step that the plan has no room', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    await addUsage(box.database, customer.id, 'projects', [2]);
    const { summary } = await box.call('plan_import', customer.id, { source: 'trello', boards: 4 });
    expect(summary).toContain(
      'Mind the limit of the Free plan: 3 projects, and each imported board or project counts as one. You have 2 projects, so there is room for 1 more. Your 4 boards would not fit.',
    );
  });

  it('answers a problem with its advice, and asks where the work comes from when nothing is named', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('plan_import', customer.id, { source: 'csv', problem: 'separator' })).summary).toContain('choose the semicolon');
    expect((await box.call('plan_import', customer.id)).summary).toContain('Where does your work come from');
    await expect(box.call('plan_import', customer.id, { source: 'lotus' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('find_sharing', () => {
  it('counts who is there, names guests masked, and gives the way with the least access asked for', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    await addSubscription(box.database, customer.id, { plan: 'basic', seats: 5, seatsUsed: 3 });
    await addMember(customer.id, 'Dana Reyes', 'owner');
    await addMember(customer.id, 'Ivy Chen', 'member');
    await addMember(customer.id, 'Tom Ford', 'member', 'invited');
    await addMember(customer.id, 'Ana Silva', 'guest');
    await addMember(customer.id, 'Old Friend', 'member', 'removed');
    const { summary, facts } = await box.call('find_sharing', customer.id, { with: 'guest' });
    expect(summary).toContain('choose **Guest** and then **Editor**, **Commenter** or **Viewer**');
    expect(summary).toContain(
      'Your workspace has 3 of 5 seats in use, 1 guest, and 1 open invitation. Guests now: Ana Silva (a***@northwind.example). Guests take no seat and cost nothing on your plan.',
    );
    expect(JSON.stringify(facts)).not.toContain('ana.silva');
  });

  it('proposes to invite a colleague to whoever is alone, and says on Free that guests count', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    await addMember(customer.id, 'Dana Reyes', 'owner');
    const { summary } = await box.call('find_sharing', customer.id);
    expect(summary).toContain('Guests count as members on your plan: 1 of 5 are in use.');
    expect(summary).toContain('You are the only one here so far');
  });

  it('shows nobody of another workspace', async () => {
    const other = await addCustomer(box.database);
    await addMember(other.id, 'Secret Person', 'guest');
    const customer = await addCustomer(box.database);
    expect(JSON.stringify(await box.call('find_sharing', customer.id))).not.toContain('Secret');
  });
});
